"""Job lines without " : " in their middle: marks, tables, ``job: RESULT``, ``RESULT: URL``."""

from __future__ import annotations

import re

from cibot.collector.formats.places import duration_in, name_and_url, tidy
from cibot.collector.formats.text import (
    clean_url,
    duration_s,
    first_url,
    is_url,
    job_name,
    word_set,
)
from cibot.collector.formats.verdict import SUBJECTS, verdict, words_of
from cibot.collector.results import RESULT_WORDS, known_result, result_class
from cibot.model import Build, Outcome, Result

_GOOD = "✅✔✓☑🟢"
_BAD = "❌✖✗✘🔴⛔🚫"
MARKS = _GOOD + _BAD + "⚠ℹ⏩⏭⚪🟡\ufe0f"
_NAMELESS = word_set(
    "status result results outcome overall build verdict conclusion state summary note "
    "warning error message details reason log logs finished completed done ended still"
)
_LABELS = word_set(
    "log logs file files output console report reports artifact artifacts detail details result "
    "results link links url page summary full more here info information dashboard view"
)
"""Words that alone name what a link leads to, and no job ("Log files: URL")."""
_PROGRAMS = word_set("ci bot jenkins zuul")
_GROUPS = word_set("stage suite step pipeline")  # name the jobs where no other column does
_HEADS = word_set("job jobs name task check test builder") | {
    "job name",
    "test name",
    "test suite",
    "check name",
}
_WHOLE = word_set("tests test builds build checks jobs job")
_POINTERS = word_set("the this that these those a an my our your its some any no")
_GENERAL = _POINTERS | word_set("tests test build builds ci jobs it all still now and but")
_LINKING = word_set("at by in on of for from to with until is was has and")
_VERBS = word_set("fails succeeds errors")
_TELLING = word_set("status result results outcome verdict conclusion with is was are has")
"""Words that end what stands before a result, where it is no job's name."""
_TEST_SENTENCE = re.compile(
    r"(?P<word>[A-Z][a-zA-Z]{3,12}) (?:(?P<kind>optional|enforced|required|mandatory|voting|"
    r"non-voting|informational) )?(?:test|job|build|suite|check) (?P<name>[\w./+-]{2,100})"
    r"(?= |:|$)"
)
_SHORT_CODES = ((":heavy_check_mark:", "✔"), (":white_check_mark:", "✅"), (":x:", "❌"))
_SILENT = re.compile(
    r"[(\[](?:non-?voting|non voting|not voting|skipped|allowed to fail|allow(?:ed)? failure)[)\]]",
    re.IGNORECASE,
)


def finish(name: str, word: str, url: str | None, rest: str) -> Build:
    """The build with what follows its result: text, duration, whether it votes."""
    voting = True
    duration: float | None = None
    if name[-1:] in ")]" and name and (flag := _SILENT.search(name)):
        voting = False
        name = name[: flag.start()].rstrip() or name
    if rest:
        flag = _SILENT.search(rest)
        if flag:
            voting = False
            rest = rest[: flag.start()].rstrip() + rest[flag.end() :]
        duration = duration_in(rest)
    return Build(name, word, url, duration, voting)


def unabbreviated(text: str) -> str:
    """``:x: [job](URL) …``: the mark that a short code at the begin stands for."""
    if text[:1] != ":":
        return text
    for code, mark in _SHORT_CODES:
        if text.startswith(code):
            return mark + text[len(code) :]
    return text


def named_column(text: str) -> int | None:
    """Which column of a table's head (``| STATUS | DURATION | NAME |``) names the jobs."""
    cells = [cell.strip().strip("*`").lower() for cell in text.strip("|").split("|")[:12]]
    named = [index for index, cell in enumerate(cells) if cell in _HEADS]
    named = named or [index for index, cell in enumerate(cells) if cell in _GROUPS]
    head = len(cells) > 1 and not any(_cell_result(cell) for cell in cells)
    return named[0] if named and head else None


