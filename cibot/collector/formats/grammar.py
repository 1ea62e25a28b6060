"""The grammar of a job line: a name and a result, perhaps a URL and a time, in any order.

``unit: FAILURE (URL)``, ``FAILURE unit 3m URL``, ``✅ unit``, ``unit ..... ok``, ``Job unit
failed``, ``[unit](URL) - passed - 3 min``. A line is cut into tokens, each of a kind. What lies
between dividers is a name, what stands alone between them a result, and a line in which words
are left over is prose.
"""

from __future__ import annotations

from typing import NamedTuple

from cibot.collector.formats.job_sentences import FoundJob, job_before_sentence
from cibot.collector.formats.naming import (
    EVERY,
    GENERAL,
    KINDS,
    LINKING,
    STEPS,
    WHOLE,
    counted,
    labels,
    like_a_name,
    nameless,
    names_author,
    names_test,
    without_telling,
)
from cibot.collector.formats.shapes import as_written, marked_as, silent
from cibot.collector.formats.tags import of_ci_tool
from cibot.collector.formats.text import clean_url, duration_s, is_url, job_name
from cibot.collector.formats.tokens import (
    ARROWS,
    RESULTS,
    Token,
    asides,
    condensed,
    may_tell,
    result_at,
    segments,
    tokens_of,
    wordy,
)
from cibot.collector.formats.verdict import verdict
from cibot.collector.results import listed_result, result_class
from cibot.model import Build, Outcome, Result

_SURE_DIVIDERS = ("..", "->", "=>", "→", "⇒", "—", "–", "  ", "\t", "=", "|")
_PLAIN = (Result.PASS, Result.FAIL)
_COUNTING = ("error", "failure", "exit", "returned ", "rc=", "not ")
_TOLD = "told"
_MOST_WORDS = 4  # of a name
_MOST_LISTED = 8  # of one after a bullet


class _Run(NamedTuple):
    """Words that nothing divides: from the token ``start`` to before ``end``."""

    start: int
    end: int
    words: list[str]


def job_lines(text: str, following: str = "", *, bulleted: bool = False) -> list[FoundJob]:
    """What a line without its bullet tells of jobs; ``following`` may hold the URL of one."""
    if not may_tell(text):
        return job_before_sentence(text) if any(word in text for word in _COUNTING) else []
    bare, voting = silent(text)
    tokens = tokens_of(bare)
    if bulleted:
        tokens = condensed(tokens)
    at = result_at(tokens)
    if at is None:
        jobs = _several(tokens if voting else tokens_of(text), bulleted=bulleted)
        return jobs or job_before_sentence(text)
    job = _job(_Line(tokens, at, bulleted=bulleted), following, voting=voting)
    return [job] if job else job_before_sentence(text)


def _several(tokens: list[Token], *, bulleted: bool) -> list[FoundJob]:
    """The jobs of a line that tells of several: all of its words belong to one of them."""
    jobs: list[FoundJob] = []
    plain = True  # "tests OK, style failed"
    parts = segments(tokens)
    for index, part in enumerate(parts):
        words = [token for token in part if token.text.lower() != "non-voting"]
        at = result_at(words)
        if at is None and (stated := _stated(words)):
            jobs.append(stated)
            continue
        if at is None:
            return []
        line = _Line(words, at, bulleted=bulleted)
        label = 0 if index else line.label(leads=parts[1][0].kind in RESULTS)
        if label:
            line = _Line(words[label:], at - label, bulleted=bulleted)
        job = _job(line, "", voting=len(words) == len(part))
        if job is None or not job.build.name or (line.named_generally() and not line.marked):
            return []
        plain = plain and line.tells_of_tests()
        jobs.append(job._replace(sure=job.sure or words[at].kind == "shout"))
    if plain:
        return []
    sure = all(job.sure for job in jobs)
    shape = next((job.shape for job in jobs if job.shape != _TOLD), _TOLD)
    return [
        job._replace(sure=sure, shape=shape if job.shape == _TOLD else job.shape) for job in jobs
    ]


