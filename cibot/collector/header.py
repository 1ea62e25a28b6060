"""The head that Gerrit puts before a comment: patch set, votes, and blocks of its own.

Gerrit writes ``Patch Set 3: Verified+1 -Code-Review``, a blank line, then in an order that
changed between versions a paragraph on copied or outdated votes, ``(2 comments)``, and the
comment. Servers before 2.6 wrote votes in words (``Works for me; Looks good to me,
approved``), and ``No score``. Source: ReviewMessage, PostReviewOp, ApprovalCopier and
MailComments of Gerrit, and its history.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cibot.model import Vote

_IN_WORDS: dict[str, tuple[Vote, ...]] = {
    "No score": (),
    "Verified": (Vote("Verified", 1),),
    "Fails": (Vote("Verified", -1),),
    "Works for me": (Vote("Verified", 1),),
    "Doesn't seem to work": (Vote("Verified", -1),),
    "Doesn't work": (Vote("Verified", -1),),
    "Looks good to me, approved": (Vote("Code-Review", 2),),
    "Looks good to me (core reviewer)": (Vote("Code-Review", 2),),
    "Looks good to me, but someone else must approve": (Vote("Code-Review", 1),),
    "I would prefer that you didn't submit this": (Vote("Code-Review", -1),),
    "I would prefer that you didn't merge this": (Vote("Code-Review", -1),),
    "I would prefer this is not merged as is": (Vote("Code-Review", -1),),
    "This shall not be merged": (Vote("Code-Review", -2),),
    "This shall not be submitted": (Vote("Code-Review", -2),),
    "Do not submit": (Vote("Code-Review", -2),),
    "Do not merge": (Vote("Code-Review", -2),),
    "Approved": (Vote("Approved", 1),),
}
_DIGITS = frozenset("0123456789")
_UNDERSTOOD = 400  # no list of votes is longer
_COUNT = re.compile(
    r"\(\d{1,6} (?:[a-z]+ ){0,2}comments?\)"  # "(1 comment)", "(2 inline comments)"
)
# A heading of Gerrit's, with a bullet for each vote that it tells of.
_BLOCK = re.compile(
    r"(?:Copied votes on follow-up patch sets have been updated|Copied Votes|Outdated Votes|"
    r"The following approvals got outdated and were removed|Removed Votes):[ \t]*"
    r"(?:\n[ \t]*(?:\n[ \t]*)?\*[^\n]*)+",
    re.IGNORECASE,
)
_MOST_BLOCKS = 10
_BLOCK_STARTS = ("(", "C", "c", "O", "T", "R")


def split_header(text: str) -> tuple[int | None, tuple[Vote, ...], str]:
    """The patch set, the votes and the comment itself of a change message.

    ``None`` and ``()`` where the text has no such head. A withdrawn vote has
    the value None; of two votes on one label the last stands. The comment comes
    without carriage returns, without the blank space around it, and without Gerrit's
    own notes on inline comments and copied votes, in whatever order they stand.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.lstrip()
    if text.startswith("Patch Set "):
        patch_set, votes, body = _split(text, 10)
    elif text.startswith(("Patchset ", "PatchSet ")):
        patch_set, votes, body = _split(text, 9)
    elif text.startswith("Uploaded patch set "):
        end = _digits_end(text, 19)
        return (int(text[19:end]) if 19 < end <= 28 else None), (), text.rstrip()
    else:
        return None, (), text.rstrip()
    for _ in range(_MOST_BLOCKS):
        if not body.startswith(_BLOCK_STARTS):
            break
        block = _COUNT.match(body) or _BLOCK.match(body)
        if block is None:
            break
        body = body[block.end() :].lstrip()
        if not votes:  # some versions write them after their blocks, on a line of their own
            votes, body = _votes_below(body)
    at = max(body.rfind("\n\nCopied "), body.rfind("\n\nOutdated ")) if "otes" in body else -1
    if at > 0 and (block := _BLOCK.match(body, at + 2)) and not body[block.end() :].strip():
        body = body[:at].rstrip()
    return patch_set, votes, body


def _split(text: str, start: int) -> tuple[int | None, tuple[Vote, ...], str]:
    end = _digits_end(text, start)
    if not start < end <= start + 9 or text[end : end + 1] != ":":
        return None, (), text.rstrip()
    patch_set = int(text[start:end])
    newline = text.find("\n", end)
    if newline < 0:
        newline = len(text)
    first = text[end + 1 : newline].strip()
    rest = text[newline:].strip()
    if not first:
        return patch_set, *_votes_below(rest)
    head = first
    if first.endswith(")") and "(" in first:  # "Fails (1 inline comment)"
        head = _COUNT.sub("", first).strip()
    votes = parse_votes(head) if len(head) <= _UNDERSTOOD else None
    if votes is None:  # not votes: the comment starts on this line
        return patch_set, (), f"{first}\n{rest}" if rest else first
    return patch_set, votes, rest


def _votes_below(body: str) -> tuple[tuple[Vote, ...], str]:
    """Votes that stand alone on the body's first line, each with its number, and the rest."""
    newline = body.find("\n")
    if body[newline - 1 if newline >= 0 else -1 :][:1] not in _DIGITS or newline > _UNDERSTOOD:
        return (), body
    first, _, rest = body.partition("\n")
    votes = parse_votes(first.strip()) if len(first) <= _UNDERSTOOD else None
    if not votes or any(vote.value is None for vote in votes):
        return (), body
    return votes, rest.lstrip()


def _digits_end(text: str, start: int) -> int:
    end = start
    limit = min(len(text), start + 12)
    while end < limit and "0" <= text[end] <= "9":
        end += 1
    return end


@lru_cache(maxsize=1024)
def parse_votes(line: str) -> tuple[Vote, ...] | None:
    """The votes of a head line (``Verified+1 -Code-Review``), or None if it is something else."""
    if line in _IN_WORDS or ";" in line or ", " in line:
        parts = [part.strip() for part in line.split(";")]
        if all(part in _IN_WORDS for part in parts):
            return tuple(vote for part in parts for vote in _IN_WORDS[part])
        return None
    votes: list[Vote] = []
    tokens = line.split()
    for index, token in enumerate(tokens):
        if _is_number(token):  # "Verified -1", written with a blank
            if index and votes and votes[-1].label == tokens[index - 1]:
                votes[-1] = Vote(votes[-1].label, int(token))
                continue
            return None
        after = tokens[index + 1] if index + 1 < len(tokens) else ""
        vote = _vote(token, bare=_is_number(after))
        if vote is None:
            return None
        votes.append(vote)
    return tuple({vote.label: vote for vote in votes}.values())


def _is_number(token: str) -> bool:
    return len(token) in (2, 3) and token[0] in "+-" and token[1:].isdigit() and token.isascii()


def _vote(token: str, *, bare: bool) -> Vote | None:
    label, value = token, None
    for sign in "+-":
        name, separator, digits = token.rpartition(sign)
        if separator and name and digits.isdigit() and digits.isascii() and len(digits) <= 2:
            label, value = name, int(sign + digits)
            break
    if value is None and token.startswith("-"):
        label = token[1:]
    elif value is None and not bare:
        return None
    if not label[:1].isalpha() or not _LABEL.fullmatch(label):
        return None
    return Vote(label, value)


_LABEL = re.compile(r"[\w.-]+")
