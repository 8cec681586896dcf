"""The body of a request: its size, its time, its form; a document that the user brings."""

import json
import socket

from answering.serving import bodies
from answering.serving.bodies import read_file
from answering.serving.errors import ApiError
from answering.serving.fields import Fields
from answering.serving.protocol import read_chat, read_completion

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MEGABYTE = 1 << 20
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["messages", "prompt", "model", "temperature", "top_p", "top_k", "seed", "max_tokens", "stop", "stream", "n"]
NAMES += ["stream_options", "form", "document", "document_id", "response_format", "modalities", "tool_choice", "suffix"]
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "assistant"]), "content": JSON}), max_size=3
)


@pytest.mark.parametrize("path", ["/v1/search", "/v1/chat/completions", "/v1/documents"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(served, path, declared):
    size = 1 if path == "/v1/search" else 10
    body = b" " * (3 * size * MEGABYTE)  # far more than is in the buffers of a connection when it is refused
    for _ in range(3):
        response = served.http.post(
            path, content=body if declared else iter([body[: len(body) // 2], body[len(body) // 2 :]])
        )
        assert response.status_code == 413 and response.json()["error"]["code"] == "too_large"


def test_a_document_of_several_megabytes_is_answered(served):
    text = "여권 재발급은 영사과에서 합니다. 사진 두 장을 준비하세요.\n" * 30_000
    assert 2 * MEGABYTE < len(text.encode()) < 10 * MEGABYTE
    response = served.ask("여권 재발급은?", document=text)
    assert response.status_code == 200 and "part" in response.json()["answer"]["notes"][0]


def test_a_body_that_does_not_come_is_not_waited_for(serve, raw_house, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    with serve(raw_house, history_path="") as served:
        port = int(served.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            assert b" 408 " in client.recv(4096)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"\\ud800"', b'{"a": "\\ud800"}', b"\xff", b"[" * 100_000]
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/search", "/v1/documents"])
def test_what_is_not_a_json_object_is_told(served, path, body):
    response = served.http.post(path, content=body)
    assert response.status_code == 400 and response.json()["error"]["code"] == "invalid_json"


@given(st.dictionaries(st.sampled_from(NAMES), JSON), MESSAGES | JSON, st.sampled_from([read_chat, read_completion]))
@settings(max_examples=300, deadline=None)
def test_any_object_is_a_question_or_an_error_of_the_client(request_of, content, messages, read):
    fields = Fields({"messages": messages, "prompt": "여권", **content})
    try:
        call = read(fields, request_of())
    except ApiError as error:
        assert 400 <= error.status < 500 and error.message and "\n" not in error.message
        json.dumps(error.content())
    else:
        assert call.question.request.question or call.question.request.document or call.question.document_id


# --- A document that the user brings ---


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16"])
def test_a_file_is_read_as_step_01_reads_it(served, encoding):
    content = "여권 분실\r\n\r\n☎ 전화: 02-000-1234".encode(encoding)
    response = served.http.post("/v1/documents", files={"file": ("여권 안내.txt", content, "text/plain")})
    assert response.json() == {
        "name": "여권 안내.txt",
        "title": "여권 분실",
        "lines": ["여권 분실", "", "TEL: 02-000-1234"],
    }
    pasted = served.http.post("/v1/documents", json={"name": "붙인 글", "text": content.decode(encoding)}).json()
    assert pasted["lines"] == response.json()["lines"] and pasted["name"] == "붙인 글"


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\x00\x01\x02\x03" * 100, b"%PDF-1.7\n" + bytes(range(256))])
def test_a_file_without_text_is_told(served, content):
    response = served.http.post("/v1/documents", files={"file": ("a.bin", content)})
    assert response.status_code == 400 and response.json()["error"]["code"] == "no_text"


@given(st.binary(max_size=200).filter(lambda content: b"--edge" not in content))
@settings(deadline=None)
def test_the_content_of_a_form_is_what_was_sent(content):
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        + content
        + b"\r\n--edge--\r\n"
    )
    name, read = read_file("multipart/form-data; boundary=edge", body)
    assert name == "a.txt" and read == content


def test_a_form_without_a_file_is_told(served):
    response = served.http.post("/v1/documents", files={"text": (None, "여권")})
    assert response.status_code == 400 and response.json()["error"]["code"] == "no_file"
