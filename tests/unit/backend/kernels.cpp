// SPDX-License-Identifier: MIT
// Every kernel of the CPU backend against the reference, over dtypes, extents and strides.  CTest
// runs this file once per instruction set that the machine has (LUNOPS_ISA).
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/draw.hpp"

using namespace lunops;
using draw::Array;
using draw::Strides;

namespace {

constexpr DType kAll[] = {DType::f32, DType::f64, DType::c64,    DType::c128,
                          DType::i32, DType::i64, DType::boolean};
constexpr DType kFloating[] = {DType::f32, DType::f64, DType::c64, DType::c128};

// A few roundings of numbers of size 1 to 10 in the precision of the dtype.
double tolerance(DType t) { return !is_floating(t) ? 0 : is_double(t) ? 1e-13 : 2e-5; }

// Runs `kernel(backend, view of y)` on both backends from equal memory.
template <class Kernel>
double compare(const Array& y, const Kernel& kernel) {
  Context cpu, reference(Backend::reference());
  Array a = y, b = y;
  kernel(cpu.backend(), a.view(), *cpu.stream);
  kernel(reference.backend(), b.view(), *reference.stream);
  return draw::difference(a, b);
}

struct Case {
  std::vector<int64_t> extents;
  Strides y, x;
};

template <class F>
void for_cases(const F& f) {
  for (const auto& extents : draw::extents()) {
    for (const Strides y : draw::kStrides) {
      for (const Strides x : draw::kStrides) {
        // The long case is there for blocks and threads, not for strides.
        const bool is_long = !extents.empty() && extents.back() > 1000;
        if (!is_long || x == y) f(Case{extents, y, x});
      }
    }
  }
}

const Scale kScales[] = {
    {1.0, 0.0}, {2.0, 1.0}, {{0.5, -1.0}, {0.25, 0.5}}, {0.0, 1.0}, {-1.0, {0.0, 1.0}}};

Scale real_scale(Scale s) { return {s.alpha.real(), s.beta.real()}; }

}  // namespace

TEST_CASE("kernels: fill and copy agree with the reference for all dtypes and strides",
          "[backend][kernels]") {
  std::mt19937_64 random(1);
  for_cases([&](const Case& c) {
    for (const DType dtype : kAll) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      REQUIRE(compare(y, [](Backend& b, RawView v, Stream& s) { b.fill(1.0, v, s); }) == 0);
      for (const DType from : kAll) {
        if (is_complex(from) && !is_complex(dtype)) continue;
        Array x = draw::array(c.extents, from, c.x, random);
        for (const bool conjugate : {false, true}) {
          REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                    b.copy(x.view(), conjugate, v, s);
                  }) == 0);
        }
      }
    }
  });
}

TEST_CASE("kernels: axpby agrees with the reference", "[backend][kernels]") {
  std::mt19937_64 random(2);
  for_cases([&](const Case& c) {
    for (const DType dtype : kFloating) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      Array x = draw::array(c.extents, dtype, c.x, random, c.extents.size() > 1 ? 1 : 0);
      for (const Scale& given : kScales) {
        const Scale scale = is_complex(dtype) ? given : real_scale(given);
        const bool conjugate = given.alpha.imag() != 0;
        REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                  b.axpby(x.view(), conjugate, scale, v, s);
                }) <= tolerance(dtype));
      }
    }
  });
}

TEST_CASE("kernels: axpby from another precision and from real to complex agrees",
          "[backend][kernels]") {
  std::mt19937_64 random(21);
  const auto other = [](DType t) {
    if (is_complex(t)) return is_double(t) ? DType::c64 : DType::c128;
    return is_double(t) ? DType::f32 : DType::f64;
  };
  for_cases([&](const Case& c) {
    for (const DType dtype : kFloating) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      for (const DType from : {other(dtype), real_of(dtype), other(real_of(dtype))}) {
        Array x = draw::array(c.extents, from, c.x, random);
        for (const Scale& given : kScales) {
          const Scale scale = is_complex(dtype) ? given : real_scale(given);
          REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                    b.axpby(x.view(), given.alpha.imag() != 0, scale, v, s);
                  }) <= 2e-5);
        }
      }
    }
  });
}

