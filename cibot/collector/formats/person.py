"""Whether words read as a person's rather than a program's."""

from __future__ import annotations

from cibot.collector.formats.comment import Comment
from cibot.collector.formats.words import word_set

_PERSON = word_set(
    "i i'm i've i'd i'll im me my mine we we're we've our you're your's lol hmm hm thanks thx "
    "sorry hey hi hello imho afaict iirc btw nit lgtm maybe seems looks"
)


def by_hand(comment: Comment) -> bool:
    """First-person words, questions and greetings in the first lines without a URL."""
    for line in comment.lines[:12]:
        if "://" in line and not line.rstrip().endswith("?"):
            continue
        words = line[:400].lower().replace("’", "'").split()
        if any(word.strip(",.!?:;()") in _PERSON for word in words):
            return True
        if line.rstrip().endswith("?"):
            return True
    return False
