// SPDX-License-Identifier: MIT
// Operators with other weights, names and devices.
#include "runtime/linop/parts.hpp"

#include <catch2/catch.hpp>

#include "runtime/device/pool.hpp"
#include "runtime/linop/operators.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

const Device kOther{DeviceKind::cpu, 1};

}  // namespace

TEST_CASE("with: another weight, and the rest as it was", "[linop]") {
  Context context;
  const Linop a = Diagonal(tensor("x=2", {1, 2}), "x", {.name = "filter"});
  const Linop chain = 2.0 * a * Identity("x");
  const Tensor x = tensor("x=2", {1, 1});

  const Linop b = a.with({{"weight", tensor("x=2", {5, 6})}}, "sharper");
  const Linop c = chain.with({{"2.weight", tensor("x=2", {5, 6})}, {"1.scalar", c128(3)}});

  CHECK(values_of(b(x, context)) == Values{5, 6});
  CHECK(b.label() == "Diagonal 'sharper'");
  CHECK(values_of(b.H().with({{"weight", tensor("x=2", {{0, 1}, 0})}})(x, context)) ==
        Values{{0, -1}, 0});
  CHECK(values_of(c(x, context)) == Values{15, 18});
  CHECK(values_of(chain.N().with({{"2.weight", tensor("x=2", {5, 6})}})(x, context)) ==
        Values{100, 144});
  CHECK(values_of(a(x, context)) == Values{1, 2});
  CHECK(a.with({}) == a);
}

TEST_CASE("with: the sorted points of a NUFFT are shared where its trajectory is", "[linop]") {
  Context context;
  const Linop f =
      NUFFT(tensor("s=3 d=2", {0, 1, 1, 0, -1, 1}, DType::f64).as(DType::f64, context), "y x -> s");
  const Linop a = Diagonal(tensor("s=3", {1, 2, 3})) * f;
  const Tensor x = full(Shape::parse("y=8 x=8"), 1.0, DType::c64, context);
  a(x, context);

  const Linop b = a.with({{"1.weight", tensor("s=3", {2, 4, 6})}});

  // A tenth of a millisecond would be 0.1; sorting and planning an FFT take longer than that.
  CHECK(b.children()[1].core() == f.core());
  CHECK(prepare(b, x, context) < 0.05);
}

TEST_CASE("with: what does not fit is an error", "[linop]") {
  Context context;
  const Linop a = Diagonal(tensor("x=2", {1, 2}), "x", {.name = "filter"});
  const auto error = [&](const Linop& of, std::vector<NamedPart> parts) {
    return error_of([&] { of.with(parts); });
  };

  CHECK(error(a, {{"weight", tensor("x=3", {1, 2, 3})}}) ==
        "with: 'weight' of Diagonal 'filter' is {x=2}, not {x=3}");
  CHECK(error(a, {{"weight", tensor("y=2", {1, 2})}}) ==
        "with: 'weight' of Diagonal 'filter' is {x=2}, not {y=2}");
  CHECK(error(a, {{"weight", c128(1)}}) ==
        "with: 'weight' of Diagonal 'filter' is a tensor, not a number");
  CHECK(error(2.0 * a, {{"weight", c128(1)}}) ==
        "with: Chain has no 'weight'; its weights are '1.scalar', '2.weight'; did you mean "
        "'2.weight'?");
  CHECK(error(Scalar(2.0), {{"scalar", tensor("x=1", {1})}}) ==
        "with: the scalar of Scalar is a number, not a tensor");
  CHECK(error(Identity(), {{"weight", c128(1)}}) ==
        "with: Identity has no 'weight'; it has no weights");
  CHECK(error(a.N(), {{"weight", tensor("x=2", {1, 2})}}) ==
        "with: the weight of Diagonal is computed from another operator's; replace it there");
}

TEST_CASE("to: all weights move together, and only their own elements", "[linop][D7][D24]") {
  const test::Declared cpus(2);
  Context context;
  const Tensor w = randn(Shape::parse("m=100 n=10"), DType::c64, 1, context);
  const Tensor rows = w.slice(0, 0, 25),
               columns = w.slice(1, 0, 5).with_shape(Shape::parse("k=100 n=5"));
  const Linop a = Dense(rows, "m n, n -> m"), b = Dense(columns, "k n, n -> k");
  const Linop both = Diagonal(tensor("m=25", Values(25, 2))) * a;
  const auto live = [&] {
    const auto account = Account::on(context.account, kOther);
    return account->figures().live;
  };
  const size_t before = live();

  const Linop moved_a = a.to(kOther, context);
  const size_t of_rows = live() - before;
  const Linop moved_b = b.to(kOther, context);
  const size_t of_columns = live() - before - of_rows;

  CHECK(of_rows == 250 * size_of(DType::c64));
  CHECK(of_columns == 500 * size_of(DType::c64));
  const Linop moved = both.to(kOther, context);
  CHECK(moved.device() == kOther);
  CHECK(moved.children()[0].device() == kOther);
  CHECK(moved.children()[1].device() == kOther);
  CHECK(both.device() == Device::host());
  const Tensor x = randn(Shape::parse("n=10"), DType::c64, 2, context);
  const Tensor y = moved(x.to(kOther, context), context);
  CHECK(y.device() == kOther);
  CHECK(values_of(y.to(Device::host(), context)) == values_of(both(x, context)));
  CHECK(both.to(Device::host(), context) == both);
}

TEST_CASE("to: operators that share a weight share its copy, derived weights move too", "[linop]") {
  const test::Declared cpus(2);
  Context context;
  const Tensor w = tensor("x=3", {1, 2, {0, 3}});
  const Linop d = Diagonal(w), sum = d + d.H();
  const Tensor x = tensor("x=3", {1, 1, 1});

  const Linop moved = sum.to(kOther, context), normal = d.N().to(kOther, context);
  const Tensor there = x.to(kOther, context);

  CHECK(moved.children()[0].core()->weights() == moved.children()[1].core()->weights());
  CHECK(values_of(moved(there, context).to(Device::host(), context)) == Values{2, 4, 0});
  CHECK(values_of(normal(there, context).to(Device::host(), context)) == Values{1, 4, 9});
  CHECK(error_of([&] { moved(x, context); }) ==
        "apply: x is on cpu but the operator is on cpu:1; use x:to \"cpu:1\"");
}
