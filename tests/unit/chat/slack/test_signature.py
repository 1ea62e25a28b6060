"""Signatures and the memory for repeats."""

from hypothesis import given
from hypothesis import strategies as st

from cibot.chat.slack.signature import Once, Signature
from tests.support.slack_caller import signed

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
# The example of Slack's documentation on verifying requests.
DOCUMENTED = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="
    b"398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
DOCUMENTED_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
DOCUMENTED_AT = "1531420618"


def test_documented_example() -> None:
    checker = Signature(SECRET, now=lambda: float(DOCUMENTED_AT) + 299)
    assert checker.is_right(DOCUMENTED, DOCUMENTED_AT, DOCUMENTED_SIGNATURE)
    assert not checker.is_right(DOCUMENTED + b" ", DOCUMENTED_AT, DOCUMENTED_SIGNATURE)


def test_five_minutes_and_no_more() -> None:
    headers = signed(SECRET, b"x", at=1000)
    given_ = headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"]
    for now, right in [(1300.0, True), (1301.5, False), (700.0, True), (698.5, False)]:
        assert Signature(SECRET, now=lambda at=now: at).is_right(b"x", *given_) is right


odd = st.none() | st.text(max_size=20) | st.sampled_from(["1531420618", " 1", "1_0", "٣", "v0=é"])


@given(st.binary(max_size=20), odd, odd)
def test_odd_input_is_wrong_and_no_error(
    body: bytes, at: str | None, signature: str | None
) -> None:
    assert not Signature(SECRET, now=lambda: 1531420618.0).is_right(body, at, signature)


def test_once_per_key_until_it_is_forgotten_or_old() -> None:
    clock = [0.0]
    once = Once(keep_s=10, most=3, now=lambda: clock[0])
    assert once.first("a", "b")
    assert not once.first("b", "c")
    assert not once.first("c")
    once.forget("c")
    assert once.first("c")
    clock[0] = 10.0
    assert once.first("a")


def test_memory_is_bounded() -> None:
    once = Once(keep_s=10, most=3, now=lambda: 0.0)
    assert all(once.first(str(number)) for number in range(100))
    assert not once.first("99")
    assert once.first("1")