def _stated(tokens: list[Token]) -> FoundJob | None:
    """``board-17 hangs after kernel load``, of a line that tells of several jobs."""
    texts = [token.text.strip() for token in tokens]
    name, *words = texts[len(texts) - texts[::-1].index(":") :] if ":" in texts[:-1] else texts
    said = verdict(" ".join(words)) if name and like_a_name(name) else None
    if said not in (Outcome.SUCCESS, Outcome.FAILURE):
        return None
    return FoundJob(Build(name, said.name, None), _TOLD, sure=False)


def _job(line: _Line, following: str, *, voting: bool) -> FoundJob | None:
    url = line.url or _url_below(following, marked=line.marked)
    if line.url or (line.marked and url):
        name, sure = line.linked_name(url or ""), line.named_by_kind() is None
        name = line.named_by_kind() if name is None else name
    else:
        name, sure = line.closed_name(linked=url is not None)
    if name is None:
        return None
    return FoundJob(Build(name, line.result, url, line.seconds(), voting), line.shape, sure)


def _says_nothing(words: str) -> bool:
    """Whether words beside a job's name and its result may be there: "done", "log", "Acme CI"."""
    if labels(words) or names_author(words) or of_ci_tool(words):
        return True
    return listed_result(words) is not None


def _url_below(following: str, *, marked: bool) -> str | None:
    """The URL of an indented line that has nothing else, or ``log: URL``."""
    if following[:1] not in (" ", "\t"):
        return None
    label, _, place = following.strip().rpartition(" ")
    place = place.strip("()<>")
    labelled = label.endswith(":") and not marked
    return clean_url(place) if is_url(place) and (not label or labelled) else None


