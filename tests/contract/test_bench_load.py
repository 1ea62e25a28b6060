"""The bench's generator writes rows that ingest could have written."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from bench.load import CONFIG, failed_changes, load
from bench.shape import CIS
from cibot.collector.formats import parse
from cibot.collector.results import report_result
from cibot.config.models import Config
from cibot.model import State
from cibot.reports.context import Context
from cibot.reports.listing import listing
from cibot.store import schema
from cibot.store.engine import open_store
from cibot.store.tally import drift

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_loaded_year_is_like_one_that_was_read(mariadb_url: str) -> None:
    load(mariadb_url, 3000, NOON)
    store = open_store(mariadb_url)
    report, comment = schema.report.c, schema.comment.c
    together = (comment.change_id == report.change_id) & (comment.seq == report.seq)
    query = select(comment.text, report.result, report.pipeline).where(together)
    rows = store.read(lambda tx: tx.execute(query).all())
    assert 3000 <= len(rows) < 3200
    for text, result, pipeline in rows[::50]:
        read = parse(text)
        assert read is not None
        assert (report_result(read), read.pipeline) == (result, pipeline)
    assert store.read(lambda tx: drift(tx, 1)) == {}
    count = select(func.count()).select_from(schema.build)
    assert store.read(lambda tx: tx.execute(count).scalar_one()) > 5000
    ctx = Context(NOON, Config.model_validate(CONFIG))
    answer = store.read(lambda tx: listing(tx, ctx))
    failed = failed_changes(store)
    store.close()
    assert set(failed) == {ci.name for ci in answer.cis}
    assert len(answer.cis) == CIS
    assert answer.totals[State.HEALTHY] > 0
