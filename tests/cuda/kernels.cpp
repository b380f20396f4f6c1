// SPDX-License-Identifier: MIT
// Every kernel of the CUDA backend against the reference, over dtypes, extents and strides.
#include <cmath>
#include <complex>

#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;
using namespace lunops::compared;
using Views = std::vector<RawView>;

namespace {

// Rounded once in double and stored; c64 products are rounded in between.
double allowed(DType t) { return !is_floating(t) ? 0 : is_double(t) ? 1e-12 : 2e-5; }

Scale scale_for(DType t, Scale s) { return is_complex(t) ? s : real_scale(s); }

}  // namespace

TEST_CASE("cuda: fill and copy agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(1);
  for_cases([&](const Case& c) {
    for (const DType dtype : kAll) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      REQUIRE(on_gpu::compare({y}, 0, [](Backend& b, const Views& v, Stream& s) {
                b.fill(1.0, v[0], s);
              }) == 0);
      for (const DType from : kAll) {
        if (is_complex(from) && !is_complex(dtype)) continue;
        const Array x = draw::array(c.extents, from, c.x, random);
        REQUIRE(on_gpu::compare({x, y}, 1, [](Backend& b, const Views& v, Stream& s) {
                  b.copy(v[0], true, v[1], s);
                }) == 0);
      }
    }
  });
}

TEST_CASE("cuda: axpby, multiply and pointwise agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(2);
  PointwiseSpec spec;
  spec.count = 2;
  spec.terms[0] = {{0.5, 0.0}, true, 1, {0}, {true}};
  spec.terms[1] = {{-1.0, 0.0}, false, 2, {0, 1}, {false, true}};
  for_cases([&](const Case& c) {
    for (const DType dtype : kFloating) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      const Array x = draw::array(c.extents, dtype, c.x, random, c.extents.size() > 1 ? 1 : 0);
      const Array w = draw::array(c.extents, dtype, c.x, random);
      const Array r = draw::array(c.extents, real_of(dtype), c.y, random);
      for (const Scale& given : kScales) {
        const Scale scale = scale_for(dtype, given);
        REQUIRE(on_gpu::compare({x, y}, 1, [&](Backend& b, const Views& v, Stream& s) {
                  b.axpby(v[0], true, scale, v[1], s);
                }) <= allowed(dtype));
        for (const Array& weight : {w, r}) {
          REQUIRE(on_gpu::compare({weight, x, y}, 2, [&](Backend& b, const Views& v, Stream& s) {
                    b.multiply(v[0], v[1], true, scale, v[2], s);
                  }) <= allowed(dtype));
        }
        REQUIRE(on_gpu::compare({w, r, x, y}, 3, [&](Backend& b, const Views& v, Stream& s) {
                  b.pointwise(spec, v.data(), 2, v[2], scale, v[3], s);
                }) <= allowed(dtype));
      }
    }
  });
}

TEST_CASE("cuda: binary, unary and where agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(3);
  for_cases([&](const Case& c) {
    for (const DType dtype : {DType::f32, DType::c128, DType::i32, DType::i64}) {
      const Array y = draw::array(c.extents, dtype, c.y, random);
      const Array a = draw::array(c.extents, dtype, c.x, random);
      const Array b = draw::array(c.extents, dtype, c.y, random);
      const Array mask = draw::array(c.extents, DType::boolean, c.x, random);
      for (const Binary op : {Binary::add, Binary::subtract, Binary::multiply, Binary::equal}) {
        REQUIRE(on_gpu::compare({a, b, y}, 2, [&](Backend& k, const Views& v, Stream& s) {
                  k.binary(op, v[0], v[1], v[2], s);
                }) <= allowed(dtype));
      }
      for (const Unary op : {Unary::negate, Unary::conj, Unary::abs, Unary::square_abs}) {
        REQUIRE(on_gpu::compare({a, y}, 1, [&](Backend& k, const Views& v, Stream& s) {
                  k.unary(op, v[0], v[1], s);
                }) <= allowed(dtype));
      }
      REQUIRE(on_gpu::compare({mask, a, b, y}, 3, [&](Backend& k, const Views& v, Stream& s) {
                k.where(v[0], v[1], v[2], v[3], s);
              }) == 0);
    }
  });
}

