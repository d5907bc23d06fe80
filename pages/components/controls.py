"""The form's controls: labels, fields and what is said beside them. Nothing here starts or stops a job."""

from __future__ import annotations

import streamlit as st

from comfy_api.service import Service
from pages.components import seeds, shapes, words
from pages.components.desk import Desk
from pages.components.form import IMAGES, OWN, Form, key_of
from pages.components.notes import problem, problem_text


def draw(service: Service, desk: Desk, form: Form) -> None:
    """Draws all but the buttons."""
    _workflow(service)
    basics, raw = form.basics, form.raw
    for image in basics.images_in:
        _upload(service, desk, image.node_id, image.title)
    _models(service, desk, form.slug)
    if "prompt" in raw:
        st.text_area(
            words.PROMPT,
            key="prompt",
            height=124,
            placeholder=basics.prompt.text if basics.prompt else "",
            persist_state="session",
        )
        problem(desk, "prompt")
    if "images" in raw:
        st.segmented_control(
            words.IMAGES,
            _choices(service, raw["images"]),
            key="images",
            required=True,
            width="stretch",
            persist_state="session",
        )
        problem(desk, "images")
    if "width" in raw:
        _shape(desk, form)
        problem(desk, "size", "width", "height")
    if "seed" in raw:
        _seed(desk, form)
        problem(desk, "seed")
    if any(name in raw for name in OWN):
        _more(service, desk, form)


# --- the controls ---------------------------------------------------------------------------------------


def _workflow(service: Service) -> None:
    entries = {entry.slug: entry for entry in service.entries}
    slug = st.selectbox(
        words.WORKFLOW,
        list(entries),
        format_func=lambda slug: entries[slug].title,
        key="workflow",
        persist_state="session",
        filter_mode=None,
    )
    st.caption(entries[slug].sentence)


def _models(service: Service, desk: Desk, slug: str) -> None:
    """A choice for each model that the workflow names and the server lacks."""
    chosen = desk.models.setdefault(slug, {})
    for lack in service.missing(slug):
        if not lack.options or not isinstance(lack.received, str):
            problem_text(lack.sentence)
            continue
        key = f"model-{slug}-{lack.received}"
        options = [*lack.nearest, *(option for option in lack.options if option not in lack.nearest)]
        st.session_state[key] = chosen.get(lack.received)

        def choose(wanted: str = lack.received, key: str = key) -> None:
            if picked := st.session_state[key]:
                chosen[wanted] = picked

        if lack.received not in chosen:
            problem_text(lack.sentence)
        st.selectbox(
            words.MODEL,
            options,
            index=None,
            placeholder=words.MODEL_CHOOSE,
            key=key,
            on_change=choose,
        )


def _shape(desk: Desk, form: Form) -> None:
    own, slug = form.basics.size or (512, 512), form.slug
    width, height = key_of("width", slug), key_of("height", slug)
    size = (form.raw["width"] or own[0], form.raw["height"] or own[1])
    shape = shapes.shape_of(size, own)
    key = desk.key_for("shape", shape)

    def choose() -> None:
        chosen = st.session_state[key]
        if chosen and chosen != shape:
            st.session_state[width], st.session_state[height] = shapes.size_of(chosen, own)

    st.segmented_control(
        words.SHAPE,
        list(shapes.SHAPES),
        default=shape,
        format_func=words.SHAPES.__getitem__,
        key=key,
        on_change=choose,
        width="stretch",
    )


def _seed(desk: Desk, form: Form) -> None:
    random = not str(form.raw["seed"]).strip()
    key = desk.key_for("random", random)

    def throw() -> None:
        st.session_state["seed"] = str(seeds.draw_seed())

    def switch() -> None:
        if st.session_state[key] != random:
            st.session_state["seed"] = str(seeds.draw_seed()) if random else ""

    with st.container(key="seeds", horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            words.SEED,
            key="seed",
            placeholder=words.SEED_PLACEHOLDER,
            help=words.SEED_HELP,
            autocomplete="off",
            persist_state="session",
        )
        st.button("⚂", key="dice", help=words.SEED_DICE, on_click=throw)
        st.toggle(words.SEED_RANDOM, value=random, key=key, on_change=switch)


def _more(service: Service, desk: Desk, form: Form) -> None:
    slug, raw = form.slug, form.raw
    marked = desk.problem is not None and desk.problem.control in OWN
    with st.expander(words.MORE, expanded=marked):
        if "negative" in raw:
            st.text_area(
                words.NEGATIVE,
                key=key_of("negative", slug),
                help=words.NEGATIVE_HELP,
                height=80,
                persist_state="session",
            )
            problem(desk, "negative")
        if "width" in raw:
            with st.container(horizontal=True):
                for name, label in (("width", words.WIDTH), ("height", words.HEIGHT)):
                    _number(label, key_of(name, slug), 64, service.settings.max_pixels // 64, 8)
        with st.container(horizontal=True):
            if "steps" in raw:
                _number(words.STEPS, key_of("steps", slug), 1, service.settings.max_steps, 1, words.STEPS_HELP)
            if "cfg" in raw:
                _number(words.CFG, key_of("cfg", slug), 0.0, 30.0, 0.5, words.CFG_HELP)
        problem(desk, "steps", "cfg")


def _number(label: str, key: str, least: float, most: float, step: float, tip: str | None = None) -> None:
    st.number_input(
        label,
        min_value=least,
        max_value=most,
        step=step,
        key=key,
        help=tip,
        persist_state="session",
    )


def _upload(service: Service, desk: Desk, node_id: str, title: str) -> None:
    limit = max(1, service.settings.max_upload_bytes // 2**20)
    st.file_uploader(
        title or words.UPLOAD,
        type=["png", "jpg", "jpeg", "webp"],
        key=f"image-{node_id}",
        max_upload_size=limit,
    )
    kept = desk.uploads.get(node_id)
    if kept and kept.kept:
        st.caption(words.UPLOAD_KEPT.format(name=kept.filename))
    if node_id in desk.turned_away:
        problem_text(desk.turned_away[node_id])
    else:
        problem(desk, "image")


def _choices(service: Service, chosen: int) -> list[int]:
    allowed = {number for number in IMAGES if number <= service.settings.max_images}
    return sorted(allowed | {chosen})
