"""One control's details: its words, its value at first, its limits. Numbers are typed as text, so 64 bits are exact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from comfy_api.errors import Refused
from comfy_api.workflow.forms.control import FILES, Control, Kind
from comfy_api.workflow.forms.typed import parse_text
from comfy_api.workflow.forms.values import check_value, fits
from pages.components import options
from pages.components import publish_words as words
from pages.components import words as common
from pages.components.notes import problem_text
from pages.components.publish.table import Work, typed, without

_TEXTS: Final = (Kind.TEXT, Kind.LONG_TEXT)
_CHOICES: Final = (Kind.CHOICE, Kind.MODEL)
_RANGES: Final = (Kind.INTEGER, Kind.NUMBER, Kind.SLIDER, Kind.SEED, Kind.SIZE, Kind.IMAGES)
_WHOLES: Final = (Kind.INTEGER, Kind.SEED, Kind.SIZE, Kind.IMAGES)

Write = Callable[[Work, Control, Any], None]


def draw(work: Work, control: Control) -> None:
    """Draws them. What does not fit is said and changes nothing."""
    _text(work, control, "label", words.LABEL, control.label, _words("label"), most=80)
    _text(work, control, "help", words.HELP, control.help, _words("help"), most=300)
    _default(work, control)
    if control.kind in _TEXTS:
        _text(work, control, "placeholder", words.PLACEHOLDER, control.placeholder, _words("placeholder"), most=300)
    if control.kind in _RANGES:
        _limits(work, control)
    if control.kind in _CHOICES and control.options:
        _choices(work, control)
    _text(work, control, "group", words.GROUP, control.group, _words("group"), most=80)
    with st.container(horizontal=True):
        _switch(work, control, "advanced", words.ADVANCED, control.advanced)
        if control.kind in (*FILES, *_TEXTS, Kind.LIST):
            _switch(work, control, "required", words.REQUIRED, control.required)


# --- fields -----------------------------------------------------------------------------------------------


def _text(
    work: Work, control: Control, name: str, label: str, value: str, write: Write, *, most: int = 0, tip: str = ""
) -> None:
    key = work.key(name, control.id)
    st.text_input(
        label,
        value=value,
        key=key,
        max_chars=most or None,
        placeholder=tip or None,
        autocomplete="off",
        on_change=partial(_changed, work, control.id, name, key, write),
    )
    _said(work, control, name)


def _switch(work: Work, control: Control, name: str, label: str, value: bool) -> None:
    key = work.key(name, control.id)
    change = partial(_changed, work, control.id, name, key, _words(name))
    st.checkbox(label, value=value, key=key, on_change=change)


def _default(work: Work, control: Control) -> None:
    """The value at first. Files have none of their own here: whoever uses the form brings one."""
    key = work.key("default", control.id)
    change = partial(_changed, work, control.id, "default", key, _write_default)
    value = control.default
    if control.kind is Kind.LONG_TEXT:
        st.text_area(words.DEFAULT, value=value or "", key=key, height=84, on_change=change)
    elif control.kind is Kind.SWITCH:
        st.checkbox(words.DEFAULT, value=value is True, key=key, on_change=change)
    elif control.kind is Kind.SEED:
        _seed(work, control)
    elif control.kind in _CHOICES and control.options:
        names = options.names_of(control)
        present = options.name_of(control, value)
        at = names.index(present) if present in names else None
        st.selectbox(words.DEFAULT, names, index=at, key=key, placeholder=words.DEFAULT_OWN, on_change=change)
    elif control.kind not in FILES:
        shown = _as_text(control, value)
        _text(work, control, "default", words.DEFAULT, shown, _write_default, tip=words.DEFAULT_OWN)
        return
    _said(work, control, "default")


def _seed(work: Work, control: Control) -> None:
    key = work.key("mode", control.id)
    st.segmented_control(
        words.SEED_MODE,
        list(common.SEED_MODES),
        default=control.mode,
        format_func=common.SEED_MODES.__getitem__,
        key=key,
        required=True,
        on_change=partial(_changed, work, control.id, "mode", key, _words("mode")),
    )
    if control.mode != "random":
        _text(work, control, "default", words.DEFAULT, _as_text(control, control.default), _write_default)


def _limits(work: Work, control: Control) -> None:
    ends = [("minimum", words.MINIMUM, control.minimum), ("maximum", words.MAXIMUM, control.maximum)]
    if control.kind not in (Kind.SEED, Kind.IMAGES):
        ends.append(("step", words.STEP, control.step))
    with st.container(horizontal=True):
        for name, label, value in ends:
            with st.container():
                _text(work, control, name, label, "" if value is None else _plain(value), partial(_write_limit, name))


def _choices(work: Work, control: Control) -> None:
    """Which of the server's choices makers get."""
    offered = work.choices(control)
    names = options.names_of(offered)
    picked = [name for name in (options.name_of(offered, option) for option in control.options) if name]
    key = work.key("options", control.id)
    st.multiselect(
        words.OPTIONS,
        names,
        default=[] if len(picked) == len(names) else picked,
        key=key,
        placeholder=words.OPTIONS_EMPTY,
        on_change=partial(_changed, work, control.id, "options", key, _write_options),
    )


