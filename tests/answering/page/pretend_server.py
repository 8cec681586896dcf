"""A server with the API of serve.py and fixed answers, so that a test of the page decides what comes and when."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import answering

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

PAGE = Path(answering.__file__).parent / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SCRIPT = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"

PASSPORT = {
    "id": "passport",
    "title": "필리핀에서 여권을 분실했을 때 해야 할 일",
    "file": "sample_raw.txt",
    "line": 1324,
    "lines": [
        "필리핀에서 여권을 분실했을 때 해야 할 일",
        "창피하지만 3년 동안 여권을 두 번 잃어버렸습니다. 두 번째는 순서를 알고 있어서 나흘 만에 끝났습니다.",
        "1. 먼저 잃어버린 식당, 택시, 숙소에 다시 연락하세요. 하루 안에 나오는 경우가 절반입니다.",
        "2. 가까운 경찰서에서 분실 신고서(police report)를 받으세요.",
        "3. 공증 사무소(notaryo)에서 affidavit of loss를 만드세요. 200페소 안팎.",
        "4. 한국대사관 영사과에 예약하고 가서 여권 재발급이나 여행증명서를 신청하세요.",
        "5. 새 여권이 나오면 이민국에 가서 비자와 입국 기록을 옮기세요.",
        "준비물",
        "- 경찰 분실 신고서 원본",
        "- 여권용 사진 2장 (흰 배경)",
        "- 잃어버린 여권 사본이나 신분증",
        "- 수수료 현금 (카드 안 됨)",
        "주의사항",
        "- 분실 신고를 하면 옛 여권은 바로 무효가 되니 나중에 찾아도 쓰지 마세요.",
        "- 브로커가 하루 만에 된다고 하면 사기입니다.",
        "한국대사관 영사과 TEL: 02-0000-4100 (평일 오전), KAKAO: consul_mnl_example",
        "ADDR: 15F Halimbawa Tower, Taguig",
        "이민국(BI) 기록계 TEL: (02) 0000-3317 loc. 118",
        SCRIPT,
    ],
}
DENGUE = {
    "id": "dengue",
    "title": "뎅기열에 걸렸을 때",
    "file": "sample_raw.txt",
    "line": 20,
    "lines": ["뎅기열에 걸렸을 때", "열이 사흘 넘게 나면 피검사를 받으세요."],
}
DOCUMENTS = {document["id"]: document for document in (PASSPORT, DENGUE)}


def line(number: int, text: str = "", document: str = "passport", contact: dict | None = None) -> dict:
    words = text or DOCUMENTS[document]["lines"][number].lstrip("-12345. ")
    return {"text": words, "source": {"document_id": document, "line": number}, "contact": contact}


def contact(number: int, kind: str, value: str, href: str | None, owner: str, note: str = "") -> dict:
    return line(number, value, contact={"type": kind, "value": value, "href": href, "owner": owner, "note": note})


CONSULATE, IMMIGRATION = "한국대사관 영사과", "이민국(BI) 기록계"
SECTIONS = [
    {"key": "summary", "title": "요약", "lines": [line(1), line(2), line(5)]},
    {"key": "todo", "title": "해야 할 일", "lines": [line(3), line(4), line(5), line(6)]},
    {"key": "prepare", "title": "준비물", "lines": [line(8), line(9), line(10), line(11)]},
    {"key": "caution", "title": "주의사항", "lines": [line(13), line(14)]},
    {
        "key": "contacts",
        "title": "연락처(공공정보)",
        "lines": [
            contact(15, "phone", "02-0000-4100", "tel:0200004100", CONSULATE, "평일 오전"),
            contact(15, "chat", "consul_mnl_example", None, CONSULATE),
            contact(16, "address", "15F Halimbawa Tower, Taguig", None, CONSULATE),
            contact(17, "phone", "(02) 0000-3317 loc. 118", "tel:0200003317", IMMIGRATION),
        ],
    },
    {"key": "details", "title": "상세 설명", "lines": [line(18), line(2)]},
]
WRITTEN = f"""\
요약:
- 창피하지만 3년 동안 여권을 두 번 잃어버렸습니다. 두 번째는 순서를 알고 있어서 나흘 만에 끝났습니다.
- 먼저 잃어버린 식당, 택시, 숙소에 다시 연락하세요. 하루 안에 나오는 경우가 절반입니다.
체크리스트:
- 해야 할 일:
  - 가까운 경찰서에서 분실 신고서(police report)를 받으세요.
- 준비물:
  - 경찰 분실 신고서 원본
- 주의사항:
  - 브로커가 하루 만에 된다고 하면 사기입니다.
연락처(공공정보):
- {CONSULATE}
  - TEL: 02-0000-4100 (평일 오전)
