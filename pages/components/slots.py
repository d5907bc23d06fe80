"""Between a control and the state of its widget: keys, first values, putting and reading.

Widgets keep their values in ``st.session_state``. What a widget cannot hold lies on the desk: files, what a choice
stands for in JSON, and whether a seed counts. Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

import streamlit as st

from comfy_api.service import Service
from comfy_api.workflow.forms.control import FILES, Control, Kind
from comfy_api.workflow.forms.typed import parse_text
from comfy_api.workflow.forms.values import fits
from pages.components import options
from pages.components.desk import Desk

#: Numbers of images to choose from; the installation's limit cuts the list.
IMAGES: Final = (1, 2, 4, 8)
#: Controls that stay as they are when the workflow changes, and keep their keys.
_SHARED: Final = {
    "prompt": (Kind.TEXT, Kind.LONG_TEXT),
    "seed": (Kind.SEED,),
    "images": (Kind.IMAGES,),
}
_NUMBERS: Final = (Kind.INTEGER, Kind.NUMBER, Kind.SLIDER)
#: A browser's numbers are exact up to here.
EXACT: Final = 2**53 - 1
_BLACK: Final = "#000000"


def is_shared(control: Control) -> bool:
    """Whether all workflows have this control in common."""
    return control.kind in _SHARED.get(control.id, ())


def key_of(control: Control) -> str:
    """The widget's key."""
    return control.id if is_shared(control) else f"control_{control.id}"


def sides_of(control: Control) -> tuple[str, str]:
    """The two keys of a size."""
    return f"{key_of(control)}_width", f"{key_of(control)}_height"


def slot(control: Control) -> str:
    """Its name among a form's raw values, where ``workflow`` is the workflow's slug."""
    return "workflow." if control.id == "workflow" else control.id


def typed_as_text(control: Control) -> bool:
    """Whether a whole number goes beyond what a browser counts exactly."""
    ends = (control.minimum, control.maximum, control.default)
    wide = any(isinstance(end, (int, float)) and abs(end) > EXACT for end in ends)
    return wide and (control.kind is Kind.INTEGER or (control.kind is Kind.SLIDER and control.whole))


def is_dragged(control: Control) -> bool:
    """Whether a slider can be drawn: both ends stated, and a value to stand at."""
    known = None not in (control.minimum, control.maximum, control.default)
    return control.kind is Kind.SLIDER and known and not typed_as_text(control) and _span(control) > 0


def whole(control: Control) -> bool:
    """Whether a number has no fraction."""
    return control.kind is Kind.INTEGER or (control.kind is Kind.SLIDER and control.whole)


def named_switch(control: Control) -> bool:
    """Whether both states of a switch have names."""
    return bool(control.on and control.off and control.on != control.off)


def within(control: Control, value: int | float) -> bool:
    """Whether a number lies in the control's range."""
    least, most = control.minimum, control.maximum
    return (least is None or value >= least) and (most is None or value <= most)


def image_counts(service: Service, control: Control) -> tuple[int, ...]:
    """Numbers of pictures to choose from."""
    most = service.limits.images if control.maximum is None else min(service.limits.images, int(control.maximum))
    least = int(control.minimum or 1)
    return tuple(number for number in IMAGES if least <= number <= most) or (max(1, least),)


# --- first values ---------------------------------------------------------------------------------------


def first(service: Service, control: Control) -> dict[str, Any]:
    """What a control has at first, as raw values; a widget shows exactly this, so that drawing changes nothing."""
    default, name = control.default, slot(control)
    if control.kind is Kind.SEED:
        mode = control.mode if control.mode == "random" or default is not None else "random"
        return {name: "" if mode == "random" else str(default), f"{name}.mode": mode}
    if control.kind is Kind.IMAGES:
        return {name: _allowed(service, control, default)}
    if control.kind is Kind.SWITCH:
        return {name: default is True}
    if control.kind is Kind.COLOUR:
        return {name: default if fits(Kind.COLOUR, default) else _BLACK}
    if default is None and control.kind in (Kind.TEXT, Kind.LONG_TEXT):
        return {name: ""}
    return {name: list(default) if isinstance(default, tuple) else default}


# --- putting ----------------------------------------------------------------------------------------------


def put(service: Service, desk: Desk, control: Control, raw: Mapping[str, Any]) -> None:
    """A value into the state of the control's widget, before it is drawn. What does not fit any more becomes the
    first value; a choice that the server lacks stays, and is said to be lacking.
    """
    if control.kind is Kind.SEED:
        _put_seed(desk, control, raw)
        return
    value = raw.get(slot(control))
    if not _takes(control, value):
        value = first(service, control)[slot(control)]
    key, mine = key_of(control), (desk.slug or "", control.id)
    state = st.session_state
    if control.kind in FILES:
        desk.files[mine] = value or None
    elif control.kind is Kind.SIZE:
        state.update(zip(sides_of(control), value or (None, None), strict=True))
    elif control.kind is Kind.IMAGES:
        state[key] = _allowed(service, control, value)
    elif control.kind in (Kind.CHOICE, Kind.MODEL, Kind.LIST):
        desk.picks[mine] = value
        state[key] = in_widget(control, value)
    else:
        state[key] = in_widget(control, value)


