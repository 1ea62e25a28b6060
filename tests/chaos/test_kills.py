"""A dozen kills in each run of the tests; `make chaos N=300` for hundreds."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import broken
from tests.chaos.ledger import table
from tests.chaos.trial import trial
from tests.support.inspircd import InspIRCd
from tests.support.ngircd import Ngircd
from tests.support.slack_server import SlackServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
def test_nothing_is_lost_and_every_repeat_says_so(
    kind: str, request: pytest.FixtureRequest, ngircd: Ngircd, inspircd: InspIRCd, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/cibot.db"
    if kind == "mariadb":
        url = request.getfixturevalue("mariadb").create_database()
    with SlackServer() as slack:
        with trial(tmp_path, url, (ngircd, inspircd, slack), 4, breaking=1) as one:
            outcome = one.run(6)
        assert not outcome.wrong
        assert not broken(outcome), table(outcome.ledgers)
        assert all(ledger.messages > 5 for ledger in outcome.ledgers.values())
