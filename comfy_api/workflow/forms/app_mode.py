"""ComfyUI's App Mode, ``extra.linearData``: read, and written back (docs/conventions/app-mode.md)."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from comfy_api.workflow.document import Workflow
from comfy_api.workflow.forms.control import FILES, Control, Form, Kind, Place, Source
from comfy_api.workflow.forms.drawn import PRIMITIVE, Drawing, Widget, draw
from comfy_api.workflow.forms.ground import Ground
from comfy_api.workflow.forms.sizes import pair_sizes
from comfy_api.workflow.forms.stored import seed_mode, stored_seed
from comfy_api.workflow.forms.widgets import NAMELESS
from comfy_api.workflow.forms.wording import MAX_LABEL, clip, humanise, label_from, plain
from comfy_api.workflow.spec import ObjectInfo
from comfy_api.workflow.ui.graph import Node

_REASON = "The author chose it in ComfyUI's App Mode."
_MAX_ENTRIES = 500


@dataclass(frozen=True)
class Entry:
    """One line of ``linearData.inputs`` that leads somewhere.

    Attributes:
        raw: as in the file.
        widget: the graph, node and widget that it means.
        places: what it sets in the prompt.
        config: its third part: ``height``, ``description`` and what else there is.
    """

    raw: Sequence[Any]
    widget: Widget
    places: tuple[Place, ...]
    config: Mapping[str, Any] = field(default_factory=dict)


def find(workflow: Workflow, object_info: ObjectInfo) -> list[Control]:
    """The author's list, in its order; without what is muted, linked or not there any more."""
    drawing = draw(workflow)
    if drawing is None:
        return []
    ground = Ground(workflow, object_info)
    found: dict[Widget, Control] = {}
    for entry in entries(drawing):
        if entry.widget not in found and (control := _control(ground, drawing, entry)):
            found[entry.widget] = control
    controls = pair_sizes(_headed(drawing, found))
    return [replace(control, order=order) for order, control in enumerate(controls)]


def output_ids(workflow: Workflow) -> tuple[str, ...]:
    """The nodes whose files makers see, as the author listed them; empty: no list."""
    raw = _linear_data(workflow.ui or {}).get("outputs")
    listed = [str(item) for item in raw if isinstance(item, (str, int))] if isinstance(raw, list) else []
    return tuple(dict.fromkeys(node_id for node_id in listed[:_MAX_ENTRIES] if node_id in workflow.nodes))


def entries(drawing: Drawing) -> Iterator[Entry]:
    """What the list names, where it still is in the drawing."""
    listed = _linear_data(drawing.ui).get("inputs")
    for raw in listed[:_MAX_ENTRIES] if isinstance(listed, list) else ():
        if isinstance(raw, list) and len(raw) >= 2 and isinstance(raw[1], str):
            widget = _resolve(drawing, raw[0], raw[1])
            places = _places(drawing, widget) if widget else ()
            if widget and places:
                config = raw[2] if len(raw) > 2 and isinstance(raw[2], dict) else {}
                yield Entry(raw, widget, places, config)


# --- which widget is meant ------------------------------------------------------------------------------


def _resolve(drawing: Drawing, raw_id: object, name: str) -> Widget | None:
    """The three spellings of an id: a node's, ``<graph>:<node>`` and ``<graph>:<node>:<widget>``."""
    if not isinstance(raw_id, (str, int)) or isinstance(raw_id, bool):
        return None
    parts = [unquote(part) for part in str(raw_id).split(":")]
    if len(parts) == 1:
        return _of_node(drawing, parts[0], name)
    graph_id, node_id, widget = (*parts, name)[:3]
    if graph_id in drawing.document.definitions:
        # A widget inside is shown by the instance that promotes it; else it is meant wherever it stands.
        inside = (graph_id, node_id, widget)
        return _promoting(drawing, inside) or (
            inside if node_id in drawing.document.definitions[graph_id].nodes else None
        )
    return _of_node(drawing, node_id, widget)


def _of_node(drawing: Drawing, node_id: str, name: str) -> Widget | None:
    if node_id in drawing.document.root.nodes:
        return "", node_id, name
    return _promoting(drawing, ("", node_id, name))


def _promoting(drawing: Drawing, inside: Widget) -> Widget | None:
    """The one promoted input that leads to this inner widget; without a graph, in any definition."""
    graph_id, node_id, name = inside
    graphs = [graph_id] if graph_id else list(drawing.document.definitions)
    found = {outer for graph in graphs for outer in drawing.outside.get((graph, node_id, name), ())}
    return found.pop() if len(found) == 1 else None


def _places(drawing: Drawing, widget: Widget) -> tuple[Place, ...]:
    graph_id, node_id, name = widget
    if not graph_id:
        node = drawing.document.root.nodes[node_id]
        slot = node.slots.get(name)
        linked = slot is not None and slot.link and node.type != PRIMITIVE
        return () if linked else drawing.places(node_id, name)
    return tuple(place for path in drawing.paths(graph_id) for place in drawing.places(node_id, name, graph_id, path))


# --- controls -------------------------------------------------------------------------------------------


def _control(ground: Ground, drawing: Drawing, entry: Entry) -> Control | None:
    control = ground.control(entry.places, source=Source.APP_MODE, reason=_REASON, advanced=False, shown=True)
    graph_id, node_id, name = entry.widget
    graph = drawing.graph(graph_id)
    if control is None or graph is None:
        return None
    label = drawing.label(graph.nodes[node_id], name) if not graph_id else ""
    control = replace(
        control,
        id=name,
        label=label_from(label) or _title_of_primitive(graph.nodes[node_id]) or control.label,
        help=plain(entry.config.get("description")) or control.help,
    )
    return with_seed(ground.workflow, with_id(control), drawing)


