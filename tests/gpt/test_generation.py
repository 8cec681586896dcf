"""Token after token: what a text goes on with, when it ends, who guides it, and many texts at once."""

import math
import threading
from collections import defaultdict

from gpt.generation import END, Prompt, generate, generate_all, never
from gpt.model import GPT, GPTConfig
from gpt.sampling import SamplingSettings, choose_token

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

GREEDY = SamplingSettings(temperature=0.0)
PROMPT = [5, 60, 3, 41]
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def model() -> GPT:
    """Random throughout, and certain enough that greedy answers differ from place to place."""
    config = GPTConfig(80, block_size=32, n_layer=2, n_head=4, n_kv_head=2, n_embd=32, head_dim=8, n_hidden=48)
    model = GPT(config).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.size(1)))
    return model


def prompt_of(tokens=PROMPT, how=GREEDY, seed=0, count=8, guide=None, cancelled=never) -> Prompt:
    return Prompt(tokens, how, seed, count, guide, cancelled)


def write(model, prompt=PROMPT, count=20, stops=(), how=GREEDY, seed=0, guide=None) -> list[int]:
    return list(generate(model, prompt, count, stops, how, seed, guide))


def test_greedy_tokens_are_the_likeliest_ones_given_all_before_them(model):
    text = PROMPT + write(model, count=12)
    with torch.no_grad():
        likeliest = model(torch.tensor([text])).argmax(-1)[0].tolist()
    assert text[len(PROMPT) :] == likeliest[len(PROMPT) - 1 : -1]
    assert len(set(text)) > 6  # no short loop, in which a wrong position could hide


def write_without_cache(model, prompt, count, how, seed) -> list[int]:
    """What `generate` should write, in the plainest way."""
    generator, written = torch.Generator().manual_seed(seed), []
    with torch.no_grad():
        for _ in range(count):
            logits = model(torch.tensor([[*prompt, *written]]))[0, -1]
            written.append(choose_token(logits, how, written, generator))
    return written


