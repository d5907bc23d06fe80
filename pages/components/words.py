"""Every word of the pages. ``{name}`` is filled in; in :data:`STAGE` the browser does it."""

from __future__ import annotations

NAME = "Easel"
GENERATE_PAGE = "Generate"
NO_COOKIE = (
    "Easel tells your pictures from other people's by a cookie, and this browser sends none. "
    "Allow cookies for this address and load the page again."
)

# --- form -----------------------------------------------------------------------------------------------

WORKFLOW = "Workflow"
WORKFLOWS = "All workflows"
NO_WORKFLOWS = "There is no workflow here yet. Publish one, or put one into the folder of workflows."
FIND = "Find a workflow"
FIND_NONE = "No workflow is called so."
PROMPT_HINT = "Ctrl + Enter generates"
SHAPE = "Shape"
SHAPES = {
    "square": ":material/crop_square: Square",
    "portrait": ":material/crop_portrait: Portrait",
    "landscape": ":material/crop_landscape: Landscape",
}
SEED_PLACEHOLDER = "A new one each time"
SEED_HELP = "The number a picture grows from. The same seed and the same settings give the same picture."
SEED_DICE = "Throw the dice: a seed that stays"
SEED_NEXT = "The next picture's seed"
SEED_MODES = {"random": "Random", "fixed": "Keep", "count": "Count up"}
SEED_COMES = "Next: {seed}"
MORE = "More settings"
WIDTH = "Width"
HEIGHT = "Height"
CHOOSE = "Choose one"
ONE_A_LINE = "One a line"
LINK_WRONG = "The link brought something else. {sentence}"
LINK_TOO_LONG = "It is longer than {most} characters."
LINK_UNKNOWN = "The link also brought {names}, which this form does not have."
LINK_NO_WORKFLOW = 'The link is for the workflow "{name}", which is not here.'

GENERATE = "Generate"
AGAIN = "Generate again"
STOP = "Stop"
KEEP = "Let it finish"
KEEP_HELP = (
    "On: a picture that is being made goes on when you change the form, generate again or leave the page. "
    "Off: it stops."
)

# --- server ---------------------------------------------------------------------------------------------

SERVER_STARTING = "Starting"
SERVER_STARTING_MORE = "Easel looks for ComfyUI, and starts the demo engine if there is none."
SERVER_DEMO = "Demo engine"
SERVER_UP = "ComfyUI {version} · connected"
SERVER_DOWN = "ComfyUI · down"
SERVER_AT = "ComfyUI {version} at {name}. Pictures are made there."
SERVER_NAMED = "ComfyUI at {name}"
SERVER_GONE = "ComfyUI at {name} does not answer. Easel keeps trying; your pictures so far are safe."
DEMO_SHORT = "You are looking at the demo engine: it paints, but no model is behind it."
DEMO_HOW = """Connect ComfyUI: start it on this machine, at `127.0.0.1:8188`, and Easel offers it here. \
Or start Easel with its address:

`COMFYUI_URL=http://studio:8188 streamlit run app.py`"""
OFFER = "ComfyUI is running at {url}."
CONNECT = "Connect to ComfyUI"

# --- jobs beside the one on the stage -------------------------------------------------------------------

OTHERS_ONE = "Another picture of yours is being made"
OTHERS_MANY = "{n} more pictures of yours are being made"
SHOW = "Show"

# --- stage: words that the live view puts together -----------------------------------------------------

#: Prompts to begin from, each with a picture in static/examples.
EXAMPLES = (
    ("a lighthouse on a cliff at dusk, waves below, warm light", "lighthouse.webp"),
    ("sailing boat on a mountain lake at sunset", "boat.webp"),
    ("desert dunes under a huge red sun", "dunes.webp"),
    ("hot air balloons over mountains at dawn", "balloons.webp"),
)

STAGE = {
    "begin": "What shall it be?",
    "begin_hint": "Write it, or try one of these",
    "needs": {
        "image": "Add a picture to begin",
        "mask": "Add a mask to begin",
        "video": "Add a video to begin",
        "audio": "Add a sound to begin",
        "file": "Add a file to begin",
    },
    "needs_hint": "It stays on this server and yours alone",
    "preview": "The picture so far",
    "progress": "Progress",
    "starting": "Getting ready",
    "next": "Next in line",
    "in_line": "{place} in line",
    "ordinals": {"one": "{n}st", "two": "{n}nd", "few": "{n}rd", "other": "{n}th"},
    "step": "step {step} of {steps}",
    "seconds": "about {n} s left",
    "minutes": "about {n} min left",
    "wait_seconds": "about {n} s",
    "wait_minutes": "about {n} min",
    "counts": {
        "image": {"one": "1 picture", "other": "{n} pictures"},
        "animation": {"one": "1 animation", "other": "{n} animations"},
        "video": {"one": "1 video", "other": "{n} videos"},
        "audio": {"one": "1 sound", "other": "{n} sounds"},
        "text": {"one": "1 text", "other": "{n} texts"},
        "mixed": {"one": "1 result", "other": "{n} results"},
    },
    "seed": "seed {seed}",
    "same": "same settings, same pictures",
    "new_seed": "New seed",
    "stopped": "Stopped",
    "stopped_changed": "You changed the form, so this picture was stopped",
    "stopped_again": "Stopped for the new one",
    "stopped_left": "Stopped when you left the page",
    "stopped_server": "Stopped on the server",
    "kept_none": "Nothing was finished yet",
    "kept_one": "{n} of {all} pictures was finished and is kept",
    "kept_other": "{n} of {all} pictures were finished and are kept",
    "kept_results_one": "{n} of {all} results was finished and is kept",
    "kept_results_other": "{n} of {all} results were finished and are kept",
    "stopping": "Stopping",
    "failed": "This picture could not be made.",
    "lost": "The server was restarted and forgot this picture. Generate makes it again.",
    "details": "Details",
    "gone": "This picture is not here any more. Generate makes a new one.",
    "line_down": "The line to Easel broke. It goes on there; trying again",
    "server_down": "{server} stopped answering. Trying again; your pictures so far are safe",
    "places": {
        "image": "Picture {n} of {all}",
        "animation": "Animation {n} of {all}",
        "video": "Video {n} of {all}",
        "audio": "Sound {n} of {all}",
        "text": "Text {n} of {all}",
        "model": "3D model {n} of {all}",
        "file": "File {n} of {all}",
    },
    "tile": "{prompt} ({n} of {all})",
    "untitled": "Picture",
    "open": "Open",
    "download": "Download",
    "download_all": "Download all",
    "copy": "Copy",
    "copied": "Copied",
    "model": "3D model",
    "file": "File",
    "same_seed": "Same seed",
    "same_seed_hint": "Puts this picture's settings and seed into the form",
    "vary": "Vary",
    "vary_hint": "Makes it again with another seed",
    "close": "Close",
    "previous": "Previous picture",
    "following": "Next picture",
    "of": "{n} of {all}",
    "size": "{width} × {height}",
}
