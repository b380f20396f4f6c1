// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/linop/core.hpp"

namespace lunops {

// A product with its scalars taken out; the last factor acts first.
struct Product {
  c128 scale{1.0, 0.0};
  std::vector<Node> factors;
};

// R1, R4: one level, with modes pushed to the factors.  Where `simplify`, a factor that shows other
// names than its core becomes a core of those names, so that rules can look at them.
Product flatten(const Node& node, bool simplify);

// Aᴴ, an optional factor M, and A in a product.
struct Sandwich {
  size_t begin = 0;
  const Node* middle = nullptr;  // null: none
  size_t length = 0;             // 2 or 3
};
template <class Accept>
std::optional<Sandwich> find_sandwich(const std::vector<Node>& f, const Accept& accept) {
  for (size_t i = 0; i + 1 < f.size(); ++i) {
    for (const size_t length : {size_t{2}, size_t{3}}) {
      if (i + length > f.size()) continue;
      const Node& a = f[i + length - 1];
      if (!accept(a) || !same_node(f[i], with_mode(a, Mode::adjoint))) continue;
      return Sandwich{i, length == 3 ? &f[i + 1] : nullptr, length};
    }
  }
  return std::nullopt;
}

// Factors first … first + count - 1 give way to `by`, or to nothing.
void replace(Product& p, size_t first, size_t count, Node by);
void erase(Product& p, size_t first, size_t count);

bool same_factors(const Product& a, const Product& b);
bool is_subset(const Side& part, const Side& of);

// Nodes that rules neither remove nor move others across: what they do is not in their mathematics.
bool is_barrier(const Node& node);
bool has_barrier(const Product& p);

// How the dims between two neighbours of a product fit: compose() matched the last dims by name,
// the longer list goes on to the left with batch dims of the other.  Nothing where variables,
// written ellipses or closed signatures leave open what stands where.
struct Junction {
  Side in;      // of the left factor, outermost first
  Side out;     // of the right factor
  size_t both;  // the last so many terms of the two are the same dims
};
std::optional<Junction> junction(const Node& left, const Node& right);

// Terms of the core's forward signature that face the input and the output in this mode; weights
// name their dims by them.
const Side& own_input(const Node& node);
const Side& own_output(const Node& node);

// The sides of left * right with a number for each dim, equal where the two mean the same.
//
// A product's sides have base names; a dim that stands on both and is not kept has a prime on the
// output.  Nothing where names would meet twice on a side.
struct Joined {
  Side in, out;
  std::vector<int> in_dims, out_dims;                       // by term of `in` and `out`
  std::vector<int> left_in, left_out, right_in, right_out;  // by own term of the factor
  int count = 0;

  bool keeps(int dim) const noexcept;
};
std::optional<Joined> join(const Node& left, const Node& right);

}  // namespace lunops
