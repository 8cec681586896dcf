"""The contacts of a text, each with its owner."""

from corpus.extraction.contacts import find_contacts
from corpus.raw.normalization import normalize, standardize_labels

from hypothesis import given, settings
from hypothesis import strategies as st


def contacts_of(text: str, title: str = "") -> list[tuple[str, str, str]]:
    """(institution, label, value) of each contact in a text as people write it."""
    found = find_contacts(standardize_labels(normalize(text)), title)
    return [(contact.institution, contact.label, contact.value) for contact in found]


def test_one_contact_told_twice_is_one():
    assert len(contacts_of("이민국 02-000-1234\n이민국 02-000-1234")) == 1


PARTS = [
    "이민국",
    " ",
    "\n",
    "☎",
    "TEL: ",
    "02-000-1234",
    "0900",
    "-",
    "(02) 0000-1234",
    "~",
    "KAKAO: ",
    "a_1",
    "WEB: ",
    "ADDR: ",
]
PARTS += [
    "www.embahada.example",
    "에서",
    "a@b.example",
    ",",
    "/",
    "(",
    ")",
    "페소",
    "내선 3",
    "12 Halimbawa Street",
    "EMAIL: ",
    ".",
]


@given(st.one_of(st.lists(st.sampled_from(PARTS), max_size=14).map("".join), st.text(max_size=60)))
@settings(max_examples=500, deadline=None)
def test_whatever_is_found_stands_in_the_text_and_has_an_owner(text):
    for contact in find_contacts(text, "제목"):
        assert contact.value in text and contact.value == contact.value.strip()
        assert contact.institution.strip() and "\n" not in contact.institution
        assert contact.label in {"TEL", "ADDR", "WEB", "KAKAO", "EMAIL"}