@given(seed=SEEDS, prompt=st.lists(st.integers(0, 79), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_the_cache_changes_no_token(model, seed, prompt):
    for how in (GREEDY, SamplingSettings(0.8, top_k=20, top_p=0.95, repetition_penalty=1.2)):
        assert write(model, prompt, 10, how=how, seed=seed) == write_without_cache(model, prompt, 10, how, seed)


def test_the_same_seed_writes_the_same_tokens(model):
    how = SamplingSettings(1.0)
    first = write(model, how=how, seed=1)
    torch.rand(3)  # other random numbers of the program play no part
    assert write(model, how=how, seed=1) == first
    assert write(model, how=how, seed=2) != first


def test_writing_draws_nothing_from_the_random_numbers_of_training(model):
    before = torch.get_rng_state()
    write(model, how=SamplingSettings(1.0))
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_are_off_for_each_token_and_on_again_between_two(model):
    inside = []
    hook = model.head.register_forward_hook(lambda *_: inside.append(torch.is_grad_enabled()))
    outside = [torch.is_grad_enabled() for _ in generate(model, PROMPT, 3, (), GREEDY, seed=0)]
    hook.remove()
    assert (inside, outside) == ([False] * 3, [True] * 3)


def test_a_stop_token_ends_the_text_and_is_not_given_out(model):
    text = write(model)
    stop = text[5]
    end = text.index(stop)
    assert write(model, stops={stop}) == text[:end]
    assert write(model, stops={79, stop, text[0]}) == []


def test_a_stop_token_in_the_prompt_stops_nothing(model):
    text = write(model, count=5)
    assert not set(PROMPT) & set(text)
    assert write(model, count=5, stops=PROMPT) == text


@pytest.mark.parametrize("count", [0, 1, 7])
def test_no_more_tokens_are_written_than_asked_for(model, count):
    assert len(write(model, count=count)) == count


def test_the_context_ends_the_text(model):
    assert len(write(model, [7] * 30, count=100)) == 2
    assert len(write(model, [7] * 31, count=100)) == 1


@pytest.mark.parametrize("length", [0, 32, 33])
def test_a_prompt_that_leaves_no_room_is_refused(model, length):
    with pytest.raises(ValueError, match=str(length)):
        write(model, [7] * length)


def test_the_repetition_penalty_reaches_every_written_token(model):
    text = write(model, count=25, how=SamplingSettings(0.0, repetition_penalty=10.0))
    assert len(set(text)) == 25


def test_the_repetition_penalty_spares_the_prompt_so_that_an_answer_can_quote_it(model):
    prompts = torch.randint(80, (30, 20), generator=torch.Generator().manual_seed(0)).tolist()
    likeliest = [write(model, prompt, count=1)[0] for prompt in prompts]
    assert any(token in prompt for token, prompt in zip(likeliest, prompts, strict=True))
    penalty = SamplingSettings(0.0, repetition_penalty=10.0)
    assert [write(model, prompt, count=1, how=penalty)[0] for prompt in prompts] == likeliest


# --- A guide ---


class Script:
    """A guide that follows a list: a number must come, a set is to choose from, None lets anything but 7 come."""

    def __init__(self, *parts, ways_out=(), avoided=()):
        self.parts, self.taken, self.out, self.unwanted = list(parts), [], ways_out, avoided

    def allowed(self):
        part = self.parts[len(self.taken)] if len(self.taken) < len(self.parts) else None
        return [part] if isinstance(part, int) else sorted(part) if part else None

    def ways_out(self):
        return self.out

    def avoided(self):
        return self.unwanted

    def accepts(self, token):
        return token != 7

    def take(self, token):
        self.taken.append(token)


def test_a_guide_is_followed_and_told_of_every_token(model):
    guide = Script(11, 12, {20, 21}, 13, None, {30, 31, 32}, 14)
    text = write(model, count=9, guide=guide)
    assert text[:2] == [11, 12] and text[2] in (20, 21) and text[3] == 13 and text[5] in (30, 31, 32) and text[6] == 14
    assert guide.taken == text


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_what_a_guide_forces_is_seen_by_the_model_like_what_it_chose(model, seed):
    how = SamplingSettings(1.0)
    free = write(model, count=12, how=how, seed=seed)
    # The same text, half of it forced in runs of several tokens: the model goes on as after reading it.
    text = write(model, count=12, how=GREEDY, guide=Script(*free[:3], None, *free[4:9]))
    known = [*PROMPT, *text]
    with torch.no_grad():
        likeliest = model(torch.tensor([known])).argmax(-1)[0].tolist()
    for place in (3, 9, 10, 11):
        assert text[place] == likeliest[len(PROMPT) + place - 1] or likeliest[len(PROMPT) + place - 1] == 7


def test_a_token_that_the_guide_does_not_accept_never_comes(model):
    text = [token for seed in range(40) for token in write(model, how=SamplingSettings(3.0), seed=seed, guide=Script())]
    assert len(text) == 800 and 7 not in text
    assert any(7 in write(model, how=SamplingSettings(3.0), seed=seed) for seed in range(40))


@pytest.mark.parametrize("how", [GREEDY, SamplingSettings(3.0), SamplingSettings(1.0, top_k=2, top_p=0.5)])
def test_an_avoided_token_comes_only_where_no_other_may(model, how):
    likely = write(model, how=GREEDY)
    assert not set(likely) & set(write(model, how=how, guide=Script(avoided=likely)))

    guide = Script(avoided=(5, 6))
    guide.accepts = lambda token: token in (5, 6)
    assert set(write(model, how=how, guide=guide)) <= {5, 6}


def test_a_guide_that_accepts_no_token_is_an_error_and_no_endless_loop(model):
    guide = Script()
    guide.accepts = lambda token: False
    for how in (GREEDY, SamplingSettings(1.0, top_k=5)):
        with pytest.raises(ValueError, match="accepts none"):
            write(model, how=how, guide=guide)


@pytest.mark.parametrize("wanted", [0.4, 0.6])
def test_a_way_out_is_taken_when_the_model_wants_it_more_than_all_else_together(model, monkeypatch, wanted):
    probabilities = torch.full((80,), (1 - wanted - 0.02) / 77)  # most wants what is not allowed
    probabilities[[1, 2, 3]] = torch.tensor([wanted, 0.015, 0.005])
    monkeypatch.setattr("gpt.generation.read_prompt", lambda *_: probabilities.log())
    text = write(model, count=1, guide=Script({1, 2, 3}, ways_out=(1,)))
    assert text == ([1] if wanted > 0.5 else [2])


def test_a_guide_can_end_the_text(model):
    assert write(model, stops={79}, guide=Script(1, 2, 79)) == [1, 2]


# --- Many texts ---


@given(st.lists(st.lists(st.integers(0, 79), min_size=1, max_size=25), max_size=7), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_many_texts_come_out_as_each_alone(model, prompts, rows):
    stops = {3, 9, 17}
    together = defaultdict(list)
    for number, token in generate_all(model, [prompt_of(each, count=10) for each in prompts], rows, stops):
        assert not together[number] or together[number][-1] != END
        together[number].append(token)
    alone = [[*write(model, prompt, 10, stops), END] for prompt in prompts]
    assert [together[number] for number in range(len(prompts))] == alone


@pytest.mark.parametrize(("texts", "wide"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 5)])
def test_a_pass_is_no_wider_than_the_texts_need(model, texts, wide):
    widths = set()
    hook = model.head.register_forward_pre_hook(lambda _, inputs: widths.add(inputs[0].size(0)))
    list(generate_all(model, [prompt_of(PROMPT, count=4)] * texts, 5, ()))
    hook.remove()
    assert max(widths) == wide  # of five rows


def test_texts_with_guides_and_without_share_the_rows(model):
    guides = [Script(11, 12, 13, {14, 15}), None, Script({1, 2}, 5)]
    prompts = [prompt_of(tokens, guide=guide) for tokens, guide in zip([PROMPT, PROMPT, [4]], guides, strict=True)]
    together = defaultdict(list)
    for number, token in generate_all(model, prompts, 2, ()):
        together[number].append(token)
    alone = [
        write(model, count=8, guide=Script(11, 12, 13, {14, 15})),
        write(model, count=8),
        write(model, [4], 8, guide=Script({1, 2}, 5)),
    ]
    assert [together[number][:-1] for number in range(3)] == alone


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_texts_with_different_settings_share_a_pass_and_come_out_as_each_alone(model, seed):
    prompts = [
        prompt_of(how=SamplingSettings(1.0), seed=seed, count=12),
        prompt_of(how=SamplingSettings(1.0), seed=seed + 1, count=5),
        prompt_of(count=9),
        prompt_of(how=SamplingSettings(0.8, top_k=5, repetition_penalty=2.0), seed=seed, count=12),
    ]
    together = defaultdict(list)
    for number, token in generate_all(model, prompts, 3, ()):
        together[number].append(token)
    alone = [[token for _, token in generate_all(model, [prompt], 1, ())] for prompt in prompts]
    assert [together[number] for number in range(4)] == alone
    assert [len(text) - 1 for text in alone] == [12, 5, 9, 12]


@pytest.mark.parametrize("guide", [None, Script(*range(20, 40))], ids=["chosen tokens", "forced tokens"])
def test_a_text_that_is_cancelled_ends_before_its_next_token_and_its_row_is_free(model, guide):
    stop = threading.Event()
    prompts = [prompt_of(guide=guide, cancelled=stop.is_set, count=20), prompt_of(count=20), prompt_of([9], count=4)]
    events = []
    for event in generate_all(model, prompts, 2, ()):
        events.append(event)
        if sum(number == 0 for number, _ in events) == 3:
            stop.set()
    texts = [[token for number, token in events if number == each] for each in range(3)]
    assert len(texts[0]) == 4 and texts[0][-1] == END
    assert texts[1] == [*write(model), END]
    assert events.index((2, texts[2][0])) < events.index((1, END))  # it began while the second was being written


def test_a_prompt_that_is_cancelled_while_it_waits_is_not_read(model, monkeypatch):
    monkeypatch.setattr("gpt.generation.read_prompt", lambda *_: pytest.fail("it was read"))
    assert list(generate_all(model, [prompt_of(cancelled=lambda: True)], 1, ())) == [(0, END)]


def test_prompts_may_arrive_while_others_are_being_continued(model):
    class Arriving:
        """Has a first prompt, then none, then another."""

        def __init__(self):
            self.waiting = [prompt_of(count=6), None, None, prompt_of([9], count=3)]

        def __iter__(self):
            return self

        def __next__(self):
            if not self.waiting or (prompt := self.waiting.pop(0)) is None:
                raise StopIteration
            return prompt

    numbers = [number for number, token in generate_all(model, Arriving(), 2, ()) if token != END]
    assert numbers == [0, 0, 0, 1, 0, 1, 0, 1, 0]


# --- Guesses from what the text says already ---


class CountingModel:
    """A model that counts its passes."""

    def __init__(self, model: GPT) -> None:
        self.model, self.passes = model, 0
        self.config, self.embedding, self.head, self.new_cache = (
            model.config,
            model.embedding,
            model.head,
            model.new_cache,
        )

    def hidden_states(self, tokens, cache):
        self.passes += 1
        return self.model.hidden_states(tokens, cache)


def quoting_model() -> GPT:
    """A model whose likeliest token follows its token in a circle of 20, whatever came before."""
    config = GPTConfig(80, block_size=128, n_layer=1, n_head=1, n_kv_head=1, n_embd=80, head_dim=8, n_hidden=8)
    model = GPT(config).eval()
    with torch.no_grad():
        model.embedding.weight.copy_(torch.eye(80))
        following = [(token + 1) % 20 for token in range(80)]
        model.head.weight.copy_(torch.eye(80)[:, :].index_select(0, torch.tensor(following)).t())
    return model


def test_a_text_that_quotes_its_prompt_takes_few_passes():
    model = CountingModel(quoting_model())
    written = write(model, list(range(20)), count=60)
    assert written == [token % 20 for token in range(20, 80)]
    assert model.passes < 20


@given(seed=SEEDS, prompt=st.lists(st.integers(0, 5), min_size=3, max_size=20), temperature=st.sampled_from([0.0, 0.7]))
@settings(max_examples=60, deadline=None)
def test_guesses_never_change_what_is_written(model, seed, prompt, temperature):
    """Prompts of six tokens repeat themselves, so that many guesses are made, most of them wrong."""
    how = SamplingSettings(temperature=temperature)
    assert write(model, prompt, 20, how=how, seed=seed) == write_without_cache(
        model, prompt, min(20, 32 - len(prompt)), how, seed
    )


@given(seed=SEEDS, prompts=st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=20), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_texts_with_guesses_of_different_lengths_do_not_disturb_each_other(model, seed, prompts):
    how = SamplingSettings(temperature=0.5)
    together = defaultdict(list)
    for number, token in generate_all(model, [prompt_of(each, how, seed, 12) for each in prompts], 3, ()):
        together[number].append(token)
    for number, prompt in enumerate(prompts):
        assert together[number] == [*write(model, prompt, 12, how=how, seed=seed), END]
