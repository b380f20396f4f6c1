// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
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

std::string text_of_base(const Term& term);  // "x", "(1)", "...": without primes and extent
std::string braced(const Side& side, bool has_extents);  // "{coil=8, y, x}": for messages

// What an operator's string says: input -> output, in normal form (shape-strings §3).
//
// A signature without "..." is *open*: it is read with a leading "..." on both sides, which is not
// printed. A Signature is a value and never changes after construction.
class Signature {
 public:
  Signature();  // "... -> ...": keeps whatever it is given
  Signature(Side input, Side output, bool is_open = true);

  // "y x -> coil y x".  A one-sided string keeps all its dims: "y x" is "y x -> y x".
  static Signature parse(std::string_view operation, std::string_view text);

  const Side& input() const noexcept { return input_; }
  const Side& output() const noexcept { return output_; }
  bool is_open() const noexcept { return is_open_; }

  bool has_ellipsis() const noexcept;  // "..." is written; then is_open() is false

  // Sides exchanged.
  Signature adjoint() const;
  // Of AᴴA: kept dims keep their name, mixed dims get a prime on the output.
  Signature normal() const;
  // Option batch = false; throws Error{shape} if "..." is written.
  Signature closed() const;
  Signature rename(const std::vector<std::pair<std::string, std::string>>& names) const;
  Signature with_extents(const std::vector<std::pair<Dim, int64_t>>& extents) const;

  bool keeps(Dim dim) const noexcept;      // stands on both sides with the same primes
  int64_t extent(Dim dim) const noexcept;  // kUnknown if not known or not there
  bool has(Dim dim) const noexcept;
  // Input dims, then further output dims; without variables and "...".
  std::vector<Dim> dims() const;
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
//
// weight        the dims of the weight, in normal form like the signature; a variable has no name
// weight_terms  the same as terms, which tell variables apart
struct WeightText {
  std::optional<std::vector<Dim>> weight;
  std::optional<Side> weight_terms;
  SignatureText signature;
};
WeightText parse_weight(std::string_view operation, std::string_view text);

// A signature with its inner dims: those that are neither input nor output, in order of execution
// and under the names that normal form gives them.
struct Composition {
  Signature signature;
  std::vector<std::pair<Dim, int64_t>> inner;
};

// A composed with B: `A * B`, B acts first.  `left` and `right` name the operators in messages.
Composition compose(const Signature& a,
                    std::string_view left,
                    const Signature& b,
                    std::string_view right);

// The same for operators that have inner dims of their own, so that those of the result are
// complete.  Inner dims are in order of execution; one that would need more than seven primes has
// no name and is left out.
Composition compose(const Composition& a,
                    std::string_view left,
                    const Composition& b,
                    std::string_view right);
Composition adjoint(const Composition& a);
Composition normal(const Composition& a);
Composition rename(const Composition& a,
                   const std::vector<std::pair<std::string, std::string>>& names);

// The signature of a sum of two terms; a dim is kept only if both keep it.
Signature add(const Signature& a,
              std::string_view left,
              const Signature& b,
              std::string_view right);

// What applying an operator with this signature to a tensor of shape x means (shape-strings §5,
// rules 1-3).
//
// Dims without a name (unnamed batch dims, unbound variables) have names such as "#3" in `input`,
// `seen_output` and `variables`, which no string can contain.
//
// input        shape of x with the names that the operator sees: batch dims where "..." stands
// output       shape of the result, in the operator's order, with the names that the caller sees:
//              no primes; unnamed if not is_named
// seen_output  the same with the names that the operator sees, primes included
// batch        positions in `input` of the dims bound to "..."
// is_named     false if the result has a dim without a name
// variables    what each variable of the input was bound to
//
// Extents of the output that neither x nor the signature knows are kUnknown: the operator fills
// them.
struct Binding {
  Shape input;
  Shape output;
  Shape seen_output;
  std::vector<int> batch;
  bool is_named = true;
  std::vector<std::pair<int, Dim>> variables;
};
Binding bind(const Signature& signature, std::string_view operation, const Shape& x);

// A std::string among the arguments would otherwise make argument-dependent lookup choose
// std::bind, which compiles and does nothing.
template <class S, class O, class X>
requires(
    std::is_same_v<std::remove_cvref_t<S>, Signature>&& std::is_convertible_v<O, std::string_view>&&
        std::is_same_v<std::remove_cvref_t<X>, Shape>) Binding
    bind(S&& signature, O&& operation, X&& x) {
  const Signature& s = signature;
  const std::string_view o = operation;
  const Shape& shape = x;
  return bind(s, o, shape);
}

}  // namespace lunops
