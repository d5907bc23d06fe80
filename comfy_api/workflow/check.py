"""What a server will refuse in a workflow, said before it is sent and in a maker's words.

Not checked: files that can be uploaded (the server's list is older than the last upload, and it takes names
that the list lacks), ranges, and types of links. The server says those itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from comfy_api.workflow.basics import output_ids
from comfy_api.workflow.document import Node, Workflow, is_link
from comfy_api.workflow.spec import InputSpec, ObjectInfo, find_input, inputs_of, output_count

_MODEL_ENDINGS = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx")
_NEAREST = 3


class FindingKind(StrEnum):
    """What is wrong, in ComfyUI's own error types."""

    #: The server has no such node class.
    UNKNOWN_CLASS = "missing_node_type"
    #: The server does not offer this choice.
    NOT_IN_LIST = "value_not_in_list"
    #: A required input is not there.
    INPUT_MISSING = "required_input_missing"
    #: A link leads nowhere.
    BAD_LINK = "bad_linked_input"
    #: Nothing in the workflow gives a picture.
    NO_OUTPUTS = "prompt_no_outputs"


@dataclass(frozen=True)
class Finding:
    """One thing that the server will refuse.

    Attributes:
        node_id: the node, or ``""`` for the workflow as a whole.
        title: the node's title.
        input: the input, or ``""``.
        kind: what is wrong.
        received: what the workflow has.
        nearest: the likeliest replacements, the best first; may be empty.
        options: everything that the server offers instead.
        sentence: what is wrong and what to do, for a maker.
    """

    node_id: str
    title: str
    input: str
    kind: FindingKind
    received: Any
    sentence: str
    nearest: tuple[Any, ...] = ()
    options: tuple[Any, ...] = ()


def check(workflow: Workflow, object_info: ObjectInfo) -> list[Finding]:
    """What this server will refuse, in the order of the graph; empty where nothing is found.

    As on the server, a node that leads to no output is not looked at, but for its class.
    """
    used = _used(workflow, object_info)
    findings: list[Finding] = []
    for node_id in workflow.flow:
        node = workflow.nodes[node_id]
        if node.class_type not in object_info:
            findings.append(_unknown_class(node, object_info))
        elif node_id in used:
            findings.extend(_check_node(workflow, node, object_info))
    return findings if findings or used else [_NO_OUTPUTS]


def repair_paths(workflow: Workflow, object_info: ObjectInfo) -> Workflow:
    """Writes ``a\\b`` or ``a/b`` as the server does, where exactly one of its options fits."""
    for node in workflow.nodes.values():
        repaired = {
            spec.name: same[0]
            for spec in inputs_of(object_info, node.class_type)
            if (value := node.inputs.get(spec.name)) is not None
            and spec.options
            and isinstance(value, str)
            and len(same := _same_path(value, spec.options)) == 1
        }
        workflow = workflow.with_inputs(node.id, repaired) if repaired else workflow
    return workflow


def nearest(value: Any, options: Sequence[Any]) -> tuple[Any, ...]:
    """At most three options that ``value`` may have meant: same path, same file name, then similar names."""
    texts = [option for option in options if isinstance(option, str)]
    same_path = _same_path(value, texts) if isinstance(value, str) else []
    same_name = [option for option in texts if _file_name(option) == _file_name(str(value))]
    stems = {option: _stem(option) for option in texts}
    close = difflib.get_close_matches(_stem(str(value)), list(stems.values()), n=_NEAREST, cutoff=0.5)
    similar = [option for stem in close for option in texts if stems[option] == stem]
    return tuple(dict.fromkeys([*same_path, *same_name, *similar]))[:_NEAREST]


# --- finding --------------------------------------------------------------------------------------------


def _used(workflow: Workflow, object_info: ObjectInfo) -> frozenset[str]:
    waiting = list(output_ids(workflow, object_info))
    found: set[str] = set()
    while waiting:
        node_id = waiting.pop()
        if node_id in workflow.nodes and node_id not in found:
            found.add(node_id)
            waiting.extend(source for source, _ in workflow.nodes[node_id].links.values())
    return frozenset(found)


def _check_node(workflow: Workflow, node: Node, object_info: ObjectInfo) -> Iterator[Finding]:
    for spec in inputs_of(object_info, node.class_type):
        if spec.name not in node.inputs:
            # V3's growing inputs appear under dotted names of their own.
            if spec.required and not spec.type.startswith("COMFY_"):
                yield _input_missing(node, spec)
            continue
        value = node.inputs[spec.name]
        if isinstance(value, list):
            if not _leads_somewhere(workflow, value, object_info):
                yield _bad_link(node, spec, value)
        elif spec.options is not None and not spec.upload:
            own = find_input(object_info, node.class_type, spec.name, node.inputs)
            yield from _check_choice(node, own or spec, value)


