"""Keywords in Python, a neuron of layer L2 and a tool: it finds the most frequent words of a text.

The exports are here; `words` finds keywords, `params` reads the tool's parameters, `totals` counts.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.lifecycle import HealthReport, Status
from wit_world.exports.neuron import NeuronState
from wit_world.exports.tool import ToolDescription, Violation
from wit_world.imports import config, logging, memory
from wit_world.imports.types import (
    Column,
    ColumnValues_Numbers,
    ColumnValues_Texts,
    Failure,
    FailureCode,
    Signal,
    SignalBatch,
    TextColumn,
)

from params import PARAMETERS, Wrong, read, whole
from totals import Totals, parse
from words import find

NAME = "keywords"
KEY = "totals"
LIMIT = 5


class Plugin:
    """What the instance knows, whichever of its exports is called."""

    def __init__(self) -> None:
        self.limit: int | None = None
        self.totals: Totals | None = None
        self.processed = 0

    def configured(self) -> int:
        """How many keywords there are at most. The host has held it against the schema."""
        if self.limit is None:
            self.limit = limit_of(config.get("limit"))
        return self.limit

    def known(self) -> Totals:
        """The totals: from HAL9's memory, where nothing is known yet. One that fails is one without."""
        if self.totals is None:
            self.totals = Totals()
            try:
                self.totals = parse(memory.get(KEY) or b"")
            except Err as error:
                warn(f"cannot read the totals: {error.value}")
            except ValueError as error:
                warn(str(error))
        return self.totals

    def add(self, signals: int, words: int) -> None:
        """Counts more. A memory that fails costs nobody an answer."""
        self.processed += signals
        totals = self.known()
        totals.add(signals, words)
        try:
            memory.set(KEY, totals.write())
        except Err as error:
            warn(f"cannot keep the totals: {error.value}")


plugin = Plugin()


class Neuron(exports.Neuron):
    def process_signal(self, signal: Signal) -> Signal:
        found = find(signal.content, plugin.configured())
        plugin.add(1, found.words)
        logging.log(logging.Level.INFO, f"{found.words} words, {len(found.keywords)} keywords")
        facts = {"keywords": found.joined(), "words": str(found.words)}
        others = [(name, value) for name, value in signal.metadata if name not in facts]
        return replace(signal, metadata=[*others, *facts.items()])

    def process_batch(self, batch: SignalBatch) -> SignalBatch:
        limit = plugin.configured()
        found = [find(text, limit) for text in texts(batch.contents)]
        words = sum(row.words for row in found)
        plugin.add(len(found), words)
        logging.log(logging.Level.INFO, f"{words} words in a batch of {len(found)}")
        counts = ColumnValues_Numbers([float(row.words) for row in found])
        columns = [
            Column("keywords", ColumnValues_Texts(column([row.joined() for row in found]))),
            Column("words", counts),
        ]
        others = [other for other in batch.metadata if other.name not in ("keywords", "words")]
        return replace(batch, metadata=[*others, *columns])

    def state(self) -> NeuronState:
        totals = plugin.known()
        details = [("signals", str(totals.signals)), ("words", str(totals.words))]
        return NeuronState(plugin.processed, 0, details)


class Tool(exports.Tool):
    def describe(self) -> list[ToolDescription]:
        about = "Finds the most frequent words of a text, with how often each occurs."
        return [ToolDescription(NAME, about, json.dumps(PARAMETERS))]

    def validate(self, name: str, params: str) -> None:
        try:
            if name != NAME:
                raise Wrong("", unknown(name))
            read(params, plugin.configured())
        except Wrong as wrong:
            raise Err([Violation(wrong.path, str(wrong))]) from None

    def execute(self, name: str, params: str) -> str:
        if name != NAME:
            raise Err(Failure(FailureCode.NOT_FOUND, unknown(name)))
        try:
            text, limit = read(params, plugin.configured())
        except Wrong as wrong:
            raise Err(Failure(FailureCode.INVALID_INPUT, str(wrong))) from None
        found = find(text, limit)
        keywords = [{"word": word, "count": count} for word, count in found.keywords]
        return json.dumps({"words": found.words, "keywords": keywords}, ensure_ascii=False)


class Lifecycle(exports.Lifecycle):
    def init(self) -> None:
        pass

    def health(self) -> HealthReport:
        return HealthReport(Status.HEALTHY, "")

    def reconfigure(self, config: str) -> None:
        values = json.loads(config)
        plugin.limit = limit_of(json.dumps(values["limit"]) if "limit" in values else None)

    def export_state(self) -> bytes:
        return plugin.known().write()

    def import_state(self, state: bytes) -> None:
        try:
            plugin.totals = parse(state)
        except ValueError as error:
            raise Err(Failure(FailureCode.INVALID_INPUT, str(error))) from None

    def shutdown(self) -> None:
        pass


def limit_of(configured: str | None) -> int:
    """The limit that a configuration's JSON says."""
    return LIMIT if configured is None else whole(json.loads(configured))


def unknown(name: str) -> str:
    return f"there is no tool `{name}`; there is {NAME}"


def warn(message: str) -> None:
    logging.log(logging.Level.WARN, message)


def texts(column: TextColumn) -> Iterator[str]:
    """The texts of a column, which lie one after the other; their ends are counted in bytes."""
    text, start = column.text.encode(), 0
    for end in column.ends:
        yield text[start:end].decode()
        start = end


def column(texts: list[str]) -> TextColumn:
    """A column of texts."""
    ends, end = [], 0
    for text in texts:
        end += len(text.encode())
        ends.append(end)
    return TextColumn("".join(texts), ends)
