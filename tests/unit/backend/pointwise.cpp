// SPDX-License-Identifier: MIT
// The fused kernel of pointwise operators against the reference.
#include <catch2/catch.hpp>

#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/compared.hpp"
#include "tests/unit/backend/draw.hpp"

using namespace lunops;
using namespace lunops::compared;

namespace {

// Terms that share weights, with every kind of conjugation, up to `terms` of them.
PointwiseSpec spec_of(int terms, int weights) {
  PointwiseSpec spec;
  spec.count = terms;
  for (int t = 0; t < terms; ++t) {
    PointwiseSpec::Term& term = spec.terms[static_cast<size_t>(t)];
    term.scale = {0.5 + t, t % 2 == 0 ? 0.0 : -0.75};
    term.conjugate = t % 2 == 0;
    term.count = std::min((t + 2) % 5, std::min(weights, PointwiseSpec::kMostFactors));
    for (int k = 0; k < term.count; ++k) {
      term.weight[static_cast<size_t>(k)] = (t + k) % weights;
      term.conjugate_weight[static_cast<size_t>(k)] = (t / 2 + k) % 2 != 0;
    }
  }
  return spec;
}

PointwiseSpec real_spec(PointwiseSpec spec) {
  for (PointwiseSpec::Term& t : spec.terms) t.scale = t.scale.real();
  return spec;
}

}  // namespace

TEST_CASE("kernels: a pointwise product of two weights and a conjugate by hand",
          "[backend][kernels]") {
  Context context;
  c64 x[2] = {{1, 2}, {3, -1}}, y[2] = {{1, 0}, {0, 1}}, row[2] = {{0, 1}, {2, 0}}, one{1, 1};
  const auto view = [](c64* data, int64_t step) {
    RawView v;
    v.data = data;
    v.ndim = 1;
    v.extent[0] = 2;
    v.stride[0] = step;
    return v;
  };
  PointwiseSpec spec;
  spec.count = 1;
  spec.terms[0] = {2.0, true, 2, {0, 1}, {false, true}};
  const RawView weights[] = {view(row, 1), view(&one, 0)};

  context.backend().pointwise(spec, weights, 2, view(x, 1), {1.0, 1.0}, view(y, 1),
                              *context.stream);

  // 2 i (1-i) (1-2i) = 6 - 2i and 4 (1-i) (3+i) = 16 - 8i
  CHECK(y[0] == c64(7, -2));
  CHECK(y[1] == c64(16, -7));
}

TEST_CASE("kernels: pointwise agrees with the reference for terms, weights and strides",
          "[backend][kernels]") {
  std::mt19937_64 random(31);
  for_cases([&](const Case& c) {
    const auto last = c.extents.empty() ? 0U : 1U << (c.extents.size() - 1);
    for (const DType dtype : kFloating) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      Array x = draw::array(c.extents, dtype, c.x, random);
      for (const int count : {0, 2, 4, 8}) {
        std::vector<Array> arrays;
        std::vector<RawView> weights;
        for (int k = 0; k < count; ++k) {
          const unsigned missing[] = {0U, last, c.extents.empty() ? 0U : 1U};
          const DType kind = k % 4 == 2 ? real_of(dtype) : dtype;
          arrays.push_back(draw::array(c.extents, kind, c.x, random, missing[k % 3]));
        }
        for (Array& a : arrays) weights.push_back(a.view());
        const int terms = count == 0 ? 1 : std::min(1 + count % 5, PointwiseSpec::kMostTerms);
        PointwiseSpec spec = spec_of(terms, std::max(count, 1));
        if (count == 0) spec.terms[0].count = 0;
        if (!is_complex(dtype)) spec = real_spec(spec);
        for (const Scale& given : {kScales[1], kScales[2], kScales[3]}) {
          const Scale scale = is_complex(dtype) ? given : real_scale(given);
          REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                    b.pointwise(spec, weights.data(), count, x.view(), scale, v, s);
                  }) <= 20 * tolerance(dtype));  // up to 20 products of numbers up to 4
          REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                    b.pointwise(spec, weights.data(), count, v, scale, v, s);
                  }) <= 20 * tolerance(dtype));
        }
      }
    }
  });
}

TEST_CASE("kernels: pointwise from one precision to the other agrees with the reference",
          "[backend][kernels]") {
  std::mt19937_64 random(32);
  const PointwiseSpec spec = spec_of(2, 2);
  for_cases([&](const Case& c) {
    for (const DType from : {DType::c64, DType::c128}) {
      const DType to = from == DType::c64 ? DType::c128 : DType::c64;
      const Array y = draw::array(c.extents, to, c.y, random);
      Array x = draw::array(c.extents, from, c.x, random);
      Array w = draw::array(c.extents, DType::c64, c.x, random);
      Array u = draw::array(c.extents, DType::f64, c.y, random, c.extents.empty() ? 0 : 1);
      const RawView weights[] = {w.view(), u.view()};
      REQUIRE(compare(y, [&](Backend& b, RawView v, Stream& s) {
                b.pointwise(spec, weights, 2, x.view(), {{0.5, 1.0}, 0.25}, v, s);
              }) <= tolerance(to));
    }
  });
}

TEST_CASE("kernels: pointwise leaves small weights small, and allocates nothing",
          "[backend][kernels]") {
  Context context;
  float x[1] = {1e38F}, y[1] = {0}, w[1] = {1e-30F}, u[1] = {1e-30F};
  const auto view = [](float* data) {
    RawView v;
    v.data = data;
    v.dtype = DType::f32;
    v.ndim = 0;
    return v;
  };
  PointwiseSpec spec;
  spec.count = 1;
  spec.terms[0] = {1.0, false, 2, {0, 1}, {}};
  const RawView weights[] = {view(w), view(u)};
  const auto apply = [&] {
    context.backend().pointwise(spec, weights, 2, view(x), {}, view(y), *context.stream);
  };
  apply();
  const int64_t before = testing::allocations();

  apply();

  CHECK(testing::allocations() == before);
  CHECK(y[0] == Approx(1e-22));  // 1e-60 is no f32
}
