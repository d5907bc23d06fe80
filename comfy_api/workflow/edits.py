"""The edits that most jobs need: seed, batch size, prompt text, size, steps and cfg.

Each is a pure function and raises ``WorkflowError`` where the workflow has nothing to set. A linked input is
not cut: where it leads to a plain number that feeds nothing else, that number is set.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from comfy_api.errors import InputNotFound, WorkflowError
from comfy_api.workflow.document import Node, Workflow

MAX_SEED = 2**64 - 1
#: ComfyUI's own bounds for an empty latent and a sampler (its object_info).
MAX_BATCH, MIN_SIDE, MAX_SIDE, MAX_STEPS, MAX_CFG = 4096, 16, 16384, 10_000, 100.0

SEED_INPUTS = ("seed", "noise_seed")
#: Names under which text stands: encoders of one and of several texts, and primitives.
TEXT_INPUTS = ("text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "prompt", "value", "string")

#: One input of one node: (node id, input).
Place = tuple[str, str]

_WRONG_SEED = f"A seed is a whole number from 0 to {MAX_SEED}."


def parse_seed(text: str) -> int:
    """A typed seed, exact to 64 bits.

    Raises:
        WorkflowError: no whole number from 0 to 2⁶⁴-1.
    """
    if not re.fullmatch(r"\s*[0-9]{1,40}\s*", text):
        raise WorkflowError(_WRONG_SEED)
    return _checked_seed(int(text))


def set_seed(workflow: Workflow, seed: int) -> Workflow:
    """Sets every ``seed`` and ``noise_seed``."""
    return _set_all(workflow, seed_places(workflow), _checked_seed(seed), "seed")


def set_batch(workflow: Workflow, images: int) -> Workflow:
    """Sets how many images a run makes: every ``batch_size`` that starts a latent or an image."""
    wrong = f"Images is a whole number from 1 to {MAX_BATCH}."
    return _set_all(workflow, batch_places(workflow), _whole(images, 1, MAX_BATCH, wrong), "number of images")


def set_text(workflow: Workflow, title: str, text: str) -> Workflow:
    """Sets the text of every node with this title, in each of its text inputs (some encoders have two).

    Raises:
        NodeNotFound, InputNotFound, InputIsLinked: each lists what there is.
    """
    for node in workflow.require(title):
        names = text_inputs(node)
        if not names:
            raise InputNotFound(node.title, "text", list(node.inputs))
        workflow = workflow.with_inputs(node.id, dict.fromkeys(names, text))
    return workflow


def set_size(workflow: Workflow, width: int, height: int) -> Workflow:
    """Sets width and height, in pixels, of the empty latents."""
    wrong = f"Width and height are whole numbers from {MIN_SIDE} to {MAX_SIDE}."
    changed = _set_all(workflow, size_places(workflow, "width"), _whole(width, MIN_SIDE, MAX_SIDE, wrong), "size")
    return _set_all(changed, size_places(changed, "height"), _whole(height, MIN_SIDE, MAX_SIDE, wrong), "size")


def set_steps(workflow: Workflow, steps: int) -> Workflow:
    """Sets every ``steps``; a sampler that covers a part of the steps keeps its share of them."""
    places = number_places(workflow, "steps")
    wrong = f"Steps is a whole number from 1 to {MAX_STEPS}."
    changed = _set_all(workflow, places, _whole(steps, 1, MAX_STEPS, wrong), "number of steps")
    for node_id, _ in places:
        node = workflow.nodes[node_id]
        changed = changed.with_inputs(node_id, scaled_part(node.inputs, steps))
    return changed


def set_cfg(workflow: Workflow, cfg: float) -> Workflow:
    """Sets every ``cfg``: how closely the picture follows the prompt text."""
    if isinstance(cfg, bool) or not isinstance(cfg, (int, float)) or not 0 <= cfg <= MAX_CFG:
        raise WorkflowError(f"CFG is a number from 0 to {MAX_CFG:.0f}.")
    return _set_all(workflow, number_places(workflow, "cfg"), cfg, "cfg")


# --- where these values stand ---------------------------------------------------------------------------


def seed_places(workflow: Workflow) -> list[Place]:
    """Where seeds stand."""
    return _places(workflow, workflow.nodes.values(), SEED_INPUTS)


def batch_places(workflow: Workflow) -> list[Place]:
    """Where batch sizes stand. In the Rebatch nodes the same name means a size of pieces."""
    nodes = [node for node in workflow.nodes.values() if not node.class_type.startswith("Rebatch")]
    return _places(workflow, nodes, ("batch_size",))


def size_places(workflow: Workflow, side: str) -> list[Place]:
    """Where ``side`` (``width`` or ``height``) of the empty latents stands.

    Without an empty latent, the nodes that hand a sampler its latent count (image-to-video nodes, for one).
    """
    return _places(workflow, _sized(workflow), (side,))


def size_pairs(workflow: Workflow) -> list[tuple[Place, Place]]:
    """Where width and height of each of these nodes stand; none where a node has but one of them."""
    pairs: dict[tuple[Place, Place], None] = {}
    for node in _sized(workflow):
        sides = [_places(workflow, [node], (side,)) for side in ("width", "height")]
        if sides[0] and sides[1]:
            pairs[sides[0][0], sides[1][0]] = None
    return list(pairs)


def number_places(workflow: Workflow, name: str) -> list[Place]:
    """Where a number of this name stands as a plain value."""
    return [(node.id, name) for node in workflow.nodes.values() if is_number(node.inputs.get(name))]


def text_inputs(node: Node) -> list[str]:
    """The node's text inputs that hold a text or a link to one."""
    return [name for name in TEXT_INPUTS if isinstance(node.inputs.get(name), str) or name in node.links]


