// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/convolution.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/plan/nufft/good_size.hpp"

namespace lunops {

ConvolutionCore::ConvolutionCore(Description description, Signature signature, std::string name)
    : Core(std::move(signature), std::move(name)),
      is_(std::move(description)),
      is_self_adjoint_(is_.is_normal && this->signature().adjoint() == this->signature()),
      spectra_(std::make_shared<ConvolutionSpectra>()) {}

std::string ConvolutionCore::details() const {
  std::string text = "kernel";
  for (size_t l = 0; l < is_.lines.size(); ++l)
    text += fmt::format("{}{}", l == 0 ? " " : "x", taps(is_.lines[l]));
  text += is_.is_circular ? ", circular" : ", zero";
  if (is_.method == Method::direct) text += ", direct";
  if (is_.method == Method::fft) text += ", fft";
  return text;
}

void ConvolutionCore::check_dtype(Mode mode, DType in) const {
  Core::check_dtype(mode, in);
  // An autocorrelation goes back to what the user gave, perhaps by way of another one.
  const Weight* given = is_.kernel.get();
  while (!given->is_given()) given = given->sources().front().get();
  const DType kernel = given->tensor().dtype();
  if (is_double(kernel) == is_double(in)) return;
  fail(Code::dtype, "apply", "x is {} but the kernel of {} is {}; use k:as \"{}\"", name_of(in),
       label(), name_of(kernel), name_of(is_complex(kernel) ? in : real_of(in)));
}

bool ConvolutionCore::same(const Core& other) const {
  const Description& o = static_cast<const ConvolutionCore&>(other).is_;
  return is_.terms == o.terms && is_.lines == o.lines && is_.is_circular == o.is_circular &&
         is_.method == o.method && is_.is_normal == o.is_normal && is_.kernel->same(*o.kernel);
}

bool ConvolutionCore::is_piece() const {
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  return std::any_of(is_.lines.begin(), is_.lines.end(), [&](const Line& line) {
    return line.shift != 0 ||
           in[static_cast<size_t>(line.in)].extent != out[static_cast<size_t>(line.out)].extent;
  });
}

bool ConvolutionCore::is_plain_circular() const {
  const Side in = terms_of(signature().input());
  return is_.is_circular && !is_piece() && is_.lines.size() == is_.terms.size() &&
         std::all_of(is_.lines.begin(), is_.lines.end(), [&](const Line& line) {
           return in[static_cast<size_t>(line.in)].extent != kUnknown;
         });
}

std::shared_ptr<const Core> ConvolutionCore::after(const ConvolutionCore& first,
                                                   const std::vector<size_t>& of_first,
                                                   const std::vector<std::pair<int, int>>& ends,
                                                   const Signature& signature) const {
  const auto given = [](const ConvolutionCore& c) {
    const Weight* w = c.is_.kernel.get();
    while (!w->is_given()) w = w->sources().front().get();
    return w->tensor().dtype();
  };
  if (is_.method != first.is_.method || is_double(given(*this)) != is_double(given(first))) {
    return nullptr;
  }
  const Side in = terms_of(this->signature().input());
  std::vector<KernelLine> lines, first_lines;
  Description made;
  for (size_t l = 0; l < is_.lines.size(); ++l) {
    const Line &line = is_.lines[l], &other = first.is_.lines[of_first[l]];
    const int64_t n = in[static_cast<size_t>(line.in)].extent;
    if (taps(line) > n || first.taps(other) > n || n == 0) return nullptr;
    lines.push_back({static_cast<size_t>(line.weight), taps(line), n});
    first_lines.push_back({static_cast<size_t>(other.weight), first.taps(other), n});
    made.lines.push_back({ends[l].first, ends[l].second, static_cast<int>(l), 0});
    Term t = terms_of(signature.input())[static_cast<size_t>(ends[l].first)];
    t.extent = kUnknown;
    made.terms.push_back(t);
  }
  made.kernel = convolved(first.is_.kernel, first_lines, is_.kernel, lines);
  // An FFT takes as long for any kernel.
  const bool is_more = made.kernel->count() > is_.kernel->count() + first.is_.kernel->count();
  if (is_.method != Method::fft && is_more) return nullptr;
  made.is_circular = true;
  made.method = is_.method;
  return std::make_shared<ConvolutionCore>(std::move(made), signature, "");
}

WeightPtr ConvolutionCore::spectrum() const {
  const Side in = terms_of(signature().input());
  std::vector<KernelLine> lines;
  std::vector<int64_t> grid;
  for (const Line& line : is_.lines) {
    const int64_t n = in[static_cast<size_t>(line.in)].extent;
    lines.push_back({static_cast<size_t>(line.weight), taps(line), n});
    grid.push_back(n);
  }
  return spectra_->of(is_.kernel, lines, grid);
}

const ConvolutionCore* as_convolution(const Node& node) noexcept {
  return node.form == nullptr ? dynamic_cast<const ConvolutionCore*>(node.core.get()) : nullptr;
}

std::optional<Node> ConvolutionCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || !is_.is_circular || is_piece()) return std::nullopt;
  const bool is_transposed = transposes(mode);
  // A Aᴴ and the transposed modes would need the kernel reversed or conjugated.
  if (mode != Mode::forward) return std::nullopt;
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  std::vector<KernelLine> lines;
  for (const Line& line : is_.lines) {
    const int64_t n = in[static_cast<size_t>(is_transposed ? line.out : line.in)].extent;
    if (n == kUnknown || n == 0) return std::nullopt;
    lines.push_back({static_cast<size_t>(line.weight), taps(line), n});
  }
  const auto is_line = [&](size_t d) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const KernelLine& line) { return line.dim == d; });
  };
  std::vector<size_t> kept, paired, summed;
  for (size_t d = 0; d < is_.terms.size(); ++d) {
    if (is_line(d)) continue;
    const bool is_in = find_term(in, is_.terms[d]) >= 0, is_out = find_term(out, is_.terms[d]) >= 0;
    (is_in && is_out ? kept : is_in ? paired : summed).push_back(d);
  }
  const auto primed = [](Term t) {
    ++t.dim.primes;
    return t;
  };
  // Mixed dims get a prime on the output.
  Side to = signature().input();
  for (Term& t : to) {
    if (t.kind != Term::Kind::ellipsis && find_term(out, t) < 0) t = primed(t);
  }
  Description made;
  made.kernel = autocorrelation(is_.kernel, kept, paired, summed, lines);
  const auto add = [&](Term t) {
    t.extent = kUnknown;
    made.terms.push_back(t);
  };
  for (const size_t d : kept) add(is_.terms[d]);
  for (const size_t d : paired) add(primed(is_.terms[d]));
  for (const size_t d : paired) add(is_.terms[d]);
  for (const Line& line : is_.lines) {
    made.lines.push_back({line.in, line.in, static_cast<int>(made.terms.size()), 0});
    add(is_.terms[static_cast<size_t>(line.weight)]);
  }
  made.is_circular = true;
  made.method = is_.method;
  made.is_normal = true;
  made.root = shared_from_this();
  return Node{std::make_shared<ConvolutionCore>(
                  std::move(made), Signature(signature().input(), to, signature().is_open()), ""),
              Mode::forward, nullptr};
}

