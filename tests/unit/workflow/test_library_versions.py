"""Versions on disk: many processes at once, processes that are killed, disks that are full."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comfy_api.errors import WorkflowError
from comfy_api.workflow.publishing import MAX_VERSIONS, Versions

ROOT = Path(__file__).resolve().parents[3]
MARK = "workflow.json"
posix = pytest.mark.skipif(os.name != "posix", reason="signals, modes and limits of POSIX")


def files(text: str) -> dict[str, bytes]:
    return {MARK: text.encode(), "form.toml": text.encode()}


def text_of(versions: Versions, slug: str, number: int) -> str:
    """What a version holds; both files say the same, or it is no whole version."""
    folder = versions.folder_of(slug, number)
    first, second = (folder / name for name in (MARK, "form.toml"))
    assert first.read_text() == second.read_text()
    return first.read_text()


def child(source: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def output(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "data/workflows", MARK)


def test_versions_are_counted_and_the_newest_is_in_use(versions: Versions) -> None:
    assert [versions.add("fox", files(text)) for text in ("one", "two")] == [1, 2]
    assert versions.current("fox") == 2
    assert [text_of(versions, "fox", number) for number in (1, 2)] == ["one", "two"]
    assert versions.slugs() == (["fox"], {})
    newest, first = versions.listing("fox")
    assert (newest.number, newest.current, first.number, first.current) == (2, True, 1, False)
    assert abs(newest.published - time.time()) < 60


def test_an_earlier_version_comes_back_and_the_next_one_has_a_new_number(versions: Versions) -> None:
    for text in ("one", "two"):
        versions.add("fox", files(text))
    versions.use("fox", 1)
    assert versions.current("fox") == 1
    assert versions.add("fox", files("three")) == 3
    assert versions.current("fox") == 3


def test_what_is_taken_back_keeps_its_versions_and_goes_on_counting(versions: Versions) -> None:
    versions.add("fox", files("one"))
    for _ in range(2):
        versions.unpublish("fox")
    assert versions.current("fox") is None
    assert text_of(versions, "fox", 1) == "one"
    assert versions.add("fox", files("two")) == 2


def test_taking_back_what_was_never_published_leaves_no_trace(versions: Versions) -> None:
    versions.unpublish("fox")
    assert not versions.folder.exists()


@posix
def test_only_we_can_read_what_is_published(versions: Versions) -> None:
    versions.add("fox", files("one"))
    made = [versions.folder, *versions.folder.rglob("*")]
    assert len(made) == 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)


@pytest.mark.parametrize("slug", ["", ".", "..", "a/b", "../fox", "Fox", "fox\n", "x" * 65, "/fox"])
def test_a_slug_never_leaves_the_folder(versions: Versions, slug: str) -> None:
    versions.add("fox", files("one"))
    for refused in (
        lambda: versions.add(slug, files("x")),
        lambda: versions.use(slug, 1),
        lambda: versions.unpublish(slug),
        lambda: versions.current(slug),
        lambda: versions.numbers(slug),
        lambda: versions.folder_of(slug, 1),
    ):
        with pytest.raises(WorkflowError, match="is no name for a workflow"):
            refused()


@pytest.mark.parametrize("number", [0, -1, 2, True, 10**9])
def test_a_version_that_is_not_there_is_refused_by_name(versions: Versions, number: int) -> None:
    versions.add("fox", files("one"))
    for refused in (versions.folder_of, versions.use):
        with pytest.raises(WorkflowError, match=rf'no version {number} of "fox". There is: 1\.'):
            refused("fox", number)
    assert versions.current("fox") == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [("7\n", "names version 7, which is not there"), ("../x", "holds no version number"), ("", "no version number")],
)
def test_a_current_file_that_leads_nowhere_is_said_and_mended_by_a_choice(
    versions: Versions, content: str, reason: str
) -> None:
    versions.add("fox", files("one"))
    (versions.folder / "fox/current").write_text(content)
    with pytest.raises(WorkflowError, match=reason):
        versions.current("fox")
    assert [version.current for version in versions.listing("fox")] == [False]
    versions.use("fox", 1)
    assert versions.current("fox") == 1


def test_foreign_things_are_named_and_harm_nothing(versions: Versions, tmp_path: Path) -> None:
    versions.add("fox", files("one"))
    (versions.folder / "notes.txt").write_text("")
    (versions.folder / "plain").write_text("")
    (versions.folder / "linked").symlink_to(tmp_path)
    (versions.folder / ".DS_Store").write_text("")
    home = versions.folder / "fox"
    (home / "2").mkdir()  # a copy that was broken off
    (home / "3").write_text("")
    (home / "4").symlink_to(home / "1")
    (home / "05").mkdir()
    slugs, foreign = versions.slugs()
    assert slugs == ["fox"]
    assert set(foreign) == {"notes.txt", "plain", "linked"}
    assert versions.numbers("fox") == [1]
    assert versions.add("fox", files("five")) == 5
    with pytest.raises(WorkflowError, match="is a link"):
        versions.add("linked", files("x"))
    assert not (tmp_path / "1").exists()


def test_the_number_of_versions_has_an_end(versions: Versions) -> None:
    versions.add("fox", files("one"))
    (versions.folder / f"fox/{MAX_VERSIONS}").mkdir()
    with pytest.raises(WorkflowError, match="which is the most"):
        versions.add("fox", files("two"))
    assert versions.current("fox") == 1
    assert not list(versions.folder.glob("fox/.draft-*"))


def test_drafts_that_a_crash_left_are_swept_later_and_those_being_written_are_not(versions: Versions) -> None:
    versions.add("fox", files("one"))
    old, oldfile, young = (versions.folder / f"fox/.draft-{name}" for name in ("old", "file", "young"))
    old.mkdir()
    (old / MARK).write_text("half")
    oldfile.write_text("7")
    young.mkdir()
    for path in (old, oldfile):
        os.utime(path, (time.time() - 4000,) * 2)
    versions.add("fox", files("two"))
    assert [path.exists() for path in (old, oldfile, young)] == [False, False, True]


# --- several at once ---------------------------------------------------------------------------------------------

PUBLISH_MANY = f"""
import sys
from pathlib import Path
from comfy_api.workflow.publishing import Versions