TEST_CASE("cuda: reductions agree with the reference, with the same bits each time", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(4);
  // Rows for one thread, for one block, for many blocks.
  for (const std::vector<int64_t>& extents :
       {std::vector<int64_t>{5, 7}, {3, 1000}, {2, 100003}, {1000, 3}}) {
    for (const DType dtype : kFloating) {
      for (const unsigned summed : {1U, 2U, 3U}) {
        const Array x = draw::array(extents, dtype, draw::Strides::contiguous, random);
        const Array y = draw::array(extents, dtype, draw::Strides::contiguous, random, summed);
        const auto many = static_cast<double>(extents[0] * extents[1]);
        const auto sum = [&](Backend& b, const Views& v, Stream& s) {
          b.sum(v[0], scale_for(dtype, {{0.5, 1.0}, 0.25}), v[1], SumOrder::fastest, s);
        };
        REQUIRE(on_gpu::compare({x, y}, 1, sum) <= allowed(dtype) * std::sqrt(many));
        for (const Reduction op : {Reduction::sum, Reduction::mean, Reduction::norm}) {
          REQUIRE(on_gpu::compare({x, y}, 1, [&](Backend& b, const Views& v, Stream& s) {
                    b.reduce(op, v[0], v[1], s);
                  }) <= allowed(dtype) * std::sqrt(many));
        }
      }
      const Array p = draw::array(extents, dtype, draw::Strides::gaps, random);
      const Array q = draw::array(extents, dtype, draw::Strides::contiguous, random);
      const auto n = static_cast<size_t>(extents[0]);
      std::vector<c128> dots[2] = {std::vector<c128>(n), std::vector<c128>(n)}, again(n);
      std::vector<double> norms[2] = {std::vector<double>(n), std::vector<double>(n)};
      int turn = 0;  // the reference comes first
      on_gpu::compare({p, q}, 2, [&](Backend& b, const Views& v, Stream& s) {
        b.dot(v[0], v[1], dots[turn].data(), s);
        b.norm2(v[0], norms[turn].data(), s);
        b.dot(v[0], v[1], again.data(), s);
        ++turn;
      });
      CHECK(again == dots[1]);
      for (size_t k = 0; k < n; ++k) {
        CHECK(std::abs(dots[0][k] - dots[1][k]) <= 1e-10);
        CHECK(std::abs(norms[0][k] - norms[1][k]) <= 1e-10 * norms[0][k]);
      }
    }
  }
}

TEST_CASE("cuda: the passes of CG agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(5);
  for (const DType dtype : kFloating) {
    std::vector<Array> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(draw::array({3, 20011}, dtype, draw::Strides::contiguous, random));
    }
    // Factors, and sums after them, in the memory of the device.
    Array factors = draw::array({3}, DType::c128, draw::Strides::contiguous, random);
    const Array sums = draw::array({12}, DType::f64, draw::Strides::contiguous, random);
    all.push_back(factors);
    all.push_back(sums);
    REQUIRE(on_gpu::compare(all, 0, [&](Backend& b, const Views& v, Stream& s) {
              const auto* factor = static_cast<const c128*>(v[4].data);
              auto* sum = static_cast<double*>(v[5].data);
              b.cg_products(v[0], v[1], reinterpret_cast<c128*>(sum), sum + 6, sum + 9, s);
              b.cg_update(factor, v[0], v[1], v[2], v[3], sum + 9, s);
              b.cg_direction(factor, v[3], v[0], s);
            }) <= (is_double(dtype) ? 1e-8 : 2e-5));  // sums are of 20011 squares
  }
}

