// The words of a text and which of them are its keywords. It knows letters as bytes, and nothing of HAL9.
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>
#include <stdint.h>

struct keyword {
  const uint8_t *word;
  size_t length;
  uint64_t count;
};

struct found {
  // How many words there are, stop words among them.
  uint64_t words;
  // The most frequent ones; of those that occur as often, the first comes first.
  struct keyword *keywords;
  size_t length;
  // What the keywords are parts of.
  uint8_t *text;
};

// How many words a UTF-8 text has, and its keywords: `limit` at most. Free it with `found_free`.
struct found find(const uint8_t *text, size_t bytes, size_t limit);

void found_free(struct found *found);

#endif
