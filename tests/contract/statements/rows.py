"""Rows that calls of several parts of the store are given."""

from collections.abc import Callable

from cibot.store.audit import AuditRow
from cibot.store.engine import Tx
from tests.support.history import NOW, ago

SINCE, UNTIL = NOW - ago(7), NOW - ago(0)
CHANGE = 1 << 32 | 77
KEY = [(CHANGE, 1)]
AUDITED = AuditRow(NOW, "net", "mika", "mika", "#ci", "ack", "1", "done")

Call = Callable[[Tx], object]
