"""Which posts become samples: not those that were there before, and not those that only sell."""

import io
import random

from corpus.extraction.advertising import find_advertising
from corpus.raw import duplicates
from corpus.raw.duplicates import DuplicateFinder, Finding
from corpus.raw.posts import Post

import pytest

STORY = """마닐라 공항에서 지갑을 잃어버린 이야기입니다. 택시에서 내릴 때 분명히 가방에 넣었는데 출국장에서 보니 없었습니다.
공항 경찰에게 말하니 분실 신고서를 써 주었고, 신고서 사본은 보험 청구에 필요하니 꼭 받아 두라고 했습니다.
카드는 그 자리에서 한국 고객센터에 전화해서 정지했습니다. 현금은 돌아오지 않았지만 신분증은 사흘 뒤에 찾았습니다.
다음부터는 여권 사본을 휴대폰에 넣어 두고, 현금은 두 곳에 나누어 가지고 다니려고 합니다. 다들 조심하세요."""
OTHER = """바기오에서 방을 구할 때는 우기에 곰팡이가 피는 집인지 먼저 보세요. 햇빛이 드는 방향과 창문 틈을 살피고,
전기 온수기가 있는지 물어보십시오. 보증금은 보통 두 달 치이고 계약서는 공증을 받아 두는 편이 안전합니다."""


NOTICE = """[안내] {branch} 영업 시간 안내
{branch}은 월요일부터 금요일까지 오전 9시에 열고 오후 6시에 닫습니다. 토요일은 오후 1시까지만 합니다.
항공권을 찾으러 오실 때에는 여권과 예약 번호를 꼭 가져오세요. 환불은 출발 3일 전까지만 됩니다.
주차는 건물 지하에 하시고 주차권을 받아 가세요. 점심시간에는 기다리실 수 있습니다. 문의: {phone}"""
DIARY = """{date}
날씨: {weather}
오늘 한 일: {done}
오늘 가장 고마웠던 사람과 그 사람에게 하고 싶은 말: {thanks}
내일 꼭 해야 할 일과 그 일을 해야 하는 까닭: {plan}
잠들기 전에 나에게 해 주고 싶은 한마디: {word}"""
WEATHERS = ("아침부터 맑고 더움", "오후에 소나기", "하루 종일 흐림", "바람이 많이 붐")
DEEDS = (
    "도서관에 가서 빌린 책을 돌려주고 왔다",
    "시장에서 생선과 채소를 사서 찌개를 끓였다",
    "이민국에 가서 서류를 내고 한참 기다렸다",
    "아이와 공원에서 자전거를 타고 놀았다",
)
THANKS = (
    "길을 알려 준 경비 아저씨에게 고맙다고",
    "국을 나눠 준 옆집 언니에게 잘 먹었다고",
    "전화해 준 동생에게 보고 싶다고",
)
PLANS = ("은행에 들러 통장을 정리하기, 미루면 잊으니까", "창문 방충망을 고치기, 모기가 들어오니까")
WORDS = ("오늘도 애썼다, 푹 자자", "서두르지 말고 천천히 가자", "괜찮다, 다들 그렇게 배운다")


def findings(*texts: str) -> list[Finding]:
    finder = DuplicateFinder(io.BytesIO())
    return [finder.add(Post("raw.txt", line, tuple(text.split("\n")))) for line, text in enumerate(texts)]


def families(*texts: str) -> list[int | None]:
    """The family of each post; None for a copy."""
    return [None if finding.original else finding.family for finding in findings(*texts)]


def diary(count: int) -> list[str]:
    """Entries of different days, whose every answer was given on other days too."""
    chance = random.Random(7)
    choices = {"weather": WEATHERS, "done": DEEDS, "thanks": THANKS, "plan": PLANS, "word": WORDS}
    return [
        DIARY.format(
            date=f"{1 + day // 28}월 {1 + day % 28}일", **{name: chance.choice(of) for name, of in choices.items()}
        )
        for day in range(count)
    ]


def test_a_post_that_was_there_before_is_a_copy():
    assert families(STORY, OTHER, STORY) == [0, 1, None]


def test_white_space_makes_no_difference():
    assert families(STORY, STORY.replace(" ", "  ").replace("\n", "\n\n")) == [0, None]


@pytest.mark.parametrize(
    "repost",
    [
        "(펌) 도움이 될 것 같아 올립니다\n" + STORY.replace("사흘", "나흘") + "\n출처: 단톡방",
        "네이버 카페에서 퍼온 글입니다. 저도 읽고 많이 배웠어요.\n\n" + STORY,
        STORY.replace("다들 조심하세요.", "모두 건강하세요!"),
        " ".join(STORY.split("\n")),
        "\n".join(f"> {line}" for line in STORY.replace(". ", ".\n").split("\n")),
        "\n".join(STORY.split("\n")[:3]),
    ],
    ids=["edited", "quoted", "another greeting", "one line", "quotation marks", "without its end"],
)
def test_a_repost_with_small_edits_is_a_copy_of_the_one_post(repost):
    *_, finding = findings(OTHER, STORY, repost)
    assert finding.original == Post("raw.txt", 1, tuple(STORY.split("\n")))
    assert finding.share >= 0.7


