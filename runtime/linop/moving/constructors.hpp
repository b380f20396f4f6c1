// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
Linop Rename(std::string_view text, const LinopOptions& options = {});   // "y x -> ky kx"
Linop Permute(std::string_view text, const LinopOptions& options = {});  // "coil y x -> y x coil"
// A rearrange pattern: "coil y=(yo by) x -> coil by yo x".  `extent`: of members and groups.
Linop Rearrange(std::string_view text, const LinopOptions& options = {});
Linop SumReduce(std::string_view text, const LinopOptions& options = {});  // "a b -> a"
Linop Repeat(std::string_view text, const LinopOptions& options = {});     // "a -> a b"

// As users write it: from 1, both ends included; a single index drops its dim.
struct SliceRange {
  int64_t first = 1, last = 1, step = 1;
  bool drops = false;
};
struct SliceOptions : LinopOptions {
  std::vector<std::pair<std::string, SliceRange>> range = {};
};
// The dims of a one-sided string are those of the larger side, and so are the names in `extent`.
Linop Slice(std::string_view text, const SliceOptions& options);
Linop Embed(std::string_view text, const SliceOptions& options);

struct FlipOptions : LinopOptions {
  std::vector<std::string> dims = {};
};
Linop Flip(std::string_view text, const FlipOptions& options);
struct RollOptions : LinopOptions {
  std::vector<std::pair<std::string, int64_t>> shift = {};
};
Linop Roll(std::string_view text, const RollOptions& options);

struct PadOptions : LinopOptions {
  std::vector<std::pair<std::string, int64_t>> to = {};
  std::optional<double> scale = {};
  std::string at = "centre";  // centre, start, end
};
Linop Pad(std::string_view text, const PadOptions& options);
Linop Crop(std::string_view text, const PadOptions& options);
// Zeros at the end, and what lies there cut off: Pad and Crop with at = "start".
Linop PadDim(std::string_view text, const PadOptions& options);
Linop Truncate(std::string_view text, const PadOptions& options);

// `index`: integers, whose last dim has one entry for each grid dim in the string's order, or a
// bool mask over the grid; or one tensor of integers for each grid dim.
struct SamplingOptions : LinopOptions {
  int64_t base = 0;  // what the first index is called; 1 in Lua
};
Linop Sampling(const Tensor& index, std::string_view text, const SamplingOptions& options = {});
Linop Sampling(const std::vector<Tensor>& index,
               std::string_view text,
               const SamplingOptions& options = {});

struct BlocksOptions : LinopOptions {
  std::vector<std::pair<std::string, int64_t>> block = {};   // by array dim; a mask implies it
  std::vector<std::pair<std::string, int64_t>> stride = {};  // by array dim
  std::optional<Tensor> mask = {};                           // bool, over a block
  std::string tail = "drop";                                 // drop, pad
};
Linop ArrayToBlocks(std::string_view text, const BlocksOptions& options);
Linop BlocksToArray(std::string_view text, const BlocksOptions& options);
// Number of blocks over each element of the array, f32, of either operator or its adjoint.
Tensor multiplicity(const Linop& blocks, Context& context);

}  // namespace lunops
