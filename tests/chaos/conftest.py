"""The day of outages is run by hand (`make day`): it takes minutes and wants a quiet machine."""

import os

collect_ignore = [] if os.environ.get("CIBOT_DAY") else ["test_day.py"]
