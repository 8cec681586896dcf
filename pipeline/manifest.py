"""The checked chain of artifacts.

Every artifact has an entry in the `manifest.json` of its folder: its size, its SHA-256, the script that made it, the
settings of that script and the SHA-256 of its inputs. The next step calls `require_artifact`, which compares the entry
with the files, before it reads an artifact.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from pipeline.commands import FOLDER, command
from pipeline.errors import StepError
from pipeline.files import atomic_write

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MANIFEST_NAME = "manifest.json"


class ManifestEntry(TypedDict):
    """What the manifest says about one artifact."""

    size: int  # in bytes
    sha256: str
    made_by: str  # name of the script
    settings: dict[str, object]
    inputs: dict[str, str]  # path relative to the folder of the manifest -> SHA-256


def sha256_of(path: Path | str) -> str:
    """Return the SHA-256 of a file in hexadecimal; for a folder, that of the names and bytes of its .txt files."""
    path = Path(path)
    digest = hashlib.sha256()
    for file_path in _texts_in(path) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(os.fsencode(file_path.relative_to(path).as_posix()))
            digest.update(f"\0{file_path.stat().st_size}\0".encode())
        with open(file_path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def require_sound_manifest(*paths: Path | str) -> None:
    """Raise StepError, before any work, if the manifest of a folder of these outputs is damaged."""
    for path in paths:
        _read_manifest(Path(path).resolve().parent)


def digests_of(*paths: Path | str) -> dict[str, str]:
    """Return the SHA-256 of each path as it is now, for `record_artifacts`; call it before the files are read."""
    return {str(path): sha256_of(path) for path in paths}


def record_artifacts(
    paths: Sequence[Path | str], script: str, settings: Mapping[str, object], inputs: Mapping[str, str]
) -> None:
    """Write entries for the artifacts that `script` has just made into the manifests of their folders.

    `inputs` has the SHA-256 that each input had when the script began. An input that another program has changed
    since then no longer matches its entry, so that the next step calls the artifact stale.
    """
    input_digests = {Path(path).resolve(): digest for path, digest in inputs.items()}
    for folder in {Path(path).resolve().parent for path in paths}:
        entries = _read_manifest(folder)
        for path in (Path(path).resolve() for path in paths):
            if path.parent == folder:
                entries[path.name] = {
                    "size": path.stat().st_size,
                    "sha256": sha256_of(path),
                    "made_by": script,
                    "settings": dict(settings),
                    "inputs": {_relative(source, folder): digest for source, digest in input_digests.items()},
                }
        with atomic_write(folder / MANIFEST_NAME) as file:
            json.dump(entries, file, ensure_ascii=False, indent=2)
            file.write("\n")


@contextlib.contextmanager
def unchanged(*paths: Path | str) -> Iterator[None]:
    """Raise StepError at the end of the block if another program has replaced or changed one of the files in it."""
    before = [_state_of(path) for path in paths]
    yield
    for path, state in zip(paths, before, strict=True):
        if _state_of(path) != state:
            raise StepError(f"{path}: another program has changed it just now; run this step again")


def _state_of(path: Path | str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def is_recorded(path: Path | str) -> bool:
    """Return whether a file is what the manifest of its folder says."""
    path = Path(path)
    entry = _read_manifest(path.resolve().parent).get(path.name)
    return entry is not None and sha256_of(path) == entry["sha256"]


def require_artifact(path: Path | str, made_by: str, settings: "DataclassInstance | None" = None) -> ManifestEntry:
    """Return the manifest entry of an input after a check that the file is what the entry says.

    `settings` are those of the step that reads it; the command in an error message uses their paths. Raises StepError
    if the file is missing, has no entry (foreign), differs from its entry (truncated or edited), or if an input that
    it was made from has changed (stale).
    """
    path = Path(path)
    entry = require_entry(path, made_by, settings)
    if sha256_of(path) != entry["sha256"]:
        raise StepError(f"{path}: it was changed after {made_by} wrote it; run: {remake(path, made_by, settings)}")
    _require_fresh(path, entry)
    return entry


def require_entry(path: Path | str, made_by: str, settings: "DataclassInstance | None" = None) -> ManifestEntry:
    """Return the manifest entry of a file after a check of its size only; the file is not read.

    Raises StepError if the file is missing, has no entry, or has another size.
    """
    path = Path(path)
    rerun = f"run: {remake(path, made_by, settings)}"
    if not path.is_file():
        raise StepError(f"{path}: file not found; {rerun}")
    entry = _read_manifest(path.resolve().parent).get(path.name)
    if entry is None:
        raise StepError(
            f"{path}: no step of this project made it ({path.with_name(MANIFEST_NAME)} has no entry for it); {rerun}"
        )
    size = path.stat().st_size
    if size != entry["size"]:
        raise StepError(f"{path}: it has {size:,} bytes, but {made_by} wrote {entry['size']:,}; {rerun}")
    return entry


def require_made_from(
    path: Path | str, entry: ManifestEntry, source: Path | str, settings: "DataclassInstance | None" = None
) -> None:
    """Raise StepError unless the artifact with this manifest entry was made from the present content of `source`."""
    if sha256_of(source) not in entry["inputs"].values():
        rerun = remake(path, entry["made_by"], settings)
        raise StepError(f"{path}: it was not made from {source} as it is now; run: {rerun}")


def remake(path: Path | str, made_by: str, settings: "DataclassInstance | None" = None) -> str:
    """Return the command that makes an artifact again, with its recorded settings and the paths in `settings`."""
    path = Path(path)
    entry = _read_manifest(path.resolve().parent).get(path.name)
    recorded = entry["settings"] if entry and entry["made_by"] == made_by else {}
    names = [each.name for each in fields(settings) if each.name.endswith(("_path", "_bin"))] if settings else []
    return command(made_by, **recorded | {name: getattr(settings, name) for name in names})


def _require_fresh(path: Path, entry: ManifestEntry, checked: frozenset[Path] = frozenset()) -> None:
    """Raise StepError if one of the inputs of `path`, back to the raw text, has changed.

    An input that no longer exists is not an error: the user may have moved the raw text. `checked` are the files on
    the way to this one, which no step can have been made from.
    """
    folder = path.resolve().parent
    for name, recorded in entry["inputs"].items():
        source = _resolve(folder / name)
        if source in checked:
            raise StepError(
                f"{path}: the manifest says that it was made from itself; run: {remake(path, entry['made_by'])}"
            )
        source_entry = _read_manifest(source.parent).get(source.name)
        if source_entry is None and not _is_readable(source):
            continue
        current = source_entry["sha256"] if source_entry else sha256_of(source)
        if current != recorded:
            rerun = remake(path, entry["made_by"])
            raise StepError(f"{path}: {source.name} has changed since this was made from it; run: {rerun}")
        if source_entry:
            _require_fresh(source, source_entry, checked | {path.resolve()})


def find_newer_texts(path: Path | str) -> list[Path]:
    """Return the raw texts that have changed since an artifact was made from them.

    A raw text is read again only if it is newer than the artifact. One that no longer exists does not count as
    changed: the user may have moved it.
    """
    path = Path(path).resolve()
    entry = _read_manifest(path.parent).get(path.name)
    if entry is None or not path.exists():
        return []
    changed = []
    for name, recorded in entry["inputs"].items():
        source = _resolve(path.parent / name)
        if source.name in _read_manifest(source.parent):
            changed += find_newer_texts(source)
        elif (
            (source.is_file() or source.is_dir())
            and _changed_at(source) > path.stat().st_mtime
            and sha256_of(source) != recorded
        ):
            changed.append(source)
    return changed


def _is_readable(path: Path) -> bool:
    """Return whether a path is that of a file or a folder, not of a device or a pipe, which may never end."""
    return path.is_file() or path.is_dir()


def _resolve(path: Path) -> Path:
    """Return the path without links; where links lead in a circle, the path itself."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return Path(os.path.abspath(path))


