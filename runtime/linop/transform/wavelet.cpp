// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/wavelet.hpp"

#include <algorithm>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/linop/transform/daubechies.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// Extents up to 2^62 have no more.
constexpr int kMostLevels = 62;

int64_t padded(int64_t n, int levels) {
  const int64_t block = int64_t{1} << levels;
  return (n + block - 1) / block * block;
}

// Extents of the dims that are transformed, on the image's side; nothing if one is not known.
std::optional<std::vector<int64_t>> image_extents(const Signature& signature,
                                                  const std::vector<TermPair>& pairs) {
  const Side in = terms_of(signature.input());
  std::vector<int64_t> extents;
  for (const TermPair& pair : pairs) {
    const int64_t n = in[static_cast<size_t>(pair.in)].extent;
    if (n == kUnknown) return std::nullopt;
    extents.push_back(n);
  }
  return extents;
}

class WaveletStep final : public Step {
 public:
  WaveletStep(std::shared_ptr<const WaveletKernel> kernel, Ref x, Ref y, StepScale s)
      : kernel_(std::move(kernel)), scale_(s) {
    refs = {x, y};
    flops = kernel_->flops();
    bytes = kernel_->bytes();
    scratch_bytes = kernel_->workspace();
  }
  void run(const Frame& f) const override {
    kernel_->run(refs[0].address(f), refs[1].address(f), f.resolve(scale_), scratch_at(f),
                 *f.stream);
  }

 private:
  std::shared_ptr<const WaveletKernel> kernel_;
  StepScale scale_;
};

}  // namespace

WaveletCore::WaveletCore(
    int moments, int levels, std::vector<TermPair> pairs, Signature signature, std::string name)
    : Core(std::move(signature), std::move(name)),
      moments_(moments),
      levels_(levels),
      pairs_(std::move(pairs)) {
  const Side in = terms_of(this->signature().input()), out = terms_of(this->signature().output());
  is_square_ = std::all_of(pairs_.begin(), pairs_.end(), [&](const TermPair& pair) {
    const int64_t n = in[static_cast<size_t>(pair.in)].extent;
    return n != kUnknown && n == out[static_cast<size_t>(pair.out)].extent;
  });
}

std::string WaveletCore::details() const {
  const std::string family = moments_ == 1 ? "haar" : fmt::format("db{}", moments_);
  int levels = levels_;
  const auto extents = image_extents(signature(), pairs_);
  if (levels == 0 && extents) levels = levels_for(*extents);
  if (levels == 0) return family;
  return fmt::format("{}, {} level{}", family, levels, levels == 1 ? "" : "s");
}

Mode WaveletCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

int WaveletCore::levels_for(const std::vector<int64_t>& extents) const {
  int64_t least = 0;
  for (const int64_t n : extents) {
    if (n > 0 && (least == 0 || n < least)) least = n;
  }
  if (least == 0) return std::max(1, levels_);
  int levels = levels_;
  if (levels == 0) {
    levels = 1;
    while (((int64_t{2} << levels) * (2 * moments_ - 1)) <= least) ++levels;
  }
  if (levels > kMostLevels || (int64_t{1} << levels) / 2 > least) {
    fail(Code::argument, "Wavelet",
         "{} levels make blocks of 2^{}, more than twice the extent {}; give fewer levels", levels,
         levels, least);
  }
  return levels;
}

std::optional<Node> WaveletCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || !is_isometry(mode)) return std::nullopt;
  const Side& side = transposes(mode) ? signature().output() : signature().input();
  return Node{std::make_shared<IdentityCore>(Signature(side, side, signature().is_open()), ""),
              Mode::forward, nullptr};
}

bool WaveletCore::same(const Core& other) const {
  const auto& o = static_cast<const WaveletCore&>(other);
  return moments_ == o.moments_ && levels_ == o.levels_;
}

Tile WaveletCore::cut(const TileRequest& request) const {
  refuse_mixed_cuts(*this, request);
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(
      std::make_shared<WaveletCore>(moments_, levels_, pairs_,
                                    cut_signature(signature(), part.input, part.output), name()),
      part);
}

