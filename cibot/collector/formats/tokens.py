"""The tokens of a line, and at which of them the result of its one job stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from cibot.collector.formats.naming import GENERAL, KINDS, RUNS, WHOLE, like_a_name, without_telling
from cibot.collector.formats.shapes import NEUTRAL
from cibot.collector.formats.text import BAD, GOOD, is_place, word_set
from cibot.collector.formats.verdict import SUBJECTS
from cibot.collector.results import RESULT_WORDS, WRITTEN, known_result, listed_result, result_class

_MOST_TOKENS = 60
_UNIT = r"(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)"
_SHORT = "|".join(word.lower() for word in RESULT_WORDS if len(word) < 8)
_VALUE = rf"(?:[A-Z_]+|{_SHORT})(?:$|[\s,;()|])"
_TOKEN = re.compile(
    r"(?P<url>[A-Za-z]{2,12}://[^\s<>)\]|\"'`]+)"
    rf"|(?P<mark>[{GOOD}{BAD}{NEUTRAL}])"
    r"|(?P<open>[(\[<{])|(?P<close>[)\]>}])"
    r"|(?P<path>::(?=\s|$))"
    r"|(?P<divider>(?<=\s)\.\.(?=\s)|\.{3,}\**|[-=]{1,2}>|-{2,}|"
    r"[→⇒➔–—…|;·•]|,\ ?|:(?=\s|$)|(?<=\s)[-=](?=\s)"
    rf"|\s{{2,}}|\t|=(?={_VALUE}))"
    rf"|(?P<time>(?:\d+(?:\.\d+)?\ ?{_UNIT})+(?![\w/-]|\.\d)|\d+:\d\d(?::\d\d)?(?!\w))"
    r"|(?P<number>\#\d+|\d+/\d+(?![\w/]))"
    r"|(?P<quoted>(?<!\w)(?:'[\w./ -]{2,60}'|\"[\w./ -]{2,60}\")(?!\w))"
    rf"|(?P<word>(?:(?!\.{{3}})[^\s()\[\]<>{{}}|;·•,:=→⇒➔–—…\"`{GOOD}{BAD}{NEUTRAL}]|[:=](?=[^\s:=])(?!{_VALUE}))+)"
)
_SECOND = {word.partition("_")[2] for word in WRITTEN if word.count("_") == 1}
"""Second words of results of two, such as "timed out"."""
_TELL = {
    letters
    for word in WRITTEN - {"no_change"}
    for letters in (word.rpartition("_")[2], word.replace("_", ""))
    if len(letters) > 1
}
_LETTER = re.compile(r"(?<![^\s\[(])(?:[PF]|N/?A)(?![^\s\]),;])")  # results of a letter or two
_MARKS = re.compile(rf"[{GOOD}{BAD}{NEUTRAL}]")
_LETTERS = re.compile(r"[a-z]+")
_BEFORE_TIME = word_set("in after took elapsed duration time within for")
ARROWS = ("->", "=>", "-->", "==>", "→", "⇒", "➔")
_PLAIN = ("word", "listed")
RESULTS = ("shout", "said", "mark", "listed")
_JOINS = word_set("and &")
_TRIM = "*`'\".!?#\ufe0f"


class Token(NamedTuple):
    """A piece of a line and its kind: url, mark, time, number, open, close, divider, path, word.

    A word that is a result is a ``shout`` in capitals, and ``said`` in other letters; one that
    is a result in lists alone is ``listed``.
    """

    kind: str
    text: str


def may_tell(text: str) -> bool:
    """Whether any word or mark of the text could be a result; quick, as most lines have none."""
    if not _TELL.isdisjoint(_LETTERS.findall(text.lower())):
        return "</" not in text
    if (text[-1:] in "PFA" or text[:1] in "PFN[(") and _LETTER.search(text) is not None:
        return True
    return not text.isascii() and _MARKS.search(text) is not None


def tokens_of(text: str) -> list[Token]:
    """The line in tokens, as many as a job line could have; what follows is left out."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, written = match.lastgroup or "word", match[0]
        if kind in ("word", "quoted"):
            parts = _word(written)
            if parts and parts[0].text.lower() in _SECOND and tokens and wordy(tokens[-1]):
                pair = f"{tokens[-1].text} {parts[0].text}"
                if listed_result(pair) is not None:
                    tokens.pop()
                    parts[0] = _word(pair)[0]
            tokens += parts
        elif kind == "url":
            tokens += _url(written)
        else:
            if kind == "time" and tokens and tokens[-1].text.lower() in _BEFORE_TIME:
                tokens.pop()
            tokens.append(Token(kind, written))
        if len(tokens) >= _MOST_TOKENS:
            break
    return [
        Token("divider", "/") if token.text == "/" and _bounds(tokens, at) else token
        for at, token in enumerate(tokens)
    ]


