// What has been counted over all signals: how it is written. It knows nothing of where it is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Signals that were answered, and the words in them.
struct Totals {
  std::uint64_t signals = 0, words = 0;

  // Counts more, up to the largest that every language of these plugins has a whole number for.
  void add(std::uint64_t more_signals, std::uint64_t more_words);

  // As `parse` reads them.
  std::string write() const;

  // As they were written, and none where nothing was; nothing for anything else.
  static std::optional<Totals> parse(std::string_view written);
};
