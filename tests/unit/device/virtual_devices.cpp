// SPDX-License-Identifier: MIT
#include "runtime/device/virtual_devices.hpp"

#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/context.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/tensor/tensor.hpp"
#include "tests/unit/device/declared.hpp"

using namespace lunops;

namespace {

const Device kSecond{DeviceKind::cpu, 1};

}  // namespace

TEST_CASE("VirtualDevices: the text of the environment", "[pool][virtual]") {
  const VirtualDevices v = VirtualDevices::parse("cpu=4,cuda=2,memory=64MB,peer=0,clock=1");

  CHECK(v.cpu == 4);
  CHECK(v.memory == 64'000'000);
  CHECK_FALSE(v.peer);
  CHECK(v.clock);
  CHECK(VirtualDevices::parse("cpu=2").peer);
  CHECK(VirtualDevices::parse("").cpu == 0);
  CHECK(VirtualDevices::parse("memory=6 GiB").memory == size_t{6} << 30);
}

TEST_CASE("VirtualDevices: text and values that say nothing are errors", "[pool][virtual]") {
  CHECK_THROWS_WITH(VirtualDevices::parse("cpu=four"),
                    "virtual_devices: cpu=four is no number of devices");
  CHECK_THROWS_WITH(VirtualDevices::parse("cpu=-1"),
                    "virtual_devices: cpu = -1 is not a number of devices from 0 to 1024");
  CHECK_THROWS_WITH(VirtualDevices::parse("cpus=4"),
                    "virtual_devices: 'cpus=4' is not known; LUNOPS_VIRTUAL_DEVICES looks like "
                    "cpu=4,cuda=2,memory=64MB,peer=0,clock=1");
  CHECK_THROWS_WITH(VirtualDevices::parse("peer=no"),
                    "virtual_devices: peer=no is no switch; write peer=0 or peer=1");
  CHECK_THROWS_WITH(VirtualDevices::parse("memory=much"),
                    "virtual_devices: 'much' is no size; write for example 200MB or 6 GiB");
  CHECK_THROWS_WITH(declare_virtual_devices({.cpu = 1, .speed = {1, 2}}),
                    "virtual_devices: 2 speeds are given for 1 devices");
  CHECK_THROWS_WITH(declare_virtual_devices({.cpu = 1, .speed = {0}}),
                    "virtual_devices: a device of speed 0 computes nothing");
  CHECK_THROWS_WITH(declare_virtual_devices({.link_bandwidth = 0}),
                    "virtual_devices: a link of 0 bytes per second carries nothing");
  CHECK_THROWS_WITH(declare_virtual_devices({.link_latency = -1}),
                    "virtual_devices: the latency of a link is -1 s; give 0 or more");
}

TEST_CASE("VirtualDevices: what is not declared has no memory and no stream", "[pool][virtual]") {
  Context context;
  const Tensor x = zeros(Shape::parse("x=3"), DType::c64, context);
  const Device eighth{DeviceKind::cpu, 7};
  {
    const test::Declared none(0);
    CHECK_THROWS_WITH(Pool::of(eighth),
                      "device: there is no cpu:7; no virtual devices are declared: "
                      "lo.virtual_devices{ cpu = 8 }");
  }
  const test::Declared cpus(4);

  CHECK(is_declared(Device::host()));
  CHECK(is_declared({DeviceKind::cpu, 3}));
  CHECK_FALSE(is_declared({DeviceKind::cpu, 4}));
  const char* text =
      "device: there is no cpu:7; 4 virtual devices are declared: lo.virtual_devices{ cpu = 8 }";
  CHECK_THROWS_WITH(x.to(eighth, context), text);
  CHECK_THROWS_WITH(on_device(eighth, context), text);
  CHECK_THROWS_WITH(Account::on(context.account, eighth), text);
  CHECK(x.to(kSecond, context).device() == kSecond);
}

TEST_CASE("VirtualDevices: memory of a device that is declared no longer can still be given back",
          "[pool][virtual]") {
  const test::Declared cpus(2);
  Context context;
  Tensor x = zeros(Shape::parse("x=1000"), DType::c64, context).to(kSecond, context);
  const Pool& pool = Pool::of(kSecond);
  const size_t live = pool.figures().live;

  declare_virtual_devices({.cpu = 1});
  CHECK_THROWS_WITH(x.clone(context),
                    "device: there is no cpu:1; 1 virtual device is declared: "
                    "lo.virtual_devices{ cpu = 2 }");
  x = Tensor();

  CHECK(pool.figures().live < live);
}

TEST_CASE("VirtualDevices: each has a budget of its own", "[pool][virtual]") {
  VirtualDevices devices;
  devices.cpu = 2;
  devices.memory = 10'000;
  const test::Declared cpus(devices);
  Context context;
  const Tensor x = zeros(Shape::parse("x=1000"), DType::c64, context);

  const Tensor there = x.to(kSecond, context);

  CHECK(Account::on(context.account, kSecond)->figures().budget == 10'000);
  CHECK_THROWS_WITH(
      x.to(kSecond, context),
      "allocate: 8000 bytes do not fit on cpu:1: 8000 of 10000 bytes are in use; drop "
      "tensors or raise the memory limit; largest live tensors:\n  c64 {x=1000}, 8000 "
      "bytes");
  CHECK(x.to({DeviceKind::cpu, 0}, context).device().index == 0);
}

TEST_CASE("VirtualDevices: read and declared by several threads", "[pool][virtual]") {
  const test::Declared cpus(2);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};

  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        if (t == 0) declare_virtual_devices({.cpu = 2 + i % 3});
        const int cpu = virtual_devices()->cpu;
        if (cpu < 2 || cpu > 4 || !is_declared(kSecond)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(wrong == 0);
}
