"""The day of outages is run by hand (`make day`): it takes minutes, and a busy machine upsets it."""

import os

collect_ignore = [] if os.environ.get("CIBOT_DAY") else ["test_day.py"]
