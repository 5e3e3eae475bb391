"""The words of a text and which of them are its keywords. Knows letters as bytes, and nothing of HAL9."""

import re
from collections import Counter
from dataclasses import dataclass

# Words that every text has: they are words, and no keywords.
STOP_WORDS = frozenset(
    b"a an and are as at be but by for from has have he i in is it not of on or she that the they this to was we with"
    b" you".split()
)

# ASCII letters, and whatever is beyond ASCII: in UTF-8, every byte of it is.
WORD = re.compile(rb"[A-Za-z\x80-\xff]+")


@dataclass
class Found:
    """How many words a text has, stop words among them, and its keywords with how often each occurs."""

    words: int
    keywords: list[tuple[str, int]]

    def joined(self) -> str:
        """The keywords alone, joined by commas, which are in no word."""
        return ",".join(word for word, _ in self.keywords)


def find(text: str, limit: int) -> Found:
    """The most frequent words, `limit` at most; of those that occur as often, the first comes first."""
    # Of bytes, `lower` changes ASCII alone.
    words = [word.lower() for word in WORD.findall(text.encode())]
    counts = Counter(word for word in words if word not in STOP_WORDS)
    # Sorting is stable. (`most_common` imports a module when it is called, which is too late: see the guide.)
    ranked = sorted(counts.items(), key=lambda counted: -counted[1])[:limit]
    return Found(len(words), [(word.decode(), count) for word, count in ranked])
