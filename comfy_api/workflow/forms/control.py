"""A form: the controls that a maker sees, and every place in the workflow that each of them writes to. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Number = int | float
#: What a maker chose: control id → JSON value, in the type that :class:`Kind` names. What is absent stays as it is.
Values = Mapping[str, Any]


class Kind(StrEnum):
    """Which widget a control is, and so the JSON type of its value."""

    #: str
    TEXT = "text"
    #: str, several lines
    LONG_TEXT = "long_text"
    #: int
    INTEGER = "integer"
    #: int or float
    NUMBER = "number"
    #: int (``whole``) or float, dragged
    SLIDER = "slider"
    #: bool
    SWITCH = "switch"
    #: one of ``options``, in its JSON type
    CHOICE = "choice"
    #: one of ``options``: the name of a file in a models folder of the server
    MODEL = "model"
    #: int from 0 to 2⁶⁴-1, exact; None: a new one for each job
    SEED = "seed"
    #: [width, height], ints, in pixels
    SIZE = "size"
    #: int: how many pictures a job makes
    IMAGES = "images"
    #: str: a file in the server's input folder as its widget has it, ``sub/name.png`` or ``name.png [output]``;
    #: None: left empty. The same holds for the next four.
    IMAGE = "image"
    #: a picture that is read as a mask
    MASK = "mask"
    VIDEO = "video"
    AUDIO = "audio"
    #: any other file, such as a 3D model
    FILE = "file"
    #: str, ``#rrggbb``
    COLOUR = "colour"
    #: list of str, int, float or bool; of ``options`` where there are some
    LIST = "list"


#: Kinds whose value is a file that is uploaded.
FILES = frozenset({Kind.IMAGE, Kind.MASK, Kind.VIDEO, Kind.AUDIO, Kind.FILE})


class Source(StrEnum):
    """Why a control is there. The order is the order of trust."""

    #: the form saved by Easel
    FORM = "form"
    #: App Mode, ``extra.linearData`` (docs/conventions/app-mode.md)
    APP_MODE = "app_mode"
    #: a widget that the author promoted to a subgraph's own inputs
    SUBGRAPH = "subgraph"
    #: a mapping file that came with the workflow: ViewComfy, open-webui, CIF
    MAPPING = "mapping"
    #: nodes made for it: SwarmUI, ETN_Parameter, comfydeploy External*, comfy-pack
    NODE = "node"
    #: the way the author wrote titles
    TITLE = "title"
    #: a placeholder instead of a value, ``{{name}}`` or ``PARAM_NAME``
    PLACEHOLDER = "placeholder"
    #: class, input and links of the node
    GUESS = "guess"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One input of one node in the graph that is queued.

    Attributes:
        node_id: the node, such as ``"3"`` or ``"12:5"``.
        input: its input.
        part: for a size which side this input takes, ``"width"`` or ``"height"``; else empty.
        token: the piece of the present text that the value replaces, such as ``"{{name}}"``; empty: the whole value.
    """

    node_id: str
    input: str
    part: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One thing that a maker may change.

    Attributes:
        id: stable, ``[a-z][a-z0-9_]{0,63}``: stands in links, presets, records and the job API. The main prompt text
            is ``prompt``, what to avoid ``negative``, the seed ``seed``, the number of pictures ``images``.
        kind: which widget.
        label: its name, for makers.
        places: every input that it writes to. Only ``images`` may have none: then each picture is a run of its own.
        help: one or two sentences below or behind the label; plain text.
        placeholder: shown in an empty field.
        default: the value at first, in the JSON type of its kind.
        required: whether an empty value is refused. A file that is not required and left empty takes its branch out
            of the graph.
        minimum, maximum, step: as the server or the author states them, never invented; None: not stated.
        whole: for a slider, whether it takes whole numbers only.
        options: what can be chosen, JSON types kept; empty where the server is asked at the time.
        option_labels: what makers see instead, as many as options, or empty.
        on, off: what a switch's two states are called, or empty.
        group: a heading above it, or empty.
        order: smaller stands first; equal ones stay in the order in which they were found.
        advanced: folded under "More settings".
        maskable: for an image, whether the workflow also takes a mask painted over it (its alpha channel).
        mode: for a seed: a new one each time, always the same, or the next one each time.
        shown: whether it is in the form. Others are on offer to the author.
        source: why it is there.
        reason: the same in a sentence, for the author.
        extra: keys of the saved form that are not known here; they are kept.
    """

    id: str
    kind: Kind
    label: str
    places: tuple[Place, ...] = ()
    help: str = ""
    placeholder: str = ""
    default: Any = None
    required: bool = False
    minimum: Number | None = None
    maximum: Number | None = None
    step: Number | None = None
    whole: bool = False
    options: tuple[Any, ...] = ()
    option_labels: tuple[str, ...] = ()
    on: str = ""
    off: str = ""
    group: str = ""
    order: int = 0
    advanced: bool = False
    maskable: bool = False
    mode: Literal["random", "fixed", "count"] = "random"
    shown: bool = True
    source: Source = Source.GUESS
    reason: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A node that gives pictures or other files.

    Attributes:
        node_id: the node.
        label: its name for makers; empty: the node's title.
        shown: whether makers see what it gives.
    """

    node_id: str
    label: str = ""
    shown: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a maker sees of a workflow.

    Attributes:
        controls: in the order of the page.
        title: the workflow's name; empty: made from its slug.
        description: what it does, a sentence.
        order: its place among the workflows; smaller stands first.
        outputs: which nodes' files makers see; empty: all of them.
        workflow_hash: of the workflow that it was made for, ``sha256:…``, or empty.
        extra: keys of the file that are not known here; they are kept.
    """

    controls: tuple[Control, ...] = ()
    title: str = ""
    description: str = ""
    order: int = 1_000_000
    outputs: tuple[Output, ...] = ()
    workflow_hash: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def find(self, control_id: str) -> Control | None:
        """The control with this id, or None."""
        return next((control for control in self.controls if control.id == control_id), None)