def _bounds(tokens: Sequence[Token], at: int) -> bool:
    """Whether a result or a URL is next to the token: "unit / passed / URL", not "ci / unit"."""
    beside = (*tokens[at - 1 : at], *tokens[at + 1 : at + 2])
    return any(token.kind == "url" or token.kind in RESULTS for token in beside)


def condensed(tokens: list[Token]) -> list[Token]:
    """``rhel9 - build failed`` without "build": what failed of the job is the job."""
    for at in range(3, len(tokens)):
        before = tokens[at - 1].text.lower()
        if tokens[at].kind == "said" and before in SUBJECTS and tokens[at - 2].kind == "divider":
            ends = not any(map(wordy, tokens[at + 1 : at + 2])) and wordy(tokens[at - 3])
            return [*tokens[: at - 1], *tokens[at:]] if ends else tokens
    return tokens


def _word(written: str) -> list[Token]:
    """A word, perhaps a result; a full stop after it divides."""
    word = written.strip(_TRIM)
    if not word or not (word.isascii() or any(c.isalnum() for c in word)):
        return []  # a picture
    kind = "word"
    if word.count("/") > 2 and is_place(word):  # "logs.example.org/76/1/check/unit"
        return [Token("url", word)]
    if word in RESULT_WORDS:
        kind = "shout"
    elif listed_result(word) is not None:
        kind = "said" if known_result(word) is not None else "listed"
    stop = [Token("divider", ".")] if written[-1] in ".!" else []
    return [Token(kind, word), *stop]


def _url(written: str) -> list[Token]:
    """A URL, perhaps with a result glued to it (``URL:SUCCESS``)."""
    url = written.rstrip(".,:;")
    before, colon, word = url.rpartition(":")
    if colon and word in RESULT_WORDS:
        return [Token("url", before), Token("divider", ":"), Token("shout", word)]
    return [Token("url", url)]


def result_at(tokens: Sequence[Token]) -> int | None:
    """Where the line's one result stands; None where there is none, or results of several jobs."""
    if len(tokens) == 2 and tokens[0].kind == "mark":
        return 0  # "✔ manual"
    aside = asides(tokens)
    places = _results(tokens, [at for at in range(len(tokens)) if at not in aside])
    places = places or _bracketed(tokens, aside) or _results(tokens, sorted(aside))
    if not places:
        marks = [at for at, token in enumerate(tokens) if token.kind == "mark"]
        return marks[0] if len(marks) == 1 else None
    while len(places) > 1 and _leads(tokens[places[0] + 1 : places[1]]):
        places = places[1:]  # "incomplete -> failed"
    if len({result_class(tokens[at].text) for at in places}) > 1:
        return None
    if any(token.kind in _PLAIN for token in tokens[places[0] + 1 : places[-1]]):
        return None
    paths = [at for at, token in enumerate(tokens) if token.kind == "path"]
    return places[0] if all(abs(at - places[0]) == 1 for at in paths) else None


def _bracketed(tokens: Sequence[Token], aside: Collection[int]) -> list[int]:
    """The results of several jobs that each stand alone in brackets: "unit (pass), lint (FAIL)"."""
    places = [at for at in sorted(aside) if tokens[at].kind in RESULTS]
    alone = [at for at in places if [t.text for t in tokens[at - 1 : at + 2 : 2]] == ["(", ")"]]
    return alone if len(alone) > 1 else []


def _leads(between: Sequence[Token]) -> bool:
    return any(t.text in ARROWS for t in between) and not any(t.kind in _PLAIN for t in between)


