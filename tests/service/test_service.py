"""What a page, a route or a command may count on."""

from __future__ import annotations

import itertools
import shutil
import socket

import pytest

from comfy_api.errors import JobNotFound, Refused, ServiceClosed, WorkflowError
from comfy_api.jobs.job import JobState
from comfy_api.protocol.images import decode
from comfy_api.service import Service, current, install
from comfy_api.testing import FakeComfyUI, Play, png, steps
from comfy_api.workflow import Workflow
from tests.conftest import DATA, Until, known_nodes
from tests.service.conftest import MakeService

ANN, BOB = "ann", "bob"
SMALL = {"size": [64, 64], "steps": 3}
_seeds = itertools.count(1)


def values(**changes: object) -> dict[str, object]:
    """Small, and never the same twice: nothing comes from the cache."""
    return {"prompt": "a red fox", "seed": next(_seeds), "images": 2, **SMALL, **changes}


def ended(service: Service, job_id: str, owner: str = ANN) -> bool:
    return service.get(owner, job_id).over


def test_a_job_ends_with_its_pictures(service: Service, until: Until) -> None:
    job = service.submit(ANN, "txt2img", values(seed=7))
    until(lambda: ended(service, job.id))
    job = service.get(ANN, job.id)
    assert (job.state, job.fraction, job.seed, job.prompt_text) == (JobState.SUCCEEDED, 1.0, 7, "a red fox")
    assert [(picture.index, picture.width, picture.height, picture.mime) for picture in job.results] == [
        (0, 64, 64, "image/png"),
        (1, 64, 64, "image/png"),
    ]
    assert job.ended is not None
    assert job.started is not None
    assert job.started >= job.created


def test_stages_and_size_are_known_before_anything_came(service: Service) -> None:
    job = service.submit(ANN, "draft_refine", values(images=4))
    assert (job.width, job.height) == (64, 64)
    assert [(stage.title, stage.expected) for stage in job.stages] == [("Draft", 4), ("Picture", 4)]
    assert job.expected == 8


