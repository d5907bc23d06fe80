"""Titles of MCWW: ``<Label:category[/tab]:row[/col]> other args`` (docs/conventions/mcww.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import FILES, Control, Kind, Output, Source
from comfy_api.workflow.forms.conventions import building, marked
from comfy_api.workflow.forms.conventions.building import number, words
from comfy_api.workflow.spec import ObjectInfo

_TITLE: Final = re.compile(
    r"<(?P<label>[^:<>]{1,200}):(?P<category>[^/:<>]{1,80})(?:/(?P<tab>[^/:<>]{1,80}))?"
    r":(?P<row>[0-9]{1,4})(?:/(?P<col>[0-9]{1,4}))?>(?P<rest>.{0,200})",
    re.DOTALL,
)
#: Where a category stands on the page. An author's own ones come last, each under its name.
_CATEGORIES: Final = {"prompt": 0, "important": 1, "advanced": 2}
_OWN: Final = 3
_OUTPUT: Final = "output"
_SIDE: Final = re.compile(r"\b(width|height)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Title:
    """What a title says."""

    label: str
    category: str
    tab: str
    row: int
    column: int
    rest: str

    @property
    def order(self) -> int:
        return (_CATEGORIES.get(self.category, _OWN) * 10_000 + self.row) * 10_000 + self.column

    @property
    def group(self) -> str:
        return words(self.tab or ("" if self.category in _CATEGORIES else self.category))

    @property
    def range(self) -> tuple[Any, ...] | None:
        parts = [number(part.strip()) for part in self.rest.split(",")]
        return tuple(parts) if len(parts) == 3 and None not in parts else None


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each node with such a title, but for outputs."""
    return building.settled(_paired(_controls(workflow, object_info)))


def find_outputs(workflow: Workflow) -> list[Output]:
    """The nodes of the category ``output``, in their order."""
    titled = ((node, _parse(node.title)) for node in workflow.nodes.values())
    found = [(node, title) for node, title in titled if title and title.category == _OUTPUT]
    found.sort(key=lambda pair: pair[1].order)
    return [Output(node_id=node.id, label=words(title.label)) for node, title in found]


def _parse(text: str) -> _Title | None:
    match = _TITLE.match(text)
    if match is None:
        return None
    category = match["category"].strip()
    singular = category.lower().removesuffix("s")
    return _Title(
        label=match["label"].strip(),
        category=singular if singular in (*_CATEGORIES, _OUTPUT) else category,
        tab=(match["tab"] or "").strip(),
        row=int(match["row"]),
        column=int(match["col"] or 0),
        rest=match["rest"].strip(),
    )


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[tuple[_Title, Control]]:
    for node in workflow.nodes.values():
        title = _parse(node.title)
        if title and title.category != _OUTPUT:
            for control in _of(workflow, object_info, node, title):
                yield title, control


def _of(workflow: Workflow, object_info: ObjectInfo, node: Node, title: _Title) -> Iterator[Control]:
    made = marked.controls_of(
        workflow,
        object_info,
        node,
        source=Source.TITLE,
        reason=f'The title of node {words(node.id)} is written for MCWW: category "{words(title.category)}".',
        label=title.label,
        group=title.group,
        order=title.order,
        advanced=title.category not in ("prompt", "important"),
    )
    return (replace(control, **_shape(control, title)) for control in made)


def _shape(control: Control, title: _Title) -> Mapping[str, Any]:
    whole = control.kind in (Kind.INTEGER, Kind.SEED) or (control.kind is Kind.SLIDER and control.whole)
    if control.kind in FILES:
        # MCWW starts with no file unless the title says so, and goes without one that is not chosen.
        shown = "show_default" in title.rest.lower()
        return {"required": False, "default": control.default if shown else None}
    if title.range and (whole or control.kind in (Kind.NUMBER, Kind.SLIDER)):
        least, most, step = title.range
        # Without the server's word 7 may be a number with fractions.
        whole = whole and isinstance(step, int)
        value = {"default": control.default} if control.kind is not Kind.SEED else {}
        return {"kind": Kind.SLIDER, "whole": whole, "minimum": least, "maximum": most, "step": step, **value}
    if "seed" in title.label.lower() and whole:
        return {"kind": Kind.SEED, "default": None, "step": None}
    return {"kind": Kind.LONG_TEXT} if title.rest.lower() == "json" and control.kind is Kind.TEXT else {}


def _paired(found: Iterator[tuple[_Title, Control]]) -> Iterator[Control]:
    """A width and a height whose labels are else the same are one size, where the width stands."""
    controls = list(found)
    sides: dict[tuple[str, str, str], dict[str, Control]] = {}
    for title, control in controls:
        if key := _side(title):
            sides.setdefault(key[:3], {}).setdefault(key[3], control)
    for title, control in controls:
        key = _side(title)
        pair = sides[key[:3]] if key else {}
        size = None
        if key and pair.get(key[3]) is control:
            rest = " ".join(key[0].split()).strip(" -_,")
            size = building.size_of(pair.get("width"), pair.get("height"), label=rest, id=rest or "size")
        if size is None:
            yield control
        elif control is pair["width"]:
            yield size


def _side(title: _Title) -> tuple[str, str, str, str] | None:
    match = _SIDE.search(title.label)
    if match is None:
        return None
    rest = title.label[: match.start()] + title.label[match.end() :]
    return rest, title.category, title.tab, match[1].lower()
