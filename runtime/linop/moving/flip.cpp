// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/flip.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

std::shared_ptr<const Core> FlipCore::shown_as(const Signature& form) const {
  return std::make_shared<FlipCore>(pairs(), form, name());
}

Tile FlipCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  const Side in = terms_of(signature().input());
  for (const TermPair& pair : pairs()) {
    const Term& t = in[static_cast<size_t>(pair.in)];
    const bool is_cut =
        part.input[static_cast<size_t>(pair.in)] || part.output[static_cast<size_t>(pair.out)];
    if (!is_cut || t.extent != kUnknown) continue;
    refuse_cut(
        *this, t,
        fmt::format("the extent of '{0}' is unknown; give extent = {{{0} = …}}", text_of_base(t)));
  }
  const auto facing = [&](size_t pair, const Stretch& s) {
    return Stretch{in[static_cast<size_t>(pairs()[pair].in)].extent - s.end(), s.count};
  };
  if (!agree_on_pairs(signature(), pairs(), part, facing)) return no_tile(part);
  return tile_of(shown_as(cut_signature(signature(), part.input, part.output)), part);
}

std::optional<Operand> FlipCore::view(Mode mode, const Operand& x) const {
  const PairedDims from = dims(mode, x.shape.ndim());
  Operand flipped = reordered(x, from);
  for (const int at : from.mixed) {
    int64_t& stride = flipped.strides[static_cast<size_t>(at)];
    flipped.offset +=
        (flipped.shape.extent(at) - 1) * stride * static_cast<int64_t>(size_of(x.dtype));
    stride = -stride;
  }
  return flipped;
}

Linop Flip(std::string_view text, const FlipOptions& options) {
  Signature signature = with_primed("Flip", text, "dims", options.dims);
  std::vector<TermPair> pairs = mixed_pairs("Flip", signature);
  if (pairs.empty()) {
    fail(Code::argument, "Flip", "nothing is flipped; give dims = \"x\", or a string \"x -> x'\"");
  }
  signature = with_options("Flip", signature, options);
  std::vector<bool> is_named(pairs.size(), options.dims.empty());
  for (const std::string& name : options.dims) {
    is_named[pair_named("Flip", "dims", signature, pairs, name)] = true;
  }
  const Side in = terms_of(signature.input());
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (is_named[i]) continue;
    const std::string name = text_of_base(in[static_cast<size_t>(pairs[i].in)]);
    fail(Code::shape, "Flip",
         "\"{}\" gives '{}' another name, but dims does not list it; add it, or use Rename",
         signature.text(), name);
  }
  const Signature sized = with_equal_pairs("Flip", signature, pairs);
  return Linop(std::make_shared<FlipCore>(std::move(pairs), sized, options.name));
}

}  // namespace lunops
