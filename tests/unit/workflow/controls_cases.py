"""Workflows for the tests of controls: short to write, in either format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Control

DATA = Path(__file__).resolve().parents[2] / "data"
GRAPH_ID = "11111111-2222-4333-8444-555555555555"
INNER_ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


@cache
def real_info() -> dict[str, Any]:
    """What a real ComfyUI 0.3.64 says of all its classes."""
    return json.loads(gzip.decompress((DATA / "object_info.json.gz").read_bytes()))


def api(**nodes: tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], str]) -> Workflow:
    """id=(class, inputs[, title]); the ids may start with ``n``, which is cut where a number follows."""
    graph: dict[str, Any] = {}
    for key, (class_type, inputs, *title) in nodes.items():
        node_id = key[1:] if key[0] == "n" and key[1:].isdigit() else key
        graph[node_id] = {"class_type": class_type, "inputs": inputs, "_meta": {"title": (title or [class_type])[0]}}
    return Workflow.load(graph)


def sampler(**inputs: Any) -> dict[str, Any]:
    """The inputs of a KSampler."""
    plain = {"seed": 5, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}
    links = {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}
    return plain | links | inputs


def text_to_image(**changed: Any) -> Workflow:
    """The graph that everybody knows; keyword arguments replace or add nodes, None takes one out."""
    nodes: dict[str, Any] = {
        "n3": ("KSampler", sampler()),
        "n4": ("CheckpointLoaderSimple", {"ckpt_name": "sd15.safetensors"}),
        "n5": ("EmptyLatentImage", {"width": 512, "height": 768, "batch_size": 2}),
        "n6": ("CLIPTextEncode", {"text": "a fox", "clip": ["4", 1]}),
        "n7": ("CLIPTextEncode", {"text": "blurry", "clip": ["4", 1]}),
        "n8": ("VAEDecode", {"samples": ["3", 0], "vae": ["4", 2]}),
        "n9": ("SaveImage", {"images": ["8", 0], "filename_prefix": "x"}),
    }
    return api(**{key: node for key, node in (nodes | changed).items() if node is not None})


# --- UI format ------------------------------------------------------------------------------------------


def drawn(
    node_id: int,
    type_: str,
    values: Sequence[Any] = (),
    inputs: Sequence[tuple[Any, ...]] = (),
    outputs: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """A node of a drawing. Inputs: (name, link[, label]); one whose name ends in ``*`` is a widget's socket."""
    sockets = []
    for name, link, *label in inputs:
        socket: dict[str, Any] = {"name": name.rstrip("*"), "type": "*", "link": link}
        if name.endswith("*"):
            socket["widget"] = {"name": name.rstrip("*")}
        if label:
            socket["label"] = label[0]
        sockets.append(socket)
    return {
        "id": node_id,
        "type": type_,
        "mode": 0,
        "inputs": sockets,
        "outputs": [{"name": name, "type": name} for name in outputs],
        "widgets_values": list(values),
        "properties": {},
        **more,
    }


def drawing(
    nodes: Sequence[dict[str, Any]], links: Sequence[Sequence[int]] = (), linear: Any = None, subgraphs: Any = ()
) -> dict[str, Any]:
    """A file in UI format. Links: (id, origin, slot, target, slot)."""
    extra = {} if linear is None else {"linearMode": True, "linearData": linear}
    return {
        "id": GRAPH_ID,
        "version": 0.4,
        "nodes": list(nodes),
        "links": [[*link, "*"] for link in links],
        "extra": extra,
        "definitions": {"subgraphs": list(subgraphs)},
    }


