"""form.toml: what is saved loads to the same form, reads well, and is refused by the key that is wrong."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from forms_strategy import forms
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from comfy_api.errors import WorkflowError
from comfy_api.workflow.forms.control import Control, Form, Kind, Output, Place, Source
from comfy_api.workflow.forms.toml import read_form, write_form

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = Draft202012Validator(json.loads((ROOT / "docs/form.schema.json").read_text(encoding="utf-8")))
HEAD = "version = 1\n"
SEED = '[[controls]]\nid = "seed"\nkind = "seed"\nlabel = "Seed"\n'


def one(body: str) -> Control:
    """The one control of a form with this body."""
    return read_form(f'{HEAD}[[controls]]\nid = "a"\n{body}').controls[0]


def wrong(text: str | bytes) -> str:
    with pytest.raises(WorkflowError) as caught:
        read_form(text, "a.form.toml")
    return str(caught.value)


@given(forms())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_saved_loads_to_the_same_form(form: Form) -> None:
    text = write_form(form)
    again = read_form(text)
    assert again == form
    assert repr(again) == repr(form)  # 1, 1.0 and true are equal in Python
    assert write_form(again) == text
    SCHEMA.validate(tomllib.loads(text))


def test_it_reads_well() -> None:
    form = Form(
        title="Text to image",
        order=10,
        workflow_hash="sha256:ab",
        controls=(
            Control(
                id="prompt",
                kind=Kind.LONG_TEXT,
                label="Prompt",
                places=(Place("6", "text"),),
                help='Say "what".\nThen how.',
                source=Source.FORM,
            ),
            Control(
                id="size",
                kind=Kind.SIZE,
                label="Size",
                places=(Place("5", "width", "width"), Place("5", "height", "height")),
                default=[512, 768],
                reason="guessed",
            ),
        ),
        outputs=(Output(node_id="9", shown=False),),
    )
    assert write_form(form) == (
        "version = 1\n"
        'title = "Text to image"\n'
        "order = 10\n"
        'workflow_hash = "sha256:ab"\n'
        "\n"
        "[[controls]]\n"
        'id = "prompt"\n'
        'kind = "long_text"\n'
        'label = "Prompt"\n'
        'places = ["6.text"]\n'
        'help = """\nSay "what".\nThen how."""\n'
        "\n"
        "[[controls]]\n"
        'id = "size"\n'
        'kind = "size"\n'
        'label = "Size"\n'
        'places = [{ node = "5", input = "width", part = "width" }, '
        '{ node = "5", input = "height", part = "height" }]\n'
        "default = [512, 768]\n"
        'source = "guess"\n'
        'reason = "guessed"\n'
        "\n"
        "[[outputs]]\n"
        'node = "9"\n'
        "shown = false\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        'a\n"""b""""',
        '""""""\n""""',
        "\n",
        "\\\n\\",
        "a\r\nb\r",
        "\x00\x7f\n\x00\x7f\t",
        "\x7f\x1f\\u0041",
        "\u2028\x85\n\x85",
    ],
)
def test_every_character_of_a_text_survives(text: str) -> None:
    form = Form(title=text, extra={text or "x": [text, {text: text}]})
    assert read_form(write_form(form)) == form


def test_a_list_that_is_too_long_for_a_line_has_a_line_for_each_entry() -> None:
    options = tuple(f"model number {number}.safetensors" for number in range(5))
    text = write_form(Form(controls=(Control(id="m", kind=Kind.MODEL, label="M", options=options),)))
    assert 'options = [\n    "model number 0.safetensors",\n    "model number 1.safetensors",\n' in text


def test_a_form_of_words_alone_has_no_controls() -> None:
    form = read_form('version = 1\ntitle = "Enlarge"\ndescription = "Twice as wide."\norder = 40\n')
    assert form == Form(title="Enlarge", description="Twice as wide.", order=40)


def test_a_control_written_by_hand_comes_from_the_form() -> None:
    assert one('kind = "text"').source is Source.FORM


@pytest.mark.parametrize(
    ("spelling", "place"),
    [
        ('"3.seed"', Place("3", "seed")),
        ('"12:5:7.seed"', Place("12:5:7", "seed")),
        ('"3.model.resolution"', Place("3", "model.resolution")),
        ('{ node = "a.b", input = "c.d" }', Place("a.b", "c.d")),
        ('{ node = "5", input = "width", part = "width" }', Place("5", "width", "width")),
        ('{ node = "6", input = "text", token = "{{name}}" }', Place("6", "text", "", "{{name}}")),
    ],
)
def test_places_are_spelled_without_doubt(spelling: str, place: Place) -> None:
    """The first dot ends the node's id; an id that holds a dot makes the place a table."""
    control = one(f'kind = "text"\nplaces = [{spelling}]')
    assert control.places == (place,)
    assert f"places = [{spelling}]" in write_form(Form(controls=(control,)))


