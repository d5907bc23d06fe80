"""HTTP to one ComfyUI: time limits, size limits, retries of reads, and every failure turned into one of ours."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from comfy_api.errors import AnswerTooLarge, ApiError, ComfyError, ProtocolError, ServerUnreachable, SignInNeeded
from comfy_api.protocol.address import Address

#: Most bytes of a JSON answer: a queue whose graphs hold base64 pictures is large (protocol.md §9).
MAX_JSON: Final = 64 * 2**20
#: Most bytes of one file: a long video.
MAX_FILE: Final = 2 * 2**30
#: Redirects to the same server that are followed, and bodies that broke off and are asked for again.
_MORE_TRIES: Final = 3
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_CHUNK: Final = 2**18
#: A body may come this slowly, bytes a second, once its time is over.
_SLOWEST: Final = 50_000


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. ``url`` holds no secrets."""

    status: int
    url: str
    content_type: str
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text, for people."""
        return self.body.decode("utf-8", "replace")

    @property
    def is_page(self) -> bool:
        """Whether it is a web page: ComfyUI's routes answer with none, so it is somebody's who stands before it."""
        return self.content_type == "text/html"

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            SignInNeeded: it is a web page.
            ProtocolError: it is something else.
        """
        if self.is_page:
            raise SignInNeeded(self.url, self.status)
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise ProtocolError(self.url, "the answer is no JSON") from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises as ``json``, and ProtocolError for other JSON."""
        data = self.json()
        if not isinstance(data, dict):
            raise ProtocolError(self.url, "the answer is no JSON object")
        return data

    def json_list(self) -> list[Any]:
        """The body as a JSON list. Raises as ``json``, and ProtocolError for other JSON."""
        data = self.json()
        if not isinstance(data, list):
            raise ProtocolError(self.url, "the answer is no JSON list")
        return data


def read_retries() -> Retry:
    """Reads are repeated on connection errors, 429 and 502–504, with growing, jittered waits.

    A POST is repeated only when no connection came about, so that nothing was sent.
    """
    return Retry(
        total=4,
        connect=3,
        read=3,
        status=4,
        redirect=0,
        other=0,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=frozenset({"GET", "HEAD"}),
        backoff_factor=0.1,
        backoff_max=3.0,
        backoff_jitter=0.2,
        raise_on_status=False,
        retry_after_max=10,
    )


@dataclass(frozen=True, slots=True)
class _Sink:
    """Where a body goes: ``most`` bytes, into a file if there is one and the answer is a success."""

    most: int
    into: BinaryIO | None = None

    def open(self, status: int) -> BinaryIO:
        """An empty place, again where the body before broke off."""
        if self.into is None or status >= 400:
            return io.BytesIO()
        self.into.seek(0)
        self.into.truncate()
        return self.into


class _Session(requests.Session):
    """Leaves redirects to us: requests would carry headers of ours to other hosts, and read the whole body first."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Adapter(HTTPAdapter):
    """Closes its connections when it is closed: urllib3 leaves that to the garbage collector after a retry."""

    def close(self) -> None:
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - no mapping: it cannot be iterated
            pool = pools.get(key)
            if pool is not None:
                pool.close()
        super().close()


