"""The errors of cibot. Each says whether trying again can help.

Nothing below this package raises a bare ``Exception``: a caller that retries
catches `Transient`; a caller that talks to a person shows ``str(error)``,
which names the place and, where there is one, the remedy.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath


class CibotError(Exception):
    """Base of every error that cibot raises on purpose."""


class Transient(CibotError):
    """The same call may work later: a timeout, a 503, a deadlock.

    ``retry_after`` is the number of seconds the other side asked us to wait,
    or None when it did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unconfirmed(Transient):
    """The call may have worked: the answer did not come. Trying again may do it twice."""


class Stopping(Transient):
    """The bot is asked to stop: what was under way ends, and is no failure of anything."""


class Permanent(CibotError):
    """The same call will fail again until a person changes something."""


class ConfigError(Permanent):
    """The configuration is wrong; the text lists every mistake with its remedy."""


class UserError(Permanent):
    """A person asked for something that cannot be done; the text is the reply."""


class Conflict(UserError):
    """What was to be changed is there, but not as it would have to be."""


def reason_of(error: BaseException) -> str:
    """An error's text for a person; of an unexpected one, also where it was raised."""
    if isinstance(error, CibotError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
