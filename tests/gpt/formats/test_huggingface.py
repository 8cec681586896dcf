"""The model in transformers: the same tokens, the same numbers and the same answers."""

import json
from pathlib import Path

from corpus.samples import read_samples
from corpus.template import BOS, EOS, Template
from gpt.checkpoint import model_from
from gpt.generation import generate
from gpt.sampling import SamplingSettings
from tests.gpt.formats.exports import ANY_TEXT, DOCUMENT, QUESTION, prompts_of, with_tokenizer, write_export

import pytest
import torch
from hypothesis import given, settings
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer


@pytest.fixture(scope="module")
def folder(checkpoint, tmp_path_factory) -> Path:
    """What FORMAT hf writes of each of the models."""
    folder = tmp_path_factory.mktemp("hf")
    write_export(folder, checkpoint, "hf")
    return folder


@pytest.fixture(scope="module")
def their_tokenizer(our_tokenizer, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    write_export(folder, with_tokenizer(trained, our_tokenizer), "hf")
    return AutoTokenizer.from_pretrained(folder)


def test_transformers_computes_the_same_logits(checkpoint, folder):
    ours, theirs = model_from(checkpoint), AutoModelForCausalLM.from_pretrained(folder)
    assert type(theirs).__name__ == "Qwen3ForCausalLM" and theirs.dtype == torch.float32
    for prompt in prompts_of(checkpoint):
        tokens = torch.tensor([prompt])
        with torch.no_grad():
            torch.testing.assert_close(theirs(tokens).logits, ours(tokens), atol=1e-5, rtol=0)


def test_transformers_goes_on_with_the_same_200_tokens(checkpoint, folder):
    ours, theirs = model_from(checkpoint), AutoModelForCausalLM.from_pretrained(folder)
    for prompt in prompts_of(checkpoint):
        wanted = list(generate(ours, prompt, 200, [], SamplingSettings(0.0), seed=0))
        tokens = torch.tensor([prompt])
        settings = {"do_sample": False, "temperature": None, "top_k": None, "top_p": None, "eos_token_id": None}
        # 200 tokens in any case: an end token is a token like any other here.
        theirs.generation_config.eos_token_id = None
        found = theirs.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_length=len(prompt) + 200, **settings
        )
        assert found[0, len(prompt) :].tolist() == wanted
        assert len(wanted) == 200


def test_transformers_ends_where_step_05_ends(folder, trained):
    config = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_str(trained["tokenizer"])
    assert [tokenizer.id_to_token(index) for index in config["eos_token_id"]] == ["[/ANSWER]", EOS]
    assert (config["do_sample"], config["temperature"], config["top_k"], config["top_p"]) == (True, 0.3, 50, 0.9)
    assert config["max_length"] == trained["config"]["block_size"]


def test_transformers_may_quote_the_document(folder):
    # It would count the runs of tokens in the prompt as well as those in the answer.
    assert "no_repeat_ngram_size" not in json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))


def test_greedy_is_said_in_the_words_of_transformers(house):
    house.run("export", temperature=0)
    config = json.loads((house.exported / "generation_config.json").read_text(encoding="utf-8"))
    assert config["do_sample"] is False and not {"temperature", "top_k", "top_p"} & config.keys()


def test_transformers_splits_every_bundled_sample_into_the_same_tokens(bundled_house, our_tokenizer, their_tokenizer):
    samples = [sample.text for sample in read_samples(bundled_house.samples)]
    assert len(samples) > 400
    wanted = [encoding.ids for encoding in our_tokenizer.encode_batch(samples)]
    assert their_tokenizer(samples, add_special_tokens=False, verbose=False)["input_ids"] == wanted
    # And [BOS] first where it is not told otherwise, as step 05 does.
    assert their_tokenizer(samples[0])["input_ids"] == [our_tokenizer.token_to_id(BOS), *wanted[0]]


@given(text=ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_transformers_splits_any_text_into_the_same_tokens_and_gives_it_back(our_tokenizer, their_tokenizer, text):
    wanted = our_tokenizer.encode(text).ids
    assert their_tokenizer(text, add_special_tokens=False)["input_ids"] == wanted
    assert their_tokenizer.decode(wanted) == text


def test_the_chat_template_asks_what_step_05_asks(trained, our_tokenizer, their_tokenizer):
    template = Template(**trained["template"])
    prompts = prompts_of({**trained, "tokenizer": our_tokenizer.to_str()})
    for document, prompt in zip(("", DOCUMENT), prompts, strict=True):
        messages = [{"role": "system", "content": document}] if document else []
        messages.append({"role": "user", "content": QUESTION})
        text = their_tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        assert text == BOS + template.write_prompt(QUESTION, document)
        tokens = their_tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
        assert tokens["input_ids"] == prompt


def test_bf16_is_the_same_weights_rounded(house, trained):
    house.run("export", dtype="bf16")
    found = AutoModelForCausalLM.from_pretrained(house.exported)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found.model.embed_tokens.weight, trained["model"]["embedding.weight"].bfloat16())


def test_the_model_card_has_the_figures_of_the_training_in_both_languages(house, trained):
    house.run("export", name="여권 도우미")
    card = (house.exported / "README.md").read_text(encoding="utf-8")
    run = trained["run"]
    for figure in (
        "# 여권 도우미",
        "| 4 |",
        f"{run['history'][-1]['bits_per_byte']:.4f} bits per byte",
        "처음부터 학습",
        "from scratch",
    ):
        assert figure in card
