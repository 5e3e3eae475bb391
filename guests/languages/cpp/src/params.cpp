#include "params.hpp"

#include <cstdlib>
#include <map>

#include "json.h"

namespace {

struct Value {
  json_kind kind;
  std::string text;
  double number;
};

// By name, so that of several that are wrong the same one is always told. Of two of the same name, the last one counts.
using Members = std::map<std::string, Value>;

std::string_view view(const std::uint8_t *bytes, std::size_t length) {
  return {reinterpret_cast<const char *>(bytes), length};
}

// 3.0 is what some languages write for 3.
std::optional<std::size_t> whole(double number) {
  if (!(number >= 1 && number <= 100) || number != static_cast<double>(static_cast<int>(number))) return std::nullopt;
  return static_cast<std::size_t>(number);
}

}  // namespace

std::variant<Params, Wrong> read_params(std::string_view json, std::size_t limit) {
  Members members;
  const auto each = [](void *context, const json_member *member) {
    const std::string name(view(member->name, member->name_length));
    const Value value = {member->kind, std::string(view(member->text, member->length)), member->number};
    static_cast<Members *>(context)->insert_or_assign(name, value);
  };
  if (!json_object(reinterpret_cast<const std::uint8_t *>(json.data()), json.size(), each, &members)) {
    return Wrong{"", "the parameters are not a JSON object"};
  }
  for (const auto &[name, value] : members) {
    if (name != "text" && name != "limit") {
      return Wrong{"", "there is no parameter `" + name + "`; there are text and limit"};
    }
  }
  const auto text = members.find("text"), most = members.find("limit");
  if (text == members.end()) return Wrong{"", "`text` is missing: the text whose keywords to find"};
  if (text->second.kind != JSON_STRING) return Wrong{"/text", "`text` must be a text"};
  if (most != members.end()) {
    const auto number = most->second.kind == JSON_NUMBER ? whole(most->second.number) : std::nullopt;
    if (!number) return Wrong{"/limit", "`limit` must be a whole number from 1 to 100"};
    limit = *number;
  }
  return Params{text->second.text, limit};
}

std::optional<std::size_t> limit_of(std::string_view json) {
  return whole(std::strtod(std::string(json).c_str(), nullptr));
}
