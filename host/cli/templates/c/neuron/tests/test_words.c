#include <stdio.h>
#include <string.h>

#include "words.h"

static int failed = 0;

static void expect(const char *text, uint64_t words) {
  uint64_t counted = count_words((const uint8_t *)text, strlen(text));
  if (counted != words) {
    printf("\"%s\" has %llu words, and %llu were counted\n", text, (unsigned long long)words, (unsigned long long)counted);
    failed = 1;
  }
}

int main(void) {
  expect("", 0);
  expect(" \t\r\n ", 0);
  expect("one", 1);
  expect("  two\n words ", 2);
  expect("Ärger im Büro", 3);
  if (!failed) puts("all tests passed");
  return failed;
}
