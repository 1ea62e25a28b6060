"""Whether words read as a person's rather than a program's."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.text import word_set

_SELF = word_set("i i'm i've i'd i'll im me my mine it's that's there's here's let's")
# Words with which people weigh and excuse; programs state.
_HEDGES = word_set(
    "locally already sometimes somehow anyway apparently probably actually unfortunately "
    "though lgtm nice great cool unrelated flaky intermittent intermittently them they until"
)
_CERTAIN = _SELF | _HEDGES
_PERSON = _CERTAIN | word_set(
    "we we're we've our you're your's lol hmm hm thanks thx sorry hey hi hello fyi imho afaict "
    "iirc btw nit lgtm maybe seems looks"
)

_REVIEWING = word_set(
    "review reviewer reviewed suggestion suggestions severity nits refactors "
    "reminder approve consider strengths weaknesses"
)

_NO_PUNCTUATION = str.maketrans("", "", ",.!?:;()[]*#")
_POINTING = ("see ", "fyi ", "look ", "still ", "but ", "and ", "also ", "because ")


def by_hand(comment: Comment) -> bool:
    """Quotes of others, and first-person words, hedges, questions and greetings in the first lines.

    With a URL fewer words count: programs, too, write "we could not …" there.
    """
    if comment.by_hand is None:
        comment.by_hand = _by_hand(comment)
    return comment.by_hand


def _by_hand(comment: Comment) -> bool:
    if comment.quotes:
        return True
    lines = [line[:400] for line in comment.lines[:12]]
    if any(line[-1] == "?" or "? " in line[:400] for line in comment.lines[:12]):
        return True
    if _PERSON.isdisjoint(_spoken(" ".join(lines))):
        return False
    return any(
        not (_CERTAIN if "://" in line else _PERSON).isdisjoint(_spoken(line)) for line in lines
    )


def _spoken(text: str) -> list[str]:
    return text.lower().replace("’", "'").translate(_NO_PUNCTUATION).split()


def reviews(comment: Comment) -> bool:
    """Whether the first lines speak as reviewers do, programs among them: of findings and nits."""
    return not _REVIEWING.isdisjoint(_spoken(" ".join(comment.lines[:4])[:600]))


def points(comment: Comment) -> bool:
    """Whether a person's first words point at what follows ("See http://…: FAILED")."""
    return comment.first.lower().startswith(_POINTING)


def goes_on(comment: Comment, headline: str) -> bool:
    """Whether a person's sentence goes on after the headline's words ("Build failed locally")."""
    if comment.by_bot:
        return False
    word, _, rest = comment.first.lower().partition(headline)[2].partition(" ")
    if not word.isalpha() or not rest[:1].isalpha():
        return False
    return "://" not in rest or not _CERTAIN.isdisjoint(rest.split())
