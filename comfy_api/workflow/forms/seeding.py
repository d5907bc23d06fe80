"""Seeds of a job: drawn and counted within the range of their control. Pure."""

from __future__ import annotations

import math
import random
from typing import Final

from comfy_api.workflow.edits import MAX_SEED
from comfy_api.workflow.forms.control import Control

#: Seeds are drawn below this, so that they can be read aloud.
SHORT_SEED: Final = 2**32


def draw_seed(control: Control, rng: random.Random) -> int:
    """A seed within the control's range, the 2³² least ones of it."""
    least, most = seed_range(control)
    return rng.randint(least, min(most, least + SHORT_SEED - 1))


def next_seed(control: Control, seed: int, ahead: int = 1) -> int:
    """The seed that is ``ahead`` further; after the last comes the first."""
    least, most = seed_range(control)
    return least + (seed - least + ahead) % (most - least + 1)


def seed_range(control: Control) -> tuple[int, int]:
    """The least and the greatest seed that the control takes, 0 to 2⁶⁴-1 where it states nothing."""
    least = 0 if control.minimum is None else max(0, math.ceil(control.minimum))
    most = MAX_SEED if control.maximum is None else min(MAX_SEED, math.floor(control.maximum))
    return (least, most) if least <= most else (0, MAX_SEED)