def test_pictures_are_stored_as_they_came_with_a_thumbnail(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    sent = png(1300, 700, seed=3)
    comfy.script(Play.usual(before={"result 9 0": steps.result("9", sent)}, without=["result 9 0", "result 9 1"]))
    comfy.script(Play(steps.start(), steps.executing("9"), steps.result("9", sent), steps.success(), steps.end()))
    job = service.submit(ANN, "txt2img", values(images=1))
    until(lambda: ended(service, job.id))
    (picture,) = service.results(ANN, job.id)
    assert service.picture(ANN, job.id, picture.id)[1].read_bytes() == sent
    assert decode(service.thumbnail(ANN, job.id, picture.id).read_bytes()).shape[:2] == (345, 640)


def test_the_same_picture_in_two_jobs_is_one_file(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    sent = png(64, 64, seed=3)
    comfy.script(Play(steps.start(), steps.executing("9"), steps.result("9", sent), steps.success(), steps.end()))
    jobs = [service.submit(ANN, "txt2img", values(images=1)) for _ in range(2)]
    until(lambda: all(ended(service, job.id) for job in jobs))
    first, second = (service.results(ANN, job.id)[0].id for job in jobs)
    assert first == second


def test_a_workflow_without_a_batch_size_runs_once_an_image_with_the_next_seeds(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    service.wait_ready(10)
    upload = service.upload(ANN, png(64, 64, seed=1), "fox.png")
    chosen = {"prompt": "a fox", "seed": 2**64 - 1, "images": 3, "steps": 2, "image": upload.name}
    job = service.submit(ANN, "img2img", chosen)
    assert (job.expected, job.width, job.height) == (3, 64, 64)
    fractions = []
    service.watch(ANN, job.id, lambda: fractions.append(service.get(ANN, job.id).fraction))
    until(lambda: ended(service, job.id))
    job = service.get(ANN, job.id)
    assert (job.state, [picture.index for picture in job.results]) == (JobState.SUCCEEDED, [0, 1, 2])
    (sampler,) = (node.id for node in service.offer("img2img").require().find_class("KSampler"))
    assert [posted["prompt"][sampler]["inputs"]["seed"] for posted in comfy.prompts] == [2**64 - 1, 0, 1]
    assert fractions == sorted(fractions)


def test_the_drawing_goes_along_so_that_saved_files_open_in_comfyui_again(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    drawn = Workflow.load(DATA / "workflows" / "boat.json", known_nodes())
    job = service.submit(ANN, drawn, {"prompt": "a paper boat", "seed": 5})
    until(lambda: ended(service, job.id))
    sent = comfy.prompts[-1]["extra_data"]["extra_pnginfo"]["workflow"]
    assert "a paper boat" in str(sent["nodes"])


def test_stop_between_two_runs_of_a_job_starts_no_further_one(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    comfy.script(Play.usual(before={"end": steps.gate()}))
    service.wait_ready(10)
    upload = service.upload(ANN, png(64, 64, seed=1), "fox.png")
    chosen = {"prompt": "a fox", "seed": 7, "images": 3, "steps": 2, "image": upload.name}
    job = service.submit(ANN, "img2img", chosen)
    comfy.wait_at()
    service.stop(ANN, job.id)
    comfy.open()
    until(lambda: ended(service, job.id))
    assert len(comfy.prompts) == 1
    job = service.get(ANN, job.id)
    assert (job.state, job.reason, len(job.results)) == (JobState.STOPPED, "asked", 1)


def test_previews_and_progress_reach_whoever_watches(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(after={"progress 3 2": steps.gate()}))
    job = service.submit(ANN, "txt2img", values())
    woken: list[int] = []
    watch = service.watch(ANN, job.id, lambda: woken.append(1))
    comfy.wait_at()
    until(lambda: service.get(ANN, job.id).step == 2)
    now = service.get(ANN, job.id)
    assert (now.state, now.node, now.steps) == (JobState.RUNNING, "Sampling", 3)
    assert 0 < now.fraction < 1
    preview = service.preview(ANN, job.id)
    assert preview is not None
    assert preview.mime == "image/jpeg"
    assert woken
    watch.close()
    watch.close()
    comfy.open()
    until(lambda: ended(service, job.id))
    assert service.preview(ANN, job.id) is None


# --- the line ------------------------------------------------------------------------------------------------


def test_jobs_wait_in_line_and_go_in_order(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    first, second, third = (service.submit(owner, "txt2img", values()) for owner in (ANN, BOB, ANN))
    comfy.wait_at()
    until(lambda: service.get(ANN, third.id).place == 2)
    assert service.get(BOB, second.id).place == 1
    assert len(comfy.prompts) == 1
    comfy.open()
    until(lambda: ended(service, third.id))
    seeds = [posted["prompt"]["3"]["inputs"]["seed"] for posted in comfy.prompts]
    assert seeds == [first.seed, second.seed, third.seed]


def test_a_second_maker_learns_about_how_long_it_takes(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    done = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, done.id))
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    service.submit(ANN, "txt2img", values())
    comfy.wait_at()
    waiting = service.submit(BOB, "txt2img", values())
    until(lambda: service.get(BOB, waiting.id).seconds_left is not None)
    comfy.open()
    until(lambda: ended(service, waiting.id, BOB))


def test_several_at_once_where_the_operator_says_so(
    comfy: FakeComfyUI, make_service: MakeService, until: Until
) -> None:
    with FakeComfyUI(parallel=3, object_info=known_nodes()) as wide:
        wide.script(Play.usual(before={"executing 3": steps.gate()}))
        service = make_service(wide.url, jobs_at_once=3)
        jobs = [service.submit(ANN, "txt2img", values()) for _ in range(3)]
        until(lambda: all(service.get(ANN, job.id).state is JobState.RUNNING for job in jobs))
        wide.open()
        until(lambda: all(ended(service, job.id) for job in jobs))


# --- stopping --------------------------------------------------------------------------------------------------


def test_stop_keeps_what_is_finished_and_leaves_nothing_on_the_server(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    comfy.script(Play.usual(before={"result 9 1": steps.gate()}))
    job = service.submit(ANN, "txt2img", values())
    until(lambda: len(service.results(ANN, job.id)) == 1)
    service.stop(ANN, job.id)
    comfy.open()
    until(lambda: ended(service, job.id))
    job = service.get(ANN, job.id)
    assert (job.state, job.reason, len(job.results)) == (JobState.STOPPED, "asked", 1)
    comfy.wait_for(lambda: comfy.remaining == 0)


def test_stop_of_a_waiting_job_sends_nothing(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    running, waiting = service.submit(ANN, "txt2img", values()), service.submit(ANN, "txt2img", values())
    comfy.wait_at()
    assert service.stop(ANN, waiting.id).state is JobState.STOPPED
    comfy.open()
    until(lambda: ended(service, running.id))
    assert service.get(ANN, running.id).state is JobState.SUCCEEDED
    assert len(comfy.prompts) == 1


def test_stop_while_the_job_is_being_given_to_the_server(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play(steps.gate(), steps.answer(), *Play.usual().steps_for(list)))
    job = service.submit(ANN, "txt2img", values())
    comfy.wait_at()
    service.stop(ANN, job.id)
    comfy.open()
    until(lambda: ended(service, job.id))
    assert service.get(ANN, job.id).state is JobState.STOPPED
    comfy.wait_for(lambda: comfy.remaining == 0)


def test_stop_twice_and_after_the_end_changes_nothing(service: Service, until: Until) -> None:
    job = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, job.id))
    assert service.stop(ANN, job.id) == service.stop(ANN, job.id) == service.get(ANN, job.id)


def test_a_stop_by_somebody_else_on_the_server_is_told_apart(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    comfy.script(Play(steps.start(), steps.executing("3"), steps.interrupted("3"), steps.end()))
    job = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, job.id))
    assert (service.get(ANN, job.id).state, service.get(ANN, job.id).reason) == (JobState.STOPPED, "server")


# --- owners ------------------------------------------------------------------------------------------------------


def test_others_jobs_can_neither_be_seen_nor_stopped(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    job = service.submit(ANN, "txt2img", values())
    for forbidden in (
        lambda: service.get(BOB, job.id),
        lambda: service.stop(BOB, job.id),
        lambda: service.keep(BOB, job.id, True),
        lambda: service.preview(BOB, job.id),
        lambda: service.results(BOB, job.id),
        lambda: service.picture(BOB, job.id, "0" * 64),
        lambda: service.watch(BOB, job.id, lambda: None),
        lambda: service.joined(BOB, job.id),
    ):
        with pytest.raises(JobNotFound):
            forbidden()
    assert service.find(BOB, job.id) is None
    assert service.jobs(BOB) == ()
    comfy.open()
    until(lambda: ended(service, job.id))
    assert service.get(ANN, job.id).state is JobState.SUCCEEDED


def test_ones_own_jobs_come_newest_first_and_old_ones_are_forgotten(
    comfy: FakeComfyUI, make_service: MakeService, until: Until
) -> None:
    service = make_service(comfy.url, max_jobs=2)
    jobs = []
    for _ in range(4):
        jobs.append(service.submit(ANN, "txt2img", values()))
        until(lambda: ended(service, jobs[-1].id))
    assert [job.id for job in service.jobs(ANN)] == [job.id for job in jobs[:0:-1]]
    with pytest.raises(JobNotFound):
        service.get(ANN, jobs[0].id)
    stored = {path.name for path in service._files.folder.iterdir()}
    kept = {picture.id for job in service.jobs(ANN) for picture in job.results}
    assert stored == kept | {f"{name}.webp" for name in kept}


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"prompt": "x" * 4001}, "prompt"),
        ({"negative": "x" * 4001}, "negative"),
        ({"images": 9}, "images"),
        ({"steps": 151}, "steps"),
        ({"size": [4096, 4096]}, "size"),
    ],
)
def test_limits_name_the_control(service: Service, changes: dict[str, object], control: str) -> None:
    with pytest.raises(Refused) as refused:
        service.submit(ANN, "txt2img", values(**changes))
    assert refused.value.control == control
    assert service.jobs(ANN) == ()


def test_a_maker_may_have_so_many_waiting(comfy: FakeComfyUI, make_service: MakeService, until: Until) -> None:
    service = make_service(comfy.url, max_waiting=2)
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    jobs = [service.submit(ANN, "txt2img", values()) for _ in range(2)]
    with pytest.raises(Refused):
        service.submit(ANN, "txt2img", values())
    jobs.append(service.submit(BOB, "txt2img", values()))
    comfy.open()
    until(lambda: ended(service, jobs[-1].id, BOB))


def test_an_unknown_workflow_is_refused_in_words(service: Service) -> None:
    with pytest.raises(WorkflowError, match="txt2img"):
        service.submit(ANN, "nothing", values())


def test_an_upload_is_a_file_that_is_known(service: Service, comfy: FakeComfyUI) -> None:
    with pytest.raises(Refused, match="not known"):
        service.upload(ANN, b"<svg onload=alert(1)>", "fox.png")
    with pytest.raises(Refused, match="larger"):
        service.upload(ANN, png(8, 8) + b"x" * 20 * 2**20, "fox.png")
    service.wait_ready(10)
    upload = service.upload(ANN, png(40, 30, seed=1), "my secret holiday.png")
    assert (upload.width, upload.height) == (40, 30)
    assert "holiday" not in upload.name


# --- trouble -----------------------------------------------------------------------------------------------------


def test_a_failing_node_is_said_in_plain_words_with_details(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play(steps.start(), steps.executing("3"), steps.error("3", "too hot", "ValueError"), steps.end()))
    job = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, job.id))
    problem = service.get(ANN, job.id).problem
    assert problem is not None
    assert "Sampling" in problem.sentence
    assert "ValueError" in problem.details
    assert "ValueError" not in problem.sentence


