// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace lunops {

// Which grammar a string was parsed by: one string may mean two things.
enum class ParseContext : uint8_t {
  shape,
  signature,
  weight,
  pattern,
  reduction,
  expansion,
  match,
  einsum
};

// Parsed strings by (context, text): at most kParseCacheSize of them, the least recently used go
// first. The table is process-wide and thread-safe.  Values are immutable and shared.  What throws
// is not remembered.
inline constexpr size_t kParseCacheSize = 1024;

struct ParseCacheCounts {
  size_t entries;
  uint64_t hits;
  uint64_t misses;
};
ParseCacheCounts parse_cache_counts();
void clear_parse_cache();  // for tests

std::shared_ptr<const void> find_parsed(ParseContext context, std::string_view text);

// Remembers `value` and returns it, or the value that another thread has put there in the meantime.
std::shared_ptr<const void> remember_parsed(ParseContext context,
                                            std::string_view text,
                                            std::shared_ptr<const void> value);

// The parsed form of `text`, by parse(operation, text) if it is not in the table.  T belongs to the
// context.
template <class T, class Parse>
std::shared_ptr<const T> cached(ParseContext context,
                                std::string_view operation,
                                std::string_view text,
                                Parse&& parse) {
  std::shared_ptr<const void> found = find_parsed(context, text);
  if (!found) {
    found = remember_parsed(context, text, std::make_shared<const T>(parse(operation, text)));
  }
  return std::static_pointer_cast<const T>(found);
}

}  // namespace lunops
