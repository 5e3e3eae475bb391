// Keywords in C++, a neuron of layer L2 and a tool: it finds the most frequent words of a text. This file has the exports; `words`
// finds keywords, `params` reads the tool's parameters, `totals` counts.
//
// plugin.h is made of wit/world.wit by `hal9 plugin build`, and has what HAL9's interfaces say; hal9.hpp has who frees what.
#include "plugin.h"

#include <optional>
#include <string>

#include "hal9.hpp"
#include "params.hpp"
#include "totals.hpp"
#include "words.hpp"

using Signal = hal9::Owned<exports_hal9_plugin_neuron_signal_t, exports_hal9_plugin_neuron_signal_free>;
using Batch = hal9::Owned<exports_hal9_plugin_neuron_signal_batch_t, exports_hal9_plugin_neuron_signal_batch_free>;
using Bytes = hal9::Owned<plugin_list_u8_t, plugin_list_u8_free>;

static constexpr std::string_view name_of_tool = "keywords", key_of_totals = "totals";
static constexpr std::string_view no_totals = "these are no totals: they are two whole numbers with a space between";
static constexpr std::size_t default_limit = 5;

static std::optional<std::size_t> limit;
static std::optional<Totals> totals;
static std::uint64_t processed = 0, failed = 0;

static void tell(hal9_plugin_logging_level_t level, std::string_view line) {
  auto message = hal9::lend(line);
  hal9_plugin_logging_log(level, &message);
}

static std::string_view view(const plugin_list_u8_t &bytes) {
  return bytes.len == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char *>(bytes.ptr), bytes.len);
}

// How many keywords there are at most. The host has held it against the schema.
static std::size_t configured() {
  if (!limit) {
    auto key = hal9::lend("limit");
    plugin_string_t value;
    limit = default_limit;
    if (hal9_plugin_config_get(&key, &value)) limit = limit_of(hal9::view(*hal9::String(value))).value_or(default_limit);
  }
  return *limit;
}

// The totals: from HAL9's memory, where nothing is known yet. One that fails is one without.
static Totals &known() {
  if (totals) return *totals;
  totals = Totals();
  auto key = hal9::lend(key_of_totals);
  plugin_option_list_u8_t kept;
  hal9_plugin_memory_error_t error;
  if (!hal9_plugin_memory_get(&key, &kept, &error)) {
    tell(HAL9_PLUGIN_LOGGING_LEVEL_WARN, "cannot read the totals");
    hal9_plugin_memory_error_free(&error);
    return *totals;
  }
  const auto read = kept.is_some ? Totals::parse(view(kept.val)) : Totals();
  if (!read) tell(HAL9_PLUGIN_LOGGING_LEVEL_WARN, no_totals);
  totals = read.value_or(Totals());
  plugin_option_list_u8_free(&kept);
  return *totals;
}

// Counts more. A memory that fails costs nobody an answer.
static void add(std::uint64_t signals, std::uint64_t words) {
  processed += signals;
  known().add(signals, words);
  const auto written = totals->write();
  auto key = hal9::lend(key_of_totals);
  plugin_list_u8_t value = {reinterpret_cast<std::uint8_t *>(const_cast<char *>(written.data())), written.size()};
  hal9_plugin_memory_error_t error;
  if (!hal9_plugin_memory_set(&key, &value, &error)) {
    tell(HAL9_PLUGIN_LOGGING_LEVEL_WARN, "cannot keep the totals");
    hal9_plugin_memory_error_free(&error);
  }
}

static plugin_tuple2_string_string_t fact(std::string_view name, std::string_view value) {
  return {hal9::give(name), hal9::give(value)};
}

// Whether a fact or a column is one that this plugin adds. A name occurs once at most.
static bool is_ours(const plugin_string_t &name) { return hal9::view(name) == "keywords" || hal9::view(name) == "words"; }

