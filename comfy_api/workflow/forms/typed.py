"""Text that somebody typed, or that stands in a link, as the value of a control. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from comfy_api.errors import Refused
from comfy_api.workflow.forms.control import FILES, Control, Kind
from comfy_api.workflow.forms.values import find_option, same

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?", re.ASCII)
_SIZE: Final = re.compile(r"([0-9]{1,6})\s*[x×*,]\s*([0-9]{1,6})", re.ASCII | re.IGNORECASE)
_SWITCH: Final = {
    "true": True,
    "on": True,
    "yes": True,
    "1": True,
    "false": False,
    "off": False,
    "no": False,
    "0": False,
}
_WHOLES: Final = (Kind.INTEGER, Kind.SEED, Kind.IMAGES)
_NUMBERS: Final = (Kind.NUMBER, Kind.SLIDER)


def parse_text(control: Control, text: str) -> Any:
    """The text in the JSON type of the control's kind; what is none of that stays text, for ``check_value`` to refuse.

    A seed that is empty is None, a new one each time. A size is ``1024x768``, a list ``a,b,c``.

    Raises:
        Refused: a file: text cannot bring one, and may not name somebody else's.
    """
    kind, plain = control.kind, text.strip()
    if kind in FILES:
        raise Refused(
            f'"{control.label or control.id}" takes a file, which text cannot bring. Add it in the form.', control.id
        )
    if kind is Kind.SEED and not plain:
        return None
    if kind in _WHOLES:
        return int(plain) if _WHOLE.fullmatch(plain) else text
    if kind in _NUMBERS:
        return _number(plain, text)
    if kind is Kind.SWITCH:
        return _SWITCH.get(plain.lower(), text)
    if kind in (Kind.CHOICE, Kind.MODEL):
        return _choice(control, text)
    if kind is Kind.LIST:
        return [_choice(control, item.strip()) for item in text.split(",")] if plain else []
    if kind is Kind.SIZE:
        sides = _SIZE.fullmatch(plain)
        return [int(side) for side in sides.groups()] if sides else text
    if kind is Kind.COLOUR:
        return plain if plain.startswith("#") else f"#{plain}"
    return text


def _number(plain: str, otherwise: str) -> int | float | str:
    if _WHOLE.fullmatch(plain):
        return int(plain)
    return float(plain) if _NUMBER.fullmatch(plain) else otherwise


def _choice(control: Control, text: str) -> Any:
    """The option that reads like the text; one that is text goes first."""
    option = find_option(text, control.options)
    if option is not None:
        return option
    meant = [_number(text.strip(), text), _SWITCH.get(text.strip().lower()) if text.strip().isalpha() else None]
    return next((option for option in control.options for value in meant if same(option, value)), text)
