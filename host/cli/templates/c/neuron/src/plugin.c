// A neuron: answers a signal with the number of its words, and keeps the total in HAL9's memory.
//
// plugin.h is made of wit/world.wit by `hal9 plugin build`, and has what HAL9's interfaces say. What an export is given is the
// plugin's to free, and what it gives back is freed by the caller: so a reply is best made of what came.
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

static uint64_t processed = 0, failed = 0;

// Text that the host frees.
static plugin_string_t text_of(uint64_t number) {
  char digits[24];
  plugin_string_t text;
  snprintf(digits, sizeof digits, "%" PRIu64, number);
  plugin_string_dup(&text, digits);
  return text;
}

static bool fail(exports_hal9_plugin_neuron_failure_t *failure, uint8_t code, const char *message) {
  failed++;
  failure->code = code;
  plugin_string_dup(&failure->message, message);
  return false;
}

// Room for one item more. A list without items has no memory of its own.
static void *grown(void *items, size_t length, size_t size) {
  void *more = realloc(length > 0 ? items : NULL, (length + 1) * size);
  if (more == NULL) abort();
  return more;
}

static bool is(const plugin_string_t *name, const char *other) {
  return name->len == strlen(other) && memcmp(name->ptr, other, name->len) == 0;
}

// Adds to the total, which outlives this instance. False where HAL9 does not keep it.
static bool remember(uint64_t words) {
  plugin_string_t key, value;
  plugin_option_list_u8_t kept;
  hal9_plugin_memory_error_t error;
  plugin_string_set(&key, "total");
  bool done = hal9_plugin_memory_get(&key, &kept, &error);
  if (done) {
    uint64_t total = words;
    char digits[24] = "";
    if (kept.is_some && kept.val.len < sizeof digits) {
      memcpy(digits, kept.val.ptr, kept.val.len);
      total += strtoull(digits, NULL, 10);
    }
    plugin_option_list_u8_free(&kept);
    value = text_of(total);
    plugin_list_u8_t bytes = {value.ptr, value.len};
    done = hal9_plugin_memory_set(&key, &bytes, &error);
    plugin_string_free(&value);

    char line[80];
    snprintf(line, sizeof line, "%" PRIu64 " words, %" PRIu64 " in all", words, total);
    plugin_string_t message;
    plugin_string_set(&message, line);
    if (done) hal9_plugin_logging_log(HAL9_PLUGIN_LOGGING_LEVEL_INFO, &message);
  }
  if (!done) hal9_plugin_memory_error_free(&error);
  return done;
}

bool exports_hal9_plugin_neuron_process_signal(exports_hal9_plugin_neuron_signal_t *signal,
                                               exports_hal9_plugin_neuron_signal_t *reply,
                                               exports_hal9_plugin_neuron_failure_t *failure) {
  uint64_t words = count_words(signal->content.ptr, signal->content.len);
  if (!remember(words)) {
    exports_hal9_plugin_neuron_signal_free(signal);
    return fail(failure, HAL9_PLUGIN_TYPES_FAILURE_CODE_UNAVAILABLE, "the total could not be kept");
  }
  // A name occurs once at most.
  hal9_plugin_types_metadata_t *facts = &signal->metadata;
  size_t kept = 0;
  for (size_t i = 0; i < facts->len; i++) {
    if (is(&facts->ptr[i].f0, "words")) {
      plugin_tuple2_string_string_free(&facts->ptr[i]);
    } else {
      facts->ptr[kept++] = facts->ptr[i];
    }
  }
  facts->ptr = grown(facts->ptr, facts->len, sizeof *facts->ptr);
  plugin_string_dup(&facts->ptr[kept].f0, "words");
  facts->ptr[kept].f1 = text_of(words);
  facts->len = kept + 1;
  *reply = *signal;
  processed++;
  return true;
}

// Whether a column has a text for every row.
static bool is_whole(const hal9_plugin_types_text_column_t *column, size_t rows) {
  uint32_t end = 0;
  for (size_t row = 0; row < column->ends.len; row++) {
    if (column->ends.ptr[row] < end) return false;
    end = column->ends.ptr[row];
  }
  return column->ends.len == rows && end == column->text.len;
}

bool exports_hal9_plugin_neuron_process_batch(exports_hal9_plugin_neuron_signal_batch_t *batch,
                                              exports_hal9_plugin_neuron_signal_batch_t *reply,
                                              exports_hal9_plugin_neuron_failure_t *failure) {
  size_t rows = batch->timestamps.len;
  if (batch->ids.len != 2 * rows || !is_whole(&batch->contents, rows) || !is_whole(&batch->signal_types, rows)) {
    exports_hal9_plugin_neuron_signal_batch_free(batch);
    return fail(failure, HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, "the columns have different numbers of rows");
  }
  float *numbers = malloc((rows + 1) * sizeof *numbers);
  if (numbers == NULL) abort();
  uint64_t all = 0;
  uint32_t begin = 0;
  for (size_t row = 0; row < rows; row++) {
    uint32_t end = batch->contents.ends.ptr[row];
    uint64_t words = count_words(batch->contents.text.ptr + begin, end - begin);
    numbers[row] = (float)words;
    all += words;
    begin = end;
  }
  if (rows > 0 && !remember(all)) {
    free(numbers);
    exports_hal9_plugin_neuron_signal_batch_free(batch);
    return fail(failure, HAL9_PLUGIN_TYPES_FAILURE_CODE_UNAVAILABLE, "the total could not be kept");
  }
  hal9_plugin_types_list_column_t *columns = &batch->metadata;
  size_t kept = 0;
  for (size_t i = 0; i < columns->len; i++) {
    if (is(&columns->ptr[i].name, "words")) {
      hal9_plugin_types_column_free(&columns->ptr[i]);
    } else {
      columns->ptr[kept++] = columns->ptr[i];
    }
  }
  columns->ptr = grown(columns->ptr, columns->len, sizeof *columns->ptr);
  hal9_plugin_types_column_t *column = &columns->ptr[kept];
  plugin_string_dup(&column->name, "words");
  column->values.tag = HAL9_PLUGIN_TYPES_COLUMN_VALUES_NUMBERS;
  column->values.val.numbers.ptr = numbers;
  column->values.val.numbers.len = rows;
  columns->len = kept + 1;
  *reply = *batch;
  processed += rows;
  return true;
}

void exports_hal9_plugin_neuron_state(exports_hal9_plugin_neuron_neuron_state_t *state) {
  state->processed = processed;
  state->failed = failed;
  state->details.ptr = NULL;
  state->details.len = 0;
}
