// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/plan/builder.hpp"

namespace lunops {

// Products and sums in flat form, and the rules that simplify them (operators.md §11).
//
// A rule takes a product, changes it if its pattern is there, and returns whether it did; they are
// applied to a fixed point.  All of them are exact but for the NUFFT normal, which is within the
// tolerance of its operator.

// R1, R4, R5: one level, modes pushed to the factors, scalars taken out, identities dropped (R2).
// Without `simplify` scalars and identities stay factors.
Product flatten(const Node& node, bool simplify);

// R1 for sums: the terms of an Add, nested ones included, each flat.
void collect_terms(const Node& add, std::vector<Product>& terms);
// R19: equal products once, Diagonals, Scalars and Identities over the same dims as one Diagonal.
void merge_terms(std::vector<Product>& terms, Builder& b);

bool merge_sums(Product& p, Builder& b);         // R19: an Add that is one product
bool drop_isometries(Product& p, Builder& b);    // R12: Uᴴ U
bool merge_diagonals(Product& p, Builder& b);    // R6
bool fuse_dense_normal(Product& p, Builder& b);  // R17
bool fold_nufft_normal(Product& p, Builder& b);  // R14
bool attach_maps(Product& p, Builder& b);        // pre-weights of a NUFFT or of its normal

void rewrite(Product& p, Builder& b);

}  // namespace lunops
