"""The form: what a workflow lets a maker change, read at the start of a run and drawn afterwards.

Nothing here starts or stops a job. Widgets keep their values in ``st.session_state`` under the keys of
:func:`_key`; those that depend on the workflow's own values have one key a workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from comfy_api.errors import EaselError, Refused
from comfy_api.service import Service
from comfy_api.workflow.basics import Basics, Values
from pages.components import seeds, shapes, words
from pages.components.desk import Desk, Upload
from pages.components.notes import problem, problem_text

#: Numbers of images to choose from; the installation's limit cuts the list.
IMAGES = (1, 2, 4, 8)
_SHARED = ("prompt", "seed", "images")
_OWN = ("negative", "width", "height", "steps", "cfg")


@dataclass(frozen=True)
class Form:
    """The form at one moment.

    Attributes:
        slug: the workflow.
        basics: what that workflow has.
        raw: every value as it stands in its field; ``seed`` is text, empty for a new one each time;
            ``uploads`` maps node ids to the names that the server gave. JSON can hold it.
        keep: the switch "Let it finish", which is no value of the picture.
    """

    slug: str
    basics: Basics
    raw: Mapping[str, Any]
    keep: bool

    def values(self) -> Values:
        """What to make.

        Raises:
            Refused: the seed is no seed, or the picture to begin from is missing.
        """
        raw = self.raw
        if self.missing:
            raise Refused(words.UPLOAD_MISSING, control="image")
        seed = seeds.parse_seed(raw["seed"]) if "seed" in raw else None
        if "seed" in raw and seed is None:
            seed = seeds.draw_seed()
        plain = {name: raw[name] for name in ("images", "width", "height", "steps", "cfg") if name in raw}
        # An empty prompt leaves the workflow's own, which the empty field shows.
        return Values(
            prompt=raw.get("prompt") or None,
            negative=raw.get("negative"),
            seed=seed,
            uploads=dict(raw.get("uploads", {})),
            model=dict(raw.get("model", {})),
            **plain,
        )

    @property
    def missing(self) -> bool:
        """Whether a picture to begin from is still to be added."""
        return len(self.raw.get("uploads", {})) < len(self.basics.images_in)


def read(service: Service, owner: str, desk: Desk) -> Form:
    """The form as it stands, before any widget is drawn. A picture that was just chosen goes to the server."""
    state = st.session_state
    slugs = [entry.slug for entry in service.entries]
    slug = state.setdefault("workflow", slugs[0])
    if slug not in slugs:
        slug = state["workflow"] = slugs[0]
    basics = service.basics(slug)
    raw: dict[str, Any] = {"workflow": slug}
    for name, default in _defaults(service, basics).items():
        raw[name] = state.setdefault(_key(name, slug), default)
    if basics.images_in:
        nodes = [image.node_id for image in basics.images_in]
        for node_id in nodes:
            _take_upload(service, owner, desk, node_id)
        raw["uploads"] = {node: desk.uploads[node].name for node in nodes if node in desk.uploads}
    if chosen := desk.models.get(slug):
        raw["model"] = dict(chosen)
    keep = bool(state.setdefault("keep", service.settings.keep_by_default))
    return Form(slug, basics, raw, keep)


def fill(service: Service, desk: Desk, raw: Mapping[str, Any]) -> None:
    """Puts these values into the form, before any widget is drawn. What the workflow lacks is left out."""
    state = st.session_state
    slug = raw.get("workflow")
    if slug not in [entry.slug for entry in service.entries]:
        return
    state["workflow"] = slug
    for name in _defaults(service, service.basics(slug)):
        if name in raw:
            state[_key(name, slug)] = raw[name]
    desk.models[slug] = dict(raw.get("model", {}))
    for node_id, name in raw.get("uploads", {}).items():
        if node_id not in desk.uploads or desk.uploads[node_id].name != name:
            desk.uploads[node_id] = Upload(name, name, kept=True)


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
        _shape(form)
        problem(desk, "size", "width", "height")
    if "seed" in raw:
        _seed(form)
        problem(desk, "seed")
    if any(name in raw for name in _OWN):
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


def _shape(form: Form) -> None:
    own, slug = form.basics.size or (512, 512), form.slug
    width, height = _key("width", slug), _key("height", slug)
    size = (form.raw["width"] or own[0], form.raw["height"] or own[1])
    st.session_state["shape"] = shapes.shape_of(size, own)

    def choose() -> None:
        if shape := st.session_state["shape"]:
            st.session_state[width], st.session_state[height] = shapes.size_of(shape, own)

    st.segmented_control(
        words.SHAPE,
        list(shapes.SHAPES),
        format_func=words.SHAPES.__getitem__,
        key="shape",
        on_change=choose,
        width="stretch",
    )


def _seed(form: Form) -> None:
    st.session_state["random"] = not str(form.raw["seed"]).strip()

    def throw() -> None:
        st.session_state["seed"] = str(seeds.draw_seed())

    def switch() -> None:
        st.session_state["seed"] = "" if st.session_state["random"] else str(seeds.draw_seed())

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
        st.toggle(words.SEED_RANDOM, key="random", on_change=switch)


def _more(service: Service, desk: Desk, form: Form) -> None:
    slug, raw = form.slug, form.raw
    marked = desk.problem is not None and desk.problem.control in _OWN
    with st.expander(words.MORE, expanded=marked):
        if "negative" in raw:
            st.text_area(
                words.NEGATIVE,
                key=_key("negative", slug),
                help=words.NEGATIVE_HELP,
                height=80,
                persist_state="session",
            )
            problem(desk, "negative")
        if "width" in raw:
            with st.container(horizontal=True):
                for name, label in (("width", words.WIDTH), ("height", words.HEIGHT)):
                    _number(label, _key(name, slug), 64, service.settings.max_pixels // 64, 8)
        with st.container(horizontal=True):
            if "steps" in raw:
                _number(words.STEPS, _key("steps", slug), 1, service.settings.max_steps, 1, words.STEPS_HELP)
            if "cfg" in raw:
                _number(words.CFG, _key("cfg", slug), 0.0, 30.0, 0.5, words.CFG_HELP)
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


def _take_upload(service: Service, owner: str, desk: Desk, node_id: str) -> None:
    """Follows the uploader: a new file is sent once, a removed one is forgotten, one of a job's stays."""
    file = st.session_state.get(f"image-{node_id}")
    if file is None:
        desk.turned_away.pop(node_id, None)
        # The maker took the file away; a picture that came with a job stands on its own.
        if desk.taken.pop(node_id, None) and not desk.uploads.get(node_id, Upload("", "")).kept:
            desk.uploads.pop(node_id, None)
        return
    if desk.taken.get(node_id) == file.file_id:
        return
    desk.taken[node_id] = file.file_id
    desk.uploads.pop(node_id, None)
    desk.turned_away.pop(node_id, None)
    try:
        name = service.upload(owner, file.getvalue(), file.name).name
    except EaselError as error:
        desk.turned_away[node_id] = str(error)
        return
    desk.uploads[node_id] = Upload(name, file.name)


# --- values ---------------------------------------------------------------------------------------------


def _key(name: str, slug: str) -> str:
    return name if name in _SHARED else f"{name}-{slug}"


def _defaults(service: Service, basics: Basics) -> dict[str, Any]:
    """What the workflow has, with the value that its field shows at first."""
    found: dict[str, Any] = {}
    if basics.prompt:
        found["prompt"] = ""
    if basics.negative:
        found["negative"] = basics.negative.text
    if basics.seed is not None:
        found |= {"seed": "", "images": _nearest(service, basics.images or 1)}
    elif basics.images is not None:
        found["images"] = _nearest(service, basics.images)
    if basics.size:
        found["width"], found["height"] = basics.size
    if basics.steps is not None:
        found["steps"] = basics.steps
    if basics.cfg is not None:
        found["cfg"] = float(basics.cfg)
    return found


def _nearest(service: Service, images: int) -> int:
    return max(number for number in IMAGES if number <= max(1, min(images, service.settings.max_images)))


def _choices(service: Service, chosen: int) -> list[int]:
    allowed = {number for number in IMAGES if number <= service.settings.max_images}
    return sorted(allowed | {chosen})
