"""The model that answers while training replaces its file."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

from tests.answering.serving.test_rows import content, slow_down

import pytest


@pytest.fixture
def newer(house, built_house):
    """A checkpoint that was trained for longer, beside the one of the house."""
    older = house.checkpoint.read_bytes()
    house.run("04", max_steps=8)
    newer = house.checkpoint.with_name("newer")
    shutil.copy(house.checkpoint, newer)
    house.checkpoint.write_bytes(older)
    return newer


def steps(served) -> int:
    return served.http.get("/v1/status").json()["model"]["steps"]


def test_a_new_checkpoint_answers_the_next_request_and_the_old_one_those_under_way(serve, house, newer):
    with serve(house) as served, ThreadPoolExecutor(1) as clients:
        old = served.answers.current.get()
        assert steps(served) == 4
        slow_down(old.assistant.model.head, 0.02)
        asked = clients.submit(served.ask, "태풍이 오면?", form="free", max_tokens=50)
        while not old.rows.taken():
            time.sleep(0.005)
        newer.replace(house.checkpoint)
        assert steps(served) == 8
        assert served.answers.current.get() is not old and old.rows.taken() == 1
        assert served.ask().status_code == 200
        assert asked.result().status_code == 200


def test_a_damaged_checkpoint_is_not_taken_up_and_is_told_once(serve, house, capfd):
    with serve(house) as served:
        before = content(served.ask(seed=3))
        whole = house.checkpoint.read_bytes()
        house.checkpoint.write_bytes(whole[: len(whole) // 2])
        assert content(served.ask(seed=3)) == before and steps(served) == 4
        said = capfd.readouterr().err
        assert said.count("cannot be read as a checkpoint") == 1 and len(said.splitlines()) == 1
        house.checkpoint.unlink()
        assert content(served.ask(seed=3)) == before


def test_new_documents_are_found_when_the_steps_have_run_again(serve, house):
    with serve(house) as served:
        text = house.raw.read_text(encoding="utf-8")
        house.raw.write_text(
            f"{text}\n\n\n바나나 농장에서 하루를 보내는 방법\n아침 일찍 바나나 농장에 가서 표를 사세요.\n",
            encoding="utf-8",
        )
        for step in ("01", "02", "03"):
            house.run(step)
        assert "--restart" in served.ask().json()["error"]["message"]  # the model knows another vocabulary
        house.run("04", restart=True)
        found = served.http.post("/v1/search", json={"query": "바나나 농장"}).json()["results"]
        assert found[0]["title"] == "바나나 농장에서 하루를 보내는 방법"


def test_without_an_index_a_search_says_what_to_run_and_a_given_document_is_answered(serve, house):
    house.index.unlink()
    with serve(house) as served:
        refused = served.ask()
        assert refused.status_code == 500 and "03_build_bin_dataset.py" in refused.json()["error"]["message"]
        assert served.ask("", document="여권을 잃어버리면 경찰서에 가세요.").status_code == 200
        assert served.http.get("/v1/status").json()["documents"] == 0


def test_the_training_that_goes_on_is_told(serve, house):
    with serve(house) as served:
        assert served.http.get("/v1/status").json()["training"] is None  # it has ended
        house.run("04", max_steps=8)
        log = house.checkpoint.with_name("log.csv")
        rows = log.read_text().splitlines(keepends=True)
        kept = [row for row in rows if not row.startswith(("7,", "8,"))]
        log.write_text("".join(kept))
        training = served.http.get("/v1/status").json()["training"]
        assert training["steps"] == 8 and 0 < training["step"] < 8 and training["seconds_left"] >= 0