def is_number(value: Any) -> bool:
    """Whether this is a JSON number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _places(workflow: Workflow, nodes: Iterable[Node], names: tuple[str, ...]) -> list[Place]:
    found: dict[Place, None] = {}
    for node in nodes:
        for name in names:
            place = _behind(workflow, node, name, names) if name in node.links else (node.id, name)
            if place and is_number(workflow.nodes[place[0]].inputs.get(place[1])):
                found[place] = None
    return list(found)


def _behind(workflow: Workflow, node: Node, name: str, names: tuple[str, ...]) -> Place | None:
    """The plain number that feeds this input, where it feeds only inputs of these names."""
    source = workflow.nodes.get(node.links[name][0])
    if source is None or source.links:
        return None
    if any(target not in names for _, target in workflow.consumers(source.id)):
        return None
    return next(((source.id, held) for held in (*names, "value") if held in source.inputs), None)


def _sized(workflow: Workflow) -> list[Node]:
    nodes = [node for node in workflow.nodes.values() if _is_empty_latent(node.class_type)]
    return nodes or _latent_sources(workflow)


def _is_empty_latent(class_type: str) -> bool:
    return "Empty" in class_type and "Latent" in class_type


def _latent_sources(workflow: Workflow) -> list[Node]:
    sources = (node.links.get("latent_image") for node in workflow.nodes.values())
    ids = dict.fromkeys(link[0] for link in sources if link and link[0] in workflow.nodes)
    return [workflow.nodes[node_id] for node_id in ids]


# --- values ---------------------------------------------------------------------------------------------


def _set_all(workflow: Workflow, places: Iterable[Place], value: int | float, what: str) -> Workflow:
    places = list(places)
    if not places:
        raise WorkflowError(f"This workflow has no {what} to set. Leave it as it is.")
    for node_id, name in places:
        workflow = workflow.with_inputs(node_id, {name: value})
    return workflow


def _whole(value: int, least: int, most: int, wrong: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise WorkflowError(wrong)
    return value


def _checked_seed(seed: int) -> int:
    return _whole(seed, 0, MAX_SEED, _WRONG_SEED)


def scaled_part(inputs: Mapping[str, Any], steps: int) -> dict[str, int]:
    """First and last step of a KSamplerAdvanced, in proportion; one at or past the end stays there."""
    old = inputs["steps"]
    return {
        name: math.floor(inputs[name] * steps / old + 0.5)
        for name in ("start_at_step", "end_at_step")
        if is_number(inputs.get(name)) and 0 < inputs[name] < old
    }
