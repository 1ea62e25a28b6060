"""A comment laid out for the readers: its text in lines, its votes, who wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from cibot.collector.formats.tags import of_ci_tool, of_program
from cibot.collector.formats.text import fields_of_json, untagged, word_set
from cibot.collector.results import known_result
from cibot.model import Account, Vote

MIXED = "mixed"
"""The format of job lines among words that a person could have typed around them."""
_LOST_LINES = '"* '  # what scripts leave of a list's line breaks
MAX_CHARS = 120_000  # real ones end at about 42,000; Gerrit's own limit is 16,384
MAX_LINES = 2_000
MAX_LINE = 1_500  # a longer line is no job line

# Labels that let a run or a submission begin: a vote on them is never a verdict.
_ADMISSION_LABELS = word_set(
    "commit-queue run-trybot auto-submit autosubmit owners-override hold auto-publish "
    "presubmit-ready bot-commit ok-to-test review-priority approved submit subm"
)
# Labels that people use: a vote on them says something of a CI only where a program cast it,
# and does not count next to a vote on a CI's label (a freeze's "Code-Review-2 Verified+1").
_HUMAN_LABELS = word_set(
    "code-review workflow api-review trust rollcall-vote ptl-approved backport-candidate "
    "non-author-code-review backport-review design-review docs-review do-not-submit"
)
_BOT_WORDS = word_set(
    "automated automation autotest integration janitor checkpatch checker gate gating "
    "validation validator verification sanity regression nightly scanner autoroller analyzer "
    "ci cibot bot robot jenkins zuul hudson buildbot jenkinsbot tinderbox treehugger luci cq "
    "trybot gerritbot gopherbot builder autobuild autobuilder tester testbot buildkite "
    "teamcity bamboo gitlab github travis prow lint linter verifier presubmit sonarqube "
    "commit-bot appveyor bazel buildkite circleci cirrus codebuild concourse drone evergreen "
    "semaphore taskcluster tekton woodpecker"
)


class Comment:
    """One change message without its head; ``lines`` are stripped on the right.

    ``votes`` stand in the message's head; ``given`` came apart from the text. ``ci``
    says that the author is known to be a CI; ``account`` and ``tag`` only hint at it.
    """

    __slots__ = ("_by_ci", "_lines", "account", "body", "by_hand", "ci", "given", "tag", "votes")

    def __init__(
        self,
        body: str,
        votes: tuple[Vote, ...] = (),
        *,
        given: Sequence[Vote] = (),
        account: Account | None = None,
        tag: str | None = None,
        ci: bool = False,
    ) -> None:
        if "\xa0" in body:
            body = body.replace("\xa0", " ")
        if "</" in body:
            body = untagged(body)
        if body[:1] in ("{", "[") and '":' in body:
            body = fields_of_json(body)
        if body.count(_LOST_LINES) > 2:
            body = body.replace(_LOST_LINES, "\n")
        self.body = body[:MAX_CHARS] if len(body) > MAX_CHARS else body
        self.votes = votes
        self.given = given
        self.account = account
        self.tag = tag
        self.ci = ci
        self.by_hand: bool | None = None  # what `person.by_hand` says, once it was asked
        self._by_ci: bool | None = True if ci else None
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The first `MAX_LINES` lines that are neither blank nor quoted nor too long."""
        if self._lines is None:
            lines = self.body.split("\n", MAX_LINES)[:MAX_LINES]
            if "<<<" in self.body:
                lines = _without_blocks(lines)
            if self.by_ci and self._lists_by_angles():
                lines = [line.lstrip("> ") if line[:1] == ">" else line for line in lines]
            self._lines = [
                stripped
                for line in lines
                if (stripped := line.rstrip())
                and len(stripped) <= MAX_LINE
                and (first := stripped[0]) != ">"
                and (first > " " or stripped.lstrip()[:1] != ">")
            ]
        return self._lines

    @property
    def quotes(self) -> bool:
        """Whether it quotes what others wrote, as Gerrit's pages do for people."""
        return bool(self._angles()) and not self._lists_by_angles()

    def _angles(self) -> list[str]:
        if ">" not in self.body:
            return []
        lines = map(str.lstrip, self.body.split("\n", MAX_LINES))
        return [line for line in lines if line[:2] in ("> ", ">")]

    def _lists_by_angles(self) -> bool:
        """Whether ``>`` begins results below other words: ``> sanity@zfs Failure(7s)``."""
        angles = self._angles()
        return bool(angles) and self.body[0] != ">" and all(map(_has_result, angles))

    @property
    def first(self) -> str:
        """The first line that says something, or nothing."""
        return self.lines[0] if self.lines else ""

    @property
    def anonymous(self) -> bool:
        """Whether nothing is known of who wrote it but perhaps a number."""
        account = self.account
        nameless = account is None or not (account.name or account.username or account.email)
        return nameless and not self.tag and not self.by_ci

    @property
    def by_bot(self) -> bool:
        """Whether a CI is known to have written it, or the tag or the account's name says so."""
        return self.by_ci or of_program(self.tag)

    @property
    def by_ci(self) -> bool:
        """The same without the tags of programs that are no CI systems, such as reviewers."""
        if self._by_ci is None:
            self._by_ci = of_ci_tool(self.tag) or self._named_so()
        return self._by_ci

    def _named_so(self) -> bool:
        account = self.account
        if account is None:
            return False
        if account.service_user:
            return True
        return _bot_name(account.name or "") or _bot_name(account.username or "", endings=True)


