// SPDX-License-Identifier: MIT
// Children of containers on several threads: same bits, settings shared, callbacks at home.
#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/batch.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::values_of;

namespace {

// The process's pool with four threads, whatever the machine has.
class FourThreads {
 public:
  FourThreads() : before_(ThreadPool::process().threads()) { ThreadPool::process().resize(4); }
  ~FourThreads() { ThreadPool::process().resize(before_); }
  FourThreads(const FourThreads&) = delete;

 private:
  int before_;
};

Linop joined(const std::vector<Linop>& children, std::string idim, std::string odim) {
  StackOptions o;
  o.idim = std::move(idim);
  o.odim = std::move(odim);
  return Stack(children, o);
}

struct Case {
  std::string name;
  Linop a;
  Tensor x;
  bool is_sum = false;
};

// Of sums in single precision: which of two terms is rounded first depends on the settings.
bool are_close(const std::vector<c128>& a, const std::vector<c128>& b) {
  double error = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    error += std::norm(a[i] - b[i]);
    size += std::norm(b[i]);
  }
  return a.size() == b.size() && error <= 1e-12 * size;
}

std::vector<Case> cases(Context& context) {
  const auto weights = [&](const char* shape, uint64_t seed) {
    return randn(Shape::parse(shape), DType::c64, seed, context);
  };
  std::vector<Linop> dense, transforms, mixed;
  const Tensor k = rand(Shape::parse("s=300 d=2"), DType::f64, 1, context);
  NUFFTOptions o{{.extent = {{"y", 12}, {"x", 13}}}};
  o.units = "cycles";
  const Linop nufft = NUFFT(k, "y x -> s", o);
  for (uint64_t i = 0; i < 5; ++i) {
    dense.push_back(Dense(weights("m=30 n=200", i), "m n, n -> m"));
    transforms.push_back(FFT("y x -> ky kx") * Diagonal(weights("y=12 x=13", i)));
    mixed.push_back(nufft * Diagonal(weights("y=12 x=13", 9 + i)));
  }
  ConcatOptions along;
  along.odim = "m";
  const Linop whole = Dense(weights("m=40 n=200", 7), "m n, n -> m");
  const Tensor image = weights("y=12 x=13", 2), images = weights("frame=5 y=12 x=13", 3);
  const Tensor n = weights("n=200", 4);
  return {{"Concat of Dense", Concat(dense, along), n},
          {"its normal", Concat(dense, along).N(), n, true},
          {"Add of Dense", Add(dense), n, true},
          {"Add of FFTs", Add(transforms), image, true},
          {"Stack of FFTs", joined(transforms, "", "frame"), image},
          {"diagonal Stack of FFTs", joined(transforms, "frame", "frame"), images},
          {"its normal", joined(transforms, "frame", "frame").N(), images},
          {"Stack of NUFFTs", joined(mixed, "", "frame"), image},
          {"horizontal Stack", joined(transforms, "frame", ""), images, true},
          {"Stack in a Stack",
           joined({joined(transforms, "", "t"), joined(transforms, "", "t")}, "", "frame"), image},
          {"tiles", batch(whole, parse_axes("batch", "m=7")), n}};
}

void set_all(const Linop& a, std::optional<bool> threaded, int workers) {
  if (a.has_workers()) {
    a.set_threaded(threaded);
    a.set_num_workers(workers);
  }
  for (const Linop& child : a.children()) set_all(child, threaded, workers);
}

}  // namespace

TEST_CASE("side by side: no bit depends on timing, and those of sums alone on the settings",
          "[plan][threads]") {
  const FourThreads pool;
  Context context;
  context.stream->set_threads(1);
  for (const Case& c : cases(context)) {
    INFO(c.name);
    set_all(c.a, false, 0);
    auto expected = values_of(c.a(c.x, context));
    int checked = 0, equal = 0;
    for (const int threads : {2, 4}) {
      Context own;
      own.stream->set_threads(threads);
      for (const std::optional<bool> threaded :
           {std::optional<bool>(true), std::optional<bool>(false), std::optional<bool>()}) {
        for (const int workers : {0, 1, 2, 4}) {
          set_all(c.a, threaded, workers);
          if (c.is_sum) {
            const auto whole = expected;
            expected = values_of(c.a(c.x, own));
            CHECK(are_close(expected, whole));
          }
          for (int run = 0; run < 10; ++run, ++checked) {
            equal += values_of(c.a(c.x, own)) == expected ? 1 : 0;
          }
        }
      }
    }
    CHECK(equal == checked);
  }
}

TEST_CASE("side by side: one child may stand twice in a container and run twice at once",
          "[plan][threads]") {
  const FourThreads pool;
  Context context;
  const Linop b =
      FFT("y x -> ky kx") * Diagonal(randn(Shape::parse("y=6 x=5"), DType::c64, 1, context));
  const Linop both = joined({b, b}, "", "frame");
  both.set_threaded(true);
  const Tensor x = randn(Shape::parse("y=6 x=5"), DType::c64, 2, context);
  const auto one = values_of(b(x, context));
  auto expected = one;
  expected.insert(expected.end(), one.begin(), one.end());

  int equal = 0;
  for (int i = 0; i < 1000; ++i) equal += values_of(both(x, context)) == expected ? 1 : 0;

  CHECK(equal == 1000);
}

