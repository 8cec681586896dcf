"""How many clients can serve.py answer at once? Answers, tokens per second, the first token, errors, memory.

    python -m benchmarks.serve                               # 1, 4, 16 and 64 clients, 30 seconds each
    python -m benchmarks.serve --form free                   # answers whose every token the model chooses
    python -m benchmarks.serve --requests 2000 --killed 500  # memory over many requests; clients that go away

Starts serve.py on a free port in the current folder and asks it the questions of data/samples.txt, as streams. Every
client asks its next question as soon as it has the last answer; one that is told 429 waits as long as Retry-After says.
A client that is killed closes its connection after the first characters of its answer. In the end as many questions are
asked at once as there are rows and places to wait: one that is refused means that a row is still taken.
Needs: pip install starlette uvicorn httpx; memory is read on Linux alone
"""

import argparse
import asyncio
import importlib
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pipeline
from answering.assistant import Assistant
from corpus.samples import example_questions

import httpx
import numpy as np

step_05 = importlib.import_module("05_generate")
serve = importlib.import_module("serve")

QUESTIONS = 200  # different ones
SIZES = (1, 4, 16, 64)  # clients at once
SECONDS = 30.0
ALONE = 20  # questions that step 05 is timed with
MEASURED = 10  # readings of the memory


@dataclass
class Count:
    """What clients have got together."""

    answers: int = 0
    tokens: float = 0.0
    busy: int = 0  # replies with 429
    errors: int = 0  # all other failures
    first: list[float] = field(default_factory=list)  # seconds until the first characters of each answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=SIZES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each number of clients")
    parser.add_argument("--form", choices=("guided", "free"), default="guided", help="of the answers, as in step 05")
    parser.add_argument("--requests", type=int, default=0, help="to measure the memory over, by 16 clients")
    parser.add_argument("--killed", type=int, default=0, help="clients to kill in the middle of an answer")
    options = parser.parse_args()
    questions = example_questions(serve.SAMPLES_PATH, QUESTIONS)
    with started(options.form) as (server, address):
        if options.requests or options.killed:
            watch_memory(server, address, questions, options.requests)
            kill_clients(address, questions, options.killed)
            return
        alone = time_step_05(questions, options.form)
        print(f"step 05 alone: first characters after {1000 * np.median(alone):.0f} ms (median of {len(alone)})")
        print("clients  answers  tokens/s  first: median, 95th   429  errors  memory")
        for clients in options.clients:
            count = asyncio.run(ask_for(address, questions, clients, options.seconds))
            median, late = (1000 * np.quantile(count.first, share) for share in (0.5, 0.95))
            speed = count.tokens / options.seconds
            print(
                f"{clients:7}  {count.answers:7}  {speed:8.0f}  {median:10.0f}, {late:.0f} ms  {count.busy:6}  "
                f"{count.errors:6}  {memory_of(server):.0f} MB",
                flush=True,
            )