def _said(work: Work, control: Control, name: str) -> None:
    if sentence := work.said.get(f"{control.id}.{name}"):
        problem_text(sentence)


# --- writing ----------------------------------------------------------------------------------------------


def _changed(work: Work, control_id: str, name: str, key: str, write: Write) -> None:
    control = work.form.find(control_id)
    if control is None:
        return
    work.said = without(work.said, f"{control_id}.{name}")
    try:
        write(work, control, typed(key))
    except Refused as refused:
        work.said[f"{control_id}.{name}"] = str(refused)


def _words(name: str) -> Write:
    def write(work: Work, control: Control, value: Any) -> None:
        work.change_control(control.id, **{name: value.strip() if isinstance(value, str) else value})

    return write


def _write_default(work: Work, control: Control, value: Any) -> None:
    if isinstance(value, str):
        if control.kind in _CHOICES and control.options:
            at = options.option_named(control, value)
            value = None if at is None else control.options[at]
        elif control.kind not in _TEXTS:
            value = parse_text(control, value) if value.strip() else None
    if value is not None and not fits(control.kind, value):
        raise Refused(words.VALUE_WRONG.format(text=value))
    if value not in (None, "") and control.kind in (*_RANGES, Kind.COLOUR):
        check_value(control, value)
    work.change_control(control.id, default=value)


def _write_limit(name: str, work: Work, control: Control, text: Any) -> None:
    value = None
    if isinstance(text, str) and text.strip():
        kind = Kind.INTEGER if control.kind in _WHOLES or control.whole else Kind.NUMBER
        value = parse_text(Control(id="limit", kind=kind, label=""), text)
        if not fits(kind, value) or (name == "step" and value <= 0):
            raise Refused(words.NUMBER_WRONG.format(text=text.strip()[:40]))
    least = value if name == "minimum" else control.minimum
    most = value if name == "maximum" else control.maximum
    if least is not None and most is not None and least > most:
        raise Refused(words.ENDS_WRONG)
    work.change_control(control.id, **{name: value})


def _write_options(work: Work, control: Control, picked: Any) -> None:
    offered = work.choices(control)
    at = {index for name in picked or () if (index := options.option_named(offered, name)) is not None}
    chosen = tuple(option for index, option in enumerate(offered.options) if index in at) or offered.options
    named = dict(zip(map(repr, control.options), control.option_labels, strict=False))
    labels = tuple(named.get(repr(option), "") for option in chosen)
    narrowed = replace(control, options=chosen, option_labels=labels if any(labels) else ())
    default = control.default
    if default is not None and options.is_lacking(narrowed, default):
        default = chosen[0]
    work.change_control(control.id, options=chosen, option_labels=narrowed.option_labels, default=default)


def _as_text(control: Control, value: Any) -> str:
    if value is None:
        return ""
    if control.kind is Kind.SIZE:
        return " × ".join(map(str, value))
    if control.kind is Kind.LIST:
        return ", ".join(options.text_of(item) for item in value)
    return _plain(value) if fits(Kind.NUMBER, value) else str(value)


def _plain(value: Any) -> str:
    """7.0 as 7."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)
