"""After step 4: the page and the API.

A page at http://127.0.0.1:8000 on which people ask, and OpenAI's protocol under /v1 for programs that speak it. One
model answers all of them: requests share its passes, as many at once as there are rows. Ctrl-C ends it.
"""

import importlib
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pipeline
from answering.assistant import Artifacts
from answering.request import Request
from gpt.sampling import SamplingSettings
from pipeline import StepError, file_setting, setting
from pipeline.progress import progress_bar

if TYPE_CHECKING:
    from answering.serving.start import StoppableServer

# --- Where it is reached ---
HOST = "127.0.0.1"  # this computer alone; 0.0.0.0 = other computers and phones of the network too (then set API_KEY)
PORT = 8000  # 0 = any free one
API_KEY = ""  # what clients must send as their key; empty = no key is needed
ALLOWED_ORIGINS = ""  # pages of other sites that may ask from a browser, separated by commas: http://localhost:3000
MODEL_NAME = "korean-gpt"  # what clients call the model
OPEN_BROWSER = False  # open the page

# --- How many at once ---
ROWS = 16  # answers that are written at once; fewer take less memory
MAX_WAITING = 64  # requests that may wait for a row; further ones are told to come again

# --- What is kept and shown ---
HISTORY_PATH = "data/history.jsonl"  # questions and answers of the page; empty = none are kept
LOG = True  # a line for each request: method, path, status, time; never what was asked

# --- Files ---
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04, and taken up again when training replaces it
INDEX_PATH = "data/index.npz"  # made by step 03; finds documents
SAMPLES_PATH = "data/samples.txt"  # made by step 01; holds the documents
CONTACTS_PATH = "data/contacts.json"  # made by step 01; the contacts that an answer without document may give
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu

# --- How to answer, unless a request says otherwise: as at the top of step 05 ---
# Imported, because users edit the constants of step 05: a default that both scripts read would not contain the edits.
step_05 = importlib.import_module("05_generate")
DOCUMENTS = step_05.DOCUMENTS  # documents to find, as many of the best as there is room for
FORM = step_05.FORM  # guided: all sections in their order, each with something in it; free: unconstrained
VERIFY_CONTACTS = step_05.VERIFY_CONTACTS  # no contact that is not in the document
VERIFY_LINES = step_05.VERIFY_LINES  # the answer is made of the sentences of its document
MAX_NEW_TOKENS = step_05.MAX_NEW_TOKENS  # longest answer; the context that training used is a limit too
TEMPERATURE = step_05.TEMPERATURE  # 0 = always the most likely token; higher = more varied, less reliable
TOP_K = step_05.TOP_K  # choose among this many most likely tokens; 0 = all
TOP_P = step_05.TOP_P  # choose among the most likely tokens that together have this probability; 1 = all
REPETITION_PENALTY = step_05.REPETITION_PENALTY  # over 1 makes tokens already written less likely
NO_REPEAT_NGRAM = step_05.NO_REPEAT_NGRAM  # own words: no run of so many tokens twice below one heading; 0 = any
WEIGHTS = step_05.WEIGHTS  # fp32, or int8: faster on a CPU
SEED = step_05.SEED  # the same seed gives the same answer; 0 or more

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The constants above, with their types; `Request` and `SamplingSettings` know the ranges of most of them."""

    host: str
    api_key: str
    allowed_origins: str
    model_name: str
    open_browser: bool
    history_path: str = file_setting(written=True, optional=True)
    log: bool
    checkpoint_path: str = file_setting(folder=True)
    index_path: str = file_setting()
    samples_path: str = file_setting()
    contacts_path: str = file_setting()
    device: str
    weights: Literal["fp32", "int8"]
    documents: int
    form: Literal["guided", "free"]
    verify_contacts: bool
    verify_lines: bool
    max_new_tokens: int
    temperature: float
    top_k: int
    top_p: float
    repetition_penalty: float
    no_repeat_ngram: int
    seed: int
    port: int = setting(least=0, most=65535)
    rows: int = setting(least=1)
    max_waiting: int = setting(least=0)


def main(arguments: Sequence[str] = ()) -> None:
    settings = pipeline.read_settings(Settings, globals(), arguments)
    check_settings(settings)
    for package in ("starlette", "uvicorn"):
        pipeline.require_package(package, "serve.py", install="starlette uvicorn")
    listening = listen(settings.host, settings.port)
    with progress_bar("load the model", leave=False):
        server = load_server(settings)
    address = address_of(settings.host, listening)
    print(f"The page: {address}   The API: {address}/v1   Ctrl-C ends both.", flush=True)
    warn_of_open_door(settings)
    if settings.open_browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    server.run(sockets=[listening])


def check_settings(settings: Settings) -> None:
    """Raise StepError for values that cannot work, before anything is read."""
    request_of(settings)
    pipeline.require_setting(bool(settings.model_name.strip()), "MODEL_NAME is empty; clients need a name to ask for")
    pipeline.require_setting(settings.api_key.isascii(), "API_KEY holds other characters than ASCII; no header can")


def load_server(settings: Settings) -> "StoppableServer":
    """The server with its model. Raises StepError."""
    # Not at the top: the packages may be missing there, and `main` says how to install them.
    from answering.serving.start import ServerSettings, create_server

    return create_server(
        ServerSettings(
            artifacts=artifacts_of(settings),
            defaults=request_of(settings),
            rows=settings.rows,
            max_waiting=settings.max_waiting,
            model_name=settings.model_name,
            history_path=Path(settings.history_path) if settings.history_path else None,
            api_key=settings.api_key,
            allowed_origins=frozenset(filter(None, map(str.strip, settings.allowed_origins.split(",")))),
            log=settings.log,
        )
    )


def request_of(settings: Settings) -> Request:
    """How a question is answered unless its request says otherwise. Raises StepError for a setting out of range."""
    return Request(
        closed_book=False,
        documents=settings.documents,
        form=settings.form,
        verify_contacts=settings.verify_contacts,
        verify_lines=settings.verify_lines,
        sampling=SamplingSettings(
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            repetition_penalty=settings.repetition_penalty,
        ),
        no_repeat_ngram=settings.no_repeat_ngram,
        seed=settings.seed,
        max_new_tokens=settings.max_new_tokens,
    )


def artifacts_of(settings: Settings) -> Artifacts:
    """What the model is loaded from."""
    return Artifacts(
        checkpoint_path=settings.checkpoint_path,
        index_path=settings.index_path,
        samples_path=settings.samples_path,
        contacts_path=settings.contacts_path,
        device=settings.device,
        weights=settings.weights,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that waits for connections. Raises StepError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # whoever comes while the model is loaded waits, and is not refused
    except OSError as error:
        listening.close()
        raise StepError(
            f"HOST {host}, PORT {port}: {(error.strerror or str(error)).lower()}; stop the program that uses it, or "
            "set another PORT"
        ) from None
    return listening


def address_of(host: str, listening: socket.socket) -> str:
    """What to type into a browser on this computer."""
    port = listening.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def warn_of_open_door(settings: Settings) -> None:
    """Say on standard error that everybody in the network can ask, if that is so."""
    if settings.host not in LOOPBACK and not settings.api_key:
        print(
            f"HOST {settings.host} without API_KEY: everybody who reaches this computer can ask, and read your text",
            file=sys.stderr,
        )


if __name__ == "__main__":
    pipeline.run(main, "ROWS")