def _without_blocks(lines: list[str]) -> list[str]:
    """The lines outside of ``<<< … >>>``, where Jenkins puts a build's own words."""
    outside: list[str] = []
    inside = False
    for line in lines:
        if inside:
            inside = line.strip() != ">>>"
        else:
            start, opened, _ = line.rpartition("<<<")
            inside = bool(opened) and line.rstrip().endswith("<<<")
            outside.append(start if inside else line)
    return outside


def _has_result(item: str) -> bool:
    words = item[:200].replace("(", " ").split(maxsplit=4)[2:4]
    return any(known_result(word) is not None for word in words)


def _bot_name(name: str, *, endings: bool = False) -> bool:
    """Whether a name has a word of programs; in usernames they are often glued (``sriovci``)."""
    if not name:
        return False
    words = "".join(c if c.isalnum() else " " for c in name[:100].lower()).split()
    if any(word in _BOT_WORDS for word in words):
        return True
    return endings and any(len(word) > 5 and word.endswith(("ci", "bot")) for word in words)


def score(votes: Sequence[Vote], *, any_label: bool = False) -> int:
    """-1, 0 or +1: what votes say.

    Labels of people count with ``any_label`` only, and only where no other voted.
    """
    if not votes:
        return 0
    by_machines = by_people = 0
    tested = False
    for vote in votes:
        label = vote.label.lower()
        if not vote.value or label in _ADMISSION_LABELS:
            continue
        sign = 1 if vote.value > 0 else -1
        if label in _HUMAN_LABELS:
            by_people = min(by_people, sign) or sign
        elif by_machines >= 0:
            by_machines = sign
            tested = tested or "review" not in label  # a "Sanity-Review" weighs no more
    if not any_label:
        return by_machines
    if by_machines and (tested or by_people >= 0):
        return by_machines
    return by_people


def reviewed(votes: Sequence[Vote]) -> bool:
    """Whether votes have one that approves on a label of people, as reviewers cast it."""
    return any((vote.value or 0) > 0 and vote.label.lower() in _HUMAN_LABELS for vote in votes)


def withdrawn(votes: Sequence[Vote]) -> bool:
    """Whether there are votes and each of them is a vote taken back."""
    return bool(votes) and all(not vote.value for vote in votes)
