// SPDX-License-Identifier: MIT
#include "runtime/linop/field/cast.hpp"

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

DType CastCore::from() const noexcept {
  if (is_complex(to_)) return is_double(to_) ? DType::c64 : DType::c128;
  return is_double(to_) ? DType::f32 : DType::f64;
}

std::string CastCore::details() const {
  return fmt::format("{} to {}", name_of(from()), name_of(to_));
}

void CastCore::check_dtype(Mode mode, DType in) const {
  const DType needed = transposes(mode) ? to_ : from();
  if (in == needed) return;
  std::string hint = "the data have that precision already: leave it out";
  if (is_complex(in) && !is_complex(needed)) {
    hint = "it changes the precision only: use Real for the real part";
  } else if (is_complex(in) != is_complex(needed)) {
    hint = fmt::format("it changes the precision only: use x:as \"{}\"", name_of(needed));
  }
  fail(Code::dtype, "apply", "{} takes {} but x is {}; {}",
       label_of(Node{shared_from_this(), mode, nullptr}), name_of(needed), name_of(in), hint);
}

std::optional<Node> CastCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || !is_isometry(mode)) return std::nullopt;
  return Node{identity_like(signature()), Mode::forward, nullptr};
}

bool CastCore::same(const Core& other) const {
  return to_ == static_cast<const CastCore&>(other).to_;
}

std::shared_ptr<const Core> CastCore::shown_as(const Signature& form) const {
  return std::make_shared<CastCore>(to_, form, name());
}

Tile CastCore::cut(const TileRequest& request) const { return cut_kept(*this, request); }

void CastCore::lower(
    Builder& b, Mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.copy(x, y, s);
}

const CastCore* as_cast(const Node& node) noexcept {
  return node.form == nullptr ? dynamic_cast<const CastCore*>(node.core.get()) : nullptr;
}

Linop Cast(std::string_view text, const CastOptions& options) {
  for (const DType to : {DType::f32, DType::f64, DType::c64, DType::c128}) {
    if (options.to != name_of(to)) continue;
    return Linop(std::make_shared<CastCore>(to, one_sided("Cast", text, options), options.name));
  }
  if (options.to.empty()) {
    fail(Code::argument, "Cast", "give to = \"c128\", or another of f32, f64 and c64");
  }
  const std::vector<std::string> known{"f32", "f64", "c64", "c128"};
  fail(Code::argument, "Cast", "to is '{}'; it is f32, f64, c64 or c128{}", options.to,
       did_you_mean(options.to, known));
}

}  // namespace lunops
