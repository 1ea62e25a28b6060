"""Times of the future are the present's, and stay so when they are told again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cibot.collector.correcting import not_ahead
from cibot.model import Change, Message, PatchSet
from cibot.store.comments import StoredComment

NOW = datetime(2026, 11, 23, 12, 0, 0, 500, tzinfo=UTC)
FUTURE = datetime(9999, 12, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def change(*posted: datetime, updated: datetime = NOW) -> Change:
    messages = tuple(
        Message(at, "Patch Set 1:", None, 1, message_id=f"m{place}")
        for place, at in enumerate(posted)
    )
    sets = (PatchSet(1, NOW - DAY), PatchSet(2, updated))
    return Change(5, "demo", "master", "S", "NEW", NOW - DAY, updated, messages, sets)


def stored(message_id: str, at: datetime) -> StoredComment:
    return StoredComment(1, 1, None, at, message_id, None, 0, None, 0)


def test_what_is_not_ahead_stays_as_it_is() -> None:
    received = change(NOW - DAY, NOW + timedelta(minutes=59))
    assert not_ahead(received, NOW) is received


def test_times_of_the_future_become_the_present() -> None:
    corrected = not_ahead(change(NOW - DAY, FUTURE, updated=FUTURE), NOW)
    second = NOW.replace(microsecond=0)
    assert [message.posted_at for message in corrected.messages] == [NOW - DAY, second]
    assert [patch_set.uploaded_at for patch_set in corrected.patch_sets] == [NOW - DAY, second]
    assert (corrected.created, corrected.updated) == (NOW - DAY, second)


def test_a_stored_message_keeps_the_time_it_got() -> None:
    corrected = not_ahead(change(FUTURE, FUTURE), NOW, [stored("m1", NOW - DAY)])
    assert [message.posted_at for message in corrected.messages] == [
        NOW.replace(microsecond=0),
        NOW - DAY,
    ]


def test_a_clock_that_was_mended_gives_the_true_time() -> None:
    received = change(NOW - DAY)
    assert not_ahead(replace(received), NOW, [stored("m0", NOW)]).messages[0].posted_at == NOW - DAY
