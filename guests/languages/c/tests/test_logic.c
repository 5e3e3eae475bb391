#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "totals.h"
#include "words.h"

static int failed = 0;

static void check(int holds, const char *what) {
  if (!holds) {
    printf("not so: %s\n", what);
    failed = 1;
  }
}

static void expect(const char *text, size_t limit, uint64_t words, const char *joined) {
  struct found found = find((const uint8_t *)text, strlen(text), limit);
  char got[256] = "";
  size_t length = 0;
  for (size_t i = 0; i < found.length; i++) {
    const struct keyword *keyword = &found.keywords[i];
    length += (size_t)snprintf(got + length, sizeof got - length, "%s%.*s", i > 0 ? "," : "", (int)keyword->length, keyword->word);
  }
  check(found.words == words && strcmp(got, joined) == 0, text);
  found_free(&found);
}

static void many(void) {
  // Each word twice, so that places in the table are found again after it has grown.
  char *text = malloc(200000), *at = text;
  for (int round = 0; text != NULL && round < 2; round++) {
    for (int i = 0; i < 5000; i++) at += sprintf(at, "w%c%c%c ", 'a' + i / 676, 'a' + i / 26 % 26, 'a' + i % 26);
  }
  struct found found = find((const uint8_t *)text, (size_t)(at - text), 5000);
  check(found.words == 10000 && found.length == 5000, "many words");
  check(found.keywords[4999].count == 2 && memcmp(found.keywords[0].word, "waaa", 4) == 0, "each of them twice");
  found_free(&found);
  free(text);
}

static void expect_wrong(const char *json, const char *named) {
  struct params params = params_read((const uint8_t *)json, strlen(json), 5);
  check(params.wrong != NULL && strstr(params.wrong, named) != NULL, json);
  params_free(&params);
}

static void expect_totals(const char *written, int is_one) {
  struct totals totals = {7, 7};
  check(totals_parse((const uint8_t *)written, strlen(written), &totals) == is_one, written);
  char again[TOTALS_WRITTEN];
  totals_write(&totals, again);
  check(*written == '\0' || strcmp(again, is_one ? written : "7 7") == 0, written);
}

int main(void) {
  expect("pear fig Pear APPLE fig pear", 5, 6, "pear,fig,apple");
  expect("one two three", 2, 3, "one,two");
  expect("The cat and THE hat", 5, 5, "cat,hat");
  expect("don't stop-me 4ever x2y", 9, 7, "don,t,stop,me,ever,x,y");
  expect("Ärger ärger ÄRGER", 9, 3, "Ärger,ärger");
  expect("", 5, 0, "");
  expect("12 34 !?", 5, 0, "");
  many();

  struct params params = params_read((const uint8_t *)"{\"text\": \"\\u00e4\", \"limit\": 3.0}", 32, 5);
  check(params.wrong == NULL && params.length == 2 && params.limit == 3, "parameters");
  params_free(&params);
  expect_wrong("{}", "`text`");
  expect_wrong("{\"text\": null}", "`text`");
  expect_wrong("{\"text\": \"a\", \"limit\": 0}", "`limit`");
  expect_wrong("{\"text\": \"a\", \"limit\": 1.5}", "`limit`");
  expect_wrong("{\"text\": \"a\", \"limit\": \"3\"}", "`limit`");
  expect_wrong("{\"text\": \"a\", \"z\": 1, \"most\": [{}]}", "`most`");
  const char *no_object[] = {"", "{", "[]", "NaN", "{\"text\": NaN}", "{\"text\": \"\\ud800\"}", "{\"text\": \"a\"} x"};
  for (size_t i = 0; i < sizeof no_object / sizeof *no_object; i++) expect_wrong(no_object[i], "not a JSON object");

  expect_totals("3 9007199254740991", 1);
  expect_totals("", 1);
  const char *no_totals[] = {"1", "1 ", " 1", "1 2 3", "1  2", "+1 2", "1 9007199254740992", "1 2\n", "99999999999999999999 1"};
  for (size_t i = 0; i < sizeof no_totals / sizeof *no_totals; i++) expect_totals(no_totals[i], 0);
  struct totals totals = {1, 1};
  totals_add(&totals, UINT64_MAX, 1);
  check(totals.signals == 9007199254740991 && totals.words == 2, "counts stop at the largest");

  if (!failed) puts("all tests passed");
  return failed;
}