TEST_CASE("cuda: the stages of CG's scalars agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(15);
  const Array block =
      draw::array({CgScalars::rows, 300}, DType::f64, draw::Strides::contiguous, random);
  using Stage = CgScalars::Stage;
  for (const bool has_preconditioner : {false, true}) {
    REQUIRE(on_gpu::compare({block}, 0, [&](Backend& b, const Views& v, Stream& s) {
              CgScalars scalars;
              scalars.memory = static_cast<double*>(v[0].data);
              scalars.count = 300;
              scalars.roundoff = 1e-7;
              scalars.tol = 0.5;
              scalars.has_preconditioner = has_preconditioner;
              for (const Stage stage : {Stage::start, Stage::step, Stage::judge,
                                        Stage::precondition, Stage::turn, Stage::refresh}) {
                b.cg_scalars(scalars, stage, s);
              }
              scalars.first = 100;
              scalars.part_count = 50;
              for (const Stage stage :
                   {Stage::clear, Stage::collect_products, Stage::collect_residual}) {
                b.cg_scalars(scalars, stage, s);
              }
            }) <= 1e-12);
  }
}

TEST_CASE("cuda: random numbers are those of the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(6);
  for (const DType dtype : kFloating) {
    for (const bool is_normal : {false, true}) {
      const Array y = draw::array({17, 33}, dtype, draw::Strides::permuted, random);
      REQUIRE(on_gpu::compare({y}, 0, [&](Backend& b, const Views& v, Stream& s) {
                b.random(is_normal, 42, 1000, v[0], s);
              }) <= (is_normal ? allowed(dtype) : 0));
    }
  }
}

TEST_CASE("cuda: contractions agree with the reference, by cuBLAS and without", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(7);
  // {batch, m, n, k}; a lacks n, b lacks m, y lacks k.
  for (const std::vector<int64_t>& extents :
       {std::vector<int64_t>{1, 3, 4, 5}, {2, 33, 17, 65}, {3, 64, 1, 64}, {1, 1, 64, 128}}) {
    for (const DType dtype : kFloating) {
      for (const draw::Strides strides : draw::kStrides) {
        const Array a = draw::array(extents, dtype, strides, random, 4U);
        const Array b = draw::array(extents, dtype, draw::Strides::contiguous, random, 2U);
        const Array y = draw::array(extents, dtype, strides, random, 8U);
        for (const SumOrder order : {SumOrder::fastest, SumOrder::fixed}) {
          for (const bool conjugate : {false, true}) {
            REQUIRE(on_gpu::compare({a, b, y}, 2, [&](Backend& k, const Views& v, Stream& s) {
                      k.contract(v[0], conjugate, v[1], false, 1, scale_for(dtype, {{2, 1}, 0.5}),
                                 v[2], order, s);
                    }) <= 16 * allowed(dtype));
          }
        }
      }
    }
  }
}