TEST_CASE("kernels: sum agrees with the reference over any dims, strides and scales",
          "[backend][kernels]") {
  std::mt19937_64 random(22);
  for_cases([&](const Case& c) {
    for (const DType dtype : kFloating) {
      const auto dims = static_cast<unsigned>(c.extents.size());
      Array x = draw::array(c.extents, dtype, c.x, random);
      for (unsigned reduced = 0; reduced < 1U << dims; ++reduced) {
        const Array y = draw::array(c.extents, dtype, c.y, random, reduced);
        double count = 1;
        for (unsigned d = 0; d < dims; ++d) {
          if ((reduced >> d & 1U) != 0) count *= static_cast<double>(c.extents[d]);
        }
        for (const Scale& given : kScales) {
          const Scale scale = is_complex(dtype) ? given : real_scale(given);
          REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                    b.sum(x.view(), scale, v, s);
                  }) <= (1 + count) * tolerance(dtype));
        }
      }
    }
  });
}

TEST_CASE("kernels: multiply agrees with the reference for real, complex and broadcast weights",
          "[backend][kernels]") {
  std::mt19937_64 random(3);
  for_cases([&](const Case& c) {
    for (const DType dtype : kFloating) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      Array x = draw::array(c.extents, dtype, c.x, random);
      for (const DType kind : {dtype, real_of(dtype), DType::boolean}) {
        // Weights that lack no dim, the first, or the last.
        const auto last = c.extents.empty() ? 0U : 1U << (c.extents.size() - 1);
        for (const unsigned missing : {0U, c.extents.empty() ? 0U : 1U, last}) {
          Array w = draw::array(c.extents, kind, c.x, random, missing);
          for (const Scale& given : kScales) {
            const Scale scale = is_complex(dtype) ? given : real_scale(given);
            const bool conjugate = given.beta.imag() != 0;
            REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                      b.multiply(w.view(), x.view(), conjugate, scale, v, s);
                    }) <= tolerance(dtype));
          }
        }
      }
    }
  });
}

namespace {

void fill_with_nan(Array& a) {
  dispatch_floating(a.shape.dtype, [&]<class T>() {
    for (size_t i = 0; i < a.memory.size() / sizeof(T); ++i) {
      reinterpret_cast<T*>(a.memory.data())[i] = std::numeric_limits<float>::quiet_NaN();
    }
  });
}

// Whether every number in the memory is finite.
bool is_finite(const Array& a) {
  return dispatch_floating(a.shape.dtype, [&]<class T>() {
    for (size_t i = 0; i < a.memory.size() / sizeof(T); ++i) {
      if (!std::isfinite(std::abs(reinterpret_cast<const T*>(a.memory.data())[i]))) return false;
    }
    return true;
  });
}

// y = alpha * (w x or sums of them) + beta y by every kernel that has factors; the three
// contractions go row by row, column by column, and through BLAS.
struct Scaled {
  const char* name;
  std::vector<int64_t> extents;
  unsigned missing_w, missing_x, missing_y;
  void (*run)(Backend&, RawView w, RawView x, Scale, RawView y, Stream&);
};

void run_contract(Backend& b, RawView w, RawView x, Scale scale, RawView y, Stream& s) {
  b.contract(w, false, x, false, 1, scale, y, s);
}

const Scaled kScaled[] = {
    {"axpby",
     {300},
     0,
     0,
     0,
     [](Backend& b, RawView, RawView x, Scale scale, RawView y, Stream& s) {
       b.axpby(x, false, scale, y, s);
     }},
    {"multiply",
     {300},
     0,
     0,
     0,
     [](Backend& b, RawView w, RawView x, Scale scale, RawView y, Stream& s) {
       b.multiply(w, x, false, scale, y, s);
     }},
    {"multiply by one weight",
     {300},
     1,
     0,
     0,
     [](Backend& b, RawView w, RawView x, Scale scale, RawView y, Stream& s) {
       b.multiply(w, x, false, scale, y, s);
     }},
    {"contract rows", {3, 40}, 0, 0, 2, run_contract},
    {"contract columns", {40, 3}, 2, 0, 2, run_contract},
    {"contract by BLAS", {64, 64, 64}, 2, 1, 4, run_contract},
};

}  // namespace

