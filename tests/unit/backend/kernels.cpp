// SPDX-License-Identifier: MIT
// Kernels that move, scale and multiply, CPU backend against the reference, over dtypes, extents
// and strides.  CTest runs them once per instruction set that the machine has (LUNOPS_ISA).
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/compared.hpp"
#include "tests/unit/backend/draw.hpp"

using namespace lunops;
using namespace lunops::compared;

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
                    b.sum(x.view(), scale, v, SumOrder::fastest, s);
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
  b.contract(w, false, x, false, 1, scale, y, SumOrder::fastest, s);
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
