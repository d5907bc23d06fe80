"""The command line as a whole."""

from __future__ import annotations

import re
import subprocess
import sys

from comfy_api.cli.codes import EXIT_CODES, Exit, Failure
from comfy_api.cli.server import settings_for
from comfy_api.jobs.job import Job, Picture
from comfy_api.jobs.naming import file_name
from tests.cli.conftest import ROOT, Cli

PICTURE = Picture("0" * 64, "9", 0, "Picture", "image/jpeg", 8, 8, 100)


def test_help_lists_the_commands_without_loading_them(cli: Cli) -> None:
    done = cli("--help")
    assert done.code == 0
    assert all(name in done.out for name in ("run", "doctor", "demo"))
    modules = imported("--help")
    assert "comfy_api.service" not in modules
    assert "comfy_api.demo" not in modules


def test_no_command_loads_streamlit() -> None:
    for command in ("run", "doctor", "demo"):
        assert "streamlit" not in imported(command, "--help")


def imported(*arguments: str) -> set[str]:
    """What such a command imports."""
    code = (
        "import sys\nfrom comfy_api.cli import main\n"
        "try: main()\nexcept SystemExit: print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    return set(done.stderr.split())


def test_an_unknown_command_is_2(cli: Cli) -> None:
    assert cli("paint").code == Exit.USAGE


def test_demo_is_the_engine_of_its_own_module(cli: Cli) -> None:
    done = cli("demo", "--help")
    assert done.code == 0
    assert "--step-seconds" in done.out


def test_every_exit_code_is_documented() -> None:
    guide = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", guide, re.MULTILINE)] == list(Exit)
    assert [int(code) for code in re.findall(r"^ +(\d+) ", EXIT_CODES, re.MULTILINE)] == list(Exit)


def test_every_option_is_documented(cli: Cli) -> None:
    guide = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    options = set(re.findall(r"^  (--[a-z]+)", cli("run", "--help").out, re.MULTILINE))
    assert options
    assert options <= {option for line in guide.splitlines() for option in re.findall(r"--[a-z]+", line)}


def test_the_key_goes_to_the_same_server_however_it_is_written(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COMFYUI_URL", "http://me:pw@gpu.example:8188/")
    assert settings_for("gpu.example:8188").comfyui_url == "http://me:pw@gpu.example:8188/"


def test_file_names_are_safe_on_every_system() -> None:
    named = file_name(Job("1", "me", "", "t", prompt_text='../a "Fox"\n: <b>|?*', seed=7), PICTURE, 0)
    assert named == "a-fox-b-7-1.jpg"
    assert file_name(Job("1", "me", "", ""), PICTURE, 1) == "picture-2.jpg"
    assert len(file_name(Job("1", "me", "", "", prompt_text="狐" * 400), PICTURE, 0).encode()) < 200


def test_what_a_server_says_cannot_steer_the_terminal(capsys) -> None:  # type: ignore[no-untyped-def]
    Failure("a\x1b[2Jb\x07\r", Exit.FAILED).show()
    assert capsys.readouterr().err == "a [2Jb  \n"
