"""No test leaves logging changed for the next one.

Commands that tests call in this process set up logging as `cibot run` does: handlers, levels,
warnings and the last words of threads are the whole process's.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Generator, Iterator

import pytest

from cibot import logs


@contextlib.contextmanager
def logging_restored() -> Iterator[None]:
    """Puts logging back as it was: also the loggers that came into being meanwhile.

    A thread that died in one test must not make the bot of a later test look broken.
    """
    root = logging.getLogger()
    handlers, disabled_below = root.handlers[:], root.manager.disable
    before = {logger: _settings(logger) for logger in _loggers()}
    hook, show, dead = threading.excepthook, warnings.showwarning, logs.died()
    try:
        yield
    finally:
        # First captureWarnings, which has a memory of its own of what it replaced.
        logging.captureWarnings(capture=False)
        threading.excepthook, warnings.showwarning = hook, show
        logs._died.clear()
        logs._died.update(dead)
        root.handlers[:], root.manager.disable = handlers, disabled_below
        for logger in _loggers():
            level, logger.propagate, logger.disabled = before.get(
                logger, (logging.NOTSET, True, False)
            )
            if logger.level != level:
                logger.setLevel(level)  # forgets what it knew of levels


def _loggers() -> list[logging.Logger]:
    manager = logging.root.manager
    named = [logger for logger in manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    return [logging.root, *named]


def _settings(logger: logging.Logger) -> tuple[int, bool, bool]:
    return logger.level, logger.propagate, logger.disabled


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Around each test with its fixtures, of whatever scope."""
    with logging_restored():
        return (yield)
