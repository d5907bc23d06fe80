"""Placeholders in the place of values: ``PARAM_PROMPT``, ``{{name}}``, ``$text`` (docs/conventions/placeholders.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow, is_link
from comfy_api.workflow.forms.control import FILES, Control, Kind, Place, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import TEXTS, words
from comfy_api.workflow.forms.widgets import control_for
from comfy_api.workflow.forms.wording import humanise
from comfy_api.workflow.spec import ObjectInfo, find_input

#: joenorton's: the whole value; between the underscores the type, then the name.
_PARAM: Final = re.compile(r"PARAM_(?:(INT|FLOAT|BOOL|STR|STRING)_)?([A-Z][A-Z0-9_]{0,63})")
#: Purlieu's: anywhere in a text.
_BRACES: Final = re.compile(r"\{\{[ \t]{0,8}([A-Za-z_][A-Za-z0-9_]{0,63})[ \t]{0,8}\}\}")
#: Poseidon's: the whole value.
_DOLLAR: Final = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]{0,63})\}|([A-Za-z_][A-Za-z0-9_]{0,63}))")
_TYPES: Final = {"INT": Kind.INTEGER, "FLOAT": Kind.NUMBER, "BOOL": Kind.SWITCH}
#: A value of each type that an input may take, to ask what the input is.
_SAMPLES: Final = ("", 0, 0.0, False)
#: Inputs of nodes that replace text, such as ComfyUI's own StringReplace: what they look for.
_SOUGHT: Final = re.compile(r"find(?:_?\d{1,2}|_?text)?")
_MAX_TEXT: Final = 100_000
_PER_TEXT: Final = 50


@dataclass(frozen=True)
class _Found:
    """One placeholder.

    Attributes:
        name: what it asks for, without the marks.
        token: the marks and the name, where they are part of a longer text; else empty: the whole value.
        tool: whose convention it is.
        kind: as the placeholder itself says, or None.
    """

    name: str
    token: str
    tool: str
    kind: Kind | None = None


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each name; where it stands several times, all are set together.

    What the graph replaces by itself is no placeholder: a marked name that a node's ``find`` holds.
    """
    return building.settled(building.merged(_controls(workflow, object_info)))


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[tuple[tuple[str, bool], Control | None]]:
    replaced = _replaced(workflow)
    for node in workflow.nodes.values():
        for name, value in node.inputs.items():
            if isinstance(value, str) and len(value) <= _MAX_TEXT:
                for found in _placeholders(value):
                    if (found.token or value.strip()) in replaced:
                        continue
                    control = _control(object_info, node, name, found)
                    yield (found.name, control.kind in TEXTS), control


def _replaced(workflow: Workflow) -> set[str]:
    """Pieces of text that nodes of the graph look for, to put others in their place."""
    inputs = (item for node in workflow.nodes.values() for item in node.inputs.items())
    return {value.strip() for name, value in inputs if isinstance(value, str) and _SOUGHT.fullmatch(name)}


def _placeholders(text: str) -> list[_Found]:
    stripped = text.strip()
    if match := _PARAM.fullmatch(stripped):
        return [_Found(match[2].lower(), "", f'joenorton\'s "{stripped}"', _TYPES.get(match[1] or ""))]
    if match := _DOLLAR.fullmatch(stripped):
        return [_Found(match[1] or match[2], "", f'Poseidon\'s "{stripped}"')]
    if match := _BRACES.fullmatch(stripped):
        return [_Found(match[1], "", f'"{stripped}"')]
    matches = {match[0]: match for match in list(_BRACES.finditer(text))[:_PER_TEXT]}
    return [_Found(match[1], token, f'"{token}"') for token, match in matches.items()]


def _control(object_info: ObjectInfo, node: Node, name: str, found: _Found) -> Control:
    reason = f'"{words(node.title)}" holds the placeholder {found.tool} in {words(name)}.'
    common: dict[str, Any] = {
        "id": found.name,
        "label": humanise(found.name),
        "places": (Place(node.id, name, token=found.token),),
        "source": Source.PLACEHOLDER,
        "reason": reason,
    }
    if found.token:
        return Control(kind=Kind.TEXT, default="", required=True, **common)
    asked = _asked(object_info, node, name, found)
    return replace(asked, **common) if asked else Control(kind=found.kind or Kind.TEXT, required=True, **common)


def _asked(object_info: ObjectInfo, node: Node, name: str, found: _Found) -> Control | None:
    """What the input takes, as the server states it, with the server's own default."""
    spec = find_input(object_info, node.class_type, name, node.inputs)
    stated = spec.settings.get("default") if spec else None
    if stated is None and spec and spec.options:
        stated = spec.options[0]
    plain = {key: value for key, value in node.inputs.items() if not is_link(value)}
    for sample in (stated, *(_SAMPLES if spec else _samples(found))):
        if sample is None:
            continue
        graph = {node.id: {"class_type": node.class_type, "inputs": {**plain, name: sample}}}
        made = control_for(Workflow.load(graph), object_info, Place(node.id, name))
        if made:
            if made.kind is Kind.SEED or made.kind in FILES:
                return replace(made, default=None)
            return replace(made, default=stated, required=stated is None or made.kind in TEXTS)
    return None


def _samples(found: _Found) -> tuple[Any, ...]:
    return {Kind.INTEGER: (0,), Kind.NUMBER: (0.0,), Kind.SWITCH: (False,)}.get(found.kind or Kind.TEXT, ("",))
