"""Settings: the UPPERCASE constants of a script, each also a flag."""

import argparse
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from pipeline.commands import SETTING_LINE
from pipeline.errors import StepError

TYPE_NAMES = {bool: "True or False", int: "a whole number", float: "a number", str: "text in quotation marks"}

Settings = TypeVar("Settings")


def setting(
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    default: Any = MISSING,
) -> Any:
    """A field of a dataclass of settings with the range that its value must lie in, for `check_ranges` to check."""
    return field(default=default, metadata={"least": least, "most": most, "above": above, "below": below})


def read_settings(
    kind: type[Settings], script: Mapping[str, Any], arguments: Sequence[str] = (), positional: str = ""
) -> Settings:
    """Return the script's settings: its UPPERCASE constants, overridden by the flags in `arguments`.

    `kind` is a dataclass with a field for each constant, which gives its type and, by `setting`, its range;
    a `Literal` lists the words that it may be. `script` is the script's `globals()`. `MAX_STEPS = 200  # why`
    becomes `--max-steps` and shows "why" in `--help`. A `bool` becomes `--name` and `--no-name`. The setting
    called `positional` may also be given without its flag. Raises StepError for an unknown flag and for a value
    of another type or out of range, in the file as well as on the command line.
    """
    script_path = Path(script["__file__"])
    comments = {
        line["name"]: line["comment"] or "" for line in SETTING_LINE.finditer(script_path.read_text(encoding="utf-8"))
    }
    hints = get_type_hints(kind)
    parser = _SettingsParser(
        prog=script_path.name,
        usage=f"%(prog)s [--setting value …]{f' [{positional}]' if positional else ''}",
        description=(script.get("__doc__") or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for each in fields(kind):
        hint = hints[each.name]
        value_type = str if get_origin(hint) is Literal else hint
        name = each.name.upper()
        default = _checked_type(f"{script_path.name}: {name}", script[name], value_type)
        comment = f"{comments[name]} (default: {default!r})".strip().replace("%", "%%")
        flag = "--" + each.name.replace("_", "-")
        if value_type is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=comment)
        else:
            parser.add_argument(flag, type=value_type, default=default, help=comment, metavar="…")
    values, unknown = parser.parse_known_args(list(arguments))
    if positional and len(unknown) == 1 and not unknown[0].startswith("-"):
        setattr(values, positional, unknown.pop())
    if unknown:
        known = [flag for action in parser._actions for flag in action.option_strings]
        nearest = difflib.get_close_matches(unknown[0].split("=")[0], known, n=1, cutoff=0.4)
        hint = f"did you mean {nearest[0]}?" if nearest else "see --help for the settings"
        raise StepError(f"{script_path.name}: unknown argument {unknown[0]}; {hint}")
    settings = kind(**vars(values))
    check_ranges(settings)
    return settings


def check_ranges(settings: Any) -> None:
    """Raise StepError when a setting is not one of its words, or not in its range."""
    hints = get_type_hints(type(settings))
    for each in fields(settings):
        _check_value(each, hints[each.name], getattr(settings, each.name))


class _SettingsParser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are StepErrors."""

    def error(self, message):
        raise StepError(f"{self.prog}: {message}; see --help for the settings")

    def _get_value(self, action, text):
        try:
            return super()._get_value(action, text)
        except argparse.ArgumentError:
            flag = action.option_strings[0]
            raise StepError(
                f"{self.prog}: {flag} takes {TYPE_NAMES[action.type]} such as {action.default}, not {text!r}"
            ) from None


def _checked_type(name: str, value: Any, value_type: type) -> Any:
    """The value of a constant as `value_type`. Raises StepError where somebody has written another type."""
    if value_type is float and type(value) is int:
        return float(value)
    if type(value) is not value_type:
        raise StepError(f"{name} = {value!r} is not {TYPE_NAMES[value_type]}; correct it at the top of the script")
    return value


def _check_value(each: Field, hint: Any, value: Any) -> None:
    name = each.name.upper()
    if get_origin(hint) is Literal:
        *words, last = get_args(hint)
        require_setting(
            value in get_args(hint),
            f"{name} is {value!r}; it must be {', '.join(words)} or {last}" if words else "",
        )
    if not each.metadata:
        return
    least, most, above, below = (each.metadata[bound] for bound in ("least", "most", "above", "below"))
    limits = [
        text
        for bound, text in (
            (least, f"at least {least:g}"),
            (above, f"above {above:g}"),
            (most, f"at most {most:g}"),
            (below, f"below {below:g}"),
        )
        if math.isfinite(bound)
    ]
    holds = least <= value <= most and above < value < below and math.isfinite(value)
    require_setting(holds, f"{name} is {value}; it must be {' and '.join(limits) or 'a finite number'}")


def require_setting(holds: bool, complaint: str) -> None:
    """Stop with `complaint` (which setting, its value, what it may be) unless the condition holds."""
    if not holds:
        raise StepError(complaint)
