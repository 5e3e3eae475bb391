#include "params.hpp"

#include <cstdlib>

extern "C" {
#include "json.h"
}

std::variant<Params, Wrong> read_params(std::string_view json) {
  std::uint8_t *text = nullptr;
  std::size_t length = 0;
  switch (json_only_string(reinterpret_cast<const std::uint8_t *>(json.data()), json.size(), "text", &text, &length)) {
    case JSON_FOUND: {
      Params params{std::string(reinterpret_cast<const char *>(text), length)};
      std::free(text);
      return params;
    }
    case JSON_NOT_A_STRING: return Wrong{"/text", "`text` must be a string"};
    case JSON_MISSING: return Wrong{"", "`text` is missing: give {\"text\": \"…\"}"};
    case JSON_UNKNOWN_MEMBER: return Wrong{"", "there is a member that is not `text`, which is the only one"};
    case JSON_NOT_AN_OBJECT: return Wrong{"", "the parameters must be an object: {\"text\": \"…\"}"};
    case JSON_NOT_JSON: break;
  }
  return Wrong{"", "the parameters are not JSON"};
}