TEST_CASE("kernels: with beta 0, NaN in the result's memory does not come through",
          "[backend][kernels]") {
  std::mt19937_64 random(4);
  Context context;
  for (const Scaled& k : kScaled) {
    for (const DType dtype : kFloating) {
      CAPTURE(k.name, name_of(dtype));
      Array w = draw::array(k.extents, dtype, Strides::contiguous, random, k.missing_w);
      Array x = draw::array(k.extents, dtype, Strides::contiguous, random, k.missing_x);
      Array y = draw::array(k.extents, dtype, Strides::contiguous, random, k.missing_y);
      y.memory.resize(y.memory.size() - 2 * size_of(dtype));  // what lies after the last element
      fill_with_nan(y);

      k.run(context.backend(), w.view(), x.view(), {2.0, 0.0}, y.view(), *context.stream);

      CHECK(is_finite(y));
    }
  }
}

TEST_CASE("kernels: with alpha 0, NaN in the operands does not come through",
          "[backend][kernels]") {
  std::mt19937_64 random(14);
  Context context;
  for (const Scaled& k : kScaled) {
    for (const DType dtype : kFloating) {
      CAPTURE(k.name, name_of(dtype));
      Array w = draw::array(k.extents, dtype, Strides::contiguous, random, k.missing_w);
      Array x = draw::array(k.extents, dtype, Strides::contiguous, random, k.missing_x);
      Array y = draw::array(k.extents, dtype, Strides::contiguous, random, k.missing_y);
      Array twice = y;
      context.backend().axpby(y.view(), false, {2.0, 0.0}, twice.view(), *context.stream);
      fill_with_nan(w);
      fill_with_nan(x);

      k.run(context.backend(), w.view(), x.view(), {0.0, 2.0}, y.view(), *context.stream);

      CHECK(is_finite(y));
      CHECK(draw::difference(y, twice) == 0);
      k.run(context.backend(), w.view(), x.view(), {0.0, 0.0}, y.view(), *context.stream);
      context.backend().fill(0.0, twice.view(), *context.stream);
      CHECK(draw::difference(y, twice) == 0);
    }
  }
}

TEST_CASE("kernels: transposed copies are exact where pieces are cut and where sides are short",
          "[backend][kernels]") {
  std::mt19937_64 random(15);
  for (const auto& extents : std::vector<std::vector<int64_t>>{
           {100, 70}, {4, 3001}, {3001, 4}, {5, 3, 1100}, {1100, 3, 5}, {65, 2, 33}}) {
    for (const DType dtype : {DType::boolean, DType::f32, DType::c64, DType::c128}) {
      Array x = draw::array(extents, dtype, Strides::permuted, random);
      const Array y = draw::array(extents, dtype, Strides::contiguous, random);
      CHECK(compare(y, [&](Backend& b, RawView v, Stream& s) { b.copy(x.view(), false, v, s); }) ==
            0);
    }
  }
}