def table_row(text: str, column: int = 0) -> Build | None:
    """``| job | RESULT | URL |``, in any order; ``column`` names the job. A mark is a result."""
    cells = [unabbreviated(cell.strip().strip("*`")) for cell in text.strip("|").split("|")[:12]]
    named = cells.pop(column) if column < len(cells) else ""
    result = next((cell for cell in cells if _cell_result(cell)), None)
    if result is None:
        return None
    url = next((found for cell in (named, *cells) if (found := first_url(cell))), None)
    name, _ = name_and_url(named) if named else ("", None)
    times = (duration_s(cell) for cell in cells if cell != result and cell[:1].isdigit())
    duration = next((seconds for seconds in times if seconds is not None), None)
    written = result.lstrip(MARKS + " ") or ("SUCCESS" if result[0] in _GOOD else "FAILURE")
    return Build(name, as_written(written), url, duration)


def _cell_result(cell: str) -> bool:
    word = cell[:30].lstrip(MARKS + " ")
    marked = not word and cell[:1] in _GOOD + _BAD and bool(cell)
    return len(cell) <= 30 and (marked or known_result(word) is not None)


def marked_line(text: str, following: str) -> Build | None:
    """``✅ job : SUCCESS`` or ``❌ job``, with a URL here or alone on the next line."""
    good = text[0] in _GOOD
    if not good and text[0] not in _BAD:
        return None
    bare = text.lstrip(MARKS + " )]")
    own = first_url(bare)
    below = following.strip()
    url = own or (first_url(below) if below.strip("()<>")[:4] == "http" else None)
    result = "SUCCESS" if good else "FAILURE"
    at = bare.find(" : ")
    if at > 0:
        word, _, rest = bare[at + 3 :].partition(" ")
        if known_result(word) is not None:
            name, left_url = name_and_url(bare[:at])
            found = finish(name, word, left_url or url, rest)
            return found if found.name or found.url else None
    other = other_line(bare, bulleted=True)
    if other is not None:
        return other if other.url else Build(other.name, other.result, url, other.duration_s)
    if url is None or known_result(bare.partition(":")[0]) is not None:  # "🟢 Passed: lint, unit"
        return None
    if own is None:  # the sentence says how it went; the URL says which job
        return Build(job_name(url) or tidy(bare), result, url)
    name, _ = name_and_url(bare) if bare.endswith((")", own)) else (bare[: bare.find(own)], None)
    return _timed(tidy(name) or job_name(url), result, url)


def _timed(name: str, result: str, url: str) -> Build:
    """The build of ``unit (1m 2s)``: the time is none of its name."""
    before, bracket, time = name.rpartition(" (")
    seconds = duration_s(time.rstrip(")")) if bracket else None
    return Build(before if seconds is not None else name, result, url, seconds)


def other_line(text: str, *, bulleted: bool) -> Build | None:
    """``RESULT: URL``, ``job: RESULT (URL)``, ``job URL RESULT``, ``RESULT job URL``."""
    if text[:1] == "[" and (found := _bracketed(text)):
        return found
    head, colon, tail = text.partition(": ")
    if not colon and text.endswith(":"):
        return None
    if colon and known_result(head.strip("[]*`")) is not None and len(head) <= 20:
        return _reversed(head.strip("[]*`"), tail)
    if colon:
        found = _named(head, tail, bulleted=bulleted) or _ending(head, tail)
        if found is not None:
            return found
    return _spaced(text, bulleted=bulleted) if "://" in text else None


def test_sentence(text: str) -> Build | None:
    """``Failed optional test review-zfs on Rocky 10 …: URL``: a sentence of one job."""
    match = _TEST_SENTENCE.match(text)
    url = first_url(text) if match else None
    known = known_result(match["word"]) if match else None
    if match is None or url is None or known in (None, Result.SKIPPED):
        return None
    if match["name"] in _LINKING:
        return None
    voting = (match["kind"] or "").lower() not in ("optional", "non-voting", "informational")
    return Build(match["name"], match["word"].upper(), url, None, voting)


