// Keywords in C, a neuron of layer L2 and a tool: it finds the most frequent words of a text. This file has the exports; `words`
// finds keywords, `params` reads the tool's parameters, `totals` counts.
//
// plugin.h is made of wit/world.wit by `hal9 plugin build`, and has what HAL9's interfaces say. What an export is given is the
// plugin's to free, and what it gives back is freed by the caller: so a reply is best made of what came.
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "totals.h"
#include "words.h"

enum { LIMIT = 5 };
static const char NAME[] = "keywords";
static const char NO_TOTALS[] = "these are no totals: they are two whole numbers with a space between";

static size_t limit;
static struct totals totals;
static bool is_limit_known, are_totals_known;
static uint64_t processed, failed;

static void *need(void *memory) {
  if (memory == NULL) abort();
  return memory;
}

static void tell(hal9_plugin_logging_level_t level, const char *line) {
  plugin_string_t message;
  plugin_string_set(&message, line);
  hal9_plugin_logging_log(level, &message);
}

static bool is(const plugin_string_t *name, const char *other) {
  return name->len == strlen(other) && memcmp(name->ptr, other, name->len) == 0;
}

// How many keywords there are at most. The host has held it against the schema.
static size_t configured(void) {
  if (!is_limit_known) {
    plugin_string_t key, value;
    plugin_string_set(&key, "limit");
    limit = LIMIT;
    if (hal9_plugin_config_get(&key, &value)) {
      limit = limit_of(value.ptr, value.len, LIMIT);
      plugin_string_free(&value);
    }
    is_limit_known = true;
  }
  return limit;
}

// The totals: from HAL9's memory, where nothing is known yet. One that fails is one without.
static struct totals *known(void) {
  if (!are_totals_known) {
    plugin_string_t key;
    plugin_option_list_u8_t kept;
    hal9_plugin_memory_error_t error;
    plugin_string_set(&key, "totals");
    if (!hal9_plugin_memory_get(&key, &kept, &error)) {
      tell(HAL9_PLUGIN_LOGGING_LEVEL_WARN, "cannot read the totals");
      hal9_plugin_memory_error_free(&error);
    } else {
      if (kept.is_some && !totals_parse(kept.val.ptr, kept.val.len, &totals)) {
        tell(HAL9_PLUGIN_LOGGING_LEVEL_WARN, NO_TOTALS);
      }
      plugin_option_list_u8_free(&kept);
    }
    are_totals_known = true;
  }
  return &totals;
}

// Counts more. A memory that fails costs nobody an answer.
static void add(uint64_t signals, uint64_t words) {
  plugin_string_t key;
  hal9_plugin_memory_error_t error;
  char written[TOTALS_WRITTEN];
  processed += signals;
  totals_add(known(), signals, words);
  plugin_string_set(&key, "totals");
  plugin_list_u8_t value = {(uint8_t *)written, totals_write(&totals, written)};
  if (!hal9_plugin_memory_set(&key, &value, &error)) {
    tell(HAL9_PLUGIN_LOGGING_LEVEL_WARN, "cannot keep the totals");
    hal9_plugin_memory_error_free(&error);
  }
}

// Text that grows, and that the host frees.
struct builder {
  uint8_t *text;
  size_t length, room;
};

static void put(struct builder *builder, const void *bytes, size_t length) {
  if (length > builder->room - builder->length) {
    builder->room = 2 * builder->room + length;
    builder->text = need(realloc(builder->text, builder->room));
  }
  if (length > 0) memcpy(builder->text + builder->length, bytes, length);
  builder->length += length;
}

static void print(struct builder *builder, const char *format, uint64_t number) {
  char text[80];
  int length = snprintf(text, sizeof text, format, number);
  put(builder, text, (size_t)length);
}

static plugin_string_t built(const struct builder *builder) { return (plugin_string_t){builder->text, builder->length}; }

// The keywords joined by commas, which are in no word.
static void join(struct builder *builder, const struct found *found) {
  for (size_t i = 0; i < found->length; i++) {
    if (i > 0) put(builder, ",", 1);
    put(builder, found->keywords[i].word, found->keywords[i].length);
  }
}

