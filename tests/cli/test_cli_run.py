"""``run`` as people and scripts use it: files, words, exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import requests

from comfy_api.cli.codes import Exit
from comfy_api.protocol.images import measure
from comfy_api.testing import FakeComfyUI, Play, png, steps
from tests.cli.conftest import DRAFT, IMG2IMG, SMALL, TXT2IMG, Cli, Many, Start, end, read_until
from tests.conftest import known_nodes


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# --- pictures -------------------------------------------------------------------------------------------------


def test_paths_of_the_pictures_are_all_that_is_on_standard_output(cli: Cli, demo: str, tmp_path: Path) -> None:
    done = cli(
        "run", TXT2IMG, "--server", demo, *SMALL, "--batch", "2", "--seed", "7", "--out", "made/here",
        "--set", "positive_prompt.text=a red fox",
    )  # fmt: skip
    assert (done.code, done.paths) == (0, [Path("made/here/a-red-fox-7-1.png"), Path("made/here/a-red-fox-7-2.png")])
    assert [measure((tmp_path / path).read_bytes()) for path in done.paths] == [(64, 64), (64, 64)]
    assert "ComfyUI 0.3.64 at 127.0.0.1" in done.err.splitlines()[0] or "demo engine" in done.err.splitlines()[0]


def test_files_have_the_bytes_that_came_and_are_never_written_over(
    cli: Cli, comfy: FakeComfyUI, tmp_path: Path
) -> None:
    first, second = png(64, 64, seed=1), png(64, 64, seed=2)
    for sent in (first, second):
        comfy.script(Play(steps.start(), steps.executing("9"), steps.result("9", sent), steps.success(), steps.end()))
        done = cli("run", TXT2IMG, "--server", comfy.url, "--seed", "1", "--set", "positive_prompt.text=fox")
        assert done.code == 0, done.err
    assert sorted(os.listdir(tmp_path)) == ["fox-1-1.png", "fox-1-2.png"]
    assert (tmp_path / "fox-1-1.png").read_bytes() == first
    assert (tmp_path / "fox-1-2.png").read_bytes() == second


def test_options_reach_the_server(cli: Cli, comfy: FakeComfyUI) -> None:
    done = cli(
        "run", TXT2IMG, "--server", comfy.url, "--quiet", "--seed", str(2**64 - 1), "--batch", "3",
        "--size", "64x96", "--steps", "2", "--set", "Sampling.cfg=6.5", "--set", "negative_prompt.text=a = b",
    )  # fmt: skip
    assert (done.code, done.err, len(done.paths)) == (0, "", 3)
    graph = comfy.prompts[0]["prompt"]
    assert (graph["3"]["inputs"]["seed"], graph["3"]["inputs"]["steps"]) == (2**64 - 1, 2)
    assert graph["3"]["inputs"]["cfg"] == 6.5
    assert graph["5"]["inputs"] == {"width": 64, "height": 96, "batch_size": 3}
    assert graph["7"]["inputs"]["text"] == "a = b"


def test_a_picture_is_uploaded_for_the_node_that_loads_it(cli: Cli, comfy: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "my secret holiday.png").write_bytes(png(64, 64))
    graph = json.loads(Path(IMG2IMG).read_text(encoding="utf-8"))
    node_id, title = next((i, n["_meta"]["title"]) for i, n in graph.items() if n["class_type"] == "LoadImage")
    done = cli("run", IMG2IMG, "--server", comfy.url, "--steps", "2", "--image", f"{title}=my secret holiday.png")
    assert done.code == 0, done.err
    name = comfy.prompts[0]["prompt"][node_id]["inputs"]["image"]
    upload = next(request for request in comfy.requests if request.path.endswith("/upload/image"))
    assert name.encode() in upload.body
    assert b"holiday" not in upload.body


def test_without_a_server_the_demo_engine_paints_and_says_so(cli: Cli) -> None:
    done = cli("run", TXT2IMG, *SMALL, "--steps", "1", EASEL_DEMO="1")
    assert (done.code, len(done.paths)) == (0, 1), done.err
    assert done.err.startswith("Server: the demo engine")


def test_the_named_server_comes_before_the_environment(cli: Cli, comfy: FakeComfyUI) -> None:
    done = cli("run", TXT2IMG, "--server", comfy.url, EASEL_DEMO="1", COMFYUI_URL=f"http://127.0.0.1:{free_port()}")
    assert done.code == 0, done.err
    assert len(comfy.prompts) == 1


# --- what goes wrong ------------------------------------------------------------------------------------------


WRONG = [
    (("--set", "no_such.text=x"), '"positive_prompt"'),
    (("--set", "positive_prompt.words=x"), "It has:"),
    (("--set", "Sampling.steps=many"), "whole number"),
    (("--seed", "-1"), "seed"),
    (("--size", "big"), "768x512"),
    (("--batch", "9"), "1 to 8 images"),
    (("--image", "Sampling=x.png"), "loads no picture"),
    (("--server", "ftp://nowhere"), "http://"),
    (("--server", "http://me:pass@127.0.0.1:1"), "COMFYUI_URL"),
    (("--out", "/dev/null/x"), "--out"),
]


def test_a_wrong_command_line_is_2_and_sends_nothing(many: Many, comfy: FakeComfyUI) -> None:
    ended = many(("run", TXT2IMG, "--server", comfy.url, *arguments) for arguments, _ in WRONG)
    for (arguments, words), done in zip(WRONG, ended, strict=True):
        assert (done.code, done.out) == (Exit.USAGE, ""), (arguments, done)
        assert words in done.err
        assert "pass@" not in done.err
    assert comfy.prompts == []


def test_a_file_in_ui_format_with_a_node_that_the_server_lacks_is_2_and_names_it(
    cli: Cli, comfy: FakeComfyUI, tmp_path: Path
) -> None:
    node = {"id": 1, "type": "FancySampler", "properties": {"cnr_id": "fancy-pack"}}
    (tmp_path / "graph.json").write_text(json.dumps({"nodes": [node], "links": [], "version": 0.4}))
    done = cli("run", "graph.json", "--server", comfy.url)
    assert (done.code, comfy.prompts) == (Exit.USAGE, [])
    assert "FancySampler" in done.err
    assert "fancy-pack" in done.err


def test_a_missing_model_is_3_with_the_nearest_name(cli: Cli, demo: str) -> None:
    done = cli("run", TXT2IMG, "--server", demo, "--set", "Model.ckpt_name=v1-5-pruned.ckpt")
    assert (done.code, done.out) == (Exit.REJECTED, "")
    assert 'needs the model "v1-5-pruned". The server has "v1-5-pruned-emaonly-fp16"' in done.err


def test_a_failing_node_is_4_and_what_was_finished_stays(cli: Cli, comfy: FakeComfyUI, tmp_path: Path) -> None:
    failing = (steps.result("9", png(8, 8)), steps.error("8", message="\x1b[31mboom"))
    comfy.script(Play(steps.start(), steps.executing("9"), *failing, steps.end()))
    done = cli("run", TXT2IMG, "--server", comfy.url, "--seed", "3")
    assert (done.code, len(done.paths)) == (Exit.FAILED, 1), done.err
    assert (tmp_path / done.paths[0]).read_bytes() == png(8, 8)
    assert '"Developing" failed:' in done.err
    assert "\x1b" not in done.err, "a server must not write to the terminal as it likes"


def test_nobody_there_is_5_within_patience(cli: Cli) -> None:
    done = cli("run", TXT2IMG, "--server", f"127.0.0.1:{free_port()}", "--patience", "0.2")
    assert (done.code, done.out) == (Exit.UNREACHABLE, "")
    assert "does not answer" in done.err


def test_a_host_that_swallows_everything_is_5_within_patience(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = cli("run", TXT2IMG, "--server", f"127.0.0.1:{silent.getsockname()[1]}", "--patience", "0.2")
    assert done.code == Exit.UNREACHABLE, done.err


def test_a_folder_that_goes_away_is_1(cli: Cli, comfy: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    comfy.script(Play.usual(before={"result 9 0": _removes(tmp_path / "out")}))
    done = cli("run", TXT2IMG, "--server", comfy.url, "--out", "out")
    assert (done.code, done.out) == (Exit.LOCAL, "")
    assert "could not be written" in done.err
    comfy.wait_for(lambda: comfy.remaining == 0)


def _removes(folder: Path) -> steps.Step:
    async def run(stage: object) -> None:
        folder.rmdir()

    return steps.Step("rmdir", run)


# --- secrets --------------------------------------------------------------------------------------------------


def test_a_locked_server_is_6_and_opens_to_the_key_from_the_environment(cli: Cli) -> None:
    with FakeComfyUI(object_info=known_nodes(), require_headers={"Authorization": "Bearer s3cret"}) as comfy:
        done = cli("run", TXT2IMG, "--server", comfy.url)
        assert done.code == Exit.SIGN_IN, done.err
        assert "sign-in" in done.err
        done = cli("run", TXT2IMG, "--server", comfy.url, "--verbose", COMFYUI_API_KEY="s3cret")
        assert done.code == 0, done.err
        assert "s3cret" not in done.err


def test_a_key_stays_with_the_server_that_it_was_set_for(cli: Cli, comfy: FakeComfyUI) -> None:
    done = cli("run", TXT2IMG, "--server", comfy.url, COMFYUI_API_KEY="s3cret", COMFYUI_URL="https://gpu.example")
    assert done.code == 0, done.err
    assert "not sent" in done.err
    assert not any("s3cret" in str(request.headers) for request in comfy.requests)


# --- stopping -------------------------------------------------------------------------------------------------


def test_no_page_has_to_be_open_for_a_job_of_the_shell(cli: Cli, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(before={"result 9 0": steps.wait(1.5)}))  # longer than a round of looking
    done = cli("run", TXT2IMG, "--server", comfy.url, EASEL_SILENT_GRACE="0", EASEL_GOODBYE_GRACE="0")
    assert done.code == 0, done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_job_on_the_server_and_keeps_what_is_finished(
    start: Start, comfy: FakeComfyUI, tmp_path: Path, number: int
) -> None:
    graph = json.loads(Path(DRAFT).read_text(encoding="utf-8"))
    samplers = [i for i, node in graph.items() if node["class_type"].startswith("KSampler")]
    comfy.script(Play.usual(after={f"progress {samplers[1]} 2": steps.gate()}))
    process = start("run", DRAFT, "--server", comfy.url, *SMALL)
    read_until(process.stderr, "Refining 2/3")
    process.send_signal(number)
    done = end(process, within=8.0)  # less than it waits for a confirmation
    assert (done.code, len(done.paths)) == (Exit.INTERRUPTED, 1), done.err
    assert done.err.endswith("Stopped.\n")
    assert (tmp_path / done.paths[0]).is_file()
    assert comfy.remaining == 0


def test_a_second_ctrl_c_leaves_at_once(start: Start, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"progress 3 2": steps.gate()}, interruptible=False))
    process = start("run", TXT2IMG, "--server", comfy.url, *SMALL)
    read_until(process.stderr, "Sampling 2/3")
    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "Stopping the job")
    process.send_signal(signal.SIGINT)
    assert process.wait(2.0) == Exit.INTERRUPTED
    comfy.open()


def test_ctrl_c_while_the_server_is_away_leaves(start: Start) -> None:
    process = start("run", TXT2IMG, "--server", f"127.0.0.1:{free_port()}", "--patience", "60")
    read_until(process.stderr, "Waiting for the server")
    process.send_signal(signal.SIGINT)
    assert end(process).code == Exit.INTERRUPTED


def test_stopped_by_somebody_else_is_4(start: Start, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"progress 3 2": steps.gate()}))
    process = start("run", TXT2IMG, "--server", comfy.url, *SMALL)
    read_until(process.stderr, "Sampling 2/3")
    requests.post(f"{comfy.url}/interrupt", json={"prompt_id": comfy.prompts[0]["prompt_id"]}, timeout=5)
    done = end(process)
    assert done.code == Exit.FAILED
    assert "Someone stopped it" in done.err


# --- the bar --------------------------------------------------------------------------------------------------


def test_a_terminal_gets_a_bar_that_leaves_no_trace(start: Start, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"progress 3 2": steps.gate()}))
    ours, theirs = pty.openpty()
    process = start("run", TXT2IMG, "--server", comfy.url, *SMALL, stderr=theirs, PYTHONIOENCODING="utf-8")
    os.close(theirs)
    seen = b""
    while b"Sampling 2/3" not in seen:
        seen += os.read(ours, 4096)
    comfy.open()
    seen += _rest(ours)
    done = end(process)
    assert (done.code, len(done.paths)) == (0, 1)
    text = seen.decode()
    assert "█" in text
    assert " %" in text
    assert text.count("\n") == 1, "only the line that names the server stays"
    assert text.endswith(" \r"), "the bar is wiped away"


def _rest(terminal: int) -> bytes:
    seen = b""
    try:
        while data := os.read(terminal, 4096):
            seen += data
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(terminal)
    return seen


def test_elsewhere_there_are_plain_lines(start: Start, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"progress 3 2": steps.gate()}))
    process = start("run", TXT2IMG, "--server", comfy.url, *SMALL)
    read_until(process.stderr, "Sampling 2/3, ")
    comfy.open()
    done = end(process)
    assert done.code == 0
    assert "\r" not in done.err
    assert len(done.err.splitlines()) < 8, "a line at each node and tenth, not at each event"


def test_place_in_line_is_said(start: Start, comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(ahead=2))
    process: subprocess.Popen[str] = start("run", TXT2IMG, "--server", comfy.url)
    read_until(process.stderr, "Waiting, 2 jobs before this one")
    comfy.release()
    assert end(process).code == 0
