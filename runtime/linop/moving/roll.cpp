// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/roll.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

std::string RollCore::details() const {
  const Side in = terms_of(signature().input());
  std::string text;
  for (size_t i = 0; i < shifts_.size(); ++i) {
    text += fmt::format("{}{} by {}", text.empty() ? "" : ", ",
                        text_of_base(in[static_cast<size_t>(pairs()[i].in)]), shifts_[i]);
  }
  return text;
}

bool RollCore::same(const Core& other) const {
  return shifts_ == static_cast<const RollCore&>(other).shifts_;
}

std::shared_ptr<const Core> RollCore::shown_as(const Signature& form) const {
  return std::make_shared<RollCore>(shifts_, pairs(), form, name());
}

void RollCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const PairedDims from = dims(mode, x.shape.ndim());
  const Operand moved = reordered(x, from);
  const size_t rolled = from.mixed.size();
  for (uint64_t piece = 0; piece < uint64_t{1} << rolled; ++piece) {
    Operand source = moved, target = y;
    bool is_empty = false;
    for (size_t k = 0; k < rolled; ++k) {
      const int dim = from.mixed[k];
      const int64_t n = moved.shape.extent(dim);
      const int64_t shift = transposes(mode) ? -(shifts_[k] % n) : shifts_[k] % n;
      // Elements before `split` move up by `wrapped`, those from there on start again at 0.
      const int64_t wrapped = shift < 0 ? shift + n : shift, split = n - wrapped;
      const bool wraps = ((piece >> k) & 1) != 0;
      source = slice(source, dim, wraps ? split : 0, wraps ? wrapped : split);
      target = slice(target, dim, wraps ? 0 : wrapped, wraps ? wrapped : split);
      is_empty = is_empty || source.shape.extent(dim) == 0;
    }
    if (!is_empty) b.copy(source, target, s);
  }
}

Linop Roll(std::string_view text, const RollOptions& options) {
  std::vector<std::string> names;
  for (const auto& [name, shift] : options.shift) names.push_back(name);
  Signature signature = with_primed("Roll", text, "shift", names);
  std::vector<TermPair> pairs = mixed_pairs("Roll", signature);
  if (pairs.empty()) {
    fail(Code::argument, "Roll", "nothing is rolled; give shift = {{x = 3}}");
  }
  if (pairs.size() > RollCore::kMostDims) {
    fail(Code::limit, "Roll", "{} dims are rolled at once; at most {} are, so chain two Rolls",
         pairs.size(), RollCore::kMostDims);
  }
  signature = with_options("Roll", signature, options);
  std::vector<int64_t> shifts(pairs.size(), 0);
  for (const auto& [name, shift] : options.shift) {
    shifts[pair_named("Roll", "shift", signature, pairs, name)] = shift;
  }
  const Signature sized = with_equal_pairs("Roll", signature, pairs);
  return Linop(
      std::make_shared<RollCore>(std::move(shifts), std::move(pairs), sized, options.name));
}

}  // namespace lunops