Tile ConvolutionCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  bool is_something = agree_on_kept(signature(), part);
  const Side in = terms_of(signature().input()), out = terms_of(signature().output());
  Description made = is_;
  TileRequest channels = part;
  for (Line& line : made.lines) {
    std::optional<Stretch>&from = part.input[static_cast<size_t>(line.in)],
    &to = part.output[static_cast<size_t>(line.out)];
    channels.input[static_cast<size_t>(line.in)] = std::nullopt;
    channels.output[static_cast<size_t>(line.out)] = std::nullopt;
    if (!from && !to) continue;
    const Term &a = in[static_cast<size_t>(line.in)], &b = out[static_cast<size_t>(line.out)];
    const Term& named = from ? a : b;
    if (is_.is_circular) refuse_cut(*this, named, "its boundary is circular");
    if (is_.method == Method::fft)
      refuse_cut(*this, named, "an FFT needs it whole; use method = \"direct\"");
    if (a.extent == kUnknown || b.extent == kUnknown) {
      const std::string name = text_of_base(a);
      refuse_cut(*this, named,
                 fmt::format("the extent of '{0}' is unknown; give extent = {{{0} = …}}", name));
    }
    // y[n] needs x[n + shift + c - (K-1)] … x[n + shift + c].
    const int64_t k = taps(line), high = line.shift + k / 2, low = high - (k - 1);
    Stretch x = from.value_or(Stretch{0, a.extent}), y = to.value_or(Stretch{0, b.extent});
    x = intersection(x, {y.first + low, y.count + k - 1});
    y = intersection(y, {x.first - high, x.count + k - 1});
    is_something = is_something && x.count > 0 && y.count > 0;
    line.shift += y.first - x.first;
    from = x;
    to = y;
    made.method = Method::direct;
  }
  if (!is_something) return no_tile(part);
  made.kernel = cut_weight(is_.kernel, is_.terms, signature(), channels);
  // A piece of an autocorrelation is one only where the same channels stand on both sides.
  made.is_normal = is_.is_normal && request.is_whole();
  made.root = nullptr;
  return tile_of(std::make_shared<ConvolutionCore>(
                     std::move(made), cut_signature(signature(), part.input, part.output), name()),
                 part);
}

