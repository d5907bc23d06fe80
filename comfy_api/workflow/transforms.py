"""What the frontend does to values when it queues a prompt; pure (formats.md §2.6, conversion.md rules 10 to 12).

The server does none of it: whoever queues through the API does it, or the text goes out with its braces and percents.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from comfy_api.workflow.forms.control import Place
from comfy_api.workflow.spec import OWN_CHOICES, InputSpec, ObjectInfo, find_input, own_choices
from comfy_api.workflow.ui.text import as_text

if TYPE_CHECKING:
    from comfy_api.workflow.convert import Queueing

#: Nodes whose ``filename_prefix`` takes ``%date:…%`` and ``%Node.widget%``.
PREFIXED = frozenset(
    {
        *("SaveImage", "SaveImageAdvanced", "SaveSVGNode", "SaveVideo", "SaveAnimatedWEBP", "SaveAnimatedPNG"),
        *("SaveWEBM", "SaveAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced"),
        *("SaveGLB", "Save3DAdvanced", "SaveGaussianSplat", "SavePointCloud"),
        *("CLIPSave", "VAESave", "ModelSave", "LoraSave", "SaveLatent"),
    }
)
#: The frontend draws seeds up to here, so that JavaScript holds them exactly.
MAX_DRAWN = 2**50

#: A text without any of these is no dynamic prompt.
_MARKS = ("{", "}", "|", "//", "/*")
_COMMENT_START = re.compile(r"/(?=([/*]))")
_TOKEN = re.compile(r"\\.?|[{|}]|[^\\{|}]+", re.DOTALL)
_ESCAPED = re.compile(r"\\([{}|])")
_PATTERN = re.compile(r"%([^%]+)%")
_DATE_PART = re.compile(r"d{1,2}|M{1,2}|h{1,2}|m{1,2}|s{1,2}|y{2,4}")
_NOT_IN_NAMES = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')

Prompt = Mapping[str, Mapping[str, Any]]


def apply_queue_transforms(
    prompt: Prompt,
    rng: Random,
    now: datetime,
    object_info: ObjectInfo,
    queueing: Queueing | None = None,
) -> dict[str, dict[str, Any]]:
    """A copy of the prompt with dynamic prompts resolved, file name patterns replaced and choices numbered.

    Seeds stay as they are.

    Args:
        prompt: in API format.
        rng: chooses between ``{a|b}``.
        now: the local time for ``%date:…%``.
        object_info: says which inputs take dynamic prompts.
        queueing: of the conversion that gave the prompt; without it nodes are found by class and title.
    """
    changed = copy.deepcopy({node_id: dict(node) for node_id, node in prompt.items()})
    lookup = _lookup(prompt, queueing)
    for node_id, node in changed.items():
        inputs = node["inputs"]
        for name, value in inputs.items():
            place = Place(node_id, name)
            if not isinstance(value, str) or (queueing and place in queueing.literal):
                continue
            if "%" in value and _is_patterned(node["class_type"], place, queueing):
                value = replace_patterns(value, now, lookup)
            if any(mark in value for mark in _MARKS) and _is_dynamic(object_info, node, name):
                value = resolve_dynamic(value, rng)
            inputs[name] = value
        if node["class_type"] == OWN_CHOICES:
            inputs.update(_place_of_choice(inputs))
    return changed


def _place_of_choice(inputs: Mapping[str, Any]) -> dict[str, int]:
    """A CustomCombo gives its choice and the place of it; the frontend keeps them together."""
    choices = own_choices(inputs) or ()
    return {"index": choices.index(inputs["choice"])} if inputs.get("choice") in choices else {}


def resolve_dynamic(text: str, rng: Random) -> str:
    """One reading of a dynamic prompt: comments cut, ``{a|b}`` chosen at any depth, ``\\{ \\} \\|`` unescaped.

    A brace that is not closed ends with the text; closing braces and bars outside of braces stay.
    """
    # A list of options for each brace that is open, the first for the text itself; an option is a list of pieces.
    opened: list[list[list[str]]] = [[[]]]
    for token in _TOKEN.findall(_without_comments(text)):
        if token == "{":
            opened.append([[]])
        elif token == "|" and len(opened) > 1:
            opened[-1].append([])
        elif token == "}" and len(opened) > 1:
            _close(opened, rng)
        else:
            opened[-1][-1].append(token)
    while len(opened) > 1:
        _close(opened, rng)
    return _ESCAPED.sub(r"\1", "".join(opened[0][0]))


def _close(opened: list[list[list[str]]], rng: Random) -> None:
    chosen = "".join(rng.choice(opened.pop()))
    opened[-1][-1].append(chosen)


def _without_comments(text: str) -> str:
    """``/* … */`` and ``// …`` to the end of the line cut; a comment that is not closed stays."""
    kept, place = [], 0
    open_ended = False  # a pattern would look for the end again and again
    for match in _COMMENT_START.finditer(text):
        start = match.start()
        block = match[1] == "*"
        if start < place or (block and open_ended):
            continue
        end = text.find("*/", start + 2) + 2 if block else _line_end(text, start)
        if block and end == 1:
            open_ended = True
            continue
        kept.append(text[place:start])
        place = end
    return "".join([*kept, text[place:]])


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def replace_patterns(text: str, now: datetime, lookup: Callable[[str, str], Any]) -> str:
    """``%date:…%`` and ``%Node.widget%`` replaced; patterns without a meaning stay, for the server knows others.

    Args:
        text: such as ``%date:yyyy-MM-dd%/%KSampler.seed%``.
        now: the local time.
        lookup: (node name, widget) → value; raises LookupError for what is not there.
    """

    def replaced(match: re.Match[str]) -> str:
        pattern = match[1]
        if pattern.startswith("date:"):
            return format_date(pattern.removeprefix("date:"), now)
        node, dot, widget = pattern.partition(".")
        try:
            value = lookup(node, widget) if dot and "." not in widget else None
        except LookupError:
            value = None
        return match[0] if value is None else _NOT_IN_NAMES.sub("_", as_text(value))

    return _PATTERN.sub(replaced, text)


