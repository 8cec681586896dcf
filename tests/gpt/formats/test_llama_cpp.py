"""llama.cpp reads the exported file as we do. Skipped where llama_cpp is not installed: building it takes minutes.

pip install llama-cpp-python
python -m pytest tests/gpt/formats/test_llama_cpp.py
"""

import importlib
import json
import random
import unicodedata
from pathlib import Path

from corpus.samples import read_samples
from corpus.template import BOS, EOS, MARKERS, Template
from gpt.checkpoint import load_checkpoint, model_from
from gpt.formats.gguf import FILE
from gpt.generation import generate
from gpt.sampling import SamplingSettings
from tests.gpt.formats.exports import ANY_TEXT, DOCUMENT, QUESTION, prompts_of, with_tokenizer, write_export

import pytest
from hypothesis import assume, given, settings
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

llama_cpp = pytest.importorskip("llama_cpp", reason="llama_cpp is not installed (pip install llama-cpp-python)")

F32 = 0  # of the cache too, which would be fp16
tokenizer_script = importlib.import_module("02_train_tokenizer")


def open_gguf(folder: Path, checkpoint: dict, **settings):
    write_export(folder, checkpoint, "gguf")
    return llama_cpp.Llama(str(folder / FILE), verbose=False, n_threads=1, type_k=F32, type_v=F32, **settings)


@pytest.fixture(scope="module")
def llama(checkpoint, tmp_path_factory):
    return open_gguf(tmp_path_factory.mktemp("gguf"), checkpoint, n_ctx=checkpoint["config"]["block_size"])


@pytest.fixture(scope="module")
def their_tokenizer(our_tokenizer, built_house, tmp_path_factory):
    checkpoint = with_tokenizer(load_checkpoint(built_house.checkpoint), our_tokenizer)
    return open_gguf(tmp_path_factory.mktemp("tokenizer"), checkpoint, vocab_only=True)


def tokens_of(llama, text: str) -> list[int]:
    return llama.tokenize(text.encode(), add_bos=False, special=True)


def test_every_bundled_sample_is_the_same_tokens(bundled_house, our_tokenizer, their_tokenizer):
    samples = [sample.text for sample in read_samples(bundled_house.samples)]
    assert len(samples) > 400
    for text in samples:
        wanted = our_tokenizer.encode(text).ids
        assert tokens_of(their_tokenizer, text) == wanted
        # And [BOS] first where it is not told otherwise, as step 05 does.
        assert their_tokenizer.tokenize(text.encode(), special=True) == [our_tokenizer.token_to_id(BOS), *wanted]


@given(text=ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_is_the_same_tokens(our_tokenizer, their_tokenizer, text):
    # Of characters that Unicode added lately, the two do not both know yet whether they are letters.
    assume(all(unicodedata.category(character) != "Cn" for character in text))
    assert tokens_of(their_tokenizer, text) == our_tokenizer.encode(text).ids


# Letters, digits, marks, spaces and line ends of many kinds: what the split pattern tells apart.
KINDS = [
    *"abszSTrRveVlLmMdD'''' \t\n\r09²½.,!?-()가나다각ᄀ",
    *"\u1161\u11a8\u0301\u200b\u00a0\u3000\u2028\u0085\x0b\x0c\x1cıßéЖ中あー々〇Ⅷ①٣😀\u200d❤₩€_ªº“”…·\ufeff\x00\x7f",
    *("'s", "'LL", " ' ", "\r\n"),
]


def test_text_is_cut_at_the_same_places(built_house, tmp_path):
    """With a vocabulary that would join anything to anything, every cut shows in the tokens."""
    chance = random.Random(5)
    texts = ["".join(chance.choices(KINDS, k=chance.randint(1, 10))) for _ in range(30_000)]
    joining = Tokenizer(models.BPE())
    joining.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    special_tokens = [AddedToken(marker, special=True, normalized=False) for marker in MARKERS]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    joining.train_from_iterator(
        texts[:20_000],
        trainers.BpeTrainer(
            vocab_size=8000, special_tokens=special_tokens, initial_alphabet=alphabet, show_progress=False
        ),
    )
    ours = json.loads(tokenizer_script.train_tokenizer(iter(["여권"]), 268, 2).to_str())
    tokenizer = Tokenizer.from_str(json.dumps({**ours, "model": json.loads(joining.to_str())["model"]}))
    checkpoint = with_tokenizer(load_checkpoint(built_house.checkpoint), tokenizer)
    llama = open_gguf(tmp_path, checkpoint, vocab_only=True)
    cut = 0
    for text in texts[20_000:]:
        wanted = tokenizer.encode(text).ids
        assert tokens_of(llama, text) == wanted, text
        cut += wanted != joining.encode(text).ids
    assert cut > 3000


def test_the_same_100_tokens_follow(checkpoint, llama):
    model = model_from(checkpoint)
    for prompt in prompts_of(checkpoint):
        wanted = list(generate(model, prompt, 100, [], SamplingSettings(0.0), seed=0))
        stream = llama.generate(prompt, temp=0.0, repeat_penalty=1.0)
        assert [token for token, _ in zip(stream, range(100), strict=False)] == wanted


def test_answers_end_where_ours_end(checkpoint, llama):
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    vocabulary = llama._model.vocab
    ends = {marker for marker in MARKERS if llama_cpp.llama_vocab_is_eog(vocabulary, tokenizer.token_to_id(marker))}
    assert {"[/ANSWER]", EOS} <= ends <= {"[/ANSWER]", EOS, "[PAD]"}


def test_its_chats_ask_what_step_05_asks(checkpoint, llama):
    template = Template(**checkpoint["template"])
    formatter = llama_cpp.llama_chat_format.Jinja2ChatFormatter(
        template=llama.metadata["tokenizer.chat_template"], eos_token=EOS, bos_token=BOS
    )
    for document, prompt in zip(("", DOCUMENT), prompts_of(checkpoint), strict=True):
        messages = [{"role": "system", "content": document}] if document else []
        messages.append({"role": "user", "content": QUESTION})
        assert formatter(messages=messages).prompt == BOS + template.write_prompt(QUESTION, document)
        assert tokens_of(llama, formatter(messages=messages).prompt) == prompt