// The dims of one application by what they do.
struct ConvolutionCore::Roles {
  struct Dim {
    int x, y, k;  // positions, -1 where there is none
    int64_t extent;
  };
  std::vector<Dim> kept, summed;
  struct Line {
    int x, y, k;
    int64_t x_extent, y_extent, taps;
    int64_t shift;
  };
  std::vector<Line> lines;
  Side dims;  // of y, then the summed ones: what views of contractions have
};

ConvolutionCore::Roles ConvolutionCore::roles(Mode mode, const Operand& x, const Operand& y) const {
  const bool is_transposed = transposes(mode);
  const Side& in = is_transposed ? signature().output() : signature().input();
  const Side& out = is_transposed ? signature().input() : signature().output();
  const Places from = places(in, signature().is_open(), x.shape.ndim());
  const Places to = places(out, signature().is_open(), y.shape.ndim());
  const Side in_terms = terms_of(in), out_terms = terms_of(out);
  Roles r;
  for (int j = 0; j < to.batch_count; ++j) {
    r.kept.push_back(
        {from.batch_first + j, to.batch_first + j, -1, y.shape.extent(to.batch_first + j)});
  }
  std::vector<bool> in_line(in_terms.size()), out_line(out_terms.size());
  for (const Line& line : is_.lines) {
    const auto a = static_cast<size_t>(is_transposed ? line.out : line.in);
    const auto c = static_cast<size_t>(is_transposed ? line.in : line.out);
    in_line[a] = out_line[c] = true;
    const int px = from.term[a], py = to.term[c];
    r.lines.push_back(
        {px, py, line.weight, x.shape.extent(px), y.shape.extent(py), taps(line), line.shift});
  }
  for (size_t i = 0; i < out_terms.size(); ++i) {
    if (out_line[i]) continue;
    const int source = find_term(in_terms, out_terms[i]);
    const int at = to.term[i];
    r.kept.push_back({source < 0 ? -1 : from.term[static_cast<size_t>(source)], at,
                      find_term(is_.terms, out_terms[i]), y.shape.extent(at)});
  }
  for (size_t i = 0; i < in_terms.size(); ++i) {
    if (in_line[i] || find_term(out_terms, in_terms[i]) >= 0) continue;
    r.summed.push_back(
        {from.term[i], -1, find_term(is_.terms, in_terms[i]), x.shape.extent(from.term[i])});
  }
  return r;
}

void ConvolutionCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const bool is_transposed = transposes(mode);
  const Side& from = is_transposed ? signature().output() : signature().input();
  const Side& to = is_transposed ? signature().input() : signature().output();
  const Places x = places(from, signature().is_open(), in.ndim());
  const Places y = places(to, signature().is_open(), out.ndim());
  for (const Line& line : is_.lines) {
    const int at = y.term[static_cast<size_t>(is_transposed ? line.in : line.out)];
    if (out.extent(at) == kUnknown) {
      out = out.with_extent(
          at, in.extent(x.term[static_cast<size_t>(is_transposed ? line.out : line.in)]));
    }
  }
}

