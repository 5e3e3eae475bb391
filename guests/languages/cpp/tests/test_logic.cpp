#include <cstdio>
#include <string>

#include "params.hpp"
#include "totals.hpp"
#include "words.hpp"

static bool failed = false;

static void check(bool holds, std::string_view what) {
  if (holds) return;
  std::printf("not so: %.*s\n", static_cast<int>(what.size()), what.data());
  failed = true;
}

static void expect(std::string_view text, std::size_t limit, std::uint64_t words, std::string_view joined) {
  const auto found = find(text, limit);
  check(found.words == words && found.joined() == joined, text);
}

static void expect_wrong(std::string_view json, std::string_view named) {
  const auto params = read_params(json, 5);
  const auto *wrong = std::get_if<Wrong>(&params);
  check(wrong != nullptr && wrong->message.find(named) != std::string::npos, json);
}

int main() {
  expect("pear fig Pear APPLE fig pear", 5, 6, "pear,fig,apple");
  expect("one two three", 2, 3, "one,two");
  expect("The cat and THE hat", 5, 5, "cat,hat");
  expect("don't stop-me 4ever x2y", 9, 7, "don,t,stop,me,ever,x,y");
  expect("Ärger ärger ÄRGER", 9, 3, "Ärger,ärger");
  expect("", 5, 0, "");
  expect("12 34 !?", 5, 0, "");

  const auto params = read_params("{\"text\": \"\\u00e4\", \"limit\": 3.0}", 5);
  const auto *right = std::get_if<Params>(&params);
  check(right != nullptr && right->text == "ä" && right->limit == 3, "parameters");
  expect_wrong("{}", "`text`");
  expect_wrong("{\"text\": null}", "`text`");
  expect_wrong("{\"text\": \"a\", \"limit\": 0}", "`limit`");
  expect_wrong("{\"text\": \"a\", \"limit\": 1.5}", "`limit`");
  expect_wrong("{\"text\": \"a\", \"limit\": \"3\"}", "`limit`");
  expect_wrong("{\"text\": \"a\", \"z\": 1, \"most\": [{}]}", "`most`");
  for (const auto *json : {"", "{", "[]", "NaN", "{\"text\": NaN}", "{\"text\": \"\\ud800\"}", "{\"text\": \"a\"} x"}) {
    expect_wrong(json, "not a JSON object");
  }

  Totals totals = {1, 1};
  totals.add(UINT64_MAX, 1);
  check(totals.write() == "9007199254740991 2", "counts stop at the largest");
  check(Totals::parse(totals.write())->words == 2 && Totals::parse("")->signals == 0, "written and read again");
  for (const auto *other : {"1", "1 ", " 1", "1 2 3", "1  2", "+1 2", "1 -2", "1 9007199254740992", "1 2\n"}) {
    check(!Totals::parse(other), other);
  }

  if (!failed) std::puts("all tests passed");
  return failed;
}
