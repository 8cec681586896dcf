"""Whether step 01 takes time in proportion to the text, also for texts that nobody would write.

    python -m benchmarks.growth            # each text in two sizes, one twice the other; fails where time grows faster

Each size is run three times, and the fastest run counts. The limit leaves room for what a small text does not show.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from corpus.extraction.contacts import find_contacts
from corpus.preparation import Tally, prepare_post, select_posts
from corpus.raw.cleaning import clean_lines
from corpus.raw.duplicates import DuplicateFinder
from corpus.raw.posts import split_posts
from corpus.raw.reading import ReadingReport, read_lines
from corpus.template import Template

MOST_GROWTH = 2.5  # twice the size may take so many times as long
RUNS = 3
SENTENCE = "필리핀에서여권을잃어버리면대사관에신고하고사진두장을가져가세요"


def loose_list(size: int) -> str:
    """List items with a blank line between them, as a note-taking program pastes them."""
    return "".join(f"- {number}번 항목을 확인하고 준비해 주세요\n\n" for number in range(size))


def letters(size: int) -> str:
    """A scan whose letters came out one a line."""
    return "".join(SENTENCE[number % len(SENTENCE)] + "\n" for number in range(size))


def one_contact(size: int) -> str:
    """Different posts with the same telephone number."""
    return "".join(
        f"{number}번 소식 {number * 7919 % 99991}\n{number * 31 % 977}호 창구에서 {number * 17 % 991}번 표를 받으세요. "
        "문의는 이민국 02-0000-3317로 하세요.\n----\n"
        for number in range(size)
    )


def nested_tags(size: int) -> str:
    """Tags inside tags."""
    return "안내 " + "<b" * size + ">" * size + "\n비자를 연장하세요.\n"


def open_tags(size: int) -> str:
    """Elements that are never closed."""
    return "<script>여권 <style> 안내 <div" * size + "\n비자를 연장하세요.\n"


def entities(size: int) -> str:
    """An entity that was encoded again and again."""
    return "안내 &" + "amp;" * size + "lt;\n비자를 연장하세요.\n"


def without_spaces(size: int) -> str:
    """A text without spaces or line ends."""
    return SENTENCE * size


def colons(size: int) -> str:
    """Lines that end with a colon, with a blank line between them."""
    return "".join(f"{number}번 준비물은 다음과 같습니다:\n\n" for number in range(size))


def quotation_marks(size: int) -> str:
    """A table with a quotation mark that is not closed."""
    return "번호,제목,내용\n" + "".join(f'{number},"여권,재발급을 신청하세요\n' for number in range(size))


def directory(size: int) -> str:
    """The numbers of many offices, one a line."""
    return "지역 출장소 연락처\n" + "".join(
        f"{number}구역 출장소 TEL: {telephone(number)} (평일)\n" for number in range(size)
    )


def directory_in_one_line(size: int) -> str:
    """Sentences and then the numbers of many offices, without a line end."""
    contacts = "".join(f"{number}구역 출장소 {telephone(number)}, " for number in range(size))
    return "여권을 잃어버린 사람은 가까운 경찰서에 갑니다. " * size + contacts


def ids(size: int) -> str:
    """The names of many people in a messenger, without a line end."""
    return "".join(f"haneul_{number} " for number in range(size))


def telephone(number: int) -> str:
    """A number of its own for each number."""
    return f"02-{number // 10_000:03}-{number % 10_000:04}"


Texts = dict[str, tuple[Callable[[int], str], int]]  # by name: what writes a text, and a size for it
TEXTS: Texts = {
    "loose list": (loose_list, 1_000),
    "one letter a line": (letters, 20_000),
    "posts with one number": (one_contact, 2_000),
    "nested tags": (nested_tags, 20_000),
    "open tags": (open_tags, 10_000),
    "entities": (entities, 50_000),
    "without spaces": (without_spaces, 6_000),
    "lines with a colon": (colons, 1_000),
    "open quotation marks": (quotation_marks, 2_000),
}
# Step 01 cuts a text into short documents; in these its contacts are searched uncut.
UNCUT_TEXTS: Texts = {
    "contacts in lines": (directory, 500),
    "contacts in one line": (directory_in_one_line, 400),
    "ids in one line": (ids, 5_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="some of the texts; all of them without any")
    options = parser.parse_args()
    prepare("여권을 잃어버렸을 때\n대사관에 신고하세요.\n")  # whatever is loaded once
    print(f"{'text':24} {'KB':>7} {'seconds':>8} {'twice':>8} {'growth':>7}")
    failed = []
    for name, (write, size) in (TEXTS | UNCUT_TEXTS).items():
        if options.names and name not in options.names:
            continue
        text = write(size)
        read = find_contacts if name in UNCUT_TEXTS else prepare
        once, twice = fastest(read, text), fastest(read, write(2 * size))
        growth = twice / once
        failed += [name] if growth > MOST_GROWTH else []
        print(f"{name:24} {len(text.encode()) / 1e3:7.0f} {once:8.2f} {twice:8.2f} {growth:7.2f}", flush=True)
    if failed:
        sys.exit(f"more than {MOST_GROWTH} times as long for twice the size: {', '.join(failed)}")


def fastest(read: Callable[[str], object], text: str) -> float:
    """The processor time of reading a text, in seconds."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        read(text)
        times.append(time.process_time() - started)
    return min(times)


def prepare(text: str) -> None:
    """What step 01 does with a text, in one process and without writing files."""
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.txt"
        raw.write_text(text, encoding="utf-8")
        write = partial(
            prepare_post, template=Template.of_style("answer"), max_characters=780, questions=1, keep_contacts=True
        )
        posts = split_posts(clean_lines(read_lines(raw, ReadingReport())))
        for post in select_posts(posts, DuplicateFinder(kept), Tally(), io.StringIO()):
            write(post)


if __name__ == "__main__":
    main()