def rooted(text: str) -> Build | None:
    """``SERVER_URL: SMO Build FAILED, … (JOB_URL)``: Jenkins names itself first."""
    _, colon, after = text.partition(": ")
    url = first_url(after) if colon else None
    name = job_name(url) if url else ""
    if url is None or not name:
        return None
    spoken = after[: after.find(url)]
    said = verdict(spoken)
    if said not in (Outcome.SUCCESS, Outcome.FAILURE):
        return None
    shouted = (word.strip(",.:;!()") for word in spoken.split())
    word = next(
        (token for token in shouted if token.isupper() and token in RESULT_WORDS), said.name
    )
    return Build(name, word, url)


def _reversed(word: str, tail: str) -> Build | None:
    url = first_url(tail)
    if url is None:
        return _named_after(word, tail)
    before = tail[: tail.find(url)].strip().rstrip("(<[").strip(" -:")
    spoken = before.split()
    if len(spoken) > 6 or (len(spoken) > 2 and verdict(before) is not None):
        return None
    name = before.strip("[]") or job_name(url)
    after = tail[tail.find(url) + len(url) :].strip(" )>]")
    return finish(name, as_written(word), url, after)


def _bracketed(text: str) -> Build | None:
    """``[FAILED] dsvm-tempest``."""
    word, _, name = text[1:].partition("] ")
    return _named_after(word, name, least="") if word in RESULT_WORDS else None


def _named_after(word: str, tail: str, least: str = "-") -> Build | None:
    """``SUCCESS: dsvm-tempest (1h 2m)``: a result in capitals and a job's name, no URL."""
    name, _, rest = tail.strip().partition(" ")
    if not word.isupper() or result_class(word) not in (Result.PASS, Result.FAIL):
        return None
    if least not in name.strip("-") or not name.replace("-", "").replace("_", "").isalnum():
        return None
    if rest and duration_in(rest if rest.startswith("in ") else f" {rest}") is None:
        return None
    return finish(name, word, None, rest)


def _named(head: str, tail: str, *, bulleted: bool) -> Build | None:
    name, url = name_and_url(head)
    word, _, rest = tail.strip().partition(" ")
    # "FC: PASS; iSCSI: FAIL. URL" is a sentence of several
    several = word.endswith((";", ",")) and not bulleted and verdict(rest) is not None
    several = several or (not bulleted and ", " in rest and _passes_and_fails(word, rest))
    word = word.strip("*`.,;!").lstrip(MARKS)
    if not word and rest:
        word, _, rest = rest.partition(" ")
    if known_result(word) is None or several:
        return None
    own = url or first_url(rest)
    if name and nameless(name, bulleted=bulleted):
        name = job_name(own) if own and rest.endswith(own) else ""
    if not name:
        return None
    if own is None and not bulleted and not _stands_alone(word, rest):
        return None
    if own is None and word.islower() and _goes_on(word, rest):
        return None
    if len(name.split()) > 8 or (own is None and not bulleted and " " in name):
        return None
    before_url = rest[: rest.find(own)].rstrip("( ") if own and own in rest else rest
    return finish(name, as_written(word), own, before_url.strip())


def _passes_and_fails(word: str, rest: str) -> bool:
    """``PASS amd64, FAIL arm64``: results of several, on one line."""
    return result_class(word) is Result.PASS and verdict(rest) is Outcome.FAILURE


def _stands_alone(word: str, rest: str) -> bool:
    """Whether a result without a URL is plain to see: in capitals, or with its duration."""
    if word.isupper():
        return len(rest.split()) <= 6
    return rest[:1] == "(" and duration_in(f" {rest}") is not None


def _goes_on(word: str, rest: str) -> bool:
    """``a.py: error handling is missing``: a sentence, not a result and what belongs to it."""
    following = rest.split(None, 1)[0] if rest else ""
    return word in ("error", "warning") or (
        following.isalpha() and following not in ("in", "after", "took", "with", "at", "on")
    )


def nameless(name: str, *, bulleted: bool = False) -> bool:
    """Whether these words before a result name no job ("Build result", "finished with").

    In a list "build" does: many call their first job so.
    """
    if bulleted and name == "build":
        return False
    if name.lower() in _NAMELESS or tells(name) or labels(name):
        return True
    if name.replace("/", "").isdecimal():  # "14/15 OK"
        return True
    return not bulleted and names_author(name)  # "Acme CI: FAILURE" names its author