TEST_CASE("cuda: transforms agree with the reference, centred, with windows, of 1 to 4 dims",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(8);
  for (const DType dtype : {DType::c64, DType::c128}) {
    for (const std::vector<int>& axes :
         {std::vector<int>{1}, {0}, {0, 2}, {1, 2, 3}, {0, 1, 2, 3}}) {
      for (const bool is_centred : {false, true}) {
        for (const bool has_windows : {false, true}) {
          FftSpec spec;
          spec.dtype = dtype;
          spec.extents = {4, 7, 6, 5};
          spec.axes = axes;
          spec.sign = is_centred ? 1 : -1;
          spec.centred = is_centred;
          spec.scale = 0.5;
          std::vector<int64_t> held = spec.extents;
          if (has_windows) {
            for (int d = 0; d < 4; ++d) {
              const auto at = static_cast<size_t>(d);
              const bool is_axis = std::find(axes.begin(), axes.end(), d) != axes.end();
              if (is_axis) held[at] -= 2;
              spec.x_window.push_back({is_axis ? 1 : 0, held[at]});
              spec.y_window.push_back({is_axis ? 2 : 0, held[at]});
            }
          }
          const Array x = draw::array(held, dtype, draw::Strides::permuted, random);
          const Array y = draw::array(held, dtype, draw::Strides::gaps, random);
          const auto strides_of = [](const Array& a) {
            return std::vector<int64_t>(a.shape.stride.begin(), a.shape.stride.begin() + 4);
          };
          spec.x_strides = strides_of(x);
          spec.y_strides = strides_of(y);
          REQUIRE(on_gpu::compare({x, y}, 1, [&](Backend& b, const Views& v, Stream& s) {
                    const auto kernel = b.fft(spec, s);
                    std::vector<std::byte> room(kernel->workspace());
                    if (s.native() == nullptr) {
                      kernel->run(v[0].data, v[1].data, {2.0, 0.5}, room.data(), s);
                      return;
                    }
                    const on_gpu::Copied there(room);
                    kernel->run(v[0].data, v[1].data, {2.0, 0.5}, there.data(), s);
                    s.wait();
                  }) <= 32 * allowed(dtype));
        }
      }
    }
  }
}

TEST_CASE("cuda: differences agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(9);
  DifferenceSpec spec;
  spec.count = 2;
  spec.lines[0] = {0, 0.0, -1.0, 1.0, 0.0, 0.5, false};
  spec.lines[1] = {1, -1.0, 2.0, -1.0, 0.0, 0.0, true};
  for (const DType dtype : kFloating) {
    const Array x = draw::array({5, 12, 13}, dtype, draw::Strides::gaps, random);
    const Array y = draw::array({5, 12, 13}, dtype, draw::Strides::permuted, random);
    REQUIRE(on_gpu::compare({x, y}, 1, [&](Backend& b, const Views& v, Stream& s) {
              b.difference(spec, v[0], v[1], {2.0, 0.5}, s);
            }) <= allowed(dtype));
  }
}

TEST_CASE("cuda: sparse rows agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(11);
  // Two groups of 3 rows over 4 columns: {2, 0, 1} and {1, 3, 0} entries.
  const std::vector<int64_t> first = {0, 2, 2, 3, 4, 7, 7};
  const std::vector<int32_t> column = {3, 0, 2, 1, 0, 1, 3};
  const auto bytes_of = [](const auto& list) {
    const auto* data = reinterpret_cast<const std::byte*>(list.data());
    return std::vector<std::byte>(data, data + list.size() * sizeof list[0]);
  };
  std::vector<std::byte> first_bytes = bytes_of(first), column_bytes = bytes_of(column);
  for (const DType dtype : kFloating) {
    for (const DType weight : {dtype, real_of(dtype)}) {
      const Array value = draw::array({7}, weight, draw::Strides::contiguous, random);
      const Array x = draw::array({5, 2, 4}, dtype, draw::Strides::permuted, random);
      const Array y = draw::array({5, 2, 3}, dtype, draw::Strides::gaps, random);
      REQUIRE(on_gpu::compare({value, x, y}, 2, [&](Backend& b, const Views& v, Stream& s) {
                SparseRows rows;
                rows.groups = 2;
                rows.rows = 3;
                rows.columns = 4;
                rows.first = first.data();
                rows.column = column.data();
                rows.value = v[0].data;
                rows.dtype = weight;
                rows.entries = 7;
                if (s.native() == nullptr) {
                  b.sparse(rows, true, v[1], {2.0, 0.5}, v[2], s);
                  return;
                }
                const on_gpu::Copied firsts(first_bytes), columns(column_bytes);
                rows.first = reinterpret_cast<const int64_t*>(firsts.data());
                rows.column = reinterpret_cast<const int32_t*>(columns.data());
                b.sparse(rows, true, v[1], {2.0, 0.5}, v[2], s);
                s.wait();
              }) <= allowed(dtype));
    }
  }
}
