"""Timed jobs, when the bot is asked to stop while one is under way."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from cibot.bootstrap import make_source
from cibot.config.models import Config
from cibot.daemon.scheduler import Job, Scheduler
from cibot.store.engine import Store
from cibot.store.feeds import feed_states
from cibot.store.set_aside import Aside
from tests.support.collecting import Clock
from tests.support.processes import wait_until


def test_a_poll_that_the_stop_ends_has_not_failed(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "cibot")
    config = Config.model_validate({"gerrit": [{"name": "review", "url": "http://127.0.0.1:9/"}]})
    stop = threading.Event()
    stop.set()
    source = make_source(config, config.gerrit[0], sqlite_store, stop=stop)
    job = Job("poll review", timedelta(hours=1), source.poll)
    scheduler = Scheduler([job], lambda: True, Aside(sqlite_store, "job", Clock()))
    scheduler.start()
    wait_until(lambda: "job not done, cibot is stopping: job=poll review" in caplog.text)
    scheduler.stop()
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
    assert sqlite_store.read(feed_states) == []
