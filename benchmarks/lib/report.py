"""How results are printed, and on what machine they were measured."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path


def machine() -> str:
    """Processor, cores, Python and how busy the machine was before."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    busy = os.getloadavg()[0]
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}, load before the run {busy:.1f}"


def head(title: str) -> None:
    """Print what is measured, and where."""
    print(f"{title}\n  machine: {machine()}", flush=True)


def line(what: str, text: str, *, met: bool | None = None) -> None:
    """Print one result; ``met`` says whether its target is."""
    verdict = "" if met is None else "  ok" if met else "  MISSED"
    print(f"  {what:<46} {text}{verdict}", flush=True)


def median(values: Sequence[float]) -> float:
    """The median; nan of nothing."""
    return statistics.median(values) if values else float("nan")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of them lie; nan of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
