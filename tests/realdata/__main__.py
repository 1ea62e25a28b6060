"""``python -m tests.realdata [-v] [FOLDER]``: the scores of the handed comments."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.realdata.scoring import FILES, PEOPLE, Score, score, taken_for_cis


def main(arguments: list[str]) -> None:
    """Prints a line for each file and way of reading; with ``-v`` what was wrong, too."""
    names = [argument for argument in arguments if argument != "-v"]
    folder = Path(names[0] if names else os.environ.get("CIBOT_SHARED", "../shared") + "/data")
    for name in FILES:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        for ci, reader in ((False, "unknown account"), (True, "known CI")):
            result = score(lines, ci=ci)
            print(f"{name:20} {reader:16} {_line(result)}")
            if "-v" in arguments:
                for number, reasons in result.wrong.items():
                    print(f"  {name}:{number}: {'; '.join(reasons)}")
    people = (folder / PEOPLE).read_text(encoding="utf-8").splitlines()
    print(f"{PEOPLE:20} {len(taken_for_cis(people))} of {len(people)} read like a CI's")


def _line(result: Score) -> str:
    right = result.asked - result.kinds["outcome"]
    others = result.kinds.total() - result.kinds["outcome"]
    return (
        f"outcome {right}/{result.asked}, jobs {result.precision:.1%} precision "
        f"{result.recall:.1%} recall, other faults {others},"
        f" not understood {result.unread}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
