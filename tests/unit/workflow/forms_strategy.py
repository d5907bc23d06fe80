"""Hypothesis strategies: any form that can be saved."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from comfy_api.workflow.forms.control import FILES, Control, Form, Kind, Output, Place, Source

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = TEXTS.filter(bool)
IDS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
WHOLES = st.one_of(st.integers(-20, 20), st.integers(-(2**64) + 1, 2**64 - 1))
NUMBERS = st.one_of(WHOLES, st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
#: Keys that no version knows yet.
EXTRAS = st.dictionaries(
    NAMES.map(lambda name: f"x-{name}"),
    st.recursive(
        st.one_of(SCALARS, st.dates(), st.datetimes().map(lambda moment: moment.replace(fold=0))),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
        max_leaves=3,
    ),
    max_size=2,
)
PLACES = st.builds(Place, NAMES, NAMES, st.sampled_from(["", "width", "height"]), TEXTS)
OUTPUTS = st.builds(Output, node_id=NAMES, label=TEXTS, shown=st.booleans(), extra=EXTRAS)

_DEFAULTS: dict[Kind, st.SearchStrategy[Any]] = {
    **dict.fromkeys((Kind.TEXT, Kind.LONG_TEXT, Kind.COLOUR, *FILES), TEXTS),
    **dict.fromkeys((Kind.INTEGER, Kind.SEED, Kind.IMAGES), WHOLES),
    **dict.fromkeys((Kind.NUMBER, Kind.SLIDER), NUMBERS),
    **dict.fromkeys((Kind.CHOICE, Kind.MODEL), SCALARS),
    Kind.SWITCH: st.booleans(),
    Kind.SIZE: st.lists(WHOLES, min_size=2, max_size=2),
    Kind.LIST: st.lists(SCALARS, max_size=3),
}


@st.composite
def controls(draw: st.DrawFn) -> Control:
    """Any control."""
    kind = draw(st.sampled_from(Kind))
    least, most = sorted(draw(st.tuples(NUMBERS, NUMBERS)))
    options = draw(st.lists(SCALARS, max_size=4))
    labels = draw(st.sampled_from([[], [f"{option}" for option in options]]))
    return Control(
        id=draw(IDS),
        kind=kind,
        label=draw(TEXTS),
        places=tuple(draw(st.lists(PLACES, max_size=3))),
        help=draw(TEXTS),
        placeholder=draw(TEXTS),
        default=draw(st.none() | _DEFAULTS[kind]),
        required=draw(st.booleans()),
        minimum=draw(st.sampled_from([None, least])),
        maximum=draw(st.sampled_from([None, most])),
        step=draw(st.none() | NUMBERS.filter(lambda step: step > 0)),
        whole=draw(st.booleans()),
        options=tuple(options),
        option_labels=tuple(labels),
        on=draw(TEXTS),
        off=draw(TEXTS),
        group=draw(TEXTS),
        order=draw(st.integers(-1000, 1000)),
        advanced=draw(st.booleans()),
        maskable=draw(st.booleans()),
        mode=draw(st.sampled_from(["random", "fixed", "count"])),
        shown=draw(st.booleans()),
        source=draw(st.sampled_from(Source)),
        reason=draw(TEXTS),
        extra=draw(EXTRAS),
    )


def forms() -> st.SearchStrategy[Form]:
    """Any form, its controls' ids and its outputs' nodes each once."""
    return st.builds(
        Form,
        controls=st.lists(controls(), max_size=3, unique_by=lambda control: control.id).map(tuple),
        title=TEXTS,
        description=TEXTS,
        order=st.integers(-(2**40), 2**40),
        outputs=st.lists(OUTPUTS, max_size=2, unique_by=lambda output: output.node_id).map(tuple),
        workflow_hash=TEXTS,
        extra=EXTRAS,
    )
