"""The head of a change message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.collector.header import split_header
from cibot.model import Vote


@pytest.mark.parametrize(
    ("text", "patch_set", "votes", "body"),
    [
        ("Patch Set 3:\n\nhello\n", 3, (), "hello"),
        ("Patch Set 3: Verified+1", 3, (Vote("Verified", 1),), ""),
        (
            "Patch Set 12: Verified-1 Code-Review+2\n\n(2 comments)\n\nhello",
            12,
            (Vote("Verified", -1), Vote("Code-Review", 2)),
            "hello",
        ),
        ("Patch Set 1: -Verified\r\n\r\nhello", 1, (Vote("Verified", None),), "hello"),
        ("Patch Set 1: Verified -1\nhello", 1, (Vote("Verified", -1),), "hello"),
        ("Patch Set 1:\n\n(1 inline comment)\n\nhello", 1, (), "hello"),
        ("Patch Set 2: Patch Set 1 was rebased", 2, (), "Patch Set 1 was rebased"),
        ("Patch Set 2:  This CL failed\n\nwhy", 2, (), "This CL failed\nwhy"),
        ("Patchset 1:\n\nhello", 1, (), "hello"),
        ("Patch Set 1: Fails", 1, (Vote("Verified", -1),), ""),
        (
            "Patch Set 1: Works for me; Looks good to me, approved\n\nhello",
            1,
            (Vote("Verified", 1), Vote("Code-Review", 2)),
            "hello",
        ),
        ("Patch Set 1: Trybot-Label3+1", 1, (Vote("Trybot-Label3", 1),), ""),
        (
            "Patch Set 3: Verified+1\n\nCopied votes on follow-up patch sets have been updated:\n"
            "* Verified+1 has been copied to patch set 4.\n\nhello",
            3,
            (Vote("Verified", 1),),
            "hello",
        ),
        ("Uploaded patch set 7.", 7, (), "Uploaded patch set 7."),
        ("hello", None, (), "hello"),
        ("Patch Set x: hello", None, (), "Patch Set x: hello"),
        ("Patch Set ²: hello", None, (), "Patch Set ²: hello"),
        ("Patch Set 12345678901234: a", None, (), "Patch Set 12345678901234: a"),
        ("Patch Set 1: Looks good", 1, (), "Looks good"),
        ("Patch Set 1: (see below)\n\nhello", 1, (), "(see below)\nhello"),
        ("", None, (), ""),
    ],
)
def test_head_and_body_come_apart(
    text: str, patch_set: int | None, votes: tuple[Vote, ...], body: str
) -> None:
    assert split_header(text) == (patch_set, votes, body)


@given(st.text(), st.integers(1, 999), st.sampled_from(["", " Verified+1", " -Verified X+2"]))
def test_nothing_of_the_comment_is_lost(comment: str, number: int, votes: str) -> None:
    patch_set, _, body = split_header(f"Patch Set {number}:{votes}\n\nsaid: {comment}")
    assert patch_set == number
    expected = f"said: {comment}".replace("\r\n", "\n").replace("\r", "\n").strip()
    assert body == expected
