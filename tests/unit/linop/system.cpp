// SPDX-License-Identifier: MIT
// Trace, Breakpoint, Sleep, ToDevice, and plans whose steps run on several devices.
#include <chrono>

#include <catch2/catch.hpp>

#include "runtime/device/arena.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/explain.hpp"
#include "runtime/solver/solver.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

const Device kOther{DeviceKind::cpu, 1};

struct Recorder final : Listener {
  std::vector<std::string> notes;
  bool stops = false;
  void warn(std::string_view, std::string_view) override {}
  void progress(const ProgressEvent&) override {}
  void note(std::string_view text) override { notes.emplace_back(text); }
  bool stop(std::string_view label, const Tensor& x, std::string_view mode) override {
    if (stops) notes.push_back(fmt::format("stopped {} {} {}", label, x.shape().text(), mode));
    return stops;
  }
};

TraceOptions labelled(std::string label) {
  TraceOptions options;
  options.label = std::move(label);
  return options;
}

}  // namespace

TEST_CASE("Trace: an identity that reports, in forward and adjoint", "[linop][system]") {
  Context context;
  Recorder recorder;
  context.listener = &recorder;
  const Linop t = Trace("...", labelled("after F"));
  const Tensor x = tensor("x=3", {3, {0, 4}, {NAN, 0}}), y = tensor("x=2", {3, 4});

  const Tensor passed = t(x, context);
  t.H()(y, context);
  t.N()(y, context);

  CHECK(values_of(passed)[1] == c128(0, 4));
  CHECK(recorder.notes ==
        std::vector<std::string>{"after F, forward: c64 {x=3}, norm 5, |x| from 3 to 4, 1 NaN",
                                 "after F, adjoint: c64 {x=2}, norm 5, |x| from 3 to 4, 0 NaN",
                                 "after F, forward: c64 {x=2}, norm 5, |x| from 3 to 4, 0 NaN",
                                 "after F, adjoint: c64 {x=2}, norm 5, |x| from 3 to 4, 0 NaN"});
}

TEST_CASE("Trace: rewriting leaves it between its neighbours", "[linop][system]") {
  Context context;
  std::vector<Values> seen;
  TraceOptions options;
  options.look = [&](const Tensor& x, std::string_view, Context&) { seen.push_back(values_of(x)); };
  const Linop t = Trace("...", options);
  const Linop d = Diagonal(tensor("x=2", {2, 3}));
  const Linop a = d * t * d, f = FFT("x -> k") * t;
  const Tensor x = tensor("x=2", {1, 1});

  CHECK(values_of(a(x, context)) == Values{4, 9});
  CHECK(seen == std::vector<Values>{{2, 3}});
  CHECK(values_of((2.0 * t + t)(x, context)) == Values{3, 3});
  seen.clear();
  f.N()(x, context);
  CHECK(seen.size() == 2);
}

TEST_CASE("Breakpoint: asks the listener, and reports where nobody stops", "[linop][system]") {
  Context context;
  Recorder recorder;
  context.listener = &recorder;
  BreakpointOptions options;
  options.label = "here";
  const Linop b = Breakpoint("x", options);
  const Tensor x = tensor("x=1", {2});

  b(x, context);
  recorder.stops = true;
  b.H()(x, context);

  CHECK(recorder.notes ==
        std::vector<std::string>{"here, forward: c64 {x=1}, norm 2, |x| from 2 to 2, 0 NaN",
                                 "stopped here x=1 adjoint"});
}

