"""Forms as their makers left them."""

from __future__ import annotations

from comfy_api.jobs.drafts import Drafts


def test_the_newest_form_of_a_maker_comes_back() -> None:
    drafts = Drafts()
    drafts.put("ann", "fox", {"prompt": "a fox"})
    drafts.put("ann", "owl", {"prompt": "an owl"})
    drafts.put("ann", "fox", {"prompt": "two foxes"})
    assert drafts.get("ann") == {"prompt": "two foxes"}
    assert drafts.get("ann", "owl") == {"prompt": "an owl"}


def test_makers_have_forms_of_their_own() -> None:
    drafts = Drafts()
    drafts.put("ann", "fox", {"prompt": "a fox"})
    assert drafts.get("ben") is None
    assert drafts.get("ben", "fox") is None
    assert drafts.get("ann", "owl") is None


def test_the_longest_unused_are_forgotten_first() -> None:
    drafts = Drafts(max_owners=2, max_each=2)
    for workflow in ("one", "two", "one", "three"):
        drafts.put("ann", workflow, {"is": workflow})
    assert drafts.get("ann", "two") is None
    assert drafts.get("ann", "one") == {"is": "one"}
    for owner in ("ben", "ann", "cat"):
        drafts.put(owner, "one", {"is": owner})
    assert drafts.get("ben") is None
    assert drafts.get("ann") == {"is": "ann"}
