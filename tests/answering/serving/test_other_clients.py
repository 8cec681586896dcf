"""Other clients: Open WebUI's requests as its source shows them, and the commands of docs/serving.md."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import answering
from tests.answering.texts import WEAKLY_MATCHED

import httpx
import pytest

DOCS = Path(answering.__file__).resolve().parent.parent / "docs"


# --- Open WebUI: the address that its user types, with and without a slash at the end, then /models and so on ---


@pytest.mark.parametrize("address", ["/v1", "/v1/", ""])
@pytest.mark.parametrize("key", ["", "sk-anything"])
def test_open_webui_shakes_hands_and_chats(served, address, key):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    base = f"{served.address}{address}"
    models = httpx.get(f"{base}/models", headers=headers).json()
    assert models["object"] == "list" and [each["id"] for each in models["data"]] == ["korean-gpt"]
    payload = {
        "stream": True,
        "model": models["data"][0]["id"],
        "messages": [{"role": "user", "content": "여권을 잃어버렸어요"}],
        "stream_options": {"include_usage": True},
    }
    with httpx.stream("POST", f"{base}/chat/completions", headers=headers, json=payload, timeout=60) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        *events, done = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert done == "[DONE]"
    chunks = list(map(json.loads, events))
    assert "요약:" in "".join(each["choices"][0]["delta"].get("content", "") for each in chunks if each["choices"])
    assert chunks[-1]["usage"]["completion_tokens"] > 20


def test_open_webui_reads_a_wrong_key_as_an_error_of_the_protocol(serve, raw_house):
    with serve(raw_house, api_key="right-key", history_path="") as served:
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}):
            response = httpx.get(f"{served.address}/v1//models", headers=headers)
            assert response.status_code == 401 and response.json()["error"]["message"]
        assert served.http.get("/v1//models").status_code == 200


def test_a_conversation_is_its_last_question_with_what_it_goes_on_from(served):
    def ask(*turns):
        roles = ["user", "assistant"] * len(turns)
        messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
        return served.http.post("/v1/chat/completions", json={"messages": messages}).json()["answer"]

    follow_up = ask("여권을 잃어버렸어요", "요약: …", "그럼 준비물은요?")
    assert follow_up["sources"][0]["title"].startswith("마닐라에서 여권을 잃어버렸을 때")


def test_a_weak_match_offers_documents_of_which_the_next_message_chooses_one(served):
    weak = WEAKLY_MATCHED[0]
    offered = served.ask(weak).json()
    assert len(offered["answer"]["offer"]) > 1 and offered["answer"]["sections"] == offered["answer"]["sources"] == []
    text = offered["choices"][0]["message"]["content"]
    assert f"2. {offered['answer']['offer'][1]['title'][:20]}" in text
    turns = [("user", weak), ("assistant", text), ("user", "2")]
    messages = [{"role": role, "content": content} for role, content in turns]
    chosen = served.http.post("/v1/chat/completions", json={"messages": messages}).json()["answer"]
    assert chosen["sources"][0]["id"] == offered["answer"]["offer"][1]["id"] and not chosen["offer"]


def test_a_system_message_is_the_document(served):
    messages = [
        {"role": "system", "content": "도서관 안내\n도서관은 아침 아홉 시에 엽니다.\nTEL: 02-000-9999"},
        {"role": "user", "content": [{"type": "text", "text": "도서관은 언제 여나요?"}]},
    ]
    answer = served.http.post("/v1/chat/completions", json={"messages": messages}).json()
    assert "아홉 시" in answer["choices"][0]["message"]["content"]
    assert answer["answer"]["sources"][0]["id"] is None
    lines = [line for section in answer["answer"]["sections"] for line in section["lines"]]
    assert {"document_id": "given", "line": 1} in [line["source"] for line in lines]


@pytest.mark.parametrize("question", ["여권을 잃어버렸어요", "은행 계좌를 만들려면 무엇이 필요한가요?", "비자 연장"])
def test_a_search_finds_first_what_an_answer_is_made_from(served, question):
    found = served.http.post("/v1/search", json={"query": question}).json()["results"]
    scores = [each["score"] for each in found]
    assert scores == sorted(scores, reverse=True)
    answer = served.ask(question).json()["answer"]
    assert answer["sources"][0]["id"] == found[0]["id"]


def test_a_document_that_was_found_can_be_read_and_asked(served):
    found = served.http.post("/v1/search", json={"query": "은행 계좌", "limit": 2}).json()["results"]
    assert 1 <= len(found) <= 2 and found[0]["score"] >= found[-1]["score"] > 0
    document = served.http.get(f"/v1/documents/{found[0]['id']}").json()
    assert "\n".join(document["lines"]).startswith(found[0]["excerpt"]) and document["file"] == "raw.txt"
    answer = served.ask("무엇을 준비하나요?", document_id=found[0]["id"]).json()["answer"]
    assert answer["sources"][0]["id"] == found[0]["id"]
    for line in (line for section in answer["sections"] for line in section["lines"] if line["source"]):
        assert line["source"]["document_id"] == found[0]["id"]
        assert 0 <= line["source"]["line"] < len(document["lines"])


# --- The commands of the documentation ---


def curl_commands() -> list[str]:
    return re.findall(r"^curl .+$", (DOCS / "serving.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing")
@pytest.mark.parametrize("command", curl_commands())
def test_every_curl_command_of_the_documentation_works(serve, raw_house, tmp_path, command):
    (tmp_path / "my_notes.txt").write_text("여권은 영사과에서 받습니다.\n", encoding="utf-8")
    with serve(raw_house, api_key="KEY" if "KEY" in command else "", history_path="") as served:
        words = shlex.split(command.replace("http://127.0.0.1:8000", served.address))
        result = subprocess.run(
            [*words, "-sS", "--fail"], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60
        )
    assert result.returncode == 0, result.stderr
    if "-N" in words:
        assert result.stdout.rstrip().endswith("data: [DONE]")
    else:
        assert json.loads(result.stdout)


def test_the_documentation_shows_curl_for_each_kind_of_request():
    assert len(curl_commands()) >= 6


def test_the_python_of_the_documentation_works(served, capsys):
    (program,) = re.findall(
        r"^```\n(from openai .+?)^```", (DOCS / "serving.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    scope: dict = {}
    exec(program.replace("http://127.0.0.1:8000", served.address), scope)
    scope["client"].close()
    printed = capsys.readouterr().out
    assert printed.startswith("요약:") and "raw.txt" in printed
