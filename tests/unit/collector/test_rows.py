"""Reports as rows."""

import pytest

from cibot.collector.rows import lasting_name


@pytest.mark.parametrize(
    ("written", "lasting"),
    [
        ("verify/64%2F7864%2F10", "verify"),
        ("team/verify/04/1204/3", "team/verify"),
        ("verify/refs%2Fchanges%2F64%2F7864%2F10", "verify"),
        ("64/7864/10", "64/7864/10"),  # nothing else would be left
        ("verify/65%2F7864%2F10", "verify/65%2F7864%2F10"),  # no ref: it would end in 64
        ("nightly/2026/11/28", "nightly/2026/11/28"),
        ("unit", "unit"),
        ("py/3/12", "py/3/12"),
        ("", ""),
    ],
)
def test_a_job_keeps_its_name_from_patch_set_to_patch_set(written: str, lasting: str) -> None:
    assert lasting_name(written) == lasting
