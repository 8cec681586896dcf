"""Lesson 13: the labelled texts, the interval of a share, and methods that learn what can be learned."""

import re
from collections import Counter
from pathlib import Path

import pipeline
from corpus.template import BOS, marker_id
from gpt.model import GPT, GPTConfig
from lessons import classify
from lessons.lora import add_adapters
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


def settings_of(**changes) -> classify.Settings:
    flags = [text for name, value in changes.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    return pipeline.read_settings(classify.Settings, vars(classify), flags)


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


@pytest.fixture(scope="module")
def texts() -> list[str]:
    lines = []
    for topic, words in WORDS.items():
        first, second, third, *rest = words.split()
        for a in (first, second, third):
            for b in rest:
                lines += [f"{topic}\t{a} {b} {third}", f"{topic}\t{b} {a} {second}"]
    return lines


def lesson_of(texts, model, tokenizer, **changes) -> classify.Lesson:
    rows = [line.split("\t") for line in texts]
    tokens = [[marker_id(tokenizer, BOS), *tokenizer.encode(text).ids] for _, text in rows]
    labels = torch.tensor([list(WORDS).index(topic) for topic, _ in rows])
    own = [text for _, text in rows]
    return classify.Lesson(own, tokens, labels, list(WORDS), tokenizer, model, settings_of(**changes))


@pytest.mark.parametrize("name", classify.CLASSIFIERS)
def test_every_classifier_learns_topics_that_have_words_of_their_own(name, model, tokenizer, texts):
    torch.manual_seed(3)
    lesson = lesson_of(texts, model, tokenizer, epochs=30, batch=4, rate=1e-2, full_rate=3e-3, rank=4)
    others = list(range(0, len(texts), 3))
    scores = classify.CLASSIFIERS[name](lesson, [index for index in range(len(texts)) if index % 3])
    with torch.no_grad():
        assert (scores(others).argmax(-1) == lesson.labels[others]).float().mean() > 0.9


def test_the_model_that_is_given_stays_as_it_is(model, tokenizer, texts):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    lesson = lesson_of(texts, model, tokenizer, epochs=1)
    for learn in classify.CLASSIFIERS.values():
        learn(lesson, [0, 1])
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_with_lora_only_what_is_added_learns(model):
    network = classify.TopicGPT(GPT(model.config), 8, pad=0)
    add_adapters(network.model, rank=2, alpha=4.0)
    learning = [name for name, each in network.named_parameters() if each.requires_grad]
    assert learning and all(re.search(r"\.[ab]$|^last", name) for name in learning)


def test_padding_changes_no_result(model):
    network = classify.TopicGPT(model, 8, pad=0).eval()
    torch.testing.assert_close(network(torch.tensor([[5, 6, 7, 0, 0]])), network(torch.tensor([[5, 6, 7]])))


def test_a_line_without_a_topic_is_refused(built_house, tmp_path):
    path = tmp_path / "topics.tsv"
    path.write_text("병원\t열이 납니다.\n열이 납니다.\n", encoding="utf-8")
    with pytest.raises(StepError, match="line 2: expected a topic, a tab and a text"):
        classify.read_lesson(settings_of(topics_path=path, checkpoint_path=built_house.checkpoint))


def test_the_lesson_prints_a_line_for_each_method(built_house, tmp_path, capsys):
    (tmp_path / "topics.tsv").write_text("\n".join(TOPICS[::10]) + "\n", encoding="utf-8")
    paths = ["--topics-path", str(tmp_path / "topics.tsv"), "--checkpoint-path", str(built_house.checkpoint)]
    classify.main([*paths, "--folds", "2", "--epochs", "1"])
    rows = re.findall(r"^\| ([\w ]+) \| 0\.\d{3} \| 0\.\d{3} to 0\.\d{3} \| [+-]0\.\d{3} ± 0\.\d{3} \|$",
                      capsys.readouterr().out, flags=re.MULTILINE)  # fmt: skip
    assert rows == ["counts", "last layer", "CNN", "all layers", "LoRA", "as text"]
