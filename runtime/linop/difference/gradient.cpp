// SPDX-License-Identifier: MIT
#include "runtime/linop/difference/gradient.hpp"

#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/linop/difference/laplacian.hpp"
#include "runtime/linop/difference/step.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

GradientCore::GradientCore(Boundary boundary,
                           std::vector<double> spacings,
                           Parts parts,
                           int stack,
                           std::vector<TermPair> pairs,
                           Signature signature,
                           std::string name)
    : Core(std::move(signature), std::move(name)),
      boundary_(boundary),
      spacings_(std::move(spacings)),
      parts_(std::move(parts)),
      stack_(stack),
      pairs_(std::move(pairs)) {}

std::string GradientCore::details() const {
  return fmt::format("{}{}", name_of(boundary_), spacing_text(spacings_));
}

Mode GradientCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

std::optional<double> GradientCore::norm_bound() const {
  double sum = 0;
  for (const int part : parts_) {
    const double h = spacings_[static_cast<size_t>(part)];
    sum += 4 / (h * h);
  }
  return sum;
}

std::optional<Node> GradientCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || transposes(mode)) return std::nullopt;
  if (parts_.size() != pairs_.size()) return std::nullopt;
  // Mixed dims get a prime on the output, under the names of the input.
  Side in = signature().input(), out = in;
  for (const TermPair& pair : pairs_) {
    int number = pair.in;
    for (Term& t : out) {
      if (t.kind != Term::Kind::ellipsis && number-- == 0) ++t.dim.primes;
    }
  }
  const Signature on_input(in, out, signature().is_open());
  std::vector<TermPair> pairs;
  for (const TermPair& pair : pairs_) pairs.push_back({pair.in, pair.in});
  LaplacianCore::Description description{boundary_, spacings_, true};
  std::vector<TridiagonalCore::Axis> axes = LaplacianCore::axes_of(description);
  return Node{std::make_shared<LaplacianCore>(std::move(description), std::move(axes),
                                              std::move(pairs), on_input, ""),
              Mode::forward, nullptr};
}

bool GradientCore::same(const Core& other) const {
  const auto& o = static_cast<const GradientCore&>(other);
  return boundary_ == o.boundary_ && spacings_ == o.spacings_ && parts_ == o.parts_ &&
         stack_ == o.stack_;
}

Tile GradientCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  const auto stack = static_cast<size_t>(stack_);
  const std::optional<Stretch> range =
      part.output.size() > stack ? part.output[stack] : std::nullopt;
  if (range) part.output[stack] = std::nullopt;
  refuse_mixed_cuts(*this, part);
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  Parts parts = parts_;
  if (range) {
    part.output[stack] = range;
    if (range->count == 0) return no_tile(part);
    parts.assign(parts_.begin() + range->first, parts_.begin() + range->end());
  }
  return tile_of(
      std::make_shared<GradientCore>(boundary_, spacings_, std::move(parts), stack_, pairs_,
                                     cut_signature(signature(), part.input, part.output), name()),
      part);
}

namespace {

// Where the dims of the image lie among those of the stack of differences.
struct Aligned {
  std::vector<int> stacked;  // by position in the image
  std::vector<int> axis;     // positions in the image of the pairs
  int stack = 0;             // position of the stack dim
};
Aligned align(const Signature& forward,
              const std::vector<TermPair>& pairs,
              int stack,
              int image_ndim) {
  const Places in = places(forward.input(), forward.is_open(), image_ndim);
  const Places out = places(forward.output(), forward.is_open(), image_ndim + 1);
  const Side in_terms = terms_of(forward.input()), out_terms = terms_of(forward.output());
  Aligned a;
  a.stacked.assign(static_cast<size_t>(image_ndim), -1);
  a.stack = out.term[static_cast<size_t>(stack)];
  for (int j = 0; j < in.batch_count; ++j)
    a.stacked[static_cast<size_t>(in.batch_first + j)] = out.batch_first + j;
  for (size_t i = 0; i < in_terms.size(); ++i) {
    const int kept = find_term(out_terms, in_terms[i]);
    if (kept >= 0) a.stacked[static_cast<size_t>(in.term[i])] = out.term[static_cast<size_t>(kept)];
  }
  for (const TermPair& pair : pairs) {
    const int at = in.term[static_cast<size_t>(pair.in)];
    a.axis.push_back(at);
    a.stacked[static_cast<size_t>(at)] = out.term[static_cast<size_t>(pair.out)];
  }
  return a;
}

}  // namespace

void GradientCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const bool is_transposed = transposes(mode);
  const Aligned a = align(signature(), pairs_, stack_, is_transposed ? out.ndim() : in.ndim());
  for (const int at : a.axis) {
    const int stacked = a.stacked[static_cast<size_t>(at)];
    const int to = is_transposed ? at : stacked, from = is_transposed ? stacked : at;
    if (out.extent(to) == kUnknown) out = out.with_extent(to, in.extent(from));
  }
}

void GradientCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const bool is_transposed = transposes(mode);
  const Operand &image = is_transposed ? y : x, &stack = is_transposed ? x : y;
  const Aligned a = align(signature(), pairs_, stack_, image.shape.ndim());
  DifferenceSpec spec;
  spec.form = is_transposed ? DifferenceSpec::Form::gather : DifferenceSpec::Form::stack;
  spec.pitch = stack.strides[static_cast<size_t>(a.stack)];
  for (const int part : parts_) {
    const auto number = static_cast<size_t>(part);
    DifferenceLine line = difference_line(Difference::forward, boundary_, spacings_[number]);
    if (is_transposed) line = line.transposed();
    line.axis = a.axis[number];
    spec.lines[static_cast<size_t>(spec.count++)] = line;
  }
  std::vector<int64_t> strides;
  for (const int at : a.stacked) strides.push_back(stack.strides[static_cast<size_t>(at)]);
  const std::vector<int64_t> extents = image.shape.extents();
  const Ref of_image = make_ref(image), of_stack = make_ref(stack, extents, strides);
  b.add(difference_step(spec, is_transposed ? of_stack : of_image,
                        is_transposed ? of_image : of_stack, s));
}

namespace {

// The pairs of "y x -> grad y' x'"; the first output dim that is new is the stack.
std::vector<TermPair> gradient_pairs(const Signature& signature,
                                     std::string_view text,
                                     int& stack) {
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  std::vector<int> only_in, only_out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (find_term(out, in[i]) < 0) only_in.push_back(static_cast<int>(i));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (find_term(in, out[i]) < 0) only_out.push_back(static_cast<int>(i));
  }
  if (only_in.empty() || only_out.size() != only_in.size() + 1) {
    fail(Code::shape, "Gradient",
         "\"{}\" replaces {} dims by {}; each dim that is differentiated gets another name, behind "
         "one new dim for the components, as in \"y x -> grad y' x'\"",
         text, only_in.size(), only_out.size());
  }
  stack = only_out[0];
  std::vector<TermPair> pairs;
  for (size_t i = 0; i < only_in.size(); ++i) pairs.push_back({only_in[i], only_out[i + 1]});
  return pairs;
}

}  // namespace

Linop Gradient(std::string_view text, const GradientOptions& options) {
  const Boundary boundary = boundary_named("Gradient", options.boundary);
  Signature signature = primed_signature("Gradient", text, options.dims);
  if (parse_signature("Gradient", text).is_one_sided) {
    if (signature.input() == signature.output()) {
      fail(Code::shape, "Gradient", "\"{}\" names no dim to differentiate along", text);
    }
    Side out{{Term::Kind::dim, Dim::parse("grad"), 0, kUnknown}};
    out.insert(out.end(), signature.output().begin(), signature.output().end());
    // A leading "..." stays where it is: the components come after the batch.
    if (out.size() > 1 && out[1].kind == Term::Kind::ellipsis) std::swap(out[0], out[1]);
    signature = Signature(signature.input(), out, signature.is_open());
  }
  int stack = 0;
  std::vector<TermPair> pairs = gradient_pairs(signature, text, stack);
  check_listed("Gradient", "dims", signature, pairs, options.dims);
  const std::vector<double> spacings = spacings_of("Gradient", signature, pairs, options.spacing);
  signature = equal_extents("Gradient", with_options("Gradient", signature, options), pairs);
  const Term component = terms_of(signature.output())[static_cast<size_t>(stack)];
  const auto count = static_cast<int64_t>(pairs.size());
  if (component.extent != kUnknown && component.extent != count) {
    fail(Code::shape, "Gradient", "'{}' has extent {} but there are {} components",
         text_of_base(component), component.extent, count);
  }
  signature = signature.with_extents({{component.dim, count}});
  GradientCore::Parts parts(pairs.size());
  std::iota(parts.begin(), parts.end(), 0);
  return Linop(std::make_shared<GradientCore>(boundary, spacings, std::move(parts), stack,
                                              std::move(pairs), std::move(signature),
                                              options.name));
}

}  // namespace lunops