TEST_CASE("kernels: nothing is allocated from the second call on", "[backend][kernels]") {
  std::mt19937_64 random(16);
  Context context;
  Backend& b = context.backend();
  Stream& s = *context.stream;
  for (const DType dtype : kFloating) {
    // Long enough for several threads; 2500 x 8 is shorter than a block of the fixed sums.
    Array x = draw::array({8, 2500}, dtype, Strides::contiguous, random);
    Array w = x, y = x, turned = draw::array({8, 2500}, dtype, Strides::permuted, random);
    Array mask = draw::array({8, 2500}, DType::boolean, Strides::contiguous, random);
    Array row = draw::array({8, 2500}, dtype, Strides::contiguous, random, 1);
    Array sum = draw::array({8, 2500}, dtype, Strides::contiguous, random, 3);
    std::vector<c128> z(8), delta(8);
    std::vector<double> p(8), q(8);
    const auto every_kernel = [&] {
      b.fill(1.0, y.view(), s);
      b.copy(x.view(), true, y.view(), s);
      b.copy(turned.view(), false, y.view(), s);
      b.axpby(x.view(), false, {2.0, 1.0}, y.view(), s);
      b.multiply(w.view(), x.view(), true, {2.0, 1.0}, y.view(), s);
      b.multiply(mask.view(), x.view(), false, {2.0, 0.0}, y.view(), s);
      b.binary(Binary::divide, x.view(), row.view(), y.view(), s);
      b.unary(Unary::exp, x.view(), y.view(), s);
      b.where(mask.view(), x.view(), w.view(), y.view(), s);
      b.reduce(Reduction::sum, x.view(), row.view(), s);
      b.reduce(Reduction::mean, turned.view(), row.view(), s);
      b.reduce(Reduction::sum, x.view(), sum.view(), s);
      b.dot(x.view(), w.view(), z.data(), s);
      b.norm2(x.view(), p.data(), s);
      b.random(true, 1, 0, y.view(), s);
      b.cg_products(x.view(), w.view(), delta.data(), p.data(), q.data(), s);
      b.cg_update(delta.data(), x.view(), w.view(), y.view(), turned.view(), p.data(), s);
      b.cg_direction(delta.data(), x.view(), y.view(), s);
      for (const Scaled& k : kScaled) {
        // The operands are not read beyond 8 x 2500 elements by any of these extents.
        const auto view = [&](Array& a, unsigned missing) {
          RawView v = a.view();
          v.ndim = static_cast<int>(k.extents.size());
          int64_t step = 1;
          for (size_t d = k.extents.size(); d-- > 0;) {
            v.extent[d] = k.extents[d];
            v.stride[d] = (missing >> d & 1U) != 0 ? 0 : step;
            if (v.stride[d] != 0) step *= k.extents[d];
          }
          return v;
        };
        k.run(b, view(w, k.missing_w), view(x, k.missing_x), {0.5, 0.5}, view(y, k.missing_y), s);
      }
    };
    every_kernel();
    const uint64_t blocks = Pool::of(Device::host()).figures().allocations;
    const int64_t before = lunops::testing::allocations();

    every_kernel();

    CHECK(lunops::testing::allocations() == before);
    CHECK(Pool::of(Device::host()).figures().allocations == blocks);
  }
}

TEST_CASE("kernels: binary operations agree with the reference for all pairs of kinds",
          "[backend][kernels]") {
  std::mt19937_64 random(5);
  const Binary ops[] = {Binary::add,           Binary::subtract,   Binary::multiply,
                        Binary::less,          Binary::less_equal, Binary::greater,
                        Binary::greater_equal, Binary::equal,      Binary::not_equal};
  for_cases([&](const Case& c) {
    if (c.y != c.x && c.y != Strides::contiguous) return;  // a quarter of the pairs is enough
    for (const DType left : kAll) {
      for (const DType right : kAll) {
        if (is_floating(left) && is_floating(right) && is_double(left) != is_double(right))
          continue;
        Array a = draw::array(c.extents, left, c.x, random);
        Array b = draw::array(c.extents, right, c.y, random, c.extents.size() > 1 ? 1 : 0);
        const DType combined = common_of(left, right);
        for (const Binary op : ops) {
          const bool compares = op >= Binary::less;
          if (is_complex(combined) && compares && op < Binary::equal) continue;
          const Array y = draw::array(c.extents, compares ? DType::boolean : combined, c.y, random);
          REQUIRE(compare(y, [&](Backend& backend, RawView v, Stream& s) {
                    backend.binary(op, a.view(), b.view(), v, s);
                  }) <= (compares ? 0 : tolerance(combined)));
        }
      }
    }
  });
}

TEST_CASE("kernels: division and powers agree with the reference", "[backend][kernels]") {
  std::mt19937_64 random(6);
  for (const DType dtype : kFloating) {
    Array a = draw::array({33, 17}, dtype, Strides::gaps, random);
    Array b = draw::array({33, 17}, dtype, Strides::permuted, random);
    const Array y = draw::array({33, 17}, dtype, Strides::contiguous, random);
    Context reference(Backend::reference());
    // Denominators and bases at a distance from 0, where errors grow without bound.
    reference.backend().binary(Binary::multiply, b.view(), b.view(), b.view(), *reference.stream);
    Array shift = draw::array({33, 17}, dtype, Strides::contiguous, random, 3);
    reference.backend().fill(3.0, shift.view(), *reference.stream);
    reference.backend().axpby(shift.view(), false, {1.0, 1.0}, b.view(), *reference.stream);

    for (const Binary op : {Binary::divide, Binary::power}) {
      CHECK(compare(y, [&](Backend& backend, RawView v, Stream& s) {
              if (op == Binary::divide) {
                backend.binary(op, a.view(), b.view(), v, s);
              } else {
                backend.binary(op, b.view(), a.view(), v, s);
              }
            }) <= 10 * tolerance(dtype));
    }
  }
  const Array powers = draw::array({4}, DType::i64, Strides::contiguous, random);
  Array base = powers, exponent = powers;
  const int64_t bases[] = {2, -1, 3, 0}, exponents[] = {10, 3, 0, 5};
  std::memcpy(base.memory.data(), bases, sizeof bases);
  std::memcpy(exponent.memory.data(), exponents, sizeof exponents);
  Array result = powers;
  Context context;
  context.backend().binary(Binary::power, base.view(), exponent.view(), result.view(),
                           *context.stream);
  CHECK(std::memcmp(result.memory.data(), std::array<int64_t, 4>{1024, -1, 1, 0}.data(), 32) == 0);
}

