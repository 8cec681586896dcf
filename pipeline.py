"""What the five steps share: settings that are also flags, a checked chain of artifacts, writes that
are whole or not at all, and errors that are one line.

The chain: every artifact has an entry in the `manifest.json` beside it, with its size, its SHA-256,
the script that made it, that script's settings and the SHA-256 of its inputs. The next step reads an
artifact through `require_artifact`, which compares the entry with the files.
"""

import argparse
import ast
import contextlib
import difflib
import errno
import hashlib
import importlib
import importlib.util
import json
import math
import os
import re
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, asdict, field, fields
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

# ---------------------------------------------------------------------------------------------------
# The environment: checked when a script imports this module, in code and annotations that Python 3.8 runs
# ---------------------------------------------------------------------------------------------------

OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.12", "python3.13", "python3.14", "python3.11")  # in the order in which they are proposed
PLAIN_IN_QUOTES = re.compile(r"""(?=.*[^\w@%+=:,./\-]|.*[^\x00-\x7f])[^"$`\\!%]+""", re.DOTALL)
PACKAGES = ("torch", "tokenizers", "numpy", "tqdm")  # those in requirements.txt


def require_environment(folder: Path) -> None:
    """End a script of the project in `folder` with one line if Python is too old or a package is missing.

    Programs outside `folder` that import this module (a notebook, a test) get Python's own ImportError instead.
    """
    missing = [name for name in PACKAGES if name not in sys.modules and importlib.util.find_spec(name) is None]
    if sys.version_info >= OLDEST_PYTHON and not missing:
        return
    script = getattr(sys.modules["__main__"], "__file__", None)
    if script is None or Path(script).resolve().parent != folder:
        return
    if sys.version_info < OLDEST_PYTHON:
        version, oldest = (".".join(map(str, parts)) for parts in (sys.version_info[:3], OLDEST_PYTHON))
        fault = f"Python {version} is too old: these scripts need {oldest} or later"
    else:
        names = ", ".join(missing[:-1]) + (" and " if missing[1:] else "") + missing[-1]
        fault = f"{names} {'are' if missing[1:] else 'is'} not installed for {sys.executable}"
    print(f"{fault}; {_propose_remedy(folder)}", file=sys.stderr)
    sys.exit(2)


def _propose_remedy(folder: Path) -> str:
    """What to do about this Python: use the virtual environment in `folder`, or make one, or install the packages."""

    def here(path: Path) -> str:
        return str(path.relative_to(folder) if Path.cwd() == folder else path)

    environment = folder / ".venv"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["-m", "pip", "install", "-r", here(folder / "requirements.txt")]
    if _is_usable(str(python), PACKAGES):
        return f"run: {shell_line([here(python), *sys.argv])}"
    if sys.version_info >= OLDEST_PYTHON and _can_install():
        return f"run: {shell_line([sys.executable, *install])}"
    new_enough = [sys.executable] if sys.version_info >= OLDEST_PYTHON else NEWER_PYTHONS
    for name in new_enough:
        if shutil.which(name) and _is_usable(name):
            create = shell_line([name, "-m", "venv", here(environment)])
            return f"run: {create} && {shell_line([here(python), *install])}"
    return "install Python 3.12 from https://www.python.org/downloads/"


def _is_usable(python: str, packages: Sequence = ()) -> bool:
    """Whether `python` runs, is new enough and has these packages."""
    import subprocess  # only a script that ends here needs it

    program = "import importlib.util, sys; packages = sys.argv[3:]; "
    program += "old = sys.version_info < (int(sys.argv[1]), int(sys.argv[2])); "
    program += "sys.exit(old or not all(map(importlib.util.find_spec, packages)))"
    try:
        command = [python, "-c", program, *map(str, OLDEST_PYTHON), *packages]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:  # there is no such program
        return False


def _can_install() -> bool:
    """Whether pip of this Python installs packages: it has pip, and the system does not reserve that for itself."""
    import sysconfig

    in_environment = sys.prefix != sys.base_prefix
    reserved = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists()  # PEP 668: Homebrew, Debian, Ubuntu
    return importlib.util.find_spec("pip") is not None and (in_environment or not reserved)