versions = Versions(Path(sys.argv[1]), "{MARK}")
print("ready", flush=True)
sys.stdin.readline()
for turn in range(int(sys.argv[3])):
    text = f"{{sys.argv[2]}}-{{turn}}" * 1000
    print(versions.add("fox", {{"{MARK}": text.encode(), "form.toml": text.encode()}}), text[:9].split("-")[0], turn)
"""


def test_processes_that_publish_at_once_each_get_numbers_of_their_own_and_nothing_is_lost(versions: Versions) -> None:
    people, turns = 4, 12
    children = [child(PUBLISH_MANY, versions.folder, person, turns) for person in range(people)]
    for process in children:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in children:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    while any(process.poll() is None for process in children):
        # A reader meanwhile sees whole versions alone.
        current = versions.current("fox")
        if current is not None:
            text_of(versions, "fox", current)
    said = [line.split() for process in children for line in output(process).splitlines()]
    assert sorted(int(number) for number, _, _ in said) == list(range(1, people * turns + 1))
    for number, person, turn in said:
        assert text_of(versions, "fox", int(number)) == f"{person}-{turn}" * 1000
    assert versions.current("fox") == people * turns
    assert not list(versions.folder.glob("fox/.draft-*"))


HELD_BEFORE_THE_SWITCH = f"""
import sys
from pathlib import Path
from comfy_api.workflow.publishing import Versions

held = False
def hold(event, arguments):
    global held
    if event == "os.rename" and str(arguments[1]).endswith("current") and not held:
        held = True
        print("holding", flush=True)
        sys.stdin.readline()

sys.addaudithook(hold)
print(Versions(Path(sys.argv[1]), "{MARK}").add("fox", {{"{MARK}": b"slow", "form.toml": b"slow"}}))
"""


def test_a_slow_publisher_does_not_bring_back_what_was_published_before(versions: Versions) -> None:
    slow = child(HELD_BEFORE_THE_SWITCH, versions.folder)
    assert slow.stdout is not None
    assert slow.stdout.readline() == "holding\n"
    assert versions.add("fox", files("quick")) == 2
    assert output(slow) == "1\n"
    assert versions.current("fox") == 2


# --- killed ------------------------------------------------------------------------------------------------------

#: Publishes once for every line of the module, in a process of its own that is killed before that line.
KILL_BEFORE_EACH_LINE = f"""
import os, shutil, signal, sys
from pathlib import Path
from comfy_api.workflow import publishing

template, folders = Path(sys.argv[1]), Path(sys.argv[2])
FILES = {{"{MARK}": b"new", "form.toml": b"new"}}

def publish(folder, last):
    left = last
    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.endswith("publishing.py"):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
    publishing.Versions(folder, "{MARK}").add("fox", FILES)
    os._exit(0)

