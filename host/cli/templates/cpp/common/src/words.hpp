// The logic of the plugin. It knows nothing of HAL9, so that tests run it natively.
#pragma once

#include <cstdint>
#include <string_view>

// How many words a UTF-8 text has: runs of what is not ASCII white space.
std::uint64_t count_words(std::string_view text);
