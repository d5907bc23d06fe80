"""The form: what it shows of a workflow, what its values survive, and how they reach the graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from comfy_api.errors import WorkflowError
from comfy_api.jobs.job import JobState
from comfy_api.offers import Offer
from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI, Play, png, steps
from comfy_api.workflow.forms.control import Control, Form, Kind
from pages.components import bench, options, shapes, wells, words
from pages.components.text import plain
from pages.components.well import Picked
from tests import every_kind
from tests.conftest import Until
from tests.pages.conftest import OWNER, OpenPage, generate, stage, written


def choose(at: AppTest, slug: str) -> AppTest:
    return at.selectbox(key="workflow").set_value(slug).run()


def keys(at: AppTest) -> set[str]:
    groups = (at.text_area, at.text_input, at.number_input, at.segmented_control, at.selectbox, at.toggle)
    return {str(widget.key) for group in groups for widget in group}


def has(at: AppTest, key: str) -> bool:
    return any(button.key == key for button in at.button)


def add_picture(at: AppTest, service: Service, control: str = "image", data: bytes | None = None) -> str:
    """As the well does: the bytes go by Easel's own route, the page is told the name."""
    name = service.uploads.put(OWNER, data or png(64, 64), "mine.png").name
    desk = at.session_state["desk"]
    found = service.offer(desk.slug).form.find(control)
    assert found
    wells.take(service, OWNER, desk, desk.slug, found, Picked(name))
    return name


def sent(comfy: FakeComfyUI) -> dict[str, Any]:
    """What the workflow's one node got with the newest prompt."""
    graph = comfy.prompts[-1]["prompt"]
    inputs: dict[str, Any] = graph["1"]["inputs"]
    return inputs


@pytest.fixture
def every(tmp_path: Path) -> None:
    """A workflow with a control of every kind is on offer."""
    every_kind.publish(tmp_path)


@pytest.fixture
def every_page(every: None, open_page: OpenPage) -> AppTest:
    return choose(open_page(), every_kind.SLUG)


# --- what is shown ----------------------------------------------------------------------------------------


def test_only_what_the_workflow_has_is_shown(page: AppTest) -> None:
    assert {"prompt", "seed", "images", "shape-0", "control_steps", "control_size_width"} <= keys(page)
    choose(page, "upscale")
    assert not keys(page) & {"prompt", "seed", "shape-0", "control_steps"}
    assert {"control_scale", "control_method"} <= keys(page)


def test_the_workflow_says_what_it_does(page: AppTest, service: Service) -> None:
    assert service.entries[0].sentence in written(page)


def test_a_form_has_a_field_for_every_kind(every_page: AppTest) -> None:
    assert not every_page.exception
    wells = {one.proto.id.split("-")[-1] for one in every_page.get("bidi_component")}
    assert {f"control_{name}" for name in ("image", "mask", "video", "audio", "file")} <= wells
    assert {every_page.number_input(key=f"control_{name}").value for name in ("count", "amount")} == {5, 0.5}
    assert every_page.text_input(key="control_large").value == str(every_kind.BIG)
    assert [every_page.slider(key=f"control_{name}").value for name in ("blend", "turns")] == [0.25, 3]
    assert every_page.multiselect(key="control_styles").value == ["ink"]
    assert every_page.color_picker(key="control_tint").value == "#112233"
    assert every_page.segmented_control(key="control_side").value == "Back"


def test_groups_have_headings_and_further_settings_are_folded(every_page: AppTest) -> None:
    assert all(f'<h3 class="easel-group">{group}</h3>' in written(every_page) for group in ("Words", "Numbers"))
    folded = {widget.key for widget in every_page.expander[0].multiselect}
    assert "control_styles" in folded
    assert "control_note" not in {widget.key for widget in every_page.expander[0].text_input}


def test_a_help_is_shown_as_it_is_written(every_page: AppTest) -> None:
    assert every_page.text_input(key="control_note").help == r"A \*short\* note."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Steps", "Steps"),
        ("sampler_name", "sampler_name"),
        ("[x](http://evil)", r"\[x\](http://evil)"),
        (":red[x] $a$ `b` <i>", r":red\[x\] \$a\$ \`b\` \<i>"),
        (":smile: :material/home:", r"\:smile: \:material/home:"),
        ("1. First", r"1\. First"),
        ("# Big", r"\# Big"),
        ("1.5 times", "1.5 times"),
    ],
)
def test_other_peoples_words_are_no_markdown(text: str, shown: str) -> None:
    assert plain(text) == shown


