// SPDX-License-Identifier: MIT
// Every operator of the law tests on cuda:0: beside the host, and held to the laws themselves.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/cuda_status.hpp"
#include "runtime/plan/check.hpp"
#include "tests/laws/laws.hpp"

using namespace lunops;

namespace {

constexpr uint64_t kSeed = 20250;
// LUNOPS_GPU, or the first.
const Device kGpu = [] {
  const char* name = std::getenv("LUNOPS_GPU");
  return Device::parse(name == nullptr ? "cuda:0" : name);
}();

// Its data end on another device.
const std::set<std::string> kHostOnly = {"ToDevice"};

bool is_gpu_here() {
  static const std::string why = cuda_absence();
  if (!why.empty()) std::cout << "skipped: no GPU can be used here (" << why << ")\n";
  return why.empty();
}

// |a - b| / |b|; NaN where there is one.
double distance(const Tensor& there, const Tensor& b, Context& host) {
  const Tensor a = there.to(Device::host(), host);
  REQUIRE(a.shape() == b.shape());
  const double scale = norm(b, host);
  return norm(binary(Binary::subtract, a, b, host), host) / (scale == 0.0 ? 1.0 : scale);
}

// Calls f(operator on the host, shape and dtype of its input, error allowed, context of the host)
// for every case and dtype.
template <class F>
void for_each_case(const F& f) {
  for (const laws::Registered& r : laws::registered()) {
    if (kHostOnly.count(r.kind) != 0) continue;
    for (const DType dtype : {DType::c128, DType::c64, DType::f64, DType::f32}) {
      Context context;
      laws::Draw draw(kSeed, dtype, context);
      const Linop a = r.each.make(draw);
      if (a.field() == Field::complex && !is_complex(dtype)) continue;
      const Shape shape = r.each.input.empty() ? a.ishape() : Shape::parse(r.each.input);
      const std::string name = fmt::format("{}, {}, {}", r.kind, r.each.name, name_of(dtype));
      INFO(name);
      const auto [output, output_dtype] = a.result(zeros(shape, dtype, context));
      const bool in_double = is_double(dtype) && is_double(output_dtype);
      double allowed = in_double ? 1e-12 : 1e-5;
      if (r.each.approximate != nullptr) allowed += 2 * r.each.approximate(dtype);
      try {
        f(a, shape, dtype, allowed, context);
      } catch (const Error& error) {
        FAIL_CHECK(error.what());
      }
    }
  }
}

}  // namespace

TEST_CASE("cuda: every operator gives what it gives on the host", "[cuda][laws]") {
  if (!is_gpu_here()) return;
  for_each_case([](const Linop& a, const Shape& shape, DType dtype, double allowed, Context& host) {
    Context there = on_device(kGpu, host);
    const Linop b = a.to(kGpu, host);
    const Tensor x = randn(shape, dtype, kSeed, host);
    const Tensor y = a(x, host);
    const Tensor there_x = x.to(kGpu, host), there_y = y.to(kGpu, host);
    CHECK(distance(b(there_x, there), y, host) <= allowed);
    CHECK(distance(b.H()(there_y, there), a.H()(y, host), host) <= allowed);
    CHECK(distance(b.N()(there_x, there), a.N()(x, host), host) <= 2 * allowed);
  });
}

TEST_CASE("cuda: the laws hold on a GPU", "[cuda][laws]") {
  if (!is_gpu_here()) return;
  for_each_case([](const Linop& a, const Shape& shape, DType dtype, double, Context& host) {
    Context there = on_device(kGpu, host);
    CheckOptions options;
    options.input = shape;
    options.dtype = dtype;
    // What a Cast makes single is rounded before a law that is asked of doubles looks at it.
    const bool in_double = is_double(a.result(zeros(shape, dtype, host)).second);
    for (const LawResult& law : check_laws(a.to(kGpu, host), there, options)) {
      INFO(law.law << ": " << law.error << ", allowed " << law.tolerance);
      CHECK(law.error <= std::max(law.tolerance, in_double ? 0.0 : 1e-5));
    }
  });
}
