"""Example Plugin: answers a signal with the number of its words, and remembers how many there were in all."""

from collections.abc import Iterator
from dataclasses import replace

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.neuron import NeuronState
from wit_world.imports import logging, memory
from wit_world.imports.types import (
    Column,
    ColumnValues_Numbers,
    Failure,
    FailureCode,
    Signal,
    SignalBatch,
    TextColumn,
)

from words import count_words

TOTAL = "total"

# What this instance has answered. It stands here because each call gets a new object of the class.
processed = 0


class Neuron(exports.Neuron):
    """What HAL9 calls."""

    def process_signal(self, signal: Signal) -> Signal:
        words = count_words(signal.content)
        logging.log(logging.Level.INFO, f"{words} words, {remember(words)} in all")
        count(1)
        others = [(name, value) for name, value in signal.metadata if name != "words"]
        return replace(signal, metadata=[*others, ("words", str(words))])

    def process_batch(self, batch: SignalBatch) -> SignalBatch:
        counts = [count_words(text) for text in texts(batch.contents)]
        logging.log(logging.Level.INFO, f"{sum(counts)} words, {remember(sum(counts))} in all")
        count(len(counts))
        words = Column("words", ColumnValues_Numbers([float(count) for count in counts]))
        others = [column for column in batch.metadata if column.name != "words"]
        return replace(batch, metadata=[*others, words])

    def state(self) -> NeuronState:
        return NeuronState(processed, 0, [(TOTAL, str(remember(0)))])


def count(signals: int) -> None:
    global processed
    processed += signals


def remember(words: int) -> int:
    """Adds to the total in HAL9's memory, and gives what it is then."""
    try:
        total = int(memory.get(TOTAL) or b"0") + words
        if words > 0:
            memory.set(TOTAL, str(total).encode())
    except Err as error:
        message = f"HAL9's memory: {error.value}"
        raise Err(Failure(FailureCode.UNAVAILABLE, message)) from None
    return total


def texts(column: TextColumn) -> Iterator[str]:
    """The texts of a column, which lie one after the other; their ends are counted in bytes."""
    text, start = column.text.encode(), 0
    for end in column.ends:
        yield text[start:end].decode()
        start = end
