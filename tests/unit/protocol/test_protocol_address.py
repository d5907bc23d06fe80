"""What a person types as an address, and what becomes of the secrets in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfy_api.protocol.address import parse_address


@pytest.mark.parametrize(
    ("typed", "url", "websocket"),
    [
        ("http://127.0.0.1:8188", "http://127.0.0.1:8188", "ws://127.0.0.1:8188/ws?clientId=me"),
        (" http://host:8188/ ", "http://host:8188", "ws://host:8188/ws?clientId=me"),
        ("host:8188", "http://host:8188", "ws://host:8188/ws?clientId=me"),
        ("https://example.com", "https://example.com", "wss://example.com/ws?clientId=me"),
        ("https://example.com/a/comfy/", "https://example.com/a/comfy", "wss://example.com/a/comfy/ws?clientId=me"),
        ("http://[::1]:8188", "http://[::1]:8188", "ws://[::1]:8188/ws?clientId=me"),
    ],
)
def test_prefix_scheme_and_websocket(typed: str, url: str, websocket: str) -> None:
    address = parse_address(typed)
    assert (address.url, address.websocket("me")) == (url, websocket)


def test_an_api_key_is_a_bearer_token() -> None:
    address = parse_address("https://gpu.example.com", api_key="k3y\n")
    assert address.headers == {"Authorization": "Bearer k3y"}
    assert "k3y" not in address.websocket("me")


@pytest.mark.parametrize("host", ["api.comfy.org", "comfy.org"])
def test_comfy_org_gets_its_own_header_and_a_token_on_the_websocket(host: str) -> None:
    address = parse_address(f"https://{host}", api_key="k3y")
    assert address.headers == {"X-API-Key": "k3y"}
    assert address.websocket("me") == f"wss://{host}/ws?token=k3y&clientId=me"
    assert "token" not in address.params


def test_a_host_that_only_ends_alike_does_not_get_the_key_as_comfy_org_does() -> None:
    assert parse_address("https://notcomfy.org", api_key="k3y").headers == {"Authorization": "Bearer k3y"}


def test_user_and_password_become_basic_authentication() -> None:
    address = parse_address("http://ann:p%40ss@host")
    assert address.headers == {"Authorization": "Basic YW5uOnBAc3M="}
    assert address.url == "http://host"


def test_parameters_go_with_every_request_and_the_client_id_is_ours() -> None:
    address = parse_address("http://host/?token=t0k", params={"clientId": "theirs", "more": "1"})
    assert dict(address.params) == {"token": "t0k", "clientId": "theirs", "more": "1"}
    assert address.websocket("me") == "ws://host/ws?token=t0k&clientId=me&more=1"


def test_a_header_of_ones_own_goes_before_the_key_in_whatever_case() -> None:
    address = parse_address("http://host", api_key="k3y", headers={"authorization": "mine"})
    assert address.headers == {"authorization": "mine"}


def test_origin_is_never_sent() -> None:
    assert parse_address("http://host", headers={"origin": "http://evil", "X": "1"}).headers == {"X": "1"}


@pytest.mark.parametrize(
    "typed", ["", "ftp://host", "http://", "ws://host", "http://[::1", "http://h:port", "http://h:99999"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parse_address(typed)


def test_a_user_beside_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="either"):
        parse_address("http://ann:pass@host", api_key="k3y")


@pytest.mark.parametrize("secret", ["hunt\r\nX-Evil: 1", "hunt\x00er", "hunter→"])
def test_what_no_header_can_hold_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="header") as caught:
        parse_address("http://host", api_key=secret)
    assert "hunt" not in str(caught.value)


def test_a_password_with_a_slash_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(ValueError, match="read") as caught:
        parse_address("http://ann:hunter/2@host")
    assert "hunter" not in str(caught.value)


def test_no_secret_stands_in_the_repr() -> None:
    address = parse_address("http://host/?token=hunter2", headers={"X": "hunter2"}, api_key="hunter2")
    assert "hunter2" not in repr(address) + str(address) + address.url


@pytest.mark.parametrize(
    ("typed", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("localhost", True),
        ("[::1]:1", True),
        ("192.168.0.9", False),
        ("localhost.evil.com", False),
    ],
)
def test_loopback_is_told(typed: str, loopback: bool) -> None:
    assert parse_address(typed).is_loopback is loopback


@given(st.text(max_size=40))
def test_whatever_is_typed_gives_an_address_or_a_value_error(typed: str) -> None:
    try:
        address = parse_address(typed)
    except ValueError:
        return
    assert address.url.startswith(("http://", "https://"))
    assert "@" not in address.url.partition("//")[2].partition("/")[0]
