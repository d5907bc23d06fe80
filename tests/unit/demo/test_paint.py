"""The painter of the demo engine: deterministic, moved by every argument, and quick on hostile text."""

from __future__ import annotations

import itertools
import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from comfy_api.demo.brush import colour
from comfy_api.demo.paint import develop, noise, paint, restyle
from comfy_api.demo.words import WORDS, read

Picture = NDArray[np.uint8]
SIDE = 128


def painted(text: str, *, seed: int = 1, width: int = SIDE, height: int = SIDE, negative: str = "") -> Picture:
    return paint(text, negative=negative, seed=seed, width=width, height=height)


def gap(a: Picture, b: Picture) -> float:
    """Mean absolute difference, 0..255."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


def likeness(a: Picture, b: Picture) -> float:
    """Correlation of two pictures, -1..1."""
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


def sharpness(a: Picture) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(a, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


@pytest.fixture(scope="module")
def lake() -> Picture:
    return painted("mountain lake at dawn", seed=4, width=256, height=256)


@pytest.fixture(scope="module")
def sea() -> Picture:
    return painted("sea at sunset", seed=9, width=256, height=256)


def test_the_same_arguments_give_the_same_bytes() -> None:
    first = painted("a red fox in a misty forest, stars", seed=2**64 - 1)
    assert np.array_equal(first, painted("a red fox in a misty forest, stars", seed=2**64 - 1))


@pytest.mark.parametrize(
    ("text", "seed", "cfg"),
    [
        ("a fox in a forest at night", 1, 7.0),
        ("a fox in a forest at dawn", 2, 7.0),
        ("a fox in a forest at dawn quux", 1, 7.0),
        ("a fox in a forest at dawn", 1, 12.0),
    ],
    ids=["another known word", "another seed", "an unknown word", "another cfg"],
)
def test_every_argument_changes_the_picture(text: str, seed: int, cfg: float) -> None:
    changed = paint(text, seed=seed, width=SIDE, height=SIDE, cfg=cfg)
    assert gap(changed, painted("a fox in a forest at dawn", seed=1)) > 1


def test_a_seed_gives_a_sibling_not_a_stranger() -> None:
    """Siblings share their palette; another time of day does not."""
    one, two = (painted("sea at sunset", seed=s).mean((0, 1)) for s in (1, 2))
    night = painted("sea at night", seed=1).mean((0, 1))
    assert np.abs(one - two).mean() < np.abs(one - night).mean()


def test_a_larger_picture_keeps_its_composition() -> None:
    text = "village by a river, golden hour, horse"
    small, large = painted(text), painted(text, width=2 * SIDE, height=2 * SIDE)
    assert likeness(small, cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)) > 0.9


@pytest.mark.parametrize("size", [(64, 64), (72, 200), (200, 72), (513, 65), (64, 331)])
@pytest.mark.parametrize("text", ["", "a girl and a cat in a rainy neon city street", "watercolor boat on a lake, fog"])
def test_any_size_has_the_right_shape(text: str, size: tuple[int, int]) -> None:
    width, height = size
    picture = painted(text, width=width, height=height)
    assert (picture.shape, picture.dtype) == ((height, width, 3), np.uint8)
    assert picture.std() > 4
    start = noise(3, width, height)
    assert (start.shape, start.dtype) == ((height, width, 3), np.uint8)
    for share in (0.0, 0.5, 1.0):
        step = develop(start, picture, share, 3, strength=0.6)
        assert (step.shape, step.dtype) == ((height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [(8, 8), (1024, 16), (16, 640)])
def test_sizes_beyond_the_useful_still_paint(size: tuple[int, int]) -> None:
    for place in WORDS["place"]:
        assert painted(f"{place}, fox", width=size[0], height=size[1]).shape == (size[1], size[0], 3)


def test_the_largest_size_is_painted() -> None:
    assert painted("desert", width=2048, height=1024).shape == (1024, 2048, 3)


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_known_word_paints_without_a_warning(kind: str) -> None:
    for value, names in WORDS[kind].items():
        picture = painted(f"{names.split()[0]} {value}", width=96, height=96)
        assert picture.std() > 3, value


@pytest.mark.parametrize("place", sorted(WORDS["place"]))
def test_every_place_takes_a_subject_and_weather(place: str) -> None:
    assert painted(f"{place} fox house flower, snow, rain, night", width=96, height=96).std() > 3


def test_every_place_looks_different() -> None:
    pictures = [painted(f"{place} at noon", width=96, height=96) for place in sorted(WORDS["place"])]
    closest = min(gap(a, b) for i, a in enumerate(pictures) for b in pictures[:i])
    assert closest > 3


def test_the_time_of_day_sets_the_brightness() -> None:
    day, dusk, night = (painted(f"mountain at {t}").mean() for t in ("noon", "dusk", "night"))
    assert day > dusk > night


def test_a_colour_word_tints_the_picture() -> None:
    green = painted("green sky above mountains, dawn").astype(float).mean((0, 1))
    plain = painted("sky above mountains, dawn").astype(float).mean((0, 1))
    assert green[1] - green[[0, 2]].mean() > plain[1] - plain[[0, 2]].mean() + 3


def test_a_colour_belongs_to_the_subject_after_it() -> None:
    brief = read("a red fox under a blue balloon, teal")
    assert brief.subjects == (("fox", "#d23a2c"), ("balloon", "#2f6fcf"))
    assert brief.tint == "#1f8f8f"
    assert colour("#ff0080").tolist() == pytest.approx([1, 0, 128 / 255])


def test_phrases_are_read_before_words() -> None:
    brief = read("Golden hour, oil painting of a hot air balloon, black and white")
    assert brief.times == ("golden",)
    assert brief.styles == ("oil", "monochrome")
    assert brief.tint is None


@pytest.mark.parametrize("text", ["lake without fog", "lake, no fog"])
def test_a_negated_word_is_ruled_out(text: str) -> None:
    assert not read(text).wants("fog")
    assert "fog" in read(text).unwanted


@pytest.mark.parametrize(
    ("text", "negative"),
    [
        ("mountain, day, clouds", "clouds"),
        ("sea at night, moon", "moon"),
        ("sea at night, stars", "stars"),
        ("lake, day, fog", "foggy"),
        ("a fox in a field", "fox"),
        ("field, day", "trees"),
        ("field at noon with a rainbow", "rainbow"),
    ],
)
def test_a_negative_word_suppresses_what_it_names(text: str, negative: str) -> None:
    assert gap(painted(text), painted(text, negative=negative)) > 0.1


def test_a_negative_word_that_names_nothing_there_changes_nothing() -> None:
    assert np.array_equal(painted("sea at noon"), painted("sea at noon", negative="watermark, text"))


def test_black_and_white_has_no_colour() -> None:
    picture = painted("stormy sea, black and white").astype(int)
    assert np.abs(picture[..., 0] - picture[..., 2]).mean() < 6


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "fox " * 2500,
        "🦊🌋" * 500,
        "ثعلب أحمر في الغابة",
        "a\0b\0fox",
        "\ud800 lone",
        "<" * 5000,
        "((((fox:1.2",
    ],
    ids=["long word", "many words", "emoji", "rtl", "nul", "surrogate", "brackets", "weights"],
)
def test_hostile_text_is_painted_and_quick(text: str) -> None:
    started = time.process_time()
    picture = paint(text, negative=text, seed=0, width=96, height=96)
    assert picture.std() > 3
    assert time.process_time() - started < 1.5


def test_noise_is_its_seed_s() -> None:
    assert np.array_equal(noise(7, 96, 64), noise(7, 96, 64))
    assert gap(noise(7, 96, 64), noise(8, 96, 64)) > 10


def test_developing_comes_closer_with_every_step(lake: Picture) -> None:
    start = noise(5, 256, 256)
    steps = [develop(start, lake, i / 20, 5) for i in range(21)]
    gaps = [gap(step, lake) for step in steps]
    assert np.array_equal(steps[0], start)
    assert np.array_equal(steps[-1], lake)
    assert all(later < earlier for earlier, later in itertools.pairwise(gaps))


def test_large_shapes_come_before_detail(lake: Picture) -> None:
    """Half way, the blurred step is nearer to its end than the step itself is."""

    def soft(image: Picture) -> Picture:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), 8), np.uint8)

    start = noise(5, 256, 256)
    half = develop(start, lake, 0.5, 5)
    coarse = gap(soft(half), soft(lake)) / gap(soft(start), soft(lake))
    fine = gap(half, lake) / gap(start, lake)
    assert coarse < fine


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_strength_zero_is_the_start(lake: Picture, sea: Picture, share: float) -> None:
    assert np.array_equal(develop(lake, sea, share, 3, strength=0.0), lake)
    assert np.array_equal(restyle(lake, sea, 0.0, 3), lake)


def test_a_little_strength_changes_a_little(lake: Picture, sea: Picture) -> None:
    assert gap(restyle(lake, sea, 0.02, 3), lake) < 5


def test_full_strength_is_the_target(lake: Picture, sea: Picture) -> None:
    assert np.array_equal(restyle(lake, sea, 1.0, 3), sea)


def test_the_last_step_is_the_restyled_picture(lake: Picture, sea: Picture) -> None:
    assert np.array_equal(develop(lake, sea, 1.0, 3, strength=0.6), restyle(lake, sea, 0.6, 3))


@pytest.mark.parametrize("strength", [0.3, 0.5, 0.7])
def test_image_to_image_keeps_the_start_s_composition(lake: Picture, sea: Picture, strength: float) -> None:
    result = restyle(lake, sea, strength, 3)
    assert likeness(result, lake) > 0.75 > likeness(result, sea)


def test_image_to_image_takes_the_target_s_palette(lake: Picture, sea: Picture) -> None:
    def off(image: Picture) -> float:
        return float(np.abs(image.mean((0, 1)) - sea.mean((0, 1))).mean())

    assert off(restyle(lake, sea, 0.7, 3)) < 0.85 * off(lake)


def test_refining_an_enlarged_draft_makes_it_sharper_and_truer() -> None:
    """The draft's own words and seed at the larger size give detail that belongs there."""
    text = "castle on a hill at sunset"
    draft = cv2.resize(painted(text, width=192, height=192), (288, 288), interpolation=cv2.INTER_CUBIC)
    target = painted(text, width=288, height=288)
    refined = restyle(np.asarray(draft, np.uint8), target, 0.5, 1)
    assert sharpness(refined) > 1.2 * sharpness(np.asarray(draft, np.uint8))
    assert gap(refined, target) < 0.7 * gap(np.asarray(draft, np.uint8), target)


def test_a_start_of_another_size_is_fitted(lake: Picture) -> None:
    small = np.asarray(cv2.resize(lake, (96, 96)), np.uint8)
    assert restyle(small, lake, 0.5, 1).shape == lake.shape


def test_a_step_is_quick() -> None:
    """A 20-step picture of 512² leaves nearly all its time to the engine's pacing."""
    target = np.asarray(cv2.resize(painted("sea"), (512, 512)), np.uint8)
    start = noise(1, 512, 512)
    started = time.process_time()
    for step in range(10):
        develop(start, target, step / 10, 1)
    assert (time.process_time() - started) / 10 < 0.05
