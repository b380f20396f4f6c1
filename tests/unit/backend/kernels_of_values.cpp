// SPDX-License-Identifier: MIT
// Kernels that compute with values and sum: operations by element, reductions, contractions, random
// numbers, CPU backend against the reference.
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/unit/backend/compared.hpp"
#include "tests/unit/backend/draw.hpp"

using namespace lunops;
using namespace lunops::compared;

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
            for (int flags = 0; flags < 8; ++flags) {
              const SumOrder order = flags < 4 ? SumOrder::fastest : SumOrder::fixed;
              const Scale scale = flags % 2 == 0 ? Scale{1.0, 0.0} : Scale{2.0, 0.5};
              const double terms = 300;  // products below 2 each, most sums have fewer terms
              REQUIRE(compare(y, [&](Backend& backend, RawView v, Stream& s) {
                        backend.contract(a.view(), (flags & 1) != 0, b.view(), (flags & 2) != 0,
                                         shape.reduced, scale, v, order, s);
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
