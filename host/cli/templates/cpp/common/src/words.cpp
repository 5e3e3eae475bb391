#include "words.hpp"

std::uint64_t count_words(std::string_view text) {
  constexpr std::string_view spaces = " \t\n\v\f\r";
  std::uint64_t words = 0;
  for (auto begin = text.find_first_not_of(spaces); begin != text.npos; words++) {
    const auto end = text.find_first_of(spaces, begin);
    begin = end == text.npos ? end : text.find_first_not_of(spaces, end);
  }
  return words;
}
