// As much of JSON as the parameters of a tool need. It knows nothing of HAL9, so that tests run it natively.
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

enum json_result {
  JSON_FOUND,
  JSON_NOT_JSON,
  JSON_NOT_AN_OBJECT,
  // The object has no such member.
  JSON_MISSING,
  // The member is there, and is no string.
  JSON_NOT_A_STRING,
  // The object has a member of another name.
  JSON_UNKNOWN_MEMBER,
};

// Finds the text of the member `name` in an object that has no other members. The text is UTF-8 and allocated: free it.
enum json_result json_only_string(const uint8_t *json, size_t bytes, const char *name, uint8_t **text, size_t *length);

#endif
