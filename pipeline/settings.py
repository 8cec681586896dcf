"""Settings: the UPPERCASE constants of a script, each also a flag."""

import argparse
import difflib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, get_args, get_origin, get_type_hints

from pipeline.commands import SETTING_LINE
from pipeline.errors import StepError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

TYPE_NAMES = {bool: "True or False", int: "a whole number", float: "a number", str: "text in quotation marks"}

LARGEST_NUMBER = 2**63 - 1  # of a setting: torch and numpy count no further

Settings = TypeVar("Settings", bound="DataclassInstance")


def setting(
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    default: Any = MISSING,
) -> Any:  # like dataclasses.field, so that it fits a field of any type
    """Declare a field of a dataclass of settings with the range that `check_ranges` checks its value against.

    `least` and `most` belong to the range, `above` and `below` do not. The value must also be finite.
    """
    return field(default=default, metadata={"least": least, "most": most, "above": above, "below": below})


def file_setting(*, written: bool = False, optional: bool = False, folder: bool = False) -> Any:
    """Declare a field whose value is a path, which `check_files` checks; `optional`: it may be empty.

    A file that the step writes (`written`) must be neither a folder nor the file of another setting. `folder`: the path
    may also be that of a folder.
    """
    return field(metadata={"file": "folder" if folder else "written" if written else "read", "optional": optional})


def read_settings(
    settings_class: type[Settings], script: Mapping[str, object], arguments: Sequence[str] = (), positional: str = ""
) -> Settings:
    """Return the script's settings: its UPPERCASE constants, overridden by the flags in `arguments`.

    `settings_class` is a dataclass with a field for each constant. The type of the field is the type of the constant:
    bool, int, float, str, or a `Literal` of the words that it may be; `setting` declares its range. `script` is the
    script's `globals()`. `MAX_STEPS = 200  # why` becomes `--max-steps`, and `--help` shows "why". A `bool` becomes
    `--name` and `--no-name`. The setting called `positional` may also be given without its flag. Raises StepError for
    an unknown flag and for a value of the wrong type or out of range, in the file or on the command line.
    """
    parser = _make_parser(settings_class, script, positional)
    settings = settings_class(**_parse_arguments(parser, arguments, positional))
    check_ranges(settings)
    check_files(settings)
    return settings


def check_files(settings: "DataclassInstance") -> None:
    """Raise StepError if a path names no file, or if a file that is written is also another one of the settings."""
    paths = {each.name.upper(): getattr(settings, each.name) for each in fields(settings) if "file" in each.metadata}
    uses = {each.name.upper(): each.metadata for each in fields(settings)}
    for name, value in paths.items():
        _check_path(name, value, uses[name]["file"], uses[name]["optional"])
    given = {name: value for name, value in paths.items() if value}
    for name, value in given.items():
        for other, other_value in given.items():
            if uses[name]["file"] == "written" and name != other and _would_replace(value, other_value):
                raise StepError(
                    f"{name} {value} is written, and would replace {other} {other_value}; give one of them another name"
                )


def _check_path(name: str, value: str, use: str, may_be_empty: bool) -> None:
    if not value.strip() and may_be_empty:
        return
    named = value.strip() if use == "folder" else Path(value).name.strip() not in ("", "..")
    require_setting(bool(named), f"{name} is {value!r}; it must be the name of a file")
    require_setting("\0" not in value, f"{name} is {value!r}; the name of a file cannot hold NUL")
    path = Path(value)
    require_setting(
        use != "written" or not path.exists() or path.is_file() or path.is_dir(),
        f"{name} is {value!r}, a device or a pipe, which cannot be replaced; give the name of a file",
    )


def _would_replace(written: str, other: str) -> bool:
    """Whether to write one path means to lose the other: the same file by any name, or a folder on the way to it."""
    whole, whole_other = os.path.realpath(written), os.path.realpath(other)
    if whole == whole_other or Path(whole) in Path(whole_other).parents:
        return True
    return os.path.exists(whole) and os.path.exists(whole_other) and os.path.samefile(whole, whole_other)


def check_ranges(settings: "DataclassInstance") -> None:
    """Raise StepError if a setting is not one of its words, or not in its range."""
    types = get_type_hints(type(settings))
    for each in fields(settings):
        _check_value(each, types[each.name], getattr(settings, each.name))


