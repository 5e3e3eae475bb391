"""The parameters of the tool: which there are, and what is said of those that are wrong."""

import json
from typing import Any, NoReturn

PARAMETERS = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The text"},
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "description": "How many at most; as configured, where it is left out",
        },
    },
    "required": ["text"],
    "additionalProperties": False,
}


class Wrong(Exception):
    """What is wrong with parameters, and where: a JSON Pointer."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def read(params: str, limit: int) -> tuple[str, int]:
    """The text and how many keywords it may have: `limit`, where that is left out."""
    try:
        values = json.loads(params, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Wrong("", f"the parameters are not a JSON object: {error}") from None
    if not isinstance(values, dict):
        raise Wrong("", "the parameters are not a JSON object")
    # The first in the order of names, so that the same call is always told the same.
    unknown = sorted(set(values) - {"text", "limit"})
    if unknown:
        name = unknown[0].encode(errors="replace").decode()
        raise Wrong("", f"there is no parameter `{name}`; there are text and limit")
    if "text" not in values:
        raise Wrong("", "`text` is missing: the text whose keywords to find")
    text = values["text"]
    if not isinstance(text, str):
        raise Wrong("/text", "`text` must be a text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Wrong("", "the parameters are not a JSON object: half of a surrogate pair") from None
    if "limit" in values:
        limit = whole(values["limit"])
    return text, limit


def whole(value: Any) -> int:  # noqa: ANN401
    """A whole number from 1 to 100. 3.0 is what some languages write for 3."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and 1 <= value <= 100 and value == int(value)):
        raise Wrong("/limit", "`limit` must be a whole number from 1 to 100")
    return int(value)


def refuse(constant: str) -> NoReturn:
    """Python takes NaN and Infinity for JSON."""
    raise ValueError(f"{constant} is no JSON")