TEST_CASE("kernels: unary operations agree with the reference", "[backend][kernels]") {
  std::mt19937_64 random(7);
  const Unary ops[] = {Unary::negate,     Unary::conj,       Unary::abs,  Unary::angle,
                       Unary::exp,        Unary::sqrt,       Unary::real, Unary::imag,
                       Unary::square_abs, Unary::logical_not};
  for_cases([&](const Case& c) {
    for (const DType dtype : kAll) {
      Array x = draw::array(c.extents, dtype, c.x, random);
      for (const Unary op : ops) {
        const bool smooth = op == Unary::angle || op == Unary::exp || op == Unary::sqrt;
        if (smooth && !is_floating(dtype)) continue;
        const bool to_real = op == Unary::abs || op == Unary::angle || op == Unary::real ||
                             op == Unary::imag || op == Unary::square_abs;
        DType out = is_complex(dtype) && to_real ? real_of(dtype) : dtype;
        if (op == Unary::logical_not) out = DType::boolean;
        if (dtype == DType::boolean && op != Unary::logical_not) out = DType::i64;
        const Array y = draw::array(c.extents, out, c.y, random);
        REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                  b.unary(op, x.view(), v, s);
                }) <= tolerance(dtype));
      }
    }
  });
}

TEST_CASE("kernels: where agrees with the reference", "[backend][kernels]") {
  std::mt19937_64 random(8);
  for_cases([&](const Case& c) {
    for (const DType dtype : kAll) {
      Array a = draw::array(c.extents, dtype, c.x, random);
      Array b = draw::array(c.extents, dtype, c.y, random, c.extents.empty() ? 0 : 1);
      Array mask = draw::array(c.extents, DType::boolean, c.x, random);
      const Array y = draw::array(c.extents, dtype, c.y, random);
      REQUIRE(compare(y, [&](Backend& backend, RawView v, Stream& s) {
                backend.where(mask.view(), a.view(), b.view(), v, s);
              }) == 0);
    }
  });
}

TEST_CASE("kernels: reductions over any dims agree with the reference", "[backend][kernels]") {
  std::mt19937_64 random(9);
  const Reduction ops[] = {Reduction::sum,  Reduction::mean, Reduction::min, Reduction::max,
                           Reduction::norm, Reduction::any,  Reduction::all};
  for_cases([&](const Case& c) {
    if (c.y != Strides::contiguous && c.y != Strides::permuted) return;
    for (const DType dtype : kAll) {
      Array x = draw::array(c.extents, dtype, c.x, random);
      for (unsigned reduced = 0; reduced < 1U << c.extents.size(); ++reduced) {
        int64_t count = 1;
        for (size_t d = 0; d < c.extents.size(); ++d) {
          if ((reduced >> d & 1U) != 0) count *= c.extents[d];
        }
        for (const Reduction op : ops) {
          const bool ordered = op == Reduction::min || op == Reduction::max;
          if (ordered && (is_complex(dtype) || count == 0)) continue;
          if (op == Reduction::mean && count == 0) continue;
          DType out = dtype;
          if (op == Reduction::any || op == Reduction::all) out = DType::boolean;
          if (op == Reduction::sum && !is_floating(dtype)) out = DType::i64;
          if (op == Reduction::mean && !is_floating(dtype)) out = DType::f64;
          if (op == Reduction::norm) out = is_floating(dtype) ? real_of(dtype) : DType::f64;
          const Array y = draw::array(c.extents, out, c.y, random, reduced);
          // Sums of up to 60 000 numbers of size 1 to 10; both sides add in double.
          const double allowed = out == DType::f32 || out == DType::c64 ? 1e-3
                                 : is_floating(out)                     ? 1e-9
                                                                        : 0;
          REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                    b.reduce(op, x.view(), v, s);
                  }) <= allowed);
        }
      }
    }
  });
}

