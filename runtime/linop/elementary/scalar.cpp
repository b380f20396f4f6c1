// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/scalar.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

Mode ScalarCore::canonical(Mode mode) const noexcept {
  return conjugates(mode) && value_.imag() != 0.0 ? Mode::conj : Mode::forward;
}

std::string ScalarCore::details() const {
  if (value_.imag() == 0.0) return fmt::format("{}", value_.real());
  return fmt::format("{}{:+}i", value_.real(), value_.imag());
}

bool may_multiply(c128 a, c128 b, DType dtype) noexcept {
  const bool is_wide = is_double(dtype);
  const double least =
      is_wide ? std::numeric_limits<double>::min() : double{std::numeric_limits<float>::min()};
  const double most =
      is_wide ? std::numeric_limits<double>::max() : double{std::numeric_limits<float>::max()};
  const auto is_normal = [&](c128 z) {
    const double size = std::max(std::abs(z.real()), std::abs(z.imag()));
    return size == 0.0 || (size >= least && size <= most);
  };
  const c128 product = a * b;
  const bool is_lost = product == 0.0 && a != 0.0 && b != 0.0;
  return !is_normal(a) || !is_normal(b) || (is_normal(product) && !is_lost);
}

// The data may be of either precision: where |s|^2 leaves the range of the narrower one, the two
// scalars stay apart until the dtype is known.
std::optional<Node> ScalarCore::exact_normal(Mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  if (!may_multiply(value_, std::conj(value_), DType::f32) ||
      !may_multiply(value_, std::conj(value_), DType::f64)) {
    return std::nullopt;
  }
  return Node{std::make_shared<ScalarCore>(std::norm(value_), signature(), "", value_),
              Mode::forward, nullptr};
}

bool ScalarCore::same(const Core& other) const {
  return value_ == static_cast<const ScalarCore&>(other).value_;
}

Tile ScalarCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(std::make_shared<ScalarCore>(
                     value_, cut_signature(signature(), part.input, part.output), name(), root_),
                 part);
}

void ScalarCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  if (may_multiply(s.factor, value(mode), y.dtype)) return b.copy(x, y, s.times(value(mode)));
  const Operand scaled = b.slot(x.shape, x.dtype);
  b.copy(x, scaled, StepScale{value(mode)});
  b.copy(scaled, y, s);
}

const ScalarCore* as_scalar(const Node& node) noexcept {
  return dynamic_cast<const ScalarCore*>(node.core.get());
}

std::optional<Node> scalar_power(const Node& node, double exponent) {
  const ScalarCore* scalar = as_scalar(node);
  if (scalar == nullptr) return std::nullopt;
  const c128 base = scalar->value(node.mode);
  if (base == 0.0 && exponent < 0) {
    fail(Code::numeric, "power", "{} ^ {}: the scalar is 0", label_of(node), exponent);
  }
  if (base.imag() == 0.0 && base.real() < 0 && exponent != std::floor(exponent)) {
    fail(Code::numeric, "power",
         "{} ^ {}: a negative real scalar has no real power; use a complex one", label_of(node),
         exponent);
  }
  const c128 value =
      base.imag() == 0.0 ? c128(std::pow(base.real(), exponent)) : std::pow(base, exponent);
  if (!std::isfinite(value.real()) || !std::isfinite(value.imag())) {
    fail(Code::numeric, "power", "{} ^ {}: the result is too large for a double", label_of(node),
         exponent);
  }
  return Node{std::make_shared<ScalarCore>(value, signature_of(node), scalar->name()),
              Mode::forward, nullptr};
}

Linop Scalar(c128 s, std::string_view text, const LinopOptions& options) {
  if (!std::isfinite(s.real()) || !std::isfinite(s.imag())) {
    // A NaN has no sign worth showing.
    const auto shown = [](double v) { return std::isnan(v) ? std::abs(v) : v; };
    fail(Code::numeric, "Scalar", "the scalar is {}{:+}i; give a finite number", shown(s.real()),
         shown(s.imag()));
  }
  const SignatureText parsed = parse_signature("Scalar", text);
  if (!parsed.is_one_sided) {
    fail(Code::shape, "Scalar", "\"{}\" has two sides; a scalar keeps its dims, so name them once",
         text);
  }
  return Linop(std::make_shared<ScalarCore>(
      s, with_options("Scalar", Signature(parsed.side, parsed.side), options), options.name));
}

}  // namespace lunops