namespace {

int64_t grid_extent(bool is_circular, int64_t n, int64_t taps) {
  if (is_circular) return n;
  // Room for what the kernel carries beyond one end; the other end's share wraps into the same
  // zeros.  Taps beyond n samples from the centre meet nothing.
  const int64_t centre = taps / 2;
  return nufft::good_size(n + std::min(std::max(centre, taps - 1 - centre), n - 1));
}

// Real arithmetic of one core, measured on AVX-512 (c64, a 9 x 9 kernel); that of narrower sets and
// of double precision stands in the same proportion to their FFTs.
constexpr double kDirectFlops = 6e10;
// Seconds per grid element of padding, multiplying by the spectrum and cropping, c64.
constexpr double kPerElement = 3e-9;

}  // namespace

bool ConvolutionCore::chooses_fft(Builder& b, const Roles& roles, DType dtype) const {
  double results = 1, taps = 1, points = 1, kept = 1, made = 1, sums = 1;
  for (const Roles::Dim& d : roles.kept) {
    if (b.options().deterministic) break;  // of one index of the dims that may be cut
    const auto n = static_cast<double>(d.extent);
    results *= n;
    (d.x < 0 ? made : kept) *= n;
  }
  for (const Roles::Dim& d : roles.summed) sums *= static_cast<double>(d.extent);
  double line_seconds = 0;
  for (const Roles::Line& line : roles.lines) {
    const int64_t n = grid_extent(is_.is_circular, line.y_extent, line.taps);
    results *= static_cast<double>(line.y_extent);
    taps *= static_cast<double>(line.taps);
    points *= static_cast<double>(n);
    line_seconds += (nufft::line_seconds(n) + nufft::column_seconds(n)) / static_cast<double>(n);
  }
  const double precision = is_double(dtype) ? 2 : 1;
  const double parts = (is_complex(dtype) ? 2 : 1) * (is_.kernel->is_complex() ? 2 : 1);
  const double direct = 2 * results * taps * sums * parts * precision / kDirectFlops;
  const double arrays = kept * (sums + made);
  const double fft = precision * points *
                     (arrays * (line_seconds + kPerElement) + kept * sums * made * kPerElement);
  if (is_.method != Method::automatic) return is_.method == Method::fft;
  ExplainedChoice choice;
  choice.node = label();
  choice.chosen = fft < direct ? "fft" : "direct";
  choice.why = fmt::format("direct {:.2g} s against fft {:.2g} s on one core", direct, fft);
  choice.estimates = {{"direct", direct}, {"fft", fft}};
  b.chose(std::move(choice));
  return fft < direct;
}

void ConvolutionCore::check_extents(Mode mode, const Operand& x, const Operand& y) const {
  const Roles r = roles(mode, x, y);
  for (const Roles::Line& line : r.lines) {
    // Nothing stays nothing, whatever the kernel.
    if (is_.is_circular && line.y_extent > 0 && line.taps > line.y_extent) {
      fail(
          Code::shape, "apply",
          "{}: the kernel has {} taps along '{}', whose extent is {}; a circular kernel is at most "
          "as long, so shorten it or use boundary = \"zero\"",
          label(), line.taps, y.shape.dim(line.y).text(), line.y_extent);
    }
  }
}

void ConvolutionCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  check_extents(mode, x, y);
  const Roles r = roles(mode, x, y);
  if (chooses_fft(b, r, x.dtype)) {
    lower_fft(b, mode, r, x, y, s);
  } else {
    lower_direct(b, mode, r, x, y, s);
  }
}

namespace {

class ConvolutionStep final : public Step {
 public:
  ConvolutionStep(std::shared_ptr<const ConvolutionKernel> kernel, Ref x, Ref y, StepScale s)
      : kernel_(std::move(kernel)), scale_(s) {
    refs = {x, y};
    flops = kernel_->flops();
    bytes = kernel_->traffic();
    scratch_bytes = kernel_->workspace();
  }
  void run(const Frame& f) const override {
    kernel_->run(refs[0].address(f), refs[1].address(f), f.resolve(scale_), scratch_at(f),
                 *f.stream);
  }