상세 설명:
{SCRIPT}
"""


def source_of(document: dict) -> dict:
    return {key: document[key] for key in ("id", "title", "file", "line")}


ANSWER = {
    "sections": SECTIONS,
    "sources": [source_of(PASSPORT)],
    "notes": [],
    "offer": [],
    "verified": {"lines": True, "contacts": True},
    "seconds": 1.2,
    "tokens": 210,
}
WEAK = ANSWER | {
    "notes": ["(weak match: few words of the question are in what was found; it may be about something else)"],
    "offer": [{"id": each["id"], "title": each["title"]} for each in DOCUMENTS.values()]
    + [{"id": "third", "title": SCRIPT}],
}


class PretendServer:
    """What the page asks for and gets. A test sets `answer`, `written`, `pause` and `refusal` as it needs them."""

    def __init__(self) -> None:
        self.status = {
            "model": {
                "name": "korean-gpt",
                "parameters": 5_600_000,
                "steps": 240,
                "validation_loss": 1.3561,
                "trained_at": "2026-11-26T01:02:03+00:00",
            },
            "training": None,
            "documents": 242,
            "topics": [
                "여권을 잃어버렸어요. 무엇부터 해야 하나요?",
                "뎅기열 증상이 궁금합니다.",
                "비자 연장은 어떻게 하나요?",
            ],
            "settings": {
                "temperature": 0.3,
                "top_p": 0.9,
                "top_k": 50,
                "seed": 1337,
                "max_new_tokens": 1000,
                "form": "guided",
            },
            "key_needed": False,
            "history": True,
        }
        self.answer = ANSWER
        self.written = WRITTEN
        self.pause = 0.0  # seconds between two pieces of an answer
        self.refusals: list[Response] = []  # the next requests for an answer get these instead
        self.asked: list[dict] = []  # the bodies of the requests for an answer
        self.given_up = 0  # answers whose client went away
        self.entries: list[dict] = []  # the history, the oldest first

    def application(self) -> Starlette:
        files = {path.name: path for path in PAGE.iterdir() if path.suffix in TYPES}

        def page(request: Request) -> Response:
            path = files.get(request.path_params.get("name", "page.html"))
            if path is None:
                return refusal(404, "not found")
            headers = {
                "Content-Security-Policy": POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-cache",
            }
            return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=headers)

        return Starlette(
            routes=[
                Route("/", page),
                Route("/loss.svg", lambda _: Response(LOSS, media_type="image/svg+xml")),
                Route("/v1/status", lambda _: JSONResponse(self.status)),
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/v1/documents/{id}", self.document),
                Route("/v1/documents", self.read, methods=["POST"]),
                Route("/v1/history.md", lambda _: PlainTextResponse("# 지난 질문\n")),
                Route("/v1/history", self.history, methods=["GET", "POST", "DELETE"]),
                Route("/v1/history/import", self.take_entries, methods=["POST"]),
                Route("/v1/history/{id}", self.delete, methods=["DELETE"]),
                Route("/{name}", page),
            ]
        )

    async def complete(self, request: Request) -> Response:
        self.asked.append(await request.json())
        if self.refusals:
            return self.refusals.pop(0)
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self) -> AsyncIterator[str]:
        try:
            yield event({"role": "assistant", "content": ""}, answer=self.answer | {"sections": []})
            for start in range(0, len(self.written), 12):
                await asyncio.sleep(self.pause)
                yield event({"content": self.written[start : start + 12]})
            yield event({}, finish="stop", answer=self.answer)
            yield "data: [DONE]\n\n"
        except (asyncio.CancelledError, GeneratorExit):
            self.given_up += 1
            raise

    def document(self, request: Request) -> Response:
        found = DOCUMENTS.get(request.path_params["id"])
        return JSONResponse(found) if found else refusal(404, "there is no document with this id")

    async def read(self, request: Request) -> Response:
        if request.headers["content-type"].startswith("multipart"):
            body = await request.body()
            name = body.split(b'filename="', 1)[1].split(b'"', 1)[0].decode()
            text = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0].decode()
        else:
            name, text = (await request.json()).values()
        return JSONResponse({"name": name, "title": text.split("\n")[0], "lines": text.split("\n")})

    async def history(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.entries.clear()
            return JSONResponse({})
        if request.method == "POST":
            entry = {"id": f"entry-{time.time_ns()}", "at": datetime.now(UTC).isoformat(), **await request.json()}
            self.entries.append(entry)
            return JSONResponse(entry)
        words = request.query_params.get("search", "")
        return JSONResponse(
            {"entries": [each for each in reversed(self.entries) if words in each["question"] + each["content"]]}
        )

    async def take_entries(self, request: Request) -> Response:
        known = {each["id"] for each in self.entries}
        new = [each for each in (await request.json())["entries"] if each["id"] not in known]
        self.entries += reversed(new)
        return JSONResponse({"added": len(new)})

    def delete(self, request: Request) -> Response:
        self.entries = [each for each in self.entries if each["id"] != request.path_params["id"]]
        return JSONResponse({})


def event(delta: dict, finish: str | None = None, **beside) -> str:
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **beside,
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def refusal(status: int, message: str, **headers: str) -> Response:
    return JSONResponse({"error": {"message": message, "type": "error", "param": None, "code": None}}, status, headers)


LOSS = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 200'><path d='M40 20 C 80 160, 160 170, 380 175' fill='none' "
    "stroke='#0b6b5d' stroke-width='3'/></svg>"
)


@contextmanager
def serving(application):
    """Serve an application on a free port of this machine; yields its address."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
