"""What a choice offers, in words: every option under a name of its own. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from comfy_api.errors import Refused
from comfy_api.offers import Offer
from comfy_api.workflow.check import nearest
from comfy_api.workflow.forms.control import Control, Kind
from comfy_api.workflow.forms.values import check_value, find_option, same


def names_of(control: Control) -> list[str]:
    """A name for each option, no two alike: ``1``, ``"1"`` and ``true`` are three."""
    given = control.option_labels or ("",) * len(control.options)
    plain = [name or text_of(option) for name, option in zip(given, control.options, strict=True)]
    often = Counter(plain)
    exact = [
        _exactly(name, option) if often[name] > 1 else name for name, option in zip(plain, control.options, strict=True)
    ]
    return distinct(exact)


def text_of(option: Any) -> str:
    """An option as people read it."""
    return str(option).lower() if isinstance(option, bool) else str(option) or "–"


def distinct(names: Sequence[str]) -> list[str]:
    """The names, those that come again with a number."""
    seen: set[str] = set()
    found: list[str] = []
    for name in names:
        made, count = name, 1
        while made in seen:
            count += 1
            made = f"{name} ({count})"
        seen.add(made)
        found.append(made)
    return found


def option_named(control: Control, name: Any) -> int | None:
    """Which option has this name."""
    names = names_of(control)
    return names.index(name) if name in names else None


def name_of(control: Control, value: Any) -> str | None:
    """The name of the option that is meant, or None where the server has none."""
    option = find_option(value, control.options)
    if option is None:
        return None
    index = next(index for index, other in enumerate(control.options) if same(other, option))
    return names_of(control)[index]


def is_lacking(control: Control, value: Any) -> bool:
    """Whether the value is one that the server does not offer. Without a server nothing is said to be lacking."""
    if not control.options or value is None:
        return False
    if control.kind is Kind.LIST:
        return any(find_option(item, control.options) is None for item in value)
    return find_option(value, control.options) is None


def what_lacks(offer: Offer, control: Control, value: Any) -> str:
    """The same in words, or ``""``."""
    if not is_lacking(control, value):
        return ""
    finding = offer.lacking.get(control.id)
    if finding and same(finding.received, value):
        return finding.sentence
    try:
        check_value(control, value)
    except Refused as refused:
        return str(refused)
    return ""


def nearest_first(control: Control, value: Any) -> list[str]:
    """The options' names, the likeliest first where the value is lacking."""
    names = names_of(control)
    if not is_lacking(control, value) or control.kind is Kind.LIST:
        return names
    best = [name for option in nearest(value, control.options) if (name := name_of(control, option))]
    return [*best, *(name for name in names if name not in best)]


def _exactly(name: str, option: Any) -> str:
    """With quotation marks around a text, as in JSON; a name that the author gave is followed by its option."""
    exact = f'"{option}"' if isinstance(option, str) else text_of(option)
    return exact if name == text_of(option) else f"{name} · {exact}"