 private:
  std::shared_ptr<const ConvolutionKernel> kernel_;
  StepScale scale_;
};

}  // namespace

void ConvolutionCore::lower_direct(Builder& b,
                                   Mode mode,
                                   const Roles& r,
                                   const Operand& x,
                                   const Operand& y,
                                   const StepScale& s) const {
  const bool is_transposed = transposes(mode);
  const DType kernel_dtype = is_.kernel->meets(x.dtype);
  const Tensor values = b.values(is_.kernel, kernel_dtype);
  const std::vector<int64_t> strides =
      values.is_empty_handle() ? row_major(is_.kernel->extents()) : values.strides();
  const auto at = [](const std::vector<int64_t>& of, int position) {
    return position < 0 ? int64_t{0} : of[static_cast<size_t>(position)];
  };
  ConvolutionSpec spec;
  spec.dtype = x.dtype;
  spec.kernel_dtype = kernel_dtype;
  spec.conjugate = conjugates(mode);
  spec.is_circular = is_.is_circular;
  for (const Roles::Dim& d : r.kept)
    spec.kept.push_back({d.extent, at(x.strides, d.x), at(y.strides, d.y), at(strides, d.k)});
  for (const Roles::Dim& d : r.summed)
    spec.summed.push_back({d.extent, at(x.strides, d.x), 0, at(strides, d.k)});
  int64_t first = 0;
  for (const Roles::Line& line : r.lines) {
    // The transpose is the convolution with the reversed kernel.
    const int64_t centre = line.taps / 2 + line.shift;
    int64_t k = at(strides, line.k);
    if (is_transposed) {
      first += (line.taps - 1) * k;
      k = -k;
    }
    spec.lines.push_back({line.y_extent, line.x_extent, line.taps,
                          is_transposed ? line.taps - 1 - centre : centre, at(x.strides, line.x),
                          at(y.strides, line.y), k});
  }
  if (!values.is_empty_handle()) {
    spec.kernel = static_cast<const std::byte*>(values.data()) +
                  first * static_cast<int64_t>(size_of(kernel_dtype));
  }
  auto kernel = b.context().backend().convolution(spec, *b.context().stream);
  b.persists(nullptr, kernel->bytes());
  b.add(std::make_unique<ConvolutionStep>(std::move(kernel), make_ref(x), make_ref(y), s));
}

namespace {

// The real parts of a complex view.
Ref real_part(Ref ref) {
  if (!is_complex(ref.view.dtype)) return ref;
  ref.view.dtype = real_of(ref.view.dtype);
  for (int d = 0; d < ref.view.ndim; ++d) ref.view.stride[static_cast<size_t>(d)] *= 2;
  return ref;
}

void add_fft(Builder& b,
             const Operand& x,
             const Operand& y,
             const std::vector<int>& axes,
             int sign,
             double scale,
             const StepScale& s) {
  FftSpec spec;
  spec.dtype = x.dtype;
  spec.extents = y.shape.extents();
  spec.x_strides = x.strides;
  spec.y_strides = y.strides;
  spec.axes = axes;
  spec.sign = sign;
  spec.centred = false;
  spec.scale = scale;
  spec.deterministic = b.options().deterministic;
  Backend& backend = b.context().backend();
  std::shared_ptr<const FftKernel> kernel;
  if (!b.is_dry()) kernel = backend.fft(spec, *b.context().stream);
  auto step = fft_step(std::move(kernel), make_ref(x), make_ref(y), s);
  if (b.is_dry()) {
    double points = 1;
    for (const int axis : axes) points *= static_cast<double>(y.shape.extent(axis));
    step->flops = 5.0 * static_cast<double>(y.shape.count()) * std::log2(std::max(points, 2.0));
    step->scratch_bytes = backend.fft_workspace(spec, *b.context().stream);
  }
  b.add(std::move(step));
}

}  // namespace

