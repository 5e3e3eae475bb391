#include "json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Deeper than this, nothing is taken for JSON: the stack is small.
enum { DEEPEST = 32 };

struct reader {
  const uint8_t *at, *end;
};

static bool value(struct reader *r, int depth);

static void spaces(struct reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static bool take(struct reader *r, uint8_t byte) {
  if (r->at == r->end || *r->at != byte) return false;
  r->at++;
  return true;
}

static bool word(struct reader *r, const char *letters) {
  for (; *letters != '\0'; letters++) {
    if (!take(r, (uint8_t)*letters)) return false;
  }
  return true;
}

static bool hex(struct reader *r, uint32_t *unit) {
  *unit = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    if (r->at == r->end) return false;
    uint8_t digit = *r->at;
    if (digit >= '0' && digit <= '9') digit -= '0';
    else if ((digit | 32) >= 'a' && (digit | 32) <= 'f') digit = (uint8_t)((digit | 32) - 'a' + 10);
    else return false;
    *unit = *unit << 4 | digit;
  }
  return true;
}

static size_t put(uint8_t *out, uint32_t point) {
  if (point < 0x80) return out[0] = (uint8_t)point, 1;
  if (point < 0x800) return out[0] = (uint8_t)(0xC0 | point >> 6), out[1] = (uint8_t)(0x80 | (point & 63)), 2;
  if (point < 0x10000) {
    out[0] = (uint8_t)(0xE0 | point >> 12), out[1] = (uint8_t)(0x80 | (point >> 6 & 63));
    return out[2] = (uint8_t)(0x80 | (point & 63)), 3;
  }
  out[0] = (uint8_t)(0xF0 | point >> 18), out[1] = (uint8_t)(0x80 | (point >> 12 & 63));
  return out[2] = (uint8_t)(0x80 | (point >> 6 & 63)), out[3] = (uint8_t)(0x80 | (point & 63)), 4;
}

// Writes a string's text to `out`, which has room for as many bytes as are left to read. `length` is what was written.
static bool string(struct reader *r, uint8_t *out, size_t *length) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  *length = 0;
  if (!take(r, '"')) return false;
  while (r->at < r->end && *r->at != '"') {
    uint8_t byte = *r->at++;
    if (byte < 0x20) return false;
    if (byte != '\\') {
      out[(*length)++] = byte;
      continue;
    }
    if (r->at == r->end) return false;
    const char *escape = strchr(from, *r->at);
    if (*r->at != '\0' && escape != NULL) {
      r->at++;
      out[(*length)++] = (uint8_t)to[escape - from];
      continue;
    }
    uint32_t point, low;
    if (!take(r, 'u') || !hex(r, &point)) return false;
    if (point >= 0xD800 && point < 0xDC00) {
      // The first half of a pair needs its second.
      if (!word(r, "\\u") || !hex(r, &low) || low < 0xDC00 || low > 0xDFFF) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point <= 0xDFFF) {
      return false;
    }
    *length += put(out + *length, point);
  }
  return take(r, '"');
}

static bool digits(struct reader *r) {
  const uint8_t *begin = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at > begin;
}

static bool number(struct reader *r) {
  take(r, '-');
  if (!take(r, '0') && !digits(r)) return false;
  if (take(r, '.') && !digits(r)) return false;
  if (r->at < r->end && (*r->at | 32) == 'e') {
    r->at++;
    if (!take(r, '+')) take(r, '-');
    return digits(r);
  }
  return true;
}

// Passes over a string.
static bool skipped(struct reader *r) {
  size_t length;
  uint8_t *text = malloc((size_t)(r->end - r->at) + 1);
  if (text == NULL) abort();
  bool is_string = string(r, text, &length);
  free(text);
  return is_string;
}

static bool items(struct reader *r, uint8_t close, bool named, int depth) {
  r->at++;
  spaces(r);
  if (take(r, close)) return true;
  do {
    spaces(r);
    if (named) {
      if (!skipped(r)) return false;
      spaces(r);
      if (!take(r, ':')) return false;
    }
    if (!value(r, depth + 1)) return false;
  } while (take(r, ','));
  return take(r, close);
}

// Passes over any value, and the space around it.
static bool value(struct reader *r, int depth) {
  spaces(r);
  if (r->at == r->end || depth > DEEPEST) return false;
  bool is_value;
  switch (*r->at) {
    case '{': is_value = items(r, '}', true, depth); break;
    case '[': is_value = items(r, ']', false, depth); break;
    case '"': is_value = skipped(r); break;
    case 't': is_value = word(r, "true"); break;
    case 'f': is_value = word(r, "false"); break;
    case 'n': is_value = word(r, "null"); break;
    default: is_value = number(r);
  }
  spaces(r);
  return is_value;
}

bool json_object(const uint8_t *json, size_t bytes, void (*each)(void *context, const struct json_member *member),
                 void *context) {
  struct reader whole = {json, json + bytes}, r = whole;
  if (!value(&whole, 0) || whole.at != whole.end) return false;
  spaces(&r);
  if (!take(&r, '{')) return false;
  // From here on it is known to be well-formed. What is read is never longer than what it is written as.
  uint8_t *name = malloc(bytes), *text = malloc(bytes);
  if (name == NULL || text == NULL) abort();
  for (spaces(&r); *r.at != '}'; spaces(&r)) {
    if (take(&r, ',')) continue;
    struct json_member member = {.name = name, .text = text, .kind = JSON_OTHER};
    string(&r, name, &member.name_length);
    spaces(&r);
    take(&r, ':');
    spaces(&r);
    if (*r.at == '"') {
      member.kind = JSON_STRING;
      string(&r, text, &member.length);
    } else if (*r.at == '-' || (*r.at >= '0' && *r.at <= '9')) {
      member.kind = JSON_NUMBER;
      const uint8_t *begin = r.at;
      number(&r);
      // Of its own, as it has an end.
      memcpy(text, begin, (size_t)(r.at - begin));
      text[r.at - begin] = '\0';
      member.number = strtod((const char *)text, NULL);
    } else {
      value(&r, 0);
    }
    each(context, &member);
  }
  free(name);
  free(text);
  return true;
}
