"""A real PostgreSQL of our own, in a temporary folder: a Unix socket, no port, gone afterwards.

``python -m tests.store.cluster`` starts one, prints its address and runs until its input ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

_FOLDERS = "/usr/lib/postgresql/*/bin"
#: For speed: a test's database need not survive a power cut.
_SETTINGS = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=60")


def find_programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, of the newest version; None: PostgreSQL is not installed."""
    on_path = shutil.which("pg_ctl")
    folders = [*Path("/").glob(_FOLDERS.lstrip("/")), *([Path(on_path).resolve().parent] if on_path else [])]
    with_both = [folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()]
    return max(with_both, key=_version, default=None)


class Cluster:
    """A running server. Its superuser is ``easel``, who needs no password."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = _unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="easel-pg-"))
        try:
            if self._user:
                shutil.chown(self._folder, *self._user)
            self._run("initdb", "-D", str(self._data), "-U", "easel", "-A", "trust", "-E", "UTF8", "--no-sync", "-N")
            self.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def url(self, name: str = "postgres") -> str:
        """The address of a database of it."""
        return f"postgresql://easel@/{name}?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={self._folder}"))
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        """End it as a crash would: connections are cut."""
        self._run("pg_ctl", "stop", "-w", "-D", str(self._data), "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        become = []
        if self._user:
            user, group = self._user
            become = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        done = subprocess.run(
            [*become, str(self._programs / program), *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # not a pipe: the server keeps it open
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            timeout=60,
            check=False,
        )
        if done.returncode:
            log = self._folder / "log"
            said = done.stderr or (log.read_bytes() if log.exists() else b"")
            raise RuntimeError(f"{program}: {said.decode(errors='replace')[-2000:]}")


def _unprivileged() -> tuple[int, int] | None:
    """Whom to run it as: PostgreSQL refuses to be root. None: as we are."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise RuntimeError("there is no user to run PostgreSQL as")


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


if __name__ == "__main__":
    where = find_programs()
    if where is None:
        sys.exit("PostgreSQL is not installed.")
    with Cluster(where) as cluster:
        sys.stdout.write(f"{cluster.url()}\n")
        sys.stdout.flush()
        sys.stdin.read()