class Http:
    """One server's HTTP. Thread-safe."""

    def __init__(self, address: Address, *, timeout: float, retries: Retry | None = None) -> None:
        self.address, self.timeout = address, timeout
        self._retries = read_retries() if retries is None else retries
        self._closed = False
        self._session = _Session()
        self._session.headers.update({"User-Agent": "Easel", **address.headers})
        self._session.auth = _as_it_is
        self._proxies = {"no_proxy": address.host} if address.is_loopback else None
        adapter = _Adapter(pool_maxsize=16, max_retries=self._retries)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        for name in ("urllib3.connectionpool", "urllib3.util.retry"):
            logging.getLogger(name).addFilter(_without_query)  # adding it again changes nothing

    def close(self) -> None:
        """Close the connections; those of requests under way once they are answered. Closing twice is fine."""
        self._closed = True
        self._session.close()

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        most: int = MAX_JSON,
        into: BinaryIO | None = None,
    ) -> Reply:
        """GET ``path``, repeated as ``read_retries`` says. With ``into`` the body of a success is written there.

        Raises:
            ServerUnreachable, SignInNeeded, ApiError, AnswerTooLarge, ProtocolError.
            OSError: ``into`` cannot be written.
        """
        return _checked(self._send("GET", path, params=params, timeout=timeout, most=most, into=into))

    def has(self, path: str, params: Mapping[str, Any] | None = None) -> bool:
        """Whether HEAD ``path`` succeeds; False too for a server that takes no HEAD.

        Raises:
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
        """
        reply = self._send("HEAD", path, params=params, timeout=None, most=MAX_JSON)
        if reply.status in (400, 404, 405, 501):
            return False
        _checked(reply)
        return True

    def post(self, path: str, *, timeout: float | None = None, ok_only: bool = True, **body: Any) -> Reply:
        """POST ``path`` once. ``body`` is ``json=``, or ``data=`` and ``files=``, as in requests.

        With ``ok_only=False`` an answer of 400 and above, or a web page, is returned too.

        Raises:
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
        """
        reply = self._send("POST", path, timeout=timeout, most=MAX_JSON, **body)
        return _checked(reply) if ok_only else reply

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        timeout: float | None,
        most: int,
        into: BinaryIO | None = None,
        **body: Any,
    ) -> Reply:
        seconds = self.timeout if timeout is None else timeout
        try:
            return self._exchange(method, path, params or {}, seconds, _Sink(most, into), body)
        finally:
            if self._closed:
                self._session.close()

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        seconds: float,
        sink: _Sink,
        body: Mapping[str, Any],
    ) -> Reply:
        url, query = f"{self.address.url}{path}", {**self.address.params, **params}
        repeat = method == "GET" and bool(self._retries.total)
        for tries_left in range(_MORE_TRIES, -1, -1):
            try:
                with self._session.request(
                    method,
                    url,
                    params=query,
                    timeout=seconds,
                    stream=True,
                    proxies=self._proxies,
                    **body,
                ) as response:
                    if response.status_code not in _REDIRECTS:
                        return self._read(response, url, seconds, sink)
                    url, query = self._next(method, url, response)
            except requests.RequestException as error:
                raise ServerUnreachable(self.address.url, _reason(error)) from None
            except (urllib3.exceptions.HTTPError, OSError):
                # The body broke off: urllib3 repeats only what fails before it.
                if not repeat or not tries_left:
                    raise ServerUnreachable(self.address.url, "the answer broke off") from None
        raise ProtocolError(self.address.url, "it redirects in a circle")

    def _next(self, method: str, url: str, response: requests.Response) -> tuple[str, dict[str, str]]:
        """Where a redirect leads, as URL and query: only reads, and only to the same server and below its prefix."""
        here = urlsplit(self.address.url)
        try:
            there = urlsplit(urljoin(url, response.headers.get("Location", "")))
        except ValueError:
            raise ProtocolError(self.address.url, "it redirects to what is no address") from None
        same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
        below = there.path.removeprefix(here.path)
        if method != "GET" or not same or not f"{there.path}/".startswith(f"{here.path}/") or "login" in below.lower():
            raise SignInNeeded(self.address.url, response.status_code)
        return f"{there.scheme}://{there.netloc}{there.path}", {**self.address.params, **dict(parse_qsl(there.query))}

    def _read(self, response: requests.Response, url: str, seconds: float, sink: _Sink) -> Reply:
        # A body that trickles never trips the socket's own time-out; a large file may take its time.
        deadline = time.monotonic() + seconds
        body = sink.open(response.status_code)
        size = 0
        # Not iter_content: it waits until a whole chunk is there.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            size += len(chunk)
            body.write(chunk)
            if size > sink.most:
                raise AnswerTooLarge(url, sink.most)
            if time.monotonic() > deadline + size / _SLOWEST:
                raise ServerUnreachable(self.address.url, "the answer comes too slowly")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(response.status_code, url, kind, body.getvalue() if isinstance(body, io.BytesIO) else b"")


def _checked(reply: Reply) -> Reply:
    if reply.status >= 400 or reply.is_page:
        raise refusal(reply)
    return reply


def refusal(reply: Reply) -> ComfyError:
    """The error for an answer of 400 and above, or for a web page."""
    page = reply.is_page
    if reply.status in (401, 407, 511) or (page and (reply.status == 403 or reply.status < 400)):
        return SignInNeeded(reply.url, reply.status)
    return ApiError(reply.status, reply.url, "" if page else reply.text)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authentication that adds nothing: without it requests puts a ~/.netrc entry over our own header."""
    return request


def _without_query(record: logging.LogRecord) -> bool:
    """Take the query off the URLs that urllib3 logs: tokens stand there."""
    if isinstance(record.args, tuple):
        record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
    return True


def _reason(error: requests.RequestException) -> str:
    """The kind of failure in words; the message itself repeats the URL with its parameters."""
    cause = getattr(error.args[0] if error.args else None, "reason", None)  # what the last retry failed with
    if isinstance(error, requests.Timeout) or isinstance(cause, urllib3.exceptions.ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the secure connection failed"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