def format_date(pattern: str, now: datetime) -> str:
    """``yyyy-MM-dd hh:mm:ss``: as many digits as letters; hours count to 23."""
    parts = {"d": now.day, "M": now.month, "h": now.hour, "m": now.minute, "s": now.second}

    def formatted(match: re.Match[str]) -> str:
        letters = match[0]
        if letters[0] == "y":
            return str(now.year)[-2:] if len(letters) == 2 else str(now.year)
        return str(parts[letters[0]]).zfill(len(letters))

    return _DATE_PART.sub(formatted, pattern)


def next_value(value: Any, mode: str, spec: InputSpec, rng: Random) -> Any:
    """What ``control_after_generate`` makes of a value for the run after this one, within the server's bounds.

    Args:
        value: of this run.
        mode: ``randomize``, ``increment``, ``decrement``, ``increment-wrap``; anything else leaves the value.
        spec: what the server declares: bounds and step of a number, or the choices.
        rng: draws.
    """
    if spec.type == "COMBO":
        return _next_choice(value, mode, spec.options or (), rng)
    if spec.type not in ("INT", "FLOAT") or isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    low, high = _number(spec, "min", 0), _number(spec, "max", MAX_DRAWN)
    step = _number(spec, "step", 1)
    if mode == "randomize":
        return _drawn(max(low, -MAX_DRAWN), min(high, MAX_DRAWN), step, spec.type == "INT", rng)
    moved = value + step * {"increment": 1, "decrement": -1}.get(mode, 0)
    return min(max(moved, low), high) if moved != value else value


def _drawn(low: float, high: float, step: float, whole: bool, rng: Random) -> int | float:
    steps = max(0, int((high - low) // step)) if step > 0 else 0
    drawn = low + step * rng.randint(0, steps)
    return int(drawn) if whole else drawn


def _next_choice(value: Any, mode: str, options: tuple[Any, ...], rng: Random) -> Any:
    if mode == "randomize" and options:
        return rng.choice(options)
    if value not in options:
        return value
    index = options.index(value) + {"increment": 1, "increment-wrap": 1, "decrement": -1}.get(mode, 0)
    return options[index % len(options) if mode == "increment-wrap" else min(max(index, 0), len(options) - 1)]


def _number(spec: InputSpec, key: str, otherwise: float) -> Any:
    value = spec.settings.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise


def _is_patterned(class_type: str, place: Place, queueing: Queueing | None) -> bool:
    named = class_type in PREFIXED and place.input == "filename_prefix"
    return named or (queueing is not None and place in queueing.patterned)


def _is_dynamic(object_info: ObjectInfo, node: Mapping[str, Any], name: str) -> bool:
    spec = find_input(object_info, node["class_type"], name, node["inputs"])
    return spec is not None and spec.type == "STRING" and spec.settings.get("dynamicPrompts") is True


def _lookup(prompt: Prompt, queueing: Queueing | None) -> Callable[[str, str], Any]:
    """(node name, widget) → the value that stands there before anything is changed."""
    names = queueing.names if queueing else _names(prompt)
    before = {node_id: dict(node["inputs"]) for node_id, node in prompt.items()}

    def find(name: str, widget: str) -> Any:
        node_id = names[name]
        value = before[node_id][widget]
        if isinstance(value, list):  # a wire; what the file keeps under it counts
            value = (queueing.beneath if queueing else {})[Place(node_id, widget)].value
        return value["__value__"] if isinstance(value, dict) and "__value__" in value else value

    return find


def _names(prompt: Prompt) -> dict[str, str]:
    """Class or title → node; classes before titles, the first node counts."""
    names: dict[str, str] = {}
    for node_id, node in prompt.items():
        names.setdefault(node["class_type"], node_id)
    for node_id, node in prompt.items():
        names.setdefault(str(node.get("_meta", {}).get("title", "")), node_id)
    return names
