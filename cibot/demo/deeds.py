"""What happens on the demo's review server: each deed has a time and can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cibot.demo.reviews import Reviews
from cibot.demo.voices import Spoken


@dataclass(frozen=True, slots=True)
class Push:
    """A new change (patch set 1), or the next patch set of one that is there."""

    at: datetime
    change: int
    patch_set: int
    project: str
    subject: str
    owner: int

    def do(self, reviews: Reviews) -> None:
        """Pushes it."""
        if self.patch_set == 1:
            reviews.add_change(self.project, self.subject, self.owner, self.at, number=self.change)
        else:
            reviews.add_patch_set(self.change, self.owner, self.at)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment of a person or a CI on the patch set of ``upload``."""

    at: datetime
    upload: Push
    author: int
    said: Spoken

    def do(self, reviews: Reviews) -> None:
        """Posts it."""
        on, said = self.upload, self.said
        reviews.comment(
            on.change, self.author, said.text, self.at,
            patch_set=on.patch_set, votes=said.votes, tag=said.tag,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Merge:
    """A change is merged."""

    at: datetime
    change: int
    by: int

    def do(self, reviews: Reviews) -> None:
        """Merges it."""
        reviews.set_status(self.change, "MERGED", self.by, self.at)


Deed = Push | Remark | Merge
