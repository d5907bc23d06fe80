"""HTTP to one ComfyUI: what opens the door, what is repeated, what is refused, and what is never told."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from raw import answering, raw_server, request
from running import FAST, Connect, graph
from tcp_proxy import proxy_to
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util import Retry

from comfy_api import ComfyClient
from comfy_api.errors import ApiError, ComfyError, ProtocolError, ServerUnreachable, SignInNeeded
from comfy_api.protocol.address import Address
from comfy_api.protocol.http import MAX_JSON, read_retries
from comfy_api.testing import FakeComfyUI

SECRET = "hunter2"


def asked(comfy: FakeComfyUI, route: str) -> int:
    """How often ``GET /queue`` or the like was asked."""
    return sum(f"{request.method} {request.path}" == route for request in comfy.requests)


# --- what opens the door ---


def test_a_prefix_stands_before_every_route_and_the_websocket(connect: Connect) -> None:
    with FakeComfyUI(prefix="/gpu/comfy") as comfy:
        assert connect(comfy.url).run(graph(), timing=FAST).wait(10)
        assert {request.method for request in comfy.requests} >= {"GET", "POST", "WS"}
        assert all(request.path.startswith("/gpu/comfy/") for request in comfy.requests)


@pytest.mark.parametrize(
    ("options", "user", "header"),
    [
        ({"api_key": SECRET}, "", ("authorization", f"Bearer {SECRET}")),
        ({"headers": {"X-Door": SECRET}}, "", ("x-door", SECRET)),
        ({}, f"ann:{SECRET}@", ("authorization", "Basic YW5uOmh1bnRlcjI=")),
    ],
)
def test_key_headers_and_password_go_with_http_and_websocket_alike(
    connect: Connect, options: dict[str, Any], user: str, header: tuple[str, str]
) -> None:
    with FakeComfyUI(require_headers=dict([header])) as comfy:
        client = connect(comfy.url.replace("//", f"//{user}"), **options)
        assert client.run(graph(), timing=FAST).wait(10)
        client.run(graph(seed=2), timing=FAST).stop(10)  # its questions come from a client of their own
        assert comfy.requests
        assert all(request.headers.get(header[0]) == header[1] for request in comfy.requests)


def test_parameters_go_with_http_and_websocket_alike(comfy: FakeComfyUI, connect: Connect) -> None:
    client = connect(f"{comfy.url}?token={SECRET}", params={"more": "1"})
    client.run(graph("SaveImage"), timing=FAST).wait(10)
    client.run(graph(seed=2), timing=FAST).stop(10)
    assert {request.method for request in comfy.requests} == {"GET", "POST", "WS"}
    assert all({"token": SECRET, "more": "1"}.items() <= request.query.items() for request in comfy.requests)


def test_comfy_org_gets_its_token_on_the_websocket_alone(comfy: FakeComfyUI, connect: Connect) -> None:
    address = Address(comfy.url, headers={"X-API-Key": SECRET}, ws_params={"token": SECRET})
    connect(address).run(graph(), timing=FAST).wait(10)
    for request_ in comfy.requests:
        assert request_.headers["x-api-key"] == SECRET
        assert ("token" in request_.query) == (request_.method == "WS")


def test_no_origin_is_ever_sent(comfy: FakeComfyUI, connect: Connect) -> None:
    connect(comfy.url, headers={"Origin": comfy.url}).run(graph(), timing=FAST).wait(10)
    assert not [request for request in comfy.requests if "origin" in request.headers]


def test_netrc_is_not_used(
    comfy: FakeComfyUI, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    connect(comfy.url).get_queue()
    connect(comfy.url, api_key="k3y").get_queue()
    assert [request.headers.get("authorization") for request in comfy.requests] == [None, "Bearer k3y"]


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_proxy_leads_to_this_machine(
    comfy: FakeComfyUI, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert connect(comfy.url).run(graph(), timing=FAST).wait(10)
    assert comfy.sockets_opened == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody has signed, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    wanted = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "own.pem")]
    command = [openssl, "req", "-x509", "-nodes", "-newkey", "rsa:2048", *wanted, *made]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / "own.pem"


@pytest.mark.parametrize("trusted", [True, False])
def test_https_and_wss_trust_the_same_certificates(
    comfy: FakeComfyUI, connect: Connect, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with proxy_to(comfy.url, tls) as (_, url):
        client = connect(url, retries=Retry(0))
        if trusted:
            assert client.run(graph(), timing=FAST).wait(10)
            assert comfy.sockets_opened == 1
            return
        for call in (client.get_queue, lambda: client.connect("me"), lambda: client.run(graph(), timing=FAST)):
            with pytest.raises(ServerUnreachable):
                call()
        assert comfy.requests == []


# --- sign-in ---


def test_a_redirect_within_the_server_is_followed_with_its_query(connect: Connect) -> None:
    with FakeComfyUI(prefix="/comfy") as comfy:
        comfy.fail("GET /queue", "redirect", to="/comfy/history?max_items=1")
        client = connect(comfy.url, params={"token": "t"})
        with pytest.raises(ProtocolError):  # a history is no queue
            client.get_queue()
        assert (comfy.requests[-1].path, comfy.requests[-1].query) == (
            "/comfy/history",
            {"max_items": "1", "token": "t"},
        )


@pytest.mark.parametrize(
    "to", ["/login?next=/queue", "/comfy/Login", "https://elsewhere.example/", "/comfyevil/x", "//[::1"]
)
def test_a_redirect_elsewhere_is_not_followed(connect: Connect, to: str) -> None:
    with FakeComfyUI(prefix="/comfy") as comfy:
        comfy.fail("GET /queue", "redirect", to=to)
        with pytest.raises((SignInNeeded, ProtocolError)) as caught:
            connect(comfy.url).get_queue()
        assert len(comfy.requests) == 1
        assert isinstance(caught.value, SignInNeeded) or to == "//[::1"


def test_nothing_is_forwarded_to_another_host(comfy: FakeComfyUI, connect: Connect) -> None:
    with FakeComfyUI() as other:
        comfy.fail("*", "redirect", times=None, to=f"{other.url}/queue")
        client = connect(comfy.url, api_key=SECRET, params={"token": SECRET})
        for call in (client.get_queue, lambda: client.delete_pending(["x"]), lambda: client.run(graph(), timing=FAST)):
            with pytest.raises(SignInNeeded):
                call()
        assert other.requests == []


def test_a_post_is_not_redirected(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.fail("POST /queue", "redirect", to="/interrupt")
    with pytest.raises(SignInNeeded):
        client.delete_pending(["x"])
    assert len(comfy.requests) == 1


def test_a_circle_of_redirects_ends(comfy: FakeComfyUI, client: ComfyClient) -> None:
    comfy.fail("GET /queue", "redirect", times=None, to="/queue")
    with pytest.raises(ProtocolError, match="circle"):
        client.get_queue()


CALLS: dict[str, Callable[[ComfyClient], object]] = {
    "GET /system_stats": lambda client: client.get_system_stats(),
    "GET /queue": lambda client: client.get_queue(),
    "GET /history/*": lambda client: client.find_history("p"),
    "GET /view": lambda client: client.view("a.png"),
    "POST /queue": lambda client: client.delete_pending(["p"]),
    "POST /interrupt": lambda client: client.interrupt("p"),
    "POST /upload/image": lambda client: client.upload_image(b"", "a.png"),
    "POST /prompt": lambda client: client.queue_prompt(graph(), client_id="me", prompt_id="p"),
}


@pytest.mark.parametrize("route", CALLS)
def test_a_web_page_means_sign_in(comfy: FakeComfyUI, client: ComfyClient, route: str) -> None:
    comfy.fail(route, "login")
    with pytest.raises(SignInNeeded) as caught:
        CALLS[route](client)
    assert caught.value.status == 200


@pytest.mark.parametrize("status", [401, 407, 511])
def test_a_status_that_asks_for_credentials_means_sign_in(comfy: FakeComfyUI, client: ComfyClient, status: int) -> None:
    comfy.fail("GET /queue", status)
    with pytest.raises(SignInNeeded) as caught:
        client.get_queue()
    assert (caught.value.status, caught.value.url) == (status, f"{comfy.url}/queue")


# --- what is repeated ---


@pytest.mark.parametrize("fault", [429, 502, 503, 504, "close-before-answer", "close-after-accept"])
def test_a_read_is_repeated(comfy: FakeComfyUI, client: ComfyClient, fault: Any) -> None:
    comfy.fail("GET /queue", fault, times=2, headers={"Retry-After": "0"} if fault == 429 else {})
    assert client.get_queue().pending == ()
    assert asked(comfy, "GET /queue") == 3


@pytest.mark.parametrize("status", [400, 404, 500, 501])
def test_a_read_that_fails_for_good_is_not_repeated(comfy: FakeComfyUI, client: ComfyClient, status: int) -> None:
    comfy.fail("GET /queue", status, times=None, body="the reason")
    with pytest.raises(ApiError) as caught:
        client.get_queue()
    assert (caught.value.status, caught.value.body) == (status, "the reason")
    assert asked(comfy, "GET /queue") == 1


def test_reads_are_not_repeated_for_ever(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.fail("GET /queue", 503, times=None)
    quick = read_retries().new(backoff_factor=0.001)
    with pytest.raises(ApiError):
        connect(comfy.url, retries=quick).get_queue()
    assert asked(comfy, "GET /queue") == 5


def test_waits_grow_with_jitter_and_a_server_may_not_ask_for_long_ones(comfy: FakeComfyUI, connect: Connect) -> None:
    usual = read_retries()
    assert usual.retry_after_max <= 10
    assert usual.backoff_jitter > 0
    waits = []
    for _ in range(3):
        usual = usual.increment("GET", "/", error=ConnectTimeoutError())
        waits.append(usual.get_backoff_time())
    assert waits[0] < waits[1] < waits[2] <= 3.2
    comfy.fail("GET /queue", 429, headers={"Retry-After": "3600"})
    assert connect(comfy.url, retries=read_retries().new(retry_after_max=0)).get_queue()


@pytest.mark.parametrize("route", [route for route in CALLS if route.startswith("POST")])
@pytest.mark.parametrize("fault", [503, "close-before-answer", "close-after-accept"])
def test_a_post_is_never_repeated(comfy: FakeComfyUI, client: ComfyClient, route: str, fault: Any) -> None:
    comfy.fail(route, fault, times=None)
    with pytest.raises((ApiError, ServerUnreachable)):
        CALLS[route](client)
    assert len(comfy.requests) == 1


def test_a_body_that_breaks_off_is_asked_for_again(connect: Connect) -> None:
    tries: list[int] = []

    def talk(connection: socket.socket, ended: threading.Event) -> None:
        tries.append(1)
        request(connection)
        body = b'{"queue_running":[],"queue_pending":[]}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(head + (body if len(tries) == 3 else body[:7]))

    with raw_server(talk) as url:
        assert connect(url).get_queue().pending == ()
        assert len(tries) == 3
        tries.clear()
        with pytest.raises(ServerUnreachable):
            connect(url, retries=Retry(0)).get_queue()
        assert len(tries) == 1


# --- limits ---


def test_no_answer_in_time_is_an_error(comfy: FakeComfyUI, connect: Connect) -> None:
    comfy.fail("GET /queue", "timeout", times=None)
    with pytest.raises(ServerUnreachable, match="no answer in time"):
        connect(comfy.url, timeout=0.1, retries=Retry(0)).get_queue()


def test_nobody_there_is_an_error(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ServerUnreachable, match="no connection"):
        connect(f"127.0.0.1:{port}", retries=Retry(0)).get_queue()


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_trickles_is_given_up(connect: Connect, chunked: bool) -> None:
    def talk(connection: socket.socket, ended: threading.Event) -> None:
        request(connection)
        length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000000"
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode())
        while not ended.wait(0.02):
            connection.sendall(b"1\r\n \r\n" if chunked else b" ")

    with raw_server(talk) as url:
        began = time.monotonic()
        with pytest.raises(ServerUnreachable, match="slowly"):
            connect(url, timeout=0.2).get_queue()
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_given_up(connect: Connect, packed: bool) -> None:
    body = gzip.compress(bytes(MAX_JSON + 1), 1) if packed else bytes(MAX_JSON + 1)
    head = f"200 OK\r\nContent-Length: {len(body)}" + ("\r\nContent-Encoding: gzip" if packed else "")
    with raw_server(answering(head, body)) as url, pytest.raises(ProtocolError, match="larger than"):
        connect(url).get_queue()


def test_a_packed_answer_is_read(connect: Connect) -> None:
    body = gzip.compress(json.dumps({"queue_running": [], "queue_pending": []}).encode())
    head = f"200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}"
    with raw_server(answering(head, body)) as url:
        assert connect(url).get_queue().pending == ()


@pytest.mark.parametrize("body", [b"{cut", b"[1]", b"null", b"1", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_an_answer_that_no_comfyui_gives_is_a_protocol_error(connect: Connect, body: bytes) -> None:
    head = f"200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with raw_server(answering(head, body)) as url:
        client = connect(url)
        for call in (
            client.get_system_stats, client.get_features, client.get_object_info, client.get_queue, client.get_history,
            client.get_queue_remaining, lambda: client.find_history("p"), lambda: client.find_job("p"), client.get_jobs,
            lambda: client.upload_image(b"", "a.png"),
        ):  # fmt: skip
            with pytest.raises(ProtocolError):
                call()
        assert not client.health().connected


# --- what is never told ---


def _log(caplog: pytest.LogCaptureFixture) -> str:
    """What was logged on our side, at every level and by every library; the server's own words are its own."""
    ours = [record for record in caplog.records if not record.name.startswith(("uvicorn", "asyncio"))]
    return "\n".join(f"{record.name} {record.getMessage()}" for record in ours)


