"""The name under which a job is stored."""

import pytest

from cibot.collector.rows import lasting_name


@pytest.mark.parametrize(
    ("written", "lasting"),
    [
        ("verify/64%2F7864%2F10", "verify"),
        ("team/verify/04/1204/3", "team/verify"),
        ("verify/refs%2Fchanges%2F64%2F7864%2F10", "verify"),
        ("dell_refs/changes/45/912345/2", "dell"),
        ("acme-45-912345-2", "acme"),
        ("acme 912345,2", "acme"),
        ("change-912345/unit", "unit"),
        ("unit-change-912345-2", "unit"),
        ("verify #123", "verify"),
        ("#12 verify", "verify"),
        ("verify (build 7)", "verify"),
        ("verify build 7", "verify"),
        ("64/7864/10", "64/7864/10"),  # nothing else would be left
        ("#123", "#123"),
        ("verify/65%2F7864%2F10", "verify/65%2F7864%2F10"),  # no ref: it would end in 64
        ("nightly/2026/11/28", "nightly/2026/11/28"),
        ("nightly-28-1128-3", "nightly"),  # as a ref has it
        ("nightly-26-11-28", "nightly-26-11-28"),
        ("tempest-2026.2", "tempest-2026.2"),
        ("centos-7-x86_64", "centos-7-x86_64"),
        ("unit", "unit"),
        ("tox-py39", "tox-py39"),
        ("py/3/12", "py/3/12"),
        ("change-management", "change-management"),
        ("", ""),
    ],
)
def test_a_job_keeps_its_name_from_patch_set_to_patch_set(written: str, lasting: str) -> None:
    assert lasting_name(written) == lasting


@pytest.mark.parametrize(
    ("written", "url", "lasting"),
    [
        ("acme-912345-2", "https://logs.example.org/45/912345/2/check/acme/", "acme"),
        ("acme-1234", "https://ci.example.org/job/acme/1234/", "acme"),
        ("acme-1234", "https://ci.example.org/job/acme/1234/console", "acme"),
        ("acme-1234", "https://ci.example.org/job/acme/1235/", "acme-1234"),
        ("stable/2026", "https://ci.example.org/job/stable/2026/77/", "stable/2026"),
        ("py-39", "https://ci.example.org/job/py-39/39/", "py-39"),
    ],
)
def test_numbers_that_the_url_shows_are_no_part_of_the_name(
    written: str, url: str, lasting: str
) -> None:
    assert lasting_name(written, url) == lasting


@pytest.mark.parametrize("text", ["#1", "1/", "-1", "(build ", "0", "45/9945/", "build 1 "])
def test_hostile_names_are_read_in_bounded_time(text: str) -> None:
    assert len(lasting_name(text * 40_000, f"https://x/{text * 40_000}")) <= 1000
