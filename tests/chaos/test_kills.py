"""Two hundred kills in each run of the tests; `make chaos N=10000` by hand."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos.__main__ import Scene, broken
from tests.chaos.ledger import table
from tests.support.inspircd import InspIRCd
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.zygote import Zygote

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
_SERIES, _KILLS, _SEED = 4, 50, 4


def test_nothing_is_lost_and_every_repeat_says_so(
    ngircd: Ngircd, inspircd: InspIRCd, mariadb: MariaDB, zygote: Zygote
) -> None:
    scene = Scene((ngircd, inspircd), mariadb, zygote)
    databases = [mariadb.create_database() if number % 2 else None for number in range(_SERIES)]
    with ThreadPoolExecutor(_SERIES) as pool:  # a bot mostly waits
        outcomes = list(
            pool.map(
                lambda number: scene.series(number, _SEED, _KILLS, databases[number]),
                range(_SERIES),
            )
        )
    for url in filter(None, databases):
        mariadb.drop_database(url)
    for outcome in outcomes:
        assert not outcome.wrong
        assert not broken(outcome), table(outcome.ledgers)
    # A quick machine has killed its bots before all have said much: together they have.
    for network in outcomes[0].ledgers:
        assert (
            sum(outcome.ledgers[network].messages for outcome in outcomes) > _SERIES * _KILLS // 2
        )
