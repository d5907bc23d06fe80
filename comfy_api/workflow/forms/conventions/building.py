"""What the conventions share: words and numbers from untrusted nodes, and controls that hold together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeAlias

from comfy_api.workflow.document import Node, Workflow, is_link
from comfy_api.workflow.forms.control import FILES, Control, Kind, Number, Place, Source
from comfy_api.workflow.forms.ids import make_id
from comfy_api.workflow.forms.widgets import control_for
from comfy_api.workflow.forms.wording import MAX_LABEL, plain
from comfy_api.workflow.spec import ObjectInfo

#: Controls that one convention may give. A form that a person fills in has far fewer.
MAX_CONTROLS: Final = 300
MAX_OPTIONS: Final = 2_000
#: Marked inputs that are looked at before those of one name become one control.
_MAX_MARKS: Final = 1_000
MAX_SEED: Final = 2**64 - 1
_LARGEST: Final = 2**64
#: Connected inputs that are asked for their choices.
_ASKED: Final = 8

TEXTS: Final = frozenset({Kind.TEXT, Kind.LONG_TEXT})
_WHOLE: Final = frozenset({Kind.INTEGER, Kind.SEED, Kind.SIZE, Kind.IMAGES})
_RANGED: Final = _WHOLE | {Kind.NUMBER, Kind.SLIDER}

#: What an author may call the things that have ids of their own (control.py).
_ROLES: Final = {
    "prompt": "prompt",
    "positive": "prompt",
    "positive_prompt": "prompt",
    "negative": "negative",
    "negative_prompt": "negative",
    "negativeprompt": "negative",
    "seed": "seed",
    "noise_seed": "seed",
    "images": "images",
    "batch_size": "images",
}
_KINDS_OF_ROLES: Final = {
    "prompt": TEXTS,
    "negative": TEXTS,
    "seed": frozenset({Kind.SEED}),
    "images": frozenset({Kind.IMAGES}),
}

#: Source node → (node, input, output index) of each link that starts there.
Links: TypeAlias = Mapping[str, list[tuple[str, str, int]]]


# --- what a node says -----------------------------------------------------------------------------------


def words(value: object) -> str:
    """A title or name from outside: one line of plain text, bounded; empty where it is no text."""
    return plain(value, MAX_LABEL)


def number(value: object) -> Number | None:
    """A finite number of at most 64 bits, also one that is written as text; else None."""
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # The bound comes first: Python's isfinite refuses an int that no double holds.
    return value if -_LARGEST <= value <= _LARGEST and math.isfinite(value) else None


def whole(value: object) -> int | None:
    """A number without a fraction as an int, exact; else None."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def is_scalar(value: object) -> bool:
    """Whether this is a text, a switch or a finite number, as a choice is."""
    return isinstance(value, (str, bool)) or (not isinstance(value, str) and number(value) is not None)


def switched(value: object) -> bool | None:
    """True or False, also as text; else None."""
    spelled = value.strip().lower() if isinstance(value, str) and len(value) < 16 else value
    return {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}.get(_hashable(spelled))


def values_of(node: Node) -> list[str]:
    """The inputs that hold a plain value of their own, in the file's order."""
    return [name for name, value in node.inputs.items() if isinstance(value, (str, int, float))]


def links_from(workflow: Workflow) -> Links:
    """Where each node's outputs go, read once."""
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for node in workflow.nodes.values():
        for name, (source, slot) in node.links.items():
            found[source].append((node.id, name, slot))
    return found


# --- controls -------------------------------------------------------------------------------------------


def control_at(
    workflow: Workflow,
    object_info: ObjectInfo,
    node: Node,
    name: str,
    *,
    source: Source,
    reason: str,
    label: str = "",
    help: object = "",
    **overrides: Any,
) -> Control | None:
    """The control for one input of a marked node; None where the input is missing or linked.

    The words are the author's, untrusted; what is not overridden is as the server states it.
    """
    place = Place(node.id, name)
    made = control_for(workflow, object_info, place, label=words(label), source=source, reason=reason, **overrides)
    return replace(made, help=plain(help)) if made and plain(help) else made


def behind(
    workflow: Workflow, object_info: ObjectInfo, fed: Iterable[tuple[str, str, int]], value: Any
) -> Control | None:
    """The control of the first input that a node feeds, as if ``value`` stood there instead of the link."""
    for node_id, name, _ in islice(fed, _ASKED):
        node = workflow.nodes[node_id]
        inputs = {key: held for key, held in node.inputs.items() if not is_link(held)}
        alone = Workflow.load({node_id: {"class_type": node.class_type, "inputs": {**inputs, name: value}}})
        if made := control_for(alone, object_info, Place(node_id, name)):
            return made
    return None


def settled(found: Iterable[Control | None]) -> list[Control]:
    """The controls that were found, at most :data:`MAX_CONTROLS`, each with an id of its own and sound."""
    controls: list[Control] = []
    taken: set[str] = set()
    for control in islice((one for one in found if one is not None), MAX_CONTROLS):
        sound = fitted(control)
        sound = replace(sound, id=make_id(_wanted_id(sound), taken))
        taken.add(sound.id)
        controls.append(sound)
    return controls


