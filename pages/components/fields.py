"""One field for each kind of control that is one widget. Their values are put and read by ``slots.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import streamlit as st

from comfy_api.service import Service
from comfy_api.workflow.forms.control import Control, Kind
from comfy_api.workflow.forms.control import Number as Num
from pages.components import options, slots, words
from pages.components.form import Sheet
from pages.components.text import plain

#: More options than this can be searched through.
SEARCHED: Final = 8
_PROMPT_HEIGHT: Final = 124
_TEXT_HEIGHT: Final = 84
_MOST_DECIMALS: Final = 8


@dataclass(frozen=True)
class Field:
    """A control that is about to be drawn.

    Attributes:
        value: its raw value.
        disabled: the workflow cannot be used here, so nothing can be changed.
    """

    service: Service
    control: Control
    value: Any
    disabled: bool

    @property
    def shared(self) -> dict[str, Any]:
        """What every widget is given."""
        return {
            "key": slots.key_of(self.control),
            "help": plain(self.control.help) or None,
            "disabled": self.disabled,
            "persist_state": "session",
        }


def label_of(control: Control) -> str:
    """Its name; never empty."""
    return plain(control.label.strip()) or plain(control.id.replace("_", " ").capitalize())


def draw(service: Service, sheet: Sheet, control: Control, *, disabled: bool) -> None:
    """Draws the widget of a control that is one widget."""
    _DRAW[control.kind](Field(service, control, sheet.raw[slots.slot(control)], disabled))


def number(
    key: str,
    label: str,
    least: Num | None,
    most: Num | None,
    step: Num | None,
    placeholder: str,
    whole: bool,
    tip: str,
    disabled: bool,
) -> None:
    """Draws a number's field. A value that has come to lie outside stays in sight; it is refused when it is used."""
    cast: Callable[[Any], Any] = int if whole else float
    value = st.session_state.get(key)
    ends = _ends(least, most, value, whole)
    # A number can be changed, not taken away; one that is not there yet has a placeholder.
    begin: Any = None if value is None else "min"
    st.number_input(
        label,
        min_value=ends[0],
        max_value=ends[1],
        value=begin,
        step=_step(step, cast),
        format=None if whole else f"%0.{_decimals(step, least, value)}f",
        key=key,
        placeholder=placeholder or None,
        help=tip or None,
        disabled=disabled,
        persist_state="session",
    )


def _ends(least: Num | None, most: Num | None, value: Num | None, whole: bool) -> tuple[Num | None, Num | None]:
    """The ends of a number's field, of one type; wide enough for its value, and no wider than a browser counts."""
    cast: Callable[[Any], Any] = int if whole else float
    low, high = (None if end is None else cast(end) for end in (least, most))
    if value is not None:
        low, high = None if low is None else min(low, value), None if high is None else max(high, value)
    if not whole:
        return low, high
    return (
        -slots.EXACT if low is None else max(low, -slots.EXACT),
        slots.EXACT if high is None else min(high, slots.EXACT),
    )


# --- one kind each ----------------------------------------------------------------------------------------


def _text(field: Field) -> None:
    st.text_input(
        label_of(field.control), placeholder=field.control.placeholder or None, autocomplete="off", **field.shared
    )


def _long_text(field: Field) -> None:
    control = field.control
    is_prompt = control.id == "prompt"
    st.text_area(
        label_of(control),
        height=_PROMPT_HEIGHT if is_prompt else _TEXT_HEIGHT,
        placeholder=control.placeholder or None,
        **field.shared,
    )


def _number(field: Field) -> None:
    control = field.control
    if slots.typed_as_text(control):
        _text(field)
        return
    default = "" if control.default is None else options.text_of(control.default)
    number(
        slots.key_of(control),
        label_of(control),
        control.minimum,
        control.maximum,
        control.step,
        control.placeholder or default,
        slots.whole(control),
        plain(control.help),
        field.disabled,
    )


def _slider(field: Field) -> None:
    control = field.control
    if not slots.is_dragged(control):
        _number(field)
        return
    cast: Callable[[Any], Any] = int if control.whole else float
    least, most = cast(control.minimum), cast(control.maximum)
    st.slider(
        label_of(control),
        min_value=min(least, field.value),
        max_value=max(most, field.value),
        step=_step(control.step, cast),
        format=None if control.whole else f"%0.{_decimals(control.step, least, field.value)}f",
        **field.shared,
    )


def _switch(field: Field) -> None:
    control = field.control
    if slots.named_switch(control):
        st.segmented_control(
            label_of(control),
            [control.off, control.on],
            format_func=plain,
            required=True,
            width="stretch",
            **field.shared,
        )
    else:
        st.toggle(label_of(control), **field.shared)


def _choice(field: Field) -> None:
    control, value = field.control, field.value
    names = options.nearest_first(control, value)
    if not control.options and value is not None:
        # No server says what else there is: what is chosen stands alone.
        names = [options.text_of(value)]
    present = names[0] if not control.options and names else options.name_of(control, value)
    if st.session_state.get(slots.key_of(control)) != present:
        st.session_state[slots.key_of(control)] = present
    st.selectbox(
        label_of(control),
        names,
        index=None if present is None else 0,  # what is chosen can be changed, not taken away
        placeholder=words.CHOOSE,
        filter_mode="fuzzy" if len(names) > SEARCHED else None,
        **field.shared,
    )


def _list(field: Field) -> None:
    control = field.control
    if not control.options:
        st.text_area(label_of(control), height=_TEXT_HEIGHT, placeholder=words.ONE_A_LINE, **field.shared)
        return
    held = slots.in_widget(control, field.value)
    names = options.names_of(control)
    if st.session_state.get(slots.key_of(control)) != held:
        st.session_state[slots.key_of(control)] = held
    st.multiselect(
        label_of(control),
        [*names, *(name for name in held if name not in names)],
        placeholder=words.CHOOSE,
        **field.shared,
    )


def _colour(field: Field) -> None:
    st.color_picker(label_of(field.control), **field.shared)


def _images(field: Field) -> None:
    counts = slots.image_counts(field.service, field.control)
    if counts == (field.value,):
        return  # there is nothing to choose
    st.segmented_control(
        label_of(field.control),
        sorted({*counts, field.value}),
        required=True,
        width="stretch",
        **field.shared,
    )


_DRAW: Final[Mapping[Kind, Callable[[Field], None]]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _long_text,
    Kind.INTEGER: _number,
    Kind.NUMBER: _number,
    Kind.SLIDER: _slider,
    Kind.SWITCH: _switch,
    Kind.CHOICE: _choice,
    Kind.MODEL: _choice,
    Kind.LIST: _list,
    Kind.COLOUR: _colour,
    Kind.IMAGES: _images,
}


# --- numbers ------------------------------------------------------------------------------------------------


def _step(step: Num | None, cast: Callable[[Any], Any]) -> Any:
    """A step that the widget takes; None where none is stated or it is none."""
    if step is None or step <= 0 or step > slots.EXACT:
        return None
    return max(1, int(step)) if cast is int else float(step)


def _decimals(*numbers: Num | None) -> int:
    """How many places behind the point it takes to show them all."""
    places = (_places(number) for number in numbers if number is not None)
    return min(_MOST_DECIMALS, max(places, default=2)) if any(one is not None for one in numbers) else 2


def _places(number: Num) -> int:
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
