"""A call of each function of the store that takes a transaction."""

from tests.contract.statements import collected, judged, told

CALLS = {**collected.CALLS, **judged.CALLS, **told.CALLS}
