#include "words.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

// Words that every text has, in the order of their bytes: they are words, and no keywords.
static constexpr std::array<std::string_view, 32> stop_words = {
    "a",  "an",  "and", "are", "as", "at",   "be",   "but", "by",   "for", "from", "has", "have", "he",   "i",   "in",
    "is", "it",  "not", "of",  "on", "or",   "she",  "that", "the", "they", "this", "to",  "was",  "we",   "with", "you"};
static_assert(std::is_sorted(stop_words.begin(), stop_words.end()));

static bool is_capital(char letter) { return letter >= 'A' && letter <= 'Z'; }

// ASCII letters, and whatever is beyond ASCII: in UTF-8, every byte of it is.
static bool is_letter(char byte) {
  return static_cast<unsigned char>(byte) >= 0x80 || (byte >= 'a' && byte <= 'z') || is_capital(byte);
}

std::string Found::joined() const {
  std::string all;
  for (const auto &keyword : keywords) {
    if (&keyword != &keywords.front()) all += ',';
    all += keyword.word;
  }
  return all;
}

Found find(std::string_view text, std::size_t limit) {
  std::string small(text);
  // ASCII alone, whatever the locale.
  for (char &letter : small) letter = is_capital(letter) ? static_cast<char>(letter | 0x20) : letter;

  Found found;
  struct Counted {
    std::string_view word;
    std::uint64_t count;
  };
  std::vector<Counted> counted;
  std::unordered_map<std::string_view, std::size_t> places;
  for (auto begin = small.begin(); begin != small.end();) {
    begin = std::find_if(begin, small.end(), is_letter);
    const auto end = std::find_if_not(begin, small.end(), is_letter);
    if (begin == end) break;
    const std::string_view word(&*begin, static_cast<std::size_t>(end - begin));
    begin = end;
    found.words++;
    if (std::binary_search(stop_words.begin(), stop_words.end(), word)) continue;
    const auto [place, is_new] = places.try_emplace(word, counted.size());
    if (is_new) counted.push_back({word, 0});
    counted[place->second].count++;
  }
  std::stable_sort(counted.begin(), counted.end(), [](const auto &a, const auto &b) { return a.count > b.count; });
  if (counted.size() > limit) counted.resize(limit);
  for (const auto &[word, count] : counted) found.keywords.push_back({std::string(word), count});
  return found;
}
