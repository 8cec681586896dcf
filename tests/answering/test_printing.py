"""What is shown at the terminal while an answer is written."""

from answering.terminal.printing import BoldHeadings
from corpus.template import Template

HEADINGS = Template().headings


def test_headings_and_nothing_else_are_bold_wherever_the_pieces_are_cut():
    text = "요약:\n- 요약: 아님\n체크리스트\n체크리스트:\n\n상세 설명:\n상세 설명: 없음"
    wanted = text
    for line in ("요약:\n", "\n체크리스트:\n", "\n상세 설명:\n"):
        bold = line.replace(line.strip(), f"\033[1m{line.strip()}\033[0m")
        wanted = wanted.replace(line, bold, 1)
    for size in (1, 2, 3, 7, 100):
        bold = BoldHeadings(HEADINGS)
        shown = [bold.add(text[start : start + size]) for start in range(0, len(text), size)]
        assert "".join(shown) + bold.end() == wanted


def test_ordinary_text_is_not_held_back():
    assert BoldHeadings(HEADINGS).add("- ") == "- "


def test_without_headings_to_look_for_every_text_stays_as_it_is():
    bold = BoldHeadings(())
    assert [bold.add("요약:"), bold.add("\n- 여"), bold.end()] == ["요약:", "\n- 여", ""]