def _changed_at(path: Path) -> float:
    """Return the time of the last change of a file, or of a folder and the texts in it, in seconds since 1970."""
    return max([path.stat().st_mtime, *(each.stat().st_mtime for each in _texts_in(path))])


def _texts_in(folder: Path) -> list[Path]:
    """Return the .txt files below a folder in their order, without links that lead nowhere and pipes."""
    return sorted(path for path in folder.rglob("*.txt") if path.is_file())


def _read_manifest(folder: Path) -> dict[str, ManifestEntry]:
    manifest = folder / MANIFEST_NAME
    if not os.path.lexists(manifest):
        return {}
    try:
        entries = json.loads(manifest.read_bytes()) if manifest.is_file() else None
        if not isinstance(entries, dict) or not all(map(_is_entry, entries.values())):
            raise ValueError
        return cast(dict[str, ManifestEntry], entries)
    except (ValueError, RecursionError):
        raise StepError(
            f"{manifest}: not a valid manifest; delete it, then run: {command('01_prepare_samples.py')}"
        ) from None


def _is_entry(entry: object) -> bool:
    """Whether something in a manifest has the parts of an entry, with their types."""
    if not isinstance(entry, dict):
        return False
    values = [entry.get(name) for name in ("size", "sha256", "made_by", "settings", "inputs")]
    if [type(value) for value in values] != [int, str, str, dict, dict]:
        return False
    texts = [*entry["inputs"], *entry["inputs"].values(), *(str(value) for value in entry["settings"].values())]
    is_plain = all(isinstance(text, str) and "\0" not in text and text.isprintable() for text in texts)
    # Only scripts of this folder make artifacts; their constants are read for the commands in messages.
    return is_plain and Path(entry["made_by"]).name == entry["made_by"] and (FOLDER / entry["made_by"]).is_file()


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive, on Windows
        return path.as_posix()