def flat(linear: Any = None, **changed: Any) -> dict[str, Any]:
    """Text to image as ComfyUI saves it. ``changed``: ``n6={...}`` updates node 6."""
    nodes = [
        drawn(
            3,
            "KSampler",
            [5, "randomize", 20, 7.0, "euler", "normal", 1.0],
            [("model", 1), ("positive", 2), ("negative", 3), ("latent_image", 4), ("steps*", None)],
            ["LATENT"],
        ),
        drawn(4, "CheckpointLoaderSimple", ["sd15.safetensors"], (), ["MODEL", "CLIP", "VAE"]),
        drawn(5, "EmptyLatentImage", [512, 768, 2], (), ["LATENT"], title="Canvas"),
        drawn(6, "CLIPTextEncode", ["a fox"], [("clip", 5), ("text*", None)], ["CONDITIONING"]),
        drawn(7, "CLIPTextEncode", ["blurry"], [("clip", 6), ("text*", None)], ["CONDITIONING"]),
        drawn(8, "VAEDecode", (), [("samples", 7), ("vae", 8)], ["IMAGE"]),
        drawn(9, "SaveImage", ["x"], [("images", 9)]),
    ]
    for node in nodes:
        node |= changed.get(f"n{node['id']}", {})
    links = [
        (1, 4, 0, 3, 0),
        (2, 6, 0, 3, 1),
        (3, 7, 0, 3, 2),
        (4, 5, 0, 3, 3),
        (5, 4, 1, 6, 0),
        (6, 4, 1, 7, 0),
        (7, 3, 0, 8, 0),
        (8, 4, 2, 8, 1),
        (9, 8, 0, 9, 0),
    ]
    return drawing(nodes, links, linear)


def nested(
    linear: Any = None, host: dict[str, Any] | None = None, ports: Sequence[Any] | None = None
) -> dict[str, Any]:
    """Text to image inside of subgraph node 57, which promotes text, seed, width and height; 9 saves."""
    names = ports or [("text", 101), ("seed", 102), ("width", 103), ("height", 104)]
    inner = [
        drawn(
            3,
            "KSampler",
            [5, "fixed", 20, 7.0, "euler", "normal", 1.0],
            [("model", 1), ("positive", 2), ("negative", 3), ("latent_image", 4), ("seed*", 102)],
            ["LATENT"],
        ),
        drawn(4, "CheckpointLoaderSimple", ["sd15.safetensors"], (), ["MODEL", "CLIP", "VAE"]),
        drawn(5, "EmptyLatentImage", [512, 768, 2], [("width*", 103), ("height*", 104)], ["LATENT"]),
        drawn(6, "CLIPTextEncode", ["a fox"], [("clip", 5), ("text*", 101)], ["CONDITIONING"]),
        drawn(7, "CLIPTextEncode", ["blurry"], [("clip", 6), ("text*", None)], ["CONDITIONING"]),
        drawn(8, "VAEDecode", (), [("samples", 7), ("vae", 8)], ["IMAGE"]),
    ]
    wires = [
        (1, 4, 0, 3, 0),
        (2, 6, 0, 3, 1),
        (3, 7, 0, 3, 2),
        (4, 5, 0, 3, 3),
        (5, 4, 1, 6, 0),
        (6, 4, 1, 7, 0),
        (7, 3, 0, 8, 0),
        (8, 4, 2, 8, 1),
        (9, 8, 0, -20, 0),
    ]
    ends = {101: (6, 1), 102: (3, 4), 103: (5, 0), 104: (5, 1)}
    wires += [(link, -10, slot, *ends[link]) for slot, (_, link, *_) in enumerate(names)]
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
    definition = {
        "id": INNER_ID,
        "name": "Text to image",
        "inputs": [
            {"name": name, "type": "*", "linkIds": [link], **({"label": label[0]} if label else {})}
            for name, link, *label in names
        ],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": [9]}],
        "nodes": inner,
        "links": [{**dict(zip(keys, wire, strict=True)), "type": "*"} for wire in wires],
    }
    outer = drawn(57, INNER_ID, (), [(f"{name}*", None) for name, *_ in names], ["IMAGE"]) | (host or {})
    return drawing([outer, drawn(9, "SaveImage", ["x"], [("images", 1)])], [(1, 57, 0, 9, 0)], linear, [definition])


def load(ui: dict[str, Any]) -> Workflow:
    """The drawing, converted for a real server."""
    return Workflow.load(ui, real_info())


# --- reading results ------------------------------------------------------------------------------------


def shown(controls: Sequence[Control]) -> list[str]:
    """Ids of the controls that makers see, in their order."""
    return [control.id for control in controls if control.shown]


def named(controls: Sequence[Control], control_id: str) -> Control:
    """The control with this id."""
    return next(control for control in controls if control.id == control_id)


def at(control: Control) -> list[tuple[str, str]]:
    """Its places as (node, input)."""
    return [(place.node_id, place.input) for place in control.places]
