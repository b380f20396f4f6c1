// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/pad.hpp"

#include <cmath>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

PadCore::PadCore(bool is_crop,
                 At at,
                 std::vector<TermPair> pairs,
                 Signature signature,
                 std::string name,
                 bool is_start)
    : Core(std::move(signature), std::move(name)),
      is_crop_(is_crop),
      is_start_(is_start),
      at_(at),
      pairs_(std::move(pairs)) {}

std::string PadCore::details() const {
  switch (at_) {
    case At::centre:
      return "at centre";
    case At::start:
      return "at start";
    case At::end:
      return "at end";
  }
  return {};
}

Mode PadCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

int64_t PadCore::offset(int64_t large, int64_t small) const noexcept {
  switch (at_) {
    case At::centre:
      return large / 2 - small / 2;
    case At::start:
      return 0;
    case At::end:
      return large - small;
  }
  return 0;
}

std::optional<Node> PadCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  const Side side = transposes(mode) ? signature().output() : signature().input();
  const Signature on_input(side, side, signature().is_open());
  if (pads(mode)) {
    return Node{std::make_shared<IdentityCore>(on_input, ""), Mode::forward, nullptr};
  }
  // Ones where the cut keeps an element, zeros elsewhere.
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  Side terms;
  std::vector<int64_t> extents, first, count;
  for (const TermPair& pair : pairs_) {
    const Term &a = in[static_cast<size_t>(pair.in)], &b = out[static_cast<size_t>(pair.out)];
    const Term &large = is_crop_ ? a : b, &small = is_crop_ ? b : a;
    if (large.kind == Term::Kind::variable) return std::nullopt;
    if (large.extent == kUnknown || small.extent == kUnknown) return std::nullopt;
    terms.push_back(large);
    terms.back().extent = kUnknown;
    extents.push_back(large.extent);
    first.push_back(offset(large.extent, small.extent));
    count.push_back(small.extent);
  }
  if (extents == count) {
    return Node{std::make_shared<IdentityCore>(on_input, ""), Mode::forward, nullptr};
  }
  auto recipe = [extents, first, count](DType dtype, Context& context) {
    const Tensor mask = zeros(Shape::unnamed(extents), dtype, context);
    Tensor inside = mask;
    for (size_t i = 0; i < extents.size(); ++i) {
      inside = inside.slice(static_cast<int>(i), first[i], count[i]);
    }
    context.backend().fill(1.0, inside.view(), *context.stream);
    return mask;
  };
  const auto weight = std::make_shared<Weight>(extents, false, Weights{}, std::move(recipe));
  // A signature is in normal form: without the prime that the larger side of an adjoint carries.
  for (Term& t : terms) t.dim.primes = 0;
  return Node{std::make_shared<DiagonalCore>(weight, terms, on_input, ""), Mode::forward, nullptr};
}

bool PadCore::same(const Core& other) const {
  return at_ == static_cast<const PadCore&>(other).at_;
}

// A cut along either side narrows the other: what is left of that pair is as long here as there.
Tile PadCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  bool is_something = agree_on_kept(signature(), part);
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  for (const TermPair& pair : pairs_) {
    std::optional<Stretch>&from = part.input[static_cast<size_t>(pair.in)],
    &to = part.output[static_cast<size_t>(pair.out)];
    if (!from && !to) continue;
    const Term &a = in[static_cast<size_t>(pair.in)], &b = out[static_cast<size_t>(pair.out)];
    if (a.extent == kUnknown || b.extent == kUnknown) {
      const std::string name = text_of_base(a.extent == kUnknown ? a : b);
      refuse_cut(*this, from ? a : b,
                 fmt::format("the extent of '{0}' is unknown; give extent = {{{0} = …}}", name));
    }
    std::optional<Stretch>&small = is_crop_ ? to : from, &large = is_crop_ ? from : to;
    const int64_t count = is_crop_ ? b.extent : a.extent,
                  first = offset(is_crop_ ? a.extent : b.extent, count);
    Stretch both = small ? Stretch{small->first + first, small->count} : Stretch{first, count};
    if (large) both = intersection(both, *large);
    large = both;
    small = Stretch{both.first - first, both.count};
    is_something = is_something && both.count > 0;
  }
  if (!is_something) return no_tile(part);
  return tile_of(std::make_shared<PadCore>(is_crop_, at_, pairs_,
                                           cut_signature(signature(), part.input, part.output),
                                           name(), is_start_),
                 part);
}

Operand PadCore::window(Mode mode, const Operand& large, const Shape& small) const {
  // dims.source maps the dims of the smaller array to those of the larger one.
  const Mode to_small = pads(mode) ? mode ^ Mode::transpose : mode;
  const PairedDims dims = paired_dims(signature(), pairs_, to_small, small.ndim());
  Operand part = large;
  part.shape = small;
  part.strides.clear();
  for (const int source : dims.source) {
    part.strides.push_back(large.strides[static_cast<size_t>(source)]);
  }
  for (const int at : dims.mixed) {
    const int source = dims.source[static_cast<size_t>(at)];
    const int64_t n = large.shape.extent(source), m = small.extent(at);
    if (m > n) {
      fail(Code::shape, "apply", "{} of {} from '{}' = {} to {}; use {}", label(),
           large.shape.braced(), small.dim(at).text(), pads(mode) ? m : n, pads(mode) ? n : m,
           kind(pads(mode), is_start_));
    }
    part.offset += offset(n, m) * part.strides[static_cast<size_t>(at)] *
                   static_cast<int64_t>(size_of(large.dtype));
  }
  return part;
}

void PadCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  pads(mode) ? window(mode, y, x.shape) : window(mode, x, y.shape);
}

void PadCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  if (!pads(mode)) {
    b.copy(window(mode, x, y.shape), y, s);
    return;
  }
  b.add(prepare_step(make_ref(y), s));
  b.copy(x, window(mode, y, x.shape), s.accumulating());
}

std::optional<Operand> PadCore::view(Mode mode, const Operand& x) const {
  if (pads(mode)) return std::nullopt;
  Shape out = output_of(Node{shared_from_this(), mode, nullptr}, x.shape);
  if (!out.is_known()) return std::nullopt;
  return window(mode, x, out);
}

const PadCore* as_pad(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const PadCore*>(node.core.get());
}

namespace {

Linop make_pad(bool is_crop, bool is_start, std::string_view text, const PadOptions& options) {
  const std::string_view name = PadCore::kind(is_crop, is_start),
                         other = PadCore::kind(!is_crop, is_start);
  PadCore::At at = PadCore::At::centre;
  if (options.at == "start") {
    at = PadCore::At::start;
  } else if (options.at == "end") {
    at = PadCore::At::end;
  } else if (options.at != "centre") {
    const std::vector<std::string> known{"centre", "start", "end"};
    fail(Code::argument, name, "at is '{}'; it is centre, start or end{}", options.at,
         did_you_mean(options.at, known));
  }
  if (options.scale && !options.to.empty()) {
    fail(Code::argument, name, "give either 'to' or 'scale', not both");
  }
  if (!options.scale && options.to.empty()) {
    fail(Code::argument, name, "give 'to', the extents of the result, or 'scale'");
  }
  const SignatureText parsed = parse_signature(name, text);
  Signature signature = parsed.signature;
  if (parsed.is_one_sided) {
    Side out = parsed.side;
    for (Term& t : out) {
      if (t.kind != Term::Kind::dim) continue;
      bool changes = options.scale.has_value();
      for (const auto& [dim, extent] : options.to) changes = changes || Dim::parse(dim) == t.dim;
      if (changes) {
        t.dim.primes = 1;
        t.extent = kUnknown;
      }
    }
    signature = Signature(parsed.side, out);
  }
  std::vector<TermPair> pairs = mixed_pairs(name, signature);
  signature = with_options(name, signature, options);
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  DimExtents known;
  for (const auto& [key, extent] : options.to) {
    const Dim dim = Dim::parse(key);
    const TermPair* found = nullptr;
    for (const TermPair& pair : pairs) {
      const bool is_it = in[static_cast<size_t>(pair.in)].dim == dim ||
                         out[static_cast<size_t>(pair.out)].dim == dim;
      if (is_it) found = &pair;
    }
    if (found == nullptr) {
      std::vector<std::string> names;
      for (const Dim& d : signature.dims()) names.push_back(d.text());
      fail(Code::shape, name, "to: no dim '{}' in \"{}\"{}", key, signature.text(),
           did_you_mean(key, names));
    }
    if (extent < 0) fail(Code::shape, name, "to: extent of '{}' is {}", key, extent);
    known.emplace_back(out[static_cast<size_t>(found->out)].dim, extent);
  }
  for (const TermPair& pair : pairs) {
    const Term &a = in[static_cast<size_t>(pair.in)], &b = out[static_cast<size_t>(pair.out)];
    if (!options.scale) continue;
    if (a.extent == kUnknown) {
      fail(Code::shape, name, "extent of '{}' is unknown; 'scale' needs extent = {{{} = …}}",
           a.dim.text(), a.dim.text());
    }
    const double scaled = std::floor(*options.scale * static_cast<double>(a.extent));
    if (!(scaled >= 0) || scaled > 9e15) {
      fail(Code::argument, name, "scale = {} of '{}' = {} gives no extent", *options.scale,
           a.dim.text(), a.extent);
    }
    known.emplace_back(b.dim, static_cast<int64_t>(scaled));
  }
  signature = signature.with_extents(known);
  const Side sized_out = terms_of(signature.output());
  for (const TermPair& pair : pairs) {
    const Term& a = in[static_cast<size_t>(pair.in)];
    const Term& b = sized_out[static_cast<size_t>(pair.out)];
    if (b.extent == kUnknown) {
      fail(Code::shape, name, "'to' does not say the extent of '{}'", b.dim.text());
    }
    if (a.extent == kUnknown) continue;
    if (!is_crop && b.extent < a.extent) {
      fail(Code::shape, name, "'{}' would go from {} to {}, which is less; use {}", a.dim.text(),
           a.extent, b.extent, other);
    }
    if (is_crop && b.extent > a.extent) {
      fail(Code::shape, name, "'{}' would go from {} to {}, which is more; use {}", a.dim.text(),
           a.extent, b.extent, other);
    }
  }
  return Linop(
      std::make_shared<PadCore>(is_crop, at, std::move(pairs), signature, options.name, is_start));
}

}  // namespace

Linop Pad(std::string_view text, const PadOptions& options) {
  return make_pad(false, false, text, options);
}

Linop Crop(std::string_view text, const PadOptions& options) {
  return make_pad(true, false, text, options);
}

namespace {

PadOptions at_start(PadOptions options) {
  options.at = "start";
  return options;
}

}  // namespace

Linop PadDim(std::string_view text, const PadOptions& options) {
  return make_pad(false, true, text, at_start(options));
}

Linop Truncate(std::string_view text, const PadOptions& options) {
  return make_pad(true, true, text, at_start(options));
}

}  // namespace lunops
