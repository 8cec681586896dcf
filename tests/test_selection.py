"""Which posts become samples: not those that were there before, and not those that only sell."""

import importlib

from corpus.advertising import is_advertising
from corpus.duplicates import DuplicateFinder

STORY = """마닐라 공항에서 지갑을 잃어버린 이야기입니다. 택시에서 내릴 때 분명히 가방에 넣었는데 출국장에서 보니 없었습니다.
공항 경찰에게 말하니 분실 신고서를 써 주었고, 신고서 사본은 보험 청구에 필요하니 꼭 받아 두라고 했습니다.
카드는 그 자리에서 한국 고객센터에 전화해서 정지했습니다. 현금은 돌아오지 않았지만 신분증은 사흘 뒤에 찾았습니다.
다음부터는 여권 사본을 휴대폰에 넣어 두고, 현금은 두 곳에 나누어 가지고 다니려고 합니다. 다들 조심하세요."""
OTHER = """바기오에서 방을 구할 때는 우기에 곰팡이가 피는 집인지 먼저 보세요. 햇빛이 드는 방향과 창문 틈을 살피고,
전기 온수기가 있는지 물어보십시오. 보증금은 보통 두 달 치이고 계약서는 공증을 받아 두는 편이 안전합니다."""


def families(*texts):
    finder = DuplicateFinder()
    return [finder.add(text) for text in texts]


def test_a_post_that_was_there_before_is_a_copy():
    assert families(STORY, OTHER, STORY) == [0, 1, None]


def test_white_space_makes_no_difference():
    assert families(STORY, STORY.replace(" ", "  ").replace("\n", "\n\n")) == [0, None]


def test_a_repost_with_small_edits_is_a_copy():
    edited = "(펌) 도움이 될 것 같아 올립니다\n" + STORY.replace("사흘", "나흘") + "\n출처: 단톡방"
    assert families(STORY, edited) == [0, None]


def test_a_post_that_shares_a_part_is_a_relative_and_no_copy():
    half = "\n".join(STORY.split("\n")[:2]) + "\n" + OTHER
    assert families(STORY, half) == [0, 0]


def test_short_posts_that_differ_are_both_kept():
    assert None not in families("관광비자 연장은 만료 일주일 전에", "관광비자 연장은 만료 한 달 전에")


def test_an_offer_that_says_how_to_pay_for_it_is_advertising():
    assert is_advertising("무직자 당일대출 무심사 24시간 상담 환영! 카톡 loan_example 지금 바로 상담하세요")
    assert is_advertising("바카라 토토사이트 첫충 꽁머니 지급, 가입코드 7777 www.win.example")


def test_a_warning_of_such_offers_is_a_post():
    assert not is_advertising(
        "당일대출, 무심사, 고수익 보장이라는 광고는 사기입니다. 카톡으로 연락이 오면 신고하세요. 저도 피해를 봤습니다."
    )


def test_nothing_but_links_is_advertising():
    assert is_advertising("https://a.example/1 https://b.example/2\nhttps://c.example/3")
    assert not is_advertising(STORY + "\nhttps://a.example/1")


def test_copies_and_advertising_are_counted_and_their_kin_stay_on_one_side(tmp_path, capsys):
    half = "\n".join(STORY.split("\n")[:2]) + "\n" + OTHER
    advertising = "무직자 당일대출 무심사 24시간 상담 환영! 카톡 loan_example 지금 바로 상담하세요"
    raw = tmp_path / "raw.txt"
    raw.write_text("\n----------\n".join([STORY, advertising, half, STORY]), encoding="utf-8")
    samples = tmp_path / "samples.txt"
    importlib.import_module("01_prepare_samples").main(
        ["--raw-path", str(raw), "--samples-path", str(samples), "--contacts-path", str(tmp_path / "contacts.json")]
    )
    report = capsys.readouterr().out
    assert report.count("in 2 posts") == 1 and report.count("in 1 posts") == 2
    assert "loan_example" not in samples.read_text(encoding="utf-8")
    assert samples.read_text(encoding="utf-8").count('{"family": 0') == samples.read_text(encoding="utf-8").count(
        "### {"
    )


def test_contacts_can_be_left_to_the_lookup_table(tmp_path, capsys):
    raw = tmp_path / "raw.txt"
    raw.write_text(
        STORY + "\n\n공항 분실물 센터 전화: 02-0000-1234\n주소: 12 Halimbawa St., Pasay City\n", encoding="utf-8"
    )
    samples, contacts = tmp_path / "samples.txt", tmp_path / "contacts.json"
    main = importlib.import_module("01_prepare_samples").main
    paths = ["--raw-path", str(raw), "--samples-path", str(samples), "--contacts-path", str(contacts)]
    main([*paths, "--contacts", "placeholder"])
    text = samples.read_text(encoding="utf-8")
    assert "TEL: <TEL>" in text and "ADDR: <ADDR>" in text and "0000-1234" not in text and "Halimbawa" not in text
    assert "02-0000-1234" in contacts.read_text(encoding="utf-8")