# --- what values survive ------------------------------------------------------------------------------------


def test_values_survive_a_visit_to_another_workflow(page: AppTest) -> None:
    page.text_area(key="prompt").input("a red fox")
    page.number_input(key="control_steps").set_value(7)
    page.run()
    choose(page, "upscale")
    page.run()
    choose(page, "txt2img")
    assert page.text_area(key="prompt").value == "a red fox"
    assert page.number_input(key="control_steps").value == 7


def test_prompt_seed_and_images_are_shared_and_the_rest_is_each_workflows_own(page: AppTest) -> None:
    page.text_area(key="prompt").input("a red fox")
    page.text_input(key="seed").input("7")
    page.segmented_control(key="images").set_value(4)
    page.number_input(key="control_steps").set_value(7)
    page.run()
    choose(page, "draft_refine")
    assert page.text_area(key="prompt").value == "a red fox"
    assert (page.text_input(key="seed").value, page.segmented_control(key="images").value) == ("7", 4)
    assert page.number_input(key="control_steps").value == 20


def test_a_new_session_finds_every_workflow_as_it_was_left(page: AppTest, open_page: OpenPage) -> None:
    page.number_input(key="control_steps").set_value(7).run()
    choose(page, "draft_refine")
    page.text_area(key="prompt").input("a red fox")
    page.number_input(key="control_steps").set_value(9).run()
    again = open_page()
    assert again.selectbox(key="workflow").value == "draft_refine"
    assert again.text_area(key="prompt").value == "a red fox"
    assert again.number_input(key="control_steps").value == 9
    choose(again, "txt2img")
    assert again.number_input(key="control_steps").value == 7


def test_a_new_session_begins_with_the_workflow_that_was_used_last(page: AppTest, open_page: OpenPage) -> None:
    choose(page, "draft_refine")
    choose(page, "txt2img")
    assert open_page().selectbox(key="workflow").value == "txt2img"


def test_a_maker_finds_nothing_of_anothers(page: AppTest, open_page: OpenPage) -> None:
    page.text_area(key="prompt").input("a secret").run()
    assert open_page(owner="bob").text_area(key="prompt").value == ""


def test_every_kind_survives_a_new_session(every_page: AppTest, open_page: OpenPage) -> None:
    at = every_page
    at.text_input(key="control_large").input(str(2**63 - 1))
    at.slider(key="control_blend").set_value(0.75)
    at.selectbox(key="control_variant").set_value('"1"')
    at.multiselect(key="control_styles").set_value(["chalk", "ink"])
    at.text_area(key="control_lines").input("one\n\ntwo, three\n")
    at.segmented_control(key="control_side").set_value("Front")
    at.run()
    left = at.session_state["desk"].left[every_kind.SLUG]
    again = open_page()
    assert again.session_state["desk"].left[every_kind.SLUG] == left
    assert (left["large"], left["variant"], left["styles"], left["lines"], left["side"]) == (
        2**63 - 1,
        "1",
        ["chalk", "ink"],
        ["one", "two, three"],
        True,
    )


# --- what reaches the graph -----------------------------------------------------------------------------------


