"""The form: what it shows of a workflow, and what its values survive."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from comfy_api.errors import Refused
from comfy_api.jobs.job import JobState
from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI, png
from pages.components import bench, seeds, shapes, words
from tests.conftest import Until
from tests.pages.conftest import OWNER, generate, stage, written


def choose(at: AppTest, slug: str) -> AppTest:
    return at.selectbox(key="workflow").set_value(slug).run()


def keys(at: AppTest) -> set[str]:
    groups = (at.text_area, at.text_input, at.number_input, at.segmented_control, at.file_uploader)
    return {str(widget.key) for group in groups for widget in group}


# --- what is shown ----------------------------------------------------------------------------------------


def test_only_what_the_workflow_has_is_shown(page: AppTest) -> None:
    assert {"prompt", "seed", "images", "shape-0"} <= keys(page)
    choose(page, "upscale")
    assert not keys(page) & {"prompt", "seed", "shape-0"}
    assert any(key.startswith("image-") for key in keys(page))


def test_the_workflow_says_what_it_does(page: AppTest, service: Service) -> None:
    assert service.entries[0].sentence in written(page)


def test_values_survive_a_visit_to_another_workflow(page: AppTest) -> None:
    page.text_area(key="prompt").input("a red fox")
    page.number_input(key="steps-txt2img").set_value(7)
    page.run()
    choose(page, "upscale")
    page.run()
    choose(page, "txt2img")
    assert page.text_area(key="prompt").value == "a red fox"
    assert page.number_input(key="steps-txt2img").value == 7


def test_the_shape_follows_the_size_and_the_size_the_shape(page: AppTest) -> None:
    page.segmented_control(key="shape-0").set_value("landscape").run()
    assert (page.number_input(key="width-txt2img").value, page.number_input(key="height-txt2img").value) == (576, 448)
    page.number_input(key="width-txt2img").set_value(600).run()
    assert page.segmented_control(key="shape-2").value is None


# --- the seed ---------------------------------------------------------------------------------------------


def test_the_dice_puts_a_seed_and_random_takes_it_away(page: AppTest) -> None:
    assert page.toggle(key="random-0").value is True
    page.button(key="dice").click().run()
    assert 0 <= int(page.text_input(key="seed").value) < 2**64
    assert page.toggle(key="random-1").value is False
    page.toggle(key="random-1").set_value(True).run()
    assert page.text_input(key="seed").value == ""


@pytest.mark.parametrize(("text", "seed"), [("", None), (" 7 ", 7), ("0", 0), ("18446744073709551615", 2**64 - 1)])
def test_a_seed_is_read_exactly(text: str, seed: int | None) -> None:
    assert seeds.parse_seed(text) == seed


@pytest.mark.parametrize("text", ["-1", "1e3", "7.0", "18446744073709551616", "０", "1" * 5000])
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        seeds.parse_seed(text)
    assert refused.value.control == "seed"


@pytest.mark.parametrize("own", [(512, 512), (1024, 1024), (768, 512), (512, 768)])
def test_a_shape_has_its_size_back_and_about_the_workflows_area(own: tuple[int, int]) -> None:
    for shape in shapes.SHAPES:
        width, height = shapes.size_of(shape, own)
        assert shapes.shape_of((width, height), own) == shape
        assert width % 64 == height % 64 == 0
        assert 0.8 < width * height / (own[0] * own[1]) < 1.25


# --- a picture to begin from ------------------------------------------------------------------------------


def test_a_picture_is_asked_for_sent_once_and_used(page: AppTest, service: Service, comfy: FakeComfyUI) -> None:
    choose(page, "img2img")
    generate(page, "a red fox")
    assert words.UPLOAD_MISSING in written(page)
    assert service.jobs(OWNER) == ()
    page.file_uploader[0].upload("mine.png", png(64, 64), "image/png")
    page.run()
    assert words.UPLOAD_MISSING not in written(page)
    generate(page)
    uploads = [request for request in comfy.requests if request.path.endswith("/upload/image")]
    assert len(uploads) == 1
    assert len(service.jobs(OWNER)) == 1


def test_what_is_no_picture_is_said_at_the_upload(page: AppTest, service: Service) -> None:
    choose(page, "img2img")
    page.file_uploader[0].upload("mine.png", b"GIF? no", "image/png")
    page.run()
    assert "no picture" in written(page)
    generate(page, "a red fox")
    assert service.jobs(OWNER) == ()


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