void WaveletCore::complete(Mode mode, const Shape& in, Shape& out) const {
  // How much was padded cannot be seen from the coefficients.
  if (transposes(mode)) return;
  const PairedDims dims = paired_dims(signature(), pairs_, mode, out.ndim());
  std::vector<int64_t> extents;
  for (const int at : dims.mixed)
    extents.push_back(in.extent(dims.source[static_cast<size_t>(at)]));
  // The default number of levels needs all of them.
  if (std::find(extents.begin(), extents.end(), kUnknown) != extents.end()) return;
  const int levels = levels_for(extents);
  for (size_t i = 0; i < extents.size(); ++i) {
    if (out.extent(dims.mixed[i]) == kUnknown)
      out = out.with_extent(dims.mixed[i], padded(extents[i], levels));
  }
}

void WaveletCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  const PairedDims dims = paired_dims(signature(), pairs_, mode, y.shape.ndim());
  std::vector<int64_t> image, coefficients;
  std::vector<std::string> names;
  for (const int at : dims.mixed) {
    const int source = dims.source[static_cast<size_t>(at)];
    image.push_back(transposes(mode) ? y.shape.extent(at) : x.shape.extent(source));
    coefficients.push_back(transposes(mode) ? x.shape.extent(source) : y.shape.extent(at));
    names.push_back((transposes(mode) ? x.shape.dim(source) : y.shape.dim(at)).text());
  }
  const int levels = levels_for(image);
  for (size_t i = 0; i < image.size(); ++i) {
    const int64_t p = padded(image[i], levels);
    if (coefficients[i] == p) continue;
    fail(Code::shape, "apply",
         "{}: '{}' has extent {} but an image of {} has {} coefficients with {} level{}", label(),
         names[i], coefficients[i], image[i], p, levels, levels == 1 ? "" : "s");
  }
}

void WaveletCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  check_extents(mode, x, y);
  const bool is_transposed = transposes(mode);
  const PairedDims dims = paired_dims(signature(), pairs_, mode, y.shape.ndim());
  WaveletSpec spec;
  spec.dtype = x.dtype;
  std::vector<int64_t> x_strides, x_extents;
  for (const int source : dims.source) {
    x_strides.push_back(x.strides[static_cast<size_t>(source)]);
    x_extents.push_back(x.shape.extent(source));
  }
  const std::vector<int64_t> y_extents = y.shape.extents();
  spec.extents = is_transposed ? y_extents : x_extents;
  spec.image_strides = is_transposed ? y.strides : x_strides;
  spec.band_strides = is_transposed ? x_strides : y.strides;
  spec.axes = dims.mixed;
  spec.is_adjoint = is_transposed;
  std::vector<int64_t> image;
  for (const int at : dims.mixed) image.push_back(spec.extents[static_cast<size_t>(at)]);
  spec.levels = levels_for(image);
  for (const int64_t n : image) spec.padded.push_back(padded(n, spec.levels));
  spec.filter = daubechies(moments_);
  b.add(std::make_unique<WaveletStep>(b.context().backend().wavelet(spec, *b.context().stream),
                                      make_ref(x, x_extents, x_strides), make_ref(y), s));
}

namespace {

int moments_named(const std::string& family) {
  if (family == "haar") return 1;
  for (int p = 1; p <= kMostVanishingMoments; ++p) {
    if (family == fmt::format("db{}", p)) return p;
  }
  std::vector<std::string> known{"haar"};
  for (int p = 1; p <= kMostVanishingMoments; ++p) known.push_back(fmt::format("db{}", p));
  fail(Code::argument, "Wavelet", "family is '{}'; it is haar or db1 to db{}{}", family,
       kMostVanishingMoments, did_you_mean(family, known));
}

Signature transformed(std::string_view text, const std::vector<std::string>& dims) {
  const SignatureText parsed = parse_signature("Wavelet", text);
  const Side& side = parsed.is_one_sided ? parsed.side : parsed.signature.input();
  std::vector<Dim> wanted;
  for (const std::string& name : dims) {
    wanted.push_back(Dim::parse(name));
    std::vector<std::string> known;
    bool is_there = false;
    for (const Term& t : side) {
      if (t.kind != Term::Kind::dim) continue;
      known.push_back(t.dim.text());
      is_there = is_there || t.dim == wanted.back();
    }
    if (!is_there) {
      fail(Code::shape, "Wavelet", "no dim '{}' in \"{}\"{}", name, text,
           did_you_mean(name, known));
    }
  }
  if (!parsed.is_one_sided) return parsed.signature;
  Side out = parsed.side;
  for (Term& t : out) {
    t.extent = kUnknown;
    if (t.kind == Term::Kind::dim) {
      if (!dims.empty() && std::find(wanted.begin(), wanted.end(), t.dim) == wanted.end()) continue;
      t.dim.name = Name::intern(fmt::format("w{}", t.dim.name.text()));
    } else if (t.kind == Term::Kind::variable && dims.empty()) {
      ++t.dim.primes;
    }
  }
  return Signature(parsed.side, out);
}

}  // namespace

