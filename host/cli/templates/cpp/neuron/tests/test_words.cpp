#include <cstdio>

#include "words.hpp"

static int failed = 0;

static void expect(std::string_view text, std::uint64_t words) {
  const auto counted = count_words(text);
  if (counted == words) return;
  std::printf("\"%.*s\" has %llu words, and %llu were counted\n", static_cast<int>(text.size()), text.data(),
              static_cast<unsigned long long>(words), static_cast<unsigned long long>(counted));
  failed = 1;
}

int main() {
  expect("", 0);
  expect(" \t\r\n ", 0);
  expect("one", 1);
  expect("  two\n words ", 2);
  expect("Ärger im Büro", 3);
  if (failed == 0) std::puts("all tests passed");
  return failed;
}
