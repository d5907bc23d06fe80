"""``doctor``: a line for everything that it finds, and whether pictures can be made."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import pytest

from comfy_api.cli.codes import Exit
from comfy_api.cli.looks import look_at_server
from comfy_api.protocol.client import ComfyClient
from comfy_api.testing import FakeComfyUI
from comfy_api.testing.catalogue import object_info, system_stats
from comfy_api.workflow.library import Library
from tests.cli.conftest import ROOT, Cli, Start, end


def test_a_whole_server_is_well(cli: Cli, demo: str) -> None:
    done = cli("doctor", "--server", demo)
    assert (done.code, done.err) == (0, "")
    assert all(line.startswith("ok ") for line in done.out.splitlines())
    for words in (
        "Python 3",
        "numpy",
        "Data folder",
        "HTTP: ComfyUI 0.3.64 answers in",
        "Device: cpu",
        "Previews: latent2rgb",
        "Queue: 0 running, 0 waiting",
        "Websocket: opens",
        "SaveImageWebsocket",
        "Workflow txt2img: has all it needs",
    ):
        assert words in done.out


def test_what_is_missing_is_named_with_the_nearest_and_still_usable(cli: Cli) -> None:
    info = {name: spec for name, spec in object_info().items() if "ebsocket" not in name.lower()}
    info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [["v1-5-pruned-emaonly.ckpt"], {}]
    stats = system_stats("0.3.64")
    stats["system"]["argv"] = ["main.py"]
    with FakeComfyUI(object_info=info, system_stats=stats) as comfy:
        done = cli("doctor", "--server", comfy.url)
    assert done.code == 0
    bad = [line for line in done.out.splitlines() if line.startswith("!!")]
    assert any("--preview-method auto" in line for line in bad)
    assert any("Pictures come as files" in line for line in bad)
    assert any(line.startswith("!! Workflow txt2img: ") and "Nearest: v1-5-pruned-emaonly.ckpt" in line for line in bad)


def test_nobody_there_is_5(cli: Cli, comfy: FakeComfyUI) -> None:
    comfy.stop_listening()
    done = cli("doctor", "--server", comfy.url)
    assert done.code == Exit.UNREACHABLE
    assert "does not answer" in done.out.splitlines()[-1]


def test_a_websocket_that_is_refused_is_5(cli: Cli, comfy: FakeComfyUI) -> None:
    comfy.fail("WS /ws", 503, times=None)
    done = cli("doctor", "--server", comfy.url)
    assert done.code == Exit.UNREACHABLE
    assert any(line.startswith("!! Websocket: ") for line in done.out.splitlines())
    assert "Workflow txt2img" in done.out, "the rest is looked at all the same"


def test_a_locked_server_is_6(cli: Cli) -> None:
    with FakeComfyUI(require_headers={"Authorization": "Bearer s3cret"}) as comfy:
        assert cli("doctor", "--server", comfy.url).code == Exit.SIGN_IN
        assert cli("doctor", COMFYUI_URL=comfy.url, COMFYUI_API_KEY="s3cret").code == 0


def test_a_data_folder_that_cannot_be_written_is_1(cli: Cli, comfy: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cli("doctor", "--server", comfy.url, EASEL_DATA=str(tmp_path / "file" / "data"))
    assert done.code == Exit.LOCAL
    assert "EASEL_DATA" in done.out


def test_all_settings_that_cannot_be_used_are_named_at_once(cli: Cli) -> None:
    done = cli("doctor", EASEL_PATIENCE="soon", EASEL_MAX_IMAGES="0")
    assert done.code == Exit.USAGE
    assert "EASEL_PATIENCE" in done.err
    assert "EASEL_MAX_IMAGES" in done.err


def test_without_a_server_the_demo_engine_is_looked_at(cli: Cli) -> None:
    done = cli("doctor", EASEL_DEMO="1")
    assert done.code == 0
    assert "Server: the demo engine (EASEL_DEMO is set)" in done.out


@pytest.mark.parametrize(
    ("url", "key", "warned"),
    [
        ("http://192.0.2.1:8188", "s3cret", True),
        ("http://192.0.2.1:8188", None, False),
        ("http://127.0.0.1:9", "s3cret", False),
        ("https://192.0.2.1:8188", "s3cret", False),
    ],
)
def test_a_key_on_an_open_line_is_warned_of(url: str, key: str | None, warned: bool) -> None:
    with ComfyClient(url, api_key=key, timeout=0.05) as client:
        look = next(look_at_server(client, Library(ROOT / "workflows", ROOT / "workflows" / "none")))
    assert ("not encrypted" in look.text) is warned
    assert "s3cret" not in look.text


def test_a_terminal_gets_marks(start: Start, comfy: FakeComfyUI) -> None:
    comfy.stop_listening()
    ours, theirs = pty.openpty()
    process = start("doctor", "--server", comfy.url, stdout=theirs, PYTHONIOENCODING="utf-8")
    os.close(theirs)
    seen = b""
    try:
        while data := os.read(ours, 4096):
            seen += data
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(ours)
    assert end(process).code == Exit.UNREACHABLE
    assert "✓ Python" in seen.decode()
    assert "✗ ComfyUI" in seen.decode()
