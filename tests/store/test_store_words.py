"""Which words a text is found by: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.store.words import MAX_LENGTH, MAX_TERMS, MAX_WORDS, matches, terms_of, words_of

#: Texts in which something is found by a part of it, and by what it is not found.
FOUND = [
    ("A Red fox, running", ["red", "RED", "fo run", "running fox"], ["ox", "unning", "red cat"]),
    ("Müller’s café", ["müll", "MÜLLER caf"], ["uller"]),
    ("(masterpiece:1.2), best_quality, <lora:ink-v1:0.8>", ["masterp", "best", "quality", "lora ink v1"], ["piece"]),
    ("東京タワーと猫", ["東京", "東", "タワー", "京タ", "猫", "東京 猫", "タワーと"], ["犬", "京東", "東猫"]),
    ("一只在雨中的红色狐狸", ["狐狸", "红色狐狸", "雨", "雨中 红"], ["狐猫", "色红"]),
    ("빨간 여우가 숲에 있다", ["여우", "여우가", "우가", "숲", "빨간 숲"], ["우여", "곰"]),
    ("ｆｕｌｌ ｗｉｄｔｈ ｶﾒﾗ", ["full", "width カメラ", "カメ"], ["メカ"]),
    ("Straße ΣΊΣΥΦΟΣ", ["strasse", "STRASSE", "σίσυφοσ"], ["sisyphos"]),
    ("Call ℡ now, Fox™", ["tel", "CALL now", "foxtm"], ["phone"]),
    ("a 🐱 and a 3D cat", ["🐱", "🐱 cat", "3d"], ["🐶"]),
    ("สวนสวย ในฝัน", ["สวน", "สวย", "ฝัน"], ["แมว"]),
    ("नमस्ते दुनिया", ["नमस्ते", "दुनि"], ["हाथी"]),
]


@pytest.mark.parametrize(("text", "asked"), [(text, asked) for text, found, _ in FOUND for asked in found])
def test_found(text: str, asked: str) -> None:
    assert terms_of(asked)
    assert matches(terms_of(asked), words_of(text))


@pytest.mark.parametrize(("text", "asked"), [(text, asked) for text, _, missed in FOUND for asked in missed])
def test_not_found(text: str, asked: str) -> None:
    assert not matches(terms_of(asked), words_of(text))


@given(st.text(), st.data())
def test_a_text_is_found_by_its_words_and_their_beginnings(text: str, data: st.DataObject) -> None:
    words = words_of(text)
    assert matches(terms_of(text), words)
    for word in words[:3]:
        cut = data.draw(st.integers(1, len(word)))
        assert matches(terms_of(word[:cut]), words) or not terms_of(word[:cut])


@given(st.text())
def test_words_hold_nothing_that_a_query_language_knows(text: str) -> None:
    for word in (*words_of(text), *(term.word for term in terms_of(text))):
        assert word
        assert not set(word) & set("\"'*&|!():<>\\ -^{}+\x00")


def test_texts_and_questions_are_bounded() -> None:
    many = " ".join(f"w{number}" for number in range(5000))
    assert len(words_of(many)) == MAX_WORDS
    assert len(terms_of(many)) == MAX_TERMS
    assert words_of("x" * 1000) == ("x" * MAX_LENGTH,)
    assert matches(terms_of("x" * 900), words_of("x" * 1000))