void ConvolutionCore::lower_fft(Builder& b,
                                Mode mode,
                                const Roles& r,
                                const Operand& x,
                                const Operand& y,
                                const StepScale& s) const {
  const DType dtype = complex_of(x.dtype);
  std::vector<KernelLine> lines;
  std::vector<int64_t> grid, to_extents = y.shape.extents(), from_extents = x.shape.extents();
  std::vector<int> x_axes, y_axes;
  bool is_padded = false;
  double points = 1;
  for (const Roles::Line& line : r.lines) {
    const int64_t n = grid_extent(is_.is_circular, line.y_extent, line.taps);
    lines.push_back({static_cast<size_t>(line.k), line.taps, line.y_extent});
    grid.push_back(n);
    from_extents[static_cast<size_t>(line.x)] = n;
    to_extents[static_cast<size_t>(line.y)] = n;
    x_axes.push_back(line.x);
    y_axes.push_back(line.y);
    is_padded = is_padded || n != line.y_extent;
    points *= static_cast<double>(n);
  }
  // In the transpose and the conjugate the kernel's spectrum is met at the opposite frequencies,
  // where a transform with the other sign has them.
  const int sign = transposes(mode) == conjugates(mode) ? -1 : 1;
  const Shape from(x.shape.dims(), from_extents), to(y.shape.dims(), to_extents);

  Operand padded = x;
  if (is_padded || x.dtype != dtype) {
    padded = b.slot(from, dtype);
    b.add(prepare_step(make_ref(padded), StepScale{}));
    Ref window = make_ref(padded, x.shape.extents(), padded.strides);
    if (x.dtype != dtype) window = real_part(window);
    b.add(axpby_step(make_ref(x), false, window, StepScale{}));
  }
  const Operand spectrum = b.slot(from, dtype);
  add_fft(b, padded, spectrum, x_axes, sign, 1.0, StepScale{});

  const WeightPtr k = spectra_->of(is_.kernel, lines, grid);
  const Operand product = r.summed.empty() && from_extents == to_extents &&
                                  std::all_of(r.kept.begin(), r.kept.end(),
                                              [](const Roles::Dim& d) { return d.x == d.y; })
                              ? spectrum
                              : b.slot(to, dtype);
  // Views with the dims of the product, then the summed ones.
  const Builder::Values values = b.placed_values(k, dtype);
  std::vector<int64_t> extents = to_extents, x_strides(extents.size(), 0),
                       y_strides(product.strides), k_strides(extents.size(), 0);
  const auto place = [&](int dim, int x_dim, int k_dim) {
    if (x_dim >= 0)
      x_strides[static_cast<size_t>(dim)] = spectrum.strides[static_cast<size_t>(x_dim)];
    if (k_dim >= 0)
      k_strides[static_cast<size_t>(dim)] = values.strides[static_cast<size_t>(k_dim)];
  };
  for (const Roles::Dim& d : r.kept) place(d.y, d.x, d.k);
  for (const Roles::Line& line : r.lines) place(line.y, line.x, line.k);
  for (const Roles::Dim& d : r.summed) {
    extents.push_back(d.extent);
    x_strides.push_back(0);
    k_strides.push_back(0);
    y_strides.push_back(0);
    place(static_cast<int>(extents.size()) - 1, d.x, d.k);
  }
  const Ref w = values.seen_as(extents, k_strides);
  const Ref u = make_ref(spectrum, extents, x_strides), v = make_ref(product, extents, y_strides);
  if (r.summed.empty()) {
    b.add(multiply_step(w, conjugates(mode), u, v, StepScale{}));
  } else {
    if (!b.is_dry() && b.options().sum_order() == SumOrder::fastest) {
      const auto summed = static_cast<int>(r.summed.size());
      prepare_contraction(w.view, u.view, summed, v.view, *b.context().stream);
    }
    b.add(contract_step(w, conjugates(mode), u, static_cast<int>(r.summed.size()), v, StepScale{},
                        b.options().sum_order()));
  }

  if (!is_padded && y.dtype == dtype) {
    add_fft(b, product, y, y_axes, -sign, 1.0 / points, s);
    return;
  }
  const Operand whole = b.slot(to, dtype);
  add_fft(b, product, whole, y_axes, -sign, 1.0 / points, StepScale{});
  Ref window = make_ref(whole, y.shape.extents(), whole.strides);
  if (y.dtype != dtype) window = real_part(window);
  b.add(axpby_step(window, false, make_ref(y), s));
}

}  // namespace lunops
