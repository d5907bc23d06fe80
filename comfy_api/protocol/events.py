"""What a run tells its caller, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from comfy_api.errors import ComfyError, NodeProblem
from comfy_api.protocol.images import decode
from comfy_api.workflow import Media


@dataclass(frozen=True, slots=True)
class Queued:
    """The server has the prompt. ``place`` prompts, of whomever, come before it."""

    place: int


@dataclass(frozen=True, slots=True)
class Started:
    """The server begins."""

    prompt_id: str


@dataclass(frozen=True, slots=True)
class Cached:
    """These nodes need not run again: their outputs are kept from the prompt before."""

    node_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node begins."""

    node_id: str
    title: str
    overall: float


@dataclass(frozen=True, slots=True)
class Progress:
    """The running node is at ``value`` of ``max``; ``overall`` is the share of the whole, 0..1, never falling."""

    node_id: str
    title: str
    value: float
    max: float
    overall: float


@dataclass(frozen=True)
class Preview:
    """A picture in the making, as the server encoded it."""

    node_id: str
    data: bytes = field(repr=False)
    mime: str

    @cached_property
    def image(self) -> NDArray[np.generic]:
        """H×W×3 BGR uint8, decoded on first use.

        Raises:
            BadPicture: the bytes are no picture.
        """
        return decode(self.data, colour_only=True)


@dataclass(frozen=True, slots=True)
class Result:
    """A finished picture or file.

    Attributes:
        node_id: the output node.
        title: its title in the author's graph.
        index: its place among the node's results, from 0.
        data: the bytes as the server encoded them; of a text its UTF-8. Empty where ``path`` has them.
        mime: told by the first bytes, else by the file name; ``application/octet-stream`` for what neither tells.
        image: H×W×3 BGR or H×W×4 BGRA, uint8 or uint16, of an animation its first picture; None for what is none.
        filename: the server's name for it, or ``""`` for a text, and for what came over the websocket.
        recomputed: the sampler ran a second time for it, since the first one was lost and no longer cached.
        media: what kind of thing it is.
        path: the file that holds the bytes, where the run was given a folder for large ones; the taker's to remove.
    """

    node_id: str
    title: str
    index: int
    data: bytes = field(repr=False)
    mime: str
    image: NDArray[np.generic] | None = field(default=None, repr=False, compare=False)
    filename: str = ""
    recomputed: bool = False
    media: Media = Media.IMAGE
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class LineBroken:
    """The line to the server broke; it is being mended. Nothing is lost so far."""

    reason: str


@dataclass(frozen=True, slots=True)
class LineMended:
    """The line holds again after ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """Every result is here. ``problems`` names outputs that the server left out from the start."""

    problems: tuple[NodeProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended with an error; results so far stay valid."""

    error: ComfyError


@dataclass(frozen=True, slots=True)
class Stopped:
    """It was stopped; results so far stay valid. ``asked`` is False when somebody else did it on the server."""

    asked: bool


Event = (
    Queued
    | Started
    | Cached
    | NodeStarted
    | Progress
    | Preview
    | Result
    | LineBroken
    | LineMended
    | Finished
    | Failed
    | Stopped
)

#: The events that end a run; exactly one of them comes, as the last.
END = (Finished, Failed, Stopped)