def require_setting(holds: bool, complaint: str) -> None:
    """Raise StepError with `complaint` (the setting, its value, the values that it may have) unless `holds`."""
    if not holds:
        raise StepError(complaint)


class _SettingsParser(argparse.ArgumentParser):
    """An ArgumentParser that raises StepError instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        raise StepError(f"{self.prog}: {message}; see --help for the settings")

    def _get_value(self, action: argparse.Action, text: str) -> Any:
        try:
            return super()._get_value(action, text)
        except argparse.ArgumentError:
            flag = action.option_strings[0]
            kind = TYPE_NAMES[type(action.default)]
            raise StepError(f"{self.prog}: {flag} takes {kind} such as {action.default}, not {text[:40]!r}") from None


def _make_parser(
    settings_class: "type[DataclassInstance]", script: Mapping[str, object], positional: str
) -> _SettingsParser:
    """Return a parser with a flag for each setting, whose default is the constant in the script."""
    script_path = Path(str(script["__file__"]))
    source = script_path.read_text(encoding="utf-8")
    comments = {line["name"]: line["comment"] or "" for line in SETTING_LINE.finditer(source)}
    types = get_type_hints(settings_class)
    parser = _SettingsParser(
        prog=script_path.name,
        usage=f"%(prog)s [--setting value …]{f' [{positional}]' if positional else ''}",
        description=str(script.get("__doc__") or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for each in fields(settings_class):
        value_type = str if get_origin(types[each.name]) is Literal else types[each.name]
        name = each.name.upper()
        default = _checked_type(f"{script_path.name}: {name}", script[name], value_type)
        comment = f"{comments[name]} (default: {default!r})".strip().replace("%", "%%")
        flag = "--" + each.name.replace("_", "-")
        if value_type is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=comment)
        else:
            parser.add_argument(flag, type=value_type, default=default, help=comment, metavar="…")
    return parser


def _parse_arguments(parser: _SettingsParser, arguments: Sequence[str], positional: str) -> dict[str, Any]:
    """Return the values of all settings by their lower-case names."""
    values, unknown = parser.parse_known_args(list(arguments))
    if positional and len(unknown) == 1 and not unknown[0].startswith("-"):
        setattr(values, positional, unknown.pop())
    if unknown:
        known = [flag for action in parser._actions for flag in action.option_strings]
        nearest = difflib.get_close_matches(unknown[0].split("=")[0], known, n=1, cutoff=0.4)
        advice = f"did you mean {nearest[0]}?" if nearest else "see --help for the settings"
        raise StepError(f"{parser.prog}: unknown argument {unknown[0]}; {advice}")
    return vars(values)


def _checked_type(name: str, value: object, value_type: type) -> object:
    """Return a constant, an int as a float where `value_type` is float. Raises StepError for any other type."""
    if value_type is float and type(value) is int:
        return float(value)
    if type(value) is not value_type:
        raise StepError(f"{name} = {value!r} is not {TYPE_NAMES[value_type]}; correct it at the top of the script")
    return value


def _check_value(each: Field[Any], value_type: object, value: Any) -> None:
    """Raise StepError if the value of a field is not one of the words of its `Literal`, or not in its range."""
    name = each.name.upper()
    if get_origin(value_type) is Literal:
        *words, last = get_args(value_type)
        require_setting(value in get_args(value_type), f"{name} is {value!r}; it must be {', '.join(words)} or {last}")
    is_utf8 = type(value) is not str or value.encode(errors="ignore").decode() == value
    require_setting(is_utf8, f"{name} is {value!r}, which is not in UTF-8; rename the file, or set PYTHONUTF8=1")
    require_setting(
        type(value) is not int or abs(value) <= LARGEST_NUMBER, f"{name} is a number of more than {LARGEST_NUMBER:,}"
    )
    if "least" not in each.metadata:
        return
    least, most, above, below = (each.metadata[bound] for bound in ("least", "most", "above", "below"))
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
    limits = [f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound)]
    holds = least <= value <= most and above < value < below and math.isfinite(value)
    require_setting(holds, f"{name} is {value}; it must be {' and '.join(limits) or 'a finite number'}")
