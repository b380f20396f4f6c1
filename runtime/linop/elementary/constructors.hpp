// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
Linop Identity(std::string_view text = "...", const LinopOptions& options = {});
Linop Zero(std::string_view text, const LinopOptions& options = {});
Linop Scalar(c128 s, std::string_view text = "...", const LinopOptions& options = {});
Linop Diagonal(const Tensor& weight,
               std::optional<std::string_view> text = {},
               const LinopOptions& options = {});
// Whether the normal of a Dense is one operator with the Gram weights, or the pair of the two:
// "auto", by cost, "fused" or "pair".
struct DenseOptions : LinopOptions {
  std::string normal = "auto";
};
Linop Dense(const Tensor& weight,
            std::optional<std::string_view> text = {},
            const LinopOptions& options = {});
Linop Dense(const Tensor& weight,
            std::optional<std::string_view> text,
            const DenseOptions& options);

// U diag(s) V^H: U has the out dims, V the in dims, both the one rank dim, which s has as well.
struct LowRankOptions : LinopOptions {
  std::optional<Tensor> s = {};
  bool orthonormal = false;  // the columns of U are; checked
};
Linop LowRank(const Tensor& u,
              const Tensor& v,
              std::string_view text,
              const LowRankOptions& options = {});

// Entries of a sparse matrix: limits of the rows, or the row of each entry; columns; values.
struct SparseEntries {
  std::optional<Tensor> rowptr = {}, row = {};
  Tensor col, value;
  int64_t base = 0;  // what the first index is called; 1 in Lua
};
Linop Sparse(const SparseEntries& entries, std::string_view text, const LinopOptions& options = {});

Linop Kronecker(const Linop& a, const Linop& b, const LinopOptions& options = {});

}  // namespace lunops