def segments(tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each job of a line that tells of several; nothing where it tells of one.

    What divides jobs is a comma or the like, or else each name (each result, where the
    line begins with one) begins the next.
    """
    results = _of_results(tokens)
    texts = [token.text.strip() for token in tokens]
    head = texts.index(":") if ":" in texts else 0
    leads = results[:1] == [head + 1] and tokens[head + 1].kind == "mark" != tokens[-1].kind
    if head and leads and ":" not in texts[head + 1 :]:
        head, tokens = 0, tokens[head + 1 :]  # "Acme CI: ✔ linux ✘ macos"
        results = _of_results(tokens)
    if head > 1 and results[:1] and results[0] < head and all(map(wordy, tokens[:head])):
        return segments(tokens[head + 1 :])  # "Build succeeded with failures: a SUCCESS, …"
    if len(results) < 2:
        return []
    if (stop := next((at for at in results if _stops(tokens, at + 1)), None)) is not None:
        if any(map(wordy, tokens[stop + 1 :])):
            return []  # sentences
        tokens = tokens[: stop + 1]  # what follows, a URL, is of the whole
    parts = _cut(tokens, [at + 1 for at in _flush(tokens) if tokens[at].text.strip() in ",;|/·•"])
    counts = [len(_of_results(part)) for part in parts]
    if counts[0] in (0, 1) and counts[1:] and set(counts[1:]) == {1}:
        return parts[1 - counts[0] :]  # without a title
    if not any(token.kind in _PLAIN for token in tokens[: results[0]]):
        return _cut(tokens, results)
    starts: list[int] = []
    done = False
    flush = set(_flush(tokens))
    for at, token in enumerate(tokens):
        if done and token.kind in _PLAIN and at in flush:
            starts.append(at)
        done = at in results or (done and (token.kind not in _PLAIN or at not in flush))
    return _cut(tokens, starts)


def _of_results(tokens: Sequence[Token]) -> list[int]:
    """The places of results; of words that are one in lists alone, where no other is there."""
    kinds = [token.kind for token in tokens]
    places = [at for at, kind in enumerate(kinds) if kind in RESULTS and kind != "listed"]
    return places or [at for at, kind in enumerate(kinds) if kind == "listed"][:1]


def _stops(tokens: Sequence[Token], at: int) -> bool:
    return [token.text for token in tokens[at : at + 1]] == ["."] and at + 1 < len(tokens)


def _flush(tokens: Sequence[Token]) -> list[int]:
    """The places of what stands in no brackets but square ones."""
    aside = asides(tokens)
    return [at for at in range(len(tokens)) if at not in aside]


def _cut(tokens: Sequence[Token], starts: Sequence[int]) -> list[list[Token]]:
    """The tokens before, between and after ``starts``, without dividers and "and" around them."""
    parts = [list(tokens[a:b]) for a, b in pairwise([0, *starts, len(tokens)])]
    for part in parts:
        while part and (part[-1].kind == "divider" or part[-1].text.lower() in _JOINS):
            part.pop()
        while part and (part[0].kind == "divider" or part[0].text.lower() in _JOINS):
            part.pop(0)
    return [part for part in parts if part]


def _results(tokens: Sequence[Token], among: Sequence[int]) -> list[int]:
    places = [at for at in among if tokens[at].kind == "shout"]
    said = [] if places else [at for at in among if tokens[at].kind == "said"]
    places = places or [at for at in said if _alone(tokens, at)]
    places = places or [at for at in said if _ends(tokens, at)]
    listed = [] if places else [at for at in among if tokens[at].kind == "listed"]
    places = places or [at for at in listed if _alone(tokens, at)]
    return places or [at for at in listed if _ends(tokens, at)]


def asides(tokens: Sequence[Token]) -> set[int]:
    """The places of what stands in round brackets."""
    aside: set[int] = set()
    depth = 0
    for at, token in enumerate(tokens):
        depth = max(0, depth - (token.text == ")"))
        if depth:
            aside.add(at)
        depth += token.text == "("
    return aside


def wordy(token: Token) -> bool:
    return token.kind in ("word", "said", "shout", "listed")


def _alone(tokens: Sequence[Token], at: int) -> bool:
    """Whether nothing but dividers, times and URLs is next to the token, and it counts nothing."""
    before, after = tokens[max(0, at - 1) : at], tokens[at + 1 : at + 3]
    if before and before[0].text == "=":
        return True
    if before and before[0].kind == "number" and "/" in before[0].text:
        return False  # "100/102 passed"
    if not before and (len(after) < 2 or after[0].text.strip() not in (":", "", *ARROWS)):
        return False
    if len(after) == 2 and after[0].text in (":", "=") and after[1].text.isdigit():
        return False
    return not any(map(wordy, [*before, *after[:1]]))


def _ends(tokens: Sequence[Token], at: int) -> bool:
    """``Job unit failed``, ``build-gcc succeeded``: a word at the end of what is said of a job."""
    first = at
    while first and tokens[first - 1].kind in _PLAIN:
        first -= 1
    words = [token.text for token in tokens[first:at]]
    if not words or any(map(wordy, tokens[at + 1 : at + 2])):
        return False
    bare = without_telling(words)
    if len(bare) == 1 < len(words) and words[-1].lower() not in GENERAL:
        return like_a_name(bare[0])  # "The smoke-test job has failed"
    if words[0][0].isupper() and words[0].lower() in KINDS:
        return len(bare) > 1 and bare[-2].lower() in KINDS
    if [token.kind for token in tokens] == [*["word"] * at, "said", "divider", "url"]:
        lower = {word.lower() for word in words}
        return len(words) <= 4 and not lower & (SUBJECTS | GENERAL)
    if len(words) > 1:
        return False
    lone = len(tokens) == 2 and words[0].lower() not in GENERAL | WHOLE | RUNS
    counted = first == 1 and tokens[0].kind == "number" and "/" in tokens[0].text
    return lone or like_a_name(words[0]) or (counted and words[0].lower() not in SUBJECTS | GENERAL)