def shell_line(words: Sequence) -> str:
    """Words as a shell takes them: in quotation marks where they need it, the double ones that all systems know."""
    return " ".join(f'"{word}"' if PLAIN_IN_QUOTES.fullmatch(word) else shlex.quote(word) for word in words)


# The only work at import time. Every script imports this module before torch, tokenizers, numpy and tqdm, so this is
# the last moment before Python's own traceback about a missing package, or about something that an old version lacks.
require_environment(Path(__file__).resolve().parent)

# ---------------------------------------------------------------------------------------------------

from tqdm import tqdm  # noqa: E402

MANIFEST_NAME = "manifest.json"


class StepError(Exception):
    """Something the person at the keyboard can put right: one line that says what, where and what next."""


# ---------------------------------------------------------------------------------------------------
# Settings: the UPPERCASE constants of a script, each also a flag
# ---------------------------------------------------------------------------------------------------

SETTING_LINE = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*) = (?P<value>.*?)(?:  # (?P<comment>.*))?$", re.MULTILINE)
TYPE_NAMES = {bool: "True or False", int: "a whole number", float: "a number", str: "text in quotation marks"}

Settings = TypeVar("Settings")


def setting(*, least: float = -math.inf, most: float = math.inf, above: float = -math.inf, below: float = math.inf):
    """A field of a script's settings with the range that its value must lie in, for `read_settings` to check."""
    return field(metadata={"least": least, "most": most, "above": above, "below": below})


def read_settings(
    kind: type[Settings], script: Mapping[str, Any], arguments: Sequence[str] = (), positional: str = ""
) -> Settings:
    """Return the script's settings: its UPPERCASE constants, overridden by the flags in `arguments`.

    `kind` is a dataclass with a field for each constant, which gives its type and, by `setting`, its range;
    a `Literal` lists the words that it may be. `script` is the script's `globals()`. `MAX_STEPS = 200  # why`
    becomes `--max-steps` and shows "why" in `--help`. A `bool` becomes `--name` and `--no-name`. The setting
    called `positional` may also be given without its flag. Raises StepError for an unknown flag and for a value
    of another type or out of range, in the file as well as on the command line.
    """
    script_path = Path(script["__file__"])
    comments = {line["name"]: line["comment"] or "" for line in SETTING_LINE.finditer(_source_of(script_path))}
    hints = get_type_hints(kind)
    parser = _SettingsParser(
        prog=script_path.name,
        usage=f"%(prog)s [--setting value …]{f' [{positional}]' if positional else ''}",
        description=(script.get("__doc__") or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for each in fields(kind):
        hint = hints[each.name]
        value_type = str if get_origin(hint) is Literal else hint
        name = each.name.upper()
        default = _checked_type(f"{script_path.name}: {name}", script[name], value_type)
        comment = f"{comments[name]} (default: {default!r})".strip().replace("%", "%%")
        flag = "--" + each.name.replace("_", "-")
        if value_type is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=comment)
        else:
            parser.add_argument(flag, type=value_type, default=default, help=comment, metavar="…")
    values, unknown = parser.parse_known_args(list(arguments))
    if positional and len(unknown) == 1 and not unknown[0].startswith("-"):
        setattr(values, positional, unknown.pop())
    if unknown:
        known = [flag for action in parser._actions for flag in action.option_strings]
        nearest = difflib.get_close_matches(unknown[0].split("=")[0], known, n=1, cutoff=0.4)
        hint = f"did you mean {nearest[0]}?" if nearest else "see --help for the settings"
        raise StepError(f"{script_path.name}: unknown argument {unknown[0]}; {hint}")
    for each in fields(kind):
        _check_value(each, hints[each.name], getattr(values, each.name))
    return kind(**vars(values))


class _SettingsParser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are StepErrors."""

    def error(self, message):
        raise StepError(f"{self.prog}: {message}; see --help for the settings")

    def _get_value(self, action, text):
        try:
            return super()._get_value(action, text)
        except argparse.ArgumentError:
            flag = action.option_strings[0]
            raise StepError(
                f"{self.prog}: {flag} takes {TYPE_NAMES[action.type]} such as {action.default}, not {text!r}"
            ) from None


def _source_of(script_path: Path) -> str:
    return script_path.read_text(encoding="utf-8")


def _checked_type(name: str, value: Any, value_type: type) -> Any:
    """The value of a constant as `value_type`. Raises StepError where somebody has written another type."""
    if value_type is float and type(value) is int:
        return float(value)
    if type(value) is not value_type:
        raise StepError(f"{name} = {value!r} is not {TYPE_NAMES[value_type]}; correct it at the top of the script")
    return value


def _check_value(each: Field, hint: Any, value: Any) -> None:
    """Raise StepError when a setting is not one of its words, or not in its range."""
    name = each.name.upper()
    if get_origin(hint) is Literal:
        *words, last = get_args(hint)
        require_setting(
            value in get_args(hint),
            f"{name} is {value!r}; it must be {', '.join(words)} or {last}" if words else "",
        )
    if not each.metadata:
        return
    least, most, above, below = (each.metadata[bound] for bound in ("least", "most", "above", "below"))
    limits = [
        text
        for bound, text in (
            (least, f"at least {least:g}"),
            (above, f"above {above:g}"),
            (most, f"at most {most:g}"),
            (below, f"below {below:g}"),
        )
        if math.isfinite(bound)
    ]
    holds = least <= value <= most and above < value < below and math.isfinite(value)
    require_setting(holds, f"{name} is {value}; it must be {' and '.join(limits) or 'a finite number'}")


def require_setting(holds: bool, complaint: str) -> None:
    """Stop with `complaint` (which setting, its value, what it may be) unless the condition holds."""
    if not holds:
        raise StepError(complaint)


# ---------------------------------------------------------------------------------------------------
# Commands: what a message tells people to type
# ---------------------------------------------------------------------------------------------------

FOLDER = Path(__file__).resolve().parent


def command(script: str, *words: str, **settings: object) -> str:
    """The command that runs a script of this project with these words and settings, as the current folder needs it.

    Settings that are what the script's constants say are left out. The interpreter is the one that runs now:
    as `python` where the shell finds it by that name, else by its path.
    """
    constants = read_constants(FOLDER / script)
    flags: list[str] = []
    for name, value in settings.items():
        if name in constants and value != constants[name]:
            flag = "--" + name.replace("_", "-")
            if isinstance(value, bool):
                flags.append(flag if value else flag.replace("--", "--no-", 1))
            else:
                flags += [flag, str(value)]
    return shell_line([*interpreter(), _shown_path(FOLDER / script), *words, *flags])


def interpreter() -> list[str]:
    """The words that start this Python from the current folder."""
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return [name]
    return [_shown_path(Path(sys.executable))]


def read_constants(script_path: Path) -> dict[str, Any]:
    """The settings at the top of a script by their lower-case names; the script is not run."""
    constants = {}
    for line in SETTING_LINE.finditer(_source_of(script_path)):
        with contextlib.suppress(ValueError, SyntaxError):
            constants[line["name"].lower()] = ast.literal_eval(line["value"])
    return constants


def _shown_path(path: Path) -> str:
    """A path relative to the current folder where it lies below it."""
    absolute = os.path.abspath(path)  # not resolved: the python of a virtual environment is a link out of it
    here = os.getcwd()
    return os.path.relpath(absolute, here) if absolute.startswith(here + os.sep) else absolute


# ---------------------------------------------------------------------------------------------------
# Errors: one line, exit code 2
# ---------------------------------------------------------------------------------------------------


# torch raises RuntimeErrors for memory, each device with other words.
OUT_OF_MEMORY = re.compile("out of memory|t allocate memory|buffer size", re.IGNORECASE)


def run(main: Callable[[Sequence[str]], None], to_lower: str = "MICRO_BATCH_SIZE or BLOCK_SIZE") -> None:
    """Run a script's `main` with the command line; turn what a person can mend into one line on stderr.

    `to_lower` names the settings that take less memory when they are lower.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        _allow_any_text(stream)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)  # in a log file its lines stand in order with those of stderr
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except StepError as error:
        _stop(str(error), exit_code=2)
    except KeyboardInterrupt:
        _stop("stopped; the files of finished steps are as they were", exit_code=130)
    except BrokenPipeError:
        # The reader (`| head`) has gone. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _stop(_describe_os_error(error), exit_code=2)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _stop(f"out of memory; close other programs, or lower {to_lower}", exit_code=2)


def require_package(name: str, purpose: str) -> ModuleType:
    """Import a package that the five steps do without; where it is missing, say for what it is and how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".")[0]
        raise StepError(f"{purpose} needs the package {package}; run: pip install {package}") from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of any device says that memory ran out."""
    return isinstance(error, MemoryError) or bool(OUT_OF_MEMORY.search(str(error)))


def _allow_any_text(stream: IO | None) -> None:
    """Let a stream have any text: as UTF-8 where its own encoding knows no Hangul, a mark for what is none."""
    if not hasattr(stream, "reconfigure"):  # there is none, or it is no file of the system
        return
    try:
        "가".encode(stream.encoding)
        stream.reconfigure(errors="replace")
    except UnicodeEncodeError:
        stream.reconfigure(encoding="utf-8", errors="replace")


def _stop(message: str, exit_code: int) -> None:
    print(f"\n{Path(sys.argv[0]).name}: {message}" if exit_code == 130 else message, file=sys.stderr)
    sys.exit(exit_code)


def _describe_os_error(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}the disk is full, and this file is as it was; free some space and run this step again"
    return f"{where}{(error.strerror or str(error)).lower()}; correct that, then run this step again"


# ---------------------------------------------------------------------------------------------------
# Writes: whole or not at all
# ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def atomic_write(path: Path | str, mode: str = "w", keep_old_as: Path | None = None) -> Iterator[IO]:
    """Open a file to write that takes the name `path` only when the block ends well.

    The bytes go to `path` + ".partial", reach the disk, and are moved into place in one operation
    (`os.replace`), so that a kill or a full disk leaves the old file or the new one, never half. The old
    file stays as `keep_old_as`, if that is given.
    """
    with atomic_writes([path], mode, keep_old_as) as (file,):
        yield file


@contextlib.contextmanager
def atomic_writes(paths: Sequence[Path | str], mode: str = "w", keep_old_as: Path | None = None) -> Iterator[list[IO]]:
    """`atomic_write` for several files that belong together: all are complete before one is moved."""
    targets = [Path(path) for path in paths]
    partials = [target.with_name(target.name + ".partial") for target in targets]
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(open(partial, mode, **text)) for partial in partials]
            yield files
            for file in files:
                file.flush()
                os.fsync(file.fileno())
    except BaseException as error:
        for partial in partials:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        # A failed write() does not say which file it was about: it was one of these.
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(targets[0])
        raise
    if keep_old_as and targets[0].exists():
        keep_as(targets[0], keep_old_as)
    for partial, target in zip(partials, targets, strict=True):
        os.replace(partial, target)


