"""Every form in which people paste a change."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.errors import UserError
from cibot.reports.change_address import ChangeWanted, parse_change

HOST = "https://review.example.org"
NOVA = "openstack/nova"


@pytest.mark.parametrize(
    ("text", "number", "patch_set", "project"),
    [
        ("912345", 912345, None, None),
        ("#912345", 912345, None, None),
        ("912345,3", 912345, 3, None),
        ("912345, 3", 912345, 3, None),
        ("912345/3", 912345, 3, None),
        ("912345 3", 912345, 3, None),
        ("912345 ps3", 912345, 3, None),
        ("912345 PS 3", 912345, 3, None),
        ("912345 patch set 3", 912345, 3, None),
        ("912345, patchset 3", 912345, 3, None),
        ("912345 revision 3", 912345, 3, None),
        ("912345:3", 912345, 3, None),
        ("912345.3", 912345, 3, None),
        ("912345-3", 912345, 3, None),
        ("ps 3 of 912345", 912345, 3, None),
        ("patch set 3 of change 912345", 912345, 3, None),
        ("gerrit change 912345", 912345, None, None),
        ("r/912345", 912345, None, None),
        ("change 912345", 912345, None, None),
        ("<912345,3>", 912345, 3, None),
        ("912345,3.", 912345, 3, None),
        ("openstack/nova~912345", 912345, None, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345", 912345, None, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/", 912345, None, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/3", 912345, 3, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/1..3", 912345, 3, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/3/nova/api.py#12", 912345, 3, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/1..3/nova/api.py", 912345, 3, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/comment/ab12_34/", 912345, None, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345?tab=checks", 912345, None, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345#message-ab12", 912345, None, NOVA),
        (f"{HOST}/c/openstack%2Fnova/+/912345/3", 912345, 3, NOVA),
        (f"{HOST}/c/{NOVA}/+/912345/3,", 912345, 3, NOVA),
        (f"<{HOST}/c/{NOVA}/+/912345/3>", 912345, 3, NOVA),
        (f"({HOST}/c/{NOVA}/+/912345/3)", 912345, 3, NOVA),
        (f"review.example.org/c/{NOVA}/+/912345/3", 912345, 3, NOVA),
        (f"http://host/gerrit/c/{NOVA}/+/912345", 912345, None, NOVA),
        (f"see {HOST}/c/{NOVA}/+/912345 please", 912345, None, NOVA),
        (f"{HOST}/c/+/912345", 912345, None, None),
        (f"{HOST}/+/912345/3", 912345, 3, None),
        (f"{HOST}/#/c/912345", 912345, None, None),
        (f"{HOST}/#/c/912345/3", 912345, 3, None),
        (f"{HOST}/#/c/912345/1..3/setup.py", 912345, 3, None),
        (f"{HOST}/#/c/{NOVA}/+/912345/3", 912345, 3, NOVA),
        (f"{HOST}/c/912345/3/", 912345, 3, None),
        (f"{HOST}/912345", 912345, None, None),
        (f"{HOST}/912345/", 912345, None, None),
        (f"{HOST}/912345/3", 912345, 3, None),
        (f"{HOST}/#/912345", 912345, None, None),
        (f"{HOST}/r/912345", 912345, None, None),
        ("review.example.org/912345", 912345, None, None),
        ("http://localhost:8080/912345", 912345, None, None),
        (f"{HOST}/q/912345", 912345, None, None),
        (f"{HOST}/q/change:912345", 912345, None, None),
        (f"{HOST}/changes/openstack%2Fnova~912345/detail", 912345, None, NOVA),
        (f"{HOST}/a/changes/912345/revisions/3/review", 912345, 3, None),
        ("refs/changes/45/912345/3", 912345, 3, None),
        ("git fetch origin refs/changes/45/912345/3", 912345, 3, None),
    ],
)
def test_a_pasted_change_is_understood(
    text: str, number: int, patch_set: int | None, project: str | None
) -> None:
    assert parse_change(text) == ChangeWanted(number, patch_set, project)


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "x", "netapp", "1.5", "912345 netapp", f"{HOST}/q/status:open", f"{HOST}/",
        "12/13/14",
        f"{HOST}/dashboard/self", "I5ca1ab1e", "https://ci.example.org/job/build-1234567890123/",
        "9999999999", "3par",
    ],
)  # fmt: skip
def test_what_is_no_change(text: str) -> None:
    with pytest.raises(UserError, match="is not a change"):
        parse_change(text)


@given(st.text(alphabet="/+c#~0123456789.,:abc? ", max_size=2000))
def test_no_text_is_slow_or_breaks_it(text: str) -> None:
    with suppress(UserError):
        assert parse_change(text).number > 0
