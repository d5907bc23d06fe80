"""Scenes: which land, water and plants make up each place, from far to near."""

from __future__ import annotations

from collections.abc import Callable

from comfy_api.demo import built, city, forest, nature, rocks, worlds
from comfy_api.demo.brush import colour, mix
from comfy_api.demo.grounds import (
    paint_far_mountains,
    paint_foreground,
    paint_meadow,
    paint_mist,
    paint_near_shore,
    snowy,
    turf,
)
from comfy_api.demo.land import (
    paint_grass,
    paint_hill,
    paint_pines,
    paint_range,
)
from comfy_api.demo.sky import paint_sky, paint_stars
from comfy_api.demo.stage import Stage
from comfy_api.demo.water import paint_mirror, paint_river, paint_sand, paint_sea


def paint_scene(st: Stage) -> None:
    """The place of the stage, sky to foreground, without subjects and weather."""
    _PLACES[st.place](st)


def _mountain(st: Stage) -> None:
    paint_sky(st)
    paint_far_mountains(st, 0.4, st.horizon)
    rng = st.dice("foothills")
    for index in range(3):
        base = st.horizon + (0.06 + 0.1 * index) * st.scale
        line = paint_hill(
            st,
            f"foothill {index}",
            base,
            0.1 * st.scale,
            0.45 - 0.2 * index,
            albedo=mix(turf(st), colour("#40604a"), 0.5 if not snowy(st) else 0.1),
            mist=0.5 - 0.1 * index,
        )
        paint_pines(
            st,
            f"pines {index}",
            line,
            (0.03 + 0.03 * index) * st.scale,
            0.5 - 0.22 * index,
            dense=float(rng.uniform(0.6, 1.0)),
        )
    paint_foreground(st)


def _lake(st: Stage) -> None:
    paint_sky(st)
    shore = min(int(st.horizon + 0.07 * st.scale), st.height - 2)
    paint_far_mountains(st, 0.36, st.horizon)
    line = paint_hill(st, "shore", shore, 0.06 * st.scale, 0.35, albedo=mix(turf(st), colour("#40604a"), 0.5), mist=0.3)
    paint_pines(st, "shore pines", line, 0.055 * st.scale, 0.3)
    paint_mirror(st, shore)
    paint_mist(st, "lake mist", shore, 0.02, 0.5)
    paint_near_shore(st)


def _sea(st: Stage) -> None:
    paint_sky(st)
    rng = st.dice("headland")
    if rng.uniform() < 0.65:
        paint_range(
            st, "headland", st.horizon + 0.012 * st.scale, rng.uniform(0.05, 0.13) * st.scale, 0.6, peaks=2, snow=0
        )
    paint_sea(st, st.horizon, rough=0.95 if st.brief.wants("storm") else float(rng.uniform(0.25, 0.6)))


def _beach(st: Stage) -> None:
    _sea(st)
    paint_sand(st, st.horizon + 0.62 * (st.height - st.horizon))


def _island(st: Stage) -> None:
    paint_sky(st)
    rng = st.dice("island")
    foot = st.horizon + 0.012 * st.scale
    paint_range(st, "far island", foot, 0.07 * st.scale, 0.75, peaks=2, snow=0)
    rocks.paint_island(st, st.focus, foot, rng.uniform(0.2, 0.27) * st.scale)
    paint_sea(st, st.horizon + int(0.012 * st.scale), rough=0.25)


def _river(st: Stage) -> None:
    paint_sky(st)
    paint_far_mountains(st, 0.32, st.horizon)
    for index in range(2):
        base = st.horizon + (0.03 + 0.05 * index) * st.scale
        line = paint_hill(st, f"valley {index}", base, 0.05 * st.scale, 0.5 - 0.2 * index, albedo=turf(st))
        paint_pines(st, f"pines {index}", line, (0.022 + 0.02 * index) * st.scale, 0.45 - 0.2 * index, dense=0.7)
    top = min(int(st.horizon + 0.07 * st.scale), st.height - 4)
    paint_river(st, top, turf(st))
    paint_grass(st, "grass", st.height - 0.12 * st.scale, albedo=turf(st), tall=0.06, count=900)


def _field(st: Stage) -> None:
    paint_sky(st)
    if st.dice("back").uniform() < 0.6:
        paint_far_mountains(st, 0.2, st.horizon, 2)
    for index in range(4):
        base = st.horizon + (0.03 + 0.085 * index + 0.015 * index * index) * st.scale
        line = paint_hill(
            st,
            f"hill {index}",
            base,
            (0.05 + 0.015 * index) * st.scale,
            0.6 - 0.18 * index,
            albedo=turf(st, "#8aa64a" if index % 2 else "#6f9146"),
            cells=1.9 - 0.25 * index,
            mist=0.45 - 0.1 * index,
        )
        if index < 3:
            nature.paint_grove(st, f"grove {index}", line, (0.02 + 0.018 * index) * st.scale, 0.55 - 0.17 * index)
    top = st.horizon + 0.36 * st.scale
    paint_meadow(st, min(top, st.height - 0.16 * st.scale))


