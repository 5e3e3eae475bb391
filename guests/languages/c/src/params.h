// The parameters of the tool: which there are, and what is said of those that are wrong. It knows nothing of words.
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct params {
  uint8_t *text;
  size_t length;
  size_t limit;
  // What is wrong, and where: a JSON Pointer. NULL where nothing is.
  char *wrong;
  const char *path;
};

extern const char PARAMETERS[];

// The text and how many keywords it may have: `limit`, where that is left out. Free it with `params_free`.
struct params params_read(const uint8_t *json, size_t bytes, size_t limit);

void params_free(struct params *params);

// The whole number from 1 to 100 that a configuration says as JSON; `otherwise`, where it says none.
size_t limit_of(const uint8_t *json, size_t bytes, size_t otherwise);

#endif
