"""MLX opens the exported folder and answers as we do. Skipped where mlx_lm is not installed.

pip install mlx-lm         # on Linux: "mlx[cpu]" with it
python -m pytest tests/test_mlx.py
"""

from gpt.checkpoint import load_checkpoint, model_from
from gpt.generation import generate
from gpt.sampling import SamplingSettings
from tests.gpt.formats.exports import DOCUMENT, MODELS, QUESTION, prompts_of, write_export

import pytest

pytest.importorskip("mlx_lm", reason="mlx_lm is not installed (pip install mlx-lm)")


@pytest.mark.parametrize("model", MODELS)
def test_mlx_asks_what_step_05_asks_and_goes_on_with_the_same_200_tokens(built_house, tmp_path, model):
    import mlx.core
    from mlx_lm import load
    from mlx_lm.generate import generate_step

    checkpoint = MODELS[model](load_checkpoint(built_house.checkpoint))
    write_export(tmp_path, checkpoint, "hf")
    theirs, tokenizer = load(str(tmp_path))
    for document, prompt in zip(("", DOCUMENT), prompts_of(checkpoint), strict=True):
        messages = [{"role": "system", "content": document}] if document else []
        messages.append({"role": "user", "content": QUESTION})
        assert list(tokenizer.apply_chat_template(messages, add_generation_prompt=True)) == prompt
        wanted = list(generate(model_from(checkpoint), prompt, 200, [], SamplingSettings(0.0), seed=0))
        found = generate_step(mlx.core.array(prompt), theirs, max_tokens=200)
        assert [int(token) for token, _ in found] == wanted