@contextlib.contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the name `path` only when the block ends well.

    A folder that stood there before is put aside only when every file of the new one has reached the disk,
    and deleted only when the new one has its name.
    """
    target = Path(path).resolve()
    partial, replaced = (target.with_name(target.name + ending) for ending in (".partial", ".replaced"))
    for left_by_a_kill in (partial, replaced):
        shutil.rmtree(left_by_a_kill, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for file_path in partial.iterdir():
            with open(file_path, "r+b") as file:
                os.fsync(file.fileno())
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise
    if target.exists():
        os.replace(target, replaced)
    os.replace(partial, target)
    shutil.rmtree(replaced, ignore_errors=True)


def keep_as(path: Path, other: Path) -> None:
    """Let `other` be what `path` is now, whatever `path` becomes later; neither is ever missing or half-written."""
    partial = other.with_name(other.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)  # a second name for the same bytes: no copy, no time
    except OSError:  # a disk without links, such as an exFAT stick
        shutil.copyfile(path, partial)
    os.replace(partial, other)


# ---------------------------------------------------------------------------------------------------
# The manifest: what stands beside the artifacts and proves the chain
# ---------------------------------------------------------------------------------------------------


def sha256_of(path: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; a folder's is that of its .txt files' names and bytes."""
    path = Path(path)
    digest = hashlib.sha256()
    for file_path in sorted(path.rglob("*.txt")) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(f"{file_path.relative_to(path).as_posix()}\0{file_path.stat().st_size}\0".encode())
        with open(file_path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def require_sound_manifest(*paths: Path | str) -> None:
    """Stop before any work when the manifest that these outputs will be entered in is damaged."""
    for path in paths:
        _read_manifest(Path(path).resolve().parent)


def record_artifacts(paths: Sequence[Path | str], script: str, settings: Any, inputs: Sequence[Path | str]) -> None:
    """Enter artifacts that `script` has just written, with a dataclass of settings, into their folder's manifest."""
    input_digests = {Path(path).resolve(): sha256_of(path) for path in inputs}
    for folder in {Path(path).resolve().parent for path in paths}:
        entries = _read_manifest(folder)
        for path in (Path(path).resolve() for path in paths):
            if path.parent == folder:
                entries[path.name] = {
                    "size": path.stat().st_size,
                    "sha256": sha256_of(path),
                    "made_by": script,
                    "settings": asdict(settings),
                    "inputs": {_relative(source, folder): digest for source, digest in input_digests.items()},
                }
        with atomic_write(folder / MANIFEST_NAME) as file:
            json.dump(entries, file, ensure_ascii=False, indent=2)
            file.write("\n")


def require_artifact(path: Path | str, made_by: str, settings: Any = None) -> dict:
    """Return the manifest entry of an input, after proving that the file is what the entry says.

    `settings` are those of the step that reads it: the command in an error gets their paths. Raises StepError when
    the file is missing, has no entry (foreign), differs from it (truncated or edited), or when something that it
    was made from has changed since (stale).
    """
    path = Path(path)
    entry = require_entry(path, made_by, settings)
    if sha256_of(path) != entry["sha256"]:
        raise StepError(f"{path}: it was changed after {made_by} wrote it; run: {remake(path, made_by, settings)}")
    _require_fresh(path, entry)
    return entry


def require_entry(path: Path | str, made_by: str, settings: Any = None) -> dict:
    """Return the manifest entry of a file whose size is what the entry says; the file is not read.

    Raises StepError when the file is missing, has no entry, or has another size.
    """
    path = Path(path)
    rerun = f"run: {remake(path, made_by, settings)}"
    if not path.is_file():
        raise StepError(f"{path}: file not found; {rerun}")
    entry = _read_manifest(path.resolve().parent).get(path.name)
    if entry is None:
        raise StepError(f"{path}: no step here made it ({path.with_name(MANIFEST_NAME)} has no entry for it); {rerun}")
    size = path.stat().st_size
    if size != entry["size"]:
        raise StepError(f"{path}: it has {size:,} bytes, but {made_by} wrote {entry['size']:,}; {rerun}")
    return entry


def require_made_from(path: Path | str, entry: dict, source: Path | str, settings: Any = None) -> None:
    """Stop unless the artifact with this manifest entry was made from `source` as it is now."""
    if sha256_of(source) not in entry["inputs"].values():
        rerun = remake(path, entry["made_by"], settings)
        raise StepError(f"{path}: it was not made from {source} as it is now; run: {rerun}")


def remake(path: Path | str, made_by: str, settings: Any = None) -> str:
    """The command that makes an artifact anew: with the settings of the last time, and the paths of `settings`."""
    path = Path(path)
    entry = _read_manifest(path.resolve().parent).get(path.name, {})
    recorded = entry["settings"] if entry.get("made_by") == made_by else {}
    paths = {each.name: getattr(settings, each.name) for each in fields(settings)} if settings else {}
    return command(
        made_by, **{**recorded, **{name: value for name, value in paths.items() if name.endswith(("_path", "_bin"))}}
    )


def _require_fresh(path: Path, entry: dict) -> None:
    """Follow the recorded inputs back to the raw text; a changed one makes `path` stale.

    An input that no longer exists proves nothing and passes: the raw text may have been put away.
    """
    folder = path.resolve().parent
    for name, recorded in entry["inputs"].items():
        source = (folder / name).resolve()
        source_entry = _read_manifest(source.parent).get(source.name)
        if source_entry is None and not source.exists():
            continue
        current = source_entry["sha256"] if source_entry else sha256_of(source)
        if current != recorded:
            rerun = remake(path, entry["made_by"])
            raise StepError(f"{path}: {source.name} has changed since this was made from it; run: {rerun}")
        if source_entry:
            _require_fresh(source, source_entry)


def find_newer_texts(path: Path | str) -> list[Path]:
    """The raw texts behind an artifact that have changed since they were read; told by time first, then by digest.

    A raw text that no longer exists has not changed: it may have been put away.
    """
    path = Path(path).resolve()
    entry = _read_manifest(path.parent).get(path.name)
    if entry is None:
        return []
    changed = []
    for name, recorded in entry["inputs"].items():
        source = (path.parent / name).resolve()
        if source.name in _read_manifest(source.parent):
            changed += find_newer_texts(source)
        elif source.exists() and _changed_at(source) > path.stat().st_mtime and sha256_of(source) != recorded:
            changed.append(source)
    return changed


def _changed_at(path: Path) -> float:
    """When a file, or the last of the texts in a folder, was changed."""
    return max([path.stat().st_mtime, *(each.stat().st_mtime for each in path.rglob("*.txt") if path.is_dir())])


def _read_manifest(folder: Path) -> dict:
    manifest = folder / MANIFEST_NAME
    if not manifest.exists():
        return {}
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
        if not all({"size", "sha256", "made_by", "settings", "inputs"} <= entry.keys() for entry in entries.values()):
            raise ValueError
        return entries
    except (ValueError, AttributeError, TypeError):
        raise StepError(
            f"{manifest}: not a manifest of these steps; delete it, then run: {command('01_prepare_samples.py')}"
        ) from None


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive, on Windows
        return path.as_posix()


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Lists of up to `size` items, in order (itertools.batched is not in Python 3.11)."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def human_size(size: float) -> str:
    """1536 -> '1.5 KB'."""
    for unit in ("bytes", "KB", "MB"):
        if abs(size) < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GB"


# ---------------------------------------------------------------------------------------------------
# Progress: a bar on a terminal, whole lines in a log file
# ---------------------------------------------------------------------------------------------------

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_REFRESHES = 1.0  # of a bar that nothing updates


class Ticker:
    """Calls a function every few seconds from a thread of its own, until it is stopped."""

    def __init__(self, seconds: float, call: Callable[[], object]):
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(seconds, call), daemon=True)
        self._thread.start()

    def _run(self, seconds: float, call: Callable[[], object]) -> None:
        while not self._stopped.wait(seconds):
            call()

    def stop(self) -> None:
        """End the calls, and wait for one that is under way."""
        self._stopped.set()
        # Not forever: Ctrl-C in the middle of a tqdm update leaves the lock taken that tqdm's refresh waits for.
        self._thread.join(timeout=1.0)


