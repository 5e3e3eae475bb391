#include <cstdio>

#include "params.hpp"
#include "words.hpp"

static int failed = 0;

static void check(bool holds, std::string_view what) {
  if (holds) return;
  std::printf("not so: %.*s\n", static_cast<int>(what.size()), what.data());
  failed = 1;
}

static void takes(std::string_view json, std::string_view text) {
  const auto params = read_params(json);
  check(std::holds_alternative<Params>(params) && std::get<Params>(params).text == text, json);
}

static void refuses(std::string_view json, std::string_view path) {
  const auto params = read_params(json);
  check(std::holds_alternative<Wrong>(params) && std::get<Wrong>(params).path == path, json);
}

int main() {
  check(count_words(" two  words\n") == 2, "two words");
  takes(R"({"text": "a b"})", "a b");
  takes(R"( { "text" : "\u00e4\ud83d\ude00\n\/\"" } )", "ä😀\n/\"");
  takes(R"({"text": "a", "text": "b"})", "b");
  refuses(R"({"text": 1.5e3})", "/text");
  for (const auto json : {"", "{", "[]", "{}", R"({"text": "a", "more": 1})", R"({"text": "\ud800"})", R"({"text": "a",})"}) {
    refuses(json, "");
  }
  if (failed == 0) std::puts("all tests passed");
  return failed;
}
