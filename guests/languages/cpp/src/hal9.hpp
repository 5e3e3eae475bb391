// What C++ makes easier of the C bindings that `hal9 plugin build` makes of wit/world.wit: who frees what. There are no
// exceptions in a plugin: what there is no memory for ends the call as a trap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "plugin.h"

namespace hal9 {

// A value that is freed with its scope, unless it is given back. An export owns what it is called with.
template <typename T, void (*Free)(T *)>
class Owned {
 public:
  explicit Owned(const T &value) : value_(value) {}
  ~Owned() {
    if (is_mine_) Free(&value_);
  }
  Owned(const Owned &) = delete;
  Owned &operator=(const Owned &) = delete;

  T &operator*() { return value_; }
  T *operator->() { return &value_; }

  // Gives it back: the caller frees it.
  T release() {
    is_mine_ = false;
    return value_;
  }

 private:
  T value_;
  bool is_mine_ = true;
};

using String = Owned<plugin_string_t, plugin_string_free>;

inline void *allocate(void *old, std::size_t bytes) {
  void *memory = std::realloc(old, bytes > 0 ? bytes : 1);
  if (memory == nullptr) std::abort();
  return memory;
}

// The text of a string, as long as that is there.
inline std::string_view view(const plugin_string_t &string) {
  return string.len == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char *>(string.ptr), string.len);
}

// A string that HAL9 reads and does not keep.
inline plugin_string_t lend(std::string_view text) {
  return {reinterpret_cast<std::uint8_t *>(const_cast<char *>(text.data())), text.size()};
}

// A string of its own, which whoever gets it frees.
inline plugin_string_t give(std::string_view text) {
  auto *bytes = static_cast<std::uint8_t *>(allocate(nullptr, text.size()));
  if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

// Adds an item to a list. A list without items has no memory of its own.
template <typename List, typename Item>
void append(List &list, const Item &item) {
  static_assert(std::is_same_v<decltype(list.ptr), Item *>, "an item of this list");
  list.ptr = static_cast<Item *>(allocate(list.len > 0 ? list.ptr : nullptr, (list.len + 1) * sizeof(Item)));
  list.ptr[list.len++] = item;
}

// Frees the items that fit, and closes the gaps.
template <typename List, typename Fits, typename Free>
void take_out(List &list, Fits fits, Free free) {
  std::size_t kept = 0;
  const std::size_t length = list.len;
  for (std::size_t i = 0; i < length; i++) {
    if (fits(list.ptr[i])) {
      free(&list.ptr[i]);
    } else {
      list.ptr[kept++] = list.ptr[i];
    }
  }
  if (kept == 0 && length > 0) std::free(list.ptr);
  list.len = kept;
}

}  // namespace hal9
