#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "words.h"

static int failed = 0;

static void check(int holds, const char *what) {
  if (!holds) {
    printf("not so: %s\n", what);
    failed = 1;
  }
}

// What is read of parameters; `text` is what they should have, or NULL.
static void expect(const char *json, enum json_result result, const char *text) {
  uint8_t *found;
  size_t length;
  check(json_only_string((const uint8_t *)json, strlen(json), "text", &found, &length) == result, json);
  check(text == NULL ? found == NULL : length == strlen(text) && memcmp(found, text, length) == 0, json);
  free(found);
}

int main(void) {
  check(count_words((const uint8_t *)" two  words\n", 12) == 2, "two words");
  expect("{\"text\": \"a b\"}", JSON_FOUND, "a b");
  expect(" { \"text\" : \"\\u00e4\\ud83d\\ude00\\n\\/\\\"\" } ", JSON_FOUND, "ä😀\n/\"");
  expect("{\"text\": \"a\", \"text\": \"b\"}", JSON_FOUND, "b");
  expect("{}", JSON_MISSING, NULL);
  expect("{\"text\": 1.5e3}", JSON_NOT_A_STRING, NULL);
  expect("{\"text\": \"a\", \"more\": [true, null, {\"x\": -0}]}", JSON_UNKNOWN_MEMBER, NULL);
  expect("[\"text\"]", JSON_NOT_AN_OBJECT, NULL);
  const char *no_json[] = {"", "{", "{\"text\": }", "{\"text\": \"\\ud800\"}", "{\"text\": \"a\"} x", "{\"text\": 01}",
                           "{\"text\": \"a\n\"}", "{\"text\": \"a\",}", "{text: 1}", "\xEF\xBB\xBF{}"};
  for (size_t i = 0; i < sizeof no_json / sizeof *no_json; i++) expect(no_json[i], JSON_NOT_JSON, NULL);
  if (!failed) puts("all tests passed");
  return failed;
}
