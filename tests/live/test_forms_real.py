"""Workflows in UI format on a real ComfyUI, named by COMFYUI_URL: file → form → picture, and back from the picture.

Needs a checkpoint (any will do, random weights too). Pictures are 64 pixels wide, of one step.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from comfy_api import ComfyClient
from comfy_api.errors import NotConvertible, PromptRejected
from comfy_api.jobs.job import Job, JobState
from comfy_api.service import Service
from comfy_api.settings import Settings
from comfy_api.workflow import Workflow
from comfy_api.workflow.convert import write_back
from comfy_api.workflow.forms.app_mode import write_app_mode
from comfy_api.workflow.forms.control import Form, Kind, Source
from comfy_api.workflow.forms.find import suggest_form
from comfy_api.workflow.spec import ObjectInfo
from tests.unit.workflow import goldens

URL = os.environ.get("COMFYUI_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="COMFYUI_URL names no ComfyUI")

Until = Callable[..., None]
UI = Mapping[str, Any]
ME = "maker"
#: One in so many templates is posted.
EVERY = 5
#: What a server may complain of when it has neither our models nor our pictures.
MISSING_FILES = {"value_not_in_list", "custom_validation_failed"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(Settings.load(comfyui_url=URL, data=tmp_path)) as made:
        assert made.wait_ready(30)
        yield made


@pytest.fixture
def client() -> Iterator[ComfyClient]:
    with ComfyClient(URL) as made:
        yield made


@pytest.fixture
def fitted(client: ComfyClient) -> Callable[[UI], UI]:
    """Makes a drawing small and quick, with a model that the server has: written where the drawing keeps its values."""
    object_info = client.get_object_info()
    checkpoint = client.get_models("checkpoints")[0]

    def fit(ui: UI) -> UI:
        workflow = Workflow.load(ui, object_info)
        assert workflow.conversion is not None
        wishes = {"ckpt_name": checkpoint, "width": 64, "height": 64, "steps": 1}
        held = workflow.conversion.origins
        values = {place: wishes[place.input] for place in held if place.input in wishes}
        return write_back(ui, workflow.conversion, values)

    return fit


@pytest.fixture
def made(service: Service, until: Until) -> Callable[..., Job]:
    """What became of a drawing with these values."""

    def make(ui: UI, **values: Any) -> Job:
        job = service.submit(ME, Workflow.load(ui, service.object_info()), values, title="A drawing")
        until(lambda: service.get(ME, job.id).over, timeout=180, what="the end of the job")
        return service.get(ME, job.id)

    return make


def form_of(ui: UI, object_info: ObjectInfo) -> Form:
    return suggest_form(Workflow.load(ui, object_info), object_info)


def handmade(name: str) -> UI:
    return next(ui for case, ui, _ in goldens.handmade() if case == name)


def image_to_image() -> UI:
    """A picture, encoded, drawn over and saved."""
    nodes: list[dict[str, Any]] = [
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["any.safetensors"]},
        {"id": 2, "type": "LoadImage", "widgets_values": ["mine.png", "image"]},
        {"id": 3, "type": "CLIPTextEncode", "inputs": [_slot("clip", "CLIP", 1)], "widgets_values": ["a red fox"]},
        {"id": 4, "type": "CLIPTextEncode", "inputs": [_slot("clip", "CLIP", 2)], "widgets_values": ["blurry"]},
        {"id": 5, "type": "VAEEncode", "inputs": [_slot("pixels", "IMAGE", 3), _slot("vae", "VAE", 4)]},
        {
            "id": 6,
            "type": "KSampler",
            "inputs": [
                *(_slot("model", "MODEL", 5), _slot("positive", "CONDITIONING", 6)),
                *(_slot("negative", "CONDITIONING", 7), _slot("latent_image", "LATENT", 8)),
            ],
            "widgets_values": [7, "randomize", 1, 1.0, "euler", "normal", 0.6],
        },
        {"id": 7, "type": "VAEDecode", "inputs": [_slot("samples", "LATENT", 9), _slot("vae", "VAE", 10)]},
        {"id": 8, "type": "SaveImage", "inputs": [_slot("images", "IMAGE", 11)], "widgets_values": ["easel-test"]},
    ]
    links = [
        *([1, 1, 1, 3, 0, "CLIP"], [2, 1, 1, 4, 0, "CLIP"], [3, 2, 0, 5, 0, "IMAGE"], [4, 1, 2, 5, 1, "VAE"]),
        *([5, 1, 0, 6, 0, "MODEL"], [6, 3, 0, 6, 1, "CONDITIONING"], [7, 4, 0, 6, 2, "CONDITIONING"]),
        *([8, 5, 0, 6, 3, "LATENT"], [9, 6, 0, 7, 0, "LATENT"], [10, 1, 2, 7, 1, "VAE"], [11, 7, 0, 8, 0, "IMAGE"]),
    ]
    return {"version": 0.4, "nodes": nodes, "links": links}


def _slot(name: str, type_: str, link: int) -> dict[str, Any]:
    return {"name": name, "type": type_, "link": link}


def a_picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 64), (uuid4().int % 256, 90, 40)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    "ui",
    [
        pytest.param(lambda: goldens.template("image_sdxl_simple.json"), id="template"),
        pytest.param(lambda: handmade("h_bypass_match"), id="bypass"),
        pytest.param(lambda: handmade("h_sub_nested_widget"), id="subgraph in a subgraph"),
        pytest.param(lambda: handmade("h_reroute_chain"), id="reroutes"),
        pytest.param(lambda: handmade("h_prim_string"), id="primitive"),
    ],
)
def test_a_drawing_becomes_a_picture(
    made: Callable[..., Job], fitted: Callable[[UI], UI], ui: Callable[[], UI]
) -> None:
    job = made(fitted(ui()), prompt="a red fox", seed=uuid4().int % 2**64)
    assert (job.state, job.problem) == (JobState.SUCCEEDED, None)
    assert [(picture.width, picture.height) for picture in job.results] == [(64, 64)]
    assert job.used["prompt"] == "a red fox"


def test_a_picture_is_drawn_over(service: Service, made: Callable[..., Job], fitted: Callable[[UI], UI]) -> None:
    """The maker's picture goes into the server's input folder, and its name into the graph."""
    ui = fitted(image_to_image())
    controls = {control.id: control for control in form_of(ui, service.object_info()).controls}
    assert controls["image"].kind is Kind.IMAGE
    assert controls["image"].required
    assert controls["denoise"].default == 0.6
    upload = service.upload(ME, a_picture(), "mine.png")
    job = made(ui, image=upload.name, prompt="a red fox", seed=1)
    assert (job.state, job.problem) == (JobState.SUCCEEDED, None)
    assert [(picture.width, picture.height) for picture in job.results] == [(64, 64)]


def test_what_app_mode_shows_is_the_form(
    service: Service, made: Callable[..., Job], fitted: Callable[[UI], UI]
) -> None:
    ui, object_info = fitted(goldens.template("image_sdxl_simple.json")), service.object_info()
    workflow = Workflow.load(ui, object_info)
    form = suggest_form(workflow, object_info)
    two = Form(controls=tuple(control for control in form.controls if control.id in ("prompt", "seed")))
    app = write_app_mode(ui, two, workflow)
    shown = [control for control in form_of(app, object_info).controls if control.source is Source.APP_MODE]
    assert [control.id for control in shown] == ["prompt", "seed"]
    job = made(app, prompt="a blue fox", seed=3)
    assert (job.state, len(job.results)) == (JobState.SUCCEEDED, 1)


@pytest.mark.parametrize("name", ["h_sub_nested_widget", "h_prim_string", "h_bypass_match"])
def test_a_picture_that_comfyui_saved_gives_the_same_form(
    client: ComfyClient, fitted: Callable[[UI], UI], name: str
) -> None:
    """The drawing travels in the picture, so what the author promoted or bypassed is found there again."""
    object_info = client.get_object_info()
    ui = fitted(handmade(name))
    workflow = Workflow.load(ui, object_info)
    assert workflow.ui is not None
    graph = {node_id: _saving(node) for node_id, node in workflow.graph.items()}
    run = client.run(graph, extra_data={"extra_pnginfo": {"workflow": dict(workflow.ui)}})
    (result,) = run.wait(180)
    again = Workflow.load(result.data, object_info)
    assert again.ui == workflow.ui
    assert suggest_form(again, object_info).controls == suggest_form(workflow, object_info).controls


def _saving(node: dict[str, Any]) -> dict[str, Any]:
    """A preview has no metadata on a server that was told so, and none behind a websocket."""
    if node["class_type"] != "PreviewImage":
        return node
    return {**node, "class_type": "SaveImage", "inputs": {**node["inputs"], "filename_prefix": "easel-test"}}


def test_templates_are_refused_for_missing_files_alone(client: ComfyClient) -> None:
    """One in so many of ComfyUI's own templates is posted: nobody complains of the graph, its wires or its inputs.

    Those that were saved with another version of a node, which is noticed, are left aside.
    """
    object_info = client.get_object_info()
    problems = {}
    for name in template_names()[::EVERY]:
        try:
            workflow = Workflow.load(goldens.template(name), object_info)
        except NotConvertible:
            continue
        if workflow.conversion and workflow.conversion.notices:
            continue
        prompt_id = str(uuid4())
        try:
            client.queue_prompt(workflow.graph, client_id=uuid4().hex, prompt_id=prompt_id)
            client.cancel(prompt_id)
        except PromptRejected as refusal:
            problems[name] = refusal.problems
    assert problems
    assert [(name, p) for name, found in problems.items() for p in found if p.kind not in MISSING_FILES] == []


def template_names() -> list[str]:
    names = (path.name for path in (files("comfyui_workflow_templates_json") / "templates").iterdir())
    return sorted(name for name in names if not name.startswith(("index", "fuse")))
