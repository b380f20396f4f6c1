// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/fft.hpp"

#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

FftCore::FftCore(Norm norm,
                 bool is_centred,
                 bool is_inverse,
                 std::vector<TermPair> pairs,
                 Signature signature,
                 std::string name)
    : Core(std::move(signature), std::move(name)),
      norm_(norm),
      is_centred_(is_centred),
      is_inverse_(is_inverse),
      pairs_(std::move(pairs)) {}

std::string FftCore::details() const {
  std::string text = norm_ == Norm::ortho      ? "ortho"
                     : norm_ == Norm::backward ? "norm=backward"
                                               : "norm=forward";
  if (!is_centred_) text += ", not centred";
  if (is_inverse_) text += ", inverse";
  return text;
}

double FftCore::scale(double points) const noexcept {
  switch (norm_) {
    case Norm::ortho:
      return 1.0 / std::sqrt(points);
    case Norm::backward:
      return is_inverse_ ? 1.0 / points : 1.0;
    case Norm::forward:
      return is_inverse_ ? 1.0 : 1.0 / points;
  }
  return 1.0;
}

std::optional<Node> FftCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  const Side& side = transposes(mode) ? signature().output() : signature().input();
  const Signature on_input(side, side, signature().is_open());
  if (norm_ == Norm::ortho) {
    return Node{std::make_shared<IdentityCore>(on_input, ""), Mode::forward, nullptr};
  }
  double points = 1;
  const Side in = terms_of(signature().input());
  for (const TermPair& pair : pairs_) {
    const int64_t n = in[static_cast<size_t>(pair.in)].extent;
    if (n == kUnknown || n == 0) return std::nullopt;
    points *= static_cast<double>(n);
  }
  const double c = scale(points);
  return Node{std::make_shared<ScalarCore>(c * c * points, on_input, ""), Mode::forward, nullptr};
}

bool FftCore::same(const Core& other) const {
  const auto& o = static_cast<const FftCore&>(other);
  return norm_ == o.norm_ && is_centred_ == o.is_centred_ && is_inverse_ == o.is_inverse_;
}

Tile FftCore::cut(const TileRequest& request) const {
  refuse_mixed_cuts(*this, request);
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(
      std::make_shared<FftCore>(norm_, is_centred_, is_inverse_, pairs_,
                                cut_signature(signature(), part.input, part.output), name()),
      part);
}

void FftCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const PairedDims dims = paired_dims(signature(), pairs_, mode, out.ndim());
  for (const int at : dims.mixed) {
    if (out.extent(at) == kUnknown) {
      out = out.with_extent(at, in.extent(dims.source[static_cast<size_t>(at)]));
    }
  }
}

void FftCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const PairedDims dims = paired_dims(signature(), pairs_, mode, y.shape.ndim());
  FftSpec spec;
  spec.extents = y.shape.extents();
  spec.y_strides = y.strides;
  for (size_t i = 0; i < dims.source.size(); ++i) {
    spec.x_strides.push_back(x.strides[static_cast<size_t>(dims.source[i])]);
  }
  spec.axes = dims.mixed;
  const Ref from = make_ref(x, spec.extents, spec.x_strides);
  lower(b, mode, std::move(spec), x.dtype, from, make_ref(y), s);
}

void FftCore::lower(Builder& b,
                    Mode mode,
                    FftSpec spec,
                    DType dtype,
                    const Ref& x,
                    const Ref& y,
                    const StepScale& s) const {
  double points = 1;
  for (const int at : spec.axes)
    points *= static_cast<double>(spec.extents[static_cast<size_t>(at)]);
  spec.dtype = dtype;
  spec.sign = sign(mode);
  spec.centred = is_centred_;
  spec.scale = scale(points);
  spec.deterministic = b.options().deterministic;
  std::shared_ptr<const FftKernel> kernel;
  if (!b.is_dry()) kernel = b.context().backend().fft(spec, *b.context().stream);
  auto step = fft_step(std::move(kernel), x, y, s);
  if (b.is_dry()) {
    step->flops = fft_flops(spec);
    step->scratch_bytes = b.context().backend().fft_workspace(spec, *b.context().stream);
  }
  b.add(std::move(step));
}

std::shared_ptr<const Core> FftCore::merged(const FftCore& other,
                                            std::vector<TermPair> pairs,
                                            const Signature& signature) const {
  if (!same(other)) return nullptr;
  return std::make_shared<FftCore>(norm_, is_centred_, is_inverse_, std::move(pairs), signature,
                                   "");
}

const FftCore* as_fft(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const FftCore*>(node.core.get());
}

Linop FFT(std::string_view text, const FFTOptions& options) {
  FftCore::Norm norm = FftCore::Norm::ortho;
  if (options.norm == "backward") {
    norm = FftCore::Norm::backward;
  } else if (options.norm == "forward") {
    norm = FftCore::Norm::forward;
  } else if (options.norm != "ortho") {
    const std::vector<std::string> known{"ortho", "backward", "forward"};
    fail(Code::argument, "FFT", "norm is '{}'; it is ortho, backward or forward{}", options.norm,
         did_you_mean(options.norm, known));
  }
  const SignatureText parsed = parse_signature("FFT", text);
  Signature signature = parsed.signature;
  if (parsed.is_one_sided) {
    Side out = parsed.side;
    for (Term& t : out) {
      if (t.kind == Term::Kind::dim) {
        t.dim.name = Name::intern(fmt::format("k{}", t.dim.name.text()));
      } else if (t.kind == Term::Kind::variable) {
        ++t.dim.primes;
      }
    }
    signature = Signature(parsed.side, out);
  }
  std::vector<TermPair> pairs = mixed_pairs("FFT", signature);
  if (pairs.empty()) {
    fail(Code::shape, "FFT",
         "\"{}\" has the same dims on both sides, so nothing is transformed; write \"x -> x'\" or "
         "\"x -> kx\"",
         text);
  }
  signature = with_options("FFT", signature, options);
  // Extents are equal on both sides of a pair.
  DimExtents known;
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  for (const TermPair& pair : pairs) {
    const Term &a = in[static_cast<size_t>(pair.in)], &c = out[static_cast<size_t>(pair.out)];
    if (a.extent != kUnknown && c.extent != kUnknown && a.extent != c.extent) {
      fail(Code::shape, "FFT", "extent of '{}' is {} but of '{}' {}; a transform keeps the extent",
           text_of_base(a), a.extent, text_of_base(c), c.extent);
    }
    const int64_t n = a.extent != kUnknown ? a.extent : c.extent;
    if (n == kUnknown) continue;
    if (a.kind == Term::Kind::dim) known.emplace_back(a.dim, n);
    if (c.kind == Term::Kind::dim) known.emplace_back(c.dim, n);
  }
  return Linop(std::make_shared<FftCore>(norm, options.centred, options.inverse, std::move(pairs),
                                         signature.with_extents(known), options.name));
}

}  // namespace lunops
