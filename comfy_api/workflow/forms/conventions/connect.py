"""Tags of ComfyUI-Connect in titles: ``$name(a,b)``, ``#out``, ``!bypass`` (docs/conventions/connect.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import Control, Output, Source
from comfy_api.workflow.forms.conventions import building
from comfy_api.workflow.forms.conventions.building import values_of, words
from comfy_api.workflow.forms.wording import humanise, label_for
from comfy_api.workflow.spec import ObjectInfo, inputs_of

#: A tag is a word of its own and begins with a letter: "$5" is a price and "#2" a number.
_TAG: Final = re.compile(
    r"(?<!\S)(?P<mark>[$#!])(?P<name>[A-Za-z_][A-Za-z0-9_-]{0,63})(?P<list>\((?P<inputs>[^()]{0,500})\))?(?!\S)"
)
_BYPASS: Final = "bypass"
_MAX_TITLE: Final = 2_000


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for each name and input; nodes with the same name are set together."""
    return building.settled(building.merged(_controls(workflow, object_info)))


def find_outputs(workflow: Workflow) -> list[Output]:
    """The nodes with a ``#name``; one with parentheses is none."""
    return [
        Output(node_id=node.id, label=humanise(tag["name"]))
        for node in workflow.nodes.values()
        for tag in _tags(node, "#")[:1]
        if tag["list"] is None
    ]


def bypass(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """The workflow without the nodes tagged ``!bypass``; what they feed is fed by what fed them, of the same type."""
    gone = {
        node.id: node
        for node in workflow.nodes.values()
        if any(tag["name"] == _BYPASS and tag["list"] is None for tag in _tags(node, "!"))
    }
    if not gone:
        return workflow
    changed = workflow
    for node in workflow.nodes.values():
        if node.id not in gone and any(source in gone for source, _ in node.links.values()):
            raw = workflow.raw(node.id)
            changed = changed.with_node(node.id, {**raw, "inputs": _rewired(node, raw["inputs"], gone, object_info)})
    return changed.without(*gone)


def _tags(node: Node, mark: str) -> list[re.Match[str]]:
    return [tag for tag in _TAG.finditer(node.title[:_MAX_TITLE]) if tag["mark"] == mark]


# --- inputs ---------------------------------------------------------------------------------------------


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[tuple[tuple[str, str], Control | None]]:
    for node in workflow.nodes.values():
        for tag in _tags(node, "$"):
            names = _names(node, tag)
            for name in names:
                yield (tag["name"], name), _control(workflow, object_info, node, tag["name"], name, len(names) > 1)


def _names(node: Node, tag: re.Match[str]) -> list[str]:
    """``$name`` is every value, ``$name(a,b)`` those of them that are listed, ``$name()`` none."""
    if tag["list"] is None:
        return values_of(node)
    listed = {part.strip() for part in tag["inputs"].split(",")}
    return [name for name in values_of(node) if name in listed]


def _control(
    workflow: Workflow, object_info: ObjectInfo, node: Node, tag: str, name: str, several: bool
) -> Control | None:
    made = building.control_at(
        workflow,
        object_info,
        node,
        name,
        source=Source.TITLE,
        reason=f'The title "{words(node.title)}" has ComfyUI-Connect\'s tag ${tag}.',
    )
    if made is None:
        return None
    heading = humanise(tag)
    if several:
        return building.called(made, label_for(name), group=heading)
    return building.called(made, heading)


# --- bypass ---------------------------------------------------------------------------------------------


def _rewired(
    node: Node, inputs: Mapping[str, Any], gone: Mapping[str, Node], object_info: ObjectInfo
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in inputs.items():
        link = node.links.get(name)
        if link is None or link[0] not in gone:
            kept[name] = value
        elif source := _source(link, name, gone, object_info):
            kept[name] = list(source)
    return kept


def _source(
    link: tuple[str, int], name: str, gone: Mapping[str, Node], object_info: ObjectInfo
) -> tuple[str, int] | None:
    """What feeds an input in the end, past every node that is gone; None: nothing of its type does."""
    for _ in range(len(gone) + 1):
        node = gone.get(link[0])
        if node is None:
            return link
        through = _through(node, link[1], name, object_info)
        if through is None or through not in node.links:
            return None
        link = node.links[through]
    return None


def _through(node: Node, slot: int, name: str, object_info: ObjectInfo) -> str | None:
    """The input that this output hands on: the first of its type; of an unknown class the one of the same name."""
    entry = object_info.get(node.class_type)
    outputs = entry.get("output") if isinstance(entry, Mapping) else None
    if not isinstance(outputs, list) or not 0 <= slot < len(outputs):
        same = (other for other in node.links if _singular(other) == _singular(name))
        return next(same, None)
    fitting = (spec.name for spec in inputs_of(object_info, node.class_type) if spec.type == outputs[slot])
    return next(fitting, None)


def _singular(name: str) -> str:
    return name.lower().removesuffix("s")
