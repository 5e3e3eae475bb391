#include "words.h"

#include <stdbool.h>

static bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

uint64_t count_words(const uint8_t *text, size_t bytes) {
  uint64_t words = 0;
  bool inside = false;
  for (size_t i = 0; i < bytes; i++) {
    bool is_letter = !is_space(text[i]);
    words += is_letter && !inside;
    inside = is_letter;
  }
  return words;
}
