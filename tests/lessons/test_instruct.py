"""Lesson 14: the instructions, and three ways to learn them."""

import json
import re
from collections import Counter
from pathlib import Path

import pipeline
from corpus.template import PAD, Template, marker_id
from gpt.checkpoint import load_checkpoint, model_from
from gpt.token_file import read_token_file
from lessons import instruct
from lessons.tuning import answer_loss, bits_per_byte
from pipeline import StepError

import pytest

ROOT = Path(instruct.__file__).resolve().parent.parent
ROWS = [json.loads(line) for line in (ROOT / instruct.INSTRUCTIONS_PATH).read_text(encoding="utf-8").splitlines()]
TEMPLATE = Template()


def test_there_are_300_instructions_and_none_is_asked_twice():
    assert len(ROWS) == 300 and len({row["instruction"] for row in ROWS}) == 300
    assert all(row["answer"].strip() == row["answer"] != "" for row in ROWS)


def test_the_answers_are_as_various_as_the_instructions():
    assert Counter(row["answer"] for row in ROWS).most_common(1)[0][1] <= 2
    assert max(Counter(row["instruction"][:8] for row in ROWS).values()) <= 12  # of 맞춤법, 영어로 and the like


def test_the_loss_is_of_the_answer_alone_with_its_end(tokenizer):
    examples = instruct.read_instructions(str(ROOT / instruct.INSTRUCTIONS_PATH), tokenizer, TEMPLATE)
    texts = {tokenizer.decode(each.answer, skip_special_tokens=False) for each in examples}
    assert texts == {row["answer"] + "\n[/ANSWER][EOS]" for row in ROWS}
    prompts = {tokenizer.decode(each.prompt, skip_special_tokens=False) for each in examples}
    assert prompts == {"[BOS]" + TEMPLATE.write_prompt(row["instruction"]) for row in ROWS}


@pytest.mark.parametrize("line", ["[]", '{"instruction": "뭐예요?"}', "뭐예요?", '{"instruction": 1, "answer": "네"}'])
def test_a_line_of_another_form_is_refused(tmp_path, tokenizer, line):
    good = json.dumps(ROWS[0], ensure_ascii=False)
    (tmp_path / "own.jsonl").write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(StepError, match="line 2: expected"):
        instruct.read_instructions(str(tmp_path / "own.jsonl"), tokenizer, TEMPLATE)


@pytest.mark.parametrize("name", ["full", "full, rehearsed", "LoRA"])
def test_each_way_learns_what_it_is_shown(built_house, tokenizer, name):
    model, pad = model_from(load_checkpoint(built_house.checkpoint)), marker_id(tokenizer, PAD)
    examples = instruct.read_instructions(str(ROOT / instruct.INSTRUCTIONS_PATH), tokenizer, TEMPLATE)[:8]
    flags = ["--epochs", "20", "--batch", "4", "--rate", "1e-2", "--lora-rate", "2e-2", "--rank", "4"]
    settings = pipeline.read_settings(instruct.Settings, vars(instruct), flags)
    names = set(model.state_dict())
    before = answer_loss(model, examples, pad).item()
    count = instruct.train(name, model, examples, examples, pad, settings)
    assert answer_loss(model, examples, pad).item() < before - 0.5
    assert set(model.state_dict()) == names  # LoRA is merged
    assert (count < model.config.parameter_count() / 4) == (name == "LoRA")


def test_the_measure_is_that_of_step_04(built_house, tokenizer):
    checkpoint = load_checkpoint(built_house.checkpoint)
    wanted = checkpoint["run"]["history"][-1]["bits_per_byte"]
    _, tokens = read_token_file(built_house.val_bin)
    found = bits_per_byte(model_from(checkpoint), tokens, tokenizer)
    assert found == pytest.approx(wanted, abs=1e-3)


def test_the_lesson_prints_a_table_and_leaves_a_model_to_export(house, tmp_path, capsys):
    own = tmp_path / "own.jsonl"
    own.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS[:12]), encoding="utf-8")
    paths = {
        "instructions-path": own,
        "train-bin": house.train_bin,
        "val-bin": house.val_bin,
        "checkpoint-path": house.checkpoint,
        "out-path": tmp_path / "instruct.pt",
        "held-out": 4,
        "epochs": 1,
    }
    instruct.main([text for name, value in paths.items() for text in (f"--{name}", str(value))])
    rows = re.findall(r"^\| ([\w, ]+) \| [\d,]+ \| \d+\.\d{3} \| \d\.\d{3} \|$", capsys.readouterr().out, re.MULTILINE)
    assert rows == ["before", "full", "full, rehearsed", "LoRA"]
    house.run("export", checkpoint_path=tmp_path / "instruct.pt")
    assert (house.exported / "model.safetensors").is_file()