for step in range(1, 1000):
    folder = folders / str(step)
    if template.exists():
        shutil.copytree(template, folder)
    pid = os.fork()
    if pid == 0:
        publish(folder, step)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0
        print(step)
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
"""


@posix
@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
def test_a_publisher_that_is_killed_leaves_the_old_version_or_the_new_one(tmp_path: Path, before: int) -> None:
    template = Versions(tmp_path / "template", MARK)
    for _ in range(before):
        template.add("fox", files("old"))
    folders = tmp_path / "killed"
    folders.mkdir()
    steps = int(output(child(KILL_BEFORE_EACH_LINE, template.folder, folders)))
    assert steps > 30
    ended = set()
    for step in range(1, steps + 1):
        versions = Versions(folders / str(step), MARK)
        slugs, foreign = versions.slugs()
        assert not foreign
        current = versions.current("fox") if slugs else None
        assert current in ((before or None), before + 1)
        ended.add(current)
        numbers = versions.numbers("fox")
        assert numbers in (list(range(1, before + 1)), list(range(1, before + 2)))
        for number in numbers:
            assert text_of(versions, "fox", number) == ("old" if number <= before else "new")
        assert versions.add("fox", files("next")) == len(numbers) + 1
        assert text_of(versions, "fox", versions.current("fox") or 0) == "next"
    assert ended == {before or None, before + 1}


# --- disks and rights --------------------------------------------------------------------------------------------

FULL = f"""
import resource, signal, sys
from pathlib import Path
from comfy_api.errors import WorkflowError
from comfy_api.workflow.publishing import Versions

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
data = b"x" * int(sys.argv[3])
try:
    Versions(Path(sys.argv[1]), "{MARK}").add("fox", {{"{MARK}": data, "form.toml": data}})
except WorkflowError as error:
    print(error)
"""


@posix
@pytest.mark.parametrize(
    ("room", "needed", "sentence", "numbers"),
    [
        (0, 100, '"fox" cannot be published (', [1]),
        (50, 100, '"fox" cannot be published (', [1]),
        (1, 1, 'Version 2 of "fox" is stored, but not in use (', [1, 2]),
    ],
    ids=["nothing fits", "half fits", "all but the switch fits"],
)
def test_a_full_disk_is_said_and_what_is_in_use_stays(
    versions: Versions, room: int, needed: int, sentence: str, numbers: list[int]
) -> None:
    versions.add("fox", files("one"))
    said = output(child(FULL, versions.folder, room, needed))
    assert said.startswith(sentence)
    assert "Make room on the disk." in said
    assert versions.numbers("fox") == numbers
    assert versions.current("fox") == 1
    assert not list(versions.folder.glob("fox/.draft-*"))


DENIED = f"""
import os, sys
from pathlib import Path
from comfy_api.errors import WorkflowError
from comfy_api.workflow.publishing import Versions

versions = Versions(Path(sys.argv[1]), "{MARK}")
if os.geteuid() == 0:
    os.setuid(65534)  # root may do anything
for call in (
    lambda: versions.add("fox", {{"{MARK}": b"x"}}),
    lambda: versions.use("fox", 1),
    lambda: versions.unpublish("fox"),
    lambda: versions.current("shut"),
    lambda: versions.numbers("shut"),
    lambda: versions.use("shut", 1),
    lambda: versions.add("shut", {{"{MARK}": b"x"}}),
):
    try:
        print(call())
    except WorkflowError as error:
        print(error)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="easel-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o700)


@posix
def test_a_folder_that_is_not_ours_is_said(open_folder: Path) -> None:
    versions = Versions(open_folder / "workflows", MARK)
    for slug in ("fox", "shut"):
        versions.add(slug, files("one"))
    for path in (versions.folder, versions.folder / "fox", *(versions.folder / "fox").rglob("*")):
        path.chmod(0o555)
    (versions.folder / "shut").chmod(0)
    said = output(child(DENIED, versions.folder)).splitlines()
    assert len(said) == 7
    assert all(f"({os.strerror(errno.EACCES)}). Check the data folder." in line for line in said)
    assert versions.current("fox") == 1


def test_a_data_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "workflows").write_text("")
    versions = Versions(tmp_path / "workflows", MARK)
    with pytest.raises(WorkflowError, match="Check the data folder"):
        versions.slugs()
    with pytest.raises(WorkflowError, match="Check the data folder"):
        versions.add("fox", files("one"))
