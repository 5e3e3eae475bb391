// A provider of one tool, `count_words`, which agents call with {"text": "…"}.
//
// plugin.h is made of wit/world.wit by `hal9 plugin build`, and has what HAL9's interfaces say; hal9.hpp has who frees what.
#include "plugin.h"

#include <string>

#include "hal9.hpp"
#include "params.hpp"
#include "words.hpp"

static constexpr std::string_view name_of_tool = "count_words";

void exports_hal9_plugin_tool_describe(exports_hal9_plugin_tool_list_tool_description_t *tools) {
  const exports_hal9_plugin_tool_tool_description_t tool = {
      hal9::give(name_of_tool),
      hal9::give("Counts the words of a text: what white space separates."),
      hal9::give(schema),
  };
  *tools = {nullptr, 0};
  hal9::append(*tools, tool);
}

// The parameters of a call, or what is wrong with it.
static std::variant<Params, Wrong> read(const plugin_string_t &name, const plugin_string_t &params) {
  if (hal9::view(name) != name_of_tool) return Wrong{"", "there is no such tool"};
  return read_params(hal9::view(params));
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
  const auto words = std::to_string(count_words(std::get_if<Params>(&called)->text));
  *result = hal9::give("{\"words\": " + words + "}");
  const auto line = words + " words";
  auto message = hal9::lend(line);
  hal9_plugin_logging_log(HAL9_PLUGIN_LOGGING_LEVEL_INFO, &message);
  return true;
}
