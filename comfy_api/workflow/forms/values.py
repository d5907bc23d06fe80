"""Whether a value is one that a control takes, said in a maker's words. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from comfy_api.errors import Refused
from comfy_api.workflow.check import nearest
from comfy_api.workflow.edits import MAX_BATCH, MAX_SIDE, MAX_STEPS
from comfy_api.workflow.forms.control import FILES, Control, Form, Kind, Number, Values
from comfy_api.workflow.forms.seeding import seed_range

_MAX_ITEMS: Final = 1_000
_MAX_NAME: Final = 500
#: Wholes beyond this fit no input of ComfyUI.
_WIDEST: Final = 2**64
_NO_NAME: Final = re.compile(r"[\x00-\x1f\x7f]|^[A-Za-z]:|(^|[/\\])\.{0,2}([/\\]|$)")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_TEXTS: Final = (Kind.TEXT, Kind.LONG_TEXT)
_NUMBERS: Final = (Kind.NUMBER, Kind.SLIDER)

#: Kind → what its value is, after "is" or "must be".
WANTED: Final[Mapping[Kind, str]] = {
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys((Kind.INTEGER, Kind.SEED, Kind.IMAGES), "a whole number"),
    **dict.fromkeys(_NUMBERS, "a number"),
    Kind.SWITCH: "true or false",
    **dict.fromkeys((Kind.CHOICE, Kind.MODEL), "one of its choices"),
    Kind.SIZE: "a width and a height, both whole numbers",
    **dict.fromkeys(FILES, "the name of a file"),
    Kind.COLOUR: "a colour such as #e4572e",
    Kind.LIST: "a list of texts or numbers",
}
_ADD: Final[Mapping[Kind, str]] = {
    Kind.IMAGE: "Add a picture to begin from.",
    Kind.MASK: "Add a mask.",
    Kind.VIDEO: "Add a video.",
    Kind.AUDIO: "Add a sound.",
    Kind.FILE: "Add a file.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an installation allows, whatever the form says. By default what ComfyUI itself takes.

    Attributes:
        text: characters of one text.
        images: pictures of one job.
        pixels: of one picture, width by height.
        steps: of a sampler.
    """

    text: int = 1_000_000
    images: int = MAX_BATCH
    pixels: int = MAX_SIDE**2
    steps: int = MAX_STEPS


WIDEST: Final = Limits()


def check_values(form: Form, values: Values, limits: Limits = WIDEST) -> dict[str, Any]:
    """The values as the graph takes them, in the order of the form. What is absent stays absent.

    Raises:
        Refused: names the control. One that is not in the form, or not shown, is unknown.
    """
    offered = {control.id: control for control in form.controls if control.shown}
    for name in values:
        if name not in offered:
            known = ", ".join(offered) or "nothing"
            raise Refused(f'This form has no "{str(name)[:64]}". It has: {known}.')
    for control in offered.values():
        if control.kind in FILES and control.required and control.default is None:
            check_value(control, values.get(control.id), limits)
    return {name: check_value(control, values[name], limits) for name, control in offered.items() if name in values}


def check_value(control: Control, value: Any, limits: Limits = WIDEST) -> Any:
    """The value as the graph takes it: a choice in its option's own spelling, an empty file as None.

    Raises:
        Refused: names the control.
    """
    if control.kind in FILES and value in (None, ""):
        return _refuse(control, _ADD[control.kind]) if control.required else None
    if control.kind is Kind.SEED and value is None:
        return None
    if not fits(control.kind, value):
        name = "A seed" if control.kind is Kind.SEED else _name(control)
        _refuse(control, f"{name} is {_wanted(control)}.")
    if control.required and (value == [] or (isinstance(value, str) and not value.strip())):
        _refuse(control, f"{_name(control)} is empty. Fill it in.")
    return _CHECKS[control.kind](control, value, limits)


def fits(kind: Kind, value: Any) -> bool:
    """Whether a value has the JSON type of this kind. None has not."""
    if kind in (Kind.INTEGER, Kind.SEED, Kind.IMAGES):
        return _is_whole(value)
    if kind in _NUMBERS:
        return _is_number(value)
    if kind in (Kind.CHOICE, Kind.MODEL):
        return _is_scalar(value)
    if kind is Kind.SIZE:
        return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_whole, value))
    if kind is Kind.LIST:
        return isinstance(value, (list, tuple)) and all(map(_is_scalar, value))
    return isinstance(value, bool if kind is Kind.SWITCH else str)


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same in JSON: 1 and 1.0 are, 1 and true or "1" are not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def find_option(value: Any, options: Sequence[Any]) -> Any:
    """The option that is meant, in its own spelling: the same one, or the only one with the same path; else None."""
    for option in options:
        if same(option, value):
            return option
    if not isinstance(value, str):
        return None
    path = value.replace("\\", "/")
    alike = [option for option in options if isinstance(option, str) and option.replace("\\", "/") == path]
    return alike[0] if len(alike) == 1 else None


# --- one kind each --------------------------------------------------------------------------------------


def _check_text(control: Control, value: str, limits: Limits) -> str:
    if len(value) > limits.text:
        _refuse(control, f"This text is longer than {limits.text:,} characters. Shorten it.")
    return value


