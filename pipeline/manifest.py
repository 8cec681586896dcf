"""The checked chain of artifacts.

Every artifact has an entry in the `manifest.json` beside it, with its size, its SHA-256, the script that made it,
that script's settings and the SHA-256 of its inputs. The next step reads an artifact through `require_artifact`,
which compares the entry with the files.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pipeline.commands import command
from pipeline.errors import StepError
from pipeline.files import atomic_write

MANIFEST_NAME = "manifest.json"


def sha256_of(path: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; a folder's is that of its .txt files' names and bytes."""
    path = Path(path)
    digest = hashlib.sha256()
    for file_path in sorted(path.rglob("*.txt")) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(f"{file_path.relative_to(path).as_posix()}\0{file_path.stat().st_size}\0".encode())
        with open(file_path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def require_sound_manifest(*paths: Path | str) -> None:
    """Stop before any work when the manifest that these outputs will be entered in is damaged."""
    for path in paths:
        _read_manifest(Path(path).resolve().parent)


def record_artifacts(paths: Sequence[Path | str], script: str, settings: Any, inputs: Sequence[Path | str]) -> None:
    """Enter artifacts that `script` has just written, with a dataclass of settings, into their folder's manifest."""
    input_digests = {Path(path).resolve(): sha256_of(path) for path in inputs}
    for folder in {Path(path).resolve().parent for path in paths}:
        entries = _read_manifest(folder)
        for path in (Path(path).resolve() for path in paths):
            if path.parent == folder:
                entries[path.name] = {
                    "size": path.stat().st_size,
                    "sha256": sha256_of(path),
                    "made_by": script,
                    "settings": asdict(settings),
                    "inputs": {_relative(source, folder): digest for source, digest in input_digests.items()},
                }
        with atomic_write(folder / MANIFEST_NAME) as file:
            json.dump(entries, file, ensure_ascii=False, indent=2)
            file.write("\n")


def require_artifact(path: Path | str, made_by: str, settings: Any = None) -> dict:
    """Return the manifest entry of an input, after proving that the file is what the entry says.

    `settings` are those of the step that reads it: the command in an error gets their paths. Raises StepError when
    the file is missing, has no entry (foreign), differs from it (truncated or edited), or when something that it
    was made from has changed since (stale).
    """
    path = Path(path)
    entry = require_entry(path, made_by, settings)
    if sha256_of(path) != entry["sha256"]:
        raise StepError(f"{path}: it was changed after {made_by} wrote it; run: {remake(path, made_by, settings)}")
    _require_fresh(path, entry)
    return entry


def require_entry(path: Path | str, made_by: str, settings: Any = None) -> dict:
    """Return the manifest entry of a file whose size is what the entry says; the file is not read.

    Raises StepError when the file is missing, has no entry, or has another size.
    """
    path = Path(path)
    rerun = f"run: {remake(path, made_by, settings)}"
    if not path.is_file():
        raise StepError(f"{path}: file not found; {rerun}")
    entry = _read_manifest(path.resolve().parent).get(path.name)
    if entry is None:
        raise StepError(f"{path}: no step here made it ({path.with_name(MANIFEST_NAME)} has no entry for it); {rerun}")
    size = path.stat().st_size
    if size != entry["size"]:
        raise StepError(f"{path}: it has {size:,} bytes, but {made_by} wrote {entry['size']:,}; {rerun}")
    return entry


def require_made_from(path: Path | str, entry: dict, source: Path | str, settings: Any = None) -> None:
    """Stop unless the artifact with this manifest entry was made from `source` as it is now."""
    if sha256_of(source) not in entry["inputs"].values():
        rerun = remake(path, entry["made_by"], settings)
        raise StepError(f"{path}: it was not made from {source} as it is now; run: {rerun}")


def remake(path: Path | str, made_by: str, settings: Any = None) -> str:
    """The command that makes an artifact anew: with the settings of the last time, and the paths of `settings`."""
    path = Path(path)
    entry = _read_manifest(path.resolve().parent).get(path.name, {})
    recorded = entry["settings"] if entry.get("made_by") == made_by else {}
    paths = {each.name: getattr(settings, each.name) for each in fields(settings)} if settings else {}
    return command(
        made_by, **{**recorded, **{name: value for name, value in paths.items() if name.endswith(("_path", "_bin"))}}
    )


def _require_fresh(path: Path, entry: dict) -> None:
    """Follow the recorded inputs back to the raw text; a changed one makes `path` stale.

    An input that no longer exists proves nothing and passes: the raw text may have been put away.
    """
    folder = path.resolve().parent
    for name, recorded in entry["inputs"].items():
        source = (folder / name).resolve()
        source_entry = _read_manifest(source.parent).get(source.name)
        if source_entry is None and not source.exists():
            continue
        current = source_entry["sha256"] if source_entry else sha256_of(source)
        if current != recorded:
            rerun = remake(path, entry["made_by"])
            raise StepError(f"{path}: {source.name} has changed since this was made from it; run: {rerun}")
        if source_entry:
            _require_fresh(source, source_entry)


def find_newer_texts(path: Path | str) -> list[Path]:
    """The raw texts behind an artifact that have changed since they were read; told by time first, then by digest.

    A raw text that no longer exists has not changed: it may have been put away.
    """
    path = Path(path).resolve()
    entry = _read_manifest(path.parent).get(path.name)
    if entry is None or not path.exists():
        return []
    changed = []
    for name, recorded in entry["inputs"].items():
        source = (path.parent / name).resolve()
        if source.name in _read_manifest(source.parent):
            changed += find_newer_texts(source)
        elif source.exists() and _changed_at(source) > path.stat().st_mtime and sha256_of(source) != recorded:
            changed.append(source)
    return changed


def _changed_at(path: Path) -> float:
    """When a file, or the last of the texts in a folder, was changed."""
    return max([path.stat().st_mtime, *(each.stat().st_mtime for each in path.rglob("*.txt") if path.is_dir())])


def _read_manifest(folder: Path) -> dict:
    manifest = folder / MANIFEST_NAME
    if not manifest.exists():
        return {}
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
        if not all({"size", "sha256", "made_by", "settings", "inputs"} <= entry.keys() for entry in entries.values()):
            raise ValueError
        return entries
    except (ValueError, AttributeError, TypeError):
        raise StepError(
            f"{manifest}: not a manifest of these steps; delete it, then run: {command('01_prepare_samples.py')}"
        ) from None


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive, on Windows
        return path.as_posix()
