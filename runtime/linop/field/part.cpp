// SPDX-License-Identifier: MIT
#include "runtime/linop/field/part.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

DType PartCore::result_dtype(Mode mode, DType in) const {
  return transposes(mode) ? complex_of(in) : real_of(in);
}

void PartCore::check_dtype(Mode mode, DType in) const {
  if (is_complex(in) != transposes(mode)) return;
  const Node shown{shared_from_this(), mode, nullptr};
  if (transposes(mode)) {
    fail(Code::dtype, "apply", "{} takes real data but x is {}; use x:real()", label_of(shown),
         name_of(in));
  }
  fail(Code::dtype, "apply", "{} takes complex data but x is {}; use x:as \"{}\"", label_of(shown),
       name_of(in), name_of(complex_of(in)));
}

std::optional<Node> PartCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || !transposes(mode)) return std::nullopt;
  return Node{identity_like(signature()), Mode::forward, nullptr};
}

bool PartCore::same(const Core& other) const {
  return is_imag_ == static_cast<const PartCore&>(other).is_imag_;
}

std::shared_ptr<const Core> PartCore::shown_as(const Signature& form) const {
  return std::make_shared<PartCore>(is_imag_, form, name());
}

Tile PartCore::cut(const TileRequest& request) const { return cut_kept(*this, request); }

void PartCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  if (transposes(mode)) {
    b.add(axpby_step(make_ref(x), false, make_ref(y, x.shape.extents(), y.strides),
                     s.times(is_imag_ ? c128(0, 1) : c128(1))));
  } else {
    b.copy(*view(mode, x), y, s);
  }
}

std::optional<Operand> PartCore::view(Mode mode, const Operand& x) const {
  if (transposes(mode)) return std::nullopt;
  Operand part = x;
  part.dtype = real_of(x.dtype);
  for (int64_t& stride : part.strides) stride *= 2;
  if (is_imag_) part.offset += static_cast<int64_t>(size_of(part.dtype));
  return part;
}

Linop Real(std::string_view text, const LinopOptions& options) {
  return Linop(std::make_shared<PartCore>(false, one_sided("Real", text, options), options.name));
}

Linop Imag(std::string_view text, const LinopOptions& options) {
  return Linop(std::make_shared<PartCore>(true, one_sided("Imag", text, options), options.name));
}

}  // namespace lunops
