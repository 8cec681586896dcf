"""Questions at the terminal, and what goes where: the answer to standard output, all else to standard error."""

import fcntl
import io
import itertools
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pipeline
from answering.assistant import Assistant
from answering.offer import NOT_FOUND
from answering.terminal.conversation import USAGE, Conversation
from corpus.template import Template
from pipeline import StepError
from tests.answering.texts import WEAKLY_MATCHED

import pytest

ROOT = Path(pipeline.__file__).parent.parent
HEADINGS = Template().headings
PASSPORT = ["마닐라에서 여권을 잃어버렸을 때", "마닐라에서 여권을 잃어버렸을 때 (2)"]  # both parts of a long post


@pytest.fixture
def talk(built_house, load, request_of, monkeypatch, capsys):
    """Hold a conversation of these lines, an exception in place of one is raised there; return what was written."""

    def talk(*lines, **changes):
        waiting = iter(lines)

        def read(prompt=""):
            line = next(waiting, EOFError())
            if isinstance(line, BaseException):
                raise line
            return line

        monkeypatch.setattr("builtins.input", read)
        Conversation(load(built_house), request_of(**{"max_new_tokens": 150, **changes})).hold()
        return capsys.readouterr()

    return talk


def answers_in(output: str) -> list[str]:
    return [HEADINGS[0] + rest for rest in output.split(HEADINGS[0])[1:]]


def test_each_question_gets_its_answer_and_the_end_of_the_input_ends(talk):
    said = talk("여권을 잃어버렸어요", "", "   ", "태풍이 오면 무엇을 준비하나요?")
    assert said.out == "".join(answers_in(said.out)) and said.out.count(HEADINGS[0]) == 2  # and no prompt
    assert said.err.count("\n> ") == 5
    assert re.findall(r"source: (.+) \(raw", said.err) == [*PASSPORT, "태풍이 올 때 준비할 일"]


def test_a_document_is_answered_from_until_another_or_none_is_named(talk, tmp_path):
    path = tmp_path / "내 글 1.txt"
    path.write_text("면허 갱신\n사진 두 장을 가져오세요.", encoding="utf-8")
    said = talk(f"/doc {path}", "언제부터 되나요?", "사진은요?", "/doc", "태풍이 오면 무엇을 준비하나요?")
    *from_file, from_text = answers_in(said.out)
    assert len(from_file) == 2 and all("사진 두 장을 가져오세요." in answer for answer in from_file)
    assert "태풍" in from_text
    assert said.err.count(f"source: 면허 갱신 ({path}, line 1)") == 2 and said.err.count("source: ") == 3


@pytest.fixture
def asked(monkeypatch):
    """The requests that a conversation makes."""
    requests = []
    prepare = Assistant.prepare

    def prepare_and_note(self, request):
        requests.append(request)
        return prepare(self, request)

    monkeypatch.setattr(Assistant, "prepare", prepare_and_note)
    return requests


def test_follow_ups_go_on_from_the_last_question_that_stood_alone(talk, asked):
    talk("태풍이 오면 무엇을 준비하나요?", "그럼 비용은요?", "기간은요?", "여권을 잃어버렸어요", "그건 어디서 하나요?")
    assert [request.question for request in asked] == [
        "태풍이 오면 무엇을 준비하나요?",
        "태풍이 오면 무엇을 준비하나요? 그럼 비용은요?",
        "태풍이 오면 무엇을 준비하나요? 기간은요?",
        "여권을 잃어버렸어요",
        "여권을 잃어버렸어요 그건 어디서 하나요?",
    ]


def test_the_number_of_an_offered_title_answers_the_last_question_from_that_post_as_often_as_wanted(talk, asked):
    said = talk(WEAKLY_MATCHED[0], "1", "1")
    offered = re.findall(r"offered: (.+) \(raw", said.err)
    assert re.findall(r"source: (.+) \(raw", said.err) == [offered[0]] * 2
    assert [request.question for request in asked] == [WEAKLY_MATCHED[0]] * 3


def test_a_number_that_no_title_has_is_a_question(talk, asked):
    talk("7")
    assert asked[0].question == "7" and asked[0].document is None


