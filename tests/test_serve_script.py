"""serve.py as a program: how it starts, what it refuses, what it warns of, how Ctrl-C ends it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pipeline
import serve
from pipeline import StepError

import httpx
import pytest

ROOT = Path(pipeline.__file__).resolve().parent.parent

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")


@contextmanager
def started(house, **changes):
    """The program, and its address when it is ready."""
    command = [sys.executable, str(ROOT / "serve.py"), *house.flags("serve", **changes)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=environment, cwd=house.folder
    )
    with program:
        try:
            line = program.stdout.readline()
            assert line.startswith("The page: http://"), line + program.stderr.read()
            yield program, re.search(r"http://[\w.:]+", line)[0]
        finally:
            program.kill()


@needs_signals
def test_ctrl_c_ends_a_running_answer_properly_and_then_the_program(built_house):
    with started(built_house) as (program, address):
        body = {"messages": [{"role": "user", "content": "태풍이 오면?"}], "form": "free", "stream": True}
        body |= {"temperature": 1.5, "max_tokens": 100_000}
        with httpx.stream("POST", f"{address}/v1/chat/completions", json=body, timeout=30) as response:
            lines = response.iter_lines()
            next(lines)
            program.send_signal(signal.SIGINT)
            events = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        assert events[-1] == "[DONE]" and json.loads(events[-2])["choices"][0]["finish_reason"] in ("length", "stop")
        assert program.wait(10) == 130
        said = program.stderr.read().strip().splitlines()
        assert said and said[-1].startswith("serve.py: stopped") and not any("Traceback" in line for line in said)


@needs_signals
def test_ctrl_c_ends_an_idle_program(built_house):
    with started(built_house) as (program, address):
        assert httpx.get(f"{address}/health").json() == {"status": "ok"}
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 130


@pytest.mark.parametrize(
    ("flags", "warned"), [({"host": "0.0.0.0"}, True), ({"host": "0.0.0.0", "api_key": "a"}, False), ({}, False)]
)
def test_other_computers_without_a_key_are_warned_of_in_one_line(house, monkeypatch, capsys, flags, warned):
    class Nothing:
        def run(self, sockets):
            sockets[0].close()

    monkeypatch.setattr(serve, "load_server", lambda settings: Nothing())
    serve.main(house.flags("serve", **flags))
    printed = capsys.readouterr()
    assert printed.out.startswith("The page: http://127.0.0.1:")
    lines = [line for line in printed.err.splitlines() if "API_KEY" in line]
    assert len(lines) == warned


def test_whoever_comes_while_the_model_is_loaded_waits(house):
    listening = serve.listen("127.0.0.1", 0)
    socket.create_connection(listening.getsockname(), timeout=5).close()
    listening.close()


def test_a_port_that_another_program_uses_is_told(house):
    taken = serve.listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    message = house.complaint("serve", port=port)
    taken.close()
    assert f"PORT {port}: address already in use" in message


def test_without_a_checkpoint_the_step_that_makes_it_is_named(house):
    house.checkpoint.unlink()
    with pytest.raises(StepError, match=r"file not found; run: .*04_train_gpt_from_scratch.py"):
        serve.load_server(pipeline.read_settings(serve.Settings, vars(serve), house.flags("serve")))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rows": 0}, "ROWS"),
        ({"port": 70_000}, "PORT"),
        ({"temperature": -1}, "TEMPERATURE"),
        ({"model_name": " "}, "MODEL_NAME"),
        ({"api_key": "열쇠"}, "API_KEY"),
    ],
)
def test_a_setting_out_of_range_is_refused_before_anything_is_read(new_house, changes, named):
    assert new_house.complaint("serve", **changes).startswith(named)


def test_a_missing_package_is_asked_for_with_the_other_one(new_house, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert new_house.complaint("serve").endswith(
        "serve.py needs the package starlette; run: pip install starlette uvicorn"
    )


def test_the_browser_is_opened_if_that_is_wished(house, monkeypatch):
    opened = threading.Event()

    class Nothing:
        def run(self, sockets):
            assert opened.wait(5)
            sockets[0].close()

    monkeypatch.setattr(serve, "load_server", lambda settings: Nothing())
    monkeypatch.setattr(serve.webbrowser, "open", lambda address: opened.set())
    serve.main(house.flags("serve", open_browser=True))
