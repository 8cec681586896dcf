"""Speed and memory of steps 01, 02 and 03 on a text of any size.

    python -m benchmarks.prepare raw.txt                  # the file as it is
    python -m benchmarks.prepare raw.txt --copies 8       # eight times the file, each copy with its words rearranged
    python -m benchmarks.prepare raw.txt --one-call       # and the raw text encoded in one call, beside step 03

Step 01 drops what it has seen before, so plain copies would measure nothing: each copy takes the words of
a line in another order, which keeps their statistics and makes other texts of them. Memory is that of a
step and all its processes together, sampled five times a second.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE_CALL = """
import sys
from pathlib import Path
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[2])
text = Path(sys.argv[1]).read_text(encoding="utf-8")
print(len(tokenizer.encode(text).ids))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--vocab-size", default="24000")
    parser.add_argument("--one-call", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "raw.txt"
        write_copies(options.raw, raw, options.copies)
        samples, tokenizer = folder / "samples.txt", folder / "tokenizer.json"
        step_01: list[str | Path] = ["01_prepare_samples.py", "--raw-path", raw, "--samples-path", samples]
        step_01 += ["--contacts-path", folder / "contacts.json", "--dropped-path", folder / "dropped.txt"]
        step_02: list[str | Path] = ["02_train_tokenizer.py", "--samples-path", samples, "--tokenizer-path", tokenizer]
        step_02 += ["--vocab-size", options.vocab_size]
        step_03: list[str | Path] = ["03_build_bin_dataset.py", "--samples-path", samples]
        step_03 += ["--tokenizer-path", tokenizer]
        step_03 += ["--train-bin", folder / "train.bin", "--val-bin", folder / "val.bin"]
        step_03 += ["--index-path", folder / "index.npz"]
        steps: dict[str, tuple[Path, list[str | Path]]] = {
            "01 prepare samples": (raw, step_01),
            "02 train tokenizer": (samples, step_02),
            "03 build dataset": (samples, step_03),
        }
        if options.one_call:
            steps["(raw text in one call)"] = raw, ["-c", ONE_CALL, raw, tokenizer]
        print(f"{'step':24} {'input MB':>9} {'seconds':>8} {'MB/s':>7} {'peak MB':>8}")
        for title, (source, command) in steps.items():
            seconds, peak = measure(command)
            size = source.stat().st_size / 1e6
            print(f"{title:24} {size:9.1f} {seconds:8.1f} {size / seconds:7.2f} {peak:8.0f}", flush=True)


def write_copies(source: Path, target: Path, copies: int) -> None:
    """Write the text `copies` times; copy n takes every n-th word of a line, from word 1, then word 2, and so on."""
    lines = source.read_text(encoding="utf-8").split("\n")
    with open(target, "w", encoding="utf-8") as file:
        for stride in range(1, copies + 1):
            for line in lines:
                words = line.split(" ")
                file.write(" ".join(word for start in range(stride) for word in words[start::stride]) + "\n")


def measure(command: list[str | Path]) -> tuple[float, float]:
    """Return the seconds that a command takes and the peak memory (MB) of it and its children together."""
    peak = 0.0
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.2):
            peak = max(peak, memory_of_tree(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{command[0]} failed: {errors.splitlines()[-1]}")
    return time.monotonic() - started, peak


def memory_of_tree(root: int) -> float:
    """Resident memory (MB) of a process and all that it started."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listing.splitlines()]
    tree = {root}
    while grown := {pid for pid, parent, _ in rows if parent in tree} - tree:
        tree |= grown
    return sum(size for pid, _, size in rows if pid in tree) / 1024


if __name__ == "__main__":
    main()
