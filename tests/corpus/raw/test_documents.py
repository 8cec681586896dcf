"""Posts become documents that are short enough, and no word is lost on the way."""

from corpus.raw.documents import cut_documents, cut_text
from corpus.raw.normalization import normalize
from corpus.raw.posts import Post
from corpus.raw.sentences import split_sentences

from hypothesis import example, given, settings
from hypothesis import strategies as st

PASSPORT = "말라테에서 지갑과 여권을 잃어버렸습니다.\n먼저 경찰서에서 분실 신고서를 받으세요."
VISA = "무비자로 들어오면 30일 동안 머물 수 있습니다.\n그 뒤에는 이민국에서 연장하세요."
LONG_POST = "\n".join(
    f"{number}번째로 다녀온 이민국 이야기입니다. 창구가 바뀌었으니 확인하세요." for number in range(9)
)


def test_a_short_post_is_one_document():
    post = Post("raw.txt", 7, ("[여권] 여권을 잃어버렸을 때", *PASSPORT.split("\n")))
    (document,) = cut_documents(post, 3, 800)
    assert (document.source, document.line, document.post, document.part) == ("raw.txt", 7, 3, 0)
    assert document.title == "여권을 잃어버렸을 때"
    assert document.text == "\n".join(post.lines)


def test_the_parts_of_a_long_post_are_numbered_and_share_its_title():
    post = Post("raw.txt", 1, ("이민국 이야기", *LONG_POST.split("\n")))
    parts = cut_documents(post, 0, 120)
    assert [document.part for document in parts] == list(range(len(parts))) and len(parts) > 2
    assert {document.title for document in parts} == {"이민국 이야기"}
    assert all(len(document.text) <= 120 for document in parts)


def test_text_is_cut_between_paragraphs_where_it_can_be():
    paragraph = "이민국은 아침 여덟 시에 문을 엽니다. 번호표를 뽑고 기다리세요."
    assert cut_text("\n\n".join([paragraph] * 4), 90) == [f"{paragraph}\n\n{paragraph}"] * 2


def test_text_without_paragraphs_is_cut_between_sentences():
    sentences = [f"{number}번 창구에 신청서를 내고 영수증을 받으세요." for number in range(30)]
    pieces = cut_text(" ".join(sentences), 150)
    assert [sentence for piece in pieces for sentence in split_sentences(piece)] == sentences
    assert all(piece.endswith("받으세요.") for piece in pieces)


def test_a_heading_is_not_cut_off_from_what_it_announces():
    text = f"{PASSPORT} {VISA}\n준비물:\n여권 원본과 사본 두 장, 사진 두 장을 흰 종이에 붙여서 내야 합니다."
    for limit in range(40, len(text)):
        assert not any(piece.endswith("준비물:") for piece in cut_text(text, limit)[:-1])


def test_the_last_piece_is_no_scrap():
    sentences = " ".join("비자는 이민국에서 연장하세요." for _ in range(100))
    for limit in range(100, 400, 7):
        pieces = cut_text(sentences, limit)
        assert min(map(len, pieces)) > limit // 4


WORDS = st.text(st.sampled_from("가나다라마 바사.,다:\n a1😀"), max_size=200)


@given(st.one_of(WORDS, st.text(max_size=200).map(normalize)), st.integers(20, 120))
@example("가" * 19 + " 나", 20)
@settings(max_examples=500, deadline=None)
def test_pieces_are_short_enough_and_hold_every_word(text, limit):
    pieces = cut_text(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    if all(len(word) <= limit for word in text.split()):
        assert [word for piece in pieces for word in piece.split()] == text.split()
    else:
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_only_a_word_longer_than_a_piece_is_cut():
    word = "https://embahada.example/" + "a" * 130
    pieces = cut_text(f"여권 안내는 {word} 에 있습니다", 50)
    assert "".join(pieces).replace(" ", "") == f"여권안내는{word}에있습니다"
    assert all(len(piece) <= 50 for piece in pieces)
    assert pieces[-1].split()[1:] == ["에", "있습니다"]
