// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
Linop Chain(const std::vector<Linop>& factors,
            const LinopOptions& options = {});  // Chain{A, B, C}: C acts first

// Whether children run side by side: Linop::set_threaded.
struct WorkerOptions {
  std::optional<bool> threaded = {};  // absent: where it pays
  int64_t num_workers = 0;
};
struct AddOptions : LinopOptions, WorkerOptions {};
Linop Add(const std::vector<Linop>& terms, const AddOptions& options = {});

// Along a dim that the operators have: odim joins outputs, idim divides the input; at least one.
struct ConcatOptions : LinopOptions, WorkerOptions {
  std::string idim = {}, odim = {};
};
Linop Concat(const std::vector<Linop>& children, const ConcatOptions& options);

// Along a new dim, at a position from 1 among the dims of the side.
struct StackOptions : LinopOptions, WorkerOptions {
  std::string idim = {}, odim = {};
  int64_t idim_at = 1, odim_at = 1;
};
Linop Stack(const std::vector<Linop>& children, const StackOptions& options);

}  // namespace lunops
