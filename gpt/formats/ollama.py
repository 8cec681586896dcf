"""The Modelfile: what Ollama needs to know beside the model's file."""

from pathlib import Path

from gpt.formats import gguf as gguf_file
from gpt.formats.huggingface import ChatFormat
from pipeline import StepError

FILE = "Modelfile"


def write_modelfile(folder: Path, template: str, chat_format: ChatFormat, block_size: int) -> None:
    """Say how to ask (in Ollama's template language), where to stop and how to choose tokens.

    Raises StepError for texts that Ollama would read as further directives.
    """
    sampling = chat_format.sampling
    for text in (chat_format.answer_end, chat_format.eos):
        require_quotable(text, ('"', "\n", "\r"))
    require_quotable(template, ('"""',))
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


def require_quotable(text: str, ends: tuple[str, ...]) -> None:
    """Raise StepError if a text holds what ends its quotation in a Modelfile."""
    for end in ends:
        if end in text:
            raise StepError(
                f"the template of the checkpoint holds {end!r}, which ends a text in a Modelfile; "
                "export with --format gguf, or train with a template without it"
            )