def _chain(error: BaseException | None) -> list[BaseException]:
    """The error and what is shown with it."""
    found = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


@pytest.mark.parametrize(
    "fault", [401, 403, 404, 429, 500, 503, "timeout", "close-before-answer", "close-after-accept", "redirect", "login"]
)
def test_no_secret_in_a_log_an_error_or_a_repr(
    comfy: FakeComfyUI, connect: Connect, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    comfy.fail("*", fault, times=None, to=f"/login?token={SECRET}")
    quick = read_retries().new(backoff_factor=0.001, total=1)
    url = comfy.url.replace("//", f"//{SECRET}:{SECRET}@") + f"?token={SECRET}"
    client = connect(url, timeout=0.05, headers={"X-Door": SECRET}, params={"more": SECRET}, retries=quick)
    said = [repr(client), str(client.address), client.health().error]
    calls = [*CALLS.values(), lambda client: client.run(graph(), timing=FAST)]
    calls += [lambda client: client.connect("me")] if fault != "close-after-accept" else []  # that one is opened
    for call in calls:
        with pytest.raises(ComfyError) as caught:
            call(client)
        said += [f"{error} {error!r} {vars(error)}" for error in _chain(caught.value)]
    assert SECRET not in "".join(said)
    assert SECRET not in _log(caplog)
    assert comfy.requests[-1].query["token"] == SECRET


def test_no_secret_in_the_log_of_a_run_that_goes_well_or_breaks(
    comfy: FakeComfyUI, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = connect(f"{comfy.url}?token={SECRET}", api_key=SECRET)
    run = client.run(graph(), timing=FAST, extra_data={"api_key_comfy_org": SECRET})
    comfy.drop_sockets()
    assert run.wait(10)
    assert "accepted" in _log(caplog)
    assert SECRET not in _log(caplog) + repr(run.results) + repr(run)


def test_the_prompt_text_is_not_logged(
    comfy: FakeComfyUI, client: ComfyClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.run(graph(), timing=FAST).wait(10)
    assert "red fox" not in _log(caplog)