def test_a_model_that_the_server_lacks_is_named_before_anything_is_queued(service: Service, comfy: FakeComfyUI) -> None:
    service.wait_ready(10)
    graph = service.offer("txt2img").require().set("Model", ckpt_name="v1-5-pruned-emaonly-fp17.safetensors")
    with pytest.raises(Refused, match=r"fp17.*The server has") as refused:
        service.submit(ANN, graph, {"prompt": "a red fox"})
    assert refused.value.control == "model"
    assert comfy.prompts == []


def test_what_the_server_itself_refuses_is_said_at_the_control(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    comfy.reject(
        {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": ""},
        {"3": {"class_type": "KSampler", "dependent_outputs": ["9"], "errors": [
            {"type": "value_bigger_than_max", "message": "Value 3 bigger than max of 2", "details": "steps",
             "extra_info": {"input_name": "steps", "received_value": 3, "input_config": None}}]}},
    )  # fmt: skip
    job = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, job.id))
    problem = service.get(ANN, job.id).problem
    assert problem is not None
    assert problem.control == "steps"
    assert "Value 3" in problem.details or "value_bigger_than_max" in problem.details


def test_a_job_waits_for_a_server_that_is_away(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    service.wait_ready(10)
    comfy.stop_listening()
    job = service.submit(ANN, "txt2img", values())
    until(lambda: service.get(ANN, job.id).line == "broken")
    comfy.resume()
    until(lambda: ended(service, job.id), 20)
    assert service.get(ANN, job.id).state is JobState.SUCCEEDED


def test_a_job_that_waits_for_a_server_can_be_stopped(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    service.wait_ready(10)
    comfy.stop_listening()
    job = service.submit(ANN, "txt2img", values())
    until(lambda: service.get(ANN, job.id).line == "broken")
    service.stop(ANN, job.id)
    until(lambda: ended(service, job.id))
    assert service.get(ANN, job.id).state is JobState.STOPPED


def test_a_server_that_never_comes_ends_the_job_in_words(make_service: MakeService, until: Until) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        service = make_service(f"http://127.0.0.1:{nobody.getsockname()[1]}", patience=0.1)
        job = service.submit(ANN, "txt2img", values())
        until(lambda: ended(service, job.id), 20)
    problem = service.get(ANN, job.id).problem
    assert service.get(ANN, job.id).state is JobState.FAILED
    assert problem is not None
    assert "does not answer" in problem.sentence


def test_a_server_killed_in_the_middle_costs_nothing(service: Service, comfy: FakeComfyUI, until: Until) -> None:
    comfy.script(Play.usual(after={"progress 3 2": steps.gate()}), Play.usual())
    job = service.submit(ANN, "txt2img", values())
    comfy.wait_at()
    comfy.restart()
    comfy.open()
    until(lambda: ended(service, job.id), 30)
    job = service.get(ANN, job.id)
    assert (job.state, len(job.results)) == (JobState.SUCCEEDED, 2)


def test_a_folder_that_takes_nothing_ends_the_job_and_says_so(
    service: Service, comfy: FakeComfyUI, until: Until
) -> None:
    shutil.rmtree(service._files.folder)
    job = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, job.id))
    problem = service.get(ANN, job.id).problem
    assert problem is not None
    assert "disk" in problem.sentence
    comfy.wait_for(lambda: comfy.remaining == 0)


