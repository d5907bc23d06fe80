"""How many pictures, videos or sounds a job makes: what they are called, and where a batch of them is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comfy_api.workflow import edits
from comfy_api.workflow.basics import output_ids
from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.forms.ground import Ground
from comfy_api.workflow.forms.wording import LABELS
from comfy_api.workflow.outputs import Media, find_media

#: What a workflow may be for, the most telling first: a film's first picture is none of its own.
_MEDIA: Final = (Media.VIDEO, Media.ANIMATION, Media.MODEL, Media.AUDIO, Media.IMAGE, Media.TEXT)
_PLURALS: Final[Mapping[Media, str]] = {
    Media.VIDEO: "Videos",
    Media.ANIMATION: "Videos",
    Media.MODEL: "3D models",
    Media.AUDIO: "Sounds",
    Media.TEXT: "Texts",
}
#: Of these a batch gives several; of a film it gives a longer one.
_BATCHED: Final = (Media.IMAGE, Media.AUDIO)


def plural(ground: Ground) -> str:
    """What makers call several of what the workflow gives."""
    return _PLURALS.get(_main_media(ground), LABELS["images"])


def batches(ground: Ground) -> list[Place]:
    """Where the graph is asked for several at once; none where that gives no several."""
    if _main_media(ground) not in _BATCHED:
        return []
    places = (Place(*place) for place in edits.batch_places(ground.workflow) if place[0] in ground.ids)
    return [place for place in places if _counts(ground, place)]


def _main_media(ground: Ground) -> Media:
    outputs = output_ids(ground.workflow, ground.object_info)
    given = {find_media(ground.workflow.nodes[node_id].class_type) for node_id in outputs}
    return next((media for media in _MEDIA if media in given), Media.IMAGE)


def _counts(ground: Ground, place: Place) -> bool:
    """Whether this counts what is begun; elsewhere a batch size says how many are looked at in one go."""
    node = ground.workflow.nodes[place.node_id]
    entry = ground.object_info.get(node.class_type)
    # A primitive that feeds a batch size has none itself.
    outputs = entry.get("output") if isinstance(entry, Mapping) and place.input == "batch_size" else None
    return not isinstance(outputs, list) or "LATENT" in outputs
