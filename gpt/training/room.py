"""Would a model of this shape fit into memory at all? Asked before anything is built: what cannot fit takes forever."""

import os

from gpt.model import GPTConfig
from pipeline import StepError, human_size

import torch

# Bytes for each parameter: the weight, its gradient, at least one number of the optimiser, and the mean of the weights.
BYTES_PER_PARAMETER = 16
BYTES_PER_TOKEN = 16  # of a batch: the token and the one that follows it, as 64-bit integers


def require_room(config: GPTConfig, rows: int, device: torch.device) -> None:
    """Raise StepError, with the sum, where weights, tables and a batch of rows need more memory than there is."""
    model = BYTES_PER_PARAMETER * config.parameter_count() + 8 * config.block_size * config.head_dim
    batch = BYTES_PER_TOKEN * rows * config.block_size
    memory = memory_of(device)
    if model + batch > memory:
        smaller = "N_EMBD or N_LAYER" if model > batch else "BATCH_SIZE, MICRO_BATCH_SIZE or BLOCK_SIZE"
        raise StepError(
            f"{config.parameter_count():,} parameters need {human_size(model)} of memory, and a batch of "
            f"{rows:,} rows {human_size(batch)}; there are {human_size(memory)}: lower {smaller}"
        )


def memory_of(device: torch.device) -> int:
    """The bytes of memory of a device; of a CPU or an Apple GPU those of the computer."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
