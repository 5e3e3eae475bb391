// The logic of the plugin. It knows nothing of HAL9, so that tests run it natively.
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>
#include <stdint.h>

// How many words a UTF-8 text has: runs of what is not ASCII white space.
uint64_t count_words(const uint8_t *text, size_t bytes);

#endif
