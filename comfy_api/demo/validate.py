"""POST /prompt: whether a graph may be queued, in the words of ComfyUI (protocol.md §4). Pure.

Each output node is validated with everything it hangs on. Outputs that fail are left out; only when all of
them fail is the prompt refused. What is wrong is gathered per node, under ComfyUI's own error types.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.demo.specs import InputSpec, NodeSpec

Errors = list[dict[str, Any]]
#: Looks at one class's inputs beyond the general rules: input name and complaint, or None.
Check = Callable[[Mapping[str, Any]], tuple[str, str] | None]

#: Longest list of choices that an error spells out.
LISTED_CHOICES = 20
_CASTS: Mapping[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@dataclass(frozen=True)
class Verdict:
    """What validation found.

    Attributes:
        error: the body's ``error`` when nothing can run, else None.
        outputs: ids of the output nodes that will run.
        node_errors: node id → its errors, as the answer carries them; not empty on partial success too.
        prompt: the graph with its values coerced; the given one is left as it was.
    """

    error: dict[str, Any] | None
    outputs: tuple[str, ...]
    node_errors: dict[str, Any]
    prompt: dict[str, Any]


def validate_prompt(
    prompt: Mapping[str, Any] | list[Any],
    specs: Mapping[str, NodeSpec],
    *,
    targets: list[str] | None = None,
    checks: Mapping[str, Check] | None = None,
    newer: bool = False,
) -> Verdict:
    """Validate a graph in API format.

    Args:
        targets: ``partial_execution_targets``: only these output nodes.
        checks: class → extra check of its own (a file that must exist).
        newer: as 0.38: V3 combos are checked, cycles and missing classes are named.

    Raises:
        TypeError, AttributeError: for a graph that is no graph at all; ComfyUI answers 500 then.
    """
    graph: dict[str, Any] = copy.deepcopy(dict(prompt)) if isinstance(prompt, Mapping) else {}
    outputs: list[str] = []
    for node_id, node in graph.items():
        problem = _unusable(node_id, node, specs, newer=newer)
        if problem is not None:
            return Verdict(problem, (), {}, graph)
        if specs[node["class_type"]].is_output and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return Verdict(error_body("prompt_no_outputs", "Prompt has no outputs"), (), {}, graph)
    return _validate_outputs(graph, outputs, _Validator(graph, specs, checks or {}, newer))


def error_body(kind: str, message: str, details: str = "") -> dict[str, Any]:
    """The ``error`` of a refusal."""
    return {"type": kind, "message": message, "details": details, "extra_info": {}}


def _unusable(node_id: str, node: Any, specs: Mapping[str, NodeSpec], *, newer: bool) -> dict[str, Any] | None:
    if "class_type" in node and node["class_type"] in specs:
        return None
    where = f"Node ID '#{node_id}'"
    if newer:
        return _missing_class(node_id, node, where)
    if "class_type" in node:
        message = f"Cannot execute because node {node['class_type']} does not exist."
    else:
        message = "Cannot execute because a node is missing the class_type property."
    return error_body("invalid_prompt", message, where)


def _missing_class(node_id: str, node: Mapping[str, Any], where: str) -> dict[str, Any]:
    kind = node.get("class_type")
    title = node.get("_meta", {}).get("title", kind)
    if "class_type" in node:
        message = f"Node '{title}' not found. The custom node may not be installed."
    else:
        name = title or f"ID #{node_id}"
        message = f"Node '{name}' has no class_type. The workflow may be corrupted or a custom node is missing."
    info = {"node_id": node_id, "class_type": kind, "node_title": title}
    return {**error_body("missing_node_type", message, where), "extra_info": info}


def _validate_outputs(graph: dict[str, Any], outputs: list[str], validator: _Validator) -> Verdict:
    good: list[str] = []
    own_errors: Errors = []
    node_errors: dict[str, Any] = {}
    for output in outputs:
        try:
            valid, errors = validator.validate(output)
        except (KeyError, IndexError, TypeError) as error:
            valid, errors = False, [_exception_at_output(error)]
            validator.found[output] = (valid, errors)
        if valid:
            good.append(output)
            continue
        own_errors += errors
        _file(node_errors, validator.found, graph, output)
    if good:
        return Verdict(None, tuple(good), node_errors, graph)
    details = "\n".join(f"{error['message']}: {error['details']}" for error in own_errors)
    refusal = error_body("prompt_outputs_failed_validation", "Prompt outputs failed validation", details)
    return Verdict(refusal, (), node_errors, graph)


def _file(
    node_errors: dict[str, Any], found: Mapping[str, tuple[bool, Errors]], graph: Mapping[str, Any], output: str
) -> None:
    # Everything found so far counts as this output's, related or not: so does ComfyUI.
    for node_id, (valid, errors) in found.items():
        if valid or not errors:
            continue
        entry = node_errors.setdefault(
            node_id,
            {"errors": errors, "dependent_outputs": [], "class_type": graph[node_id]["class_type"]},
        )
        entry["dependent_outputs"].append(output)


@dataclass
class _Validator:
    graph: dict[str, Any]
    specs: Mapping[str, NodeSpec]
    checks: Mapping[str, Check]
    newer: bool
    #: Node id → verdict; what was once found is not looked at again.
    found: dict[str, tuple[bool, Errors]] = field(default_factory=dict)
    _path: list[str] = field(default_factory=list)
    _cyclic: set[str] = field(default_factory=set)

    def validate(self, node_id: str) -> tuple[bool, Errors]:
        """Verdict on a node and all that it hangs on; raises what a link that leads nowhere raises."""
        if node_id in self.found:
            return self.found[node_id]
        if node_id in self._path:
            return self._close_cycle(node_id)
        node = self.graph[node_id]
        inputs, spec = node["inputs"], self.specs[node["class_type"]]
        check = self.checks.get(spec.name)
        self._path.append(node_id)
        try:
            valid, errors = self._inputs(inputs, spec, checked="image" if check else None)
        finally:
            self._path.pop()
        if check and not errors:
            complaint = check(inputs)
            if complaint:
                errors.append(_custom(*complaint))
        if node_id not in self._cyclic:
            self.found[node_id] = (valid and not errors, errors)
        return self.found[node_id]

    def _inputs(self, inputs: dict[str, Any], spec: NodeSpec, *, checked: str | None) -> tuple[bool, Errors]:
        errors: Errors = []
        valid = True
        for name, wanted in spec.required.items():
            if name not in inputs:
                errors.append(_error("required_input_missing", name, {"input_name": name}))
            elif isinstance(inputs[name], list):
                valid = self._link(name, wanted, inputs[name], errors) and valid
            else:
                self._value(name, wanted, inputs, errors, free=name == checked)
        return valid, errors

    def _link(self, name: str, wanted: InputSpec, link: list[Any], errors: Errors) -> bool:
        if len(link) != 2:
            errors.append(_error("bad_linked_input", name, _info(name, wanted, received_value=link)))
            return False
        source = link[0]
        received = self.specs[self.graph[source]["class_type"]].outputs[link[1]]
        if wanted.kind not in ("*", received):
            details = f"{name}, received_type({received}) mismatch input_type({wanted.kind})"
            info = _info(name, wanted, received_type=received, linked_node=link)
            errors.append(_error("return_type_mismatch", details, info))
            return False
        try:
            return self.validate(source)[0]
        except (KeyError, IndexError, TypeError) as error:
            self.found[source] = (False, [_exception_at_link(error, name, wanted, link)])
            return False
        except RecursionError:
            # A chain deeper than the interpreter's stack fails without a word, as it does in ComfyUI.
            self.found[source] = (False, [])
            return False

    def _value(self, name: str, wanted: InputSpec, inputs: dict[str, Any], errors: Errors, *, free: bool) -> None:
        value = inputs[name]
        cast = _CASTS.get(wanted.kind) if isinstance(wanted.kind, str) else None
        if cast:
            try:
                value = inputs[name] = cast(value)
            except (TypeError, ValueError, OverflowError) as error:
                errors.append(_conversion(error, name, wanted, value))
                return
        if free:
            return
        errors += _range(name, wanted, value)
        choices = self._choices(wanted)
        if choices is not None and value not in choices:
            errors.append(_not_listed(name, wanted, value, choices))

    def _choices(self, wanted: InputSpec) -> list[str] | None:
        if not isinstance(wanted.kind, str):
            return list(wanted.kind)
        if self.newer and wanted.kind == "COMBO":
            return list(wanted.options["options"])
        return None

    def _close_cycle(self, node_id: str) -> tuple[bool, Errors]:
        cycle = self._path[self._path.index(node_id) :]
        if not self.newer:
            return False, []
        details = " -> ".join(f"{n} ({self.graph[n]['class_type']})" for n in [*cycle, node_id])
        for member in cycle:
            info = {"node_id": member, "cycle_nodes": cycle}
            self.found[member] = (False, [_error("dependency_cycle", details, info)])
        self._cyclic.update(cycle)
        return self.found[node_id]


_MESSAGES = {
    "required_input_missing": "Required input is missing",
    "bad_linked_input": "Bad linked input, must be a length-2 list of [node_id, slot_index]",
    "return_type_mismatch": "Return type mismatch between linked nodes",
    "value_not_in_list": "Value not in list",
    "custom_validation_failed": "Custom validation failed for node",
    "dependency_cycle": "Dependency cycle detected",
}


def _error(kind: str, details: str, info: dict[str, Any], message: str = "") -> dict[str, Any]:
    return {"type": kind, "message": message or _MESSAGES[kind], "details": details, "extra_info": info}


def _info(name: str, wanted: InputSpec, **more: Any) -> dict[str, Any]:
    return {"input_name": name, "input_config": wanted.config, **more}


def _custom(name: str, complaint: str) -> dict[str, Any]:
    return _error("custom_validation_failed", f"{name} - {complaint}", {"input_name": name})


def _conversion(error: Exception, name: str, wanted: InputSpec, value: Any) -> dict[str, Any]:
    message = f"Failed to convert an input value to a {wanted.kind} value"
    info = _info(name, wanted, received_value=value, exception_message=str(error))
    return _error("invalid_input_type", f"{name}, {value}, {error}", info, message)


def _range(name: str, wanted: InputSpec, value: Any) -> Errors:
    least, most = wanted.options.get("min"), wanted.options.get("max")
    info = _info(name, wanted, received_value=value)
    if least is not None and value < least:
        return [_error("value_smaller_than_min", name, info, f"Value {value} smaller than min of {least}")]
    if most is not None and value > most:
        return [_error("value_bigger_than_max", name, info, f"Value {value} bigger than max of {most}")]
    return []


def _not_listed(name: str, wanted: InputSpec, value: Any, choices: list[str]) -> dict[str, Any]:
    long = len(choices) > LISTED_CHOICES
    shown = f"(list of length {len(choices)})" if long else str(choices)
    info = {"input_name": name, "input_config": None if long else wanted.config, "received_value": value}
    return _error("value_not_in_list", f"{name}: '{value}' not in {shown}", info)


def _exception_at_link(error: Exception, name: str, wanted: InputSpec, link: list[Any]) -> dict[str, Any]:
    info = {**_info(name, wanted, exception_message=str(error)), **_trace(error), "linked_node": link}
    message = "Exception when validating inner node"
    return _error("exception_during_inner_validation", str(error), info, message)


def _exception_at_output(error: Exception) -> dict[str, Any]:
    message = "Exception when validating node"
    return _error("exception_during_validation", str(error), _trace(error), message)


def _trace(error: Exception) -> dict[str, Any]:
    return {"exception_type": type(error).__name__, "traceback": traceback.format_tb(error.__traceback__)}
