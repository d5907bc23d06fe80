"""``python -m comfy_api convert``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from comfy_api.demo.specs import load_object_info
from comfy_api.testing import FakeComfyUI
from comfy_api.workflow import Workflow
from tests.cli.conftest import Cli, Many
from tests.conftest import DATA, known_nodes

BOAT = DATA / "workflows/boat.json"
PICTURE = DATA / "workflows/boat.png"


def converted() -> dict[str, Any]:
    return Workflow.load(BOAT, known_nodes()).graph


def definitions(folder: Path) -> str:
    path = folder / "object_info.json"
    path.write_text(json.dumps(known_nodes()))
    return str(path)


def test_the_graph_is_on_standard_output_and_nothing_else(cli: Cli, comfy: FakeComfyUI) -> None:
    ended = cli("convert", str(BOAT), "--server", comfy.url)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == converted()


def test_definitions_come_from_a_file_plain_or_packed(many: Many, tmp_path: Path) -> None:
    plain = definitions(tmp_path)
    packed = tmp_path / "object_info.json.gz"
    packed.write_bytes(gzip.compress(Path(plain).read_bytes()))
    for ended in many(
        [("convert", str(file), "--object-info", str(of)) for file in (BOAT, PICTURE) for of in (plain, packed)]
    ):
        assert ended.code == 0, ended.err
        graph = json.loads(ended.out)
        assert {key: node["inputs"] for key, node in graph.items()} == {
            key: node["inputs"] for key, node in converted().items()
        }


def test_out_writes_a_file_and_never_over_one(many: Many, tmp_path: Path) -> None:
    out = tmp_path / "boat.api.json"
    command = ("convert", str(BOAT), "--object-info", definitions(tmp_path), "--out", str(out))
    first, second = many([command, command])
    assert (first.code, first.out) == (0, "")
    assert json.loads(out.read_bytes()) == converted()
    assert second.code == 1
    assert "is there already" in second.err


def test_what_cannot_be_converted_is_refused_with_its_package_and_nothing_written(many: Many, tmp_path: Path) -> None:
    ui = json.loads(BOAT.read_text())
    ui["nodes"][4]["type"] = "FancySampler"
    ui["nodes"][4]["properties"] = {"cnr_id": "fancy-pack", "ver": "1.2"}
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(ui))
    nodes = definitions(tmp_path)
    refused, missing, wrong, both = many(
        [
            ("convert", str(odd), "--object-info", nodes),
            ("convert", str(tmp_path / "none.json"), "--object-info", nodes),
            ("convert", str(BOAT), "--object-info", str(BOAT)),
            ("convert", str(BOAT), "--object-info", nodes, "--server", "http://127.0.0.1:9"),
        ]
    )
    assert [ended.code for ended in (refused, missing, wrong, both)] == [2, 2, 2, 2]
    assert all(ended.out == "" for ended in (refused, missing, wrong, both))
    assert "FancySampler" in refused.err
    assert "fancy-pack 1.2" in refused.err
    assert "none.json" in missing.err
    assert "no node definitions" in wrong.err


def test_remarks_go_to_standard_error(many: Many, tmp_path: Path) -> None:
    ui = json.loads(BOAT.read_text())
    ui["nodes"][4]["widgets_values"] = ["not a seed", *ui["nodes"][4]["widgets_values"][1:], "left over"]
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(ui))
    notices = Workflow.load(file, known_nodes()).conversion
    assert notices is not None
    (ended,) = many([("convert", str(file), "--object-info", definitions(tmp_path))])
    assert ended.code == 0
    json.loads(ended.out)
    for notice in notices.notices:
        assert notice.sentence in ended.err


def test_a_server_that_is_away_is_said_with_its_code(many: Many) -> None:
    (ended,) = many([("convert", str(BOAT), "--server", "http://127.0.0.1:9")])
    assert (ended.code, ended.out) == (5, "")


def test_the_demo_engine_steps_in(cli: Cli) -> None:
    ended = cli("convert", str(BOAT), EASEL_DEMO="1")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out) == Workflow.load(BOAT, load_object_info()).graph
    assert "demo engine" in ended.err
