"""Values of a form: typed, in range, and refused in a maker's words at the control concerned."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.errors import Refused
from comfy_api.workflow.forms.control import Control, Form, Kind
from comfy_api.workflow.forms.seeding import draw_seed, next_seed
from comfy_api.workflow.forms.typed import parse_text
from comfy_api.workflow.forms.values import Limits, check_value, check_values

LIMITS = Limits(text=10, images=8, pixels=1024 * 1024, steps=150)


def control(kind: Kind, **fields: Any) -> Control:
    return Control(**{"id": "it", "kind": kind, "label": "It", **fields})


def refusal(made: Control, value: Any) -> str:
    with pytest.raises(Refused) as caught:
        check_value(made, value, LIMITS)
    assert caught.value.control == made.id
    return str(caught.value)


STEPS = control(Kind.INTEGER, id="steps", label="Steps", minimum=1, maximum=10_000)
CFG = control(Kind.NUMBER, minimum=0.0, maximum=100.0)
SLIDER = control(Kind.SLIDER, minimum=0, maximum=10, whole=True)
CHOICE = control(Kind.CHOICE, options=(1, 2.0, "1", True, "a/b", "euler"))
MODEL = control(Kind.MODEL, label="Model", options=("sub/dreamshaper_7.safetensors", "sd_xl.safetensors", "z.ckpt"))
SEED = control(Kind.SEED, id="seed", label="Seed")
IMAGES = control(Kind.IMAGES, id="images", label="Images")
SIZE = control(Kind.SIZE, minimum=16, maximum=16384)
IMAGE = control(Kind.IMAGE)
LIST = control(Kind.LIST, options=("a", "b", 3))


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (control(Kind.TEXT), ""),
        (control(Kind.LONG_TEXT), "0123456789"),
        (STEPS, 1),
        (STEPS, 150),
        (CFG, 7),
        (CFG, 7.5),
        (CFG, 100.0),
        (SLIDER, 10),
        (control(Kind.SWITCH), False),
        (CHOICE, "1"),
        (CHOICE, 1),
        (CHOICE, True),
        (control(Kind.CHOICE), "anything"),
        (SEED, 0),
        (SEED, 2**64 - 1),
        (SEED, None),
        (IMAGES, 8),
        (SIZE, [1024, 1024]),
        (IMAGE, "easel-1f.png"),
        (IMAGE, "sub/a b\u202fc.png [output]"),
        (IMAGE, None),
        (control(Kind.COLOUR), "#e4572e"),
        (LIST, ["b", 3]),
        (LIST, []),
        (control(Kind.LIST), [1.5, True, "x"]),
    ],
)
def test_a_value_that_fits_stays_as_it_is(made: Control, value: Any) -> None:
    kept = check_value(made, value, LIMITS)
    assert (type(kept), kept) == (type(value), value)


@pytest.mark.parametrize(
    ("made", "value", "kept"),
    [
        (CHOICE, 2, 2.0),
        (CHOICE, "a\\b", "a/b"),
        (MODEL, "sub\\dreamshaper_7.safetensors", "sub/dreamshaper_7.safetensors"),
        (IMAGE, "", None),
        (control(Kind.COLOUR), "#E4572E", "#e4572e"),
        (SIZE, (64, 64), [64, 64]),
    ],
)
def test_a_value_that_means_the_same_takes_the_form_s_spelling(made: Control, value: Any, kept: Any) -> None:
    checked = check_value(made, value, LIMITS)
    assert (type(checked), checked) == (type(kept), kept)


@pytest.mark.parametrize(
    ("made", "value", "sentence"),
    [
        (control(Kind.TEXT), 5, '"It" is text.'),
        (control(Kind.TEXT), None, '"It" is text.'),
        (control(Kind.TEXT), "x" * 11, "This text is longer than 10 characters. Shorten it."),
        (control(Kind.TEXT, required=True), " \n", '"It" is empty. Fill it in.'),
        (STEPS, 0, '"Steps" is a whole number from 1 to 10000.'),
        (STEPS, True, '"Steps" is a whole number from 1 to 10000.'),
        (STEPS, 20.0, '"Steps" is a whole number from 1 to 10000.'),
        (STEPS, "20", '"Steps" is a whole number from 1 to 10000.'),
        (STEPS, 151, "Choose at most 150 steps."),
        (control(Kind.INTEGER, minimum=1), 0, '"It" is a whole number, at least 1.'),
        (control(Kind.INTEGER, maximum=1), 2, '"It" is a whole number, at most 1.'),
        (control(Kind.INTEGER), 10**400, '"It" is a whole number.'),
        (CFG, 100.5, '"It" is a number from 0 to 100.'),
        (CFG, float("nan"), '"It" is a number from 0 to 100.'),
        (CFG, float("inf"), '"It" is a number from 0 to 100.'),
        (SLIDER, 1.5, '"It" is a whole number from 0 to 10.'),
        (control(Kind.SWITCH), 1, '"It" is true or false.'),
        (CHOICE, "eulr", '"eulr" is no choice for "It". There are "euler" and 5 others. Choose one.'),
        (CHOICE, False, '"False" is no choice for "It". There are "1" and 5 others. Choose one.'),
        (CHOICE, ["euler"], '"It" is one of its choices.'),
        (
            MODEL,
            "dreamshaper_8.safetensors",
            'The server does not have the model "dreamshaper_8.safetensors". '
            'It has "sub/dreamshaper_7.safetensors" and 2 others. Choose one.',
        ),
        (control(Kind.CHOICE, options=("a",)), "b", '"b" is no choice for "It". There is "a". Choose that one.'),
        (SEED, -1, "A seed is a whole number from 0 to 18446744073709551615."),
        (SEED, 2**64, "A seed is a whole number from 0 to 18446744073709551615."),
        (SEED, 1.0, "A seed is a whole number from 0 to 18446744073709551615."),
        (control(Kind.SEED, maximum=99), 100, "A seed is a whole number from 0 to 99."),
        (IMAGES, 0, "Choose 1 to 8 images."),
        (IMAGES, 9, "Choose 1 to 8 images."),
        (control(Kind.IMAGES, maximum=4), 5, "Choose 1 to 4 images."),
        (SIZE, [512], '"It" is a width and a height, both whole numbers.'),
        (SIZE, [512, True], '"It" is a width and a height, both whole numbers.'),
        (SIZE, [8, 512], "Width and height are whole numbers from 16 to 16384."),
        (control(Kind.SIZE), [0, 512], "Width and height are whole numbers from 1."),
        (SIZE, [1024, 1032], "This picture is too large here. Choose at most 1024 × 1024."),
        (control(Kind.IMAGE, required=True), None, "Add a picture to begin from."),
        (control(Kind.AUDIO, required=True), "", "Add a sound."),
        (IMAGE, 5, '"It" is the name of a file.'),
        (control(Kind.COLOUR), "red", '"It" is a colour such as #e4572e.'),
        (LIST, "a", '"It" is a list of texts or numbers.'),
        (LIST, ["a", "3"], '"3" is no choice for "It". There are "a" and 2 others. Choose one.'),
        (LIST, ["a"] * 1001, '"It" has more than 1,000 entries. Shorten it.'),
        (control(Kind.LIST, required=True), [], '"It" is empty. Fill it in.'),
        (control(Kind.LIST), [["3", 0]], '"It" is a list of texts or numbers.'),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(made: Control, value: Any, sentence: str) -> None:
    assert refusal(made, value) == sentence


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "a/../../b.png",
        "..",
        "/etc/passwd",
        "\\\\host\\x",
        "..\\a.png",
        "C:\\a.png",
        "a\0b",
        "a//b",
        "x" * 501,
    ],
)
def test_a_file_stays_within_the_server_s_folders(name: str) -> None:
    assert "is no file of this server" in refusal(IMAGE, name)


def test_all_values_are_checked_in_the_order_of_the_form() -> None:
    form = Form(controls=(SEED, STEPS, IMAGE))
    assert list(check_values(form, {"steps": 5, "seed": None}, LIMITS).items()) == [("seed", None), ("steps", 5)]
    with pytest.raises(Refused, match="150 steps"):
        check_values(form, {"steps": 151}, LIMITS)


def test_an_unknown_value_is_refused_by_name() -> None:
    form = Form(controls=(SEED, control(Kind.TEXT, id="hidden", shown=False)))
    for name in ("sede", "hidden"):
        with pytest.raises(Refused, match=f'^This form has no "{name}". It has: seed.$'):
            check_values(form, {name: 1}, LIMITS)


def test_a_picture_that_is_needed_is_missed_even_where_no_value_is_given() -> None:
    needed = control(Kind.IMAGE, id="image", required=True)
    with pytest.raises(Refused, match="Add a picture") as caught:
        check_values(Form(controls=(needed,)), {}, LIMITS)
    assert caught.value.control == "image"
    assert check_values(Form(controls=(IMAGE, control(Kind.IMAGE, id="b", required=True, default="x.png"))), {}) == {}


@pytest.mark.parametrize(
    ("made", "text", "value"),
    [
        (control(Kind.LONG_TEXT), " a fox ", " a fox "),
        (STEPS, " 20 ", 20),
        (STEPS, "2e1", "2e1"),
        (STEPS, "1_0", "1_0"),
        (STEPS, "٣", "٣"),
        (CFG, "7", 7),
        (CFG, "7.50", 7.5),
        (CFG, ".5", 0.5),
        (CFG, "1e-3", 0.001),
        (CFG, "nan", "nan"),
        (CFG, "1e999", "1e999"),
        (SEED, "18446744073709551615", 2**64 - 1),
        (SEED, " ", None),
        (SEED, "9" * 50, "9" * 50),
        (control(Kind.SWITCH), "On", True),
        (control(Kind.SWITCH), "0", False),
        (control(Kind.SWITCH), "maybe", "maybe"),
        (CHOICE, "1", "1"),
        (CHOICE, "2", 2.0),
        (CHOICE, "true", True),
        (CHOICE, "a\\b", "a/b"),
        (CHOICE, "nope", "nope"),
        (control(Kind.CHOICE, options=(1, 2)), "1", 1),
        (control(Kind.CHOICE), "euler", "euler"),
        (SIZE, "1024x768", [1024, 768]),
        (SIZE, "1024 × 768", [1024, 768]),
        (SIZE, "large", "large"),
        (control(Kind.COLOUR), "E4572E", "#E4572E"),
        (LIST, "a, 3", ["a", 3]),
        (LIST, "", []),
    ],
)
def test_text_from_a_link_becomes_a_value(made: Control, text: str, value: Any) -> None:
    parsed = parse_text(made, text)
    assert (type(parsed), parsed) == (type(value), value)


def test_text_brings_no_file() -> None:
    with pytest.raises(Refused, match=r'^"It" takes a file, which text cannot bring\. Add it in the form\.$'):
        parse_text(IMAGE, "easel-1f.png")


@given(st.sampled_from([STEPS, CFG, SLIDER, CHOICE, MODEL, SEED, IMAGES, SIZE, LIST]), st.text(max_size=30))
def test_typed_text_is_taken_or_refused_and_nothing_else(made: Control, text: str) -> None:
    with contextlib.suppress(Refused):
        check_value(made, parse_text(made, text), LIMITS)


@given(st.randoms(use_true_random=False))
def test_drawn_seeds_are_short_and_in_range(rng: random.Random) -> None:
    assert 0 <= draw_seed(SEED, rng) < 2**32
    assert 5 <= draw_seed(control(Kind.SEED, minimum=5, maximum=7), rng) <= 7
    assert 2**60 <= draw_seed(control(Kind.SEED, minimum=2**60), rng) < 2**60 + 2**32


def test_seeds_count_up_and_begin_again() -> None:
    assert next_seed(SEED, 4) == 5
    assert next_seed(SEED, 2**64 - 1) == 0
    assert next_seed(control(Kind.SEED, minimum=3, maximum=5), 4, 2) == 3
