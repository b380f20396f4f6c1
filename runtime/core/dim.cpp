// SPDX-License-Identifier: MIT
#include "runtime/core/dim.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "runtime/core/shape_lexer.hpp"

namespace lunops {

namespace {

// Names by id, in blocks of doubling size, so that a name never moves and reading one takes no
// lock. Block b holds the ids [64·(2^b - 1), 64·(2^(b+1) - 1)).  Who holds an id got it, directly
// or through another thread, from intern(), which wrote the text before it gave out the id.
class NameTable {
 public:
  NameTable() { insert(""); }
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  uint32_t intern(std::string_view text) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
    }
    const std::unique_lock lock(mutex_);
    if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
    return insert(text);
  }

  std::string_view text(uint32_t id) const noexcept {
    const auto [block, index] = place(id);
    return blocks_[block].load(std::memory_order_acquire)[index];
  }

 private:
  static constexpr uint64_t kFirst = 64;

  static std::pair<size_t, size_t> place(uint64_t id) noexcept {
    const auto block = static_cast<size_t>(std::bit_width(id / kFirst + 1) - 1);
    return {block, static_cast<size_t>(id - kFirst * ((uint64_t{1} << block) - 1))};
  }

  uint32_t insert(std::string_view text) {
    const uint32_t id = count_;
    const auto [block, index] = place(id);
    if (index == 0) {
      owned_[block] = std::make_unique<std::string[]>(kFirst << block);
      blocks_[block].store(owned_[block].get(), std::memory_order_release);
    }
    std::string& stored = owned_[block][index];
    stored = text;
    ids_.emplace(stored, id);
    ++count_;
    return id;
  }

  std::shared_mutex mutex_;
  std::unordered_map<std::string_view, uint32_t> ids_;
  uint32_t count_ = 0;
  std::array<std::unique_ptr<std::string[]>, 27> owned_;
  std::array<std::atomic<std::string*>, 27> blocks_ = {};
};

// Never destroyed: a name may be read by a thread that outlives static destruction.
NameTable& names() {
  static NameTable& table = *new NameTable;
  return table;
}

}  // namespace

Name Name::intern(std::string_view text) {
  Name name;
  name.id_ = names().intern(text);
  return name;
}

std::string_view Name::text() const noexcept { return names().text(id_); }

Dim Dim::parse(std::string_view text, std::string_view operation) {
  Lexer lexer(operation, text);
  const ParsedDim parsed = parse_dim(lexer, lexer.next(), Extents::forbidden);
  const Token end = lexer.next();
  if (end.kind != Token::Kind::end) lexer.fail(end, "one dim is expected, such as \"x\" or \"x'\"");
  return parsed.dim;
}

std::string Dim::text() const {
  std::string text(name.text());
  text.append(primes, '\'');
  return text;
}

}  // namespace lunops
