"""How the attacks change a file: its bytes, a value in a JSON text, an entry of a checkpoint."""

import copy
import json
import random
from typing import Any

import torch

ODD_VALUES = [
    None,
    True,
    -1,
    0,
    3,
    10**30,
    1e308,
    float("nan"),
    "",
    "가" * 500,
    "\0",
    "../../data/raw.txt",
    "\ud800",
    [],
    [[]],
    {},
    {"a": [1, {"b": None}]},
]
ODD_BYTES = [
    b"",
    b"\0" * 64,
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"1e999",
    b'{"a": "\\ud800"}',
    "여권".encode("cp949"),
    b"PK\x03\x04",
]
ODD_TENSORS = [
    torch.zeros(0),
    torch.zeros(3, 3),
    torch.tensor(float("nan")),
    torch.zeros(2, dtype=torch.int64),
    torch.zeros(1, 1, 1),
]


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Cut off, overwritten, changed in some bytes, or something else altogether."""
    kind = chance.randrange(4)
    if kind == 0:
        return content[: chance.randrange(len(content))]
    if kind == 1:
        return chance.choice(ODD_BYTES)
    changed = bytearray(content)
    for _ in range(1 if kind == 2 else 40):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def mutate_json(content: bytes, chance: random.Random) -> bytes:
    """One value of a JSON text replaced, left out or moved, or one key renamed."""
    root = json.loads(content)
    return json.dumps(_mutate(root, chance), ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def mutate_checkpoint(checkpoint: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """One entry at any depth replaced, left out or renamed; a tensor by one of another shape, type or numbers."""
    changed = _mutate(copy.deepcopy(checkpoint), chance)
    return changed if isinstance(changed, dict) else {"format": checkpoint["format"], "model": changed}


def _mutate(value: Any, chance: random.Random) -> Any:
    """The value with one change, at a random depth."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.12:
            del value[key]
        elif chance.random() < 0.1:
            value[f"{key}_"] = value.pop(key)
        else:
            value[key] = _mutate(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.8:
        index = chance.randrange(len(value))
        if chance.random() < 0.15:
            del value[index]
        else:
            value[index] = _mutate(value[index], chance)
        return value
    if isinstance(value, torch.Tensor):
        if value.is_floating_point() and value.numel() and chance.random() < 0.4:
            value.view(-1)[chance.randrange(value.numel())] = chance.choice([float("nan"), float("inf"), -float("inf")])
            return value
        return chance.choice([*ODD_TENSORS, None, 1.5, "tensor"])
    return chance.choice(ODD_VALUES)
