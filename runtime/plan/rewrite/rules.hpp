// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/builder.hpp"
#include "runtime/plan/rewrite/product.hpp"

namespace lunops {

// The rules of operators.md §11 on products.
//
// A rule takes a product, changes it if its pattern is there, and returns whether it did.  They are
// tried in the order of the table, from its start again after each change, until none applies:
// every rule leaves fewer factors, fewer operators in them, or smaller arrays between them.
struct Rule {
  enum class Kind : uint8_t { exact, approximate };
  std::string_view id;         // "R6"; of explain's lines
  std::string_view name;       // of {rewrite = {name = false}}
  std::string_view condition;  // beyond the pattern
  Kind kind;
  bool (*apply)(Product&, Builder&);
};
std::span<const Rule> rules() noexcept;

// Throws Error{argument} if there is no such rule.
void require_rule(std::string_view operation, std::string_view name);

// The simplest form that the rules reach; returns how many were applied, at most kMostRewrites for
// each factor that the product had.
constexpr int kMostRewrites = 64;
int rewrite(Product& p, Builder& b);

// Rules of products, one function each, by the file that holds them.
// elementary.cpp
bool drop_identities(Product& p, Builder& b);  // R2
bool drop_zeros(Product& p, Builder& b);       // R3
bool collect_scalars(Product& p, Builder& b);  // R5
// Whether s may go from factor i to the left end: no barrier sees other data, and a complex scalar
// stays right of what is linear over the real numbers only.
bool passes_scalar(const Product& p, size_t i, c128 s);
bool drop_isometries(Product& p, Builder& b);    // R12
bool take_exact_normal(Product& p, Builder& b);  // R13, R20
// diagonal.cpp
bool merge_diagonals(Product& p, Builder& b);  // R6
bool move_diagonal(Product& p, Builder& b);    // R7
bool absorb_diagonal(Product& p, Builder& b);  // R8
// convolution.cpp
bool merge_convolutions(Product& p, Builder& b);  // R21
// dense.cpp
bool merge_dense(Product& p, Builder& b);        // R9
bool fuse_dense_normal(Product& p, Builder& b);  // R17
// A kernel of so many elements may take 10 % of the memory budget (rule of Dense).
bool fits_share_of_budget(Builder& b, double elements, bool is_complex);
// joining.cpp
bool join_kroneckers(Product& p, Builder& b);  // R25
bool join_devices(Product& p, Builder& b);     // R27
bool join_repeats(Product& p, Builder& b);     // R24
bool join_casts(Product& p, Builder& b);       // R26
// merging.cpp
bool merge_moves(Product& p, Builder& b);  // R10
// rearranging.cpp
// Rearranges i and i + 1 as one; a null core stands for the identity, nothing if they stay apart.
std::optional<Node> merged_rearranges(const Product& p, size_t i, const Builder& b);
// moving.cpp
bool select_first(Product& p, Builder& b);  // R11
// sums_of_normals.cpp
bool join_kernels(Product& p, Builder& b);  // R16
// R16 on the terms of a sum, applied to images of this shape and dtype: those that are one normal
// around equal factors become one where that is a Toeplitz kernel.  Returns whether any did.
bool join_normals(std::vector<Product>& terms,
                  const std::optional<Shape>& x,
                  DType dtype,
                  Builder& b);
// sums.cpp
bool factor_out(Product& p, Builder& b);  // R18
bool merge_sums(Product& p, Builder& b);  // R19: an Add that is one product
// basis.cpp
bool fold_matrix_normal(Product& p, Builder& b);  // R15
// nufft.cpp
bool fold_nufft_normal(Product& p, Builder& b);  // R14
bool attach_maps(Product& p, Builder& b);        // pre-weights of a NUFFT or of its normal
// pointwise.cpp
bool fuse_pointwise(Product& p, Builder& b);  // R29
// pruned.cpp
bool prune_ffts(Product& p, Builder& b);  // R23
// transform.cpp
bool merge_ffts(Product& p, Builder& b);  // R22

// Sums: the terms of an Add, nested ones included, each a simple product (R1, R2, R5).
void collect_terms(const Node& add, std::vector<Product>& terms, Builder& b);
// A term: one level, its identities dropped and its scalars taken out.
Product simple_product(const Node& node, Builder& b);
// A product as a node; nothing where it has no factor that would say its dims.
std::optional<Linop> operator_of(const Product& p);
// R3, R19: equal products once, no zeros, Diagonals, Scalars and Identities over the same dims as
// one Diagonal.
void merge_terms(std::vector<Product>& terms, Builder& b);

}  // namespace lunops