def test_the_sources_of_the_last_answer_can_be_read(talk):
    said = talk("/sources", "태풍이 오면 무엇을 준비하나요?", "/sources")
    assert "(no document)" in said.err
    assert said.err.count("source: 태풍이 올 때 준비할 일 (raw.txt, line ") == 2
    assert "태풍 신호가 3호 이상이면 학교와 관공서가 쉽니다." in said.err.split("source: ")[-1]


def test_temperature_and_seed_can_be_changed(talk):
    question = "여권을 잃어버렸어요"
    how = {"form": "free", "max_new_tokens": 60}
    lines = ("/temp 0", question, "/seed 5", question, "/temp 1.5", question, "/seed 6", question, "/seed 5", question)
    outputs = ["", *(talk(*lines[: 2 * count], **how).out for count in range(1, 6))]
    answers = [after.removeprefix(before) for before, after in itertools.pairwise(outputs)]
    assert answers[0] == answers[1] != answers[2] != answers[3]
    assert answers[4] == answers[2]


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("/temp warm", "TEMPERATURE stays 0.3: "),
        ("/temp -1", "TEMPERATURE stays 0.3: "),
        ("/temp nan", "TEMPERATURE stays 0.3: "),
        ("/seed 1.5", "SEED stays 1337: "),
        ("/seed -1", "SEED stays 1337: "),
        ("/doc 없는 글.txt", "없는 글.txt: file not found"),
        ("/help", USAGE),
        ("/dok", USAGE),
        ("/", USAGE),
    ],
)
def test_a_command_that_cannot_be_obeyed_is_answered_and_the_conversation_goes_on(talk, command, complaint):
    said = talk(command, "여권을 잃어버렸어요")
    assert complaint in said.err.removeprefix(USAGE)
    assert len(answers_in(said.out)) == 1


