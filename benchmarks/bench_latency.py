"""From the moment a picture leaves ComfyUI to the moment it is seen on the page.

Pictures carry a number; FakeComfyUI notes when each was sent, a page in Chromium reads it back once an animation
frame. The other sessions have a job and a live view of their own, without a browser.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from lib import browser
from lib.comfy import Comfy
from lib.report import head, line, median, percentile
from lib.viewers import Viewers
from lib.web import easel

#: Progress and pictures a second of each job.
RATE = 30.0
#: A number comes again after 256 pictures: what was seen belongs to the newest of its number sent before.
_LONGEST = 4.0


def delays(sent: list[tuple[int, float]], seen: list[tuple[int, float]]) -> list[float]:
    """Seconds from sending to seeing for each picture that was seen."""
    found = []
    for number, moment in seen:
        times = [when for sent_number, when in sent if sent_number == number and 0 <= moment - when < _LONGEST]
        if times:
            found.append(moment - max(times))
    return found


def measure(sessions: int, seconds: float) -> tuple[list[float], float]:
    """Delays of the pictures seen within ``seconds``, and pictures a second of the slowest viewer."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="easel-bench-")))
        comfy = held.enter_context(Comfy(folder, events=RATE, previews=RATE, jobs=sessions))
        web = held.enter_context(easel(folder, comfy.url, sessions))
        opened = held.enter_context(browser.page())
        browser.generate(opened, web.url, "canvas")
        viewers = held.enter_context(Viewers(web, sessions - 1)) if sessions > 1 else None
        time.sleep(3)
        offset, began = browser.clock_offset(opened), time.time()
        before = [pictures for pictures, _ in viewers.counts()] if viewers else []
        time.sleep(seconds)
        took = time.time() - began
        after = [pictures for pictures, _ in viewers.counts()] if viewers else []
        seen = [(number, when - offset) for number, when in browser.seen(opened) if when - offset > began]
        rates = [len(seen) / took, *((now - then) / took for now, then in zip(after, before, strict=True))]
        return delays(comfy.sent(), seen), min(rates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="*", default=[1, 10, 30])
    parser.add_argument("--seconds", type=float, default=5.0, help="measured, each time")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    head(f"Picture sent to picture seen, {RATE:.0f} pictures a second for each session; medians of {asked.repeats}")
    for sessions in asked.sessions:
        runs = [measure(sessions, asked.seconds) for _ in range(asked.repeats)]
        middle = median([median(found) for found, _ in runs])
        late = median([percentile(found, 0.95) for found, _ in runs])
        met = middle <= 0.090 and late <= 0.120
        line(f"{sessions} sessions, median and 95 %", f"{middle * 1e3:.0f} ms, {late * 1e3:.0f} ms", met=met)
        slowest = median([rate for _, rate in runs])
        line("  pictures a second, slowest viewer", f"{slowest:.1f}", met=slowest >= 12)


if __name__ == "__main__":
    main()
