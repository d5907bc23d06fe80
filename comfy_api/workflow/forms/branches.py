"""A file that is left empty: its loader goes, and the graph is mended around it as far as that has a meaning. Pure.

An optional input that the file feeds is dropped. A node that needs it is passed by: what it was given of a type goes
on as what it gives of that type, as ``ControlNetApplyAdvanced`` hands positive and negative through. Where nothing can
go on, the node goes too, and so on. A sampler is never passed by: what stands before it is no picture yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from comfy_api.errors import Refused
from comfy_api.workflow.basics import output_ids
from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.edits import SEED_INPUTS
from comfy_api.workflow.spec import InputSpec, ObjectInfo, find_input, inputs_of

#: One output of one node: (node id, output index).
_Output = tuple[str, int]

_AUTOGROW: Final = "COMFY_AUTOGROW_V3"
#: Types that only samplers take.
_OF_SAMPLERS: Final = frozenset({"GUIDER", "SIGMAS", "SAMPLER"})


def without_file(workflow: Workflow, node_id: str, object_info: ObjectInfo, *, control: str = "") -> Workflow:
    """The workflow without this loader and without what makes no sense without it.

    Args:
        workflow: holds the loader.
        node_id: the loader.
        object_info: what the server lists; a class that it does not list needs all that it is linked to.
        control: whose file it is.

    Raises:
        Refused: nothing that gives a picture is left.
        NodeNotFound: no node with this id.
    """
    workflow.raw(node_id)
    left = _Cut(workflow, object_info).without(node_id)
    if not output_ids(left, object_info):
        raise Refused("Nothing can be made without this file. Add one.", control)
    idle = _leading_to_outputs(workflow, object_info) - _leading_to_outputs(left, object_info)
    return left.without(*(idle & left.nodes.keys()))


def _leading_to_outputs(workflow: Workflow, object_info: ObjectInfo) -> set[str]:
    outputs = output_ids(workflow, object_info)
    return {*outputs, *(source for output in outputs for source in workflow.ancestors(output))}


class _Cut:
    """One walk from sources to outputs."""

    def __init__(self, workflow: Workflow, object_info: ObjectInfo) -> None:
        self._workflow, self._info = workflow, object_info
        self._gone: set[str] = set()
        #: Output of a node that is gone → what stands in for it; None or absent: nothing does.
        self._instead: dict[_Output, _Output | None] = {}

    def without(self, loader: str) -> Workflow:
        self._gone.add(loader)
        left = self._workflow
        for node_id in self._workflow.flow:
            node = self._workflow.nodes[node_id]
            if node_id == loader or not any(source in self._gone for source, _ in node.links.values()):
                continue
            fed = {name: self._source(link) for name, link in node.links.items()}
            inputs = self._inputs_without(node, fed)
            if inputs is None:
                self._gone.add(node_id)
                self._instead |= self._passed_by(node, fed)
            else:
                left = left.with_node(node_id, {**left.raw(node_id), "inputs": inputs})
        return left.without(*self._gone)

    def _source(self, link: _Output) -> _Output | None:
        return self._instead.get(link) if link[0] in self._gone else link

    def _inputs_without(self, node: Node, fed: Mapping[str, _Output | None]) -> dict[str, Any] | None:
        """The node's inputs, those that nothing feeds any more left out; None where it needs one of them."""
        inputs = dict(node.inputs)
        for name, source in fed.items():
            inputs[name] = None if source is None else [*source]
        lost = {name for name, source in fed.items() if source is None}
        for spec in inputs_of(self._info, node.class_type):
            grown = [name for name in node.inputs if name.startswith(f"{spec.name}.")]
            if spec.type == _AUTOGROW and lost.intersection(grown):
                if len(grown) - len(lost.intersection(grown)) < _least(spec):
                    return None
                lost = lost.difference(grown) | _close_ranks(inputs, grown)
        if any(self._needs(node, name) for name in lost):
            return None
        return {name: value for name, value in inputs.items() if name not in lost}

    def _needs(self, node: Node, name: str) -> bool:
        if node.class_type not in self._info:
            return True
        spec = find_input(self._info, node.class_type, name, node.inputs)
        # ComfyUI ignores an input that it does not know.
        return spec.required if spec else False

    def _passed_by(self, node: Node, fed: Mapping[str, _Output | None]) -> dict[_Output, _Output | None]:
        specs = inputs_of(self._info, node.class_type)
        if any(spec.name in SEED_INPUTS or spec.type in _OF_SAMPLERS for spec in specs):
            return {}
        outputs = _outputs(self._info, node.class_type)
        found: dict[_Output, _Output | None] = {}
        for slot, (name, type_) in enumerate(outputs):
            alike = [spec.name for spec in specs if type_ and spec.type == type_]
            place = sum(other == type_ for _, other in outputs[:slot])
            if name.lower() in alike:
                found[node.id, slot] = fed.get(name.lower())
            elif sum(other == type_ for _, other in outputs) == 1:
                found[node.id, slot] = next((source for one in alike if (source := fed.get(one))), None)
            elif place < len(alike):
                found[node.id, slot] = fed.get(alike[place])
        return found


def _outputs(object_info: ObjectInfo, class_type: str) -> list[tuple[str, str]]:
    """Name and type of each output; an empty type where it is none that can be compared."""
    entry = object_info.get(class_type)
    entry = entry if isinstance(entry, Mapping) else {}
    types, names = entry.get("output"), entry.get("output_name")
    types = types if isinstance(types, list) else []
    names = names if isinstance(names, list) and len(names) == len(types) else types
    return [
        (str(name), type_ if isinstance(type_, str) and type_ != "*" else "")
        for name, type_ in zip(names, types, strict=True)
    ]


def _least(spec: InputSpec) -> int:
    template = spec.settings.get("template")
    least = template.get("min") if isinstance(template, Mapping) else None
    return least if isinstance(least, int) else int(spec.required)


def _close_ranks(inputs: dict[str, Any], grown: list[str]) -> set[str]:
    """Inputs that grow have no gaps: what is left of them moves up. Returns the names that are left over."""
    kept = [inputs[name] for name in grown if inputs[name] is not None]
    inputs.update(zip(grown, kept, strict=False))
    return set(grown[len(kept) :])
