"""ComfyUI's own templates: which are converted, which forms they get, and what conversion costs.

The table and its figures are the same on every machine; times and memory are printed only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
import traceback
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from bench_convert import chain
from lib.report import head, line, median, percentile

from comfy_api.errors import NotConvertible, WorkflowError
from comfy_api.workflow import Workflow, find_media
from comfy_api.workflow.convert import convert
from comfy_api.workflow.forms.control import FILES, Control, Form, Source
from comfy_api.workflow.forms.find import suggest_form

PACKAGE = "comfyui-workflow-templates-json"
GOLDEN = Path(__file__).parents[1] / "tests" / "data" / "golden"
#: Real servers, the older one first: column → file.
SERVERS = {"0.3.64": "object_info_0.3.64.json.gz", "0.33.0": "object_info_0.33.0.json.gz"}
#: Every class that a template has; those that no real server here knows are made up from the files themselves.
EVERY_CLASS = "object_info_synth.json.gz"
#: Missing classes that a cell names.
_NAMED = 2
#: Controls by role, as the table shows them.
_ROLES = ("prompt", "negative", "size", "images", "seed")


@dataclass(frozen=True)
class Row:
    """What became of one template.

    Attributes:
        name: the file's name without its ending.
        section: where ComfyUI's own list of templates has it.
        lacking: server → the classes that it lacks; empty: converted.
        refused: why it is refused although every class is known, or empty.
        form: the form that suggests itself with every class known; None: there is none.
        gives: kinds of what it gives, each once.
        seconds: of processor time that reading, converting and finding the form took.
    """

    name: str
    section: str
    lacking: Mapping[str, tuple[str, ...]]
    refused: str = ""
    form: Form | None = None
    gives: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def shown(self) -> tuple[Control, ...]:
        """The form's controls."""
        return self.form.controls if self.form else ()

    @property
    def sources(self) -> Counter[Source]:
        """How many of them each source gives."""
        return Counter(control.source for control in self.shown)


@dataclass
class Result:
    """All rows, and what was no refusal but a fault: name → trace."""

    rows: list[Row] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


# --- looking at the templates ---------------------------------------------------------------------------


def template_names() -> dict[str, str]:
    """Name → section, in the order of the names; every workflow of the package is in its list."""
    folder = files(PACKAGE.replace("-", "_")) / "templates"
    index = json.loads((folder / "index.json").read_bytes())
    found = {entry["name"]: section["title"] for section in index for entry in section["templates"]}
    return dict(sorted(found.items()))


def read_template(name: str) -> bytes:
    """The file."""
    return (files(PACKAGE.replace("-", "_")) / "templates" / f"{name}.json").read_bytes()


def object_infos() -> tuple[dict[str, Any], dict[str, Any]]:
    """Column → what that server says; and all that is known, the newest server first."""
    servers = {column: _load(name) for column, name in SERVERS.items()}
    return servers, {**_load(EVERY_CLASS), **servers["0.33.0"]}


def look(names: Mapping[str, str] | None = None) -> Result:
    """Converts every template and finds its form. Only typed refusals are expected; all else is a fault."""
    servers, every = object_infos()
    result = Result()
    for name, section in (template_names() if names is None else names).items():
        try:
            result.rows.append(_row(name, section, servers, every))
        except Exception:  # noqa: BLE001  whatever it is, it is what this script looks for
            result.faults[name] = traceback.format_exc()
    return result


def _row(name: str, section: str, servers: Mapping[str, Any], every: Mapping[str, Any]) -> Row:
    data = read_template(name)
    lacking = {column: _lacking(data, object_info) for column, object_info in servers.items()}
    begun = time.process_time()
    try:
        workflow = Workflow.load(data, every)
    except WorkflowError as refusal:
        return Row(name, section, lacking, refused=str(refusal))
    form = suggest_form(workflow, every)
    seconds = time.process_time() - begun
    classes = [workflow.nodes[output.node_id].class_type for output in form.outputs if output.shown]
    gives = tuple(dict.fromkeys(str(find_media(class_type) or "other") for class_type in classes))
    return Row(name, section, lacking, form=form, gives=gives, seconds=seconds)


def _lacking(data: bytes, object_info: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        Workflow.load(data, object_info)
    except NotConvertible as refusal:
        return tuple(unknown.class_type for unknown in refusal.unknown) or (str(refusal),)
    return ()


def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / name).read_bytes()))
    return found


# --- the page -------------------------------------------------------------------------------------------


def page(rows: list[Row]) -> str:
    """docs/templates.md."""
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(row.section, []).append(row)
    parts = [_TOP.format(count=len(rows), package=f"{PACKAGE} {version(PACKAGE)}"), *_summary(rows), _LEGEND]
    for section, members in sorted(sections.items()):
        parts += [f"\n## {section}\n", f"| template | {' | '.join(SERVERS)} | form by | shows | gives |"]
        parts += ["|---|---|---|---|---|---|", *map(table_line, members)]
    return "\n".join(parts) + "\n"


def table_line(row: Row) -> str:
    """One row of the table."""
    servers = [_lack(row.lacking[column]) for column in SERVERS]
    form_by = ", ".join(f"{source.value} {count}" for source, count in sorted(row.sources.items(), key=_by_trust))
    cells = [f"`{row.name}`", *servers, row.refused or form_by or "none", _shows(row.shown), ", ".join(row.gives)]
    return f"| {' | '.join(cells)} |"