def fitted(control: Control) -> Control:
    """The control with a default of its kind, and without a range or choices that contradict it or each other."""
    kind = control.kind
    default = _DEFAULTS.get(kind, _as_it_is)(control.default)
    if kind is Kind.SLIDER and control.whole:
        default = whole(default)
    offered = [one for one in control.options[:MAX_OPTIONS] if is_scalar(one)]
    # 1 and true are equal in Python and two choices in JSON.
    options = tuple({(type(one), one): one for one in offered}.values())
    labels = control.option_labels if len(options) == len(control.option_labels) == len(control.options) else ()
    sound = replace(control, default=default, options=options, option_labels=labels)
    return _in_range(sound) if kind in _RANGED else replace(sound, minimum=None, maximum=None, step=None, whole=False)


def merged(keyed: Iterable[tuple[Hashable, Control | None]]) -> list[Control]:
    """One control for each key, writing to the places of all that have it; the first one's words stand."""
    found: dict[Hashable, Control] = {}
    for key, control in islice(((key, one) for key, one in keyed if one is not None), _MAX_MARKS):
        first = found.get(key, control)
        found[key] = replace(first, places=tuple(dict.fromkeys((*first.places, *control.places))))
    return list(found.values())


def called(control: Control, label: str, *, group: str | None = None) -> Control:
    """The control with the author's name for it, from which its id is made too."""
    named = replace(control, label=words(label) or control.label, id=label or control.id)
    return named if group is None else replace(named, group=words(group))


def size_of(
    width: Control | None, height: Control | None, *, label: str = "", id: str = "size", **overrides: Any
) -> Control | None:
    """One size control from the controls of its two sides; None unless both hold whole numbers."""
    sides = [side for side in (width, height) if side is not None]
    values = [whole(side.default) for side in sides]
    if len(sides) != 2 or None in values:
        return None
    places = tuple(
        replace(place, part=part)
        for part, side in zip(("width", "height"), sides, strict=True)
        for place in side.places
    )
    first = sides[0]
    same = all((side.minimum, side.maximum, side.step) == (first.minimum, first.maximum, first.step) for side in sides)
    least, most, step = (first.minimum, first.maximum, first.step) if same else (None, None, None)
    return replace(
        first, id=id, kind=Kind.SIZE, label=words(label) or "Size", places=places, default=values, whole=False,
        minimum=least, maximum=most, step=step, **overrides,
    )  # fmt: skip


# --- soundness ------------------------------------------------------------------------------------------


def _in_range(control: Control) -> Control:
    is_whole = control.kind in _WHOLE or (control.kind is Kind.SLIDER and control.whole)
    least, most, step = number(control.minimum), number(control.maximum), number(control.step)
    if is_whole:
        least = None if least is None else math.ceil(least)
        most = None if most is None else math.floor(most)
        step = whole(step)
    if least is not None and most is not None and least > most:
        least = most = None
    held = control.default if isinstance(control.default, list) else [control.default]
    known = [value for value in held if value is not None]
    if least is not None and any(value < least for value in known):
        least = None
    if most is not None and any(value > most for value in known):
        most = None
    step = step if step is not None and step > 0 else None
    kind = control.kind
    if kind is Kind.SLIDER and (least is None or most is None or least == most):
        kind = Kind.INTEGER if is_whole else Kind.NUMBER
    return replace(control, kind=kind, minimum=least, maximum=most, step=step, whole=kind is Kind.SLIDER and is_whole)


def _wanted_id(control: Control) -> str:
    name = make_id(control.id or control.label)
    role = _ROLES.get(name)
    if role and control.kind in _KINDS_OF_ROLES[role]:
        return role
    return f"{name}_{control.kind}" if name in _KINDS_OF_ROLES else name


def _seed(value: object) -> int | None:
    found = whole(value)
    return found if found is not None and 0 <= found <= MAX_SEED else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _file(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _size(value: object) -> list[int] | None:
    sides = [whole(side) for side in value] if isinstance(value, (list, tuple)) and len(value) == 2 else []
    known = [side for side in sides if side is not None]
    return known if len(known) == 2 else None


def _list(value: object) -> list[Any]:
    return [item for item in value if is_scalar(item)] if isinstance(value, list) else []


def _choice(value: object) -> Any:
    return value if is_scalar(value) else None


def _as_it_is(value: Any) -> Any:
    return value


_DEFAULTS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _text,
    Kind.COLOUR: _text,
    Kind.INTEGER: whole,
    Kind.IMAGES: whole,
    Kind.NUMBER: number,
    Kind.SLIDER: number,
    Kind.SWITCH: lambda value: switched(value) or False,
    Kind.CHOICE: _choice,
    Kind.MODEL: _choice,
    Kind.SEED: _seed,
    Kind.SIZE: _size,
    Kind.LIST: _list,
    **dict.fromkeys(FILES, _file),
}


def _parsed(text: str) -> Number | None:
    if len(text) > 40 or "_" in text:
        return None
    try:
        return number(int(text))
    except ValueError:
        pass
    try:
        return number(float(text))
    except ValueError:
        return None


def _hashable(value: object) -> Any:
    return value if isinstance(value, (str, int)) else None