def _check_number(control: Control, value: int | float, limits: Limits) -> int | float:
    most = limits.steps if _is_steps(control) else None
    if (control.whole and not _is_whole(value)) or not _within(control, value):
        _refuse(control, f"{_name(control)} is {_wanted(control)}.")
    if most is not None and value > most:
        _refuse(control, f"Choose at most {most:,} steps.")
    return value


def _check_seed(control: Control, value: int, limits: Limits) -> int:
    least, most = seed_range(control)
    if not least <= value <= most:
        _refuse(control, f"A seed is {_wanted(control)}.")
    return value


def _check_images(control: Control, value: int, limits: Limits) -> int:
    most = limits.images if control.maximum is None else min(limits.images, math.floor(control.maximum))
    least = max(1, math.ceil(control.minimum or 1))
    if not least <= value <= most:
        _refuse(control, f"Choose {least} to {most} images." if least < most else f"Choose {most}.")
    return value


def _check_choice(control: Control, value: Any, limits: Limits) -> Any:
    if not control.options:
        return _check_text(control, value, limits) if isinstance(value, str) else value
    option = find_option(value, control.options)
    if option is None:
        _refuse(control, _not_offered(control, value))
    return option


def _check_size(control: Control, value: Sequence[int], limits: Limits) -> list[int]:
    if not all(_within(control, side) for side in value):
        _refuse(control, f"Width and height are {_range('whole numbers', control)}.")
    if min(value) < 1:
        _refuse(control, "Width and height are whole numbers from 1.")
    if value[0] * value[1] > limits.pixels:
        side = math.isqrt(limits.pixels)
        _refuse(control, f"This picture is too large here. Choose at most {side} × {side}.")
    return list(value)


def _check_file(control: Control, value: str, limits: Limits) -> str:
    """A name within the server's folders alone: not every loader looks at that itself."""
    if len(value) > _MAX_NAME or _NO_NAME.search(value):
        _refuse(control, f'"{_short(value)}" is no file of this server. {_ADD[control.kind]}')
    return value


def _check_colour(control: Control, value: str, limits: Limits) -> str:
    if not _COLOUR.fullmatch(value):
        _refuse(control, f"{_name(control)} is {_wanted(control)}.")
    return value.lower()


def _check_list(control: Control, value: Sequence[Any], limits: Limits) -> list[Any]:
    if len(value) > _MAX_ITEMS:
        _refuse(control, f"{_name(control)} has more than {_MAX_ITEMS:,} entries. Shorten it.")
    return [_check_choice(control, item, limits) for item in value]


def _take(control: Control, value: Any, limits: Limits) -> Any:
    return value


_CHECKS: Final[Mapping[Kind, Callable[[Control, Any, Limits], Any]]] = {
    **dict.fromkeys(_TEXTS, _check_text),
    **dict.fromkeys((Kind.INTEGER, *_NUMBERS), _check_number),
    Kind.SWITCH: _take,
    **dict.fromkeys((Kind.CHOICE, Kind.MODEL), _check_choice),
    Kind.SEED: _check_seed,
    Kind.SIZE: _check_size,
    Kind.IMAGES: _check_images,
    **dict.fromkeys(FILES, _check_file),
    Kind.COLOUR: _check_colour,
    Kind.LIST: _check_list,
}


# --- words ----------------------------------------------------------------------------------------------


def _refuse(control: Control, sentence: str) -> NoReturn:
    raise Refused(sentence, control.id)


def _name(control: Control) -> str:
    return f'"{_short(control.label or control.id)}"'


def _wanted(control: Control) -> str:
    if control.kind is Kind.SEED:
        least, most = seed_range(control)
        return f"a whole number from {least} to {most}"
    wanted = "a whole number" if control.whole else WANTED[control.kind]
    return _range(wanted, control) if control.kind in (Kind.INTEGER, *_NUMBERS) else wanted


def _range(wanted: str, control: Control) -> str:
    least, most = (_plain(end) for end in (control.minimum, control.maximum))
    if least is None:
        return wanted if most is None else f"{wanted}, at most {most}"
    return f"{wanted}, at least {least}" if most is None else f"{wanted} from {least} to {most}"


def _plain(number: Number | None) -> Number | None:
    """100.0 as 100."""
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else number


def _not_offered(control: Control, value: Any) -> str:
    best = f'"{_short([*nearest(value, control.options), *control.options][0])}"'
    others = len(control.options) - 1
    more = f" and {others} {'other' if others == 1 else 'others'}. Choose one." if others else ". Choose that one."
    if control.kind is Kind.MODEL:
        return f'The server does not have the model "{_short(value)}". It has {best}{more}'
    return f'"{_short(value)}" is no choice for {_name(control)}. There {"are" if others else "is"} {best}{more}'


def _short(value: Any, most: int = 80) -> str:
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _within(control: Control, value: int | float) -> bool:
    return (control.minimum is None or value >= control.minimum) and (
        control.maximum is None or value <= control.maximum
    )


def _is_steps(control: Control) -> bool:
    return control.id == "steps" or any(place.input == "steps" for place in control.places)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_WIDEST < value < _WIDEST


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, bool)) or _is_number(value)