def test_whole_numbers_beyond_tomls_are_exact() -> None:
    form = read_form(f'{HEAD}{SEED}maximum = "18446744073709551615"\ndefault = "9223372036854775808"\n')
    control = form.controls[0]
    assert (control.maximum, control.default) == (2**64 - 1, 2**63)
    assert 'maximum = "18446744073709551615"' in write_form(form)
    below = Form(controls=(Control(id="seed", kind=Kind.SEED, label="", default=2**63 - 1),))
    assert "default = 9223372036854775807\n" in write_form(below)


def test_a_choice_keeps_its_json_types() -> None:
    options = one('kind = "choice"\noptions = [1, 1.0, "1", true]').options
    assert [(type(option), option) for option in options] == [(int, 1), (float, 1.0), (str, "1"), (bool, True)]


def test_unknown_keys_survive_at_every_level() -> None:
    text = (
        f'{HEAD}later = {{ since = 2026-11-20, deep = [{{ a = 1 }}] }}\n"odd key" = 1.0\n\n{SEED}source = "guess"\n'
        'colour = "red"\n\n[[outputs]]\nnode = "9"\nsize = [1, 2]\n'
    )
    form = read_form(text)
    assert form.extra == {"later": {"since": date(2026, 11, 20), "deep": [{"a": 1}]}, "odd key": 1.0}
    assert form.controls[0].extra == {"colour": "red"}
    assert form.outputs[0].extra == {"size": [1, 2]}
    assert read_form(write_form(form)) == form


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert read_form(b"\xef\xbb\xbfversion = 1\r\ntitle = 'x'\r\n").title == "x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'a.form.toml is of version None. Write "version = 1" into it.'),
        ("version = 2", 'a.form.toml is of version 2. Write "version = 1" into it.'),
        ("version = true", 'a.form.toml is of version True. Write "version = 1" into it.'),
        (f"{HEAD}title = 5", '"title" of a.form.toml must be text. Put it in quotes.'),
        (f"{HEAD}order = true", '"order" of a.form.toml must be a whole number, without quotes.'),
        (f"{HEAD}controls = 1", '"controls" of a.form.toml must be a list, in square brackets.'),
        (f"{HEAD}controls = [1]", '"controls" of a.form.toml must be tables. Begin each with [[controls]].'),
        (
            f'{HEAD}[[controls]]\nid = "A"',
            '"id" of control 1 of a.form.toml is needed: a to z, 0 to 9 and _, a letter first, at most 64.',
        ),
        (
            f"{HEAD}{SEED}{SEED}",
            '"controls" of a.form.toml hold "seed" twice. Change one "id".',
        ),
        (
            f'{HEAD}[[outputs]]\nnode = "9"\n[[outputs]]\nnode = "9"',
            '"outputs" of a.form.toml hold "9" twice. Change one "node".',
        ),
        (f"{HEAD}[[outputs]]", '"node" of output 1 of a.form.toml is needed: the id of a node, in quotes.'),
        (f"{HEAD}{SEED}help = 1", '"help" of control "seed" in a.form.toml must be text. Put it in quotes.'),
        (
            f"{HEAD}{SEED}minimum = inf",
            '"minimum" of control "seed" in a.form.toml must be a number, without quotes.',
        ),
        (
            f"{HEAD}{SEED}minimum = 2\nmaximum = 1",
            '"minimum" of control "seed" in a.form.toml must not be greater than "maximum".',
        ),
        (f"{HEAD}{SEED}step = 0", '"step" of control "seed" in a.form.toml must be greater than 0.'),
        (f"{HEAD}{SEED}shown = 1", '"shown" of control "seed" in a.form.toml must be true or false, without quotes.'),
        (f'{HEAD}{SEED}mode = "odd"', '"mode" of control "seed" in a.form.toml must be one of: random, fixed, count.'),
        (f"{HEAD}{SEED}default = 1.5", '"default" of control "seed" in a.form.toml must be a whole number.'),
        (
            f"{HEAD}{SEED}options = [[1]]",
            '"options" of control "seed" in a.form.toml may hold texts, numbers, true and false.',
        ),
        (
            f"{HEAD}{SEED}options = [1]\noption_labels = ['a', 'b']",
            '"option_labels" of control "seed" in a.form.toml must be as many as the options: 1.',
        ),
        (
            f"{HEAD}{SEED}places = ['seed']",
            '"places" of control "seed" in a.form.toml must hold texts such as "3.seed", or tables with "node" and '
            '"input".',
        ),
        (
            f"{HEAD}{SEED}places = [{{ node = '3', input = 'w', part = 'depth' }}]",
            '"places" of control "seed" in a.form.toml need a "node" and an "input"; a "part" is "width" or "height".',
        ),
        (
            f"{HEAD}{SEED}places = [{{ node = '3', input = 'w', times = 2 }}]",
            '"places" of control "seed" in a.form.toml may not hold "times". Take it out.',
        ),
        (
            f"{HEAD}{SEED}places = [{{ node = 3, input = 'w' }}]",
            '"node" of a place of control "seed" in a.form.toml must be text. Put it in quotes.',
        ),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(text: str, sentence: str) -> None:
    assert wrong(text) == sentence


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    assert wrong(f'{HEAD}[[controls]]\nid = "a"\nkind = "knob"').startswith(
        '"kind" of control "a" in a.form.toml must be one of: text, long_text, '
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff", "cannot be read"),
        ("version =", "cannot be read"),
        ("a = " + "[" * 100_000, "nested too deep"),
        ("a = " + "[" * 20 + "]" * 20, "nested too deep"),
        (".".join("a" * 120_000) + " = 1", "a key of more than 64 parts"),
        ("x = {a" + ' . "a b"' * 20_000 + " = 1}", "a key of more than 64 parts"),
        ("version = 1\n#" + "x" * 256_000, "is larger than 256 kB"),
        (f"{HEAD}a = {'9' * 5000}", "cannot be read"),
        (HEAD + "".join(f'[[controls]]\nid="c{n}"\nkind="text"\n' for n in range(501)), "at most 500 entries"),
        (f"{HEAD}{SEED}options = [{'1,' * 10_001}]", "at most 10,000 entries"),
    ],
)
def test_a_hostile_file_is_refused_at_no_cost(text: str | bytes, reason: str) -> None:
    assert reason in wrong(text)