def test_the_greeting_of_a_repost_may_be_another():
    greeted = "안녕하세요, 마닐라 사는 두리맘입니다. 처음으로 글을 써 봅니다.\n" + STORY
    assert families(greeted, "다들 잘 지내시죠? 오랜만에 들어온 새댁이에요.\n" + STORY) == [0, None]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ({"branch": "마카티점", "phone": "02-0000-1111"}, {"branch": "마카티점", "phone": "02-0000-2222"}),
        ({"branch": "마카티점", "phone": "카톡으로"}, {"branch": "세부점", "phone": "카톡으로"}),
        ({"branch": "한빛여행", "phone": "카톡으로"}, {"branch": "새벽투어", "phone": "카톡으로"}),
    ],
    ids=["telephone number", "branch", "name in the title and the text"],
)
def test_notices_that_differ_only_in_whom_they_are_about_are_relatives(name, other):
    assert families(NOTICE.format(**name), NOTICE.format(**other)) == [0, 0]
    long = OTHER + "\n" + STORY * 3  # so long that its shingles are sampled
    assert families(f"{NOTICE.format(**name)}\n{long}", f"{NOTICE.format(**other)}\n{long}") == [0, 0]


@pytest.mark.parametrize("date", ["3월 5일 화요일", "3월 4일 수요일"])
def test_posts_that_differ_only_in_a_date_are_relatives(date):
    notice = f"{OTHER}\n모임은 {{}}에 한인회관 이층에서 열립니다. 차를 가져오지 마세요."
    assert families(notice.format("3월 4일 화요일"), notice.format(date)) == [0, 0]
    assert families(f"3월 4일 화요일\n{STORY}", f"{date}\n{STORY}") == [0, 0]


@pytest.mark.parametrize(
    "addition",
    [
        "한인회 마카티지부에서 옮긴 글입니다.\n{story}",
        "{story}\n(문제점이 있으면 알려 주세요)",
        STORY.replace("이야기입니다", "이야기예요").replace("택시에서", "택시서"),
    ],
    ids=["a source with the name of a branch", "a note", "other endings"],
)
def test_what_only_says_where_a_post_comes_from_makes_no_other_post(addition):
    assert families(STORY, addition.format(story=STORY)) == [0, None]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("카드는 그 자리에서", "카드는 할림바와은행 파사이지점에서"),
        ("꼭 받아 두라고 했습니다.", "꼭 받아 두라고 했습니다. 경찰서가 멀면 공항 안내소에서도 같은 서류를 써 줍니다."),
        (WORDS[-1], WORDS[-1] + "\n" + OTHER),
    ],
    ids=["a branch", "a statement inside", "a long text at the end"],
)
def test_a_repost_that_says_something_new_is_a_relative(old, new):
    long = STORY + "\n" + "\n".join(DEEDS + THANKS + PLANS + WORDS)
    assert families(long, long.replace(old, new)) == [0, 0]


def test_a_small_edit_may_be_a_word_that_only_sounds_like_a_branch():
    text = STORY + "\n돌아와서 보니 이런 절차의 불편함을 미리 알았더라면 좋았겠습니다."
    assert families(text, text.replace("불편함을", "문제점을")) == [0, None]


def test_the_same_edit_twice_in_the_text_is_still_a_small_edit():
    assert families(STORY, STORY.replace("신고서", "접수증")) == [0, None]


def test_entries_of_a_diary_with_the_same_headings_are_different_posts():
    assert None not in families(*diary(100))


def test_a_post_put_together_from_pieces_of_several_relatives_is_a_copy_of_none():
    lines = [*STORY.split("\n"), *OTHER.split("\n")]
    relatives = ["\n".join(lines[:3]), "\n".join([*lines[:1], *lines[3:5]]), "\n".join([*lines[:1], *lines[4:]])]
    assert families(*relatives) == [0, 0, 0]
    assert families(*relatives, "\n".join([lines[1], lines[3], lines[5]]))[-1] == 0
    assert families(*relatives, relatives[1])[-1] is None


def test_copies_are_found_among_many_relatives():
    entries = diary(100)
    *earlier, exact, edited = findings(*entries, entries[3], f"(펌) 옛 일기를 옮겨 적습니다\n{entries[42]}")
    assert not any(finding.original for finding in earlier)
    assert (exact.original.line, exact.exact) == (3, True)
    assert (edited.original.line, edited.exact) == (42, False)


