"""What has been counted over all signals: how it is written. Knows nothing of where it is kept."""

import re
from dataclasses import dataclass

# The largest count: what every language of these plugins has a whole number for.
MOST = 2**53 - 1

WRITTEN = re.compile(rb"([0-9]+) ([0-9]+)")


@dataclass
class Totals:
    """Signals that were answered, and the words in them."""

    signals: int = 0
    words: int = 0

    def add(self, signals: int, words: int) -> None:
        """Counts more."""
        self.signals = min(self.signals + signals, MOST)
        self.words = min(self.words + words, MOST)

    def write(self) -> bytes:
        """As `parse` reads it."""
        return f"{self.signals} {self.words}".encode()


def parse(written: bytes) -> Totals:
    """As they were written; none where nothing was. A ValueError for anything else."""
    if not written:
        return Totals()
    numbers = WRITTEN.fullmatch(written)
    # Numbers of thousands of digits are none that anybody wrote.
    counts = [int(number) for number in numbers.groups()] if numbers and len(written) < 64 else []
    if not counts or max(counts) > MOST:
        raise ValueError("these are no totals: they are two whole numbers with a space between")
    return Totals(*counts)