def with_id(control: Control) -> Control:
    """An input that says nothing of itself takes its id from what it is called."""
    # A port that repeats a name is numbered: value_1.
    nameless = re.sub(r"_[0-9]+$", "", control.id.rsplit(".", 1)[-1]) in NAMELESS
    return replace(control, id=control.label) if nameless and control.kind not in FILES else control


def with_seed(workflow: Workflow, control: Control, drawing: Drawing) -> Control:
    """A seed with the mode that the file gives it; other controls as they are."""
    if control.kind is not Kind.SEED:
        return control
    mode = seed_mode(workflow, control.places[0], drawing)
    default = None if mode == "random" else stored_seed(workflow, control.places[0])
    return replace(control, mode=mode, default=default)


def _title_of_primitive(node: Node) -> str:
    plain_title = "".join(node.title.split()).casefold()
    return humanise(node.title) if node.type == PRIMITIVE and plain_title not in ("", PRIMITIVE.casefold()) else ""


def _headed(drawing: Drawing, found: Mapping[Widget, Control]) -> list[Control]:
    """With the node's title above controls of one node, and above those that only it tells apart."""
    per_node = Counter(widget[:2] for widget in found)
    per_label = Counter(control.label for control in found.values())
    controls: list[Control] = []
    for widget, control in found.items():
        graph = drawing.graph(widget[0])
        title = graph.nodes[widget[1]].title if graph else ""
        head = per_node[widget[:2]] > 1 or per_label[control.label] > 1
        controls.append(replace(control, group=clip(title, MAX_LABEL)) if head else control)
    return controls


# --- writing back ---------------------------------------------------------------------------------------


def write_app_mode(ui: Mapping[str, Any], form: Form, workflow: Workflow) -> dict[str, Any]:
    """A copy of ``ui`` whose App Mode shows what the form shows, in its order.

    Labels become the sockets' labels, explanations the entries' descriptions; an entry that stood there before keeps
    its spelling and its layout. What App Mode cannot hold is left out: pieces of a text, and a number of pictures
    that has no place in the graph.
    """
    written = copy.deepcopy(dict(ui))
    with_ui = replace(workflow, ui=written)
    drawing = draw(with_ui)
    if drawing is None:
        return written
    old = {entry.widget: entry for entry in entries(drawing)}
    known = _known_widgets(drawing, old)
    shown = sorted((control for control in form.controls if control.shown), key=lambda control: control.order)
    lines: dict[Widget, list[Any]] = {}
    for control in shown:
        for widget in dict.fromkeys(
            w for place in control.places if (w := _widget_of(workflow, drawing, known, place))
        ):
            lines.setdefault(widget, _line(drawing, widget, old.get(widget), control))
            if control.kind is not Kind.SIZE:
                _rename(drawing, written, widget, control)
    extra = written.get("extra")
    data = {**_linear_data(written), "inputs": list(lines.values())}
    if form.outputs:
        data["outputs"] = [output.node_id for output in form.outputs if output.shown and ":" not in output.node_id]
    written["extra"] = {**(extra if isinstance(extra, dict) else {}), "linearMode": True, "linearData": data}
    return written


def _known_widgets(drawing: Drawing, old: Mapping[Widget, Entry]) -> dict[Place, Widget]:
    """Where one sets a place in ComfyUI: as the list had it, else at the instance that promotes it."""
    found = {place: widget for widget, entry in old.items() for place in entry.places}
    for host, definition in drawing.hosts():
        for name in drawing.promoted(host, definition):
            for place in drawing.places(host.id, name):
                found.setdefault(place, ("", host.id, name))
    return found


def _widget_of(workflow: Workflow, drawing: Drawing, known: Mapping[Place, Widget], place: Place) -> Widget | None:
    bare = Place(place.node_id, place.input)
    if place.token or bare in known:
        return None if place.token else known[bare]
    origin = workflow.conversion.origins.get(bare) if workflow.conversion else None
    if origin:
        return origin.graph, origin.node_id, origin.widget
    return ("", place.node_id, place.input) if place.node_id in drawing.document.root.nodes else None


def _line(drawing: Drawing, widget: Widget, old: Entry | None, control: Control) -> list[Any]:
    graph_id, node_id, name = widget
    config = {key: value for key, value in (old.config if old else {}).items() if key != "description"}
    if control.help:
        kept = old.config.get("description") if old else None
        config["description"] = kept if plain(kept) == control.help else control.help
    head: list[Any] = list(old.raw[:2]) if old else [f"{graph_id}:{node_id}:{name}" if graph_id else node_id, name]
    return [*head, config] if config else head


def _rename(drawing: Drawing, written: Mapping[str, Any], widget: Widget, control: Control) -> None:
    """Gives the widget's socket the control's label. A file of the years before sockets has no place for it."""
    graph_id, node_id, name = widget
    if graph_id or label_from(drawing.label(drawing.document.root.nodes[node_id], name)) == control.label:
        return
    for raw in written["nodes"]:
        if isinstance(raw, dict) and str(raw.get("id")) == node_id:
            for slot in raw.get("inputs") or ():
                if isinstance(slot, dict) and slot.get("name") == name:
                    slot["label"] = control.label


def _linear_data(ui: Mapping[str, Any]) -> dict[str, Any]:
    extra = ui.get("extra")
    data = extra.get("linearData") if isinstance(extra, Mapping) else None
    return dict(data) if isinstance(data, Mapping) else {}
