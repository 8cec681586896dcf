"""Requests share the rows of one model: what they get, who waits, who is refused, who goes away."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from answering.assistant import Assistant, Piece
from answering.serving.answers import RunningAnswer
from answering.serving.guard import Guard, Rules
from answering.serving.responses import while_connected
from answering.serving.rows import Job, Rows
from answering.serving.stops import StopFinder
from tests.answering.texts import DOCUMENT

import httpx
import pytest

QUESTIONS = [
    {"question": "여권을 잃어버렸어요", "temperature": 0},
    {"question": "태풍이 오면?", "form": "free", "temperature": 1.5, "seed": 5, "max_tokens": 40},
    {"question": "여권을 잃어버렸어요", "temperature": 1.0, "seed": 2},
    {"question": "", "document": DOCUMENT, "temperature": 0.8, "seed": 7},
    {"question": "운전면허를 바꾸려면?", "form": "free", "temperature": 1.0, "seed": 6, "max_tokens": 40},
    {"question": "은행 계좌를 만들려면 무엇이 필요한가요?", "seed": 9},
]


def content(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]["content"]


def test_an_answer_is_the_same_whatever_else_is_asked_at_the_same_time(served):
    alone = [content(served.ask(**question)) for question in QUESTIONS]
    with ThreadPoolExecutor(len(QUESTIONS)) as clients:
        together = list(clients.map(lambda question: content(served.ask(**question)), QUESTIONS))
    assert together == alone and len(set(alone)) == len(alone)


def test_more_requests_than_places_are_told_when_to_come_again(serve, raw_house):
    with serve(raw_house, rows=1, max_waiting=1, history_path="") as served, ThreadPoolExecutor(6) as clients:
        responses = list(clients.map(lambda seed: served.ask(seed=seed), range(6)))
        statuses = sorted(response.status_code for response in responses)
        assert statuses[:2] == [200, 200] and statuses[-1] == 429 and set(statuses) == {200, 429}
        refused = next(response for response in responses if response.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
        served.wait_until_idle()
        assert served.ask().status_code == 200


def slow_down(model, seconds: float):
    """Make each pass of the model take at least so long, so that a test can act in the middle of an answer."""
    return model.register_forward_pre_hook(lambda *_: time.sleep(seconds))


@pytest.fixture
def slowly(served):
    """The server of this file, whose answers take seconds."""
    hook = slow_down(served.answers.current.get().assistant.model.head, 0.02)
    yield served
    hook.remove()
    served.wait_until_idle()


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_frees_its_row_at_once(slowly, stream):
    before = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        slowly.http.post(
            "/v1/chat/completions",
            json={
                "messages": [{"role": "user", "content": "태풍이 오면?"}],
                "form": "free",
                "stream": stream,
                "max_tokens": 200,
            },
            timeout=httpx.Timeout(10, read=0.005 if stream else 0.3),
        )
    slowly.wait_until_idle(2.0)
    assert time.monotonic() - before < 3.0  # 200 passes would take four seconds


@pytest.mark.parametrize("turns", range(1, 12))
def test_a_client_may_go_away_in_the_middle_of_sending_or_of_waiting(turns):
    sent = []

    async def send(message):
        sent.append(message)
        await asyncio.sleep(0)

    async def receive():
        for _ in range(turns):
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def respond(scope, receive, send):
        answer = RunningAnswer(None, None, StopFinder(()), threading.Event())
        for _ in range(100):
            answer.arrived.put_nowait(Piece(0, "글"))
            assert await answer.read(5.0) == "글"
            await send({"type": "http.response.body", "body": b"", "more_body": True})

    async def watched(scope, receive, send):
        await while_connected(receive, respond(scope, receive, send))

    guard = Guard(watched, Rules(api_key="", allowed_origins=frozenset(), log=False))
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": [(b"host", b"127.0.0.1")]}
    asyncio.run(guard(scope, receive, send))
    assert len(sent) < turns + 5


def test_a_client_that_goes_away_while_it_waits_never_takes_a_row(slowly):
    rows = slowly.answers.current.get().rows
    with ThreadPoolExecutor(8) as clients:
        asked = [
            clients.submit(slowly.ask, "태풍이 오면?", form="free", max_tokens=60, seed=seed)
            for seed in range(rows.count)
        ]
        while rows.taken() < rows.count:
            time.sleep(0.005)
        with pytest.raises(httpx.ReadTimeout):
            slowly.http.post(
                "/v1/chat/completions",
                json={"messages": [{"role": "user", "content": "여권"}]},
                timeout=httpx.Timeout(10, read=0.2),
            )
        while slowly.answers.count() > rows.count:
            time.sleep(0.005)
        assert rows.waiting() == 0
        assert all(each.result().status_code == 200 for each in asked)


def test_a_stream_shows_what_was_found_before_a_row_is_free(slowly):
    rows = slowly.answers.current.get().rows
    with ThreadPoolExecutor(8) as clients:
        for seed in range(rows.count):
            clients.submit(slowly.ask, "태풍이 오면?", form="free", max_tokens=60, seed=seed)
        while rows.taken() < rows.count:
            time.sleep(0.005)
        body = {"messages": [{"role": "user", "content": "여권을 잃어버렸어요"}], "stream": True}
        with slowly.http.stream("POST", "/v1/chat/completions", json=body) as response:
            first = json.loads(next(response.iter_lines()).removeprefix("data: "))
            assert rows.taken() == rows.count  # of the others
            assert first["answer"]["sources"] and first["answer"]["sections"] == []


def test_a_failure_in_the_model_is_an_error_of_the_requests_under_way_and_of_no_other(serve, raw_house, capfd):
    with serve(raw_house, history_path="") as served:
        secret = "여권" * 2

        def fail(*_):
            raise RuntimeError(secret)

        hook = served.answers.current.get().assistant.model.head.register_forward_hook(fail)
        refused = served.ask()
        assert refused.status_code == 500 and refused.json()["error"]["type"] == "server_error"
        body = {"messages": [{"role": "user", "content": "여권"}], "stream": True}
        events = served.http.post("/v1/chat/completions", json=body).text.strip().split("\n\n")
        assert "server_error" in events[-2] and events[-1] == "data: [DONE]"
        hook.remove()
        assert served.ask().status_code == 200
        printed = "".join(capfd.readouterr())
        assert "RuntimeError" in printed and secret not in printed + refused.text


# --- The rows themselves ---


def test_rows_write_what_was_begun_after_they_were_closed_and_what_comes_after_that(raw_house, load, request_of):
    assistant: Assistant = load(raw_house)
    rows = Rows(assistant, 2)
    for _ in range(2):
        pieces: list[Piece | Exception] = []
        ended = threading.Event()

        def deliver(piece, pieces=pieces, ended=ended):
            pieces.append(piece)
            if piece.answer:
                ended.set()

        rows.begin(Job(assistant.prepare(request_of("여권을 잃어버렸어요", max_new_tokens=150)), deliver))
        rows.close()
        assert ended.wait(20)
        assert "".join(piece.text for piece in pieces) == pieces[-1].answer.text
