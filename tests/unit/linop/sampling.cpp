// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

Tensor indices(std::string_view shape, const Values& values) {
  return tensor(shape, values, DType::i64);
}

Tensor mask(std::string_view shape, const Values& values) {
  return tensor(shape, values, DType::boolean);
}

Values counting(int n) {
  Values v;
  for (int i = 0; i < n; ++i) v.emplace_back(i);
  return v;
}

SamplingOptions counted_from_one() {
  SamplingOptions o;
  o.base = 1;
  return o;
}

}  // namespace

TEST_CASE("Sampling: reads listed points, adds them back, and counts them", "[linop]") {
  Context context;
  const Tensor rows = indices("s=3", {1, 3, 3}), columns = indices("s=3", {2, 4, 4});
  const Linop s = Sampling(std::vector<Tensor>{rows, columns}, "y=3 x=4 -> s", counted_from_one());
  const Tensor ones = tensor("y=3 x=4", Values(12, 1.0));

  CHECK(values_of(s(tensor("y=3 x=4", counting(12)), context)) == Values{1, 11, 11});
  CHECK(values_of(s.H()(tensor("s=3", {1, 2, 4}), context)) ==
        Values{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6});
  CHECK(values_of(s.N()(ones, context)) == Values{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
  CHECK(s.N().kind() == "Diagonal");
  CHECK(s.N().signature().text() == "y=3 x=4 -> y=3 x=4");
}

TEST_CASE("Sampling: a Diagonal in the middle of the normal becomes one on the grid", "[linop]") {
  Context context;
  const Linop s = Sampling(indices("s=3 d=1", {0, 2, 2}), "x=3 -> s");

  const Linop n = s.normal(Diagonal(tensor("c=2 s=3", {1, 2, 4, {0, 1}, 1, 1})));

  CHECK(n.kind() == "Diagonal");
  CHECK(n.signature().text() == "c=2 x=3 -> c=2 x=3");
  CHECK(values_of(n(tensor("c=2 x=3", Values(6, 1.0)), context)) == Values{1, 0, 6, {0, 1}, 0, 2});
}

TEST_CASE("Sampling: a mask lists its true points in row-major order", "[linop]") {
  Context context;
  const Linop s = Sampling(mask("y=2 x=2", {1, 0, 1, 1}), "y x -> sample");

  CHECK(values_of(s(tensor("y=2 x=2", {1, 2, 3, 4}), context)) == Values{1, 3, 4});
  CHECK(s.extent("sample") == 3);
}

TEST_CASE("Sampling: dims of the indices on both sides have points of their own", "[linop]") {
  Context context;
  const Linop s = Sampling(indices("f=2 s=2 d=1", {0, 2, 1, 1}), "f x=3 -> f s");

  const Tensor y = s(tensor("f=2 x=3", counting(6)), context);

  CHECK(values_of(y) == Values{0, 2, 4, 4});
  CHECK(y.shape().text() == "f=2 s=2");
}

TEST_CASE("Sampling: what does not fit is refused", "[linop]") {
  Context context;
  const Tensor two = indices("s=2 d=2", {1, 1, 3, 5});
  const Tensor ones = tensor("y=3 x=4", Values(12, 1.0));

  CHECK(error_of([&] { Sampling(two, "y=3 x=4 -> s", counted_from_one()); }) ==
        "Sampling: index 5 of 'x' at {s=2} is outside 1…4");
  CHECK(error_of([&] { Sampling(two, "y x -> s", counted_from_one())(ones, context); }) ==
        "Sampling: index 5 of 'x' at {s=2} is outside 1…4");
  CHECK(
      error_of([&] { Sampling(two, "x -> s"); }) ==
      "Sampling: the indices {s=2, d=2} have 2 entries in their last dim but the grid \"x\" has 1 "
      "dim");
  CHECK(error_of([&] {
          Sampling(tensor("s=2 d=1", {1, 2}, DType::f32), "x -> s");
        }) ==
        "Sampling: the indices are f32; indices are i32 or i64, so use idx:as \"i64\", or "
        "lo.Interpolate between grid points");
  CHECK(error_of([&] { Sampling(std::vector<Tensor>{indices("s=1", {0})}, "y x -> s"); }) ==
        "Sampling: 1 index tensor is given but the grid \"y x\" has 2 dims");
  CHECK(error_of([&] {
          Sampling(mask("f=2 x=2", {1, 0, 1, 1}), "f x -> f s");
        }) ==
        "Sampling: the mask {f=2, x=2} has 1 true entries at first but 2 at number 2 of the kept "
        "dims; samples would be ragged, so use lo.Diagonal with the mask");
  CHECK(error_of([&] { Sampling(two, "y x"); }) ==
        "Sampling: \"y x\" has one side; write \"y x -> sample\"");
  CHECK(error_of([&] {
          Sampling(indices("s=2 d=1", {0, 1}), "x -> s").H()(tensor("s=2", {1, 2}), context);
        }) == "Sampling.H: extent of 'x' is unknown; give extent = {x = …}");
}
