"""What all steps share.

Settings that are also flags, errors in one line, files that are written whole or not at all, and a checked chain of
artifacts.
"""

from pathlib import Path

from pipeline.environment import require_environment
from pipeline.startup import end_in_one_line_while_loading, is_script_of, open_standard_streams

# The only work at import time. Every script imports this package before torch, tokenizers, numpy and tqdm, which take
# seconds to load. After these lines, a missing package, an old Python or Ctrl-C would end in a traceback.
if is_script_of(Path(__file__).resolve().parent.parent):
    open_standard_streams()
    end_in_one_line_while_loading()
require_environment(Path(__file__).resolve().parent.parent)

from pipeline.batching import batched
from pipeline.commands import command
from pipeline.errors import StepError, is_out_of_memory, require_package, run
from pipeline.files import atomic_write, atomic_writes, keep_as
from pipeline.folders import atomic_folder
from pipeline.lock import locked
from pipeline.manifest import (
    MANIFEST_NAME,
    ManifestEntry,
    digests_of,
    find_newer_texts,
    is_recorded,
    record_artifacts,
    remake,
    require_artifact,
    require_entry,
    require_made_from,
    require_sound_manifest,
    sha256_of,
    unchanged,
)
from pipeline.settings import check_ranges, file_setting, read_settings, require_setting, setting
from pipeline.sizes import human_size

__all__ = [
    "MANIFEST_NAME",
    "ManifestEntry",
    "StepError",
    "atomic_folder",
    "atomic_write",
    "atomic_writes",
    "batched",
    "check_ranges",
    "command",
    "digests_of",
    "file_setting",
    "find_newer_texts",
    "human_size",
    "is_out_of_memory",
    "is_recorded",
    "keep_as",
    "locked",
    "read_settings",
    "record_artifacts",
    "remake",
    "require_artifact",
    "require_entry",
    "require_made_from",
    "require_package",
    "require_setting",
    "require_sound_manifest",
    "run",
    "setting",
    "sha256_of",
    "unchanged",
]
