// SPDX-License-Identifier: MIT
// Applications over several devices of which one allocation after the other fails (row 34).
#include <catch2/catch.hpp>

#include "runtime/device/arena.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/batch.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::values_of;

namespace {

Device device(int i) { return {DeviceKind::cpu, static_cast<int16_t>(i)}; }

// The allocations of one pool fail from the n-th on, for as long as it lives.
class Failing {
 public:
  Failing(Device device, int64_t n) : pool_(Pool::of(device)) { pool_.fail_at(n, true); }
  ~Failing() { pool_.fail_at(-1, false); }
  Failing(const Failing&) = delete;

 private:
  Pool& pool_;
};

size_t live(const std::vector<Device>& devices) {
  size_t sum = 0;
  for (const Device d : devices) {
    Arena::trim(d);
    sum += Pool::of(d).figures().live;
  }
  return sum;
}

}  // namespace

TEST_CASE(
    "failing: wherever memory runs out, there is one error, nothing is left, and the next "
    "application works",
    "[plan]") {
  const test::Declared declared(4);
  Context context;
  std::vector<Device> devices{Device::host()}, places;
  for (int i = 0; i < 4; ++i) places.push_back(device(i));
  devices.insert(devices.end(), places.begin(), places.end());
  const bool peer = GENERATE(true, false);
  VirtualDevices links = *virtual_devices();
  links.peer = peer;
  declare_virtual_devices(links);

  NUFFTOptions o{{.extent = {{"y", 12}, {"x", 13}}}};
  o.units = "cycles";
  const Linop a =
      NUFFT(rand(Shape::parse("s=300 d=2"), DType::f64, 1, context), "y x -> s", o) *
      Dense(randn(Shape::parse("coil=8 y=12 x=13"), DType::c64, 2, context), "y x -> coil y x");
  const bool is_normal = GENERATE(false, true);
  const Linop whole = is_normal ? a.N() : a;
  const Device base = peer ? Device::host() : device(0);
  const Linop there = peer ? whole : whole.to(base, context);
  const Tensor x = randn(Shape::parse("y=12 x=13"), DType::c64, 3, context).to(base, context);
  const auto expected = values_of(there(x, context).to(Device::host(), context));
  const auto close = [&](const std::vector<c128>& found) {
    double error = 0, size = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      error += std::norm(found[i] - expected[i]);
      size += std::norm(expected[i]);
    }
    return error <= 1e-8 * size;  // tilings differ by the NUFFT's rounding and what it promises
  };
  DeviceChoice choice;
  choice.list = places;
  const auto batched = [&] {
    return batch(there, {{.axes = parse_axes("batch", "coil=1"), .devices = choice, .base = base}},
                 context);
  };
  const size_t before = live(devices);

  for (const Device d : devices) {
    CAPTURE(peer, is_normal, d.text());
    int failures = 0;
    for (int64_t n = 0;; ++n) {
      REQUIRE(n < 200);
      const Linop b = batched();
      std::string error;
      {
        const Failing failing(d, n);
        error = error_of([&] { b(x, context); });
      }
      if (error == "no error") break;
      ++failures;
      CAPTURE(n, error);
      CHECK(error.find(d.text()) != std::string::npos);
      CHECK(error.find("allocate: ") == 0);
      CHECK(close(values_of(b(x, context).to(Device::host(), context))));
    }
    CHECK(failures > 0);
    CHECK(live(devices) == before);
  }
}
