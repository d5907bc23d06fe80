"""The guess of texts: which is the prompt, which says what to leave out, and which others there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from comfy_api.workflow.basics import TextInput, find_texts
from comfy_api.workflow.document import Node
from comfy_api.workflow.edits import TEXT_INPUTS, text_inputs
from comfy_api.workflow.forms.control import Control, Kind, Place
from comfy_api.workflow.forms.ground import Ground
from comfy_api.workflow.forms.wording import HELP, LABELS

#: Names of inputs whose text is meant for a model, also where one line is enough.
_SPOKEN = frozenset(TEXT_INPUTS) - {"value", "string"}
#: What a song is made of.
_SUNG = frozenset({"tags", "lyrics"})
#: Names of inputs whose text is for a machine.
_CODE = frozenset({"expression", "fragment_shader", "regex_pattern", "find", "replace", "delimiter"})
#: More texts than this are no handful.
_MOST_OTHERS = 3


def guess_texts(ground: Ground) -> list[Control]:
    """``prompt`` and ``negative`` where there are some, then every other long text."""
    prompt = _followed(ground, "positive", ()) or _named(ground, "positive", ())
    taken = prompt.places if prompt else ()
    negative = _followed(ground, "negative", taken) or _named(ground, "negative", taken)
    main: list[Control] = []
    if prompt:
        main.append(replace(prompt, id="prompt", kind=Kind.LONG_TEXT, label=LABELS["prompt"], help=""))
    if negative:
        negative = replace(negative, id="negative", kind=Kind.LONG_TEXT, advanced=True)
        main.append(replace(negative, label=LABELS["negative"], help=HELP["negative"]))
    return main + _others(ground, {place for control in main for place in control.places})


# --- by the samplers' links -----------------------------------------------------------------------------


def _followed(ground: Ground, role: str, taken: Iterable[Place]) -> Control | None:
    """The text of this role that basics.py finds, and every text of the role that says the same."""
    texts = [text for text in find_texts(ground.workflow, role) if text.node_id in ground.ids]
    texts = [text for text in texts if Place(text.node_id, text.input) not in set(taken)]
    same = [text for text in texts if text.text == texts[0].text]
    reason = f"The samplers take it as what the picture should{' not' if role == 'negative' else ''} show."
    return ground.control(_places(ground, same), reason=reason)


def _places(ground: Ground, texts: Iterable[TextInput]) -> Iterator[Place]:
    """Some encoders take the same text twice, as ``text_g`` and ``text_l``."""
    for text in texts:
        node = ground.workflow.nodes[text.node_id]
        yield from (Place(node.id, name) for name in text_inputs(node) if name not in node.links)


# --- by names -------------------------------------------------------------------------------------------


def _named(ground: Ground, role: str, taken: Iterable[Place]) -> Control | None:
    """The text whose names speak most for this role, for nodes without a sampler."""
    ranked = [
        (rank, control)
        for control in _all_texts(ground)
        if control.places[0] not in set(taken) and (rank := _rank(ground, control.places[0], role)) is not None
    ]
    best = min(ranked, key=lambda pair: pair[0], default=None)
    return None if best is None else replace(best[1], reason=f'"{ground.title(best[1].places[0].node_id)}" takes it.')


def _rank(ground: Ground, place: Place, role: str) -> int | None:
    """How little the names speak for a role; None: they speak against it."""
    names = _names(ground, place)
    said = " ".join(names)
    last = place.input.rsplit(".", 1)[-1]
    if last in _CODE:
        return None
    if ("negative" in said) != (role == "negative") or "system" in said:
        return None
    if role == "negative" or "prompt" in names:
        return 0
    if "prompt" in said:
        return 1
    return 2 if place.input in TEXT_INPUTS or last in _SUNG else 3


def _names(ground: Ground, place: Place) -> set[str]:
    """What the input is called, and what a text that stands alone is linked to."""
    node = ground.workflow.nodes[place.node_id]
    names = {place.input.rsplit(".", 1)[-1]}
    if not node.links:
        names |= {name.rsplit(".", 1)[-1] for _, name in ground.workflow.consumers(node.id)}
    return {name.casefold() for name in (*names, node.title)}


def _others(ground: Ground, taken: set[Place]) -> list[Control]:
    others = [control for control in _all_texts(ground) if control.places[0] not in taken]
    near = [control for control in others if _rank(ground, control.places[0], "positive") in (0, 1, 2)]
    few = len(near) <= _MOST_OTHERS
    return [
        replace(
            control,
            shown=few and control in near,
            reason=f'"{ground.title(control.places[0].node_id)}" takes a text.',
        )
        for control in others
    ]


def _all_texts(ground: Ground) -> list[Control]:
    """Long texts, and short ones that go where a prompt does."""
    found = [
        control
        for node in ground.nodes
        for name in node.inputs
        if (control := ground.one(Place(node.id, name)))
        and (control.kind is Kind.LONG_TEXT or (control.kind is Kind.TEXT and _is_prompt(ground, node, name)))
    ]
    return [replace(control, kind=Kind.LONG_TEXT) for control in found]


def _is_prompt(ground: Ground, node: Node, name: str) -> bool:
    names = _names(ground, Place(node.id, name))
    return any("prompt" in said for said in names) or not names.isdisjoint(_SPOKEN)