def test_every_kind_reaches_the_graph_exactly(
    every_page: AppTest, service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    at = every_page
    at.text_area(key="prompt").input("a red fox")
    at.text_input(key="control_note").input("*small*")
    at.number_input(key="control_count").set_value(15)
    at.text_input(key="control_large").input(str(2**63 - 1))
    at.number_input(key="control_amount").set_value(1.625)
    at.slider(key="control_turns").set_value(8)
    at.toggle(key="control_tiled").set_value(True)
    at.selectbox(key="control_variant").set_value("true")
    at.selectbox(key="control_model").set_value("sub\\oil.safetensors")
    at.text_input(key="seed").input(str(2**64 - 1))
    at.segmented_control(key="shape-0").set_value("portrait")
    at.color_picker(key="control_tint").set_value("#e4572e")
    at.multiselect(key="control_styles").set_value(["oil", "ink"])
    at.text_area(key="control_lines").input("one\ntwo")
    name = add_picture(at, service)
    at.run()
    generate(at)
    assert not at.exception
    until(lambda: service.jobs(OWNER) and service.jobs(OWNER)[0].over)
    got = sent(comfy)
    wanted = {
        "prompt": "a red fox",
        "note": "*small*",
        "story": "Once",
        "count": 15,
        "large": 2**63 - 1,
        "amount": 1.625,
        "blend": 0.25,
        "turns": 8,
        "tiled": True,
        "side": False,
        "variant": True,
        "model": "sub\\oil.safetensors",
        "seed": 2**64 - 1,
        "width": 448,
        "height": 576,
        "image": name,
        "tint": "#e4572e",
        "styles": {"__value__": ["oil", "ink"]},
        "lines": {"__value__": ["one", "two"]},
    }
    assert {key: got.get(key) for key in wanted} == wanted
    assert {key: type(got[key]) for key in wanted} == {key: type(value) for key, value in wanted.items()}


@pytest.mark.parametrize(("label", "value"), [("1", 1), ('"1"', "1"), ("true", True), ("two", "two")])
def test_a_choice_keeps_its_json_type(
    every_page: AppTest, service: Service, comfy: FakeComfyUI, until: Until, label: str, value: object
) -> None:
    every_page.selectbox(key="control_variant").set_value(label)
    generate(every_page)
    until(lambda: comfy.prompts)
    got = sent(comfy)["variant"]
    assert (got, type(got)) == (value, type(value))


def test_options_have_names_that_differ() -> None:
    control = Control(id="a", kind=Kind.CHOICE, label="A", options=(1, "1", True, "true", ""), option_labels=())
    names = options.names_of(control)
    assert names == ["1", '"1"', "true", '"true"', "–"]
    named = replace(control, options=("x", "y"), option_labels=("Same", "Same"))
    assert options.names_of(named) == ['Same · "x"', 'Same · "y"']


def test_an_empty_number_leaves_the_workflows_own(
    tmp_path: Path, open_page: OpenPage, comfy: FakeComfyUI, until: Until
) -> None:
    controls = [replace(one, default=None) if one.id == "count" else one for one in every_kind.FORM.controls]
    every_kind.publish(tmp_path, replace(every_kind.FORM, controls=tuple(controls)))
    at = choose(open_page(), every_kind.SLUG)
    assert at.number_input(key="control_count").value is None
    generate(at, "a red fox")
    until(lambda: comfy.prompts)
    assert sent(comfy)["count"] == every_kind.INPUTS["count"]
    at.number_input(key="control_count").set_value(15)
    generate(at)
    until(lambda: len(comfy.prompts) == 2)
    assert sent(comfy)["count"] == 15


def test_the_shape_follows_the_size_and_the_size_the_shape(page: AppTest) -> None:
    page.segmented_control(key="shape-0").set_value("landscape").run()
    width, height = (page.number_input(key=f"control_size_{side}") for side in ("width", "height"))
    assert (width.value, height.value) == (576, 448)
    page.number_input(key="control_size_width").set_value(600).run()
    assert page.segmented_control(key="shape-2").value is None


@pytest.mark.parametrize("own", [(512, 512), (1024, 1024), (768, 512), (512, 768)])
def test_a_shape_has_its_size_back_and_about_the_workflows_area(own: tuple[int, int]) -> None:
    for shape in shapes.SHAPES:
        width, height = shapes.size_of(shape, own)
        assert shapes.shape_of((width, height), own) == shape
        assert width % 64 == height % 64 == 0
        assert 0.8 < width * height / (own[0] * own[1]) < 1.25


# --- the seed ---------------------------------------------------------------------------------------------


def mode(at: AppTest) -> Any:
    return next(one for one in at.segmented_control if str(one.key).startswith("seed_mode-"))


def test_the_dice_puts_a_seed_and_random_takes_it_away(page: AppTest) -> None:
    assert mode(page).value == "random"
    page.button(key="dice").click().run()
    assert 0 <= int(page.text_input(key="seed").value) < 2**64
    assert mode(page).value == "fixed"
    mode(page).set_value("random").run()
    assert page.text_input(key="seed").value == ""


def test_a_typed_seed_is_kept(page: AppTest) -> None:
    page.text_input(key="seed").input("7").run()
    assert mode(page).value == "fixed"
    page.text_input(key="seed").input("").run()
    assert mode(page).value == "random"


def test_a_seed_counts_up_from_one_press_to_the_next(page: AppTest, service: Service, until: Until) -> None:
    page.text_input(key="seed").input("18446744073709551615").run()
    mode(page).set_value("count").run()
    assert words.SEED_COMES.format(seed=18446744073709551615) in written(page)
    seeds = []
    for number in (1, 2, 3):
        generate(page)
        until(lambda number=number: len(service.jobs(OWNER)) == number and service.jobs(OWNER)[0].over)
        seeds.append(service.jobs(OWNER)[0].seed)
        assert stage(page)["same"] is False
    assert seeds == [18446744073709551615, 0, 1]
    assert page.text_input(key="seed").value == "18446744073709551615"
    assert words.SEED_COMES.format(seed=2) in page.run().html[-1].value or "Next: 2" in written(page)
    page.text_input(key="seed").input("40").run()
    assert words.SEED_COMES.format(seed=40) in written(page)


def test_a_seed_that_counts_up_stops_no_running_job(
    page: AppTest, service: Service, comfy: FakeComfyUI, held: FakeComfyUI, until: Until
) -> None:
    page.text_input(key="seed").input("7").run()
    mode(page).set_value("count").run()
    generate(page)
    held.wait_at()
    page.run()
    page.run()
    assert service.jobs(OWNER)[0].reason == ""
    held.open()
    until(lambda: service.jobs(OWNER)[0].state is JobState.SUCCEEDED)


def test_runs_of_their_own_use_up_as_many_seeds_as_pictures(
    every_page: AppTest, service: Service, until: Until
) -> None:
    every_page.text_input(key="seed").input("10")
    every_page.segmented_control(key="images").set_value(4)
    every_page.run()
    mode(every_page).set_value("count").run()
    generate(every_page)
    until(lambda: service.jobs(OWNER)[0].over)
    assert words.SEED_COMES.format(seed=14) in written(every_page.run())


def test_keep_after_counting_keeps_the_seed_that_comes_next(page: AppTest, service: Service, until: Until) -> None:
    page.text_input(key="seed").input("7").run()
    mode(page).set_value("count").run()
    generate(page)
    until(lambda: service.jobs(OWNER)[0].over)
    mode(page.run()).set_value("fixed").run()
    assert page.text_input(key="seed").value == "8"


# --- what the server lacks ----------------------------------------------------------------------------------


@pytest.fixture
def poor(tmp_path: Path) -> Form:
    """The same workflow, made for a model that the server does not have."""
    controls = tuple(
        replace(one, default="oil_paint.safetensors") if one.id == "model" else one for one in every_kind.FORM.controls
    )
    form = replace(every_kind.FORM, controls=controls)
    every_kind.publish(tmp_path, form)
    return form


def test_a_model_that_the_server_lacks_is_said_with_the_nearest_first_and_nothing_takes_its_place(
    poor: Form, open_page: OpenPage, service: Service
) -> None:
    at = choose(open_page(), every_kind.SLUG)
    box = at.selectbox(key="control_model")
    assert box.value is None
    assert box.options == ["sub\\oil.safetensors", "ink.safetensors"]
    assert "does not have the model" in written(at)
    generate(at, "a red fox")
    assert service.jobs(OWNER) == ()
    assert "oil_paint" in written(at)
    at.selectbox(key="control_model").set_value("ink.safetensors").run()
    assert "does not have the model" not in written(at)
    generate(at)
    assert len(service.jobs(OWNER)) == 1


def test_a_refusal_is_said_at_its_control_alone_and_unfolds_it(page: AppTest, service: Service) -> None:
    assert not page.expander[0].proto.expanded
    page.number_input(key="control_steps").set_value(9000)
    generate(page, "a red fox")
    assert service.jobs(OWNER) == ()
    assert page.expander[0].proto.expanded
    assert [one for one in page.expander[0].get("html") if "steps" in one.value]
    page.number_input(key="control_steps").set_value(20).run()
    assert not [one for one in page.expander[0].get("html") if "easel-problem" in one.value]
    assert page.expander[0].proto.expanded  # it does not fold while someone is at it


def test_a_workflow_that_cannot_be_read_here_says_so_and_can_start_nothing(
    page: AppTest, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = service.offer("txt2img")
    broken = Offer(offer.entry, offer.form, problem="This workflow needs the pack Foo. Add it there.")
    monkeypatch.setattr(service, "offer", lambda slug: broken)
    page.run()
    assert "needs the pack Foo" in written(page)
    assert page.button(key="generate").disabled
    assert page.number_input(key="control_steps").disabled


def test_a_workflow_that_went_between_two_looks_says_so(
    page: AppTest, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(slug: str) -> Offer:
        raise WorkflowError("There is no such workflow.")

    monkeypatch.setattr(service, "offer", gone)
    assert "There is no such workflow." in written(page.run())


def test_the_form_stays_while_the_server_is_away_and_its_job_goes_on(
    page: AppTest, service: Service, held: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(page, "a red fox")
    held.wait_at()
    before = dict(page.session_state["desk"].left["txt2img"])
    bare = Offer(service.offer("txt2img").entry, Form(), service.offer("txt2img").workflow)
    monkeypatch.setattr(service, "object_info", dict)
    monkeypatch.setattr(service, "offer", lambda slug: bare)
    page.run()
    assert page.session_state["desk"].left["txt2img"] == before
    assert service.jobs(OWNER)[0].reason == ""


def test_a_form_that_its_author_changes_stops_nothing(
    every_page: AppTest, service: Service, comfy: FakeComfyUI, tmp_path: Path
) -> None:
    comfy.script(Play.usual(before={"executing 1": steps.gate()}))
    generate(every_page, "a red fox")
    comfy.wait_at()
    fewer = tuple(one for one in every_kind.FORM.controls if one.id != "note")
    more = Control(
        id="extra", kind=Kind.TEXT, label="Extra", places=(every_kind.FORM.controls[9].places[0],), default=""
    )
    every_kind.publish(tmp_path, replace(every_kind.FORM, controls=(*fewer, more)))
    every_page.run()
    assert "control_extra" in keys(every_page)
    assert service.jobs(OWNER)[0].reason == ""
    comfy.open()


# --- a picture to begin from ------------------------------------------------------------------------------


def test_a_picture_is_asked_for_sent_once_and_used(page: AppTest, service: Service, comfy: FakeComfyUI) -> None:
    choose(page, "img2img")
    generate(page, "a red fox")
    assert "Add a picture to begin from." in written(page)
    assert stage(page)["needs"] == "image"
    assert service.jobs(OWNER) == ()
    add_picture(page, service)
    page.run()
    assert "Add a picture to begin from." not in written(page)
    generate(page)
    uploads = [request for request in comfy.requests if request.path.endswith("/upload/image")]
    assert len(uploads) == 1
    assert len(service.jobs(OWNER)) == 1


def test_a_file_that_a_browser_makes_up_is_not_taken(page: AppTest, service: Service) -> None:
    choose(page, "img2img")
    name = service.uploads.put("bob", png(32, 32), "theirs.png").name
    control = service.offer("img2img").form.find("image")
    assert control
    for made_up in (name, "../../etc/passwd", "nobody.png"):
        wells.take(service, OWNER, page.session_state["desk"], "img2img", control, Picked(made_up))
        assert page.session_state["desk"].files[("img2img", "image")] is None


def test_each_workflow_keeps_its_own_picture_and_one_can_be_taken_away(page: AppTest, service: Service) -> None:
    choose(page, "img2img")
    name = add_picture(page, service)
    choose(page, "upscale")
    assert page.session_state["desk"].files[("upscale", "image")] is None
    choose(page, "img2img")
    desk = page.session_state["desk"]
    assert desk.left["img2img"]["image"] == name
    control = service.offer("img2img").form.find("image")
    assert control
    wells.take(service, OWNER, desk, "img2img", control, None)
    page.run()
    assert desk.left["img2img"]["image"] is None


def test_own_results_are_offered_newest_first(page: AppTest, service: Service, until: Until) -> None:
    for text in ("a red fox", "a blue fox"):
        generate(page, text)
        until(lambda: service.jobs(OWNER)[0].over)
    offered = wells.results(service, OWNER)
    assert [one["alt"] for one in offered] == ["a blue fox", "a red fox"]
    assert all(one["thumb"].startswith(f"/easel/jobs/{one['job']}/pictures/{one['picture']}") for one in offered)


# --- which workflow ---------------------------------------------------------------------------------------


def test_all_workflows_are_looked_through_as_cards_and_one_is_taken(page: AppTest, service: Service) -> None:
    assert not has(page, "card_upscale")
    page.button(key="browse").click().run()
    assert {f"card_{entry.slug}" for entry in service.entries} <= {str(one.key) for one in page.button}
    assert "Upload a picture and get it twice as wide" in page.button(key="card_upscale").label
    page.button(key="card_upscale").click().run()
    page.run()
    assert page.selectbox(key="workflow").value == "upscale"
    assert not has(page, "card_upscale")


def test_looking_through_the_workflows_stops_nothing(page: AppTest, service: Service, held: FakeComfyUI) -> None:
    generate(page, "a red fox")
    held.wait_at()
    page.button(key="browse").click().run()
    page.run()
    assert service.jobs(OWNER)[0].reason == ""
    assert has(page, "card_upscale")


def test_one_workflow_needs_no_choice(page: AppTest, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(service), "entries", property(lambda self: (self.offer("txt2img").entry,)))
    page.run()
    assert not page.exception
    assert not has(page, "browse")
    assert "workflow" not in keys(page)
    generate(page, "a red fox")
    assert len(service.jobs(OWNER)) == 1


def test_without_any_workflow_the_page_says_what_to_do(
    service: Service, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(service), "entries", ())
    assert words.NO_WORKFLOWS in written(open_page())


# --- clicks on the stage ----------------------------------------------------------------------------------


def test_an_example_is_written_into_the_form_and_made(page: AppTest, service: Service) -> None:
    bench.try_example(page.session_state["desk"], 2)
    page.run()
    assert page.text_area(key="prompt").value == words.EXAMPLES[2][0] == service.jobs(OWNER)[0].prompt_text


@pytest.mark.parametrize("number", [-1, 99, "0", None, 1.0, {"a": 1}])
def test_an_example_that_there_is_not_does_nothing(page: AppTest, service: Service, number: object) -> None:
    bench.try_example(page.session_state["desk"], number)
    page.run()
    assert service.jobs(OWNER) == ()


def test_same_seed_fills_the_form_and_vary_makes_another(page: AppTest, service: Service, until: Until) -> None:
    generate(page, "a red fox")
    first = service.jobs(OWNER)[0]
    until(lambda: service.get(OWNER, first.id).over)
    page.text_area(key="prompt").input("something else").run()
    desk = page.session_state["desk"]
    bench.take_over(service, OWNER, desk, {"job": first.id, "vary": False})
    page.run()
    assert (page.text_area(key="prompt").value, page.text_input(key="seed").value) == ("a red fox", str(first.seed))
    assert len(service.jobs(OWNER)) == 1
    bench.take_over(service, OWNER, desk, {"job": first.id, "vary": True})
    page.run()
    second = service.jobs(OWNER)[0]
    assert second.prompt_text == "a red fox"
    assert second.seed != first.seed
    assert stage(page)["job"] == second.id


@pytest.mark.parametrize("picked", [None, "x", {}, {"job": None}, {"job": ["x"]}, {"job": "nobody's", "vary": True}])
def test_a_made_up_click_does_nothing(page: AppTest, service: Service, picked: object) -> None:
    bench.take_over(service, OWNER, page.session_state["desk"], picked)
    page.run()
    assert service.jobs(OWNER) == ()


def test_somebody_elses_settings_are_not_taken_over(page: AppTest, service: Service, until: Until) -> None:
    job = service.submit("bob", "txt2img", form={"workflow": "txt2img", "prompt": "a secret"})
    bench.take_over(service, OWNER, page.session_state["desk"], {"job": job.id, "vary": False})
    page.run()
    assert page.text_area(key="prompt").value == ""
    until(lambda: service.get("bob", job.id).state is JobState.SUCCEEDED)


# --- words ------------------------------------------------------------------------------------------------


def test_every_sentence_of_the_stage_is_used_and_every_one_used_is_there() -> None:
    from pages.components import live

    script = live.script()
    for word in words.STAGE:
        assert (
            f"words.{word}" in script or f'"{word}"' in script.replace('tell("done"', "") or word.startswith("stopped_")
        ), word


def test_no_word_speaks_of_machinery() -> None:
    text = repr([value for name, value in vars(words).items() if name.isupper()]).lower()
    for machinery in ("prompt_id", "websocket", "queue", " node", "!"):
        assert machinery not in text, machinery