TEST_CASE("side by side: one child may stand twice in a sum, whose bits are those of every time",
          "[plan][threads]") {
  const FourThreads pool;
  Context context;
  const Linop b =
      FFT("y x -> ky kx") * Diagonal(randn(Shape::parse("y=6 x=5"), DType::c64, 1, context));
  const Tensor x = randn(Shape::parse("y=6 x=5"), DType::c64, 2, context);
  // Terms that are equal would be merged; these end in the opposite order.
  std::vector<Linop> terms;
  for (int i = 4; i >= 0; --i) terms.push_back(Sleep(1e-5 * i, "...") * b);
  const Linop sum = Add(terms);
  sum.set_threaded(false);
  const auto alone = values_of(sum(x, context));
  sum.set_threaded(true);
  const auto expected = values_of(sum(x, context));
  CHECK(are_close(expected, alone));

  int equal = 0;
  for (int i = 0; i < 1000; ++i) equal += values_of(sum(x, context)) == expected ? 1 : 0;

  CHECK(equal == 1000);
}

TEST_CASE("side by side: partial results of a sum are fewer than children at once",
          "[plan][threads]") {
  const FourThreads pool;
  Context context;
  const Tensor x = randn(Shape::parse("n=50"), DType::c64, 9, context);
  const auto workspace = [&](const char* shape, std::optional<bool> threaded, int workers) {
    std::vector<Linop> terms;
    for (uint64_t i = 0; i < 8; ++i) {
      terms.push_back(Dense(randn(Shape::parse(shape), DType::c64, i, context), "m n, n -> m"));
    }
    const Linop sum = Add(terms);
    sum.set_threaded(threaded);
    sum.set_num_workers(workers);
    return make_plan(sum.node(), *x.layout(), x.dtype(), nullptr, context, {})->workspace();
  };

  const char *large = "m=1000 n=50", *small = "m=100 n=50";
  CHECK(workspace(large, false, 0) == 0);
  CHECK(workspace(large, true, 1) == 0);
  CHECK(workspace(large, true, 2) == 8000);
  CHECK(workspace(large, true, 4) == 3 * 8000);
  // About 100 us each, and 10 us, which is less than a hand-over is worth.
  CHECK(workspace(large, std::nullopt, 0) == 3 * 8000);
  CHECK(workspace(small, std::nullopt, 0) == 0);
}

TEST_CASE("side by side: settings may be written while others apply, and reach modes and tiles",
          "[plan][threads]") {
  const FourThreads pool;
  Context context;
  std::vector<Linop> parts;
  for (uint64_t i = 0; i < 4; ++i) {
    parts.push_back(Dense(randn(Shape::parse("m=8 n=16"), DType::c64, i, context), "m n, n -> m"));
  }
  const Linop a = joined(parts, "", "frame");
  const Linop adjoint = a.H(), normal = a.N(),
              tile = split(a, parse_axes("split", "n=8")).tiles.front().op;
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 9, context);
  const auto expected = values_of(a(x, context)), expected_normal = values_of(normal(x, context));
  std::atomic<bool> is_done = false;
  std::vector<int> equal(3, 0);

  std::vector<std::thread> threads;
  for (size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      Context own;
      for (int i = 0; i < 1000; ++i) {
        const bool is_same = values_of(a(x, own)) == expected &&
                             are_close(values_of(normal(x, own)), expected_normal);
        equal[t] += is_same ? 1 : 0;
      }
    });
  }
  std::thread writer([&] {
    for (int i = 0; !is_done; ++i) {
      adjoint.set_threaded(i % 3 == 2 ? std::nullopt : std::optional<bool>(i % 3 == 0));
      tile.set_num_workers(i % 5);
    }
  });
  for (std::thread& thread : threads) thread.join();
  is_done = true;
  writer.join();

  CHECK(equal == std::vector<int>{1000, 1000, 1000});
  a.set_threaded(true);
  a.set_num_workers(3);
  for (const Linop& other : {adjoint, normal, tile}) {
    CHECK(other.threaded() == true);
    CHECK(other.num_workers() == 3);
  }
}

TEST_CASE(
    "side by side: functions of the host run on the applying thread, in the order of children",
    "[plan][threads]") {
  const FourThreads pool;
  Context context;
  const auto home = std::this_thread::get_id();
  std::vector<int> order;
  int strangers = 0;
  std::vector<Linop> children;
  for (int i = 0; i < 6; ++i) {
    const Linop d = Diagonal(randn(Shape::parse("x=50"), DType::c64, 1, context));
    const auto f = [&, i](const Tensor& x, Context& there) {
      order.push_back(i);
      strangers += std::this_thread::get_id() == home ? 0 : 1;
      return binary(Binary::multiply, 2.0, x, there);
    };
    children.push_back(i % 2 == 0 ? d : d * Custom("x", {f, f}));
  }
  const Linop a = joined(children, "", "frame");
  const Tensor x = randn(Shape::parse("x=50"), DType::c64, 2, context);
  a.set_threaded(false);
  const auto expected = values_of(a(x, context));
  order.clear();

  a.set_threaded(true);
  const auto values = values_of(a(x, context));

  CHECK(values == expected);
  CHECK(order == std::vector<int>{1, 3, 5});
  CHECK(strangers == 0);
}

TEST_CASE("side by side: a request to stop ends it, and the next application works",
          "[plan][threads]") {
  const FourThreads pool;
  Context context;
  std::atomic<bool> cancel = true;
  std::vector<Linop> children;
  for (uint64_t i = 0; i < 4; ++i) {
    children.push_back(Diagonal(randn(Shape::parse("x=9"), DType::c64, i, context)));
  }
  const Linop a = joined(children, "", "frame");
  a.set_threaded(true);
  const Tensor x = randn(Shape::parse("x=9"), DType::c64, 5, context);
  const auto expected = values_of(a(x, context));

  Context stopped;
  stopped.cancel = &cancel;
  CHECK(error_of([&] { a(x, stopped); }).find("stopped on request") != std::string::npos);
  CHECK(values_of(a(x, context)) == expected);
}
