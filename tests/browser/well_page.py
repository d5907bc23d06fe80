"""The page of well_app.py: a well of each kind, what each holds, and a job to take a result from."""

from __future__ import annotations

import json

import streamlit as st

from comfy_api.service import current
from comfy_api.workflow.forms.control import Kind
from pages.components.owner import owner
from pages.components.well import Picked, well

ROOMS = {"image": Kind.IMAGE, "mask": Kind.MASK, "video": Kind.VIDEO, "sound": Kind.AUDIO}

who, held = owner(), current()
values = st.session_state.setdefault("values", {"image": st.query_params.get("image")})
turns = st.session_state.setdefault("turns", {})


def change(control: str, picked: Picked | None) -> None:
    values[control] = picked.name if picked else None
    turns[control] = turns.get(control, 0) + 1
    st.session_state["last"] = picked


def begin() -> None:
    """Everything away, the wells themselves too; the next press brings new ones."""
    st.session_state["away"] = not st.session_state.get("away")
    values.clear()
    turns.clear()
    st.session_state["last"] = None
    st.query_params.clear()


def make() -> None:
    held.submit(who, "txt2img", {"prompt": "a red fox", "seed": 7, "images": 3, "size": [64, 64]})


pictures = [
    {
        "job": job.id,
        "picture": found.id,
        "thumb": f"/easel/jobs/{job.id}/pictures/{found.id}?thumb=1",
        "alt": job.prompt_text,
    }
    for job in held.jobs(who)
    for found in job.results
]
with st.container(width=380):
    for control, kind in ROOMS.items() if not st.session_state.get("away") else ():
        well(
            control,
            label=f"Your {control}",
            kind=kind,
            value=values.get(control),
            pictures=pictures,
            maskable=kind is Kind.IMAGE,
            required=control == "image",
            limit_bytes=held.settings.max_upload_bytes,
            base="",
            on_change=lambda picked, control=control: change(control, picked),
        )
if values.get("image"):
    st.query_params["image"] = values["image"]
st.button("Make", key="make", on_click=make)
st.button("Rerun", key="again")
st.button("Begin", key="begin", on_click=begin)
st.button("Other", key="other", on_click=lambda: values.update(image=None))
last = st.session_state.get("last")
size = [last.width, last.height] if last else None
said = {"values": values, "turns": turns, "size": size, "pictures": len(pictures)}
st.html(f'<pre id="said">{json.dumps(said)}</pre>')
