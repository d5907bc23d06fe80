"""What a workflow file means: read it, find and set its inputs, prepare it for a server. No network here."""

from __future__ import annotations

from comfy_api.workflow.basics import (
    Basics,
    ImageInput,
    TextInput,
    find_basics,
    output_ids,
)
from comfy_api.workflow.check import Finding, FindingKind, check, repair_paths
from comfy_api.workflow.document import Node, Workflow, is_link
from comfy_api.workflow.edits import (
    MAX_SEED,
    parse_seed,
    set_batch,
    set_cfg,
    set_seed,
    set_size,
    set_steps,
    set_text,
)
from comfy_api.workflow.outputs import Media, find_media, foresee
from comfy_api.workflow.senders import SenderKind, Swap, choose_sender, fresh, swap_previews, unswap

__all__ = [
    "MAX_SEED",
    "Basics",
    "Finding",
    "FindingKind",
    "ImageInput",
    "Media",
    "Node",
    "SenderKind",
    "Swap",
    "TextInput",
    "Workflow",
    "check",
    "choose_sender",
    "find_basics",
    "find_media",
    "foresee",
    "fresh",
    "is_link",
    "output_ids",
    "parse_seed",
    "repair_paths",
    "set_batch",
    "set_cfg",
    "set_seed",
    "set_size",
    "set_steps",
    "set_text",
    "swap_previews",
    "unswap",
]