class _Line:
    """A line's tokens and where its result stands; from these its name and what is left over."""

    __slots__ = ("at", "bulleted", "marked", "named", "result", "runs", "tokens", "url", "url_at")

    def __init__(self, tokens: list[Token], at: int, *, bulleted: bool) -> None:
        self.tokens = tokens
        self.at = at
        self.bulleted = bulleted or tokens[0].kind == "mark"
        urls = [i for i, token in enumerate(tokens) if token.kind == "url"]
        urls = [i for i in urls if job_name(tokens[i].text)] or urls
        self.url_at = urls[0] if urls else -1
        self.url = clean_url(tokens[self.url_at].text) if urls else None
        kind, result = tokens[at]
        self.marked = kind == "mark"
        self.result = as_written(result)
        if self.marked:
            self.result = marked_as(result)
        self.runs = self._runs()
        self.named = self._named()

    @property
    def shape(self) -> str:
        """The order of name and result, and what divides them."""
        kind = "mark" if self.marked else "word"
        if self.named is None or self.named.start > self.at:
            return kind
        between = self.tokens[self.named.end : self.at]
        divider = between[0].text.strip() if between else ""
        divider = "#" if divider.startswith("#") else divider[:2]
        return f"name {divider} {kind}"

    def seconds(self) -> float | None:
        written = " ".join(token.text for token in self.tokens if token.kind == "time")
        return duration_s(written) if written else None

    def label(self, *, leads: bool) -> int:
        """Where the job begins behind a label ("Builds: x86: FAILED"); ``leads``: at its result."""
        before = [run for run in self.runs if run.end <= self.at]
        if leads and before:
            return self.at
        labelled = len(before) > 1 and self.tokens[before[-2].end].text == ":"
        return before[-1].start if labelled else 0

    def named_by_kind(self) -> str | None:
        """``build`` of "build | OK | URL": what many call a job, and only a list shows it."""
        run = self.named
        if run is None or self.bulleted or run.end >= self.at or len(run.words) > 1:
            return None
        name = run.words[0]
        return name if nameless(name) and not nameless(name, listed=True) else None

    def tells_of_tests(self) -> bool:
        """Whether "tests OK" or "lint failed" tells of tests rather than of a job called so."""
        run = self.named
        if run is None or run.end != self.at:
            return False
        return self.tokens[self.at].kind == "said" and not like_a_name(run.words[-1])

    def named_generally(self) -> bool:
        """Whether the word before the result is one of those that name anything: "it failed"."""
        run = self.named
        return run is not None and run.end == self.at and run.words[-1].lower() in GENERAL

    def _runs(self) -> list[_Run]:
        """The words, each as far as nothing divides; none of those in round brackets."""
        runs: list[_Run] = []
        words: list[str] = []
        aside = asides(self.tokens)
        for i, token in enumerate([*self.tokens, Token("end", "")]):
            if i != self.at and i not in aside and wordy(token):
                words.append(token.text)
            elif words:
                step = token.kind == "number" and words[0].lower() in STEPS and len(words) == 1
                runs += [] if step else [_Run(i - len(words), i, words)]
                words = []
        return runs

    def _named(self) -> _Run | None:
        """The run that names the job: before the result, else after it.

        What follows a URL behind the result is a remark, unless it ends the line as a name does.
        """
        before = [run for run in self.runs if run.end <= self.at]
        after = [run for run in self.runs if run.start > self.at]
        if len(before) > 1 and self.tokens[before[-2].end].text in ARROWS:
            before = before[-1:]  # "unit -> lint: FAILED"
        if self.url_at > self.at:
            end = len(self.tokens)
            ends = len(after) == 1 and after[0].end == end and len(after[0].words) == 1
            last = end if ends and not before else self.url_at
            after = [run for run in after if run.start < last]
        for runs in (before, after):
            names = [run for raw in runs if (run := self._bare(raw)) is not None]
            if names:
                likely = [run for run in names if like_a_name(run.words[0])]
                return likely[-1] if likely else names[0]
        return None

    def _bare(self, run: _Run) -> _Run | None:
        """The run without its kind of job and what only tells; None if no name is left."""
        if "No" in run.words[1:]:  # "noop No logs generated"
            run = run._replace(words=run.words[: run.words.index("No")])
        if len(run.words) > 1 and run.words[0].lower() in EVERY:
            return None  # "All 14 test jobs passed"
        words = without_telling(run.words)
        of = len(words) > 1 and words[0].lower() in LINKING
        words = words[of:]  # "Build #88 of acme-core"
        kind = words[-2].lower() if len(words) > 1 else ""
        kind = kind if run.words[0][0].isupper() or run.end != self.at else ""
        if kind in KINDS:
            words = words[-1:]
        elif len(words) + of < len(run.words) and not (len(words) == 1 and like_a_name(words[0])):
            return None
        name = " ".join(words)
        if not any(c.isalpha() for c in name) or labels(name):
            return None
        if names_author(name) and kind not in KINDS:
            return None
        numbered = any(token.kind == "number" for token in self.tokens[run.end : self.at])
        if numbered and counted(words):
            return None
        if numbered and words[0].lower() == "build":
            words = words[1:]
        if variant := self._variant(run.end):
            words = [*words, f"({variant})"]
        return _Run(run.start, run.end, words)

    def _variant(self, at: int) -> str | None:
        """``gcc-12`` of ``build-x86 (gcc-12) FAILED``: one of several builds of a job."""
        kinds = [token.kind for token in self.tokens[at : at + 3]]
        near = self.at < at or self.at in (at + 3, at + 4)
        if kinds != ["open", "word", "close"] or not near:
            return None
        word = self.tokens[at + 1].text
        plain = self.tokens[at].text == "(" and not word.isupper() and "%" not in word
        version = "." in word[1:-1] and word[0].isdigit()
        return word if plain and (version or like_a_name(word)) else None

    def linked_name(self, url: str) -> str | None:
        """The name of a job whose line has a URL; empty where it has none, None for prose."""
        run = self.named
        by_url = job_name(url)
        name = " ".join(run.words) if run else ""
        if self.marked and (len(name.split()) > _MOST_WORDS or verdict(name) is not None):
            return by_url or name
        if run is None:
            first = self.at == 0 or self.tokens[0].kind in ("url", "open")
            return by_url or ("" if first and not self.runs else None)
        if self._prose(run, name):
            return None
        if by_url and self.at < run.start and 0 <= self.url_at < run.start:
            return by_url
        glued = run.end == self.at and not self.bulleted
        lone = counted([name]) and not self.bulleted  # "Pipeline URL failed"
        if lone or nameless(name, listed=self.bulleted) or (glued and name.lower() in GENERAL):
            return by_url or None
        whole = glued and run.words[-1].lower() in WHOLE  # "Unit tests FAILED, JOB_URL"
        return by_url if whole and by_url else name

    def _prose(self, run: _Run, name: str) -> bool:
        """Whether the words of a line with a URL are a sentence's rather than a job's name."""
        many = len(run.words) > 2
        if name.lower() in LINKING:
            return True
        if self.bulleted:
            return len(run.words) > _MOST_LISTED
        tail = next((len(other.words) for other in self.runs if other.start == self.at + 1), 0)
        if len(run.words) > _MOST_WORDS or (tail > 2 and self.url_at > self.at):
            return True
        if run.end > self.at:
            return many
        between = self.tokens[run.end : self.at]
        if not between:
            return many or (len(run.words) > 1 and run.words[0].lower() in GENERAL)
        said = self.tokens[self.at].kind == "said" and not any(map(like_a_name, run.words))
        return (many and said) or any(token.text == ", " for token in between)

    def closed_name(self, *, linked: bool) -> tuple[str | None, bool]:
        """The name of a job whose line has no URL, and whether it is surely one; None for prose.

        ``linked`` says that its URL follows on the next line.
        """
        run = self.named
        if run is None or len(run.words) > (_MOST_LISTED if self.bulleted else _MOST_WORDS):
            return None, False
        name = " ".join(run.words)
        others = [other for other in self.runs if other.start != run.start]
        others = [other for other in others if not _says_nothing(" ".join(other.words))]
        if any(other.end <= self.at for other in others):
            return None, False
        if names_test(name) or nameless(name, listed=True) or verdict(name) is not None:
            return None, False
        sure = self._sure(run, sum(len(other.words) for other in others), linked=linked)
        if sure is None:
            return None, False
        return name, sure and not nameless(name, listed=self.bulleted)

    def _explained(self) -> bool:
        """Whether a colon follows the result that ends what is said of the job."""
        return [token.text for token in self.tokens[self.at + 1 : self.at + 2]] in ([":"], [": "])

    def _timed(self) -> bool:
        """Whether only a time in brackets follows the result."""
        return [token.kind for token in self.tokens[self.at + 1 :]] == ["open", "time", "close"]

    def _sure_behind(self, run: _Run, *, lone: bool) -> bool | None:
        """The same of a name behind its result: "PASS: unit", "[FAILED] dsvm-tempest"."""
        kind, result = self.tokens[self.at]
        counts = result_class(result)
        opened = self.at > 0 and self.tokens[self.at - 1].kind == "open"
        if kind == "shout" and lone and counts is not Result.INFRA:
            return opened or "-" in run.words[0]
        divided = self.tokens[self.at + 1].kind == "divider"
        short = lone or (opened and len(run.words) <= _MOST_WORDS)  # "[FAIL] make check"
        return False if (opened or divided) and short and counts in _PLAIN else None

    def _sure(  # noqa: PLR0911 - one return a form
        self, run: _Run, after: int, *, linked: bool
    ) -> bool | None:
        """Whether such a line is surely a job's; None for prose. ``after`` words follow."""
        kind, result = self.tokens[self.at]
        divider = self.tokens[run.end].text if run.end < self.at else ""
        lone = len(run.words) == 1 or (len(run.words) == 2 and run.words[1][0] == "(")
        if kind == "shout" and lone and divider:
            return True if after <= 6 else None
        named = len(run.words) < run.end - run.start or (self.bulleted and divider)
        if named and result_class(result) in _PLAIN and self._explained():
            return True  # "api-compat check failed: 2 changes"
        if after or (self.marked and len(run.words) > 3):
            return None
        if self._timed() and run.start == 0 and len(run.words) <= 2 and like_a_name(run.words[-1]):
            return True  # "sanity@zfs Timeout(332s)"
        if self.marked:
            return False
        counts = result_class(result)
        if run.start > self.at:
            return self._sure_behind(run, lone=lone)
        if kind == "shout":
            return self.bulleted and bool(divider)
        if counts not in _PLAIN or kind == "listed":
            return False
        if len(run.words) < run.end - run.start:
            return True  # "Job unit passed"
        evident = self.bulleted or linked or self.seconds() is not None
        return bool(divider) and (evident or divider.startswith(_SURE_DIVIDERS))
