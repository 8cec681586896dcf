"""Guesses are what followed the last tokens where they came before."""

from gpt.lookup import Lookup


def test_what_followed_the_last_tokens_is_guessed():
    assert Lookup([1, 2, 3, 4, 5, 1, 2]).guess(3) == [3, 4, 5]


def test_no_more_is_guessed_than_is_asked_for_or_there_is():
    assert Lookup([1, 2, 3, 4, 5, 1, 2]).guess(1) == [3]
    assert Lookup([1, 2, 3, 1, 2]).guess(8) == [3, 1, 2]


def test_of_several_places_the_last_one_counts():
    assert Lookup([1, 2, 3, 1, 2, 4, 1, 2]).guess(1) == [4]


def test_nothing_is_guessed_after_tokens_that_are_new():
    assert Lookup([1, 2, 3, 4]).guess(8) == []
    assert Lookup([1]).guess(8) == []
    assert Lookup([]).guess(8) == []


def test_a_token_that_is_added_is_looked_up_like_the_others():
    lookup = Lookup([7, 8, 9])
    for token in (7, 8):
        lookup.add(token)
    assert lookup.guess(2) == [9, 7]