def test_a_fault_of_ours_ends_one_job_and_not_the_line(service: Service, until: Until) -> None:
    broken = service.submit(ANN, Workflow.load({"1": {"class_type": "PreviewImage", "inputs": {}}}))
    until(lambda: ended(service, broken.id))
    after = service.submit(ANN, "txt2img", values())
    until(lambda: ended(service, after.id))
    assert service.get(ANN, after.id).state is JobState.SUCCEEDED


@pytest.mark.parametrize("told", [False, True])
def test_the_log_has_one_line_an_event_and_no_prompt_text_unless_told(
    comfy: FakeComfyUI, make_service: MakeService, until: Until, caplog: pytest.LogCaptureFixture, told: bool
) -> None:
    caplog.set_level("INFO", "comfy_api.jobs")
    service = make_service(comfy.url, log_prompts=told)
    job = service.submit(ANN, "txt2img", values(prompt="my secret fox"))
    until(lambda: ended(service, job.id))
    lines = [record.getMessage() for record in caplog.records if job.id in record.getMessage()]
    events = [word.partition("=")[2] for line in lines for word in line.split() if word.startswith("event=")]
    assert events == ["queued", "submitted", "started", "result", "result", "succeeded"]
    assert ("my secret fox" in caplog.text) is told


# --- its end -----------------------------------------------------------------------------------------------------


def test_closing_stops_what_runs_on_the_server(comfy: FakeComfyUI, make_service: MakeService) -> None:
    service = make_service(comfy.url)
    comfy.script(Play.usual(before={"executing 3": steps.gate()}))
    job = service.submit(ANN, "txt2img", values())
    comfy.wait_at()
    comfy.open()
    service.close()
    service.close()
    comfy.wait_for(lambda: comfy.remaining == 0)
    assert service.get(ANN, job.id).over
    with pytest.raises(ServiceClosed):
        service.submit(ANN, "txt2img", values())


def test_the_process_has_one_service(service: Service) -> None:
    install(service)
    assert current() is service
    install(None)
    with pytest.raises(Exception, match="not running"):
        current()
