// A provider of one tool, `count_words`, which agents call with {"text": "…"}.
//
// plugin.h is made of wit/world.wit by `hal9 plugin build`, and has what HAL9's interfaces say. What an export is given is the
// plugin's to free, and what it gives back is freed by the caller.
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "words.h"

typedef exports_hal9_plugin_tool_tool_description_t description_t;
typedef exports_hal9_plugin_tool_violation_t violation_t;

static const char PARAMETERS[] =
    "{\"type\": \"object\", \"required\": [\"text\"], \"additionalProperties\": false,"
    " \"properties\": {\"text\": {\"type\": \"string\", \"description\": \"Any text\"}}}";

void exports_hal9_plugin_tool_describe(exports_hal9_plugin_tool_list_tool_description_t *tools) {
  description_t *tool = malloc(sizeof *tool);
  if (tool == NULL) abort();
  plugin_string_dup(&tool->name, "count_words");
  plugin_string_dup(&tool->description, "Counts the words of a text: what white space separates.");
  plugin_string_dup(&tool->parameters, PARAMETERS);
  tools->ptr = tool;
  tools->len = 1;
}

static bool is_known(const plugin_string_t *name) {
  return name->len == strlen("count_words") && memcmp(name->ptr, "count_words", name->len) == 0;
}

// What is wrong with parameters, and where; NULL, where they are right and `text` is theirs.
static const char *wrong(const plugin_string_t *params, const char **path, uint8_t **text, size_t *length) {
  *path = "/text";
  switch (json_only_string(params->ptr, params->len, "text", text, length)) {
    case JSON_FOUND: return NULL;
    case JSON_NOT_A_STRING: return "`text` must be a string";
    case JSON_MISSING: *path = ""; return "`text` is missing: give {\"text\": \"…\"}";
    case JSON_UNKNOWN_MEMBER: *path = ""; return "there is a member that is not `text`, which is the only one";
    case JSON_NOT_AN_OBJECT: *path = ""; return "the parameters must be an object: {\"text\": \"…\"}";
    case JSON_NOT_JSON: break;
  }
  *path = "";
  return "the parameters are not JSON";
}

bool exports_hal9_plugin_tool_validate(plugin_string_t *name, plugin_string_t *params,
                                       exports_hal9_plugin_tool_list_violation_t *violations) {
  const char *path = "";
  uint8_t *text = NULL;
  size_t length;
  const char *message = is_known(name) ? wrong(params, &path, &text, &length) : "there is no such tool";
  free(text);
  plugin_string_free(name);
  plugin_string_free(params);
  if (message == NULL) return true;
  violation_t *violation = malloc(sizeof *violation);
  if (violation == NULL) abort();
  plugin_string_dup(&violation->path, path);
  plugin_string_dup(&violation->message, message);
  violations->ptr = violation;
  violations->len = 1;
  return false;
}

bool exports_hal9_plugin_tool_execute(plugin_string_t *name, plugin_string_t *params, plugin_string_t *result,
                                      exports_hal9_plugin_tool_failure_t *failure) {
  const char *path;
  uint8_t *text = NULL;
  size_t length;
  const char *message = "there is no such tool";
  failure->code = HAL9_PLUGIN_TYPES_FAILURE_CODE_NOT_FOUND;
  if (is_known(name)) {
    message = wrong(params, &path, &text, &length);
    failure->code = HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT;
  }
  if (message == NULL) {
    char line[64];
    uint64_t words = count_words(text, length);
    snprintf(line, sizeof line, "{\"words\": %" PRIu64 "}", words);
    plugin_string_dup(result, line);
    snprintf(line, sizeof line, "%" PRIu64 " words", words);
    plugin_string_t log;
    plugin_string_set(&log, line);
    hal9_plugin_logging_log(HAL9_PLUGIN_LOGGING_LEVEL_INFO, &log);
  } else {
    plugin_string_dup(&failure->message, message);
  }
  free(text);
  plugin_string_free(name);
  plugin_string_free(params);
  return message == NULL;
}
