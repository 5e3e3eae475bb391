// What the tool takes, and what is wrong with what it is given. It knows nothing of HAL9, so that tests run it natively.
#pragma once

#include <string>
#include <string_view>
#include <variant>

// A JSON Schema of the parameters.
inline constexpr std::string_view schema = R"({"type": "object", "required": ["text"], "additionalProperties": false,
 "properties": {"text": {"type": "string", "description": "Any text"}}})";

struct Params {
  std::string text;
};

// What is wrong: where, as a JSON Pointer, and why.
struct Wrong {
  std::string_view path, message;
};

std::variant<Params, Wrong> read_params(std::string_view json);
