"""What a predicted token belongs to, told from the markers of its row."""

from gpt.training.kinds import KINDS, UNKNOWN, SampleMarkers

import torch

BOS, DOC, END_DOC, ANSWER, END_ANSWER, WORD = range(6)
MARKERS = SampleMarkers(BOS, DOC, END_DOC, ANSWER, END_ANSWER)


def names_of(*tokens: int) -> list[str]:
    kinds = MARKERS.kinds_of(torch.tensor([tokens]))[0].tolist()
    return ["unknown" if kind == UNKNOWN else KINDS[kind] for kind in kinds]


def test_tokens_after_a_marker_belong_to_what_it_begins():
    grounded = (BOS, WORD, DOC, WORD, END_DOC, ANSWER, WORD, END_ANSWER)
    assert names_of(*grounded) == [
        *["question"] * 2,
        *["document"] * 2,
        "question",
        *["grounded"] * 2,
        "question",
    ]


def test_an_answer_is_grounded_only_if_its_own_sample_has_a_document():
    with_document, without = (BOS, DOC, WORD, END_DOC, ANSWER, WORD), (BOS, WORD, ANSWER, WORD, END_ANSWER)
    assert names_of(*with_document, *without)[-5:] == ["question", "question", "closed_book", "closed_book", "question"]
    assert names_of(*without, *with_document)[-2:] == ["grounded", "grounded"]


def test_a_piece_of_a_cut_sample_is_unknown_until_the_next_sample_begins():
    assert names_of(WORD, END_DOC, ANSWER, WORD, BOS, WORD) == ["unknown"] * 4 + ["question"] * 2


def test_the_rows_of_a_batch_are_independent():
    one, other = [BOS, DOC, WORD, WORD], [WORD, BOS, ANSWER, WORD]
    both = MARKERS.kinds_of(torch.tensor([one, other]))
    assert both[0].tolist() == MARKERS.kinds_of(torch.tensor([one]))[0].tolist()
    assert both[1].tolist() == MARKERS.kinds_of(torch.tensor([other]))[0].tolist()