@pytest.mark.parametrize("spelling", ["'{}'", '"{}"', "{escaped}", "~/내 글.txt", r"~/내\ 글.txt"])
def test_a_path_may_be_typed_as_a_shell_takes_it(talk, tmp_path, monkeypatch, spelling):
    path = tmp_path / "내 글.txt"
    path.write_text("면허 갱신\n사진 두 장을 가져오세요.", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    said = talk("/DOC " + spelling.format(path, escaped=str(path).replace(" ", r"\ ")), "사진은요?", "/doc")
    assert f"(answering from {path})" in said.err and "사진 두 장을 가져오세요." in said.out
    assert "(answering from your own text)" in said.err


def test_a_quotation_mark_in_the_name_of_a_file_is_one(talk, tmp_path):
    path = tmp_path / "it's.txt"
    assert f"{path}: file not found" in talk(f"/doc {path}").err
    path.write_text("사진 두 장을 가져오세요.", encoding="utf-8")
    assert f"(answering from {path})" in talk(f"/doc {path}").err


@pytest.mark.parametrize("word", ["exit", "quit", "종료", "Exit", "/exit"])
def test_a_word_alone_ends_the_conversation(talk, word):
    said = talk(f" {word} ", "여권을 잃어버렸어요")
    assert said.out == "" and said.err.count("\n> ") == 1


def test_a_question_that_begins_with_such_a_word_is_answered(talk):
    assert len(answers_in(talk("종료 전에 분실 신고는 어디에 하나요?").out)) == 1
    assert talk("종료 신고는 어디에 하나요?").out.startswith(NOT_FOUND)


def test_temperature_and_seed_can_be_seen(talk):
    said = talk("/temp", "/temp 0.7", "/temp", "/seed")
    shown = re.findall("[A-Z]+ is .+", said.err)
    assert shown == ["TEMPERATURE is 0.3", "TEMPERATURE is 0.7", "SEED is 1337"]


def test_a_document_that_cannot_be_read_leaves_the_one_before_in_its_place(talk, tmp_path):
    path = tmp_path / "글.txt"
    path.write_text("면허 갱신\n사진 두 장을 가져오세요.", encoding="utf-8")
    (tmp_path / "사진.jpg").write_bytes(bytes(range(256)) * 8)
    too_long = "가" * 300
    said = talk(f"/doc {path}", f"/doc {tmp_path}", f"/doc {tmp_path / '사진.jpg'}", f"/doc {too_long}", "사진은요?")
    assert f"{tmp_path}: it is a folder" in said.err and f"{tmp_path / '사진.jpg'}: this is not text" in said.err
    assert f"{too_long}: file not found" in said.err
    assert "사진 두 장을 가져오세요." in said.out


def test_a_question_that_is_too_long_is_refused_and_the_conversation_goes_on(talk, raw_text):
    said = talk(" ".join(raw_text.split()), "여권을 잃어버렸어요")
    assert "tokens are too many" in said.err and len(answers_in(said.out)) == 1


def test_ctrl_c_stops_the_answer_or_the_line_and_not_the_program(talk, monkeypatch):
    whole = Assistant.write
    stops = iter([3, 10**9])

    def write(self, prepared):
        stop = next(stops)
        for number, piece in enumerate(whole(self, prepared)):
            if number == stop:
                raise KeyboardInterrupt
            yield piece

    monkeypatch.setattr(Assistant, "write", write)
    said = talk("여권을 잃어버렸어요", KeyboardInterrupt(), "여권을 잃어버렸어요")
    stopped, answered = answers_in(said.out)
    assert answered.startswith(stopped.rstrip("\n")) and len(stopped) < len(answered)
    assert said.err.count("(stopped; exit ends the program)") == 2


# --- Without a question ---


def test_without_question_document_and_terminal_a_question_is_asked_for(built_house, monkeypatch):
    for stdin in (None, io.StringIO("")):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(StepError, match="QUESTION"):
            built_house.run("05", question="  ")


# --- The real program ---


def command(house, **changes) -> list[str]:
    return [sys.executable, str(ROOT / "05_generate.py"), *house.flags("05", **changes)]


def ask(house, stdin, **changes) -> subprocess.CompletedProcess:
    """Ask the real program with a file, or these bytes through a pipe, on standard input."""
    source = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    return subprocess.run(
        command(house, **{"max_new_tokens": 150, **changes}), **source, capture_output=True, timeout=300
    )


NOTICE = "\n면허 갱신\n사진 두 장을 가져오세요.\n"


def test_text_on_standard_input_is_the_document_from_a_pipe_and_from_a_file(built_house, tmp_path):
    path = tmp_path / "글.txt"
    path.write_text(NOTICE, encoding="utf-8")
    with open(path, "rb") as file:
        answers = [ask(built_house, NOTICE.encode()), ask(built_house, file)]
    for answer in answers:
        assert "사진 두 장을 가져오세요." in answer.stdout.decode()
        assert "source: 면허 갱신 (standard input, line 2)" in answer.stderr.decode()


def test_a_file_that_a_loop_takes_its_questions_from_is_left_to_it(built_house, tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text("여권을 잃어버렸어요\n태풍이 오면 무엇을 준비하나요?\n", encoding="utf-8")
    loop = 'while read -r question; do "$@" --question "$question"; done'
    with open(path, "rb") as file:
        shell = ["sh", "-c", loop, "sh", *command(built_house, question="", max_new_tokens=150)]
        answers = subprocess.run(shell, stdin=file, capture_output=True, timeout=300)
    assert re.findall("source: (.+) \\(", answers.stderr.decode()) == [*PASSPORT, "태풍이 올 때 준비할 일"]


def test_a_closed_book_answer_does_not_read_standard_input(built_house):
    answer = ask(built_house, NOTICE.encode(), closed_book=True)
    assert answer.returncode == 0 and "standard input" not in answer.stderr.decode()


def test_doc_path_can_name_standard_input_and_waits_for_it(built_house):
    asking = subprocess.Popen(
        command(built_house, doc_path="-", max_new_tokens=150),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(2.5)  # longer than it would wait for what was not asked for
    answer, errors = asking.communicate(NOTICE.encode(), 300)
    assert "사진 두 장을 가져오세요." in answer.decode()
    assert errors.decode() == "source: 면허 갱신 (standard input, line 2)\n"


@pytest.mark.parametrize("content", [b"", b" \n", bytes(range(256)) * 8], ids=["empty", "white space", "binary"])
def test_standard_input_without_text_is_refused_where_it_was_named(built_house, content):
    answer = ask(built_house, content, doc_path="-")
    assert answer.returncode == 2
    assert re.fullmatch("standard input: .+\n", answer.stderr.decode())
    assert "put your text there" not in answer.stderr.decode()


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1", "utf-8:strict"])
def test_an_answer_comes_in_any_locale(built_house, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    answer = ask(built_house, b"", question="여권을 잃어버렸어요")
    assert answer.returncode == 0 and answer.stdout.decode().startswith(HEADINGS[0])
    assert "source: 마닐라에서 여권을 잃어버렸을 때" in answer.stderr.decode()


def test_bytes_that_are_no_letter_do_not_end_a_conversation(built_house, open_terminal):
    terminal = open_terminal(command(built_house, question="", max_new_tokens=150), columns=80, encoding="utf-8:strict")
    terminal.type("")
    os.write(terminal.master, b"\xff\xfe ")
    assert HEADINGS[0] in terminal.type("여권을 잃어버렸어요\r")
    code, errors = terminal.close()
    assert code == 0 and "Traceback" not in errors


def test_a_piped_answer_is_plain_and_a_reader_that_leaves_early_is_no_error(built_house):
    many = command(built_house, form="free", temperature=1.5, max_new_tokens=300)
    generating = subprocess.Popen(many, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    generating.stdout.close()  # as `| head -1` does when it has its line
    errors = generating.stderr.read().decode()
    generating.stderr.close()
    assert generating.wait(60) == 0
    assert "Traceback" not in errors and "BrokenPipe" not in errors


class Terminal:
    """The program at a terminal of some columns; its standard error goes to a pipe."""

    def __init__(self, arguments: list[str], columns: int, encoding: str):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))
        # The terminal becomes the one whose Ctrl-C is for this program, and the program heeds it: one that was
        # started from a shell's background job would inherit that it does not.
        take_it = (
            "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", take_it, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "TERM": "dumb", "PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"},
        )
        os.close(slave)

    def type(self, keys: str) -> str:
        """What appears up to the next prompt."""
        shown, until = b"", time.monotonic() + 60
        while not shown.endswith(b"> ") and time.monotonic() < until:
            os.write(self.master, keys.encode())
            while not shown.endswith(b"> ") and select.select([self.master], [], [], 1)[0]:
                shown += os.read(self.master, 4096)
            keys = keys if keys == "\x03" else ""  # one that comes before the line editor is ready may be lost
        assert shown.endswith(b"> "), shown.decode(errors="replace")
        return shown.decode(errors="replace")  # a narrow line may be shown again from inside a letter

    def close(self) -> tuple[int, str]:
        """Press Ctrl-D; return the exit code and what was written to standard error."""
        os.write(self.master, b"\x04")
        errors = self.process.stderr.read().decode()
        code = self.process.wait(60)
        os.close(self.master)
        return code, errors


@pytest.fixture
def open_terminal():
    """Run a program at a terminal; it ends with the test, however that ends."""
    opened = []

    def open_terminal(arguments, columns, encoding="utf-8"):
        opened.append(Terminal(arguments, columns, encoding))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.process.kill()
        terminal.process.wait()
        terminal.process.stderr.close()


def test_at_a_narrow_terminal_questions_are_asked_at_a_prompt_and_headings_are_bold(built_house, open_terminal):
    terminal = open_terminal(command(built_house, question="", max_new_tokens=150), columns=20)
    terminal.type("")
    shown = terminal.type("여권을 잃어버렸어요\r")
    assert [heading for heading in HEADINGS if f"\033[1m{heading}\033[0m\r\n" in shown] == list(HEADINGS)
    assert "Traceback" not in terminal.type("/nonsense\r") + terminal.type("\x03") + terminal.type("/seed x\r")
    code, errors = terminal.close()
    assert code == 0 and "Traceback" not in errors
    assert "source: 마닐라에서 여권을 잃어버렸을 때 (raw.txt, line 1)" in errors
    assert "(stopped; exit ends the program)" in errors and "SEED stays 1337" in errors
    assert errors.count("Type a question") == 2
    assert not re.search("\033", errors)