def _leads_somewhere(workflow: Workflow, link: list[Any], object_info: ObjectInfo) -> bool:
    if not is_link(link) or link[0] not in workflow.nodes:
        return False
    outputs = output_count(object_info, workflow.nodes[link[0]].class_type)
    return outputs is None or 0 <= link[1] < outputs


def _check_choice(node: Node, spec: InputSpec, value: Any) -> Iterator[Finding]:
    inner = value.get("__value__", value) if isinstance(value, dict) else value
    chosen = inner if isinstance(inner, list) and spec.settings.get("multiselect") else [inner]
    if spec.options is None:
        return
    options = spec.options
    for choice in chosen:
        if choice not in options:
            found = nearest(choice, options)
            sentence = _choice_sentence(node, spec, choice, found, options)
            yield Finding(node.id, node.title, spec.name, FindingKind.NOT_IN_LIST, choice, sentence, found, options)


def _unknown_class(node: Node, object_info: ObjectInfo) -> Finding:
    sentence = (
        f'This workflow needs the building block "{node.class_type}", which the server does not have. '
        "Install the extension that brings it, or choose another workflow."
    )
    found = tuple(difflib.get_close_matches(node.class_type, list(object_info), n=_NEAREST))
    return Finding(
        node.id,
        node.title,
        "",
        FindingKind.UNKNOWN_CLASS,
        node.class_type,
        sentence,
        found,
    )


def _input_missing(node: Node, spec: InputSpec) -> Finding:
    sentence = f'"{node.title}" has nothing for "{spec.name}". Open the workflow in ComfyUI and connect it.'
    return Finding(node.id, node.title, spec.name, FindingKind.INPUT_MISSING, None, sentence)


def _bad_link(node: Node, spec: InputSpec, link: list[Any]) -> Finding:
    sentence = (
        f'"{spec.name}" of "{node.title}" is connected to something that is not there. '
        "Open the workflow in ComfyUI and connect it again."
    )
    return Finding(node.id, node.title, spec.name, FindingKind.BAD_LINK, link, sentence)


_NO_OUTPUTS = Finding(
    "",
    "",
    "",
    FindingKind.NO_OUTPUTS,
    None,
    "This workflow makes no picture. Add a Save Image or Preview Image node in ComfyUI.",
)


# --- names and words ------------------------------------------------------------------------------------


def _choice_sentence(node: Node, spec: InputSpec, value: Any, found: Sequence[Any], options: Sequence[Any]) -> str:
    if not _is_model(spec, value, options):
        offer = _offer(found, options, str) or "no choice at all"
        return f'"{node.title}" asks for "{value}" as {spec.name}. The server has {offer}. {_advice(options)}'
    needs = f'This workflow needs the model "{_shown(value)}".'
    if not options:
        return f"{needs} The server has no model of this kind. Put one into its models folder."
    return f"{needs} The server has {_offer(found, options, _shown)}. {_advice(options)}"


def _is_model(spec: InputSpec, value: Any, options: Sequence[Any]) -> bool:
    names = [value, *options[:1]]
    return any(isinstance(name, str) and name.lower().endswith(_MODEL_ENDINGS) for name in names)


def _offer(found: Sequence[Any], options: Sequence[Any], shown: Any) -> str:
    if not options:
        return ""
    best = f'"{shown((found or options)[0])}"'
    others = len(options) - 1
    return best if not others else f"{best} and {others} {'other' if others == 1 else 'others'}"


def _advice(options: Sequence[Any]) -> str:
    if not options:
        return "Add one there, or choose another workflow."
    return "Choose one." if len(options) > 1 else "Choose that one."


def _shown(name: Any) -> str:
    """A model as people call it: without its file ending."""
    text = str(name)
    return next((text[: -len(end)] for end in _MODEL_ENDINGS if text.lower().endswith(end)), text)


def _same_path(value: str, options: Sequence[Any]) -> list[Any]:
    wanted = value.replace("\\", "/")
    return [option for option in options if isinstance(option, str) and option.replace("\\", "/") == wanted]


def _file_name(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name.casefold()


def _stem(path: str) -> str:
    return _shown(_file_name(path))
