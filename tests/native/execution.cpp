// SPDX-License-Identifier: MIT
// Plans whose steps go to the native streams of GPUs, on GPUs that are none: what is issued, in
// which order, and that the result is right however late the streams come to it.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/timeline.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/native/fake_module.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::values_of;

namespace {

const Device kHost = Device::host();
Device gpu(int i) { return {DeviceKind::cuda, static_cast<int16_t>(i)}; }

using Lines = std::vector<std::string>;

Tensor draw(const char* shape, uint64_t seed, Context& context) {
  return randn(Shape::parse(shape), DType::c128, seed, context);
}

// The values of a tensor wherever it lies.
auto values_at(const Tensor& x, Context& context) { return values_of(x.to(kHost, context)); }

// x goes to GPU d, is weighted there and comes back.
Linop there_and_back(int d, const Tensor& w, Context& context) {
  return ToDevice(gpu(d), kHost) * Diagonal(w).to(gpu(d), context) * ToDevice(kHost, gpu(d));
}

}  // namespace

TEST_CASE("steps of a GPU are issued to its streams, with events where they wait", "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=4", 1, context), x = draw("x=4", 2, context);
  const Linop a = there_and_back(0, w, context);
  const auto expected = values_of(Diagonal(w)(x, context));
  CHECK(values_of(a(x, context)) == expected);
  fake::clear();

  const Tensor y = a(x, context);

  CHECK(values_of(y) == expected);
  CHECK(fake::issued() == Lines{"cuda:0 record 1",  //
                                "cpu>cuda:0 wait 1", "cpu>cuda:0 copy 64", "cpu>cuda:0 record 2",
                                "cuda:0 wait 2", "cuda:0 multiply", "cuda:0 record 3",
                                "cuda:0>cpu wait 1", "cuda:0>cpu wait 3", "cuda:0>cpu copy 64",
                                "cuda:0>cpu record 4",  // the host waits for it, and scales
                                // One event after the other, taken and given back.
                                "cpu>cuda:0 record 5", "cuda:0 wait 5",  //
                                "cuda:0>cpu record 5", "cuda:0 wait 5"});
}

TEST_CASE("an application to data of a GPU returns before its work is done", "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=4", 1, context), x = draw("x=4", 2, context);
  const Linop a = Diagonal(w).to(gpu(0), context);
  const Tensor there = x.to(gpu(0), context);
  a(there, context);
  fake::clear();

  const Tensor y = a(a(there, context), context);

  CHECK(fake::host_waits() == 0);
  CHECK(fake::pending() > 0);
  CHECK(y.device() == gpu(0));
  CHECK(values_at(y, context) == values_of(Diagonal(w)(Diagonal(w)(x, context), context)));
}

TEST_CASE("data that go from one GPU to another pass no host and wait for none", "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=4", 1, context), x = draw("x=4", 2, context);
  const Linop a = Diagonal(w).to(gpu(1), context) * ToDevice(gpu(0), gpu(1));
  const Tensor there = x.to(gpu(0), context);
  a(there, context);
  fake::clear();

  const Tensor y = a(there, context);

  CHECK(fake::host_waits() == 0);
  CHECK(y.device() == gpu(1));
  CHECK(fake::issued() == Lines{"cuda:0 record 1", "cuda:1 record 2",  //
                                "cuda:0>cuda:1 wait 1", "cuda:0>cuda:1 wait 2",
                                "cuda:0>cuda:1 copy 64",
                                "cuda:0>cuda:1 record 3",                               //
                                "cuda:1 wait 3", "cuda:1 multiply", "cuda:1 record 4",  //
                                "cuda:0>cuda:1 record 5", "cuda:0 wait 5", "cuda:1 wait 5"});
  CHECK(values_at(y, context) == values_of(Diagonal(w)(x, context)));
}

