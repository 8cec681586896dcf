"""The model card: what a model is and how it was trained."""

from gpt.checkpoint import Checkpoint
from gpt.model import GPTConfig

CARD = """\
---
language: ko
library_name: transformers
pipeline_tag: text-generation
---

# {name}

한국어로 묻고 정해진 형식으로 답하는 언어 모델입니다. 한 텍스트만으로 처음부터 학습했고 다른 모델은 쓰지 않았습니다.
그 텍스트에 있는 것만 알며, 틀릴 수 있습니다. 전화번호와 주소는 원문에서 다시 확인하세요.

A language model that answers Korean questions in a fixed form. It was trained from scratch on one text; no other model
was used. It knows what that text says and can be wrong: look numbers and addresses up in the text.

| 학습 · training | |
| --- | --- |
| 매개변수 · parameters | {parameters:,} |
| 구조 · architecture | Qwen3, {n_layer} layers, {n_head} heads, width {n_embd} |
| 어휘 · vocabulary | {vocab_size:,} tokens, byte-level BPE |
| 문맥 · context | {block_size:,} tokens |
| 학습 단계 · steps | {steps:,} |
| 학습 시간 · training time | {minutes:.1f} min |
| 검증 손실 · validation loss | {validation} |
| 저장 정밀도 · precision of the weights | {dtype} |

질문은 사용자 메시지에, 답의 근거로 쓸 문서가 있으면 시스템 메시지에 넣습니다. 앞선 대화는 기억하지 않습니다.
문서를 요약하도록 학습한 모델이라면 문서를 사용자 메시지에 넣습니다.

The question goes into the user message; a document to answer from, if there is one, into the system message. Earlier
turns of a chat are not read. A model that was trained to sum documents up takes the document as the user message.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForCausalLM.from_pretrained(".")
messages = [{{"role": "user", "content": "여권을 잃어버렸을 때 해야 할 일을 알려줘."}}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
answer = model.generate(**prompt)[0, prompt["input_ids"].shape[1]:]
print(tokenizer.decode(answer, skip_special_tokens=True))
```
"""


def write_card(name: str, checkpoint: Checkpoint, dtype: str) -> str:
    """The card of a checkpoint, in Korean and English, with the figures of its training."""
    config, run = GPTConfig(**checkpoint["config"]), checkpoint["run"]
    last = run["history"][-1] if run["history"] else None
    return CARD.format(
        name=name,
        parameters=config.parameter_count(),
        n_layer=config.n_layer,
        n_head=config.n_head,
        n_embd=config.n_embd,
        vocab_size=config.vocab_size,
        block_size=config.block_size,
        steps=run["step"],
        minutes=run["seconds"] / 60,
        validation=f"{last['bits_per_byte']:.4f} bits per byte" if last else "-",
        dtype=dtype,
    )
