"""The pages on a service of their own, whose ComfyUI is scripted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from comfy_api.service import Service, install
from comfy_api.settings import Settings
from comfy_api.testing import FakeComfyUI, Play, steps
from tests import every_kind
from tests.conftest import known_nodes

FRAME = Path(__file__).parents[2] / "pages" / "frame.py"
OWNER = "ann"

OpenPage = Callable[..., AppTest]


@pytest.fixture
def comfy() -> Iterator[FakeComfyUI]:
    with FakeComfyUI(object_info={**known_nodes(), **every_kind.NODES}) as server:
        yield server


@pytest.fixture
def service(comfy: FakeComfyUI, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """Installed for the pages. ``@pytest.mark.parametrize("service", [{…}], indirect=True)`` sets settings."""
    settings = Settings.load(comfyui_url=comfy.url, data=tmp_path, **getattr(request, "param", {}))
    with Service(settings) as made:
        assert made.wait_ready(10)
        install(made)
        yield made
        install(None)


@pytest.fixture
def open_page(service: Service) -> OpenPage:
    """Opens the page as a browser tab of one maker's."""

    def open_it(owner: str = OWNER, **query: str) -> AppTest:
        at = AppTest.from_file(str(FRAME), default_timeout=20)
        at.session_state["owner"] = owner
        for name, value in query.items():
            at.query_params[name] = value
        return at.run()

    return open_it


@pytest.fixture
def page(open_page: OpenPage) -> AppTest:
    return open_page()


@pytest.fixture
def held(comfy: FakeComfyUI) -> Iterator[FakeComfyUI]:
    """The next jobs stand still before their sampler until ``held.open()``."""
    for _ in range(4):
        comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    yield comfy
    comfy.open()


def generate(at: AppTest, prompt: str | None = None) -> AppTest:
    """Types, if anything, and presses Generate."""
    if prompt is not None:
        at.text_area(key="prompt").input(prompt)
    return at.button(key="generate").click().run()


def stage(at: AppTest) -> dict[str, Any]:
    """What the live view was given."""
    views = [json.loads(element.proto.json) for element in at.get("bidi_component")]
    (data,) = [view for view in views if "examples" in view]  # the others are wells
    return dict(data)


def written(at: AppTest) -> str:
    """All text of the page that is no widget's."""
    return " ".join(str(part.value) for part in [*at.markdown, *at.caption, *at.get("html")])
