"""What makers get of workflows that give no still picture, take several pictures, or ask partner nodes."""

from __future__ import annotations

from typing import Any

import pytest
from controls_cases import api, at, load, named, nested, real_info, shown, text_to_image

from comfy_api.workflow import Workflow
from comfy_api.workflow.forms.control import Kind
from comfy_api.workflow.forms.find import find_controls, find_outputs

INFO: dict[str, Any] = {
    "Look": {"input": {"required": {"image": ["IMAGE"], "batch_size": ["INT", {"min": 1}]}}, "output": ["IMAGE"]},
    "Begin": {"input": {"required": {"batch_size": ["INT", {"min": 1}]}}, "output": ["LATENT"]},
    "Load": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}, "output": ["IMAGE", "MASK"]},
    "Join": {
        "input": {"required": {"image0": ["IMAGE"], "image1": ["IMAGE"], "image2": ["IMAGE"]}},
        "output": ["IMAGE"],
    },
    "Sing": {
        "input": {
            "required": {
                "expression": ["STRING", {"multiline": True}],
                "tags": ["STRING", {"multiline": True}],
                "lyrics": ["STRING", {"multiline": True}],
                "seed": ["INT", {}],
            }
        },
        "output": ["AUDIO"],
    },
    "Partner": {
        "api_node": True,
        "input": {
            "required": {"prompt": ["STRING", {}], "model.aspect_ratio": ["COMBO", {"options": ["1:1", "16:9"]}]}
            | {f"n{number}": ["INT", {}] for number in range(13)}
        },
        "output": ["IMAGE"],
    },
    "SaveImage": {"output_node": True, "input": {"required": {"images": ["IMAGE"]}}, "output": []},
    "SaveAudio": {"output_node": True, "input": {"required": {"audio": ["AUDIO"]}}, "output": []},
    "ImageCompare": {"output_node": True, "input": {"required": {"image_a": ["IMAGE"]}}, "output": []},
}


def ending(class_type: str, **begin: Any) -> Workflow:
    """A sampler's picture in another kind of file."""
    return text_to_image(n9=(class_type, {"images": ["8", 0], "filename_prefix": "x"}), **begin)


@pytest.mark.parametrize(
    ("output", "label", "places"),
    [
        ("SaveImage", "Images", [("5", "batch_size")]),
        ("SaveAudio", "Sounds", [("5", "batch_size")]),
        ("SaveVideo", "Videos", []),
        ("SaveWEBM", "Videos", []),
        ("SaveGLB", "3D models", []),
    ],
)
def test_several_are_called_what_they_are(output: str, label: str, places: list[Any]) -> None:
    """A batch makes one longer film, so several films are runs of their own."""
    images = named(find_controls(ending(output), real_info()), "images")
    assert (images.label, at(images), images.kind) == (label, places, Kind.IMAGES)


def test_a_film_with_pictures_beside_it_is_a_film() -> None:
    workflow = ending("SaveVideo", n10=("PreviewImage", {"images": ["8", 0]}))
    assert named(find_controls(workflow, real_info()), "images").label == "Videos"


def test_a_batch_size_counts_what_is_begun_and_not_what_is_looked_at() -> None:
    looked = api(n1=("Load", {"image": "a.png"}), n2=("Look", {"image": ["1", 0], "batch_size": 4}), n3=_saved("2"))
    assert shown(find_controls(looked, INFO)) == ["image"]
    begun = api(n1=("Begin", {"batch_size": 4}), n3=_saved("1"))
    assert at(named(find_controls(begun, INFO), "images")) == [("1", "batch_size")]
    behind = api(n1=("Begin", {"batch_size": ["2", 0]}), n2=("PrimitiveInt", {"value": 4}), n3=_saved("1"))
    assert at(named(find_controls(behind, real_info() | INFO), "images")) == [("2", "value")]


def test_pictures_are_counted_from_one_and_each_is_its_own() -> None:
    loads: dict[str, Any] = {f"n{number}": ("Load", {"image": "a.png"}) for number in (1, 2, 3)}
    joined = ("Join", {"image0": ["1", 0], "image1": ["2", 0], "image2": ["3", 0]})
    controls = find_controls(api(**loads, n4=joined, n5=_saved("4")), INFO)
    assert [(c.id, c.label) for c in controls if c.shown] == [
        ("image1", "Image 1"),
        ("image2", "Image 2"),
        ("image3", "Image 3"),
    ]
    pair, outer = ("Pair", {"image1": ["1", 0], "image2": ["2", 0]}), ("Pair", {"image1": ["4", 0], "image2": ["3", 0]})
    controls = find_controls(api(**loads, n4=pair, n5=outer, n6=_saved("5")), INFO)
    assert [c.label for c in controls if c.shown] == ["Image 1", "Image 2", "Image 3"]


def test_what_a_loader_does_is_no_part_of_its_pictures_name() -> None:
    workflow = api(n1=("Load", {"image": "a.png"}, "Load Product Image"), n2=_saved("1"))
    assert named(find_controls(workflow, INFO), "image").label == "Product Image"


def test_a_song_has_words_and_a_formula_is_no_prompt() -> None:
    inputs = {"expression": "a > 2048", "tags": "soul", "lyrics": "[Verse]\nla la", "seed": 3}
    controls = find_controls(api(n1=("Sing", inputs), n2=("SaveAudio", {"audio": ["1", 0]})), INFO)
    assert [(c.id, at(c)) for c in controls if c.shown and c.kind is Kind.LONG_TEXT] == [
        ("prompt", [("1", "tags")]),
        ("lyrics", [("1", "lyrics")]),
    ]


def test_how_long_a_sound_is_stands_under_more_settings() -> None:
    workflow = ending("SaveAudio", n5=("EmptyLatentAudio", {"seconds": 47.6, "batch_size": 1}))
    seconds = named(find_controls(workflow, real_info()), "seconds")
    assert (seconds.default, seconds.shown, seconds.advanced) == (47.6, True, True)


def test_the_shape_is_asked_for_however_much_else_a_partner_takes() -> None:
    inputs = {"prompt": "a fox", "model.aspect_ratio": "1:1"} | {f"n{number}": 1 for number in range(13)}
    nodes = {"n1": ("Partner", inputs), "n2": _saved("1")}
    controls = find_controls(api(**nodes), INFO)
    assert [c.id for c in controls if c.shown and not c.advanced] == ["prompt", "aspect_ratio"]
    other = ("Partner", inputs | {"model.aspect_ratio": "16:9"})
    assert "aspect_ratio" not in shown(find_controls(api(**nodes, n3=other, n4=_saved("3")), INFO))


def test_a_comparison_is_shown_only_where_nothing_else_is() -> None:
    load, compare = ("Load", {"image": "a.png"}), ("ImageCompare", {"image_a": ["1", 0]})
    both = find_outputs(api(n1=load, n2=compare, n3=_saved("1")), INFO)
    assert [(output.node_id, output.shown) for output in both] == [("2", False), ("3", True)]
    (alone,) = find_outputs(api(n1=load, n2=compare), INFO)
    assert alone.shown


def test_a_numbered_port_has_the_name_of_what_is_behind_it() -> None:
    controls = find_controls(load(nested(ports=[("width", 103), ("height_1", 104)])), real_info())
    assert [c.label for c in controls if c.shown and c.kind is Kind.SIZE] == ["Size"]
    assert "Height 1" not in [c.label for c in controls]


def _saved(node_id: str) -> tuple[str, dict[str, Any]]:
    return "SaveImage", {"images": [node_id, 0]}
