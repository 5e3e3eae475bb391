#include "totals.hpp"

#include <charconv>

// 2^53 - 1
static constexpr std::uint64_t most = 9007199254740991;

static std::uint64_t sum(std::uint64_t one, std::uint64_t other) { return other > most - one ? most : one + other; }

void Totals::add(std::uint64_t more_signals, std::uint64_t more_words) {
  signals = sum(signals, more_signals);
  words = sum(words, more_words);
}

std::string Totals::write() const { return std::to_string(signals) + ' ' + std::to_string(words); }

std::optional<Totals> Totals::parse(std::string_view written) {
  Totals totals;
  if (written.empty()) return totals;
  const auto *end = written.data() + written.size();
  // It takes digits alone: no sign, no space.
  const auto first = std::from_chars(written.data(), end, totals.signals);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, totals.words);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  if (totals.signals > most || totals.words > most) return std::nullopt;
  return totals;
}
