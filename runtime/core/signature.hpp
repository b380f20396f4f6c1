// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/dim.hpp"
#include "runtime/core/shape.hpp"

namespace lunops {

// One term of a side: a named dim, a variable that stands for one dim, or "..." that stands for a
// list of dims.
struct Term {
  enum class Kind : uint8_t { dim, variable, ellipsis };
  Kind kind = Kind::dim;
  Dim dim;                    // kind dim: the dim.  kind variable: only the primes count
  int variable = 0;           // kind variable: its number, from 1
  int64_t extent = kUnknown;  // kinds dim and variable

  bool operator==(const Term&) const = default;
};

using Side = std::vector<Term>;

// What an operator's string says: input -> output, in normal form (shape-strings §3).
//
// A signature without "..." is *open*: it is read with a leading "..." on both sides, which is not
// printed. A Signature is a value and never changes after construction.
class Signature {
 public:
  Signature() = default;  // "..." -> "...": accepts anything
  Signature(Side input, Side output, bool is_open = true);

  // "y x -> coil y x".  One-sided strings are given to parse_one_sided.
  static Signature parse(std::string_view operation, std::string_view text);

  const Side& input() const noexcept { return input_; }
  const Side& output() const noexcept { return output_; }
  bool is_open() const noexcept { return is_open_; }

  Signature adjoint() const;  // sides exchanged
  Signature normal()
      const;  // of AᴴA: kept dims keep their name, mixed dims get a prime on the output
  Signature closed() const;  // option batch = false
  Signature rename(const std::vector<std::pair<std::string, std::string>>& names) const;
  Signature with_extents(const std::vector<std::pair<Dim, int64_t>>& extents) const;

  bool keeps(Dim dim) const noexcept;      // stands on both sides with the same primes
  int64_t extent(Dim dim) const noexcept;  // kUnknown if not known or not there
  bool has(Dim dim) const noexcept;
  std::vector<Dim> dims()
      const;             // input dims, then further output dims; without variables and "..."
  Shape ishape() const;  // the named dims of a side with the extents known so far
  Shape oshape() const;

  std::string text() const;  // normal form: "y=256 x=256 -> coil=8 y=256 x=256"
  std::string itext() const;
  std::string otext() const;
  bool operator==(const Signature&) const = default;

 private:
  Side input_;
  Side output_;
  bool is_open_ = true;
};

// A parsed one- or two-sided signature string; `is_one_sided` tells which, and then `side` holds
// its terms.
struct SignatureText {
  bool is_one_sided = false;
  Side side;            // one-sided
  Signature signature;  // two-sided
};
SignatureText parse_signature(std::string_view operation, std::string_view text);

// A parsed weight string "m n, n -> m" (the comma part is absent for plain signatures).
struct WeightText {
  std::optional<std::vector<Dim>>
      weight;  // dims of the weight; numbered wildcards have been given fresh variables
  std::optional<Side> weight_terms;
  SignatureText signature;
};
WeightText parse_weight(std::string_view operation, std::string_view text);

// A composed with B: `A * B`, B acts first.  `left` and `right` name the operators in messages.
// inner: dims of the match that are neither input nor output of the product, renamed to normal
// form.
struct Composition {
  Signature signature;
  std::vector<std::pair<Dim, int64_t>> inner;
};
Composition compose(const Signature& a,
                    std::string_view left,
                    const Signature& b,
                    std::string_view right);

// The signature of a sum of two terms; a dim is kept only if both keep it.
Signature add(const Signature& a,
              std::string_view left,
              const Signature& b,
              std::string_view right);

// What applying an operator with this signature to a tensor of shape x means (shape-strings §5,
// rules 1-3).
//
// input    the shape of x with the names the operator sees: batch dims first if the signature is
// open, then its own. output   shape of the result, in the operator's order, with the names that
// the caller sees (no primes).  Extents that neither x
//          nor the signature knows are kUnknown: the operator fills them.
// batch    positions in `input` of the dims bound to "...".
// is_named false if x is unnamed and the result cannot be named.
struct Binding {
  Shape input;
  Shape output;
  std::vector<int> batch;
  bool is_named = true;
  std::vector<std::pair<int, Dim>> variables;  // what each variable was bound to
};
Binding bind(const Signature& signature, std::string_view operation, const Shape& x);

}  // namespace lunops
