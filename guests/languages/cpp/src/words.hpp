// The words of a text and which of them are its keywords. It knows letters as bytes, and nothing of HAL9.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct Keyword {
  std::string word;
  std::uint64_t count;
};

struct Found {
  // How many words there are, stop words among them.
  std::uint64_t words = 0;
  // The most frequent ones; of those that occur as often, the first comes first.
  std::vector<Keyword> keywords;

  // The keywords alone, joined by commas, which are in no word.
  std::string joined() const;
};

// How many words a UTF-8 text has, and its keywords: `limit` at most.
Found find(std::string_view text, std::size_t limit);