def in_widget(control: Control, value: Any) -> Any:
    """A raw value as the control's widget holds it."""
    if control.kind in (Kind.CHOICE, Kind.MODEL):
        return options.name_of(control, value)
    if control.kind is Kind.LIST:
        items = value or ()
        if control.options:
            return [options.name_of(control, item) or options.text_of(item) for item in items]
        return "\n".join(map(options.text_of, items))
    if control.kind is Kind.SWITCH and named_switch(control):
        return control.on if value else control.off
    if control.kind in _NUMBERS and value is not None:
        if typed_as_text(control):
            return str(value)
        return int(value) if whole(control) else float(value)
    return "" if value is None and typed_as_text(control) else value


def _put_seed(desk: Desk, control: Control, raw: Mapping[str, Any]) -> None:
    text = raw.get(slot(control))
    text = text if isinstance(text, str) else ""
    mode = raw.get(f"{slot(control)}.mode")
    st.session_state[key_of(control)] = text
    desk.modes[key_of(control)] = mode if mode in ("fixed", "count") else "fixed" if text else "random"
    desk.counted.pop(key_of(control), None)


def _takes(control: Control, value: Any) -> bool:
    """Whether a widget of this control can hold the value."""
    if value is None:
        return control.kind not in (Kind.SWITCH, Kind.COLOUR, Kind.IMAGES) and not is_dragged(control)
    if not fits(control.kind, value):
        return False
    if control.kind in _NUMBERS:
        fine = isfinite(value) and within(control, value) and (not whole(control) or value == int(value))
        return fine and (typed_as_text(control) or abs(value) <= EXACT or not whole(control))
    return control.kind is not Kind.SIZE or all(within(control, side) and 0 < side <= EXACT for side in value)


def _allowed(service: Service, control: Control, images: Any) -> int:
    """This number of pictures where it is allowed, else the nearest one below."""
    offered = image_counts(service, control)
    if not isinstance(images, int) or isinstance(images, bool):
        return offered[0]
    if within(control, images) and 1 <= images <= service.limits.images:
        return images
    return max((number for number in offered if number <= images), default=offered[0])


# --- reading ----------------------------------------------------------------------------------------------


def take(desk: Desk, control: Control) -> dict[str, Any]:
    """The raw values as they stand in the control's widget."""
    state, key, name = st.session_state, key_of(control), slot(control)
    if control.kind is Kind.SEED:
        text = str(state.get(key) or "").strip()
        mode = desk.modes.get(key, "random")
        mode = "random" if not text else "fixed" if mode == "random" else mode
        desk.modes[key] = mode
        return {name: text, f"{name}.mode": mode}
    if control.kind in FILES:
        return {name: desk.files.get((desk.slug or "", control.id))}
    if control.kind is Kind.SIZE:
        sides = [state.get(side) for side in sides_of(control)]
        return {name: None if None in sides else sides}
    if control.kind in (Kind.CHOICE, Kind.MODEL, Kind.LIST):
        return {name: _picked(desk, control, state.get(key))}
    value = state.get(key)
    if control.kind is Kind.SWITCH and named_switch(control):
        value = value == control.on
    elif typed_as_text(control):
        value = parse_text(control, value) if value else None
    return {name: value}


def _picked(desk: Desk, control: Control, held: Any) -> Any:
    """What the widget's names stand for; where it holds none, what was picked before."""
    mine = (desk.slug or "", control.id)
    if control.kind is Kind.LIST:
        if held is not None:
            desk.picks[mine] = _items(control, held, desk.picks.get(mine) or ())
    elif (index := options.option_named(control, held)) is not None:
        desk.picks[mine] = control.options[index]
    return desk.picks.get(mine)


def _items(control: Control, held: Any, before: Any) -> list[Any]:
    if not control.options:
        lines = [line.strip() for line in str(held).splitlines() if line.strip()]
        known = {options.text_of(item): item for item in (*(control.default or ()), *before)}
        numbers = any(fits(Kind.NUMBER, item) for item in control.default or ())
        return [known[line] if line in known else _number(line) if numbers else line for line in lines]
    meant = {options.text_of(item): item for item in before}
    meant |= dict(zip(options.names_of(control), control.options, strict=True))
    return [meant[name] for name in held if name in meant]


def _number(line: str) -> Any:
    return parse_text(Control(id="item", kind=Kind.NUMBER, label=""), line)


def _span(control: Control) -> int | float:
    return (control.maximum or 0) - (control.minimum or 0)
