"""The few things that makers change, found in any workflow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from comfy_api.workflow import edits
from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.outputs import find_media
from comfy_api.workflow.spec import ObjectInfo, inputs_of, is_output

_TITLES = {
    "positive": {"positive_prompt", "positive prompt", "positive", "prompt"},
    "negative": {"negative_prompt", "negative prompt", "negative"},
}
_OPPOSITE = {"positive": "negative", "negative": "positive"}
#: A text behind this node has no effect.
_SILENT = "ConditioningZeroOut"
#: A search for texts ends here: a file can hold thousands of samplers in a row.
_MOST_SAMPLERS, _MOST_STEPS = 200, 1_000


@dataclass(frozen=True)
class TextInput:
    """Where a prompt text stands.

    Attributes:
        node_id: the node that holds it.
        input: its input, the first where an encoder takes the text twice.
        title: the node's title.
        text: what stands there now.
    """

    node_id: str
    input: str
    title: str
    text: str


@dataclass(frozen=True)
class ImageInput:
    """A picture that the workflow starts from.

    Attributes:
        node_id: the loading node.
        title: its title.
        input: the input that takes the file's name.
        name: the file's name now.
    """

    node_id: str
    title: str
    input: str = "image"
    name: str = ""


@dataclass(frozen=True)
class Basics:
    """What a maker can change. None: the workflow has no such thing.

    Attributes:
        prompt: the prompt text.
        negative: the text of what to avoid.
        seed: the first seed.
        images: images a run. None: there is no batch size, and several images take several runs, each with
            the next seed.
        size: width and height of the empty latent, in pixels.
        steps: steps of the first sampler.
        cfg: cfg of the first sampler.
        images_in: pictures to upload.
        stages: titles of the nodes that give pictures, in the order in which the graph reaches them.
    """

    prompt: TextInput | None = None
    negative: TextInput | None = None
    seed: int | None = None
    images: int | None = None
    size: tuple[int, int] | None = None
    steps: int | None = None
    cfg: float | None = None
    images_in: tuple[ImageInput, ...] = ()
    stages: tuple[str, ...] = ()


def find_basics(workflow: Workflow, object_info: ObjectInfo | None = None) -> Basics:
    """Finds them by what is known of ComfyUI's nodes; ``object_info`` makes it surer for custom nodes."""
    info = object_info or {}
    prompt = _text(workflow, "positive")
    negative = _text(workflow, "negative")
    return Basics(
        prompt=prompt,
        negative=negative if negative != prompt else None,
        seed=_whole(workflow, edits.seed_places(workflow)),
        images=_whole(workflow, edits.batch_places(workflow)),
        size=_size(workflow),
        steps=_whole(workflow, edits.number_places(workflow, "steps")),
        cfg=_number(workflow, edits.number_places(workflow, "cfg")),
        images_in=tuple(_image_inputs(workflow, info)),
        stages=tuple(workflow.nodes[node_id].title for node_id in output_ids(workflow, info)),
    )


def output_ids(workflow: Workflow, object_info: ObjectInfo | None = None) -> tuple[str, ...]:
    """Ids of the nodes that end a run with pictures or other files, in the order in which the graph reaches them."""
    info = object_info or {}

    def ends(class_type: str) -> bool:
        if class_type in info:
            return is_output(info, class_type)
        return find_media(class_type) is not None

    return tuple(node_id for node_id in workflow.flow if ends(workflow.nodes[node_id].class_type))


# --- finding --------------------------------------------------------------------------------------------


def find_texts(workflow: Workflow, role: str) -> list[TextInput]:
    """Every text of a role, ``positive`` or ``negative``: titled ones, then those that samplers are linked to."""
    return list(dict.fromkeys(_texts(workflow, role)))


def _text(workflow: Workflow, role: str) -> TextInput | None:
    return next(_texts(workflow, role), None)


def _texts(workflow: Workflow, role: str) -> Iterator[TextInput]:
    for node in workflow.nodes.values():
        if node.title.strip().casefold() in _TITLES[role] and (found := text_of(workflow, node)):
            yield found
    samplers = (node for node_id in workflow.flow if _is_sampler(node := workflow.nodes[node_id]))
    for node in islice(samplers, _MOST_SAMPLERS):
        if found := _text_behind(workflow, node, role):
            yield found


def _is_sampler(node: Node) -> bool:
    inputs = node.inputs
    return "guider" in node.links or (
        "positive" in node.links and any(name in inputs for name in (*edits.SEED_INPUTS, "latent_image"))
    )


def _text_behind(workflow: Workflow, sampler: Node, role: str) -> TextInput | None:
    """Follows the conditioning upstream, nearest branch first, to a node that turns text into it."""
    start = [source for name, (source, _) in sampler.links.items() if name in (role, "guider")]
    waiting, seen = start, set[str]()
    while waiting and len(seen) < _MOST_STEPS:
        node = workflow.nodes.get(waiting.pop())
        if node is None or node.id in seen or node.class_type == _SILENT:
            continue
        seen.add(node.id)
        if _encodes(node) and (found := text_of(workflow, node)):
            return found
        waiting.extend(_upstream(node, role))
    return None


def _encodes(node: Node) -> bool:
    return "clip" in node.links or "Encode" in node.class_type


def _upstream(node: Node, role: str) -> list[str]:
    """Sources to look at next, the likeliest last."""
    names = [role] if role in node.links else [name for name in node.links if name.startswith("cond")]
    names = names or [name for name in node.links if name != _OPPOSITE[role]]
    return [node.links[name][0] for name in reversed(names)]


def text_of(workflow: Workflow, node: Node) -> TextInput | None:
    """The node's own text, or the one plain text that is linked to it."""
    for name in edits.text_inputs(node):
        holder = workflow.nodes.get(node.links[name][0]) if name in node.links else node
        plain = [n for n in edits.text_inputs(holder) if n not in holder.links] if holder else []
        if holder and plain and (holder is node or not holder.links):
            return TextInput(holder.id, plain[0], holder.title, holder.inputs[plain[0]])
    return None


def _number(workflow: Workflow, places: list[edits.Place]) -> float | None:
    """The value that stands first in the order of the graph."""
    rank = {node_id: place for place, node_id in enumerate(workflow.flow)}
    first = min(places, key=lambda place: rank[place[0]], default=None)
    return None if first is None else workflow.nodes[first[0]].inputs[first[1]]


def _whole(workflow: Workflow, places: list[edits.Place]) -> int | None:
    number = _number(workflow, places)
    return None if number is None else int(number)


def _size(workflow: Workflow) -> tuple[int, int] | None:
    width = _whole(workflow, edits.size_places(workflow, "width"))
    height = _whole(workflow, edits.size_places(workflow, "height"))
    return None if width is None or height is None else (width, height)


def _image_inputs(workflow: Workflow, info: ObjectInfo) -> list[ImageInput]:
    return [
        ImageInput(node.id, node.title, name, node.inputs[name])
        for node in workflow.nodes.values()
        for name in _upload_names(node, info)
        if isinstance(node.inputs.get(name), str)
    ]


def _upload_names(node: Node, info: ObjectInfo) -> list[str]:
    if node.class_type in info:
        return [spec.name for spec in inputs_of(info, node.class_type) if spec.settings.get("image_upload")]
    return ["image"] if node.class_type in ("LoadImage", "LoadImageMask") else []
