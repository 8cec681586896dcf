"""A server in a thread of the tests, on a house whose steps have run."""

import importlib
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import pipeline
from answering.serving.answers import Answers

import httpx

SCRIPT = importlib.import_module("serve")


@dataclass(frozen=True)
class Served:
    """A running server and a client for it."""

    address: str
    http: httpx.Client
    answers: Answers

    def ask(self, question="여권을 잃어버렸어요", **fields) -> httpx.Response:
        """Ask for an answer that is not a stream."""
        messages = [{"role": "user", "content": question}]
        return self.http.post("/v1/chat/completions", json={"messages": messages, **fields})

    def wait_until_idle(self, seconds: float = 10.0) -> None:
        """Wait until no row is taken; fails if one stays taken."""
        until = time.monotonic() + seconds
        while self.answers.count() or self.answers.current.get().rows.taken():
            assert time.monotonic() < until, "a row is still taken"
            time.sleep(0.01)


@contextmanager
def serving(house, **changes):
    """Serve a house with these changes to the settings of the tests."""
    settings = pipeline.read_settings(SCRIPT.Settings, vars(SCRIPT), house.flags("serve", **changes))
    listening = SCRIPT.listen(settings.host, settings.port)
    server = SCRIPT.load_server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    address = SCRIPT.address_of(settings.host, listening)
    headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        yield Served(address, client, server.answers)
    server.handle_exit(0, None)
    thread.join(20)
    listening.close()
    assert not thread.is_alive()
