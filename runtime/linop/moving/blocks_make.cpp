// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/shape_lexer.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/moving/blocks.hpp"
#include "runtime/linop/moving/constructors.hpp"

namespace lunops {

namespace {

Side minus(const Side& a, const Side& b) {
  Side left;
  for (const Term& t : terms_of(a)) {
    if (find_term(b, t) < 0) left.push_back(t);
  }
  return left;
}

std::vector<std::string> names_of(const Side& terms) {
  std::vector<std::string> names;
  for (const Term& t : terms) names.push_back(text_of_base(t));
  return names;
}

std::string listed(const Side& terms) { return fmt::format("{}", fmt::join(names_of(terms), " ")); }

// The values of an option by array dim; `fallback` where there is none, unless it is 0.
std::vector<int64_t> by_dim(std::string_view name,
                            std::string_view option,
                            const std::vector<std::pair<std::string, int64_t>>& given,
                            const Side& array,
                            const std::vector<int64_t>& fallback) {
  const std::vector<std::string> names = names_of(array);
  std::vector<int64_t> values = fallback;
  for (const auto& [key, value] : given) {
    const auto at = std::find(names.begin(), names.end(), key);
    if (at == names.end()) {
      fail(Code::shape, name, "{}: no array dim '{}' among {}{}", option, key, listed(array),
           did_you_mean(key, names));
    }
    if (value < 1) {
      fail(Code::argument, name, "{} of '{}' is {}; it is at least 1", option, key, value);
    }
    // Sums of a few of them fit into int64_t.
    if (value >= kExtentLimit) {
      fail(Code::argument, name, "{} of '{}' is {}; it is below {}", option, key, value,
           kExtentLimit);
    }
    values[static_cast<size_t>(at - names.begin())] = value;
  }
  for (size_t d = 0; d < values.size(); ++d) {
    if (values[d] == 0) {
      fail(Code::argument, name, "{0} of '{1}' is missing; give {0} = {{{1} = …}}", option,
           names[d]);
    }
  }
  return values;
}

// The mask with its dims in the order of the array's.
Tensor ordered_mask(std::string_view name, const Tensor& mask, const Side& array) {
  if (mask.dtype() != DType::boolean) {
    fail(Code::dtype, name, "the mask is {}; masks are bool", name_of(mask.dtype()));
  }
  const auto refuse = [&] {
    fail(Code::shape, name, "the mask {} does not have the dims of a block {{{}}}",
         mask.shape().braced(), fmt::format("{}", fmt::join(names_of(array), ", ")));
  };
  if (mask.ndim() != static_cast<int>(array.size())) refuse();
  if (!mask.shape().is_named()) return mask;
  std::vector<int> order;
  for (const Term& t : array) {
    const int at = t.kind == Term::Kind::dim ? mask.shape().find_base(t.dim.name) : -1;
    if (at < 0) refuse();
    order.push_back(at);
  }
  return mask.permute(order);
}

[[noreturn]] void refuse_empty(std::string_view name, const Tensor& mask) {
  fail(Code::argument, name, "the mask {} has no true entry; a block would be empty",
       mask.shape().braced());
}

void read_mask(std::string_view name, const Tensor& mask, BlockCut& cut) {
  Context context;
  const Tensor row_major = mask.to(Device::host(), context).contiguous(context);
  const bool* entry = row_major.data_as<bool>();
  const int64_t width = cut.block.back();
  cut.entries = 0;
  for (int64_t i = 0; i < row_major.count(); ++i) {
    if (!entry[i]) continue;
    if (i % width != 0 && entry[i - 1]) {
      ++cut.runs.back().length;
    } else {
      cut.runs.push_back({i / width, i % width, 1, cut.entries});
    }
    ++cut.entries;
  }
  if (cut.entries == 0) refuse_empty(name, mask);
}

Linop make_blocks(bool is_reverse, std::string_view text, const BlocksOptions& options) {
  const char* name = is_reverse ? "BlocksToArray" : "ArrayToBlocks";
  const SignatureText parsed = parse_signature(name, text);
  if (parsed.is_one_sided) {
    fail(Code::shape, name, "\"{}\" has one side; write \"{}\"", text,
         is_reverse ? "by bx ky kx -> y x" : "y x -> by bx ky kx");
  }
  Signature signature = with_options(name, parsed.signature, options);
  const Side& array_side = is_reverse ? signature.output() : signature.input();
  const Side& blocks_side = is_reverse ? signature.input() : signature.output();
  const Side array = minus(array_side, blocks_side), blocks = minus(blocks_side, array_side);
  const size_t wanted = array.size() + (options.mask ? 1 : array.size());
  if (array.empty() || blocks.size() != wanted) {
    fail(Code::shape, name,
         "\"{}\" has {} array dim{} ({}) and {} block dim{} ({}); {} needed: the counts, then {}",
         text, array.size(), array.size() == 1 ? "" : "s", listed(array), blocks.size(),
         blocks.size() == 1 ? "" : "s", listed(blocks),
         array.empty() ? "at least two are"
         : wanted == 1 ? "1 is"
                       : fmt::format("{} are", wanted),
         options.mask ? "one dim of the mask's true entries" : "the offsets in a block");
  }
  if (array.size() > static_cast<size_t>(kMaxDims / 2)) {
    fail(Code::shape, name, "\"{}\" cuts {} dims into blocks; at most {} can be", text,
         array.size(), kMaxDims / 2);
  }
  auto cut = std::make_shared<BlockCut>();
  if (options.tail != "drop" && options.tail != "pad") {
    const std::vector<std::string> known{"drop", "pad"};
    fail(Code::argument, name, "tail is '{}'; it is drop or pad{}", options.tail,
         did_you_mean(options.tail, known));
  }
  cut->pads = options.tail == "pad";
  std::vector<int64_t> block(array.size(), 0);
  Tensor mask;
  if (options.mask) {
    mask = ordered_mask(name, *options.mask, array);
    for (size_t d = 0; d < array.size(); ++d) block[d] = mask.shape().extent(static_cast<int>(d));
    if (mask.count() == 0) refuse_empty(name, mask);
  }
  cut->block = by_dim(name, "block", options.block, array, block);
  cut->stride =
      by_dim(name, "stride", options.stride, array, std::vector<int64_t>(array.size(), 0));
  cut->entries = 1;
  for (const int64_t n : cut->block) {
    if (__builtin_mul_overflow(cut->entries, n, &cut->entries) || cut->entries >= kExtentLimit) {
      fail(Code::argument, name, "a block of {} has too many elements: they are to be below {}",
           fmt::join(cut->block, " x "), kExtentLimit);
    }
  }
  if (options.mask) {
    if (cut->block != block) {
      fail(Code::shape, name, "the mask {} is not a block of {}", mask.shape().braced(),
           fmt::join(cut->block, " x "));
    }
    read_mask(name, mask, *cut);
    const std::string owner =
        options.name.empty() ? std::string(name) : fmt::format("{} '{}'", name, options.name);
    cut->mask = std::make_shared<Weight>(*options.mask, owner);
  }
  DimExtents known;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Term& t = blocks[i];
    if (t.kind != Term::Kind::dim) {
      fail(Code::shape, name, "'{}' has no name; name the dims of the blocks", text_of_base(t));
    }
    int64_t n = kUnknown;
    if (i >= array.size()) {
      n = cut->has_mask() ? cut->entries : cut->block[i - array.size()];
    } else if (array[i].extent != kUnknown) {
      n = cut->count_of(i, array[i].extent);
      if (n < 0) {
        fail(Code::shape, name, "block of '{0}' is {1} but '{0}' is {2}; use a smaller block",
             text_of_base(array[i]), cut->block[i], array[i].extent);
      }
    }
    if (n == kUnknown) continue;
    if (t.extent != kUnknown && t.extent != n) {
      fail(Code::shape, name, "extent of '{}' is {} but block and stride make it {}", t.dim.text(),
           t.extent, n);
    }
    known.emplace_back(t.dim, n);
  }
  signature = signature.with_extents(known);
  return Linop(std::make_shared<BlocksCore>(is_reverse, std::move(cut), signature, options.name));
}

}  // namespace

Linop ArrayToBlocks(std::string_view text, const BlocksOptions& options) {
  return make_blocks(false, text, options);
}

Linop BlocksToArray(std::string_view text, const BlocksOptions& options) {
  return make_blocks(true, text, options);
}

}  // namespace lunops
