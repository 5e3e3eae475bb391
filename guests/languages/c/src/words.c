#include "words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// Words that every text has, each in commas: they are words, and no keywords.
static const char STOP_WORDS[] =
    ",a,an,and,are,as,at,be,but,by,for,from,has,have,he,i,in,is,it,not,of,on,or,she,that,the,they,this,to,was,we,with,you,";

enum { LONGEST_STOP_WORD = 4 };

static bool is_stop_word(const uint8_t *word, size_t length) {
  char wanted[LONGEST_STOP_WORD + 3] = ",";
  if (length > LONGEST_STOP_WORD) return false;
  memcpy(wanted + 1, word, length);
  wanted[length + 1] = ',';
  return strstr(STOP_WORDS, wanted) != NULL;
}

// ASCII letters, and whatever is beyond ASCII: in UTF-8, every byte of it is.
static bool is_letter(uint8_t byte) { return byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }

static void *need(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

// Words in the order in which they came, and their places by their hash.
struct counts {
  struct keyword *words;
  size_t length, room;
  // Places in `words`, counted from 1; 0 is free. `slots` is a power of 2 and twice as many as words at least.
  size_t *places, slots;
};

static size_t *slot_of(const struct counts *counts, const uint8_t *word, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ word[i]) * 16777619u;
  for (size_t slot = hash & (counts->slots - 1);; slot = (slot + 1) & (counts->slots - 1)) {
    size_t place = counts->places[slot];
    if (place == 0) return &counts->places[slot];
    const struct keyword *other = &counts->words[place - 1];
    if (other->length == length && memcmp(other->word, word, length) == 0) return &counts->places[slot];
  }
}

static void grow(struct counts *counts) {
  counts->room = counts->room == 0 ? 32 : 2 * counts->room;
  counts->slots = 2 * counts->room;
  counts->words = need(realloc(counts->words, counts->room * sizeof *counts->words));
  free(counts->places);
  counts->places = need(calloc(counts->slots, sizeof *counts->places));
  for (size_t i = 0; i < counts->length; i++) *slot_of(counts, counts->words[i].word, counts->words[i].length) = i + 1;
}

static void count(struct counts *counts, const uint8_t *word, size_t length) {
  if (counts->length == counts->room) grow(counts);
  size_t *place = slot_of(counts, word, length);
  if (*place == 0) {
    counts->words[counts->length++] = (struct keyword){word, length, 0};
    *place = counts->length;
  }
  counts->words[*place - 1].count++;
}

static int rank(const void *one, const void *other) {
  const struct keyword *a = one, *b = other;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  // They lie in the text where they came first.
  return a->word < b->word ? -1 : 1;
}

struct found find(const uint8_t *text, size_t bytes, size_t limit) {
  struct found found = {.text = need(malloc(bytes + 1))};
  struct counts counts = {0};
  for (size_t i = 0; i < bytes; i++) {
    // ASCII alone, whatever the locale.
    found.text[i] = text[i] >= 'A' && text[i] <= 'Z' ? (uint8_t)(text[i] | 0x20) : text[i];
  }
  for (size_t i = 0; i < bytes;) {
    size_t begin = i;
    while (i < bytes && is_letter(found.text[i])) i++;
    if (i > begin) {
      found.words++;
      if (!is_stop_word(found.text + begin, i - begin)) count(&counts, found.text + begin, i - begin);
    } else {
      i++;
    }
  }
  free(counts.places);
  if (counts.length > 0) qsort(counts.words, counts.length, sizeof *counts.words, rank);
  found.keywords = counts.words;
  found.length = counts.length < limit ? counts.length : limit;
  return found;
}

void found_free(struct found *found) {
  free(found->keywords);
  free(found->text);
}
