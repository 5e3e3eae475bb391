#include "params.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

const char PARAMETERS[] =
    "{\"type\": \"object\", \"required\": [\"text\"], \"additionalProperties\": false, \"properties\": {"
    "\"text\": {\"type\": \"string\", \"description\": \"The text\"}, "
    "\"limit\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 100, "
    "\"description\": \"How many at most; as configured, where it is left out\"}}}";

static void *need(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

static uint8_t *copy(const uint8_t *bytes, size_t length) {
  uint8_t *own = need(malloc(length + 1));
  if (length > 0) memcpy(own, bytes, length);
  own[length] = '\0';
  return own;
}

// What there is in an object.
struct seen {
  struct params *params;
  bool has_text, has_limit, is_text, is_limit;
  // The first in the order of names, so that the same call is always told the same.
  uint8_t *unknown;
  size_t unknown_length;
};

static bool is(const struct json_member *member, const char *name) {
  return member->name_length == strlen(name) && memcmp(member->name, name, member->name_length) == 0;
}

// 3.0 is what some languages write for 3.
static bool is_limit(const struct json_member *member) {
  double number = member->number;
  return member->kind == JSON_NUMBER && number >= 1 && number <= 100 && number == (double)(size_t)number;
}

static void each(void *context, const struct json_member *member) {
  struct seen *seen = context;
  if (is(member, "text")) {
    // Of two of the same name, the last one counts.
    free(seen->params->text);
    seen->has_text = true;
    seen->is_text = member->kind == JSON_STRING;
    seen->params->text = copy(member->text, member->length);
    seen->params->length = member->length;
  } else if (is(member, "limit")) {
    seen->has_limit = true;
    seen->is_limit = is_limit(member);
    if (seen->is_limit) seen->params->limit = (size_t)member->number;
  } else {
    size_t shorter = member->name_length < seen->unknown_length ? member->name_length : seen->unknown_length;
    int order = seen->unknown == NULL ? -1 : memcmp(member->name, seen->unknown, shorter);
    if (order < 0 || (order == 0 && member->name_length < seen->unknown_length)) {
      free(seen->unknown);
      seen->unknown = copy(member->name, member->name_length);
      seen->unknown_length = member->name_length;
    }
  }
}

static char *words(const char *text) { return (char *)copy((const uint8_t *)text, strlen(text)); }

// A name without what would end it.
static char *unknown_name(const uint8_t *name) {
  static const char before[] = "there is no parameter `", after[] = "`; there are text and limit";
  size_t length = strlen((const char *)name);
  char *text = need(malloc(sizeof before + length + sizeof after));
  memcpy(text, before, sizeof before);
  memcpy(text + sizeof before - 1, name, length);
  memcpy(text + sizeof before - 1 + length, after, sizeof after);
  return text;
}

struct params params_read(const uint8_t *json, size_t bytes, size_t limit) {
  struct params params = {.limit = limit, .path = ""};
  struct seen seen = {.params = &params};
  if (!json_object(json, bytes, each, &seen)) {
    params.wrong = words("the parameters are not a JSON object");
  } else if (seen.unknown != NULL) {
    params.wrong = unknown_name(seen.unknown);
  } else if (!seen.has_text) {
    params.wrong = words("`text` is missing: the text whose keywords to find");
  } else if (!seen.is_text) {
    params.path = "/text";
    params.wrong = words("`text` must be a text");
  } else if (seen.has_limit && !seen.is_limit) {
    params.path = "/limit";
    params.wrong = words("`limit` must be a whole number from 1 to 100");
  }
  free(seen.unknown);
  return params;
}

void params_free(struct params *params) {
  free(params->text);
  free(params->wrong);
}

size_t limit_of(const uint8_t *json, size_t bytes, size_t otherwise) {
  char *text = (char *)copy(json, bytes);
  double number = strtod(text, NULL);
  free(text);
  return number >= 1 && number <= 100 ? (size_t)number : otherwise;
}
