"""Generate, Stop, and what a rerun does to a running job."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from comfy_api.jobs.job import Job, JobState
from comfy_api.service import Service
from comfy_api.testing import FakeComfyUI, Play, steps
from pages.components import words
from pages.components.form import Sheet
from tests.conftest import Until
from tests.pages.conftest import OWNER, OpenPage, generate, stage, written

SEED_RANGE = "A seed is a whole number from 0 to 18446744073709551615"


def newest(service: Service) -> Job:
    return service.jobs(OWNER)[0]


def shown(at: AppTest, service: Service) -> Job:
    return service.get(OWNER, stage(at)["job"])


def switch(at: AppTest) -> AppTest:
    return at.toggle(key="keep").set_value(not at.toggle(key="keep").value).run()


def has(at: AppTest, key: str) -> bool:
    return any(button.key == key for button in at.button)


# --- starting -------------------------------------------------------------------------------------------


def test_an_empty_page_invites(page: AppTest) -> None:
    assert not page.exception
    assert page.button(key="generate").label == "Generate"
    assert not has(page, "stop")
    assert stage(page)["job"] is None
    assert stage(page)["examples"]


def test_generate_makes_what_the_form_says(page: AppTest, service: Service, comfy: FakeComfyUI, until: Until) -> None:
    page.text_area(key="prompt").input("a red fox")
    page.text_input(key="seed").input("18446744073709551615")
    page.segmented_control(key="images").set_value(4)
    page.segmented_control(key="shape-0").set_value("portrait")
    generate(page)
    assert not page.exception
    until(lambda: newest(service).over)
    job = newest(service)
    assert (job.state, job.seed, len(job.results), job.prompt_text) == (
        JobState.SUCCEEDED,
        18446744073709551615,
        4,
        "a red fox",
    )
    assert (job.width, job.height) == (448, 576)
    assert len(comfy.prompts) == 1
    assert stage(page)["job"] == job.id
    assert page.query_params["job"] == job.id


def test_an_empty_prompt_takes_the_workflows_own(page: AppTest, service: Service, until: Until) -> None:
    generate(page)
    assert newest(service).prompt_text == page.text_area(key="prompt").placeholder != ""


def test_without_a_seed_each_picture_has_its_own(page: AppTest, service: Service, until: Until) -> None:
    for number in (1, 2):
        generate(page)
        until(lambda number=number: len(service.jobs(OWNER)) == number and newest(service).over)
    first, second = service.jobs(OWNER)
    assert first.seed != second.seed
    assert page.text_input(key="seed").value == ""


@pytest.mark.parametrize("seed", ["-1", "18446744073709551616", "7.5", "fox", "٣", "9" * 5000])
def test_what_is_no_seed_is_said_at_the_seed(page: AppTest, service: Service, seed: str) -> None:
    page.text_input(key="seed").input(seed)
    generate(page)
    assert service.jobs(OWNER) == ()
    assert SEED_RANGE in written(page)
    page.text_input(key="seed").input("7").run()
    assert SEED_RANGE not in written(page)


@pytest.mark.parametrize("service", [{"max_prompt_length": 5}], indirect=True)
def test_a_limit_is_said_and_starts_nothing(page: AppTest, service: Service) -> None:
    generate(page, "a red fox")
    assert service.jobs(OWNER) == ()
    assert "longer than 5 characters" in written(page)


@pytest.mark.parametrize("service", [{"max_images": 3}], indirect=True)
def test_only_numbers_of_images_that_are_allowed_are_offered(page: AppTest) -> None:
    assert page.segmented_control(key="images").options == ["1", "2"]


def test_repeating_the_same_settings_is_said(page: AppTest, service: Service, until: Until) -> None:
    page.text_input(key="seed").input("7")
    for number in (1, 2):
        generate(page)
        until(lambda number=number: len(service.jobs(OWNER)) == number and newest(service).over)
        assert stage(page)["same"] is (number == 2)


# --- stopping -------------------------------------------------------------------------------------------


def test_stop_stops_the_job_and_goes(page: AppTest, service: Service, held: FakeComfyUI, until: Until) -> None:
    generate(page)
    held.wait_at()
    assert page.run().button(key="generate").label == "Generate again"
    page.button(key="stop").click().run()
    until(lambda: newest(service).over)
    assert (newest(service).state, newest(service).reason) == (JobState.STOPPED, "asked")
    page.run()
    assert not has(page, "stop")
    assert page.button(key="generate").label == "Generate"


def test_a_changed_form_stops_the_running_job(page: AppTest, service: Service, held: FakeComfyUI, until: Until) -> None:
    generate(page, "a red fox")
    held.wait_at()
    page.text_area(key="prompt").input("a blue fox").run()
    until(lambda: newest(service).over)
    assert (newest(service).state, newest(service).reason) == (JobState.STOPPED, "changed")
    assert len(service.jobs(OWNER)) == 1


def test_generate_again_stops_the_running_job_and_starts_one(
    page: AppTest, service: Service, held: FakeComfyUI, until: Until
) -> None:
    generate(page, "a red fox")
    held.wait_at()
    generate(page, "a blue fox")
    second, first = service.jobs(OWNER)
    until(lambda: service.get(OWNER, first.id).over)
    assert service.get(OWNER, first.id).reason == "again"
    assert (second.prompt_text, stage(page)["job"]) == ("a blue fox", second.id)


def test_a_rerun_that_changes_nothing_stops_nothing(
    page: AppTest, service: Service, held: FakeComfyUI, until: Until
) -> None:
    generate(page, "a red fox")
    held.wait_at()
    for _ in range(3):
        page.run()
    switch(switch(page))
    held.open()
    until(lambda: newest(service).over)
    assert newest(service).state is JobState.SUCCEEDED


def test_let_it_finish_lets_it_finish(page: AppTest, service: Service, held: FakeComfyUI, until: Until) -> None:
    switch(page)
    generate(page, "a red fox")
    held.wait_at()
    generate(page, "a blue fox")
    held.open()
    until(lambda: all(job.over for job in service.jobs(OWNER)))
    assert [job.state for job in service.jobs(OWNER)] == [JobState.SUCCEEDED] * 2


def test_the_switch_stops_nothing_after_a_change_that_it_let_pass(
    page: AppTest, service: Service, held: FakeComfyUI, until: Until
) -> None:
    switch(page)
    generate(page, "a red fox")
    held.wait_at()
    page.text_area(key="prompt").input("a blue fox").run()
    switch(page)
    assert (newest(service).reason, newest(service).keep) == ("", False)
    page.text_area(key="prompt").input("a green fox").run()
    until(lambda: newest(service).over)
    assert newest(service).reason == "changed"


def test_the_switch_reaches_a_job_that_runs(page: AppTest, service: Service, held: FakeComfyUI) -> None:
    generate(page, "a red fox")
    held.wait_at()
    switch(page)
    assert newest(service).keep
    page.text_area(key="prompt").input("a blue fox").run()
    assert newest(service).reason == ""


@pytest.mark.parametrize("service", [{"keep_by_default": True}], indirect=True)
def test_the_operator_sets_the_switch(page: AppTest) -> None:
    assert page.toggle(key="keep").value is True


# --- coming back, and others ------------------------------------------------------------------------------


def test_a_reload_finds_the_job_and_its_form(
    page: AppTest, open_page: OpenPage, service: Service, held: FakeComfyUI, until: Until
) -> None:
    page.text_input(key="seed").input("7")
    generate(page, "a red fox")
    held.wait_at()
    again = open_page(job=newest(service).id)
    again.run()
    assert newest(service).reason == ""
    assert stage(again)["job"] == newest(service).id
    assert (again.text_area(key="prompt").value, again.text_input(key="seed").value) == ("a red fox", "7")
    again.button(key="stop").click().run()
    until(lambda: newest(service).over)


def test_a_reload_finds_the_workflow_too(open_page: OpenPage, service: Service) -> None:
    job = service.submit(OWNER, "draft_refine", form={"workflow": "draft_refine", "prompt": "a red fox"})
    at = open_page(job=job.id)
    assert at.selectbox(key="workflow").value == "draft_refine"
    assert at.text_area(key="prompt").value == "a red fox"


def test_somebody_elses_address_shows_nothing(
    page: AppTest, open_page: OpenPage, service: Service, held: FakeComfyUI
) -> None:
    generate(page, "a red fox")
    held.wait_at()
    theirs = open_page(owner="bob", job=newest(service).id)
    assert stage(theirs)["job"] is None
    assert stage(theirs)["gone"] is True
    assert "a red fox" not in written(theirs) + theirs.text_area(key="prompt").value
    theirs.text_area(key="prompt").input("mine").run()
    assert newest(service).reason == ""


def test_another_picture_in_the_making_can_be_shown(
    page: AppTest, open_page: OpenPage, service: Service, held: FakeComfyUI
) -> None:
    generate(page, "a red fox")
    held.wait_at()
    second = open_page()
    assert words.OTHERS_ONE in written(second)
    second.button(key="show").click().run()
    assert stage(second)["job"] == newest(service).id
    second.run()
    assert newest(service).reason == ""


def test_without_a_cookie_the_page_says_so(service: Service, open_page: OpenPage) -> None:
    at = open_page(owner="")
    assert words.NO_COOKIE in at.error[0].value
    assert not has(at, "generate")


# --- failing ----------------------------------------------------------------------------------------------


def test_a_job_that_failed_leaves_the_page_ready(
    page: AppTest, service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    comfy.script(Play(steps.start(), steps.executing("3"), steps.error("3"), steps.end()))
    generate(page, "a red fox")
    until(lambda: newest(service).over)
    page.run()
    assert not page.exception
    assert newest(service).state is JobState.FAILED
    assert not has(page, "stop")


# --- presses that come close together -----------------------------------------------------------------------


def test_two_runs_never_act_at_the_same_time(page: AppTest, service: Service, held: FakeComfyUI) -> None:
    desk, form = page.session_state["desk"], _form(service)
    desk.press()
    together, met = threading.Barrier(2), []

    def read() -> Sheet:
        try:
            together.wait(0.3)
            met.append(True)
        except threading.BrokenBarrierError:
            together.reset()
        return form

    turn = desk.begin()
    threads = [threading.Thread(target=desk.act, args=(turn, read, service, OWNER)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not met
    assert len(service.jobs(OWNER)) == 1


def test_a_press_outlives_the_run_that_was_to_take_it(page: AppTest, service: Service) -> None:
    desk = page.session_state["desk"]

    class Cut(BaseException):
        """A newer run ends this one."""

    def cut() -> None:
        raise Cut

    desk.press()
    with pytest.raises(Cut):
        desk.act(desk.begin(), cut, service, OWNER)
    desk.act(desk.begin(), lambda: _form(service), service, OWNER)
    assert len(service.jobs(OWNER)) == 1


def test_a_run_that_is_not_the_newest_stops_nothing(page: AppTest, service: Service, held: FakeComfyUI) -> None:
    generate(page, "a red fox")
    held.wait_at()
    desk = page.session_state["desk"]
    stale = desk.begin()
    desk.begin()
    desk.act(stale, lambda: _form(service), service, OWNER)
    assert (newest(service).reason, newest(service).over) == ("", False)


def _form(service: Service) -> Sheet:
    raw = {"prompt": "a green fox", "images": 1, "size": [512, 512], "seed": "7", "seed.mode": "fixed"}
    raw |= {"negative": "", "steps": 20, "cfg": 7.0, "model": None, "workflow": "txt2img"}
    return Sheet(service.offer("txt2img"), raw, {}, keep=False)
