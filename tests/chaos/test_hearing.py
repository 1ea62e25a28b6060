"""What was heard is read off the lines as people would read them."""

import pytest

from cibot.outbox.sender import REPEAT
from tests.chaos.hearing import Heard, from_irc, from_slack, unequal
from tests.support.irc_user import IrcLine

OPENED = ["■ failing — third-1 is failing: 0 of 4 passed", "incident #2; since 08:55 UTC; see 1,1"]
RECOVERED = ["● healthy — third-1 recovered: 8 of 12 passed (after 65 min)"]
LATE = [
    "While I could not speak here, this came and went:",
    "Thu 08:55 UTC: ● healthy — third-1 recovered: 8 of 12 passed (after 65 min)",
    "Thu 09:01 UTC: ● healthy — third-2 recovered: 8 of 12 passed (after 60 min)",
]
SUMMARY = ["Thu 26 Nov: 1 of 60 CIs needs a look", "■ failing third-3 since Thu 08:40 UTC (20 min)"]
NOTE = ["I could not say this in ngircd/#day: #day: the channel is invite-only"]


def heard(*texts: str) -> Heard:
    lines = [IrcLine("", "daybot!cibot@localhost", "PRIVMSG", ("#day", text)) for text in texts]
    return from_irc(lines, "daybot", "#day")


@pytest.mark.parametrize(
    "quoted", [OPENED, RECOVERED, LATE, SUMMARY], ids=lambda lines: lines[0][:12]
)
def test_a_note_quotes_one_message_and_hides_none_after_it(quoted: list[str]) -> None:
    both = heard(*NOTE, *quoted, *OPENED, *NOTE, *quoted, *RECOVERED)
    assert both.elsewhere == 2
    assert both.alerts == {("third-1", "opened"): 1, ("third-1", "recovered"): 1}
    assert not both.digest


def test_a_digest_names_who_is_over_and_what_follows_is_no_part_of_it() -> None:
    late = heard(*LATE, *OPENED)
    assert late.digest == {"third-1": 1, "third-2": 1}
    assert late.alerts == {("third-1", "opened"): 1}


def test_a_repeat_says_so_and_others_are_not_listened_to() -> None:
    again = heard(*OPENED, f"{OPENED[0]} {REPEAT}")
    assert again.alerts == again.repeats == {("third-1", "opened"): 1}
    elsewhere = IrcLine("", "daybot!cibot@localhost", "PRIVMSG", ("eve", OPENED[0]))
    other = IrcLine("", "eve!eve@localhost", "PRIVMSG", ("#day", OPENED[0]))
    assert from_irc([elsewhere, other], "daybot", "#day") == Heard()


def test_slack_is_heard_message_by_message() -> None:
    texts = ["\n".join(lines) for lines in ([*NOTE, *OPENED], SUMMARY, OPENED, RECOVERED, LATE)]
    heard = from_slack(texts)
    assert (heard.elsewhere, heard.alerts.total(), heard.digest.total()) == (1, 2, 2)


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ([*OPENED, *RECOVERED], False),
        ([LATE[0], LATE[1]], False),
        ([*OPENED, f"{OPENED[0]} {REPEAT}", *RECOVERED], False),
        (OPENED, True),
        (RECOVERED, True),
        ([*OPENED, *OPENED, *RECOVERED], True),
        ([*OPENED, *RECOVERED, LATE[0], LATE[1]], True),
        (LATE, True),  # nothing happened to third-2
    ],
)
def test_the_books_are_equal_where_each_incident_was_told_once(
    texts: list[str], wrong: bool
) -> None:
    assert bool(unequal(["third-1"], heard(*texts))) == wrong
