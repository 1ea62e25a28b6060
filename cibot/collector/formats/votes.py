"""Comments that speak by their vote: nothing else, or a link and a log."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment, reviewed, score
from cibot.collector.formats.naming import points
from cibot.collector.formats.person import by_hand
from cibot.collector.formats.text import first_url, job_name
from cibot.model import Build, Outcome, Report

NAME = "votes"


def read(comment: Comment) -> Report | None:
    """A vote alone, or with a text that a program wrote.

    A vote on a label of people (Code-Review) counts only from a program, and
    judges nothing from anybody else.
    """
    by_bot = comment.by_bot
    voted = score(comment.votes, any_label=by_bot)
    if not comment.body:
        if (
            voted
            and not score(comment.votes)
            and not any(v.value in (1, -1) for v in comment.votes)
        ):
            voted = 0  # "Code-Review+2" alone approves
        return Report(_outcome(voted), NAME) if comment.votes else None
    builds = _links(comment, voted)
    if not voted and builds and len(comment.lines) == len(builds):
        voted = score(comment.given)
        builds = _links(comment, voted)
        return Report(_outcome(voted), NAME, None, builds if voted else ())
    if not voted or (not by_bot and not builds and _by_person(comment)):
        return None
    return Report(_outcome(voted), NAME, None, builds)


def _by_person(comment: Comment) -> bool:
    spoken = len(comment.first.split()) > 3
    return (spoken and reviewed(comment.votes)) or by_hand(comment)


def _outcome(voted: int) -> Outcome:
    if voted == 0:
        return Outcome.NONE
    return Outcome.SUCCESS if voted > 0 else Outcome.FAILURE


def _links(comment: Comment, voted: int) -> tuple[Build, ...]:
    """The builds whose URL ends a line of its own (``Build console: URL``), by the vote."""
    word = "SUCCESS" if voted > 0 else "FAILURE"
    builds: dict[str, Build] = {}
    for line in comment.lines[:400]:
        if "://" not in line:
            continue
        url = first_url(line)
        if url is None or not line.rstrip(" )>.").endswith(url.rstrip(".")):
            continue
        name = job_name(url)
        before = line[: line.find(url)]
        if name and (len(before.split()) <= 3 or points(before)):
            builds.setdefault(name, Build(name, word, url))
    return tuple(builds.values())
