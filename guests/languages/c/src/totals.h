// What has been counted over all signals: how it is written. It knows nothing of where it is kept.
#ifndef TOTALS_H
#define TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Signals that were answered, and the words in them.
struct totals {
  uint64_t signals, words;
};

// Two numbers of 16 digits with a space between, and the end.
enum { TOTALS_WRITTEN = 40 };

// Counts more, up to the largest that every language of these plugins has a whole number for.
void totals_add(struct totals *totals, uint64_t signals, uint64_t words);

// As `totals_parse` reads them; gives the length.
size_t totals_write(const struct totals *totals, char written[TOTALS_WRITTEN]);

// As they were written, and none where nothing was. False for anything else.
bool totals_parse(const uint8_t *written, size_t bytes, struct totals *totals);

#endif
