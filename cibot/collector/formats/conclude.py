"""What a report says as a whole, from its headline, its votes and its builds."""

from __future__ import annotations

from collections.abc import Sequence

from cibot.collector.formats.comment import Comment, score
from cibot.collector.results import STOPPED, UNFINISHED, result_class
from cibot.model import Build, Outcome, Result


def conclude(
    comment: Comment, headline: Outcome | None, builds: Sequence[Build] = ()
) -> Outcome | None:
    """The outcome, or None where nothing says one.

    A start, a stop and a merge failure are what their headline says. Else the
    vote decides, whatever its label: CIs write "Build Failed" over a +1 when
    the failed job does not vote. Without one the headline, then the builds.
    """
    if headline in (Outcome.STARTED, Outcome.NONE, Outcome.MERGE_FAILURE):
        return headline
    voted = score(comment.votes, any_label=True)
    if voted:
        return Outcome.SUCCESS if voted > 0 else Outcome.FAILURE
    return headline or outcome_of(builds)


def outcome_of(builds: Sequence[Build]) -> Outcome | None:
    """What builds alone say: by the voting ones, or by all where none votes."""
    deciding = [build for build in builds if build.voting] or builds
    if not deciding:
        return None
    classes = {result_class(build.result) for build in deciding}
    if Result.FAIL in classes:
        return Outcome.FAILURE
    words = {build.result for build in deciding}
    if words & UNFINISHED:
        return Outcome.STARTED
    if Result.INFRA in classes:
        broken = {word for word in words if result_class(word) is Result.INFRA}
        return Outcome.NONE if broken <= STOPPED else Outcome.FAILURE
    return Outcome.SUCCESS if Result.PASS in classes else Outcome.NONE


def one_fails(builds: Sequence[Build]) -> bool:
    """Whether a voting build failed."""
    return any(build.voting and result_class(build.result) is Result.FAIL for build in builds)


def unanimous(builds: Sequence[Build]) -> Outcome | None:
    """What builds say where all voting ones that ran passed, or all failed; else None."""
    words = {build.result for build in builds if build.voting}
    classes = {result_class(word) for word in words} - {Result.SKIPPED}
    if classes == {Result.PASS}:
        return None if words & UNFINISHED else Outcome.SUCCESS
    return Outcome.FAILURE if classes == {Result.FAIL} else None
