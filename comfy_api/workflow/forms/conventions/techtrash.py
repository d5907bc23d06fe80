"""Titles of techtrash-comfyapi: ``API - NAME`` and ``K - SEED`` (docs/conventions/techtrash.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.edits import SEED_INPUTS
from comfy_api.workflow.forms.control import Control, Kind, Source
from comfy_api.workflow.forms.conventions import building, marked
from comfy_api.workflow.forms.conventions.building import words
from comfy_api.workflow.forms.wording import humanise
from comfy_api.workflow.spec import ObjectInfo

_NAMED: Final = re.compile(r"API - (\S.{0,199})", re.DOTALL)
_SEED: Final = "K - SEED"


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """A control for the value or picture of each ``API - NAME``, and one seed for all ``K - SEED``."""
    return building.settled(building.merged(_controls(workflow, object_info)))


def _controls(workflow: Workflow, object_info: ObjectInfo) -> Iterator[tuple[str, Control | None]]:
    for node in workflow.nodes.values():
        name = _name(node)
        if not name:
            continue
        seed = node.title == _SEED
        wanted = (*SEED_INPUTS, "value") if seed else ("image", "value") if name.startswith("PICTURE") else ("value",)
        present = [one for one in wanted if one in node.inputs and one not in node.links][:1]
        if seed and not present:
            continue
        for control in marked.controls_of(
            workflow,
            object_info,
            node,
            present or None,
            source=Source.TITLE,
            reason=f'The title "{words(node.title)}" is written for techtrash-comfyapi.',
            label=humanise(words(name.lower() if name.isupper() else name)),
        ):
            # The parameter map names titles: nodes with the same one are set together.
            key = f"{node.title}.{control.places[0].input}"
            yield key, _as_seed(control) if seed else control


def _name(node: Node) -> str:
    if node.title == _SEED:
        return "SEED"
    match = _NAMED.fullmatch(node.title)
    return match[1].strip() if match else ""


def _as_seed(control: Control) -> Control | None:
    return replace(control, kind=Kind.SEED, default=None) if control.kind in (Kind.SEED, Kind.INTEGER) else None