def _by_trust(item: tuple[Source, int]) -> int:
    return list(Source).index(item[0])


def _lack(classes: tuple[str, ...]) -> str:
    if not classes:
        return "yes"
    more = len(classes) - _NAMED
    return ", ".join(f"`{name}`" for name in classes[:_NAMED]) + (f" +{more}" if more > 0 else "")


def _shows(controls: Iterable[Control]) -> str:
    controls = list(controls)
    ids = {control.id for control in controls}
    files_in = Counter(control.kind.value for control in controls if control.kind in FILES)
    taken = [kind if count == 1 else f"{count} {kind}s" for kind, count in files_in.items()]
    return ", ".join([*(role for role in _ROLES if role in ids), *(f"**{kind}**" for kind in taken)])


_TOP = """# ComfyUI's own templates

What Easel makes of the {count} workflows in {package} (MIT; not part of Easel). Made by
`python benchmarks/bench_templates.py --write docs/templates.md`.

| | |
|---|---|"""

_LEGEND = """
* **0.3.64**, **0.33.0**: converted with the node classes of such a ComfyUI (the older one without partner nodes), or
  the classes that it lacks: then the file is refused, and never is a smaller graph made of it.
* **form by**: where the controls come from that makers see (docs/conventions/), with their number, when every class is
  known: 0.33.0's own, and for newer ones what the files tell of them, which has no ranges, choices or texts of several
  lines. Such a form has less than a real server would give it.
* **shows**: the main controls, and in bold what is uploaded. *Seed* stands under "More settings" in some.
* **gives**: what the outputs give that makers see; *other* is told only when it runs."""


def _summary(rows: list[Row]) -> Iterator[str]:
    forms = [row for row in rows if row.form]
    shown = [len(row.shown) for row in forms]
    sources = Counter(" + ".join(s.value for s in Source if s in row.sources) or "none" for row in forms)
    for column in SERVERS:
        yield f"| converted with the classes of {column} | {sum(not row.lacking[column] for row in rows)} |"
    yield f"| converted with every class known | {len(forms)} |"
    yield f"| refused although every class is known | {sum(bool(row.refused) for row in rows)} |"
    yield f"| forms by source | {', '.join(f'{name}: {count}' for name, count in sources.most_common())} |"
    yield f"| controls of a form | median {median(shown):.0f}, 95 % {percentile(shown, 0.95)}, most {max(shown)} |"
    visible = [sum(not control.advanced for control in row.shown) for row in forms]
    above = f"median {median(visible):.0f}, 95 % {percentile(visible, 0.95)}, most {max(visible)}"
    yield f'| of them above "More settings" | {above} |'
    roles = (f"{role} {sum(any(c.id == role for c in row.shown) for row in forms)}" for role in _ROLES)
    yield f"| forms with | {', '.join(roles)} |"
    taken = Counter(kind for row in forms for kind in {c.kind.value for c in row.shown if c.kind in FILES})
    yield f"| forms that take a file | {', '.join(f'{kind} {count}' for kind, count in taken.most_common())} |"
    gives = Counter(kind for row in forms for kind in row.gives)
    yield f"| what they give | {', '.join(f'{kind} {count}' for kind, count in gives.most_common())} |"


# --- costs ----------------------------------------------------------------------------------------------


def compare(times: int) -> None:
    """A conversion of 300 nodes against parsing and writing the same file."""
    object_info, ui = _load(SERVERS["0.3.64"]), chain(300)
    text = json.dumps(ui)
    ours = median([_seconds(lambda: convert(ui, object_info)) for _ in range(times)])
    json_alone = median([_seconds(lambda: json.dumps(json.loads(text))) for _ in range(times)])
    ratio = f"{ours / json_alone:.1f} × json.loads and dumps ({ours * 1000:.1f} against {json_alone * 1000:.1f} ms)"
    line("convert, 300 nodes", ratio, met=ours < 0.05)
    held, peak = _memory(lambda: json.loads(text)), _memory(lambda: convert(ui, object_info))
    line("  memory at its peak", f"{peak / held:.1f} × the parsed file ({peak / 1e6:.1f} against {held / 1e6:.1f} MB)")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _memory(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the table to this file")
    parser.add_argument("--times", type=int, default=20, help="conversions of the 300 nodes (default 20)")
    options = parser.parse_args()
    head("templates")
    compare(options.times)
    result = look()
    rows = result.rows
    for column in SERVERS:
        line(f"converted with {column}", f"{sum(not row.lacking[column] for row in rows)} of {len(rows)}")
    line("converted with every class known", f"{sum(row.form is not None for row in rows)} of {len(rows)}")
    each = [row.seconds * 1000 for row in rows if row.form]
    line("read, convert, find the form", f"median {median(each):.0f} ms, 95 % {percentile(each, 0.95):.0f} ms")
    line("faults", str(len(result.faults)), met=not result.faults)
    for name, trace in result.faults.items():
        print(f"\n{name}\n{trace}", file=sys.stderr)
    if options.write:
        options.write.write_text(page(rows), encoding="utf-8")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