@pytest.mark.parametrize(
    "control",
    [
        Control(id="Bad id", kind=Kind.TEXT, label=""),
        Control(id="a", kind=Kind.TEXT, label="", default=3),
        Control(id="a", kind=Kind.CHOICE, label="", options=(None,)),
        Control(id="a", kind=Kind.TEXT, label="half \ud800"),
        Control(id="a", kind=Kind.TEXT, label="", extra={"x": object()}),
        Control(id="a", kind=Kind.TEXT, label="", extra={"kind": "seed"}),
        Control(id="a", kind=Kind.MODEL, label="", options=tuple(f"{n:030}" for n in range(9_000))),
    ],
)
def test_a_form_that_could_not_be_read_again_is_not_written(control: Control) -> None:
    with pytest.raises(WorkflowError):
        write_form(Form(controls=(control,)))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"controls": [{"id": "a"}]},
        {"controls": [{"id": "A", "kind": "text"}]},
        {"controls": [{"id": "a", "kind": "knob"}]},
        {"controls": [{"id": "a", "kind": "text", "places": ["seed"]}]},
        {"controls": [{"id": "a", "kind": "text", "places": [{"node": "3", "input": "w", "times": 2}]}]},
        {"controls": [{"id": "a", "kind": "seed", "default": 1.5}]},
        {"controls": [{"id": "a", "kind": "size", "default": [1]}]},
        {"outputs": [{"label": "x"}]},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(change: dict[str, Any]) -> None:
    SCHEMA.check_schema(SCHEMA.schema)
    document = {"version": 1, **change}
    assert not SCHEMA.is_valid(document)
    with pytest.raises(WorkflowError):
        read_form("".join(f"{key} = {_inline(value)}\n" for key, value in document.items()))


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(map(_inline, value))}]" if isinstance(value, list) else json.dumps(value)


def test_the_page_and_the_schema_name_every_key() -> None:
    page = (ROOT / "docs/form.md").read_text(encoding="utf-8")
    definitions = SCHEMA.schema["$defs"]
    for name, keys in (
        ("control", {field.name for field in fields(Control)} - {"extra"}),
        ("output", {"node", "label", "shown"}),
        ("place", {"node", "input", "part", "token"}),
    ):
        described = definitions[name]["oneOf"][1] if name == "place" else definitions[name]
        assert set(described["properties"]) == keys
        assert all(f"`{key}`" in page for key in keys)
    assert set(SCHEMA.schema["properties"]) == {"version", "controls", *(field.name for field in fields(Form))} - {
        "extra"
    }
    assert all(f"`{word}`" in page for word in (*Kind, *Source))


def test_the_schema_knows_every_word_and_no_other() -> None:
    control = SCHEMA.schema["$defs"]["control"]
    described = {name: control["properties"][name]["enum"] for name in ("kind", "source", "mode")}
    modes = get_args(get_type_hints(Control)["mode"])
    assert described == {"kind": list(Kind), "source": list(Source), "mode": list(modes)}
    typed = [kind for rule in control["allOf"] for kind in rule["if"]["properties"]["kind"]["enum"]]
    assert sorted(typed) == sorted(Kind)


def test_the_example_of_the_page_is_a_form() -> None:
    page = (ROOT / "docs/form.md").read_text(encoding="utf-8")
    form = read_form(page.partition("```toml\n")[2].partition("```")[0])
    assert [control.id for control in form.controls] == ["prompt", "size"]
