"""The table of timed jobs. Only the leader runs them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from cibot.errors import CibotError, Stopping

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to run every so often; ``at_once`` also when the scheduler starts.

    ``led`` jobs run in the leading process only.
    """

    name: str
    every: timedelta
    run: Callable[[], object]
    at_once: bool = True
    led: bool = True


class Raised(Protocol):
    """Records that a job raised an unexpected error, and that it works again."""

    def put(self, name: str, error: Exception) -> None:
        """The job of that name raised."""

    def back(self, names: Collection[str]) -> None:
        """The jobs of these names work."""


class Scheduler:
    """Runs the jobs in threads of its own; none overlaps itself."""

    def __init__(self, jobs: Sequence[Job], leads: Callable[[], bool], raised: Raised) -> None:
        self._leads = leads
        self._raised = raised
        self._led = [job.name for job in jobs if job.led and job.at_once]
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max(4, len(jobs)))},
            # The default grace of one second drops whatever a busy moment delays.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for job in jobs:
            extra = {"next_run_time": datetime.now(UTC)} if job.at_once else {}
            self._scheduler.add_job(
                self._guarded,
                "interval",
                args=(job,),
                id=job.name,
                seconds=job.every.total_seconds(),
                **extra,
            )

    def start(self) -> None:
        """Starts the jobs; returns at once."""
        self._scheduler.start()

    def run_now(self) -> None:
        """Runs the leader's jobs without waiting for their time."""
        if self._scheduler.running:
            for name in self._led:
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """Starts no job any more; those under way are not waited for."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _guarded(self, job: Job) -> None:
        if job.led and not self._leads():
            return
        try:
            job.run()
            self._raised.back({job.name})
        except Stopping:
            log.info("job not done, cibot is stopping: job=%s", job.name)
        except CibotError as error:
            log.warning("job failed job=%s cause=%s", job.name, error)
        except Exception as error:  # noqa: BLE001 - whatever it is: its next time comes
            self._raised.put(job.name, error)