Linop Wavelet(std::string_view text, const WaveletOptions& options) {
  const int moments = moments_named(options.family);
  if (options.levels && (*options.levels < 1 || *options.levels > kMostLevels)) {
    fail(Code::argument, "Wavelet", "levels is {}; it is a whole number from 1", *options.levels);
  }
  Signature signature = transformed(text, options.dims);
  std::vector<TermPair> pairs = mixed_pairs("Wavelet", signature);
  if (pairs.empty()) {
    fail(Code::shape, "Wavelet",
         "\"{}\" has the same dims on both sides, so nothing is transformed; write \"x -> wx\"",
         text);
  }
  check_listed("Wavelet", "dims", signature, pairs, options.dims);
  signature = with_options("Wavelet", signature, options);
  const int levels = static_cast<int>(options.levels.value_or(0));
  if (const auto extents = image_extents(signature, pairs)) {
    const WaveletCore core(moments, levels, pairs, signature, options.name);
    const int used = core.levels_for(*extents);
    Side out = signature.output();
    for (size_t i = 0; i < pairs.size(); ++i) {
      int number = pairs[i].out;
      for (Term& t : out) {
        if (t.kind == Term::Kind::ellipsis || number-- != 0) continue;
        const int64_t p = padded((*extents)[i], used);
        if (t.extent != kUnknown && t.extent != p) {
          fail(Code::shape, "Wavelet",
               "extent of '{}' is {} but an image of {} has {} coefficients with {} level{}",
               text_of_base(t), t.extent, (*extents)[i], p, used, used == 1 ? "" : "s");
        }
        t.extent = p;
      }
    }
    signature = Signature(signature.input(), out, signature.is_open());
  }
  return Linop(std::make_shared<WaveletCore>(moments, levels, std::move(pairs),
                                             std::move(signature), options.name));
}

std::vector<WaveletBand> wavelet_bands(const Linop& w) {
  const auto* core = dynamic_cast<const WaveletCore*>(w.core().get());
  if (core == nullptr) {
    fail(Code::argument, "bands", "{} has no sub-bands; they are those of a Wavelet", w.label());
  }
  const Node& node = w.node();
  const Signature shown = signature_of({node.core, Mode::forward, node.form});
  const auto extents = image_extents(shown, core->pairs());
  if (!extents) {
    const Side in = terms_of(shown.input());
    for (const TermPair& pair : core->pairs()) {
      const Term& t = in[static_cast<size_t>(pair.in)];
      if (t.extent != kUnknown) continue;
      fail(Code::shape, "bands", "extent of '{}' is unknown; give extent = {{{} = …}}",
           text_of_base(t), text_of_base(t));
    }
  }
  const Side out = terms_of(shown.output());
  const int levels = core->levels_for(*extents);
  const size_t count = extents->size();
  std::vector<WaveletBand> bands;
  // Coarse to fine; bit i of `which`: the details along the i-th dim from behind.
  for (int level = levels; level >= 1; --level) {
    for (size_t which = level == levels ? 0 : 1; which < (size_t{1} << count); ++which) {
      WaveletBand band;
      band.level = level;
      for (size_t i = 0; i < count; ++i) {
        const bool is_detail = (which >> (count - 1 - i) & 1) != 0;
        const int64_t half = padded((*extents)[i], levels) >> level;
        const Term& t = out[static_cast<size_t>(core->pairs()[i].out)];
        band.orientation += is_detail ? 'd' : 'a';
        band.ranges.push_back({t.kind == Term::Kind::dim ? t.dim.text() : text_of_base(t),
                               is_detail ? half : 0, half});
      }
      bands.push_back(std::move(band));
    }
  }
  return bands;
}

}  // namespace lunops
