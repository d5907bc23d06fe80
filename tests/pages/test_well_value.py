"""What a browser says of a well is taken for no more than it is."""

from __future__ import annotations

from typing import Any

import pytest

from pages.components.well import Picked, picked


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ({"name": "a.png", "width": 3, "height": 2, "at": 1}, Picked("a.png", 3, 2)),
        ({"name": "a.png"}, Picked("a.png")),
        ({"name": "a.png", "width": -1, "height": "2"}, Picked("a.png")),
        ({"name": "a.png", "width": 2**40, "height": 2.5}, Picked("a.png")),
        ({"name": None, "at": 1}, None),
        ({"name": ""}, None),
        ({"name": "x" * 513}, None),
        ({"name": ["a.png"]}, None),
        ("a.png", None),
        (None, None),
    ],
)
def test_only_a_name_and_two_sides_get_through(told: Any, known: Picked | None) -> None:
    assert picked(told) == known
