"""The office whose number it is, where the words before the number only say which of its numbers."""

from corpus.extraction.answers import extract_answer
from corpus.extraction.contacts import find_contacts
from corpus.raw.documents import Document
from corpus.raw.normalization import normalize, standardize_labels
from corpus.template import Template

import pytest


def owners_and_notes(text: str, title: str = "") -> list[tuple[str, str]]:
    return [(each.institution, each.note) for each in find_contacts(standardize_labels(normalize(text)), title)]


HEADED = """\
■ 대사관
대표 : +63-2-0000-9210
야간 및 휴일 : 0917-000-9219
■ 세부분관
긴급 : 0917-000-1519"""


def test_the_heading_names_the_office_and_the_label_is_a_note():
    assert owners_and_notes(HEADED, "영사콜 및 비상 연락망") == [
        ("대사관", "대표"),
        ("대사관", "야간 및 휴일"),
        ("세부분관", "긴급"),
    ]


@pytest.mark.parametrize(
    ("label", "note"), [("공식 연락처", "공식"), ("야간 & 긴급 연락처", "야간 & 긴급"), ("민원실", "민원실")]
)
def test_the_title_names_the_office_if_no_heading_does(label, note):
    text = f"남부출장소 연락처 공지\n■ {label} : 032-000-1516"
    assert owners_and_notes(text, "남부출장소 연락처 공지") == [("남부출장소", note)]


def test_a_name_of_its_own_stays_the_owner():
    text = "다바오 한인회 소식\n가위소리 0917-000-1234\n우체국: 1588-1300"
    assert [owner for owner, _ in owners_and_notes(text, "다바오 한인회 소식")] == ["가위소리", "우체국"]


@pytest.mark.parametrize(
    "line", ["평일 06-24시 ☎ 02-0000-0770", "전과 같음 02-0000-3636", "영업 14:00~02:00 02-0000-3434"]
)
def test_hours_and_remarks_are_no_owners(line):
    ((owner, _),) = owners_and_notes(f"하늘 체육관 등록 안내\n{line}", "하늘 체육관 등록 안내")
    assert not any(word in owner for word in ("시", "같음", ":"))


def test_a_note_is_written_behind_the_value():
    answer = extract_answer(Document("raw.txt", 1, 0, 0, "연락망", standardize_labels(normalize(HEADED))))
    assert "- 세부분관\n  - TEL: 0917-000-1519 (긴급)" in Template().write_answer(answer)


def test_a_room_below_the_number_of_its_office_is_a_note():
    text = "우리 구 보건소와 지소\n본소(중앙로 12) 051-000-4000\n - 예방접종실 051-000-4012\n동부지소 051-000-4100"
    assert owners_and_notes(text, "우리 구 보건소와 지소") == [("본소", ""), ("본소", "예방접종실"), ("동부지소", "")]


def test_the_office_that_greets_the_reader_is_the_owner_if_nothing_else_names_it():
    text = "수영장 임시 휴장\n안녕하세요, 스카이라인 레지던스입니다.\n바닥 타일을 바꿉니다.\n☎ 02-0000-4417 Lobby"
    assert [owner for owner, _ in owners_and_notes(text, "수영장 임시 휴장")] == ["스카이라인 레지던스"]


@pytest.mark.parametrize(
    "greeting", ["안녕하세요, 이번에 이사 온 사람입니다.", "안녕하세요 다바오에 사는 김하늘입니다"]
)
def test_a_person_who_greets_the_reader_is_no_office(greeting):
    assert [owner for owner, _ in owners_and_notes(f"단수 안내\n{greeting}\n긴급 0917-000-7712", "단수 안내")] == [
        "단수 안내"
    ]


def test_a_mission_that_is_only_called_by_its_kind_is_an_office():
    text = "영사콜 및 비상 연락망\n■ 대사관\n영사과 : +63-2-0000-9213\n야간 및 휴일 : 0917-000-9219"
    assert owners_and_notes(text, "영사콜 및 비상 연락망")[1] == ("대사관", "야간 및 휴일")


def test_a_card_in_a_list_of_people_begins_with_its_name():
    text = "마닐라 통역사 명단\n\n김하늘 통역사\n휴대폰 0917-000-1111\n\n이바다 통역사\n휴대폰 0918-000-2222"
    assert [owner for owner, _ in owners_and_notes(text, "마닐라 통역사 명단")] == ["김하늘 통역사", "이바다 통역사"]


def test_the_town_of_an_address_owns_no_number():
    text = "병원 정보\n접수는 1층에서 하세요.\n☎️ 02-0000-1212 🕘 09:00~18:00 📍 12F Halimbawa Tower, Taguig"
    assert {owner for owner, _ in owners_and_notes(text, "병원 정보")} == {"병원 정보"}
