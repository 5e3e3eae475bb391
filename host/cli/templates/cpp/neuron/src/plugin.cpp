// A neuron: answers a signal with the number of its words, and keeps the total in HAL9's memory.
//
// plugin.h is made of wit/world.wit by `hal9 plugin build`, and has what HAL9's interfaces say; hal9.hpp has who frees what.
#include "plugin.h"

#include <charconv>
#include <string>

#include "hal9.hpp"
#include "words.hpp"

using Signal = hal9::Owned<exports_hal9_plugin_neuron_signal_t, exports_hal9_plugin_neuron_signal_free>;
using Batch = hal9::Owned<exports_hal9_plugin_neuron_signal_batch_t, exports_hal9_plugin_neuron_signal_batch_free>;

static std::uint64_t processed = 0, failed = 0;

static bool fail(exports_hal9_plugin_neuron_failure_t *failure, std::uint8_t code, std::string_view message) {
  failed++;
  *failure = {code, hal9::give(message)};
  return false;
}

// Adds to the total, which outlives this instance. False where HAL9 does not keep it.
static bool remember(std::uint64_t words) {
  auto key = hal9::lend("total");
  plugin_option_list_u8_t kept;
  hal9_plugin_memory_error_t error;
  if (!hal9_plugin_memory_get(&key, &kept, &error)) {
    hal9_plugin_memory_error_free(&error);
    return false;
  }
  std::uint64_t before = 0;
  if (kept.is_some) {
    const auto *digits = reinterpret_cast<const char *>(kept.val.ptr);
    std::from_chars(digits, digits + kept.val.len, before);
  }
  plugin_option_list_u8_free(&kept);
  const auto total = std::to_string(before + words);
  plugin_list_u8_t value = {reinterpret_cast<std::uint8_t *>(const_cast<char *>(total.data())), total.size()};
  if (!hal9_plugin_memory_set(&key, &value, &error)) {
    hal9_plugin_memory_error_free(&error);
    return false;
  }
  const auto line = std::to_string(words) + " words, " + total + " in all";
  auto message = hal9::lend(line);
  hal9_plugin_logging_log(HAL9_PLUGIN_LOGGING_LEVEL_INFO, &message);
  return true;
}

bool exports_hal9_plugin_neuron_process_signal(exports_hal9_plugin_neuron_signal_t *came,
                                               exports_hal9_plugin_neuron_signal_t *reply,
                                               exports_hal9_plugin_neuron_failure_t *failure) {
  Signal signal(*came);
  const auto words = count_words(hal9::view(signal->content));
  if (!remember(words)) {
    return fail(failure, HAL9_PLUGIN_TYPES_FAILURE_CODE_UNAVAILABLE, "the total could not be kept");
  }
  // A name occurs once at most.
  const auto is_ours = [](const auto &fact) { return hal9::view(fact.f0) == "words"; };
  hal9::take_out(signal->metadata, is_ours, plugin_tuple2_string_string_free);
  const plugin_tuple2_string_string_t fact = {hal9::give("words"), hal9::give(std::to_string(words))};
  hal9::append(signal->metadata, fact);
  *reply = signal.release();
  processed++;
  return true;
}

// Whether a column has a text for every row.
static bool is_whole(const hal9_plugin_types_text_column_t &column, std::size_t rows) {
  std::uint32_t end = 0;
  for (std::size_t row = 0; row < column.ends.len; row++) {
    if (column.ends.ptr[row] < end) return false;
    end = column.ends.ptr[row];
  }
  return column.ends.len == rows && end == column.text.len;
}

bool exports_hal9_plugin_neuron_process_batch(exports_hal9_plugin_neuron_signal_batch_t *came,
                                              exports_hal9_plugin_neuron_signal_batch_t *reply,
                                              exports_hal9_plugin_neuron_failure_t *failure) {
  Batch batch(*came);
  const auto rows = batch->timestamps.len;
  if (batch->ids.len != 2 * rows || !is_whole(batch->contents, rows) || !is_whole(batch->signal_types, rows)) {
    return fail(failure, HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, "the columns have different numbers of rows");
  }
  hal9::Owned<hal9_plugin_types_column_t, hal9_plugin_types_column_free> column({hal9::give("words"), {}});
  column->values.tag = HAL9_PLUGIN_TYPES_COLUMN_VALUES_NUMBERS;
  auto &numbers = column->values.val.numbers;
  numbers = {static_cast<float *>(hal9::allocate(nullptr, rows * sizeof(float))), rows};
  std::uint64_t all = 0;
  std::uint32_t begin = 0;
  for (std::size_t row = 0; row < rows; row++) {
    const auto end = batch->contents.ends.ptr[row];
    const auto words = count_words(hal9::view(batch->contents.text).substr(begin, end - begin));
    numbers.ptr[row] = static_cast<float>(words);
    all += words;
    begin = end;
  }
  if (rows > 0 && !remember(all)) {
    return fail(failure, HAL9_PLUGIN_TYPES_FAILURE_CODE_UNAVAILABLE, "the total could not be kept");
  }
  const auto is_ours = [](const auto &other) { return hal9::view(other.name) == "words"; };
  hal9::take_out(batch->metadata, is_ours, hal9_plugin_types_column_free);
  hal9::append(batch->metadata, column.release());
  *reply = batch.release();
  processed += rows;
  return true;
}

void exports_hal9_plugin_neuron_state(exports_hal9_plugin_neuron_neuron_state_t *state) {
  *state = {processed, failed, {nullptr, 0}};
}
