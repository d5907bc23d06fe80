"""Node types that live in the frontend alone: they shape the graph and never reach the server (formats.md §2.4)."""

from __future__ import annotations

PRIMITIVE = "PrimitiveNode"
#: One input, one output, nothing between.
PASS_THROUGH = frozenset({"Reroute", "Reroute (rgthree)"})
#: What enters a setter comes out of every getter of its name.
SETTERS = frozenset({"SetNode", "easy setNode"})
GETTERS = frozenset({"GetNode", "easy getNode"})
#: Use Everywhere: they send what enters them to sockets without a wire.
BROADCASTERS = frozenset(
    {
        "Anything Everywhere",
        "Anything Everywhere?",
        "Anything Everywhere3",
        "Prompts Everywhere",
    }
)
#: Texts and switchboards; no wire runs through them.
SILENT = frozenset(
    {
        "Note",
        "MarkdownNote",
        "Note Plus (mtb)",
        "Label (rgthree)",
        "Bookmark (rgthree)",
        "Fast Muter (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Actions Button (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Node Collector (rgthree)",
        "Random Unmuter (rgthree)",
    }
)
#: What enters these comes out of them, or of others in their place.
THROUGH = PASS_THROUGH | SETTERS | BROADCASTERS
VIRTUAL = frozenset({PRIMITIVE}) | THROUGH | GETTERS | SILENT
#: Types of legacy group nodes begin so, and go on with the group's name.
GROUP_PREFIXES = ("workflow>", "workflow/")