def test_a_post_keeps_its_shingles_when_others_quote_it():
    quotes = [f"{text}\n{STORY}\n{text[::-1]}" for text in (OTHER, OTHER[::2], OTHER[1::2])]
    *_, finding = findings(STORY, *quotes, STORY + "\n(퍼온 글)")
    assert finding.original.line == 0


def test_an_extract_of_a_long_post_is_not_a_copy():
    assert families(f"{STORY}\n{OTHER}", "카드는 그 자리에서 한국 고객센터에 전화해서 정지했습니다.") == [0, 0]


def test_signs_without_words_are_compared_as_they_are():
    assert families("♡ ♡ ♡", "★ ★ ★", "♡ ♡ ♡") == [0, 1, None]


def test_memory_for_posts_is_a_few_bytes_each():
    finder = DuplicateFinder(io.BytesIO())
    for number, text in enumerate(diary(50)):
        finder.add(Post("raw.txt", number, (text,)))
    held = sum(len(values) * values.itemsize for values in (finder.families, finder.positions))
    assert held <= 50 * 16


def test_copies_are_still_found_when_the_table_is_full(monkeypatch):
    monkeypatch.setattr(duplicates, "TABLE_SLOTS", 1 << 9)
    others = [f"{number}번째 이야기 {OTHER[number:]}" for number in range(3)]
    assert families(STORY, *others, STORY)[-1] is None


def test_a_post_that_shares_a_part_is_a_relative_and_no_copy():
    half = "\n".join(STORY.split("\n")[:2]) + "\n" + OTHER
    assert families(STORY, half) == [0, 0]


@pytest.mark.parametrize(
    ("part", "other"),
    [("마카티 지점은", "세부 지점은"), ("아홉 시에", "열 시에"), ("sky@bank.example", "sea@bank.example")],
)
def test_notices_whose_branch_time_or_contact_differs_are_relatives(part, other):
    notice = (
        "할림바와 은행 마카티 지점은 월요일부터 금요일까지 오전 아홉 시에 열고 오후 세 시에 닫습니다. 통장을 만들려면 여권과 체류 "
        "카드를 가져오세요. 주차는 건물 뒤에 하세요. 문의는 메일 sky@bank.example 앞으로 보내시면 됩니다."
    )
    assert families(notice, notice.replace(part, other)) == [0, 0]


def test_short_posts_that_differ_are_both_kept():
    assert None not in families("관광비자 연장은 만료 일주일 전에", "관광비자 연장은 만료 한 달 전에")


def test_an_offer_that_says_how_to_pay_for_it_is_advertising():
    loan = find_advertising("무직자 당일대출 무심사 24시간 상담 환영! 카톡 loan_example 지금 바로 상담하세요")
    assert loan == "무직자, 당일대출, 무심사, 24시간상담, 지금바로상담"
    assert find_advertising("바카라 토토사이트 첫충 꽁머니 지급, 가입코드 7777 www.win.example")


def test_a_warning_of_such_offers_is_a_post():
    assert not find_advertising(
        "당일대출, 무심사, 고수익 보장이라는 광고는 사기입니다. 카톡으로 연락이 오면 신고하세요. 저도 피해를 봤습니다."
    )


def test_nothing_but_links_is_advertising():
    assert find_advertising("https://a.example/1 https://b.example/2\nhttps://c.example/3").startswith("https://a.ex")
    assert not find_advertising(STORY + "\nhttps://a.example/1")


def test_copies_and_advertising_are_counted_and_their_kin_stay_on_one_side(new_house, capsys):
    half = "\n".join(STORY.split("\n")[:2]) + "\n" + OTHER
    advertising = "무직자 당일대출 무심사 24시간 상담 환영! 카톡 loan_example 지금 바로 상담하세요"
    new_house.raw.write_text("\n----------\n".join([STORY, advertising, half, STORY]), encoding="utf-8")
    new_house.run("01")
    report = capsys.readouterr().out
    assert report.count("in 2 posts") == 1 and report.count("in 1 posts") == 2
    samples = new_house.samples.read_text(encoding="utf-8")
    assert "loan_example" not in samples
    assert samples.count('{"family": 0') == samples.count("### {")


def test_contacts_can_be_left_to_the_lookup_table(new_house):
    new_house.raw.write_text(
        STORY + "\n\n공항 분실물 센터 전화: 02-0000-1234\n주소: 12 Halimbawa St., Pasay City\n", encoding="utf-8"
    )
    new_house.run("01", contacts="placeholder")
    text = new_house.samples.read_text(encoding="utf-8")
    assert "TEL: <TEL>" in text and "ADDR: <ADDR>" in text and "0000-1234" not in text and "Halimbawa" not in text
    assert "02-0000-1234" in new_house.contacts.read_text(encoding="utf-8")
