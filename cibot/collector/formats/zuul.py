"""Zuul, versions 2 to current: starts, results, merge failures, configuration errors.

Source: BaseReporter of Zuul (``_formatItemReport…``) and the messages that
pipelines set themselves ("Gate pipeline build failed.", "Main test build succeeded.").
"""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.conclude import conclude
from cibot.collector.formats.lines import read_builds
from cibot.collector.formats.merging import says_unmerged
from cibot.collector.formats.person import goes_on
from cibot.model import REFUSAL, Build, Outcome, Report

NAME = "zuul"
PLAIN_TO_SEE = (NAME, REFUSAL)

_MERGE = (
    "merge failed",
    "merge conflict",
    "unable to merge",
    "this change depends on a change that is part of a bundle that failed",
)
_CYCLE = "this change is part of a dependency cycle"
_CONFIGURATION = (
    "zuul encountered a",
    "unable to freeze job graph",
    "unknown configuration error",
    "configuration error",
    "this change depends on a change with an invalid configuration",
    "this change depends on a change to a config project",
    "this change is part of a bundle that failed",
    "this change is part of a bundle with",
    _CYCLE,
    "dependency cycle",
    "job graph error",
    "debug information: job graph",
)
_STOPPED = ("build canceled", "build cancelled", "build dequeued", "change dequeued", "no jobs")
_DONE = {
    "succeeded": Outcome.SUCCESS,
    "successful": Outcome.SUCCESS,
    "passed": Outcome.SUCCESS,
    "failed": Outcome.FAILURE,
    "canceled": Outcome.NONE,
    "cancelled": Outcome.NONE,
    "started": Outcome.STARTED,
}
# The Gerrit Trigger plugin writes its headlines in title case.
_JENKINS = ("Build Successful", "Build Failed", "Build Started", "Build Unstable", "Build Aborted")
_ENDINGS = ("build succeeded.", "build failed.", "build succeeded", "build failed")
_ARTICLES = ("the ", "this ", "my ", "that ", "a ", "our ", "your ")
_PREFIXES = (*_MERGE, *_CONFIGURATION, *_STOPPED)
_INITIALS = frozenset(prefix[0] for prefix in _PREFIXES)


def read(comment: Comment) -> Report | None:
    """A report of Zuul, known by its first line."""
    body = comment.body
    if body.startswith("Starting "):
        return _start(comment)
    first = comment.first.lower()
    if first.startswith("these changes "):  # of a cycle
        first = _singular(first)
    if first[:1] in _INITIALS and (first.startswith(_PREFIXES) or _unmerged(first)):
        return _notice(comment, first)
    headline = None if body.startswith(_JENKINS) else _headline(first)
    if headline is None:
        return None
    outcome, pipeline = headline
    builds = tuple(read_builds(comment.lines[1:], outcome))
    if not builds and ("://" in first or not _alone(comment, first)):
        return None
    if goes_on(comment, "build ") and not any(build.url for build in builds):
        return None
    return _report(conclude(comment, outcome, builds), pipeline, builds)


def _start(comment: Comment) -> Report | None:
    line = comment.body[9:140].partition("\n")[0]
    pipeline, jobs, _ = line.partition(" jobs")
    if not jobs or not pipeline or len(pipeline.split()) > 3:
        return None
    return Report(Outcome.STARTED, NAME, pipeline)


def _notice(comment: Comment, first: str) -> Report | None:
    pipeline = _in_brackets(first)
    if _unmerged(first):
        return Report(Outcome.MERGE_FAILURE, NAME, pipeline)
    if first.startswith(_CONFIGURATION) and not first.startswith(_CYCLE):
        return Report(Outcome.FAILURE, REFUSAL, pipeline)
    builds = tuple(read_builds(comment.lines[1:]))
    if first.startswith(_CYCLE):
        return Report(Outcome.FAILURE, NAME if builds else REFUSAL, pipeline, builds)
    return Report(Outcome.NONE, NAME, pipeline, builds)


def _unmerged(first: str) -> bool:
    return first.startswith(_MERGE) or (first.startswith("this change ") and says_unmerged(first))


def _singular(first: str) -> str:
    """``this change depends on …`` of ``these changes depend on …``."""
    rest = first.removeprefix("these changes ")
    for plural, singular in (("depend ", "depends "), ("are ", "is "), ("were ", "was ")):
        if rest.startswith(plural):
            rest = singular + rest.removeprefix(plural)
            break
    return f"this change {rest}"


def _headline(first: str) -> tuple[Outcome, str | None] | None:
    """``Build succeeded (check pipeline).``, ``Gate pipeline build failed.``"""
    before, separator, after = first.partition("build ")
    if not separator or len(before) > 40:
        return None
    if before and (before[-1] != " " or not _own_words(before)):
        return None
    word, _, rest = after.partition(" ")
    outcome = _DONE.get(word.rstrip(".:!,"))
    if outcome is None:
        return None
    if "://" in (rest if outcome is Outcome.STARTED else rest.partition(" ")[0]):
        return None  # Jenkins writes "Build started URL"
    return outcome, _in_brackets(first) or _custom(before)


def _in_brackets(first: str) -> str | None:
    """``check`` of ``(check pipeline)``."""
    end = first.find(" pipeline)")
    start = first.rfind("(", 0, end) if end > 0 else -1
    return first[start + 1 : end] if start >= 0 else None


def _custom(before: str) -> str | None:
    """``gate`` of ``Gate pipeline build failed.``; other words name no pipeline."""
    name = before.strip()
    return name.removesuffix(" pipeline") if name.endswith(" pipeline") else None


def _own_words(before: str) -> bool:
    """Whether words before "build" are a headline's ("Main test build failed.")."""
    return before.replace(" ", "").replace("-", "").isalnum() and not before.startswith(_ARTICLES)


def _alone(comment: Comment, first: str) -> bool:
    """Whether a headline without jobs is a report, and not a person's first words."""
    return len(comment.lines) <= 3 or " pipeline)" in first or first.endswith(_ENDINGS)


def _report(
    outcome: Outcome | None, pipeline: str | None, builds: tuple[Build, ...]
) -> Report | None:
    return Report(outcome, NAME, pipeline, builds) if outcome is not None else None
