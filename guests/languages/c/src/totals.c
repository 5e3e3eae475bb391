#include "totals.h"

#include <inttypes.h>
#include <stdio.h>

// 2^53 - 1
static const uint64_t MOST = 9007199254740991;

static uint64_t sum(uint64_t one, uint64_t other) { return other > MOST - one ? MOST : one + other; }

void totals_add(struct totals *totals, uint64_t signals, uint64_t words) {
  totals->signals = sum(totals->signals, signals);
  totals->words = sum(totals->words, words);
}

size_t totals_write(const struct totals *totals, char written[TOTALS_WRITTEN]) {
  return (size_t)snprintf(written, TOTALS_WRITTEN, "%" PRIu64 " %" PRIu64, totals->signals, totals->words);
}

// Digits up to a byte that is none; false where there are none, or too many.
static bool number(const uint8_t **at, const uint8_t *end, uint64_t *read) {
  const uint8_t *begin = *at;
  for (*read = 0; *at < end && **at >= '0' && **at <= '9'; ++*at) {
    *read = *read * 10 + (**at - '0');
    if (*read > MOST) return false;
  }
  return *at > begin;
}

bool totals_parse(const uint8_t *written, size_t bytes, struct totals *totals) {
  const uint8_t *at = written, *end = written + bytes;
  struct totals read = {0, 0};
  bool is_one = bytes == 0 || (number(&at, end, &read.signals) && at < end && *at++ == ' ' && number(&at, end, &read.words) && at == end);
  if (is_one) *totals = read;
  return is_one;
}
