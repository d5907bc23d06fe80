"""HTTP to one ComfyUI: time limits, size limits, retries of reads, and every failure turned into one of ours."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from comfy_api.errors import ApiError, ComfyError, ProtocolError, ServerUnreachable, SignInNeeded
from comfy_api.protocol.address import Address

#: Most bytes of a JSON answer: a queue whose graphs hold base64 pictures is large (protocol.md §9).
MAX_JSON: Final = 64 * 2**20
#: Most bytes of one file: a long video.
MAX_FILE: Final = 2 * 2**30
#: Redirects to the same server that are followed.
_MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_CHUNK: Final = 2**18


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

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            SignInNeeded: it is a web page.
            ProtocolError: it is something else.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            if self.content_type == "text/html":
                raise SignInNeeded(self.url, self.status) from None
            raise ProtocolError(self.url, "the answer is no JSON") from None


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


class Http:
    """One server's HTTP. Thread-safe."""

    def __init__(self, address: Address, *, timeout: float, retries: Retry | None = None) -> None:
        self.address, self.timeout = address, timeout
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": "Easel", **address.headers})
        self._session.auth = _as_it_is
        adapter = HTTPAdapter(pool_maxsize=16, max_retries=read_retries() if retries is None else retries)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        """Close the connections. Closing twice is fine."""
        self._session.close()

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        most: int = MAX_JSON,
    ) -> Reply:
        """GET ``path``, repeated as ``read_retries`` says.

        Raises:
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
        """
        return self._checked(self._send("GET", path, params=params, timeout=timeout, most=most))

    def post(self, path: str, *, timeout: float | None = None, ok_only: bool = True, **body: Any) -> Reply:
        """POST ``path`` once. ``body`` is ``json=``, or ``data=`` and ``files=``, as in requests.

        With ``ok_only=False`` an answer of 400 and above is returned too.

        Raises:
            ServerUnreachable, SignInNeeded, ApiError, ProtocolError.
        """
        reply = self._send("POST", path, timeout=timeout, most=MAX_JSON, **body)
        return self._checked(reply) if ok_only else reply

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        timeout: float | None,
        most: int,
        **body: Any,
    ) -> Reply:
        url = f"{self.address.url}{path}"
        query = {**self.address.params, **(params or {})}
        seconds = self.timeout if timeout is None else timeout
        for _ in range(_MAX_REDIRECTS + 1):
            # Redirects are followed by hand: requests would carry headers of ours to other hosts.
            try:
                with self._session.request(
                    method, url, params=query, timeout=seconds, allow_redirects=False, stream=True, **body
                ) as response:
                    if response.status_code not in _REDIRECTS:
                        return self._read(response, url, seconds, most)
                    url = self._next(method, url, response)
            except requests.RequestException as error:
                raise ServerUnreachable(self.address.url, _reason(error)) from None
        raise ProtocolError(self.address.url, "it redirects in a circle")

    def _next(self, method: str, url: str, response: requests.Response) -> str:
        """Where a redirect leads: only reads are sent on, and only to the same server and below its prefix."""
        target = urljoin(url, response.headers.get("Location", ""))
        here, there = urlsplit(self.address.url), urlsplit(target)
        same = (here.scheme, here.netloc) == (there.scheme, there.netloc) and there.path.startswith(here.path)
        if method != "GET" or not same or "login" in there.path.lower():
            raise SignInNeeded(self.address.url, response.status_code)
        return f"{there.scheme}://{there.netloc}{there.path}"

    def _read(self, response: requests.Response, url: str, seconds: float, most: int) -> Reply:
        # A body that trickles never trips the socket's own time-out; a large file may take its time.
        deadline = time.monotonic() + seconds
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            chunks.append(chunk)
            if size > most:
                raise ProtocolError(url, f"the answer is larger than {most} bytes")
            if time.monotonic() > deadline + size / 50_000:
                raise ServerUnreachable(self.address.url, "the answer comes too slowly")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(response.status_code, url, kind, b"".join(chunks))

    def _checked(self, reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        raise refusal(reply)


def refusal(reply: Reply) -> ComfyError:
    """The error for an answer of 400 and above."""
    html = reply.content_type == "text/html"
    if reply.status in (401, 407, 511) or (reply.status == 403 and html):
        return SignInNeeded(reply.url, reply.status)
    return ApiError(reply.status, reply.url, "" if html else reply.text)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authentication that adds nothing: without it requests puts a ~/.netrc entry over our own header."""
    return request


def _reason(error: requests.RequestException) -> str:
    """The kind of failure in words; the message itself repeats the URL with its parameters."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the secure connection failed"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
