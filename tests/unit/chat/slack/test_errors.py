"""Which failures are worth another try, and what people are told of the others."""

import pytest

from cibot.chat.slack.errors import SlackRefusal, judged, retry_after
from cibot.errors import Transient


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "ratelimited"), (200, "ratelimited"), (200, "message_limit_exceeded"),
        (500, "internal_error"), (503, ""), (502, "Received a … non-JSON format: <html>"),
        (200, "fatal_error"), (200, "service_unavailable"), (200, "<html>portal"), (200, ""),
    ],
)  # fmt: skip
def test_later(status: int, code: str) -> None:
    assert isinstance(judged("post", status, {}, {"error": code}), Transient)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("not_in_channel", "/invite"), ("channel_not_found", "name or id"),
        ("is_archived", "unarchive"), ("token_revoked", "new token"), ("invalid_auth", "new token"),
    ],
)  # fmt: skip
def test_a_person_must_act_and_is_told_how(code: str, remedy: str) -> None:
    error = judged("post to C1", 200, {}, {"error": code})
    assert isinstance(error, SlackRefusal)
    assert error.code == code
    assert "post to C1" in str(error)
    assert remedy in str(error)


def test_missing_scope_is_named() -> None:
    fields = {"error": "missing_scope", "needed": "groups:history"}
    assert "groups:history" in str(judged("find", 200, {}, fields))


def test_page_of_a_proxy_is_not_repeated_to_people() -> None:
    error = judged("post", 502, {}, {"error": "Received … <html>" + "x" * 9000})
    assert len(str(error)) < 200


def test_wrong_address_is_permanent() -> None:
    assert "api_url" in str(judged("post", 404, {}, {"error": "<html>not here"}))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 1.0), ("-3", 1.0), ("1e9", 3600.0), ("soon", 30.0), ("nan", 30.0)],
)
def test_retry_after(header: str, seconds: float) -> None:
    assert retry_after({"Retry-After": header}) == seconds
    assert retry_after({"retry-after": header}) == seconds


def test_retry_after_absent() -> None:
    assert retry_after({}) == 30.0
