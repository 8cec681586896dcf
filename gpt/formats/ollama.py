"""The Modelfile: what Ollama needs to know beside the model's file."""

from pathlib import Path

from gpt.formats import gguf as gguf_file
from gpt.formats.huggingface import ChatFormat

FILE = "Modelfile"


def write_modelfile(folder: Path, template: str, chat_format: ChatFormat, block_size: int) -> None:
    """Say how to ask (in Ollama's template language), where to stop and how to choose tokens."""
    sampling = chat_format.sampling
    content = (
        f"FROM ./{gguf_file.FILE}\n"
        f'TEMPLATE """{template}"""\n'
        f'PARAMETER stop "{chat_format.answer_end}"\n'
        f'PARAMETER stop "{chat_format.eos}"\n'
        f"PARAMETER num_ctx {block_size}\n"
        f"PARAMETER temperature {sampling.temperature}\n"
        f"PARAMETER top_k {sampling.top_k}\n"
        f"PARAMETER top_p {sampling.top_p}\n"
        f"PARAMETER repeat_penalty {sampling.repetition_penalty}\n"
    )
    (folder / FILE).write_text(content, encoding="utf-8", newline="\n")
