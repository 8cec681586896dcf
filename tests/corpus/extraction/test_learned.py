"""The learned weights and the code that describes statements and names belong together."""

import json
from pathlib import Path

from corpus.extraction.checklists import LISTS, classify, find_checklist
from corpus.extraction.linear import ROWS, learned_weights, ngram_rows
from corpus.extraction.statements import read_statements
from corpus.raw.normalization import normalize, standardize_labels

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

LABELLED = Path(__file__).parents[2] / "labelled" / "bundled.jsonl"


def test_what_was_taught_is_remembered():
    """After a change of the features the weights must be learned anew: benchmarks/learn_extraction.py --write."""
    found = labelled = right = 0
    for line in LABELLED.read_text(encoding="utf-8").splitlines()[::5]:
        post = json.loads(line)
        warnings = find_checklist(standardize_labels(normalize(post["text"])), post["title"])[2]
        right += sum(any(warning in label or label in warning for label in post["to_beware"]) for warning in warnings)
        found, labelled = found + len(warnings), labelled + len(post["to_beware"])
    assert right > 0.9 * found > 0.7 * labelled


def test_there_is_a_weight_for_every_row():
    weights = learned_weights()
    assert {task: array.shape for task, array in weights.items()} == {
        "checklist": (len(LISTS), ROWS),
        "owner": (1, ROWS),
    }
    assert all(np.isfinite(array).all() for array in weights.values())


TEXTS = st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=9), min_size=1)


@given(texts=TEXTS)
def test_the_ngrams_of_a_text_do_not_depend_on_its_neighbours(texts):
    rows, text_of_row = ngram_rows(texts, namespace=0)
    for index, text in enumerate(texts):
        assert sorted(rows[text_of_row == index]) == sorted(ngram_rows([text], namespace=0)[0])
    assert len(rows) == 0 or 0 <= rows.min() <= rows.max() < ROWS


def test_a_text_of_three_letters_has_nine_ngrams():
    """With its two ends it is five characters: four pairs, three triples, two fours."""
    assert len(ngram_rows(["가나다"], namespace=0)[0]) == 9


def test_ngrams_of_another_kind_are_other_features():
    assert set(ngram_rows(["준비물"], namespace=0)[0]) != set(ngram_rows(["준비물"], namespace=1)[0])


@pytest.mark.parametrize(
    ("text", "texts", "headings"),
    [
        ("준비물\n여권 원본\n사진 두 장", ["준비물", "여권 원본", "사진 두 장"], ["", "준비물", "준비물"]),
        ("준비물: 여권, 수수료 1,500페소", ["여권", "수수료 1,500페소"], ["", ""]),
        ("- 여권을 챙기세요. 사본도요.", ["여권을 챙기세요. 사본도요."], [""]),
        ("갔습니다. 왔습니다.\nTEL: 02-0000-1234", ["갔습니다.", "왔습니다."], ["", ""]),
        (
            "준비물\n여권 | 원본\n|---|---|\n수수료 | 200페소",
            ["준비물", "여권 | 원본", "수수료 | 200페소"],
            ["", "준비물", "준비물"],
        ),
        ("[망고맘] [오후 3:12] 여권부터 챙기세요.", ["여권부터 챙기세요."], [""]),
    ],
)
def test_a_text_is_read_as_statements_with_their_headings(text, texts, headings):
    statements = read_statements(text)
    assert [statement.text for statement in statements] == texts
    assert [statement.heading for statement in statements] == headings


def test_nothing_to_judge_is_judged_as_nothing():
    assert classify([]) == []
