// As much of JSON as the parameters of a tool need. It knows nothing of HAL9, so that tests run it natively.
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_OTHER };

// One member of an object. All of it is there for the call that gets it, and no longer.
struct json_member {
  const uint8_t *name;
  size_t name_length;
  enum json_kind kind;
  // Of a string.
  const uint8_t *text;
  size_t length;
  // Of a number.
  double number;
};

// Calls `each` for every member of an object, in order. False, and nothing was called, where the text is no JSON object.
bool json_object(const uint8_t *json, size_t bytes, void (*each)(void *context, const struct json_member *member),
                 void *context);

#endif
