// SPDX-License-Identifier: MIT
#include "runtime/device/held.hpp"

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/context.hpp"

using namespace lunops;

TEST_CASE("HeldArray: counts as live in the account of its stream, until it goes", "[device]") {
  Context context;
  {
    HeldArray<double> a(1000, "sorted points", *context.stream);
    a[999] = 1;

    CHECK(a.bytes() == 8000);
    CHECK(reinterpret_cast<uintptr_t>(a.data()) % 64 == 0);
    CHECK(context.account->figures().live == 8000);
    CHECK(context.account->largest(8) == std::vector<std::string>{"sorted points, 8000 bytes"});

    const HeldArray<double> moved = std::move(a);
    CHECK(context.account->figures().live == 8000);
    CHECK(moved[999] == 1);
  }

  CHECK(context.account->figures().live == 0);
  CHECK(context.account->figures().peak == 8000);
}

TEST_CASE("HeldArray: a stream that belongs to nobody charges nobody", "[device]") {
  Context context;
  const Stream stream(Device::host(), context.backend());

  const HeldArray<float> a(16, "sorted points", stream);

  CHECK(a.data() != nullptr);
  CHECK(context.account->figures().live == 0);
}

TEST_CASE("HeldArray: what the budget does not allow is the error of a tensor", "[device]") {
  Context context;
  context.account->set_budget(1000);
  const HeldArray<char> first(600, "Toeplitz kernel", *context.stream);
  std::string message;

  try {
    const HeldArray<char> second(500, "sorted points", *context.stream);
  } catch (const Error& e) {
    CHECK(e.code() == Code::host_memory);
    message = e.what();
  }

  CHECK(
      message ==
      "allocate: 500 bytes do not fit on cpu: 600 of 1000 bytes are in use; drop tensors or raise "
      "the memory limit; largest live tensors:\n  Toeplitz kernel, 600 bytes");
  CHECK(context.account->figures().live == 600);
}

TEST_CASE("HeldArray: an allocation that fails for good leaves the account as it was", "[device]") {
  Context context;
  Pool::of(Device::host()).fail_at(0, true);

  CHECK_THROWS_AS(HeldArray<char>(500, "sorted points", *context.stream), Error);

  Pool::of(Device::host()).fail_at(-1, false);
  CHECK(context.account->figures().live == 0);
  CHECK(HeldArray<char>(500, "sorted points", *context.stream).data() != nullptr);
}
