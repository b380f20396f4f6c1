// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lunops {

inline constexpr int kMaxDims = 32;      // dims per side of a signature, and per tensor
inline constexpr int64_t kUnknown = -1;  // an extent that is not known yet

// A dim name, interned: comparing two names compares two integers.  Interning is thread-safe and
// never forgets.
class Name {
 public:
  Name() = default;  // the empty name, of unnamed dims
  static Name intern(std::string_view text);
  std::string_view text() const noexcept;
  bool empty() const noexcept { return id_ == 0; }
  uint32_t id() const noexcept { return id_; }
  auto operator<=>(const Name&) const = default;

 private:
  uint32_t id_ = 0;
};

// A name with a prime count: x, x', x''.
struct Dim {
  Name name;
  uint8_t primes = 0;

  // "x''"; throws Error{shape}, said of `operation`.
  static Dim parse(std::string_view text, std::string_view operation = "dim");
  std::string text() const;
  Dim without_primes() const { return {name, 0}; }
  auto operator<=>(const Dim&) const = default;
};

}  // namespace lunops
