"""Contract of search, on both databases: they find what the pure model finds, and take every question as data."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfy_api.store import Filter, Store
from comfy_api.store.words import matches, terms_of, words_of
from tests.store.conftest import add, new_job
from tests.store.test_store_words import FOUND

HOSTILE = [
    '"', "'", "''", "\\", "*", "a*", "(", ")", "fox)", "fox OR cat", "fox AND", "NOT fox", "NEAR(fox cat)",
    "fox <-> cat", "words:fox", "search:fox", "fox^2", "-fox", "+fox", "%", "_", "fo_", "'; DROP TABLE jobs; --",
    "fox & !cat", '"fox" : *', "fox:*", "\x00", "fox\x00cat", "\ud83d", "\ue000", "ＯＲ", "{fox}", "$1",
    ":question", "%s", "fox" * 500, "a " * 3000,
]  # fmt: skip


def found(store: Store, text: str, owner: str = "ann") -> set[str]:
    return {job.prompt_text for job in store.jobs.list(owner, Filter(text=text), limit=500).jobs}


def test_every_script_is_found(store: Store) -> None:
    for text, _, _ in FOUND:
        add(store, prompt_text=text)
    for text, hits, misses in FOUND:
        assert all(text in found(store, asked) for asked in hits), text
        assert all(text not in found(store, asked) for asked in misses), text


def test_a_hostile_question_is_data(store: Store) -> None:
    texts = {"a red fox", "a cat or a fox", "near and not", "drop table jobs"}
    for text in texts:
        add(store, prompt_text=text)
    for asked in HOSTILE:
        wanted = {text for text in texts if terms_of(asked) and matches(terms_of(asked), words_of(text))}
        assert found(store, asked) == (wanted if asked.strip() else texts), asked


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.text(max_size=20), max_size=3), asked=st.text(max_size=8))
def test_any_text_is_taken_and_found_as_the_model_finds_it(store: Store, texts: list[str], asked: str) -> None:
    owner = new_job().id  # one that nobody had before
    for text in texts:
        add(store, owner=owner, prompt_text=text)
    for question in (asked, *texts):
        if question.strip() and terms_of(question):
            expected = sum(matches(terms_of(question), words_of(text)) for text in texts)
            assert len(store.jobs.list(owner, Filter(text=question)).jobs) == expected


def test_a_crowd_of_texts_is_found_as_the_model_finds_it(store: Store) -> None:
    rng = random.Random(7)
    alphabet = ["fox", "foxes", "fo", "cat", "the", "猫", "猫が", "東京タワー", "3d", "🐱", "여우", "é"]
    texts = [" ".join(rng.choices(alphabet, k=rng.randint(0, 5))) for _ in range(60)]
    for text in texts:
        add(store, prompt_text=text)
    for _ in range(60):
        asked = " ".join(rng.choice(alphabet)[: rng.randint(1, 3)] for _ in range(rng.randint(1, 3)))
        assert found(store, asked) == {text for text in texts if matches(terms_of(asked), words_of(text))}, asked


def test_only_ones_own_are_found(store: Store) -> None:
    add(store, owner="ann", prompt_text="a fox")
    add(store, owner="bob", prompt_text="a cat")
    assert found(store, "fox", "bob") == found(store, "cat", "ann") == set()
    assert found(store, "fo", "ann") == {"a fox"}


def test_a_question_without_a_word_finds_nothing_and_no_question_everything(store: Store) -> None:
    add(store, prompt_text="a fox")
    assert found(store, "?!") == set()
    assert found(store, " ") == found(store, "") == {"a fox"}
