// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

using namespace reference;

namespace {

int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  // Unsigned, because overflow wraps.
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent > 0; exponent /= 2, factor *= factor) {
    if (exponent % 2 == 1) result *= factor;
  }
  return static_cast<int64_t>(result);
}

Value integer_binary(Binary op, int64_t a, int64_t b) {
  const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (op) {
    case Binary::add:
      return Value(static_cast<int64_t>(ua + ub));
    case Binary::subtract:
      return Value(static_cast<int64_t>(ua - ub));
    case Binary::multiply:
      return Value(static_cast<int64_t>(ua * ub));
    case Binary::divide:
      return Value(b == 0 ? int64_t{0} : a / b);
    case Binary::power:
      return Value(integer_power(a, b));
    case Binary::less:
      return Value(int64_t{a < b});
    case Binary::less_equal:
      return Value(int64_t{a <= b});
    case Binary::greater:
      return Value(int64_t{a > b});
    case Binary::greater_equal:
      return Value(int64_t{a >= b});
    case Binary::equal:
      return Value(int64_t{a == b});
    case Binary::not_equal:
      return Value(int64_t{a != b});
  }
  __builtin_unreachable();
}

// Comparisons other than equality are asked of real numbers only.
c128 floating_binary(Binary op, c128 a, c128 b, bool is_real) {
  switch (op) {
    case Binary::add:
      return a + b;
    case Binary::subtract:
      return a - b;
    case Binary::multiply:
      return is_real ? c128(a.real() * b.real()) : a * b;
    case Binary::divide:
      return is_real ? c128(a.real() / b.real()) : a / b;
    case Binary::power:
      // As a product of logarithms, (-1)^2 would be off by rounding.
      if (is_real) return std::pow(a.real(), b.real());
      if (b == 2.0) return a * a;
      if (b == 0.0) return 1.0;
      return std::pow(a, b);
    case Binary::less:
      return a.real() < b.real();
    case Binary::less_equal:
      return a.real() <= b.real();
    case Binary::greater:
      return a.real() > b.real();
    case Binary::greater_equal:
      return a.real() >= b.real();
    case Binary::equal:
      return a == b;
    case Binary::not_equal:
      return a != b;
  }
  __builtin_unreachable();
}

c128 apply(Unary op, c128 x, bool is_real) {
  switch (op) {
    case Unary::negate:
      return -x;
    case Unary::conj:
      return std::conj(x);
    case Unary::abs:
      return std::abs(x);
    case Unary::angle:
      return std::arg(x);
    case Unary::exp:
      return is_real ? c128(std::exp(x.real())) : std::exp(x);
    case Unary::sqrt:
      return is_real ? c128(std::sqrt(x.real())) : std::sqrt(x);
    case Unary::real:
      return x.real();
    case Unary::imag:
      return x.imag();
    case Unary::square_abs:
      return std::norm(x);
    case Unary::logical_not:
      return x == 0.0;
  }
  __builtin_unreachable();
}

}  // namespace

// y[i] = a[i] op b[i], computed in the wider of the two kinds.
void ReferenceBackend::binary(Binary op, RawView a, RawView b, RawView y, Stream&) {
  const bool integers = is_integer(a.dtype) && is_integer(b.dtype);
  const bool reals = !is_complex(a.dtype) && !is_complex(b.dtype);
  for_each_index(y, [&](const Index& i) {
    const Value left = read(a, offset(a, i)), right = read(b, offset(b, i));
    write(y, offset(y, i),
          integers ? integer_binary(op, left.i, right.i)
                   : Value(floating_binary(op, left.z, right.z, reals)));
  });
}

void ReferenceBackend::unary(Unary op, RawView x, RawView y, Stream&) {
  for_each_index(y, [&](const Index& i) {
    const Value value = read(x, offset(x, i));
    if (is_integer(x.dtype) && op == Unary::negate) {
      write(y, offset(y, i), Value(static_cast<int64_t>(-static_cast<uint64_t>(value.i))));
    } else if (is_integer(x.dtype) && (op == Unary::conj || op == Unary::real)) {
      write(y, offset(y, i), value);
    } else {
      write(y, offset(y, i), apply(op, value.z, !is_complex(x.dtype)));
    }
  });
}

// y[i] = mask[i] ? a[i] : b[i]
void ReferenceBackend::where(RawView mask, RawView a, RawView b, RawView y, Stream&) {
  for_each_index(y, [&](const Index& i) {
    const bool first = read(mask, offset(mask, i)).z != 0.0;
    write(y, offset(y, i), first ? read(a, offset(a, i)) : read(b, offset(b, i)));
  });
}

}  // namespace lunops
