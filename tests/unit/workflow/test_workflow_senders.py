"""The swap of preview nodes for websocket senders, and its way back."""

from __future__ import annotations

from typing import Any

import pytest

from comfy_api.errors import NodeNotFound
from comfy_api.workflow import SenderKind, Workflow, check, fresh, swap_previews, unswap

Info = dict[str, Any]


def without(object_info: Info, *classes: str) -> Info:
    return {name: spec for name, spec in object_info.items() if name not in classes}


def own_sender(class_type: str, source: str = "VAEDecode", **inputs: Any) -> Workflow:
    return Workflow.load(
        {
            "8": {"class_type": source, "inputs": {}},
            "9": {
                "class_type": class_type,
                "inputs": {"images": ["8", 0], **inputs},
                "_meta": {"title": "Mine", "cnr_id": "x"},
            },
        }
    )


def test_previews_become_the_sender_that_ships_with_comfyui(draft_refine: Workflow, object_info: Info) -> None:
    swap = swap_previews(draft_refine, object_info, run_token="r1")
    assert swap.kind is SenderKind.SAVE_WEBSOCKET
    assert dict(swap.senders) == {"9": SenderKind.SAVE_WEBSOCKET, "14": SenderKind.SAVE_WEBSOCKET}
    assert swap.titles == {"9": "Draft", "14": "Picture"}
    assert swap.workflow.raw("9") == {
        "inputs": {"images": ["8", 0]},
        "class_type": "SaveImageWebsocket",
        "_meta": {"title": "Send Image (WebSocket)"},
    }


def test_the_swap_touches_preview_nodes_alone_and_keeps_the_order(draft_refine: Workflow, object_info: Info) -> None:
    before = draft_refine.graph
    after = swap_previews(draft_refine, object_info, run_token="r1").workflow.graph
    assert list(after) == list(before)
    assert {key for key in before if before[key] != after[key]} == {"9", "14"}
    assert draft_refine.graph == before


def test_without_it_previews_become_tooling_nodes_senders_as_png_with_a_fresh_input(
    txt2img: Workflow, object_info: Info
) -> None:
    swap = swap_previews(txt2img, without(object_info, "SaveImageWebsocket"), run_token="r1")
    assert swap.kind is SenderKind.ETN
    assert swap.workflow.raw("9")["class_type"] == "ETN_SendImageWebSocket"
    assert swap.workflow.raw("9")["inputs"] == {"images": ["8", 0], "format": "PNG", "_run": "r1"}


@pytest.mark.parametrize("keep", [True, False])
def test_without_any_sender_or_when_told_previews_stay(txt2img: Workflow, object_info: Info, keep: bool) -> None:
    info = object_info if keep else without(object_info, "SaveImageWebsocket", "ETN_SendImageWebSocket")
    swap = swap_previews(txt2img, info, run_token="r1", keep_previews=keep)
    assert swap.workflow == txt2img
    assert (swap.kind, dict(swap.senders), dict(swap.titles)) == (None, {}, {})


def test_the_authors_own_senders_count(object_info: Info) -> None:
    swap = swap_previews(own_sender("SaveImageWebsocket"), object_info, run_token="r1")
    assert swap.workflow == own_sender("SaveImageWebsocket")
    assert dict(swap.senders) == {"9": SenderKind.SAVE_WEBSOCKET}
    assert (swap.kind, swap.titles) == (None, {"9": "Mine"})
    etn = swap_previews(
        own_sender("ETN_SendImageWebSocket", format="PNG"), object_info, run_token="r1", keep_previews=True
    )
    assert dict(etn.senders) == {"9": SenderKind.ETN}
    assert etn.workflow.nodes["9"].inputs["_run"] == "r1"


@pytest.mark.parametrize(
    ("source", "given", "sent"),
    [
        ("VAEDecode", "PNG", "PNG"),
        ("VAEDecode", "JPEG", "JPEG"),
        ("JoinImageWithAlpha", "JPEG", "PNG"),
        ("VAEDecode", "XYZ", "PNG"),
        ("VAEDecode", "jpeg", "PNG"),
        ("VAEDecode", ["8", 0], "PNG"),
        ("VAEDecode", None, "PNG"),
    ],
)
def test_a_format_that_could_end_the_server_becomes_png(object_info: Info, source: str, given: Any, sent: str) -> None:
    workflow = own_sender("ETN_SendImageWebSocket", source, format=given)
    swap = swap_previews(workflow, object_info, run_token="r1")
    assert swap.workflow.nodes["9"].inputs["format"] == sent


def test_the_swapped_workflow_is_one_that_the_server_takes(draft_refine: Workflow, object_info: Info) -> None:
    for info in (object_info, without(object_info, "SaveImageWebsocket")):
        swapped = swap_previews(draft_refine, info, run_token="r1").workflow
        assert [finding.input for finding in check(swapped, info)] == ["ckpt_name"]


def test_fresh_makes_output_nodes_run_again(txt2img: Workflow) -> None:
    changed = fresh(txt2img, ["9"], "r2")
    assert dict(changed.nodes["9"].inputs) == {"images": ["8", 0], "_run": "r2"}
    assert fresh(changed, ["9"], "r3").nodes["9"].inputs["_run"] == "r3"
    with pytest.raises(NodeNotFound):
        fresh(txt2img, ["77"], "r2")


@pytest.mark.parametrize("missing", ["", "SaveImageWebsocket"])
def test_unswap_gives_the_preview_nodes_back(draft_refine: Workflow, object_info: Info, missing: str) -> None:
    swap = swap_previews(draft_refine, without(object_info, missing), run_token="r1")
    assert unswap(swap, ["9", "14"]) == draft_refine
    half = unswap(swap, ["9"])
    assert half.raw("9") == draft_refine.raw("9")
    assert half.raw("14") == swap.workflow.raw("14")


def test_unswap_makes_an_authors_sender_a_preview_and_keeps_its_title(object_info: Info) -> None:
    swap = swap_previews(own_sender("ETN_SendImageWebSocket", format="PNG"), object_info, run_token="r1")
    assert unswap(swap, ["9"]).raw("9") == {
        "class_type": "PreviewImage",
        "inputs": {"images": ["8", 0]},
        "_meta": {"title": "Mine", "cnr_id": "x"},
    }