bool exports_hal9_plugin_neuron_process_signal(exports_hal9_plugin_neuron_signal_t *came,
                                               exports_hal9_plugin_neuron_signal_t *reply,
                                               exports_hal9_plugin_neuron_failure_t *) {
  Signal signal(*came);
  const auto found = find(hal9::view(signal->content), configured());
  add(1, found.words);
  const auto words = std::to_string(found.words);
  tell(HAL9_PLUGIN_LOGGING_LEVEL_INFO, words + " words, " + std::to_string(found.keywords.size()) + " keywords");
  const auto is_our_fact = [](const auto &other) { return is_ours(other.f0); };
  hal9::take_out(signal->metadata, is_our_fact, plugin_tuple2_string_string_free);
  hal9::append(signal->metadata, fact("keywords", found.joined()));
  hal9::append(signal->metadata, fact("words", words));
  *reply = signal.release();
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

template <typename Item>
static Item *room(std::size_t items) {
  return static_cast<Item *>(hal9::allocate(nullptr, items * sizeof(Item)));
}

bool exports_hal9_plugin_neuron_process_batch(exports_hal9_plugin_neuron_signal_batch_t *came,
                                              exports_hal9_plugin_neuron_signal_batch_t *reply,
                                              exports_hal9_plugin_neuron_failure_t *failure) {
  Batch batch(*came);
  const auto rows = batch->timestamps.len;
  if (batch->ids.len != 2 * rows || !is_whole(batch->contents, rows) || !is_whole(batch->signal_types, rows)) {
    failed += rows;
    *failure = {HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, hal9::give("the columns have different numbers of rows")};
    return false;
  }
  hal9_plugin_types_column_t words = {hal9::give("words"), {}}, keywords = {hal9::give("keywords"), {}};
  words.values.tag = HAL9_PLUGIN_TYPES_COLUMN_VALUES_NUMBERS;
  words.values.val.numbers = {room<float>(rows), rows};
  keywords.values.tag = HAL9_PLUGIN_TYPES_COLUMN_VALUES_TEXTS;
  auto &texts = keywords.values.val.texts;
  texts.ends = {room<std::uint32_t>(rows), rows};
  std::string joined;
  std::uint64_t all = 0;
  std::uint32_t begin = 0;
  for (std::size_t row = 0; row < rows; row++) {
    const auto end = batch->contents.ends.ptr[row];
    const auto found = find(hal9::view(batch->contents.text).substr(begin, end - begin), configured());
    joined += found.joined();
    // Never longer than what came, whose ends fit.
    texts.ends.ptr[row] = static_cast<std::uint32_t>(joined.size());
    words.values.val.numbers.ptr[row] = static_cast<float>(found.words);
    all += found.words;
    begin = end;
  }
  texts.text = hal9::give(joined);
  add(rows, all);
  tell(HAL9_PLUGIN_LOGGING_LEVEL_INFO, std::to_string(all) + " words in a batch of " + std::to_string(rows));
  const auto is_our_column = [](const auto &other) { return is_ours(other.name); };
  hal9::take_out(batch->metadata, is_our_column, hal9_plugin_types_column_free);
  hal9::append(batch->metadata, keywords);
  hal9::append(batch->metadata, words);
  *reply = batch.release();
  return true;
}

void exports_hal9_plugin_neuron_state(exports_hal9_plugin_neuron_neuron_state_t *state) {
  *state = {processed, failed, {nullptr, 0}};
  hal9::append(state->details, fact("signals", std::to_string(known().signals)));
  hal9::append(state->details, fact("words", std::to_string(known().words)));
}

void exports_hal9_plugin_tool_describe(exports_hal9_plugin_tool_list_tool_description_t *tools) {
  const exports_hal9_plugin_tool_tool_description_t tool = {
      hal9::give(name_of_tool),
      hal9::give("Finds the most frequent words of a text, with how often each occurs."),
      hal9::give(schema),
  };
  *tools = {nullptr, 0};
  hal9::append(*tools, tool);
}

// The parameters of a call, or what is wrong with it.
static std::variant<Params, Wrong> read(const plugin_string_t &name, const plugin_string_t &params) {
  const std::string tool(hal9::view(name));
  if (tool != name_of_tool) return Wrong{"", "there is no tool `" + tool + "`; there is " + std::string(name_of_tool)};
  return read_params(hal9::view(params), configured());
}

bool exports_hal9_plugin_tool_validate(plugin_string_t *name, plugin_string_t *params,
                                       exports_hal9_plugin_tool_list_violation_t *violations) {
  hal9::String tool(*name), given(*params);
  const auto called = read(*tool, *given);
  const auto *wrong = std::get_if<Wrong>(&called);
  if (wrong == nullptr) return true;
  const exports_hal9_plugin_tool_violation_t violation = {hal9::give(wrong->path), hal9::give(wrong->message)};
  *violations = {nullptr, 0};
  hal9::append(*violations, violation);
  return false;
}

bool exports_hal9_plugin_tool_execute(plugin_string_t *name, plugin_string_t *params, plugin_string_t *result,
                                      exports_hal9_plugin_tool_failure_t *failure) {
  hal9::String tool(*name), given(*params);
  const auto called = read(*tool, *given);
  if (const auto *wrong = std::get_if<Wrong>(&called)) {
    const bool is_known = hal9::view(*tool) == name_of_tool;
    failure->code = is_known ? HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT : HAL9_PLUGIN_TYPES_FAILURE_CODE_NOT_FOUND;
    failure->message = hal9::give(wrong->message);
    return false;
  }
  const auto *asked = std::get_if<Params>(&called);
  const auto found = find(asked->text, asked->limit);
  // No word has a character in it that JSON would escape.
  std::string json = "{\"words\":" + std::to_string(found.words) + ",\"keywords\":[";
  for (const auto &[word, count] : found.keywords) {
    if (json.back() != '[') json += ',';
    json += "{\"word\":\"" + word + "\",\"count\":" + std::to_string(count) + '}';
  }
  *result = hal9::give(json + "]}");
  return true;
}

bool exports_hal9_plugin_lifecycle_init(exports_hal9_plugin_lifecycle_failure_t *) { return true; }

void exports_hal9_plugin_lifecycle_health(exports_hal9_plugin_lifecycle_health_report_t *report) {
  *report = {EXPORTS_HAL9_PLUGIN_LIFECYCLE_STATUS_HEALTHY, hal9::give("")};
}

// The host has another configuration already: it is asked for when it is needed.
bool exports_hal9_plugin_lifecycle_reconfigure(plugin_string_t *config, exports_hal9_plugin_lifecycle_failure_t *) {
  hal9::String dropped(*config);
  limit.reset();
  return true;
}

bool exports_hal9_plugin_lifecycle_export_state(plugin_list_u8_t *state, exports_hal9_plugin_lifecycle_failure_t *) {
  const auto written = hal9::give(known().write());
  *state = {written.ptr, written.len};
  return true;
}

bool exports_hal9_plugin_lifecycle_import_state(plugin_list_u8_t *state,
                                                exports_hal9_plugin_lifecycle_failure_t *failure) {
  Bytes bytes(*state);
  const auto given = Totals::parse(view(*bytes));
  if (!given) {
    *failure = {HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, hal9::give(no_totals)};
    return false;
  }
  totals = given;
  return true;
}

void exports_hal9_plugin_lifecycle_shutdown() {}
