"""Who may ask: the key, the name of the computer, pages of other sites; what is logged, which headers come back."""

import socket

from answering.serving import start
from answering.serving.guard import is_own_host

import pytest
from hypothesis import given
from hypothesis import strategies as st

PATHS = ["/v1/models", "/models", "/v1/documents/0-00000000", "/v1/history", "/v1/history.md", "/documents/1"]


@pytest.fixture(scope="module")
def locked(raw_house, tmp_path_factory):
    """A server with a key, which the client sends, and an origin that may ask."""
    from tests.answering.serving.conftest import serving

    history = tmp_path_factory.mktemp("locked") / "history.jsonl"
    flags = {"api_key": "right-key", "allowed_origins": "http://localhost:3000", "history_path": history}
    with serving(raw_house, **flags) as served:
        yield served


# --- The key ---


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer", "right-key", "Basic right-key", "Bearer right-key2"])
def test_without_the_key_nothing_of_the_api_is_answered(locked, path, header):
    response = locked.http.get(path, headers={"Authorization": header})
    assert response.status_code == 401 and response.json()["error"]["code"] == "invalid_api_key"
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/chat/completions", "//v1//completions", "/v1/search", "/v1/documents"]
)
def test_without_the_key_no_text_is_read(locked, path):
    assert locked.http.post(path, json={}, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_what_a_page_needs_before_it_knows_the_key_is_open(locked):
    for path in ("/health", "/loss.svg", "/"):
        assert locked.http.get(path, headers={"Authorization": ""}).status_code in (200, 404)
    assert locked.http.get("/v1/status", headers={"Authorization": ""}).json() == {"key_needed": True}
    status = locked.http.get("/v1/status").json()
    assert status["key_needed"] and status["documents"] > 10 and len(status["topics"]) == 8


def test_with_the_key_everything_is_answered(locked):
    assert locked.ask().status_code == 200
    assert locked.http.get("/v1/models", headers={"Authorization": "bearer  right-key"}).status_code == 200


# --- The name of the computer (DNS rebinding) ---


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.0.7", "LOCALHOST."]
)
def test_this_computer_is_known_by_its_addresses_and_its_name(host):
    assert is_own_host(host) and is_own_host(socket.gethostname()) and is_own_host(f"{socket.gethostname()}:8000")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "localhost@evil.example"]
)
def test_another_name_is_refused(served, host):
    response = served.http.get("/v1/models", headers={"Host": host})
    assert response.status_code in (400, 403) and not is_own_host(host)


@given(st.text(max_size=30))
def test_any_host_header_is_judged_without_an_error(host):
    assert is_own_host(host) in (True, False)


# --- Pages of other sites ---


def test_a_page_of_another_site_may_not_ask(served):
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null", "http://localhost:3000"):
        response = served.http.post("/v1/search", json={"query": "여권"}, headers={"Origin": origin})
        assert response.status_code == 403 and response.json()["error"]["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in response.headers


def test_the_own_page_may_ask(served):
    response = served.http.post("/v1/search", json={"query": "여권"}, headers={"Origin": served.address})
    assert response.status_code == 200


def test_an_origin_that_the_user_allows_may_ask_after_a_preflight(locked):
    origin = {"Origin": "http://localhost:3000"}
    preflight = locked.http.options("/v1/chat/completions", headers={**origin, "Authorization": ""})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == origin["Origin"]
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert locked.http.get("/v1/models", headers=origin).headers["access-control-allow-origin"] == origin["Origin"]
    assert locked.http.options("/v1/models", headers={"Origin": "https://evil.example"}).status_code == 403


# --- Addresses and headers ---


@pytest.mark.parametrize("path", ["/v1/models", "//v1//models", "/v1//models", "/models", "//models"])
def test_doubled_slashes_and_a_missing_v1_are_forgiven(served, path):
    assert served.http.get(served.address + path).json()["data"][0]["id"] == "korean-gpt"


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/../serve.py", "/%2e%2e/%2e%2e/etc/passwd", "/page.html/x", "/answering/page/page.html"]
)
def test_no_path_reaches_the_disk(served, path):
    response = served.http.get(path)
    assert response.status_code == 404 and response.json()["error"]["code"] == "not_found"


def test_a_method_that_an_address_does_not_know_is_told(served):
    response = served.http.get("/v1/chat/completions")
    assert response.status_code == 405 and response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/", "/v1/models", "/health", "/nothing"])
def test_every_response_forbids_what_it_does_not_need(served, path):
    headers = served.http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"] and "server" not in headers


def test_markup_in_a_text_comes_back_as_text_of_json(served):
    script = "<script>alert(1)</script>"
    refused = served.ask(model=script, document_id=script)
    assert script in refused.json()["error"]["message"]
    for response in (
        refused,
        served.http.get(f"/v1/models/{script}"),
        served.http.get(f"/{script}"),
        served.ask(script),
    ):
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"


# --- The log ---


def test_the_log_has_method_path_status_and_time_and_nothing_that_was_asked(serve, raw_house, capfd):
    with serve(raw_house, log=True, history_path="") as served:
        served.ask("여권을 잃어버렸어요", seed=424242)
        served.http.get("/v1/history?search=여권")
        served.http.get("/v1/%0aforged 200")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert [line.split(" ", 1)[1].rsplit(" ", 2)[0] for line in lines] == [
        "POST /v1/chat/completions 200",
        "GET /v1/history 404",
        "GET /v1/\\nforged 200 404",
    ]
    assert not any("여권" in line or "424242" in line for line in lines)


# --- Slow clients ---


def test_a_client_that_does_not_finish_the_head_of_a_request_is_disconnected(serve, raw_house, monkeypatch):
    monkeypatch.setattr(start, "HEADER_SECONDS", 0.2)
    with serve(raw_house, history_path="") as served:
        port = int(served.address.rpartition(":")[2])
        for beginning in (
            b"",
            b"GET /health HTTP/1.1\r\nHost: localhost\r\n",
            b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(beginning)
                received = b""
                while piece := client.recv(4096):  # until the server closes
                    received += piece
                assert received.count(b"200 OK") == beginning.count(b"\r\n\r\n")