class TerminalBar(tqdm):
    """A tqdm whose elapsed time goes on while nothing is counted, so that a long step does not look like a hang."""

    def __init__(self, title: str, total: float | None, unit: str, initial: float, leave: bool, disable: bool):
        self._ticker: Ticker | None = None  # before tqdm's __init__, which can fail and then calls close()
        super().__init__(
            desc=title,
            total=total,
            unit=unit,
            unit_scale=unit == "B",
            initial=initial,
            leave=leave,
            disable=disable,
            dynamic_ncols=True,
            bar_format=None if unit else "{desc}: {elapsed}",
        )
        if not disable:
            self._ticker = Ticker(SECONDS_BETWEEN_REFRESHES, self._refresh_when_idle)

    def _refresh_when_idle(self) -> None:
        if time.time() - self.last_print_t >= SECONDS_BETWEEN_REFRESHES:
            self.refresh()

    def close(self) -> None:
        """Draw the bar for the last time."""
        if self._ticker:
            self._ticker.stop()
            self._ticker = None
        super().close()


class ProgressLines:
    """Progress for a log file: a line every ten seconds and one at the end, in place of a bar.

    It has the part of tqdm's interface that the steps use. `clock` returns seconds.
    """

    def __init__(
        self,
        title: str,
        total: float | None = None,
        unit: str = "",
        initial: float = 0,
        leave: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.title, self.total, self.unit, self.leave = title, total, unit, leave
        self.n = self.initial = initial
        self.postfix = ""
        self._clock = clock
        self._started = clock()
        self._has_shown = False
        self._ticker = Ticker(SECONDS_BETWEEN_LINES, self.show)

    def __enter__(self) -> "ProgressLines":
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is None:
            self.close()
        else:
            self._ticker.stop()  # work that failed has no last line: the error is the last

    def update(self, n: float = 1) -> None:
        """Count `n` more."""
        self.n += n

    def set_postfix_str(self, text: str = "", refresh: bool = True) -> None:
        """What the next line says at its end. `refresh` is tqdm's: here the time alone decides when that is."""
        self.postfix = text

    def write(self, text: str) -> None:
        """Print a text on standard output at once."""
        print(text, flush=True)

    def show(self) -> None:
        """Print where the work stands now."""
        self._has_shown = True
        self._print(self.describe())

    def close(self) -> None:
        """Print the last line."""
        self._ticker.stop()
        if self.leave or self._has_shown:
            self._print(self.describe(finished=True))

    def describe(self, finished: bool = False) -> str:
        """The line: how much of how much, the time left (at the end: the time that it took), the speed.

        prepare samples: 45% 46.1 MB of 102.4 MB, 00:37 left, 1.5 MB/s
        train: step 402 of 685 (58%), 01:38 left, loss 2.404, 4,492 tokens/s
        """
        seconds = self._clock() - self._started
        speed = (self.n - self.initial) / seconds if seconds > 0 else 0.0
        # A total that is reached before the end was an estimate, or there is work left that is not counted.
        total = self.total if finished or self.n < (self.total or 0) else None
        parts = [self._describe_count(total)] if self.unit else []
        if finished:
            parts.append(f"{'done' if not parts else parts.pop()} in {tqdm.format_interval(seconds)}")
        elif total and speed:
            parts.append(f"{tqdm.format_interval((total - self.n) / speed)} left")
        else:
            parts.append(f"{tqdm.format_interval(seconds)} so far")
        if self.unit == "B" and speed:
            parts.append(f"{human_size(speed)}/s")
        if self.postfix:
            parts.append(self.postfix)
        return f"{self.title}: {', '.join(parts)}"

    def _describe_count(self, total: float | None) -> str:
        if self.unit == "B":
            return f"{self.n / total:.0%} {human_size(self.n)} of {human_size(total)}" if total else human_size(self.n)
        return f"{self.unit} {self.n:,}" + (f" of {total:,} ({self.n / total:.0%})" if total else "")

    @staticmethod
    def _print(line: str) -> None:
        # The work goes on when nobody can read about it: the disk of the log file is full, or its reader has gone.
        with contextlib.suppress(OSError, ValueError):
            if sys.stderr:
                sys.stderr.write(line + "\n")  # in one piece: another thread may print at the same time
                sys.stderr.flush()


# What `progress_bar` returns: both have total, n, update, set_postfix_str, write and close.
ProgressBar = TerminalBar | ProgressLines


def progress_bar(
    title: str,
    total: float | None = None,
    unit: str = "",
    initial: float = 0,
    leave: bool = True,
    disable: bool = False,
) -> ProgressBar:
    """Show on standard error how far a piece of work has come; use it in a `with` statement.

    `unit` is what is counted ("step"), "B" for bytes, or empty where only the elapsed time is known.
    `initial` is the count at the start. With `leave=False` nothing remains of a bar on the terminal, and
    in a log file work of less than ten seconds is not mentioned: where such work follows on other work, both
    together may be silent for longer. `disable` shows nothing at all.

    >>> with progress_bar("encode samples", total=1_000_000, unit="B") as bar:
    ...     bar.update(65_536)
    """
    if disable or _is_terminal(sys.stderr):
        return TerminalBar(title, total, unit, initial, leave, disable)
    return ProgressLines(title, total, unit, initial, leave)


def _is_terminal(stream: IO | None) -> bool:
    """Whether a bar can be drawn there. A terminal that does not tell its width, as in some containers, gets lines."""
    try:
        return bool(stream and stream.isatty() and os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return False
