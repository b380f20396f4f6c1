// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/signature.hpp"

namespace lunops {

// A list of dims of a Unifier, by number; kRest stands for "...".
using DimList = std::vector<int>;
inline constexpr int kRest = -1;

// The dims of one or more signatures while they are made to fit each other (shape-strings §4).
//
// A dim has a base (its name or variable) and an extent.  Equal names have one base, variables of
// different signatures different ones.  Joining dims joins their bases and merges their extents;
// joining bases leaves dims apart, so that x and x' stay two dims of one base.
class Unifier {
 public:
  struct Sides {
    DimList input;
    DimList output;  // a kept dim has one number on both sides
  };
  // The implied "..." of an open signature is written out.
  Sides load(const Signature& signature);
  DimList load(const Side& side);
  DimList load(const Shape& shape);  // primes dropped; unnamed dims become fresh variables
  int copy(int dim);                 // another dim of the same base and of unknown extent

  int find(int dim) const;  // the dim that represents all that were joined with it
  bool have_one_base(int a, int b) const { return root(base_of(a)) == root(base_of(b)); }
  Name name(int dim) const { return bases_[static_cast<size_t>(root(base_of(dim)))].name; }
  int variable(int dim) const { return root(base_of(dim)); }  // tells unbound variables apart
  int64_t extent(int dim) const { return dims_[static_cast<size_t>(find(dim))].extent; }
  std::string text(int dim) const;       // the term as it was loaded, without primes
  std::string base_text(int dim) const;  // the name it is bound to, else as loaded

  // "" or what is wrong: "'x' against 'sample'", "'(1)' is 'a', then 'b'".
  std::string join_bases(int a, int b);
  bool join_extents(int a, int b);  // false: both are known and differ
  void join_dims(int a, int b);     // after the two above

  // The first base that occurs twice, as a dim, or -1.
  int repeated(const DimList& side) const;

 private:
  struct Base {
    int parent;
    Name name;
  };
  struct Node {
    int parent;
    int base;
    int64_t extent;
    Term term;
  };
  int base_of(int dim) const { return dims_[static_cast<size_t>(dim)].base; }
  int root(int base) const;
  int add_term(const Term& term, std::vector<std::pair<int, int>>& variables);

  std::vector<Base> bases_;
  std::vector<Node> dims_;
};

// Which dims of two lists meet, by position alone.
struct Alignment {
  std::vector<std::pair<int, int>>
      pairs;  // dims of p and of q, in the order in which they are compared
  // What "..." of p is bound to: dims of q, perhaps with q's own "..." among them.  Likewise
  // q_rest.  Absent: it stays free, or there is none.  If both lists have "..." and neither gets
  // more than the other's, both are absent.
  std::optional<DimList> p_rest;
  std::optional<DimList> q_rest;
};

struct Misfit {
  enum class Kind : uint8_t { length, ambiguous };
  Kind kind = Kind::length;
  std::string reason;  // "0 dims, at least 1 needed"
};

// Exactly one of the two is set.
struct AlignResult {
  std::optional<Alignment> alignment;
  Misfit misfit;
};
AlignResult align(const DimList& p, const DimList& q);

std::string count_of_dims(std::ptrdiff_t count);  // "1 dim", "2 dims"

// `side` with "..." replaced by what it is bound to.
DimList expand(const DimList& side, const std::optional<DimList>& rest);

// The signature with these sides, in normal form, and the inner dims among `inner` under their
// final names. `is_rest_implied`: a "..." that leads both sides is not written.
Composition to_signature(const Unifier& unifier,
                         const DimList& input,
                         const DimList& output,
                         const DimList& inner,
                         bool is_rest_implied);

}  // namespace lunops
