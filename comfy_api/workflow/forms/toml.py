"""The saved form: ``form.toml``, version 1, read and written (docs/form.md, docs/form.schema.json).

Keys that are not known here are kept, but in a place: there an unknown one would change where a value goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, Final, Literal

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Control, Form, Kind, Output, Place, Source
from comfy_api.workflow.forms.toml_reader import Table
from comfy_api.workflow.forms.toml_text import table_text
from comfy_api.workflow.forms.values import WANTED, fits

VERSION: Final = 1
MAX_BYTES: Final = 256_000
MAX_CONTROLS: Final = 500
MAX_OPTIONS: Final = 10_000
CONTROL_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

_BLANK: Final = Form()
#: TOML's integers have 64 bits with a sign; greater ones are written as text.
_TOML_INTEGERS: Final = range(-(2**63), 2**63)
_NUMERIC: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.SLIDER, Kind.SEED, Kind.IMAGES})
#: ``3.seed``; an id or a part that does not fit in here makes the place a table.
_PLACE: Final = re.compile(r"([^.]+)\.(.+)", re.DOTALL)


def read_form(source: str | bytes, name: str = "The form") -> Form:
    """Reads the text of a ``form.toml``. A control without ``source`` comes from the form itself.

    Args:
        source: at most 256 kB.
        name: what sentences call it, such as the file's name.

    Raises:
        WorkflowError: names the key and says what to do.
    """
    table = Table.parse(source, name, MAX_BYTES)
    if table.values.get("version") != VERSION or isinstance(table.values["version"], bool):
        raise WorkflowError(f'{name} is of version {table.values.get("version")!r}. Write "version = 1" into it.')
    table.take("version")
    form = Form(
        title=table.text("title"),
        description=table.text("description"),
        order=table.whole("order", _BLANK.order),
        workflow_hash=table.text("workflow_hash"),
        controls=tuple(_control(entry) for entry in table.tables("controls", MAX_CONTROLS)),
        outputs=tuple(_output(entry) for entry in table.tables("outputs", MAX_CONTROLS)),
        extra=table.rest(),
    )
    _refuse_twice(table, "controls", "id", [control.id for control in form.controls])
    _refuse_twice(table, "outputs", "node", [output.node_id for output in form.outputs])
    return form


def write_form(form: Form) -> str:
    """The text of its ``form.toml``: the same form, the same text. What stands at its default is left out.

    Raises:
        WorkflowError: a form that could not be read again, such as one with two controls of one id.
    """
    try:
        parts = [table_text(_head(form))]
        parts += [f"[[controls]]\n{table_text(_control_pairs(control))}" for control in form.controls]
        parts += [f"[[outputs]]\n{table_text(_output_pairs(output))}" for output in form.outputs]
    except ValueError as error:
        raise WorkflowError(f"The form cannot be saved: {error}. Take it out.") from None
    text = "\n".join(parts)
    read_form(text)
    return text


# --- reading --------------------------------------------------------------------------------------------


def _control(table: Table) -> Control:
    control_id = table.text("id")
    if not CONTROL_ID.fullmatch(control_id):
        table.refuse("id", "is needed: a to z, 0 to 9 and _, a letter first, at most 64")
    table = table.named(f'control "{control_id}"')
    kind = Kind(table.one_of("kind", tuple(Kind)))
    least, most, step = (table.number(key) for key in ("minimum", "maximum", "step"))
    if least is not None and most is not None and least > most:
        table.refuse("minimum", 'must not be greater than "maximum"')
    if step is not None and step <= 0:
        table.refuse("step", "must be greater than 0")
    return Control(
        id=control_id,
        kind=kind,
        label=table.text("label"),
        places=tuple(_place(table, place) for place in table.items("places", MAX_OPTIONS)),
        help=table.text("help"),
        placeholder=table.text("placeholder"),
        default=_default(table, kind),
        required=table.switch("required"),
        minimum=least,
        maximum=most,
        step=step,
        whole=table.switch("whole"),
        **_options(table),
        on=table.text("on"),
        off=table.text("off"),
        group=table.text("group"),
        order=table.whole("order"),
        advanced=table.switch("advanced"),
        maskable=table.switch("maskable"),
        mode=_mode(table),
        shown=table.switch("shown", True),
        source=Source(table.one_of("source", tuple(Source), Source.FORM)),
        reason=table.text("reason"),
        extra=table.rest(),
    )


def _mode(table: Table) -> Literal["random", "fixed", "count"]:
    modes: dict[str, Literal["random", "fixed", "count"]] = {"random": "random", "fixed": "fixed", "count": "count"}
    return modes[table.one_of("mode", modes, "random")]


def _default(table: Table, kind: Kind) -> Any:
    value = table.take("default")
    if kind in _NUMERIC:
        value = table.exact(value)
    if value is not None and not fits(kind, value):
        table.refuse("default", f"must be {WANTED[kind]}")
    return value


def _options(table: Table) -> dict[str, tuple[Any, ...]]:
    options, labels = table.items("options", MAX_OPTIONS), table.items("option_labels", MAX_OPTIONS)
    if not all(fits(Kind.CHOICE, option) for option in options):
        table.refuse("options", "may hold texts, numbers, true and false")
    if not all(isinstance(label, str) for label in labels):
        table.refuse("option_labels", "may hold texts only. Put them in quotes")
    if labels and len(labels) != len(options):
        table.refuse("option_labels", f"must be as many as the options: {len(options)}")
    return {"options": tuple(options), "option_labels": tuple(labels)}


def _place(table: Table, place: Any) -> Place:
    spelled = _PLACE.fullmatch(place) if isinstance(place, str) else None
    if spelled:
        return Place(*spelled.groups())
    if not isinstance(place, Mapping):
        table.refuse("places", 'must hold texts such as "3.seed", or tables with "node" and "input"')
    inner = Table(place, f"a place of {table.where}")
    found = Place(inner.text("node"), inner.text("input"), inner.text("part"), inner.text("token"))
    if not found.node_id or not found.input or found.part not in ("", "width", "height"):
        table.refuse("places", 'need a "node" and an "input"; a "part" is "width" or "height"')
    if unknown := list(inner.rest()):
        table.refuse("places", f'may not hold "{unknown[0][:100]}". Take it out')
    return found


def _output(table: Table) -> Output:
    node_id = table.text("node")
    if not node_id:
        table.refuse("node", "is needed: the id of a node, in quotes")
    table = table.named(f'output "{node_id[:100]}"')
    return Output(node_id=node_id, label=table.text("label"), shown=table.switch("shown", True), extra=table.rest())


def _refuse_twice(table: Table, key: str, inner: str, names: list[str]) -> None:
    for name in {name for name in names if names.count(name) > 1}:
        table.refuse(key, f'hold "{name[:100]}" twice. Change one "{inner}"')


# --- writing --------------------------------------------------------------------------------------------


def _head(form: Form) -> Iterator[tuple[str, Any]]:
    yield "version", VERSION
    for name in ("title", "description", "order", "workflow_hash"):
        if (value := getattr(form, name)) != getattr(_BLANK, name):
            yield name, value
    yield from form.extra.items()


def _control_pairs(control: Control) -> Iterator[tuple[str, Any]]:
    for field in fields(Control):
        value = getattr(control, field.name)
        default = Source.FORM if field.name == "source" else field.default
        if field.name == "extra" or (default is not MISSING and value == default):
            continue
        yield field.name, _plain(field.name, value)
    yield from control.extra.items()


def _plain(name: str, value: Any) -> Any:
    if name == "places":
        return [_spelled(place) for place in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, int) and value not in _TOML_INTEGERS:
        return str(value)
    return value


def _spelled(place: Place) -> str | dict[str, str]:
    if "." not in place.node_id and not place.part and not place.token:
        return f"{place.node_id}.{place.input}"
    named = {"node": place.node_id, "input": place.input, "part": place.part, "token": place.token}
    return {key: text for key, text in named.items() if text}


def _output_pairs(output: Output) -> Iterator[tuple[str, Any]]:
    yield "node", output.node_id
    if output.label:
        yield "label", output.label
    if not output.shown:
        yield "shown", False
    yield from output.extra.items()
