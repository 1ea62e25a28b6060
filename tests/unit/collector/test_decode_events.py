from datetime import UTC, datetime

import pytest

from cibot.collector.decode import (
    DecodeError,
    change_from_event,
    change_from_rest,
)
from cibot.model import Account, PatchSet, Vote
from tests.support.gerrit_json import EVENT, at, event


def test_a_comment_carries_its_author_votes_and_patch_set():
    change = change_from_event(EVENT)
    assert change is not None
    assert (change.number, change.project, change.branch) == (7, "cinder", "master")
    assert not change.complete
    assert change.patch_sets == (PatchSet(2, at(9, 0)),)
    (message,) = change.messages
    assert message.posted_at == change.updated == at(9, 30)
    assert message.author == Account(username="zuul", name="Zuul", email="zuul@example.com")
    assert message.text == "Patch Set 2: Verified-1\n\nBuild failed."
    assert (message.patch_set, message.message_id, message.tag) == (2, None, None)
    assert message.votes == (Vote("Verified", -1), Vote("Workflow", None))


def test_an_event_tells_whose_a_change_is_and_what_its_patch_set_stands_on():
    raw = event("patchSet/revision", "c" * 40)
    raw["patchSet"]["parents"] = ["b" * 40, "a" * 40]
    change = change_from_event(raw)
    assert change is not None
    assert change.owner == Account(name="Dev")
    assert change.patch_sets == (PatchSet(2, at(9, 0), None, "c" * 40, "b" * 40),)


def test_stream_events_writes_the_same_otherwise():
    raw = event("project", "cinder")
    raw["changeKey"] = {"id": "I1"}
    raw["change"]["number"] = 7
    raw["patchSet"]["number"] = 2
    assert change_from_event(raw) == change_from_event(EVENT)
    del raw["change"]["project"]
    assert change_from_event(raw) == change_from_event(EVENT)
    raw["change"]["project"] = {"name": "cinder"}
    assert change_from_event(raw) == change_from_event(EVENT)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("patchset-created", "NEW"),
        ("change-merged", "MERGED"),
        ("change-abandoned", "ABANDONED"),
        ("change-restored", "NEW"),
        ("wip-state-changed", "NEW"),
        ("private-state-changed", "NEW"),
        ("topic-changed", "NEW"),
        ("vote-deleted", "NEW"),
    ],
)
def test_other_events_tell_of_the_change_without_a_comment(kind, status):
    change = change_from_event(event("type", kind))
    assert change is not None
    assert change.status == status
    assert change.messages == ()


@pytest.mark.parametrize(
    "kind", ["ref-updated", "project-created", "dropped-output", "of-tomorrow"]
)
def test_events_of_no_change_are_passed_over(kind):
    assert change_from_event({"type": kind}) is None


@pytest.mark.parametrize("kind", ["topic-changed", "hashtags-changed", "reviewer-added"])
def test_an_event_that_names_no_change_is_passed_over(kind):
    raw = event("type", kind)
    del raw["change"]
    assert change_from_event(raw) is None


@pytest.mark.parametrize("missing", [True, False])
def test_an_event_without_a_time_is_of_when_it_arrived(missing):
    raw = event("eventCreatedOn", None)
    if missing:
        del raw["eventCreatedOn"]
    arrived = datetime(2024, 5, 17, 9, 31, 2, 345, tzinfo=UTC)
    change = change_from_event(raw, arrived)
    assert change is not None
    assert change.updated == change.messages[0].posted_at == arrived.replace(microsecond=0)


def test_an_event_without_a_patch_set_or_an_author_is_read():
    raw = event()
    del raw["patchSet"], raw["author"], raw["approvals"], raw["comment"]
    del raw["change"]["createdOn"], raw["change"]["owner"], raw["change"]["status"]
    change = change_from_event(raw)
    assert change is not None
    assert change.created == change.updated
    assert (change.messages[0].text, change.messages[0].author) == ("", None)
    raw["patchSet"] = {"number": 4}
    change = change_from_event(raw)
    assert change is not None
    assert (change.patch_sets, change.messages[0].patch_set) == ((), 4)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("type", None, "type: expected a text, got nothing"),
        ("type", ["x"], "type: expected a text, got a list"),
        ("change", None, "change: expected an object, got nothing"),
        ("change/number", "x", "change.number: expected an integer, got 'x'"),
        ("change/project", 3, "change.project: expected a text, got 3"),
        ("change/project", {}, "change.project.name: expected a text, got nothing"),
        ("eventCreatedOn", None, "eventCreatedOn: expected an integer, got nothing"),
        ("eventCreatedOn", 253402300800, "eventCreatedOn: expected an integer from 0 to"),
        ("eventCreatedOn", -5, "eventCreatedOn: expected an integer from 0"),
        ("eventCreatedOn", 1e9, "eventCreatedOn: expected an integer, got 1000000000.0"),
        ("change/createdOn", 10**15, "change.createdOn: expected an integer from 0"),
        ("patchSet/number", None, "patchSet.number: expected an integer"),
        ("patchSet", "1", "patchSet: expected an object"),
        ("comment", {}, "comment: expected a text, got an object"),
        ("author", "Zuul", "author: expected an object"),
        ("approvals", {}, "approvals: expected a list"),
        ("approvals/0/value", "9999999", "approvals[0].value: expected an integer from"),
        ("approvals/0/type", None, "approvals[0].type: expected a text"),
    ],
)
def test_a_wrong_event_is_named_by_its_place(path, value, says):
    with pytest.raises(DecodeError) as caught:
        change_from_event(event(path, value))
    assert says in str(caught.value)


@pytest.mark.parametrize("raw", [None, [], "x", 3, {}, {"type": 1}])
def test_what_is_no_event_at_all_is_refused(raw):
    with pytest.raises(DecodeError):
        change_from_event(raw)
    with pytest.raises(DecodeError):
        change_from_rest(raw)
