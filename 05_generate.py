"""Step 5 of 5: ask the model. The checkpoint is all it needs.

The question, and the document if there is one, are put into the form of the training samples; the model
goes on from there, token by token, until it writes the end of the answer. The answer goes to standard
output, everything else to standard error.
"""

import sys
from pathlib import Path

import pipeline
from corpus.normalization import normalize, standardize_labels
from corpus.reading import ReadingReport, read_lines
from corpus.template import BOS, MARKERS, Template
from gpt.checkpoint import load_checkpoint, model_from
from gpt.device import choose_device
from gpt.generation import generate
from gpt.sampling import SamplingSettings
from pipeline import StepError

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

# --- What to ask ---
CHECKPOINT_PATH = "checkpoints/ckpt.pt"  # made by step 04; holds model, tokenizer and template
QUESTION = "필리핀에서 여권을 분실했을 때 해야 할 일에 대해 알려줘. 연락처가 있다면 함께 정리해줘."  # the question
DOC_PATH = ""  # a text file to answer from; empty = from what the model has learned

# --- How to answer ---
MAX_NEW_TOKENS = 1000  # longest answer; the context that training used is a limit too
TEMPERATURE = 0.3  # 0 = always the likeliest token; higher = more varied, less reliable
TOP_K = 50  # choose among this many likeliest tokens; 0 = all
TOP_P = 0.9  # choose among the likeliest tokens that together have this probability; 1 = all
REPETITION_PENALTY = 1.0  # over 1 makes tokens already written less likely, also those of a phone number
SEED = 1337  # the same seed gives the same answer; 0 or more

# --- Machine ---
DEVICE = "auto"  # auto takes cuda, else mps (Apple), else cpu


def main(arguments=()):
    settings = pipeline.read_settings(globals(), arguments)
    check_settings(settings)
    device = choose_device(settings.device)
    checkpoint = load_checkpoint(settings.checkpoint_path)
    tokenizer = Tokenizer.from_str(checkpoint["tokenizer"])
    template = Template(**checkpoint["template"])
    model = model_from(checkpoint).to(device)

    document = read_document(settings.doc_path) if settings.doc_path else ""
    if template.style == "summary" and not document:
        raise StepError(
            f"{settings.checkpoint_path}: this model sums documents up (STYLE of step 01 was summary) and answers no "
            "questions; give it a document with --doc-path FILE"
        )
    prompt = template.write_prompt(normalize(settings.question), document)
    prompt_ids = [tokenizer.token_to_id(BOS), *tokenizer.encode(prompt).ids]
    if len(prompt_ids) >= model.config.block_size:
        too_long = settings.doc_path or "QUESTION"
        raise StepError(
            f"{too_long}: question and document make {len(prompt_ids):,} tokens, which leave no room for an answer in "
            f"the {model.config.block_size:,} that this model sees at once; give a shorter text"
        )
    ended = write_answer(model, tokenizer, prompt_ids, settings)
    if not ended:
        print("(cut off: MAX_NEW_TOKENS or the model's context was reached)", file=sys.stderr)


def check_settings(settings) -> None:
    """Stop at values that cannot work, before anything is read."""
    require = pipeline.require_setting
    require(
        bool(settings.question.strip()),
        "QUESTION is empty; write a question, for example --question '여권 재발급 방법은?'",
    )
    require(settings.max_new_tokens >= 1, f"MAX_NEW_TOKENS is {settings.max_new_tokens}; it must be at least 1")
    require(settings.temperature >= 0, f"TEMPERATURE is {settings.temperature}; it must be 0 or more")
    require(settings.top_k >= 0, f"TOP_K is {settings.top_k}; it must be 0 (all) or more")
    require(0 < settings.top_p <= 1, f"TOP_P is {settings.top_p}; it must be over 0 and at most 1")
    require(settings.repetition_penalty > 0, f"REPETITION_PENALTY is {settings.repetition_penalty}; it must be over 0")
    require(
        0 <= settings.seed < 2**63, f"SEED is {settings.seed}; it must be at least 0 and below 2 to the power of 63"
    )


def read_document(path: str) -> str:
    """A document, cleaned as step 01 cleaned the ones that the model was trained on."""
    if not Path(path).is_file():
        raise StepError(f"{path}: there is no such file; set DOC_PATH to a text file, or to nothing")
    text = "\n".join(line.text for line in read_lines(Path(path), ReadingReport()))
    return standardize_labels(text.strip())


def write_answer(model, tokenizer: Tokenizer, prompt_ids: list[int], settings) -> bool:
    """Print the answer as it is made, whole characters only; return whether it came to its end."""
    sampling = SamplingSettings(settings.temperature, settings.top_k, settings.top_p, settings.repetition_penalty)
    # [/ANSWER] ends an answer as it should; any other marker would begin another sample.
    stops = {tokenizer.token_to_id(marker) for marker in MARKERS}
    stream = DecodeStream(skip_special_tokens=True)
    written = 0
    text = "\n"
    for token in generate(model, prompt_ids, settings.max_new_tokens, stops, sampling, settings.seed):
        written += 1
        # A Hangul syllable can be spread over tokens: the stream holds bytes back until they are whole.
        if piece := stream.step(tokenizer, token):
            # Bytes that make no character come out as U+FFFD; the training text has none.
            text = piece.replace("\ufffd", "")
            print(text, end="", flush=True)
    print(end="" if text.endswith("\n") else "\n", flush=True)
    room = min(settings.max_new_tokens, model.config.block_size - len(prompt_ids))
    return written < room


if __name__ == "__main__":
    pipeline.run(main)
