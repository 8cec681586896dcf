"""The model: everything that needs torch, and the token files that it reads."""

import os

# torch reads these once, when it is loaded, so they are set before any module here imports it: operations
# that Apple's GPU lacks run on the CPU, and a Mac that runs out of memory says so before it swaps.
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
os.environ.setdefault("PYTORCH_MPS_HIGH_WATERMARK_RATIO", "1.0")
os.environ.setdefault("PYTORCH_MPS_LOW_WATERMARK_RATIO", "0.9")