TEST_CASE("many applications over several GPUs give the same bits, in whatever order they run",
          "[native]") {
  fake::install();
  Context context;
  std::vector<Linop> here, there;
  for (int d = 0; d < 3; ++d) {
    const Tensor w = draw("x=33", static_cast<uint64_t>(d + 1), context);
    here.push_back(Diagonal(w));
    there.push_back(there_and_back(d, w, context));
  }
  const Linop a = Add(there), b = Add(here);
  for (uint64_t run = 0; run < 20; ++run) {
    // Memory that one application gives back serves the next one.
    const Tensor x = draw("x=33", 10 + run, context);
    const auto expected = values_of(b(x, context)), found = values_of(a(x, context));
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) REQUIRE(std::abs(found[i] - expected[i]) < 1e-14);
  }
}

TEST_CASE("a chain of results on a GPU reuses memory in the order of the stream", "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=33", 1, context), x = draw("x=33", 2, context);
  const Linop a = Diagonal(w).to(gpu(0), context);
  Tensor y = x.to(gpu(0), context), expected = x;
  for (int i = 0; i < 8; ++i) {
    y = a(y, context);
    // The block of the last but one result is free: an upload may get it while work on it waits.
    const Tensor other = draw("x=33", static_cast<uint64_t>(100 + i), context);
    CHECK(values_at(other.to(gpu(0), context), context) == values_of(other));
    expected = Diagonal(w)(expected, context);
  }
  CHECK(values_at(y, context) == values_of(expected));
}

TEST_CASE("memory that an application gave back is written only when that application is done",
          "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=33", 1, context);
  const Linop scaled = Diagonal(w);
  const Linop up = scaled.to(gpu(0), context) * ToDevice(kHost, gpu(0));
  const Linop across = scaled.to(gpu(1), context) * ToDevice(gpu(0), gpu(1));
  for (const bool prefers_old : {false, true}) {
    fake::prefer_old_streams(prefers_old);
    std::vector<Tensor> given, scaled_there, moved;
    for (uint64_t i = 0; i < 4; ++i) given.push_back(draw("x=33", 10 + i, context));
    // The workspace that takes x is the one of the application before.
    for (const Tensor& x : given) scaled_there.push_back(up(x, context));
    // So is the memory of x on the first GPU, which nobody keeps.
    for (const Tensor& x : given) moved.push_back(across(x.to(gpu(0), context), context));
    for (size_t i = 0; i < given.size(); ++i) {
      const auto expected = values_of(scaled(given[i], context));
      CHECK(values_at(scaled_there[i], context) == expected);
      CHECK(values_at(moved[i], context) == expected);
    }
  }
  fake::prefer_old_streams(false);
}

TEST_CASE("a view with gaps is packed where it lies before it is copied", "[native]") {
  fake::install();
  Context context;
  const Tensor x = draw("y=3 x=4", 2, context);
  const Tensor columns = x.slice(1, 0, 2, 2);  // x = 0, 2
  const Linop a = ToDevice(gpu(0), kHost) * ToDevice(kHost, gpu(0));
  CHECK(values_of(a(columns, context)) == values_of(columns.contiguous(context)));

  const Linop up = ToDevice(kHost, gpu(0));
  CHECK(values_at(up(columns, context), context) == values_of(columns.contiguous(context)));
}

TEST_CASE("an error while steps are issued ends the application, and the next one works",
          "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=4", 1, context), x = draw("x=4", 2, context);
  const Linop a = there_and_back(0, w, context);
  a(x, context);

  fake::fail_next(true);
  CHECK(error_of([&] { a(x, context); }) == "fake: multiply could not be issued");
  CHECK(values_of(a(x, context)) == values_of(Diagonal(w)(x, context)));
}

TEST_CASE("a kernel that a GPU lacks is an error when the plan is made", "[native]") {
  fake::install();
  Context context;
  const Tensor x = draw("x=4", 2, context).to(gpu(0), context);
  const Linop f = FFT("x");
  fake::clear();

  CHECK(error_of([&] { f(x, context); }) == "fft: the fake backend has no kernel for it");
  CHECK(fake::issued().empty());
}

TEST_CASE("the timeline of GPUs orders every access", "[native]") {
  fake::install();
  Context context;
  const Tensor w = draw("x=4", 1, context), x = draw("x=4", 2, context);
  const Linop a = there_and_back(0, w, context) + there_and_back(1, w, context);
  Timeline timeline;
  context.timeline = &timeline;

  a(x, context);

  CHECK(timeline.check().empty());
}