@contextmanager
def started(form: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """serve.py as a program of its own, and its address."""
    command = [sys.executable, "serve.py", "--port", "0", "--no-log", "--history-path", "", "--form", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            found = re.search(r"http://[\w.:]+", server.stdout.readline())
            if not found:
                sys.exit("serve.py did not start")
            yield server, found[0]
        finally:
            server.terminate()


def time_step_05(questions: list[str], form: str) -> list[float]:
    """Seconds from a question to the first characters, without a server."""
    settings = pipeline.read_settings(step_05.Settings, vars(step_05), ["--form", form])
    assistant = Assistant.load(step_05.artifacts_of(settings))
    seconds = []
    for question in questions[: ALONE + 1]:
        started = time.perf_counter()
        next(assistant.write(assistant.prepare(step_05.request_of(settings, question))))
        seconds.append(time.perf_counter() - started)
    return seconds[1:]  # the first one also reads the index


async def ask_for(address: str, questions: list[str], clients: int, seconds: float) -> Count:
    """What so many clients get in this time, and what they have of answers that are not finished then."""
    count = Count()
    until = time.perf_counter() + seconds
    turns = itertools.cycle(questions)

    async def ask_on() -> None:
        async with open_client(address) as client:
            while time.perf_counter() < until:
                await ask(client, next(turns), count, until)

    await asyncio.gather(*(ask_on() for _ in range(clients)))
    return count


def open_client(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, timeout=120)


async def ask(client: httpx.AsyncClient, question: str, count: Count, until: float = float("inf")) -> None:
    """One question and its whole answer; of its tokens, the share counts whose characters came in time."""
    started = time.perf_counter()
    try:
        async with client.stream("POST", "/v1/chat/completions", json=body_of(question)) as reply:
            if reply.status_code == 429:
                count.busy += 1
                await asyncio.sleep(float(reply.headers["retry-after"]))
                return
            reply.raise_for_status()
            first, tokens, characters, in_time = 0.0, 0, 0, 0
            async for line in reply.aiter_lines():
                now, size = time.perf_counter(), characters_in(line)
                first = first or (now - started if size else 0.0)
                characters += size
                in_time += size if now < until else 0
                tokens = tokens_in(line) or tokens
    except httpx.HTTPError:
        count.errors += 1
        return
    count.tokens += tokens * in_time / max(1, characters)
    if time.perf_counter() < until:
        count.answers += 1
        count.first.append(first)


def body_of(question: str) -> dict[str, object]:
    return {
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def characters_in(line: str) -> int:
    """How many characters of the answer an event brings."""
    if '"delta":{"content":' not in line:
        return 0
    return len(json.loads(line.removeprefix("data: "))["choices"][0]["delta"]["content"])


def tokens_in(line: str) -> int:
    """The tokens of the answer, in the event that counts them."""
    if '"choices":[],' not in line:
        return 0
    return int(json.loads(line.removeprefix("data: "))["usage"]["completion_tokens"])


def memory_of(server: "subprocess.Popen[str]") -> float:
    """MB that a program takes."""
    status = Path(f"/proc/{server.pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else float("nan")


def watch_memory(server: "subprocess.Popen[str]", address: str, questions: list[str], requests: int) -> None:
    """Print the memory ten times while so many requests are answered, 16 at once."""
    if not requests:
        return
    count, turns = Count(), itertools.cycle(questions)

    async def ask_all(share: int) -> None:
        numbers = iter(range(share))

        async def ask_on() -> None:
            async with open_client(address) as client:
                for _ in numbers:
                    await ask(client, next(turns), count)

        await asyncio.gather(*(ask_on() for _ in range(16)))

    for _ in range(MEASURED):
        asyncio.run(ask_all(requests // MEASURED))
        print(f"{count.answers} answers, {count.errors} errors: {memory_of(server):.0f} MB", flush=True)


def kill_clients(address: str, questions: list[str], clients: int) -> None:
    """Close so many connections in the middle of an answer; then ask as many questions at once as there are rows."""
    if not clients:
        return

    async def kill_all() -> Count:
        for number in range(clients):
            async with open_client(address) as client:
                question = questions[number % len(questions)]
                async with client.stream("POST", "/v1/chat/completions", json=body_of(question)) as reply:
                    async for line in reply.aiter_lines():
                        if characters_in(line):
                            break
        await asyncio.sleep(1.0)  # the last one's row is freed within a token
        count = Count()
        async with open_client(address) as client:
            every = serve.ROWS + serve.MAX_WAITING
            await asyncio.gather(*(ask(client, questions[number % len(questions)], count) for number in range(every)))
        return count

    count = asyncio.run(kill_all())
    print(
        f"{clients} clients killed; then {count.answers} of {serve.ROWS + serve.MAX_WAITING} asked at once answered, "
        f"{count.busy} refused, {count.errors} errors"
    )


if __name__ == "__main__":
    main()
