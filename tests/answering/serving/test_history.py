"""What the page keeps: entries in a file, found, deleted, exported and taken back."""

import json

from answering.serving.errors import ApiError
from answering.serving.fields import Fields
from answering.serving.history import History

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PASSPORT = {
    "question": "여권을 잃어버렸어요",
    "content": "요약:\n- 경찰서에 가세요",
    "answer": {"sections": []},
    "document_name": "",
}
VISA = {"question": "비자 연장", "content": "요약:\n- 이민국 <script>", "answer": {}, "document_name": "내 글.txt"}


@pytest.fixture(scope="module")
def kept(raw_house, tmp_path_factory):
    from tests.answering.serving.conftest import serving

    with serving(raw_house, history_path=tmp_path_factory.mktemp("kept") / "history.jsonl") as served:
        yield served.http


@pytest.fixture(autouse=True)
def empty(kept):
    assert kept.delete("/v1/history").status_code == 200


def entries(http, search="") -> list[dict]:
    return http.get("/v1/history", params={"search": search}).json()["entries"]


def test_entries_are_kept_found_and_deleted(kept):
    first, second = (kept.post("/v1/history", json=entry).json() for entry in (PASSPORT, VISA))
    assert first == {**PASSPORT, "id": first["id"], "at": first["at"]} and first["id"] != second["id"]
    assert entries(kept) == [second, first]
    assert entries(kept, "여권 경찰서") == [first] and entries(kept, "여권 이민국") == []
    assert kept.get(f"/v1/history/{second['id']}").json() == second
    kept.delete(f"/v1/history/{first['id']}")
    assert entries(kept) == [second]
    for refused in (kept.get(f"/v1/history/{first['id']}"), kept.delete(f"/v1/history/{first['id']}")):
        assert refused.status_code == 404


def test_what_was_exported_can_be_taken_back_and_is_there_once(kept):
    for entry in (PASSPORT, VISA):
        kept.post("/v1/history", json=entry)
    exported = entries(kept)
    kept.delete("/v1/history")
    for added in (2, 0):
        assert kept.post("/v1/history/import", json={"entries": exported}).json() == {"added": added}
        assert sorted(each["id"] for each in entries(kept)) == sorted(each["id"] for each in exported)


def test_the_export_for_people_is_markdown(kept):
    kept.post("/v1/history", json=PASSPORT)
    response = kept.get("/v1/history.md")
    assert response.headers["content-type"].startswith("text/markdown")
    assert "attachment" in response.headers["content-disposition"]
    assert response.text.startswith("## 여권을 잃어버렸어요\n\n*20") and response.text.endswith(
        "요약:\n- 경찰서에 가세요\n"
    )


def test_a_wrong_entry_is_refused_and_nothing_is_kept(kept):
    assert kept.post("/v1/history", json={"question": 3}).status_code == 422
    assert kept.post("/v1/history/import", json={"entries": [PASSPORT, {"content": []}]}).status_code == 422
    assert entries(kept) == []


def test_what_other_clients_ask_is_not_kept(kept):
    messages = [{"role": "user", "content": "여권을 잃어버렸어요"}]
    assert kept.post("/v1/chat/completions", json={"messages": messages}).status_code == 200
    assert entries(kept) == []


def test_without_a_path_there_is_no_history(served):
    assert served.http.get("/v1/history").status_code == 404
    assert served.http.get("/v1/status").json()["history"] is False


@given(st.lists(st.fixed_dictionaries({"question": st.text(max_size=20), "content": st.text(max_size=20)}), max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_text_comes_back_as_it_was(tmp_path_factory, contents):
    contents = [each for each in contents if all(text.isprintable() or "\n" in text for text in each.values())]
    history = History(tmp_path_factory.mktemp("history") / "history.jsonl")
    added = history.add([Fields(content) for content in contents])
    assert history.find() == added[::-1]
    assert [{"question": each["question"], "content": each["content"]} for each in added] == contents


def test_lines_that_another_program_damaged_are_left_out(tmp_path):
    history = History(tmp_path / "history.jsonl")
    (entry,) = history.add([Fields(PASSPORT)])
    with open(history.path, "ab") as file:
        file.write(b'{"id": 1\n[]\n\xff\n{"id": "x"}\nnull\n')
    assert history.find() == [entry]
    with pytest.raises(ApiError):
        history.get("x")
    assert json.loads(history.path.read_bytes().splitlines()[0]) == entry
