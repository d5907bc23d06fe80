"""The guess: what makers change in most workflows, found by class, input and links (docs/conventions/guess.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from comfy_api.workflow import edits
from comfy_api.workflow.document import Node, Workflow
from comfy_api.workflow.forms.control import FILES, Control, Kind, Place, Source
from comfy_api.workflow.forms.counting import batches, plural
from comfy_api.workflow.forms.drawn import draw
from comfy_api.workflow.forms.ground import Ground, joined
from comfy_api.workflow.forms.media import has_mask
from comfy_api.workflow.forms.naming import from_one
from comfy_api.workflow.forms.sizes import pair_sizes
from comfy_api.workflow.forms.stored import seed_mode, stored_seed
from comfy_api.workflow.forms.texts import guess_texts
from comfy_api.workflow.forms.widgets import NAMELESS, has_own_title, is_seed
from comfy_api.workflow.forms.wording import HELP, LABELS, humanise
from comfy_api.workflow.spec import ObjectInfo

#: Inputs of samplers and what they lead to.
_SAMPLING = ("steps", "cfg", "guidance", "denoise", "sampler_name", "scheduler")
#: Models that makers choose among; the others belong to them.
_CHOSEN_MODELS = {"ckpt_name": "model", "unet_name": "model", "lora_name": "lora"}
#: Inputs that say of a file only what it is.
_SAYS_NOTHING = NAMELESS | {"pixels", "samples", "latent_image", "clip_vision_output", "input", "any", "source"}
_SHAPES = ("aspect_ratio", "ratio")
_MAX_HOPS = 4
#: More settings of partner nodes and primitives than this are no handful.
_MOST_OWN = 12
#: More than this is offered to nobody.
MAX_CONTROLS = 500
_COUNTED = "Each is a run of its own, with the next seed."


def guess(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """Every control that the graph suggests, the likeliest first; those that are not ``shown`` are on offer.

    A place belongs to one of them. Ids are wishes, and may occur twice. The order of the nodes decides between equals
    (:func:`~comfy_api.workflow.forms.ground.in_order`).
    """
    ground = Ground(workflow, object_info)
    found: list[Control] = []
    taken: set[Place] = set()
    for finder in _FINDERS:
        for control in finder(ground):
            places = tuple(place for place in control.places if place not in taken)
            if places or not control.places:
                found.append(replace(control, places=places, source=Source.GUESS))
                taken.update(places)
    return [replace(control, order=order) for order, control in enumerate(found[:MAX_CONTROLS])]


# --- above "More settings" ------------------------------------------------------------------------------


def _files(ground: Ground) -> Iterator[Control]:
    found = [
        replace(control, id=control.kind.value)
        for node, name in _inputs(ground)
        if (control := ground.one(Place(node.id, name))) and control.kind in FILES
    ]
    kinds = Counter(control.kind for control in found)
    nodes = [ground.workflow.nodes[control.places[0].node_id] for control in found]
    uses = from_one([_use(ground, node) for node in nodes])
    for control, node, use in zip(found, nodes, uses, strict=True):
        maskable = control.kind is Kind.IMAGE and has_mask(ground.workflow, ground.object_info, node.id)
        control = replace(control, maskable=maskable, reason=f'"{node.title}" loads a file.')
        if kinds[control.kind] > 1 and use and not has_own_title(node, ground.object_info):
            # Of several pictures, what each is for tells more than that it is one.
            control = replace(control, id=use, label=humanise(use))
        yield control


def _use(ground: Ground, node: Node) -> str:
    """What the file is for: the first input on its way that says more than what it is."""
    for _ in range(_MAX_HOPS):
        consumers = ground.workflow.consumers(node.id)
        if not consumers:
            return ""
        target, name = consumers[0]
        last = name.rsplit(".", 1)[-1]
        if last not in _SAYS_NOTHING:
            return last
        node = ground.workflow.nodes[target]
    return ""


def _size(ground: Ground) -> Iterator[Control]:
    pairs = [pair for pair in edits.size_pairs(ground.workflow) if pair[0][0] in ground.ids]
    by_value: dict[tuple[int, int], list[Place]] = {}
    for width, height in pairs:
        value = (_int(ground, width), _int(ground, height))
        by_value.setdefault(value, []).extend((Place(*width, part="width"), Place(*height, part="height")))
    for value, places in by_value.items():
        sides = [ground.control([place]) for place in (*places, *_following(ground, value))]
        size = joined([side for side in sides if side])
        size = replace(size, id="size", kind=Kind.SIZE, label=LABELS["size"], help="", default=list(value))
        yield replace(size, reason="The picture begins from an empty canvas of this size.")


def _following(ground: Ground, size: tuple[int, int]) -> Iterator[Place]:
    """Nodes that must be told the size again, and are told the same."""
    for node in ground.nodes:
        sides = tuple(node.inputs.get(side) for side in ("width", "height"))
        if node.class_type in ("ModelSamplingFlux", "Flux2Scheduler") and sides == size:
            yield Place(node.id, "width", part="width")
            yield Place(node.id, "height", part="height")


def _images_and_seed(ground: Ground) -> Iterator[Control]:
    seeds = list(_seed(ground))
    label = plural(ground)
    batch = ground.control(batches(ground), id="images", kind=Kind.IMAGES, label=label, help="", advanced=False)
    if batch:
        yield replace(batch, reason="The workflow makes as many at once.")
    elif seeds:
        yield Control(id="images", kind=Kind.IMAGES, label=label, default=1, reason=_COUNTED)
    yield from seeds


def _seed(ground: Ground) -> Iterator[Control]:
    named = [Place(node.id, name) for node, name in _inputs(ground) if is_seed(name) and _is_whole(node, name)]
    linked = [Place(*place) for place in edits.seed_places(ground.workflow) if place[0] in ground.ids]
    seed = ground.control(dict.fromkeys([*named, *linked]), id="seed", kind=Kind.SEED, label=LABELS["seed"])
    if seed:
        mode = seed_mode(ground.workflow, seed.places[0], draw(ground.workflow))
        default = stored_seed(ground.workflow, seed.places[0]) if mode != "random" else None
        seed = replace(seed, help=HELP["seed"], advanced=False, mode=mode, default=default)
        yield replace(seed, reason="Another seed gives another picture.")


# --- under "More settings" ------------------------------------------------------------------------------


def _sampling(ground: Ground) -> Iterator[Control]:
    for name in _SAMPLING:
        for control in _same(ground, name):
            yield _sampling_shown(ground, control)


def _sampling_shown(ground: Ground, control: Control) -> Control:
    reason, shown = "Samplers have it.", True
    if control.id == "denoise" and control.default == 1:
        reason, shown = "The picture begins from nothing, so it changes wholly.", False
    if control.id == "steps" and any(_is_part(ground.workflow.nodes[place.node_id]) for place in control.places):
        reason, shown = "Several samplers share these steps: where one ends and the next begins stays.", False
    return replace(control, advanced=True, shown=shown, reason=reason)


def _is_part(node: Node) -> bool:
    ends: list[Any] = [node.inputs.get(name) for name in ("start_at_step", "end_at_step")]
    steps: Any = node.inputs.get("steps")
    return edits.is_number(steps) and any(edits.is_number(end) and 0 < end < steps for end in ends)


def _lengths(ground: Ground) -> Iterator[Control]:
    for control in _same(ground, "length", beside="width"):
        yield replace(control, advanced=True, reason="The video is as long.")
    for control in _same(ground, "seconds", beside="batch_size"):
        yield replace(control, advanced=True, reason="The sound is as long.")


def _models(ground: Ground) -> Iterator[Control]:
    for name in sorted(ground.holders, key=lambda name: name not in _CHOSEN_MODELS):
        for control in _same(ground, name):
            if control.kind is Kind.MODEL:
                id_ = _CHOSEN_MODELS.get(name, name)
                yield replace(control, id=id_, advanced=True, shown=name in _CHOSEN_MODELS, reason="It is a model.")


def _lora_strengths(ground: Ground) -> Iterator[Control]:
    for node in ground.nodes:
        values = {name: node.inputs.get(name) for name in ("strength_model", "strength_clip") if name in node.inputs}
        if "lora_name" not in node.inputs or not values:
            continue
        together = len(set(map(str, values.values()))) == 1
        for names in [list(values)] if together else [[name] for name in values]:
            ending = "" if names[0] == "strength_model" else "_text"
            wish = {"id": f"lora_strength{ending}", "advanced": True, "reason": "The LoRA is added as strongly."}
            if made := ground.control([Place(node.id, name) for name in names], **wish):
                yield made


def _shapes(ground: Ground) -> Iterator[Control]:
    """The shape that partner nodes give a picture, where they agree on one."""
    found = [
        control
        for node, name in _inputs(ground)
        if name.rsplit(".", 1)[-1] in _SHAPES and _is_partner(ground, node)
        if (control := ground.one(Place(node.id, name))) and control.kind is Kind.CHOICE
    ]
    if found and all((one.default, one.options) == (found[0].default, found[0].options) for one in found):
        yield replace(joined(found), id="aspect_ratio", advanced=False, reason="The picture has this shape.")


def _own(ground: Ground) -> Iterator[Control]:
    """What authors set apart: primitives that they gave a title, and settings of partner nodes."""
    found: list[Control] = []
    for node, name in _inputs(ground):
        primitive = node.class_type.startswith("Primitive") and has_own_title(node, ground.object_info)
        if not primitive and not _is_partner(ground, node):
            continue
        if control := ground.one(Place(node.id, name)):
            wish = f"{node.title}" if primitive else control.id
            found.append(replace(control, id=wish, advanced=True, reason=f'"{node.title}" has it.'))
    few = len(found) <= _MOST_OWN
    yield from pair_sizes(
        [replace(control, shown=few, group="" if few else ground.title(control.places[0].node_id)) for control in found]
    )


def _is_partner(ground: Ground, node: Node) -> bool:
    entry = ground.object_info.get(node.class_type)
    return isinstance(entry, dict) and entry.get("api_node") is True


def _rest(ground: Ground) -> Iterator[Control]:
    for node in ground.nodes:
        offered = [
            replace(
                control,
                id=f"{node.title} {name}",
                group=node.title,
                advanced=True,
                shown=False,
                reason=f'"{node.title}" has it.',
            )
            for name in node.inputs
            if (control := ground.one(Place(node.id, name)))
        ]
        yield from pair_sizes(offered)


_FINDERS: tuple[Callable[[Ground], Iterable[Control]], ...] = (
    guess_texts,
    _files,
    _size,
    _shapes,
    _images_and_seed,
    _sampling,
    _lengths,
    _models,
    _lora_strengths,
    _own,
    _rest,
)


# --- helpers --------------------------------------------------------------------------------------------


def _inputs(ground: Ground) -> Iterator[tuple[Node, str]]:
    for node in ground.nodes:
        for name in node.inputs:
            if name not in node.links:
                yield node, name


def _same(ground: Ground, name: str, beside: str = "") -> Iterator[Control]:
    """One control for each value that inputs of this name have, of nodes that also have the input ``beside``."""
    by_value: dict[str, list[Place]] = {}
    for node in ground.holders.get(name, ()):
        if not beside or beside in node.inputs:
            value = node.inputs[name]
            by_value.setdefault(f"{type(value).__name__}:{value!r}", []).append(Place(node.id, name))
    for places in by_value.values():
        if control := ground.control(places):
            yield control


def _int(ground: Ground, place: edits.Place) -> int:
    return int(ground.workflow.nodes[place[0]].inputs[place[1]])


def _is_whole(node: Node, name: str) -> bool:
    value = node.inputs[name]
    return isinstance(value, int) and not isinstance(value, bool)
