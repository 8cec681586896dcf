"""Lesson 13: the labelled texts, the interval of a share, and methods that learn what can be learned."""

import re
from collections import Counter
from functools import partial
from pathlib import Path

from gpt.model import GPT, GPTConfig
from lessons.lora import add_adapters
from lessons import classify
from pipeline import StepError

import pytest
import torch

ROOT = Path(classify.__file__).resolve().parent.parent
TOPICS = (ROOT / classify.TOPICS_PATH).read_text(encoding="utf-8").splitlines()

# Six words for each of two topics, of which every text has three: the others learn from what the first have shown.
WORDS = {"병원": "진료 입원 수술 약국 처방 접종", "교통": "버스 정류장 면허 주유소 택시 환승"}


def test_the_texts_are_many_and_each_topic_has_as_many_as_the_others():
    counts = Counter(line.split("\t")[0] for line in TOPICS)
    assert len(TOPICS) >= 400 and len(counts) == 8
    assert max(counts.values()) - min(counts.values()) <= 2


def test_no_text_occurs_twice_and_none_begins_like_two_others():
    texts = [line.split("\t")[1] for line in TOPICS]
    assert len(set(texts)) == len(texts)
    assert max(Counter(text[:8] for text in texts).values()) <= 2  # no patterns that were filled in


def test_the_texts_are_kept_apart_from_the_labelled_posts_of_the_tests():
    others = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "labelled").rglob("*") if path.is_file()]
    others.append((ROOT / "data" / "sample_raw.txt").read_text(encoding="utf-8"))
    assert others and not [line for line in TOPICS if any(line.split("\t")[1] in other for other in others)]


def test_the_interval_is_that_of_wilson():
    assert classify.interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert classify.interval(0, 20)[0] == pytest.approx(0, abs=1e-9) and classify.interval(20, 20)[1] <= 1


@pytest.fixture(scope="module")
def texts(tmp_path_factory, tokenizer) -> classify.Texts:
    lines = []
    for topic, words in WORDS.items():
        first, second, third, *rest = words.split()
        for a in (first, second, third):
            for b in rest:
                lines += [f"{topic}\t{a} {b} {third}", f"{topic}\t{b} {a} {second}"]
    path = tmp_path_factory.mktemp("topics") / "topics.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return classify.read_texts(str(path), tokenizer)


@pytest.fixture(scope="module")
def model(tokenizer) -> GPT:
    torch.manual_seed(2)
    size = tokenizer.get_vocab_size()
    model = GPT(GPTConfig(size, block_size=64, n_layer=1, n_head=2, n_kv_head=2, n_embd=32, head_dim=16, n_hidden=48))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(std=0.2)
    return model


@pytest.mark.parametrize("method", ["counts", "CNN", "last layer", "all layers", "LoRA", "as text"])
def test_every_method_learns_topics_that_have_words_of_their_own(method, model, tokenizer, texts):
    torch.manual_seed(3)
    settings = classify.Settings("", "", 2, 30, 4, 1e-2, 3e-3, 4, 1)
    sort = classify.methods_of(model, tokenizer, texts, settings)[method]
    others = list(range(0, len(texts.texts), 3))
    learned = [index for index in range(len(texts.texts)) if index % 3]
    assert (sort(learned, others) == texts.labels[others]).float().mean() > 0.9


def test_the_model_that_is_given_stays_as_it_is(model, tokenizer, texts):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = classify.Settings("", "", 2, 1, 4, 1e-2, 3e-3, 4, 1)
    for sort in classify.methods_of(model, tokenizer, texts, settings).values():
        sort([0, 1], [2])
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_with_lora_only_what_is_added_learns(model):
    adapted = classify.OverGPT(GPT(model.config), partial(add_adapters, rank=2, alpha=4.0), 8, pad=0)
    assert all(re.search(r"\.[ab]$|^last", name) for name, each in adapted.named_parameters() if each.requires_grad)


def test_padding_changes_no_result(model):
    over = classify.OverGPT(model, lambda each: each, 8, pad=0).eval()
    torch.testing.assert_close(over(torch.tensor([[5, 6, 7, 0, 0]])), over(torch.tensor([[5, 6, 7]])))


def test_a_line_without_a_topic_is_refused(tmp_path, tokenizer):
    (tmp_path / "topics.tsv").write_text("병원\t열이 납니다.\n열이 납니다.\n", encoding="utf-8")
    with pytest.raises(StepError, match="line 2: expected a topic, a tab and a text"):
        classify.read_texts(str(tmp_path / "topics.tsv"), tokenizer)


def test_the_lesson_prints_a_line_for_each_method(built_house, tmp_path, capsys):
    (tmp_path / "topics.tsv").write_text("\n".join(TOPICS[::10]) + "\n", encoding="utf-8")
    paths = ["--topics-path", str(tmp_path / "topics.tsv"), "--checkpoint-path", str(built_house.checkpoint)]
    classify.main([*paths, "--folds", "2", "--epochs", "1"])
    rows = re.findall(r"^\| ([\w ]+) \| 0\.\d{3} \| 0\.\d{3} to 0\.\d{3} \| [+-]0\.\d{3} ± 0\.\d{3} \|$",
                      capsys.readouterr().out, flags=re.MULTILINE)  # fmt: skip
    assert rows == ["counts", "last layer", "CNN", "all layers", "LoRA", "as text"]