TEST_CASE("kernels: min and max keep NaN", "[backend][kernels]") {
  Context context;
  float x[20] = {};
  x[7] = std::numeric_limits<float>::quiet_NaN();
  float y = 0;
  RawView in, out;
  in.data = x;
  in.dtype = out.dtype = DType::f32;
  in.ndim = out.ndim = 1;
  in.extent[0] = out.extent[0] = 20;
  in.stride[0] = 1;
  out.stride[0] = 0;
  out.data = &y;
  for (const Reduction op : {Reduction::min, Reduction::max}) {
    for (Backend* backend : {&Backend::cpu(), &Backend::reference()}) {
      backend->reduce(op, in, out, *context.stream);
      CHECK(std::isnan(y));
    }
  }
}

TEST_CASE("kernels: dot, norm2 and CG's passes agree with the reference", "[backend][kernels]") {
  std::mt19937_64 random(10);
  Context cpu, reference(Backend::reference());
  for (const auto& extents : std::vector<std::vector<int64_t>>{
           {1, 0}, {1, 1}, {1, 7}, {3, 64}, {1, 20011}, {9, 5003}, {2, 70001}}) {
    const auto batch = static_cast<size_t>(extents[0]);
    for (const DType dtype : kFloating) {
      for (const Strides strides : draw::kStrides) {
        Array p = draw::array(extents, dtype, strides, random);
        Array q = draw::array(extents, dtype, strides, random);
        const Array x = draw::array(extents, dtype, strides, random);
        const Array r = draw::array(extents, dtype, Strides::contiguous, random);
        std::vector<c128> alpha(batch);
        for (size_t k = 0; k < batch; ++k) {
          alpha[k] = {0.5 + static_cast<double>(k), is_complex(dtype) ? 0.25 : 0.0};
        }
        struct Out {
          Array x, r;
          std::vector<c128> dot, delta;
          std::vector<double> norm, pp, qq, rr;
        };
        const auto run = [&](Context& c) {
          Out o{x,
                r,
                std::vector<c128>(batch),
                std::vector<c128>(batch),
                std::vector<double>(batch),
                std::vector<double>(batch),
                std::vector<double>(batch),
                std::vector<double>(batch)};
          Backend& b = c.backend();
          b.dot(p.view(), q.view(), o.dot.data(), *c.stream);
          b.norm2(p.view(), o.norm.data(), *c.stream);
          b.cg_products(p.view(), q.view(), o.delta.data(), o.pp.data(), o.qq.data(), *c.stream);
          b.cg_update(alpha.data(), p.view(), q.view(), o.x.view(), o.r.view(), o.rr.data(),
                      *c.stream);
          b.cg_direction(alpha.data(), q.view(), o.x.view(), *c.stream);
          return o;
        };

        const Out fast = run(cpu), slow = run(reference);

        REQUIRE(draw::difference(fast.x, slow.x) <= 100 * tolerance(dtype));
        REQUIRE(draw::difference(fast.r, slow.r) <= 100 * tolerance(dtype));
        for (size_t k = 0; k < batch; ++k) {
          // Up to 140 002 products below 2, which the reference adds one after the other: rounding
          // of some 1e-16 times 1e5 at each step, random in sign.  |r|^2 inherits the rounding of
          // r.
          REQUIRE(std::abs(fast.dot[k] - slow.dot[k]) < 1e-7);
          REQUIRE(std::abs(fast.delta[k] - slow.dot[k]) < 1e-7);
          REQUIRE(std::abs(fast.norm[k] - slow.norm[k]) < 1e-7);
          REQUIRE(std::abs(fast.pp[k] - slow.pp[k]) < 1e-7);
          REQUIRE(std::abs(fast.qq[k] - slow.qq[k]) < 1e-7);
          REQUIRE(fast.rr[k] == Approx(slow.rr[k]).epsilon(is_double(dtype) ? 1e-12 : 1e-6));
        }
      }
    }
  }
}

