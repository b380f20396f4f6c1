// SPDX-License-Identifier: MIT
#include "runtime/core/parse_cache.hpp"

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "runtime/core/shape_lexer.hpp"

namespace lunops {

namespace {

struct Entry {
  std::string key;
  std::shared_ptr<const void> value;
};

std::string key_of(ParseContext context, std::string_view text) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(context)));
  return key.append(text);
}

class ParseCache {
 public:
  std::shared_ptr<const void> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) {
      ++misses_;
      return nullptr;
    }
    ++hits_;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  std::shared_ptr<const void> remember(std::string key, std::shared_ptr<const void> value) {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) return found->second->value;
    entries_.push_front({std::move(key), std::move(value)});
    places_.emplace(entries_.front().key, entries_.begin());
    if (entries_.size() > kParseCacheSize) {
      places_.erase(entries_.back().key);
      entries_.pop_back();
    }
    return entries_.front().value;
  }

  ParseCacheCounts counts() {
    const std::lock_guard lock(mutex_);
    return {entries_.size(), hits_, misses_};
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    places_.clear();
    entries_.clear();
    hits_ = 0;
    misses_ = 0;
  }

 private:
  std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator>
      places_;  // keys live in entries_
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

// Never destroyed, as threads may outlive static destruction.
ParseCache& cache() {
  static ParseCache& table = *new ParseCache;
  return table;
}

}  // namespace

ParseCacheCounts parse_cache_counts() { return cache().counts(); }

void clear_parse_cache() { cache().clear(); }

std::shared_ptr<const void> find_parsed(ParseContext context, std::string_view text) {
  if (text.size() > kMaxShapeText) return nullptr;  // an error in every context
  return cache().find(key_of(context, text));
}

std::shared_ptr<const void> remember_parsed(ParseContext context,
                                            std::string_view text,
                                            std::shared_ptr<const void> value) {
  return cache().remember(key_of(context, text), std::move(value));
}

}  // namespace lunops
