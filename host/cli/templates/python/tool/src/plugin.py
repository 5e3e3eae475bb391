"""Example Plugin: a tool that counts the words of a text."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.tool import ToolDescription, Violation
from wit_world.imports import logging
from wit_world.imports.types import Failure, FailureCode

from words import count_words

NAME = "count_words"

PARAMETERS = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "The text"}},
    "required": ["text"],
    "additionalProperties": False,
}


class Tool(exports.Tool):
    """What HAL9 calls. There is one of it for as long as the instance lives."""

    def describe(self) -> list[ToolDescription]:
        return [ToolDescription(NAME, "Counts the words of a text.", json.dumps(PARAMETERS))]

    def validate(self, name: str, params: str) -> None:
        try:
            if name != NAME:
                raise ValueError(f"there is no tool `{name}`; there is {NAME}")
            read(params)
        except ValueError as error:
            raise Err([Violation("", str(error))]) from None

    def execute(self, name: str, params: str) -> str:
        if name != NAME:
            message = f"there is no tool `{name}`; there is {NAME}"
            raise Err(Failure(FailureCode.NOT_FOUND, message))
        try:
            words = count_words(read(params))
        except ValueError as error:
            raise Err(Failure(FailureCode.INVALID_INPUT, str(error))) from None
        logging.log(logging.Level.INFO, f"{words} words")
        return json.dumps({"words": words})


def read(params: str) -> str:
    """The text in the parameters; a ValueError says what is wrong with them."""
    try:
        values = json.loads(params)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the parameters are not JSON: {error}") from None
    if not isinstance(values, dict):
        raise ValueError("the parameters are not a JSON object")
    for name in values:
        if name != "text":
            raise ValueError(f"there is no parameter {name!r}; there is text")
    text = values.get("text")
    if not isinstance(text, str):
        raise ValueError("`text` is missing, or no text")
    return text
