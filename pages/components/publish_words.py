"""Every word of the Publish page. ``{name}`` is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comfy_api.servers.library import OfferKind
from comfy_api.workflow.forms.control import Kind, Source
from comfy_api.workshop import Export

PAGE: Final = "Publish"
BEGIN: Final = "Turn a workflow into a form"
BEGIN_MORE: Final = "Makers see the form alone: what you let them change, in your words."
DROP: Final = "Drop a workflow here: JSON, or a picture that ComfyUI made"
DROP_HELP: Final = (
    "Either format of ComfyUI, App Mode, pictures, films and sounds with the workflow in them, or a zip of these."
)
SEVERAL: Final = "{name} holds {n} workflows. Choose one."

# --- from the server --------------------------------------------------------------------------------------

SERVER: Final = "Take one from ComfyUI"
SERVER_LOOK: Final = "See what ComfyUI has"
SERVER_AGAIN: Final = "Look again"
SERVER_NONE: Final = "ComfyUI has none of this kind."
SERVER_CHOOSE: Final = "Find a workflow"
SERVER_OPEN: Final = "Open"
SERVER_KINDS: Final[Mapping[OfferKind, str]] = {
    OfferKind.SAVED: "Saved",
    OfferKind.TEMPLATE: "Templates",
    OfferKind.RUN: "Last runs",
}

# --- drafts -----------------------------------------------------------------------------------------------

DRAFTS: Final = "Not published yet"
GO_ON: Final = "Go on"
THROW_AWAY: Final = "Throw away"
PUT_ASIDE: Final = "Put aside"
UNTITLED: Final = "Without a title"

# --- what was found ---------------------------------------------------------------------------------------

FOUND: Final = "Makers can change {n}: {sources}."
FOUND_NONE: Final = "Nothing is in the form yet. Makers can run it as it is."
SOURCES: Final[Mapping[Source, str]] = {
    Source.FORM: "{n} as saved",
    Source.APP_MODE: "{n} from App Mode",
    Source.SUBGRAPH: "{n} from the subgraph's own inputs",
    Source.MAPPING: "{n} from a mapping file",
    Source.NODE: "{n} from nodes made for it",
    Source.TITLE: "{n} from titles",
    Source.PLACEHOLDER: "{n} from placeholders",
    Source.GUESS: "{n} guessed",
}
SERVER_DEMO: Final = "the demo engine"
LACKS: Final = "What {server} lacks for it"
LACKS_NONE: Final = "All that it needs is there: {server} has it."
ALSO_NEAR: Final = "Also near: {names}."
MENDED: Final = 'Makers choose another one at "{label}".'
LOST: Final = "This file has no place for what the earlier form called {names}."
NOTICES: Final = "Remarks on the file: {n}"
WAITS: Final = "The draft waits. As soon as the server has it, the form can be made here."
NO_SERVER: Final = "No server answers, so what it lacks is not known yet."

# --- about ------------------------------------------------------------------------------------------------

TITLE: Final = "Title"
TITLE_EMPTY: Final = "What makers call it"
SENTENCE: Final = "What it does, in a sentence"
SENTENCE_EMPTY: Final = "Describe a picture and get it."
COVER: Final = "Cover picture"
COVER_AWAY: Final = "Remove the cover"
COVER_WRONG: Final = "The cover cannot be read. Choose a PNG, JPEG or WebP picture."
RESULTS: Final = "What makers see"
RESULT_NAME: Final = "Name of {name}"
IMPORT: Final = "Controls from another tool's file"
IMPORT_MORE: Final = "ViewComfy, open-webui, CIF or FlowScale. The controls become those that the file names."

# --- controls ---------------------------------------------------------------------------------------------

CONTROLS: Final = "What makers may change"
ON_OFFER: Final = "{n} more that could be shown"
FIND: Final = "Find"
FIND_MORE: Final = "{n} more. Write a part of the name above."
UP: Final = "Move {label} up"
DOWN: Final = "Move {label} down"
EDIT: Final = "Edit {label}"
CLOSE: Final = "Done"
FOLDED: Final = "under More settings"
LABEL: Final = "Name"
HELP: Final = "Explanation"
GROUP: Final = "Heading above it"
PLACEHOLDER: Final = "Shown while empty"
DEFAULT: Final = "At first"
DEFAULT_OWN: Final = "as in the workflow"
ADVANCED: Final = "Under More settings"
REQUIRED: Final = "Must be filled in"
MINIMUM: Final = "At least"
MAXIMUM: Final = "At most"
STEP: Final = "Step"
OPTIONS: Final = "Choices"
OPTIONS_EMPTY: Final = "All that the server has"
SEED_MODE: Final = "From picture to picture"
NUMBER_WRONG: Final = '"{text}" is no number. It stays as it was.'
ENDS_WRONG: Final = "The least is greater than the most. It stays as it was."
VALUE_WRONG: Final = '"{text}" does not fit. It stays as it was.'
KINDS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "text",
    Kind.LONG_TEXT: "long text",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "number",
    Kind.SLIDER: "slider",
    Kind.SWITCH: "switch",
    Kind.CHOICE: "choice",
    Kind.MODEL: "model",
    Kind.SEED: "seed",
    Kind.SIZE: "size",
    Kind.IMAGES: "number of pictures",
    Kind.IMAGE: "picture",
    Kind.MASK: "mask",
    Kind.VIDEO: "video",
    Kind.AUDIO: "sound",
    Kind.FILE: "file",
    Kind.COLOUR: "colour",
    Kind.LIST: "list",
}
REASONS: Final[Mapping[Source, str]] = {
    Source.FORM: "From the saved form",
    Source.APP_MODE: "From App Mode",
    Source.SUBGRAPH: "From the subgraph's own inputs",
    Source.MAPPING: "From a mapping file",
    Source.NODE: "From a node made for it",
    Source.TITLE: "From its title",
    Source.PLACEHOLDER: "From a placeholder",
    Source.GUESS: "Guessed",
}

# --- trying and publishing ----------------------------------------------------------------------------------

PREVIEW: Final = "As makers get it"
TRY: Final = "Try it"
TRY_HELP: Final = "Makes a picture with these very settings, for you alone."
STOP: Final = "Stop"
AS_COVER: Final = "Use picture {n} as the cover"
PUBLISH_AS: Final = "Publish as"
NEW: Final = "A new workflow"
NEXT: Final = "The next version of {title}"
TAKE_FORM: Final = "Take its form"
TAKE_FORM_HELP: Final = "The controls and words that makers have now, as far as this file has a place for them."
PUBLISH: Final = "Publish"
PUBLISHED: Final = "{title} is published, version {version}. Makers find it on Generate."
OPEN: Final = "Open in Generate"
EDIT_AGAIN: Final = "Edit"
ADDRESS: Final = "Its address"

# --- what is published --------------------------------------------------------------------------------------

ALL: Final = "On offer"
TAKEN_BACK: Final = "Taken off the page"
BUNDLED: Final = "comes with Easel"
VERSION: Final = "version {n}"
MANAGE: Final = "Versions and export"
VERSIONS: Final = "Version"
VERSION_OF: Final = "{n}, {date}"
VERSION_CURRENT: Final = "{n}, {date}, in use"
USE: Final = "Give makers this version"
EDIT_VERSION: Final = "Edit this version"
TAKE_BACK: Final = "Take off the page"
SAVE_AS: Final = "Save a copy as"
DOWNLOAD: Final = "Download"
EXPORTS: Final[Mapping[Export, str]] = {
    Export.PAIR: "Workflow and form, for another Easel (zip)",
    Export.APP_MODE: "ComfyUI with App Mode (.app.json)",
    Export.API: "API format (JSON)",
    Export.VIEWCOMFY: "ViewComfy (JSON)",
    Export.OPEN_WEBUI: "open-webui (JSON)",
}