TEST_CASE("kernels: contractions agree with the reference", "[backend][kernels]") {
  std::mt19937_64 random(11);
  struct Shape {
    std::vector<int64_t> extents;
    int reduced;
    unsigned a, b;  // dims (bits) that the operand lacks
  };
  const Shape shapes[] = {
      {{8, 30, 31}, 0, 0, 1},      // maps: coil y x times y x
      {{30, 31, 8}, 1, 0, 0},      // their adjoint: sum over coil, here last
      {{20, 30, 40}, 1, 2, 1},     // matrix times matrix: m n k
      {{3, 20, 30, 25}, 1, 4, 2},  // a batch of them
      {{65, 33, 34}, 1, 2, 1},     // large enough for GEMM
      {{130, 40, 33}, 1, 2, 1},    // cut into blocks
      {{20, 300}, 1, 0, 1},        // matrix times vector
      {{20011}, 1, 0, 0},          // dot
      {{1, 3, 2}, 2, 0, 0},        // tiny
      {{4, 0}, 1, 0, 0},           // empty sum
      {{0, 4}, 1, 0, 0},           // no result
      {{5, 6, 7, 8}, 2, 2, 1},     // two summed dims
  };
  for (const Shape& shape : shapes) {
    unsigned summed = 0;
    for (size_t d = shape.extents.size() - static_cast<size_t>(shape.reduced);
         d < shape.extents.size(); ++d) {
      summed |= 1U << d;
    }
    for (const DType dtype : kFloating) {
      for (const DType kind : {dtype, real_of(dtype)}) {
        for (const Strides strides : draw::kStrides) {
          if (shape.extents[0] > 60 && kind != dtype) continue;  // time: the reference is slow
          for (const int swapped : {0, 1}) {
            Array a = draw::array(shape.extents, swapped ? dtype : kind, strides, random, shape.a);
            Array b = draw::array(shape.extents, swapped ? kind : dtype, Strides::contiguous,
                                  random, shape.b);
            const Array y = draw::array(shape.extents, dtype, strides, random, summed);
            for (int flags = 0; flags < 4; ++flags) {
              const Scale scale = flags % 2 == 0 ? Scale{1.0, 0.0} : Scale{2.0, 0.5};
              const double terms = 300;  // products below 2 each, most sums have fewer terms
              REQUIRE(compare(y, [&](Backend& backend, RawView v, Stream& s) {
                        backend.contract(a.view(), (flags & 1) != 0, b.view(), (flags & 2) != 0,
                                         shape.reduced, scale, v, s);
                      }) <= terms * tolerance(dtype) / 10);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("kernels: random numbers of the CPU are the reference's, bit by bit",
          "[backend][kernels]") {
  std::mt19937_64 random(12);
  for (const DType dtype : kFloating) {
    for (const Strides strides : draw::kStrides) {
      const Array y = draw::array({31, 257}, dtype, strides, random);
      for (const bool normal : {false, true}) {
        REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                  b.random(normal, 42, 1000, v, s);
                }) == 0);
      }
    }
  }
}

TEST_CASE("kernels: sums have the same bits for any number of threads", "[backend][kernels]") {
  std::mt19937_64 random(13);
  Array x = draw::array({2, 300007}, DType::c64, Strides::contiguous, random);
  Context context;
  c128 first[2], again[2];
  float sums[2][2];
  context.stream->set_threads(1);
  context.backend().dot(x.view(), x.view(), first, *context.stream);
  for (const int threads : {2, 3, 4}) {
    context.stream->set_threads(threads);
    context.backend().dot(x.view(), x.view(), again, *context.stream);
    CHECK(first[0] == again[0]);
    CHECK(first[1] == again[1]);
  }
  for (const int which : {0, 1}) {
    context.stream->set_threads(1 + 3 * which);
    RawView y = x.view();
    y.data = sums[which];
    y.dtype = DType::f32;
    y.stride = {1, 0};
    context.backend().reduce(Reduction::norm, x.view(), y, *context.stream);
  }
  CHECK(std::memcmp(sums[0], sums[1], sizeof sums[0]) == 0);
}