TEST_CASE("Sleep: takes its time forward, and an interrupt ends it", "[linop][system]") {
  using Clock = std::chrono::steady_clock;
  Context context;
  const Tensor x = tensor("x=1", {2});
  const auto seconds_of = [&](const auto& f) {
    const auto start = Clock::now();
    f();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::atomic<bool> cancel = true;

  CHECK(seconds_of([&] { CHECK(values_of(Sleep(0.05)(x, context)) == Values{2}); }) >= 0.05);
  CHECK(seconds_of([&] { Sleep(10).H()(x, context); }) < 5);
  context.cancel = &cancel;
  CHECK(seconds_of([&] {
          CHECK(error_of([&] { Sleep(10)(x, context); }) == "interrupt: stopped on request");
        }) < 5);
  CHECK(error_of([] { Sleep(-1); }) == "Sleep: seconds is -1; give a finite number >= 0");
}

TEST_CASE("ToDevice: moves data, its adjoint moves them back, its normal is the identity",
          "[linop][system]") {
  const test::Declared cpus(2);
  Context context;
  const Linop t = ToDevice(Device::host(), kOther);
  const Tensor x = tensor("x=2", {1, {0, 2}});

  const Tensor there = t(x, context);

  CHECK(there.device() == kOther);
  CHECK(there.shape().text() == "x=2");
  CHECK(values_of(there.to(Device::host(), context)) == Values{1, {0, 2}});
  CHECK(t.H()(there, context).device() == Device::host());
  CHECK(t.N().kind() == "Identity");
  CHECK(values_of((t.H() * t)(x, context)) == Values{1, {0, 2}});
  CHECK(error_of([&] { t(there, context); }) ==
        "apply: x is on cpu:1 but ToDevice takes data from cpu to cpu:1; use x:to \"cpu\"");
  CHECK(error_of([&] { t.H()(x, context); }) ==
        "apply: x is on cpu but ToDevice.H takes data from cpu:1 to cpu; use x:to \"cpu:1\"");
  CHECK(error_of([&] { (t + Identity())(x, context); }) ==
        "apply: the parts of Add leave their results on cpu:1 and on cpu; bring them to one device "
        "with lo.ToDevice");
}

TEST_CASE("ToDevice: equal source and target move nothing", "[linop][system]") {
  const test::Declared cpus(2);
  Context context;
  const Linop t = ToDevice(kOther, kOther);
  const Tensor x = tensor("x=2", {1, 2}).to(kOther, context);
  const auto before = Account::on(context.account, kOther)->figures();

  const Tensor y = (FFT("x -> k") * t)(x, context);

  const auto after = Account::on(context.account, kOther)->figures();
  CHECK(y.device() == kOther);
  CHECK(after.allocations - before.allocations == 1);
}

TEST_CASE("ToDevice: what stands between two of them computes on the other device",
          "[linop][system]") {
  const test::Declared cpus(2);
  Context context;
  const Device host = Device::host();
  const Linop w = Dense(randn(Shape::parse("m=300 n=200"), DType::c64, 1, context), "m n, n -> m");
  const Linop there = w.to(kOther, context);
  const Linop d = Diagonal(randn(Shape::parse("m=300"), DType::c64, 2, context));
  const Linop a = ToDevice(kOther, host) * d.to(kOther, context) * there * ToDevice(host, kOther);
  const Tensor x = randn(Shape::parse("n=200"), DType::c64, 3, context);
  Context elsewhere = on_device(kOther, context);
  const auto local = context.account, remote = elsewhere.account;
  const size_t local_live = local->figures().live, remote_live = remote->figures().live;
  local->reset_peak();
  remote->reset_peak();

  const Tensor y = a(x, context);

  CHECK(values_of(y) == values_of((d * w)(x, context)));
  CHECK(y.device() == host);
  // x there, and the product with W: nothing of it on the host, whose only new tensor is y.
  CHECK(remote->figures().peak - remote_live <= (200 + 300) * size_of(DType::c64) + 64);
  CHECK(remote->figures().live == remote_live);
  CHECK(local->figures().live == local_live + 300 * size_of(DType::c64));
  CHECK(local->figures().workspace == 0);
  CHECK(error_of([&] { (ToDevice(kOther, host) * w * ToDevice(host, kOther))(x, context); }) ==
        "apply: x is on cpu:1 but the operator is on cpu; use x:to \"cpu\"");
}

TEST_CASE("ToDevice: adjoint, normal, alpha and beta, and solvers on such a chain",
          "[linop][system]") {
  const test::Declared cpus(2);
  Context context;
  const Device host = Device::host();
  const Linop w = Dense(randn(Shape::parse("m=7 n=4"), DType::c128, 1, context), "m n, n -> m");
  const Linop a = w.to(kOther, context) * ToDevice(host, kOther);
  const Tensor x = randn(Shape::parse("n=4"), DType::c128, 2, context);
  const Tensor y = a(x, context), back = a.H()(y, context);
  const Tensor expected = w.H()(w(x, context), context);
  const auto near = [&](const Tensor& p, const Tensor& q) {
    return allclose(p.to(host, context), q.to(host, context), 1e-12, 1e-12, context).is_close;
  };

  CHECK(y.device() == kOther);
  CHECK(back.device() == host);
  CHECK(near(back, expected));
  CHECK(near(a.N()(x, context), expected));
  const Tensor into = y.clone(context);
  a.apply(x, into, {2.0, 1.0}, context);
  CHECK(near(into, binary(Binary::multiply, 3.0, y, context)));
  CHECK(error_of([&] { a.apply(x, y.to(host, context), {}, context); }) ==
        "apply: out is on cpu but the result is on cpu:1");
  const auto [solved, info] = cg(a.N(), back, context, {});
  CHECK(info.converged);
  CHECK(near(solved, x) == allclose(solved, x, 1e-12, 1e-12, context).is_close);
  CHECK(allclose(solved, x, 1e-4, 1e-4, context).is_close);
  CHECK(explain(a, Shape::parse("n=4"), DType::c128, context).text().find("ToDevice") !=
        std::string::npos);
}

TEST_CASE("data on another device stay there in every operation", "[linop][system]") {
  const test::Declared cpus(2);
  Context context;
  const Tensor x = randn(Shape::parse("y=6 x=5"), DType::c64, 1, context);
  const Tensor there = x.to(kOther, context);
  PadOptions padding;
  padding.to = {{"y", 9}, {"x", 8}};
  const Linop a = FFT("y x -> ky kx") * Pad("y x", padding);
  const auto remote = Account::on(context.account, kOther);
  Arena::trim(kOther);
  const size_t arena = Arena::bytes(Device::host());

  const Tensor y = a(there, context);
  const auto [solved, info] = cg(a.N() + 0.5 * Identity(), there, context, {});

  CHECK(y.device() == kOther);
  CHECK(solved.device() == kOther);
  CHECK(Arena::bytes(kOther) > 0);
  CHECK(Arena::bytes(Device::host()) == arena);
  CHECK(remote->figures().workspace == 0);
  CHECK(values_of(y.to(Device::host(), context)) == values_of(a(x, context)));
}
