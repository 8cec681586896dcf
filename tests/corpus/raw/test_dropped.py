"""dropped.txt: which posts step 01 left out, and why."""

import json

from corpus.raw.dropped import EXPLANATION, NOTHING, SHOWN_CHARACTERS
from corpus.raw.titles import first_words

POSTS = """\
[공지] 관광비자 연장 안내
무비자로 들어오면 30일 동안 머물 수 있고, 그 뒤에는 이민국에서 29일을 더 연장합니다. 만료일 일주일 전에 신청하는 편이 안전합니다.
여권 원본과 사본을 창구에 내고, 수수료를 낸 뒤에 영수증을 받으세요. 체류 기간을 넘기면 벌금이 붙습니다.
----------
아이가 밤에 열이 39도까지 올라서 세부의 큰 병원 응급실로 갔습니다. 접수할 때 보증금을 먼저 내야 하니 현금을 챙겨 가세요. 보험금을 청구하려면 진단서와 영수증 원본을 꼭 받아야 합니다.
----------
무직자 당일대출 무심사 24시간 상담 환영! 카톡 loan_example 지금 바로 상담하세요
----------
아이가 밤에 열이 39도까지 올라서 세부의 큰 병원 응급실로 갔습니다. 접수할 때 보증금을 먼저 내야 하니 현금을 챙겨 가세요. 보험금을 청구하려면 진단서와 영수증 원본을 꼭 받아야 합니다.
----------
(펌) 도움이 될 것 같아 올립니다
무비자로 들어오면 30일 동안 머물 수 있고, 그 뒤에는 이민국에서 29일을 더 연장합니다. 만료일 일주일 전에 신청하는 편이 안전합니다.
여권 원본과 사본을 창구에 내고, 수수료를 낸 뒤에 영수증을 꼭 받으세요. 체류 기간을 넘기면 벌금이 붙습니다.
"""


def prepare(house, text: str) -> list[str]:
    """Run step 01; return the entries of dropped.txt."""
    house.raw.write_text(text, encoding="utf-8")
    house.run("01")
    content = house.dropped.read_text(encoding="utf-8")
    assert content.startswith(EXPLANATION)
    return content.removeprefix(EXPLANATION).strip().split("\n\n")


def test_each_post_left_out_is_listed_in_the_order_of_the_text_with_the_reason(new_house, capsys):
    advertising, same, nearly = (entry.split("\n") for entry in prepare(new_house, POSTS))
    assert advertising[0].startswith("raw.txt, line 7: 무직자 당일대출 무심사 24시간 상담 환영!")
    assert "광고 (advertising): 무직자, 당일대출, 무심사" in advertising[2]
    assert same[0].startswith("raw.txt, line 9: 아이가 밤에 열이 39도까지 올라서")
    assert same[1] == f"크기(size): {len(POSTS.splitlines()[8].encode())} bytes"
    assert same[2].endswith("(the same as an earlier post)")
    assert same[3].startswith("원본(original): raw.txt, line 5: 아이가 밤에 열이 39도까지 올라서")
    assert nearly[2] == "이유(reason): 먼저 나온 글과 76% 같음 (nearly the same as an earlier post, 76%)"
    assert nearly[3] == "원본(original): raw.txt, line 1: 관광비자 연장 안내"
    assert nearly[4:6] == [f"  | {line}" for line in POSTS.splitlines()[10:12]]
    report = capsys.readouterr().out.splitlines()
    listed = [line.split()[0] for line in report if line.endswith(f", listed in {new_house.dropped}")]
    assert listed == ["duplicate", "advertising"]


def test_of_a_long_post_only_the_beginning_is_shown(new_house):
    long = " ".join(f"{number}번째 날에는 마닐라에서 바기오로 가는 버스를 탔습니다." for number in range(100))
    (entry,) = prepare(new_house, f"{long}\n----------\n{long}")
    shown = entry.split("  | ")[1]
    assert shown.endswith(" …") and long.startswith(shown[:-2]) and len(shown) > SHOWN_CHARACTERS - 20
    assert len(shown) <= SHOWN_CHARACTERS + 2


def test_where_nothing_was_left_out_the_file_says_so(new_house, capsys):
    assert prepare(new_house, POSTS.partition("무직자")[0]) == [NOTHING.strip()]
    assert "listed in" not in capsys.readouterr().out


def test_it_is_an_artifact_like_the_samples(new_house):
    prepare(new_house, POSTS)
    entries = json.loads(new_house.manifest.read_text(encoding="utf-8"))
    assert entries["dropped.txt"]["size"] == new_house.dropped.stat().st_size
    assert entries["dropped.txt"]["inputs"] == entries["samples.txt"]["inputs"]
    new_house.raw.write_text("여권", encoding="utf-8")
    new_house.complaint("01")  # everything is as it was


def test_first_words_are_cut_at_a_word():
    assert first_words("여권 사진은\n두 장입니다.") == "여권 사진은 두 장입니다."
    assert first_words("여권을 잃어버리면 먼저 가까운 경찰서에 가세요.", 20) == "여권을 잃어버리면 먼저 가까운…"
    assert first_words("가" * 50, 20) == "가" * 19 + "…"