def _forest(st: Stage) -> None:
    forest.paint_forest(st)


def _desert(st: Stage) -> None:
    paint_sky(st)
    sand = colour("#e3a868") if "mars" not in st.brief.named else colour("#c8643a")
    if st.dice("mesa").uniform() < 0.5:
        rocks.paint_mesas(st, "mesa", st.horizon + 0.02 * st.scale, 0.13 * st.scale, 0.62)
    for index in range(4):
        base = st.horizon + (0.03 + 0.1 * index + 0.03 * index**2) * st.scale
        rocks.paint_dune(st, f"dune {index}", base, (0.05 + 0.05 * index) * st.scale, 0.55 - 0.18 * index, albedo=sand)


def _canyon(st: Stage) -> None:
    paint_sky(st)
    for index, (depth, tall) in enumerate([(0.7, 0.2), (0.5, 0.27), (0.25, 0.36)]):
        base = st.horizon + (0.03 + 0.1 * index) * st.scale
        rocks.paint_mesas(st, f"mesa {index}", base, tall * st.scale, depth)
        paint_mist(st, f"mist {index}", base, 0.035, 0.35)
    rocks.paint_canyon_floor(st, st.horizon + 0.22 * st.scale)


def _winter(st: Stage) -> None:
    _mountain(st)


def _garden(st: Stage) -> None:
    paint_sky(st)
    for index in range(3):
        base = st.horizon + 0.05 * index * st.scale
        line = paint_hill(
            st,
            f"hill {index}",
            base,
            0.05 * st.scale,
            0.5 - 0.2 * index,
            albedo=turf(st, "#5f8a48"),
            mist=0.4 - 0.18 * index,
        )
        nature.paint_grove(st, f"grove {index}", line, (0.07 + 0.03 * index) * st.scale, 0.5 - 0.2 * index, dense=2.0)
    paint_meadow(st, st.horizon + 0.12 * st.scale)
    nature.paint_bokeh(st)


def _space(st: Stage) -> None:
    worlds.paint_space(st)


def _city(st: Stage) -> None:
    paint_sky(st)
    if st.light.name == "night":
        paint_stars(st, 0.25)
    shore = min(int(st.horizon + 0.1 * st.scale), st.height - 2)
    city.paint_skyline(st, shore)
    paint_mirror(st, shore, calm=0.7)
    city.smear_lights(st, shore)


def _street(st: Stage) -> None:
    paint_sky(st)
    city.paint_skyline(st, st.horizon, layers=2)
    city.paint_street(st)


def _village(st: Stage) -> None:
    paint_sky(st)
    paint_far_mountains(st, 0.26, st.horizon)
    for index in range(3):
        base = st.horizon + (0.05 + 0.1 * index) * st.scale
        line = paint_hill(st, f"hill {index}", base, 0.05 * st.scale, 0.45 - 0.2 * index, albedo=turf(st), mist=0.35)
        nature.paint_grove(st, f"grove {index}", line, (0.03 + 0.014 * index) * st.scale, 0.45 - 0.2 * index)
        if index:
            built.paint_houses(st, f"houses {index}", line, (0.03 + 0.018 * index) * st.scale, 0.35 - 0.17 * index)
    paint_foreground(st)


def _castle(st: Stage) -> None:
    paint_sky(st)
    paint_far_mountains(st, 0.3, st.horizon)
    crag = st.horizon + 0.05 * st.scale
    built.paint_castle(st, st.focus, crag, 0.3 * st.scale)
    for index in range(2):
        base = st.horizon + (0.1 + 0.12 * index) * st.scale
        line = paint_hill(
            st,
            f"hill {index}",
            base,
            0.07 * st.scale,
            0.3 - 0.15 * index,
            albedo=mix(turf(st), colour("#40604a"), 0.5),
        )
        paint_pines(st, f"pines {index}", line, (0.05 + 0.03 * index) * st.scale, 0.3 - 0.15 * index)
    paint_foreground(st)


def _lighthouse(st: Stage) -> None:
    _sea(st)
    built.paint_lighthouse(st)


_PLACES: dict[str, Callable[[Stage], None]] = {
    "mountain": _mountain,
    "lake": _lake,
    "sea": _sea,
    "beach": _beach,
    "island": _island,
    "river": _river,
    "field": _field,
    "forest": _forest,
    "desert": _desert,
    "canyon": _canyon,
    "winter": _winter,
    "garden": _garden,
    "space": _space,
    "city": _city,
    "street": _street,
    "village": _village,
    "castle": _castle,
    "lighthouse": _lighthouse,
}
