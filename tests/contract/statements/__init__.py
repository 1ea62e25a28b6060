"""A call of each function of the store that takes a transaction."""

from tests.contract.statements import collected, judged, sent

CALLS = {**collected.CALLS, **judged.CALLS, **sent.CALLS}
