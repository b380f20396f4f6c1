// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/scalar.hpp"

#include <cmath>

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

std::optional<Node> ScalarCore::exact_normal(Mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
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
                     value_, cut_signature(signature(), part.input, part.output), name()),
                 part);
}

void ScalarCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.copy(x, y, s.times(value(mode)));
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
