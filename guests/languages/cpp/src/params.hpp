// The parameters of the tool: which there are, and what is said of those that are wrong. It knows nothing of words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

struct Params {
  std::string text;
  std::size_t limit;
};

// What is wrong, and where: a JSON Pointer.
struct Wrong {
  std::string path;
  std::string message;
};

inline constexpr std::string_view schema =
    R"({"type": "object", "required": ["text"], "additionalProperties": false, "properties": {)"
    R"("text": {"type": "string", "description": "The text"}, )"
    R"("limit": {"type": "integer", "minimum": 1, "maximum": 100, )"
    R"("description": "How many at most; as configured, where it is left out"}}})";

// The text and how many keywords it may have: `limit`, where that is left out.
std::variant<Params, Wrong> read_params(std::string_view json, std::size_t limit);

// The whole number from 1 to 100 that a configuration says as JSON, if it says one.
std::optional<std::size_t> limit_of(std::string_view json);