bool exports_hal9_plugin_neuron_process_signal(exports_hal9_plugin_neuron_signal_t *signal,
                                               exports_hal9_plugin_neuron_signal_t *reply,
                                               exports_hal9_plugin_neuron_failure_t *failure) {
  (void)failure;
  struct found found = find(signal->content.ptr, signal->content.len, configured());
  add(1, found.words);
  char line[80];
  snprintf(line, sizeof line, "%" PRIu64 " words, %zu keywords", found.words, found.length);
  tell(HAL9_PLUGIN_LOGGING_LEVEL_INFO, line);

  struct builder keywords = {0}, words = {0};
  join(&keywords, &found);
  print(&words, "%" PRIu64, found.words);
  found_free(&found);
  // A name occurs once at most.
  hal9_plugin_types_metadata_t *facts = &signal->metadata;
  size_t kept = 0;
  for (size_t i = 0; i < facts->len; i++) {
    if (is(&facts->ptr[i].f0, "keywords") || is(&facts->ptr[i].f0, "words")) {
      plugin_tuple2_string_string_free(&facts->ptr[i]);
    } else {
      facts->ptr[kept++] = facts->ptr[i];
    }
  }
  // A list without items has no memory of its own.
  facts->ptr = need(realloc(facts->len > 0 ? facts->ptr : NULL, (kept + 2) * sizeof *facts->ptr));
  plugin_string_dup(&facts->ptr[kept].f0, "keywords");
  facts->ptr[kept].f1 = built(&keywords);
  plugin_string_dup(&facts->ptr[kept + 1].f0, "words");
  facts->ptr[kept + 1].f1 = built(&words);
  facts->len = kept + 2;
  *reply = *signal;
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

// Adds the columns of all rows to a batch.
static void answer(exports_hal9_plugin_neuron_signal_batch_t *batch, size_t rows) {
  struct builder keywords = {0};
  uint32_t *ends = need(malloc((rows + 1) * sizeof *ends));
  float *words = need(malloc((rows + 1) * sizeof *words));
  uint64_t all = 0;
  uint32_t begin = 0;
  for (size_t row = 0; row < rows; row++) {
    uint32_t end = batch->contents.ends.ptr[row];
    struct found found = find(batch->contents.text.ptr + begin, end - begin, configured());
    join(&keywords, &found);
    // Never longer than what came, whose ends fit.
    ends[row] = (uint32_t)keywords.length;
    words[row] = (float)found.words;
    all += found.words;
    found_free(&found);
    begin = end;
  }
  add(rows, all);
  char line[80];
  snprintf(line, sizeof line, "%" PRIu64 " words in a batch of %zu", all, rows);
  tell(HAL9_PLUGIN_LOGGING_LEVEL_INFO, line);

  hal9_plugin_types_list_column_t *columns = &batch->metadata;
  size_t kept = 0;
  for (size_t i = 0; i < columns->len; i++) {
    if (is(&columns->ptr[i].name, "keywords") || is(&columns->ptr[i].name, "words")) {
      hal9_plugin_types_column_free(&columns->ptr[i]);
    } else {
      columns->ptr[kept++] = columns->ptr[i];
    }
  }
  columns->ptr = need(realloc(columns->len > 0 ? columns->ptr : NULL, (kept + 2) * sizeof *columns->ptr));
  hal9_plugin_types_column_t *column = &columns->ptr[kept];
  plugin_string_dup(&column->name, "keywords");
  column->values.tag = HAL9_PLUGIN_TYPES_COLUMN_VALUES_TEXTS;
  column->values.val.texts.text = built(&keywords);
  column->values.val.texts.ends.ptr = ends;
  column->values.val.texts.ends.len = rows;
  column++;
  plugin_string_dup(&column->name, "words");
  column->values.tag = HAL9_PLUGIN_TYPES_COLUMN_VALUES_NUMBERS;
  column->values.val.numbers.ptr = words;
  column->values.val.numbers.len = rows;
  columns->len = kept + 2;
}

bool exports_hal9_plugin_neuron_process_batch(exports_hal9_plugin_neuron_signal_batch_t *batch,
                                              exports_hal9_plugin_neuron_signal_batch_t *reply,
                                              exports_hal9_plugin_neuron_failure_t *failure) {
  size_t rows = batch->timestamps.len;
  if (batch->ids.len != 2 * rows || !is_whole(&batch->contents, rows) || !is_whole(&batch->signal_types, rows)) {
    failed += rows;
    failure->code = HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT;
    plugin_string_dup(&failure->message, "the columns have different numbers of rows");
    exports_hal9_plugin_neuron_signal_batch_free(batch);
    return false;
  }
  answer(batch, rows);
  *reply = *batch;
  return true;
}

void exports_hal9_plugin_neuron_state(exports_hal9_plugin_neuron_neuron_state_t *state) {
  const char *names[] = {"signals", "words"};
  const uint64_t counts[] = {known()->signals, known()->words};
  state->processed = processed;
  state->failed = failed;
  state->details.len = 2;
  state->details.ptr = need(malloc(2 * sizeof *state->details.ptr));
  for (size_t i = 0; i < 2; i++) {
    struct builder count = {0};
    print(&count, "%" PRIu64, counts[i]);
    plugin_string_dup(&state->details.ptr[i].f0, names[i]);
    state->details.ptr[i].f1 = built(&count);
  }
}

void exports_hal9_plugin_tool_describe(exports_hal9_plugin_tool_list_tool_description_t *tools) {
  exports_hal9_plugin_tool_tool_description_t *tool = need(malloc(sizeof *tool));
  plugin_string_dup(&tool->name, NAME);
  plugin_string_dup(&tool->description, "Finds the most frequent words of a text, with how often each occurs.");
  plugin_string_dup(&tool->parameters, PARAMETERS);
  tools->ptr = tool;
  tools->len = 1;
}

static plugin_string_t unknown(const plugin_string_t *name) {
  struct builder message = {0};
  put(&message, "there is no tool `", strlen("there is no tool `"));
  put(&message, name->ptr, name->len);
  put(&message, "`; there is keywords", strlen("`; there is keywords"));
  return built(&message);
}

bool exports_hal9_plugin_tool_validate(plugin_string_t *name, plugin_string_t *given,
                                       exports_hal9_plugin_tool_list_violation_t *violations) {
  struct params params = params_read(given->ptr, given->len, configured());
  bool is_known = is(name, NAME), is_valid = is_known && params.wrong == NULL;
  if (!is_valid) {
    exports_hal9_plugin_tool_violation_t *violation = need(malloc(sizeof *violation));
    plugin_string_dup(&violation->path, is_known ? params.path : "");
    if (is_known) {
      plugin_string_dup(&violation->message, params.wrong);
    } else {
      violation->message = unknown(name);
    }
    violations->ptr = violation;
    violations->len = 1;
  }
  params_free(&params);
  plugin_string_free(name);
  plugin_string_free(given);
  return is_valid;
}

// What was found, as JSON. No word has a character in it that JSON would escape.
static plugin_string_t json_of(const struct found *found) {
  struct builder json = {0};
  print(&json, "{\"words\":%" PRIu64 ",\"keywords\":[", found->words);
  for (size_t i = 0; i < found->length; i++) {
    if (i > 0) put(&json, ",", 1);
    put(&json, "{\"word\":\"", strlen("{\"word\":\""));
    put(&json, found->keywords[i].word, found->keywords[i].length);
    print(&json, "\",\"count\":%" PRIu64 "}", found->keywords[i].count);
  }
  put(&json, "]}", 2);
  return built(&json);
}

bool exports_hal9_plugin_tool_execute(plugin_string_t *name, plugin_string_t *given, plugin_string_t *result,
                                      exports_hal9_plugin_tool_failure_t *failure) {
  struct params params = params_read(given->ptr, given->len, configured());
  bool is_known = is(name, NAME), is_valid = is_known && params.wrong == NULL;
  if (!is_known) {
    failure->code = HAL9_PLUGIN_TYPES_FAILURE_CODE_NOT_FOUND;
    failure->message = unknown(name);
  } else if (!is_valid) {
    failure->code = HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT;
    plugin_string_dup(&failure->message, params.wrong);
  } else {
    struct found found = find(params.text, params.length, params.limit);
    *result = json_of(&found);
    found_free(&found);
  }
  params_free(&params);
  plugin_string_free(name);
  plugin_string_free(given);
  return is_valid;
}

bool exports_hal9_plugin_lifecycle_init(exports_hal9_plugin_lifecycle_failure_t *failure) {
  (void)failure;
  return true;
}

void exports_hal9_plugin_lifecycle_health(exports_hal9_plugin_lifecycle_health_report_t *report) {
  report->status = EXPORTS_HAL9_PLUGIN_LIFECYCLE_STATUS_HEALTHY;
  plugin_string_dup(&report->reason, "");
}

// The host has another configuration already: it is asked for when it is needed.
bool exports_hal9_plugin_lifecycle_reconfigure(plugin_string_t *config, exports_hal9_plugin_lifecycle_failure_t *failure) {
  (void)failure;
  plugin_string_free(config);
  is_limit_known = false;
  return true;
}

bool exports_hal9_plugin_lifecycle_export_state(plugin_list_u8_t *state, exports_hal9_plugin_lifecycle_failure_t *failure) {
  (void)failure;
  state->ptr = need(malloc(TOTALS_WRITTEN));
  state->len = totals_write(known(), (char *)state->ptr);
  return true;
}

bool exports_hal9_plugin_lifecycle_import_state(plugin_list_u8_t *state, exports_hal9_plugin_lifecycle_failure_t *failure) {
  bool is_one = totals_parse(state->ptr, state->len, &totals);
  plugin_list_u8_free(state);
  if (is_one) {
    are_totals_known = true;
  } else {
    failure->code = HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT;
    plugin_string_dup(&failure->message, NO_TOTALS);
  }
  return is_one;
}

void exports_hal9_plugin_lifecycle_shutdown(void) {}
