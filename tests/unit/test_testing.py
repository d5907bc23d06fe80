"""FakeComfyUI speaks as protocol.md says, and breaks where it is told to."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
import websocket

from comfy_api.testing import FakeComfyUI, Play, Step, jpeg, noise_png, png, steps

END = {"type": "executing", "node": None}


def graph(sender: str = "ETN_SendImageWebSocket", batch: int = 1, seed: int = 7, count: int = 2) -> dict[str, Any]:
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dream.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 32, "height": 16, "batch_size": batch}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
        "3": {
            "class_type": "KSampler",
            "inputs": {"seed": seed, "steps": count, "model": ["4", 0], "positive": ["6", 0], "latent_image": ["5", 0]},
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": sender, "inputs": {"images": ["8", 0]}},
    }


class Client:
    """A plain client: one socket and one HTTP session."""

    def __init__(self, comfy: FakeComfyUI, client_id: str = "me", flagged: bool = True, **options: Any) -> None:
        self.comfy, self.id = comfy, client_id
        address = comfy.url.replace("http", "ws") + f"/ws?clientId={client_id}"
        self.ws = websocket.create_connection(address, timeout=5, suppress_origin=True, **options)
        if flagged:
            self.ws.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))

    def close(self) -> None:
        self.ws.shutdown()

    def post(self, workflow: dict[str, Any] | None = None, **body: Any) -> str:
        body = {"prompt": workflow or graph(), "client_id": self.id, "prompt_id": str(uuid.uuid4()), **body}
        return str(get(self.comfy, "/prompt", json=body)["prompt_id"])

    def next(self) -> dict[str, Any] | bytes:
        kind, data = self.ws.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            raise websocket.WebSocketConnectionClosedException("closed")
        if kind == websocket.ABNF.OPCODE_BINARY:
            return bytes(data)
        message = json.loads(data)
        return {"type": message["type"], **message["data"]}

    def until(self, wanted: dict[str, Any] = END) -> list[dict[str, Any] | bytes]:
        """Everything up to the message that has all of ``wanted``."""
        seen = [self.next()]
        while not (isinstance(seen[-1], dict) and wanted.items() <= seen[-1].items()):
            seen.append(self.next())
        return seen

    def until_closed(self) -> list[dict[str, Any] | bytes]:
        """Everything up to the end of the socket; five silent seconds are no end."""
        seen: list[dict[str, Any] | bytes] = []
        while True:
            try:
                seen.append(self.next())
            except (websocket.WebSocketConnectionClosedException, ConnectionError):
                return seen


def get(comfy: FakeComfyUI, path: str, json: Any = None, **options: Any) -> Any:
    """The JSON of a GET, or of a POST where a body is given."""
    answer = requests.request("GET" if json is None else "POST", comfy.url + path, json=json, timeout=5, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def names(seen: list[dict[str, Any] | bytes]) -> list[str]:
    """Message types in order, frames as ``frame 4``."""
    return [f"frame {s[3:4].hex()[1:]}" if isinstance(s, bytes) else str(s["type"]) for s in seen]


def frames(seen: list[dict[str, Any] | bytes]) -> list[bytes]:
    return [s for s in seen if isinstance(s, bytes)]


@pytest.fixture
def comfy() -> Iterator[FakeComfyUI]:
    before = set(threading.enumerate())
    with FakeComfyUI() as fake:
        yield fake
        assert len(set(threading.enumerate()) - before) == 1  # a thread pool's workers end later than we do
    assert set(threading.enumerate()) == before


@contextmanager
def client(comfy: FakeComfyUI, client_id: str = "me", flagged: bool = True) -> Iterator[Client]:
    with closing(Client(comfy, client_id, flagged)) as made:
        yield made


# --- pictures ---


@pytest.mark.parametrize("make", [png, jpeg, noise_png])
def test_pictures_decode_to_the_size_asked_for(make: Callable[..., bytes]) -> None:
    decoded = cv2.imdecode(np.frombuffer(make(40, 24), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (24, 40, 3)


def test_pictures_depend_on_their_seed_alone() -> None:
    assert png(8, 8, seed=1) == png(8, 8, seed=1) != png(8, 8, seed=2)


# --- life of the server ---


def test_nothing_is_left_after_close() -> None:
    before = set(threading.enumerate())
    with FakeComfyUI() as comfy, client(comfy) as me:
        me.post()
        me.until()
        port = comfy.port
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_close_ends_sockets_plays_and_requests_under_way() -> None:
    comfy = FakeComfyUI().start()
    comfy.script(Play(steps.start(), steps.gate()))
    comfy.fail("GET /queue", "timeout")
    with client(comfy) as me:
        me.post()
        comfy.wait_at()
        with socket.create_connection(("127.0.0.1", comfy.port), timeout=5) as waiting:
            waiting.sendall(b"GET /queue HTTP/1.1\r\nHost: x\r\n\r\n")
            comfy.wait_for(lambda: comfy.requests[-1].path == "/queue")
            comfy.close()
            comfy.close()
            with pytest.raises(ConnectionResetError):
                waiting.recv(1)
        me.until_closed()
    with pytest.raises(RuntimeError, match="closed"):
        comfy.hold()


def test_close_lets_a_post_go_that_waits_for_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    with FakeComfyUI() as comfy:
        comfy.script(Play(steps.gate(), steps.answer()))
        body = json.dumps({"prompt": graph()}).encode()
        with socket.create_connection(("127.0.0.1", comfy.port), timeout=5) as waiting:
            waiting.sendall(b"POST /prompt HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            comfy.wait_at()
            comfy.close()
    assert caplog.records == []


def test_a_failing_step_comes_up_at_close() -> None:
    async def fails(_: Any) -> None:
        raise ZeroDivisionError("a step")

    comfy = FakeComfyUI().start()
    comfy.script(Play(steps.start(), Step("fails", fails)))
    with client(comfy) as me:
        me.post()
        me.until({"type": "execution_start"})
    with pytest.raises(ZeroDivisionError):
        comfy.close()
    comfy.close()


def test_a_failing_play_ends_a_wait(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(before={"executing 99": steps.gate()}))
    get(comfy, "/prompt", json={"prompt": graph()})
    with pytest.raises(LookupError, match="executing 99"):
        comfy.wait_at()


# --- a run ---


def test_a_usual_run_comes_in_the_order_of_a_real_server(comfy: FakeComfyUI) -> None:
    with client(comfy) as me:
        me.post(graph(count=1))
        seen = names(me.until())
    node = ["progress_state", "executing", "progress_state"]
    assert seen == [
        *("status", "feature_flags", "status", "status", "execution_start", "execution_cached"),
        *node * 3,
        *("progress_state", "executing", "progress_state", "frame 4", "progress", "progress_state"),
        *node,
        *("progress_state", "executing", "frame 1", "executed", "progress_state"),
        *("execution_success", "status", "executing"),
    ]


def test_without_the_flag_a_preview_is_type_1_after_its_progress(comfy: FakeComfyUI) -> None:
    with client(comfy, flagged=False) as me:
        me.post(graph(count=1))
        seen = names(me.until())
    assert "frame 4" not in seen
    assert seen.index("frame 1") == seen.index("progress") + 1


def test_the_flag_counts_only_as_the_first_json_message(comfy: FakeComfyUI) -> None:
    with client(comfy, flagged=False) as me:
        flags = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
        for text in ("{}", flags):
            me.ws.send(text)
        comfy.wait_for(lambda: len(comfy.client_messages) == 2)
        me.post(graph(count=1))
        assert "frame 4" not in names(me.until())
    with client(comfy, "you", flagged=False) as you:
        for text in ("no json", flags):
            you.ws.send(text)
        you.until({"type": "feature_flags"})


def test_metadata_names_node_and_prompt(comfy: FakeComfyUI) -> None:
    with client(comfy) as me:
        prompt_id = me.post(graph(count=1))
        frame = next(f for f in frames(me.until()) if f[3] == 4)
    (size,) = struct.unpack(">I", frame[4:8])
    meta = json.loads(frame[8 : 8 + size])
    assert (meta["node_id"], meta["prompt_id"], meta["image_type"]) == ("3", prompt_id, "image/jpeg")
    assert frame[8 + size :].startswith(b"\xff\xd8")


@pytest.mark.parametrize(("flagged", "kind"), [(True, 4), (False, 1)])
def test_save_image_websocket_sends_the_batch_as_progress_without_executed(
    comfy: FakeComfyUI, flagged: bool, kind: int
) -> None:
    with client(comfy, flagged=flagged) as me:
        prompt_id = me.post(graph("SaveImageWebsocket", batch=3, count=0))
        seen = me.until()
    assert [f[3] for f in frames(seen)] == [kind] * 3
    values = [s["value"] for s in seen if isinstance(s, dict) and s["type"] == "progress"]
    assert values == [0, 1, 2]
    assert "executed" not in names(seen)
    assert get(comfy, f"/history/{prompt_id}")[prompt_id]["outputs"] == {}


def test_the_tooling_sender_tells_as_many_images_as_it_sent(comfy: FakeComfyUI) -> None:
    with client(comfy) as me:
        me.post(graph(batch=3))
        seen = me.until()
    executed = next(s for s in seen if isinstance(s, dict) and s["type"] == "executed")
    sent = [f for f in frames(seen) if f[3] == 1]
    assert len(executed["output"]["images"]) == len(sent) == 3
    assert len(set(sent)) == 3


@pytest.mark.parametrize(("sender", "kind"), [("PreviewImage", "temp"), ("SaveImage", "output")])
def test_file_nodes_leave_files_for_view(comfy: FakeComfyUI, sender: str, kind: str) -> None:
    with client(comfy) as me:
        prompt_id = me.post(graph(sender, batch=2))
        me.until()
    refs = get(comfy, f"/history/{prompt_id}")[prompt_id]["outputs"]["9"]["images"]
    assert [ref["type"] for ref in refs] == [kind, kind]
    for ref in refs:
        answer = requests.get(comfy.url + "/view", params=ref, timeout=5)
        decoded = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (16, 32, 3)
    preview = requests.get(comfy.url + "/view", params={**refs[0], "preview": "webp;90"}, timeout=5)
    assert preview.content[8:12] == b"WEBP"


def test_the_last_prompt_alone_is_cached(comfy: FakeComfyUI) -> None:
    def run(me: Client, **changes: Any) -> tuple[list[str], int]:
        workflow = graph()
        workflow["9"]["inputs"] |= changes
        me.post(workflow)
        seen = me.until()
        cached = next(s for s in seen if isinstance(s, dict) and s["type"] == "execution_cached")
        assert "executed" in names(seen)
        return sorted(cached["nodes"]), len(frames(seen))

    everything = sorted(graph())
    with client(comfy) as me:
        assert run(me) == ([], 3)
        assert run(me) == (everything, 0)
        assert run(me, _run="fresh") == (sorted(set(everything) - {"9"}), 1)
        me.post(graph(seed=8))
        me.until()
        assert run(me, _run="again") == (["4", "5", "6"], 3)


def test_save_image_websocket_is_never_cached(comfy: FakeComfyUI) -> None:
    with client(comfy) as me:
        for previews in (2, 0):
            me.post(graph("SaveImageWebsocket"))
            assert len(frames(me.until())) == previews + 1


def test_without_cache_everything_runs_each_time() -> None:
    with FakeComfyUI(cache=False) as comfy, client(comfy) as me:
        for _ in range(2):
            me.post()
            assert len(frames(me.until())) == 3


def test_history_is_written_with_the_end_not_with_success(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"success": steps.gate()}))
    with client(comfy) as me:
        prompt_id = me.post()
        me.until({"type": "execution_success"})
        comfy.wait_at()
        assert get(comfy, f"/history/{prompt_id}") == {}
        comfy.open()
        me.until()
        assert get(comfy, f"/history/{prompt_id}")[prompt_id]["status"]["completed"] is True
        assert list(get(comfy, "/history?max_items=1")) == [prompt_id]


def test_late_and_lost_history(comfy: FakeComfyUI) -> None:
    late, lost = steps.late_history(reads=2), steps.lose_history()
    comfy.script(Play.usual(before={"end": late}), Play.usual(before={"end": lost}))
    with client(comfy) as me:
        ids = [me.post(), me.post()]
        me.until()
        me.until()
    assert [bool(get(comfy, f"/history/{ids[0]}")) for _ in range(4)] == [False, False, True, True]
    assert get(comfy, f"/history/{ids[1]}") == {}


def test_errors_come_with_their_node_and_stand_in_the_history(comfy: FakeComfyUI) -> None:
    failing = steps.error(message="out of memory", exception_type="torch.OutOfMemoryError")
    comfy.script(Play(steps.start(), steps.cached(), steps.executing("3"), failing, steps.end()))
    with client(comfy) as me:
        prompt_id = me.post()
        seen = me.until()
    error = next(s for s in seen if isinstance(s, dict) and s["type"] == "execution_error")
    assert (error["node_id"], error["node_type"]) == ("3", "KSampler")
    assert error["exception_type"] == "torch.OutOfMemoryError"
    status = get(comfy, f"/history/{prompt_id}")[prompt_id]["status"]
    assert (status["status_str"], status["messages"][-1][0]) == ("error", "execution_error")


def test_messages_go_to_their_owner_and_status_to_all(comfy: FakeComfyUI) -> None:
    with client(comfy) as me, client(comfy, "you") as you:
        me.post()
        me.until()
        you.post()
        assert set(names(you.until({"type": "execution_start"}))) == {"status", "feature_flags", "execution_start"}


def test_a_prompt_without_client_id_shows_its_pictures_to_all(comfy: FakeComfyUI) -> None:
    with client(comfy) as me:
        get(comfy, "/prompt", json={"prompt": graph(count=1)})
        comfy.wait_for(lambda: comfy.remaining == 0)
        me.post(graph(seed=99))
        seen = names(me.until({"type": "execution_start"}))
    assert seen.count("frame 4") == seen.count("frame 1") == 1
    assert "executed" not in seen


# --- the queue ---


def test_prompts_stay_pending_while_held_and_go_by_number(comfy: FakeComfyUI) -> None:
    comfy.hold()
    with client(comfy) as me:
        first, ahead = me.post(), me.post(front=True)
        queue = get(comfy, "/queue")
        assert queue["queue_running"] == []
        assert sorted((item[0], item[1]) for item in queue["queue_pending"]) == [(-1, ahead), (0, first)]
        assert queue["queue_pending"][0][2:] == [graph(), {"client_id": "me"}, ["9"]]
        comfy.release()
        starts = [me.until({"type": "execution_start"})[-1] for _ in range(2)]
    assert [s["prompt_id"] for s in starts if isinstance(s, dict)] == [ahead, first]


def test_prompts_of_others_stand_ahead_and_leave_one_by_one(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(ahead=2))
    with client(comfy) as me:
        me.post()
        assert comfy.remaining == 3
        comfy.release(1)
        comfy.wait_for(lambda: comfy.remaining == 2)
        comfy.release()
        me.until()
    assert comfy.remaining == 0


def test_a_deleted_pending_prompt_vanishes_without_a_word(comfy: FakeComfyUI) -> None:
    comfy.hold()
    with client(comfy) as me:
        prompt_id = me.post()
        get(comfy, "/queue", json={"delete": [prompt_id]})
        comfy.release()
        other = me.post()
        seen = me.until()
    assert prompt_id not in {s.get("prompt_id") for s in seen if isinstance(s, dict)}
    assert get(comfy, f"/history/{prompt_id}") == {}
    assert get(comfy, f"/history/{other}")


def test_interrupt_hits_the_prompt_that_it_names(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(after={"progress 3 1": steps.gate()}))
    with client(comfy) as me:
        prompt_id = me.post()
        comfy.wait_at()
        get(comfy, "/interrupt", json={"prompt_id": "another"})
        assert comfy.remaining == 1
        get(comfy, "/interrupt", json={"prompt_id": prompt_id})
        seen = me.until()
    stopped = next(s for s in seen if isinstance(s, dict) and s["type"] == "execution_interrupted")
    assert (stopped["node_id"], stopped["executed"]) == ("3", ["4", "6", "5"])
    assert get(comfy, f"/history/{prompt_id}")[prompt_id]["status"]["status_str"] == "error"


def test_an_uninterruptible_play_goes_on(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(before={"executing 3": steps.gate()}, interruptible=False))
    with client(comfy) as me:
        prompt_id = me.post()
        comfy.wait_at()
        get(comfy, "/interrupt", json={"prompt_id": prompt_id})
        comfy.open()
        assert "execution_success" in names(me.until())


def test_several_prompts_stream_at_once() -> None:
    with FakeComfyUI(parallel=3) as comfy:
        comfy.script(Play.stream(rate=500, jpeg=lambda index: b"frame %d" % index))
        clients = [Client(comfy, f"c{i}") for i in range(3)]
        ids = [one.post() for one in clients]
        for one, prompt_id in zip(clients, ids, strict=True):
            seen = frames(one.until({"type": "progress", "value": 5}))
            assert [f.rsplit(b"}", 1)[1] for f in seen] == [b"frame %d" % i for i in range(5)]
            get(comfy, "/interrupt", json={"prompt_id": prompt_id})
            one.until()
            one.close()


def test_a_stream_keeps_its_rate(comfy: FakeComfyUI) -> None:
    comfy.script(Play.stream(rate=100, seconds=0.2))
    with client(comfy) as me:
        me.post()
        began = time.monotonic()
        assert len(frames(me.until())) == 20
    assert time.monotonic() - began > 0.15


# --- the answer of POST /prompt ---


def test_events_can_come_before_the_answer(comfy: FakeComfyUI) -> None:
    comfy.script(Play(steps.start(), steps.gate(), steps.answer(), steps.success(), steps.end()))
    with client(comfy) as me:
        poster = threading.Thread(target=me.post)
        poster.start()
        me.until({"type": "execution_start"})
        comfy.wait_at()
        assert poster.is_alive()
        comfy.open()
        poster.join(5)
        assert not poster.is_alive()
        me.until()


def test_node_errors_may_stand_in_a_200(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(node_errors={"3": {"errors": []}}))
    assert get(comfy, "/prompt", json={"prompt": graph()})["node_errors"] == {"3": {"errors": []}}


def test_a_rejection_is_told_as_it_was_ordered(comfy: FakeComfyUI) -> None:
    comfy.reject({"type": "prompt_outputs_failed_validation"}, {"3": {"class_type": "KSampler"}})
    answer = requests.post(comfy.url + "/prompt", json={"prompt": graph()}, timeout=5)
    assert (answer.status_code, answer.json()["node_errors"]) == (400, {"3": {"class_type": "KSampler"}})
    assert comfy.prompts == []


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({}, 400, "no_prompt"),
        ({"prompt": {}}, 400, "prompt_no_outputs"),
        ({"prompt": {"4": graph()["4"]}}, 400, "prompt_no_outputs"),
        ({"prompt": {"nodes": [], "links": []}}, 400, "invalid_prompt"),
        ([1], 500, None),
    ],
)
def test_bodies_that_no_server_takes(comfy: FakeComfyUI, body: Any, status: int, kind: str | None) -> None:
    answer = requests.post(comfy.url + "/prompt", json=body, timeout=5)
    assert answer.status_code == status
    if kind:
        assert answer.json()["error"]["type"] == kind


# --- faults of the line ---


def test_a_client_that_comes_back_hears_where_the_run_stands(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(before={"progress 3 2": [steps.drop(), steps.gate()]}))
    with client(comfy) as me:
        me.post()
        assert len(frames(me.until_closed())) == 1
    comfy.wait_at()
    with client(comfy) as again:
        assert again.until({"type": "executing", "node": "3"})[-1] == {"type": "executing", "node": "3"}
        comfy.open()
        seen = again.until()
    assert "execution_success" in names(seen)
    assert comfy.sockets_opened == 2


def test_a_reset_is_a_tcp_reset(comfy: FakeComfyUI) -> None:
    comfy.script(Play(steps.start(), steps.reset(), steps.end()))
    with client(comfy) as me:
        me.post()
        with pytest.raises(ConnectionResetError):
            me.until()


def test_a_polite_drop_has_its_close_code(comfy: FakeComfyUI) -> None:
    comfy.script(Play(steps.drop(code=1012), steps.end()))
    with client(comfy) as me:
        me.post()
        kind, data = me.ws.recv_data()
        while kind != websocket.ABNF.OPCODE_CLOSE:
            kind, data = me.ws.recv_data()
    assert struct.unpack(">H", data[:2]) == (1012,)


def test_a_silenced_socket_stays_open_and_hears_nothing(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(before={"executing 3": steps.silence()}), Play.usual())
    with client(comfy) as me:
        prompt_id = me.post()
        me.until({"type": "executing", "node": "5"})
        comfy.wait_for(lambda: comfy.remaining == 0)
        assert get(comfy, f"/history/{prompt_id}")
        assert comfy.sockets == ["me"]
        me.ws.settimeout(0.05)
        with pytest.raises(websocket.WebSocketTimeoutException):
            me.until()


def test_a_second_socket_with_the_same_id_goes_deaf_when_the_first_closes(comfy: FakeComfyUI) -> None:
    first, second = Client(comfy), Client(comfy)
    first.close()
    comfy.wait_for(lambda: len(comfy.sockets) == 1)
    second.until({"type": "feature_flags"})
    second.post()
    comfy.wait_for(lambda: comfy.remaining == 0)
    second.ws.settimeout(0.05)
    with pytest.raises(websocket.WebSocketTimeoutException):
        second.next()
    second.close()


def test_garbage_comes_as_it_was_given(comfy: FakeComfyUI) -> None:
    comfy.script(
        Play(
            *(steps.raw_binary(b"\0\0\0"), steps.text("12:7", "half way"), steps.other_prompt_frame()),
            *(steps.raw_text('{"type":"tomorrow","data":{}}'), steps.end()),
        )
    )
    with client(comfy) as me:
        me.post()
        seen = me.until()
    garbage, text, other = frames(seen)
    assert garbage == b"\0\0\0"
    assert text == b"\0\0\0\3\0\0\0\x0412:7half way"
    assert steps.OTHER_PROMPT.encode() in other
    assert "tomorrow" in names(seen)


def test_a_budget_cuts_sockets_in_the_middle_of_a_frame(comfy: FakeComfyUI) -> None:
    comfy.socket_budget(10_000)
    big = noise_png(100, 100)
    comfy.script(Play(steps.result("9", big), steps.end()))
    with client(comfy) as me:
        me.post()
        received = bytearray()
        while part := me.ws.sock.recv(65536):
            received += part
        assert len(received) == 10_000
    assert big[:5000] in received
    comfy.socket_budget(None)
    with client(comfy, "you") as you:
        you.post()
        assert len(frames(you.until())[0]) == len(big) + 8


def test_twelve_megabytes_come_in_one_frame(comfy: FakeComfyUI) -> None:
    big = noise_png(2048, 2048)
    comfy.script(Play(steps.result("9", big), steps.end()))
    with client(comfy) as me:
        me.post()
        assert frames(me.until())[0][8:] == big
    assert len(big) > 12_000_000


# --- the server goes and comes ---


def test_a_restart_forgets_everything_and_drops_everyone(comfy: FakeComfyUI) -> None:
    comfy.script(Play.usual(), Play.usual(before={"executing 3": steps.gate()}), Play.usual())
    with client(comfy) as me:
        done = me.post()
        me.until()
        me.post(graph(seed=8))
        comfy.wait_at()
        comfy.restart()
        me.until_closed()
    with pytest.raises(TimeoutError):
        comfy.wait_at(timeout=0)
    assert get(comfy, f"/history/{done}") == {}
    assert get(comfy, "/queue") == {"queue_running": [], "queue_pending": []}
    with client(comfy) as again:
        again.post()
        cached = again.until({"type": "execution_cached"})[-1]
        assert isinstance(cached, dict)
        assert cached["nodes"] == []
        again.until()


def test_connections_are_refused_until_it_resumes_on_the_same_port(comfy: FakeComfyUI) -> None:
    session = requests.Session()
    assert session.get(comfy.url + "/queue", timeout=5).ok
    port = comfy.port
    comfy.stop_listening()
    with pytest.raises(requests.ConnectionError):
        session.get(comfy.url + "/queue", timeout=5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    comfy.resume()
    assert session.get(comfy.url + "/queue", timeout=5).ok
    session.close()


@pytest.mark.parametrize("reset", [False, True])
def test_sockets_of_one_client_can_be_dropped(comfy: FakeComfyUI, reset: bool) -> None:
    with client(comfy) as me, client(comfy, "you") as you:
        comfy.drop_sockets(reset=reset, client_ids=["me"])
        me.until_closed()
        assert comfy.sockets == ["you"]
        you.post()
        you.until()


# --- faults of HTTP ---


def test_a_status_comes_as_often_as_ordered(comfy: FakeComfyUI) -> None:
    comfy.fail("GET /queue", 429, times=2, headers={"Retry-After": "1"})
    answers = [requests.get(comfy.url + "/queue", timeout=5) for _ in range(3)]
    assert [a.status_code for a in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "1"


def test_faults_go_by_pattern_and_api_prefix_does_not_matter(comfy: FakeComfyUI) -> None:
    comfy.fail("GET /history/*", 503)
    assert requests.get(comfy.url + "/queue", timeout=5).ok
    assert requests.get(comfy.url + "/api/history/x", timeout=5).status_code == 503
    assert requests.get(comfy.url + "/api/history/x", timeout=5).ok


@pytest.mark.parametrize(("fault", "accepted"), [("close-before-answer", 0), ("close-after-accept", 1)])
def test_an_answer_can_be_lost_before_or_after_the_prompt_is_accepted(
    comfy: FakeComfyUI, fault: Any, accepted: int
) -> None:
    comfy.fail("POST /prompt", fault)
    with client(comfy) as me:
        with pytest.raises(requests.ConnectionError):
            me.post()
        assert len(comfy.prompts) == accepted
        if accepted:
            assert "execution_success" in names(me.until())


def test_timeout_slow_redirect_and_login(comfy: FakeComfyUI) -> None:
    comfy.fail("GET /queue", "timeout")
    with pytest.raises(requests.Timeout):
        requests.get(comfy.url + "/queue", timeout=0.05)
    comfy.fail("GET /queue", "slow", seconds=0.05)
    assert requests.get(comfy.url + "/queue", timeout=5).elapsed.total_seconds() >= 0.05
    comfy.fail("GET /queue", "redirect", to="https://login.example/")
    answer = requests.get(comfy.url + "/queue", timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://login.example/")
    comfy.fail("GET /queue", "login")
    assert requests.get(comfy.url + "/queue", timeout=5).headers["content-type"].startswith("text/html")


def test_a_handshake_can_be_refused(comfy: FakeComfyUI) -> None:
    comfy.fail("WS /ws", 503)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Client(comfy)
    assert refused.value.status_code == 503
    comfy.fail("WS /ws", "close-before-answer")
    with pytest.raises((websocket.WebSocketException, ConnectionError)):
        Client(comfy)
    Client(comfy).close()


def test_heal_forgets_all_faults(comfy: FakeComfyUI) -> None:
    comfy.fail("*", 500, times=None)
    comfy.chaos(1, rate=1.0)
    comfy.heal()
    assert get(comfy, "/queue")


# --- chaos ---


def stormy(seed: int) -> tuple[list[str], list[str]]:
    """What happens to a client that only listens, and what was drawn."""
    with FakeComfyUI() as comfy, closing(Client(comfy)) as me:
        comfy.chaos(seed, rate=0.2)
        try:
            me.post()
        except requests.RequestException:
            comfy.heal()
        comfy.wait_for(lambda: comfy.remaining == 0)
        return comfy.faults_drawn, [r.path for r in comfy.requests]


def test_the_same_seed_draws_the_same_faults() -> None:
    drawn = [stormy(seed)[0] for seed in range(8)]
    assert drawn == [stormy(seed)[0] for seed in range(8)]
    assert len({tuple(faults) for faults in drawn}) > 3


def test_chaos_comes_to_an_end(comfy: FakeComfyUI) -> None:
    comfy.chaos(3, rate=1.0, most=4)
    for _ in range(12):
        try:
            requests.get(comfy.url + "/queue", timeout=5)
        except requests.ConnectionError:
            continue
    assert len(comfy.faults_drawn) == 4


def test_a_seed_takes_a_fraction_of_a_second() -> None:
    began = time.monotonic()
    for seed in range(5):
        stormy(seed)
    assert time.monotonic() - began < 2.5


# --- what the server is ---


def test_prefix_and_headers_are_asked_for_everywhere() -> None:
    with FakeComfyUI(prefix="/comfy/", require_headers={"Authorization": "Bearer t"}) as comfy:
        assert comfy.url.endswith("/comfy")
        assert requests.get(f"http://127.0.0.1:{comfy.port}/queue", timeout=5).status_code == 404
        assert requests.get(comfy.url + "/queue", timeout=5).status_code == 401
        assert get(comfy, "/queue", headers={"Authorization": "Bearer t"})
        with pytest.raises(websocket.WebSocketBadStatusException):
            Client(comfy)
        Client(comfy, header={"Authorization": "Bearer t"}).close()
        assert comfy.requests[-1].method == "WS"
        assert comfy.requests[-1].query == {"clientId": "me"}
        assert comfy.requests[-1].headers["authorization"] == "Bearer t"


def test_a_foreign_origin_is_refused(comfy: FakeComfyUI) -> None:
    foreign = {"Origin": "http://127.0.0.1:8501"}
    assert requests.get(comfy.url + "/queue", headers=foreign, timeout=5).status_code == 403


def test_requests_are_kept_with_their_bodies(comfy: FakeComfyUI) -> None:
    get(comfy, "/api/queue?x=1", json={"clear": True})
    seen = comfy.requests[-1]
    assert (seen.method, seen.path, seen.query, seen.json) == ("POST", "/api/queue", {"x": "1"}, {"clear": True})


def test_reads_answer_as_a_server_does(comfy: FakeComfyUI) -> None:
    assert get(comfy, "/prompt") == {"exec_info": {"queue_remaining": 0}}
    assert get(comfy, "/system_stats")["system"]["comfyui_version"] == "0.3.64"
    assert get(comfy, "/object_info")["KSampler"]["input"]["required"]["seed"][1]["max"] == 2**64 - 1
    assert list(get(comfy, "/object_info/KSampler")) == ["KSampler"]
    assert get(comfy, "/object_info/Nothing") == {}
    assert get(comfy, "/models/checkpoints") == ["dream.safetensors", "sub/other.safetensors"]
    assert get(comfy, "/features")["supports_preview_metadata"] is True
    assert get(comfy, "/embeddings") == []
    assert requests.get(comfy.url + "/api/jobs", timeout=5).status_code == 404


def test_uploads_keep_their_bytes_and_find_free_names(comfy: FakeComfyUI) -> None:
    def upload(data: bytes, **fields: str) -> dict[str, str]:
        files = {"image": ("x é.png", data, "image/png")}
        answer = requests.post(comfy.url + "/upload/image", files=files, data=fields, timeout=5)
        return dict(answer.json())

    big = noise_png(700, 700)
    assert upload(b"a")["name"] == upload(b"a")["name"] == "x é.png"
    assert upload(big, subfolder="") == {"name": "x é (1).png", "subfolder": "", "type": "input"}
    assert upload(b"c", overwrite="true")["name"] == "x é.png"
    view = {"filename": "x é (1).png", "type": "input"}
    assert requests.get(comfy.url + "/view", params=view, timeout=5).content == big
    assert requests.post(comfy.url + "/upload/image", data=b"x", timeout=5).status_code == 400
    assert requests.get(comfy.url + "/view", params={"filename": "../x"}, timeout=5).status_code == 400


def test_the_image_cache_of_the_tooling_nodes_keeps_the_first_bytes(comfy: FakeComfyUI) -> None:
    address = comfy.url + "/api/etn/image/one"
    assert [requests.put(address, data=d, timeout=5).status_code for d in (b"a", b"b")] == [201, 200]
    assert requests.get(address, timeout=5).content == b"a"


def test_a_newer_server_has_jobs_and_takes_only_uuids() -> None:
    with FakeComfyUI("0.38", cache=False) as comfy, client(comfy) as me:
        assert get(comfy, "/system_stats")["system"]["os"] == "linux"
        bad = requests.post(comfy.url + "/prompt", json={"prompt": graph(), "prompt_id": "mine"}, timeout=5)
        assert bad.json()["error"]["type"] == "invalid_prompt_id"
        comfy.script(Play.usual(), Play.usual(before={"executing 3": steps.gate()}), Play.usual())
        ids = [me.post(), me.post(), me.post()]
        comfy.wait_at()
        states = [get(comfy, f"/api/jobs/{i}")["status"] for i in ids]
        assert states == ["completed", "in_progress", "pending"]
        cancelled = [get(comfy, f"/api/jobs/{i}/cancel", json={})["cancelled"] for i in reversed(ids)]
        assert cancelled == [True, True, False]
        comfy.wait_for(lambda: comfy.remaining == 0)
        assert [job["id"] for job in get(comfy, "/api/jobs?status=cancelled")["jobs"]] == [ids[1]]
        assert requests.get(f"{comfy.url}/api/jobs/{ids[2]}", timeout=5).status_code == 404


def test_the_examples_of_the_docs_hold() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    examples: dict[str, Any] = {}
    for block in page.split("```python\n")[1:]:
        exec(block.split("```")[0], examples)
    tests = [value for name, value in examples.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()