def names_author(name: str) -> bool:
    """Whether these words are a CI's own name ("Acme ML2 CI")."""
    return name.rpartition(" ")[2].lower() in _PROGRAMS


def tells(name: str) -> bool:
    """Whether these words end in one that only tells ("CI status", "finished with")."""
    return name.rpartition(" ")[2].lower() in _TELLING


def labels(name: str) -> bool:
    """Whether these words only say what a link leads to ("Log files", "Full report")."""
    words = name.lower().split()
    return bool(words) and _LABELS.issuperset(words)


def _ending(head: str, tail: str) -> Build | None:
    """``Libvirt Fail: URL``; not "Build failed: URL", which tells of the whole."""
    name, _, word = head.strip().removeprefix("Job ").rpartition(" ")
    known = known_result(word)
    if not name or known is None or not is_url(tail.strip()) or len(name.split()) > 4:
        return None
    if name.partition(" ")[0].lower() in _POINTERS or word.lower() in _VERBS:
        return None
    spoken = set(words_of(name))
    if spoken & (SUBJECTS | _NAMELESS | _TELLING):
        return None
    return Build(tidy(name), as_written(word), clean_url(tail.strip()))


def _spaced(text: str, *, bulleted: bool) -> Build | None:
    """``job URL RESULT``, ``URL:RESULT`` and ``RESULT job URL``; in capitals only."""
    tokens = text.split(None, 12)[:12]
    for index, token in enumerate(tokens):
        glued, colon, last = token.rpartition(":")
        if colon and last in RESULT_WORDS and is_url(glued):
            left = " ".join([*tokens[:index], glued])
            name, url = name_and_url(left)
            return finish(name, last, url, " ".join(tokens[index + 1 :]))
        word = token.strip("[]()*`:;,.-=>" + MARKS)
        if not word and token[0] in _GOOD + _BAD:
            word = "SUCCESS" if token[0] in _GOOD else "FAILURE"
        if word.isupper() and word in RESULT_WORDS:
            return _around(tokens[:index], word, tokens[index + 1 :], bulleted=bulleted)
    return None


def _around(before: list[str], word: str, after: list[str], *, bulleted: bool) -> Build | None:
    """The build from the words before and after its result; without a bullet they may be prose."""
    if not bulleted and _prose(before, after):
        return None
    left = " ".join(before).rstrip(" -:=>|")
    rest = " ".join(after)
    name, url = name_and_url(left) if left else ("", None)
    if url is None:
        url = first_url(rest)
        at = rest.find(url) if url else 0
        if not left:
            name, rest = tidy(rest[:at].strip("-:(<[ ")), rest[at + len(url or "") :].strip(" )>]")
    if url is None or len(name.split()) > 4 or (name and nameless(name)) or name in _LINKING:
        return None
    if not bulleted and before and before[-1].lower() in _WHOLE:  # "Unit tests FAILED, JOB_URL"
        name = job_name(url) or name
    return finish(name or job_name(url), word, url, rest)


def _prose(before: list[str], after: list[str]) -> bool:
    """Whether the words around a result are a sentence's (``the job FAILED here URL and …``)."""
    linked = any("://" in token for token in before)
    if before and not linked and (len(before) > 2 or before[0].lower().strip(":") in _GENERAL):
        return True
    spoken = 0
    for token in after:
        if token[0] in "([{<-":
            break
        spoken += token.isalpha() and token.lower() not in ("in", "after", "took")
    return spoken > 2 and not linked


def as_written(word: str) -> str:
    """A word in capitals as it stands; ``passed`` and ``Failed`` by what they mean."""
    word = word.strip()
    if word.isupper():
        return word
    known = known_result(word)
    if known is not None and known.name in ("PASS", "FAIL"):
        return "SUCCESS" if known.name == "PASS" else "FAILURE"
    return word.upper().replace(" ", "_").replace("-", "_")
