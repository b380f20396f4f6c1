// SPDX-License-Identifier: MIT
// Matrices in parts: LowRank, Sparse, Kronecker.
#include <cmath>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

SparseEntries csr(const Values& rowptr, const Values& col, const Values& value) {
  const auto list = [](const Values& v, DType t) {
    return tensor(fmt::format("k={}", v.size()), v, t);
  };
  SparseEntries e;
  e.rowptr = list(rowptr, DType::i32);
  e.col = list(col, DType::i64);
  e.value = list(value, DType::c64);
  e.base = 1;
  return e;
}

}  // namespace

TEST_CASE("LowRank: U diag(s) V^H", "[linop]") {
  Context context;
  LowRankOptions o;
  o.s = tensor("r=1", {3});
  const Linop a = LowRank(tensor("m=2 r=1", {1, 2}), tensor("n=2 r=1", {1, {0, 1}}), "n -> m", o);

  CHECK(values_of(a(tensor("n=2", {1, 1}), context)) == Values{{3, -3}, {6, -6}});
  CHECK(a.signature().text() == "n=2 -> m=2");
}

TEST_CASE("LowRank: the normal has a small matrix in the middle, none if columns are orthonormal",
          "[linop]") {
  Context context;
  const Tensor u = tensor("m=2 r=1", {{0, 0.6}, 0.8}), v = tensor("n=2 r=1", {1, 0});
  LowRankOptions o;
  o.s = tensor("r=1", {{0, 2}});
  o.orthonormal = true;
  const Linop a = LowRank(u, v, "n -> m", o);

  const Linop n = a.N();

  CHECK(n.kind() == "LowRank");
  CHECK(n.signature().text() == "n=2 -> n'=2");
  CHECK(n.children().at(1).kind() == "Diagonal");
  CHECK(n.H() == n);
  CHECK(values_of(n(tensor("n=2", {1, 1}), context)) == Values{4, 0});
  o.orthonormal = false;
  CHECK(LowRank(u, v, "n -> m", o).N().children().at(1).kind() == "Dense");
}

TEST_CASE("LowRank: the normal of the adjoint conjugates the singular values and not V",
          "[linop]") {
  Context context;
  LowRankOptions o;
  o.s = tensor("r=2", {{0, 1}, 2});
  const Linop a =
      LowRank(tensor("m=2 r=2", {1, 0, 1, 1}), tensor("n=2 r=2", {1, {0, 1}, 0, 1}), "n -> m", o);
  const Tensor x = tensor("m=2", {1, {1, 1}});

  const Values by_hand = values_of(a(a.H()(x, context), context));

  const Values found = values_of(a.H().N()(x, context));
  for (size_t i = 0; i < by_hand.size(); ++i) CHECK(std::abs(found[i] - by_hand[i]) < 1e-5);
}

TEST_CASE("LowRank: factors that do not fit are refused", "[linop]") {
  LowRankOptions o;
  o.orthonormal = true;
  const Tensor v = tensor("n=2 r=1", {1, 0});

  CHECK(error_of([&] {
          LowRank(tensor("m=2 r=1", {1, 2}), v, "n -> m", o);
        }).starts_with("LowRank: orthonormal = true but the columns of U are not: "));
  CHECK(error_of([&] {
          LowRank(tensor("m=2 q=1", {1, 2}), v, "n -> m");
        }) == "LowRank: the rank dim of U is 'q' but that of V is 'r'; rename one of them");
  CHECK(error_of([&] {
          LowRank(tensor("m=2", {1, 2}), v, "n -> m");
        }) == "LowRank: U {m=2} has no dim beside {m}; it has one, the rank dim");
}

TEST_CASE("Sparse: rows of entries, and the adjoint by the transpose", "[linop]") {
  Context context;
  const Linop a = Sparse(csr({1, 2, 4}, {2, 1, 3}, {2, 1, 3}), "x=3 -> r=2");

  CHECK(values_of(a(tensor("x=3", {1, 2, 3}), context)) == Values{4, 10});
  CHECK(values_of(a.H()(tensor("r=2", {1, 1}), context)) == Values{1, 2, 3});
}

TEST_CASE("Sparse: triplets in any order, duplicates add", "[linop]") {
  Context context;
  SparseEntries e = csr({}, {1, 2, 1}, {{0, 1}, 1, {0, 2}});
  e.row = tensor("k=3", {2, 1, 2}, DType::i32);
  e.rowptr.reset();
  const Linop a = Sparse(e, "x=2 -> r=2");

  CHECK(values_of(a(tensor("x=2", {1, 10}), context)) == Values{10, {0, 3}});
  CHECK(values_of(a.H()(tensor("r=2", {0, 1}), context)) == Values{{0, -3}, 0});
}

TEST_CASE("Sparse: what does not fit is refused", "[linop]") {
  Context context;
  const auto make = [](const Values& rowptr, const Values& col) {
    return [=] { Sparse(csr(rowptr, col, Values(col.size(), 1.0)), "x=3 -> r=2"); };
  };
  CHECK(error_of(make({1, 3, 2}, {1, 2})) == "Sparse: 'rowptr' decreases from 3 to 2 at element 3");
  CHECK(error_of(make({1, 3}, {1, 2})) ==
        "Sparse: 'rowptr' has 2 elements for 2 rows; it has one more than rows");
  CHECK(error_of(make({1, 2, 4}, {1, 2})) ==
        "Sparse: 'rowptr' goes from 1 to 4 but 2 entries go from 1 to 3");
  CHECK(error_of(make({1, 2, 3}, {1, 4})) == "Sparse: column 4 at entry 2 is outside 1…3 of {x=3}");
  CHECK(error_of([] {
          Sparse(csr({1, 2}, {1}, {1}), "x=3 -> r");
        }) == "Sparse: extent of 'r' is unknown; give extent = {r = …}");
  CHECK(error_of([] {
          Sparse(csr({1, 2}, {1}, {1}), "x=3000000000 -> r=1");
        }) ==
        "Sparse: {x=3000000000} has 3000000000 elements, which do not fit i32 indices (2^31 - 1 at "
        "most)");
  CHECK(error_of([] {
          LinopOptions o;
          o.extent = {{"y", int64_t{1} << 32}, {"x", int64_t{1} << 32}};
          Sparse(csr({1, 2}, {1}, {1}), "y x -> r=1", o);
        }) ==
        "Sparse: {y=4294967296, x=4294967296} has 18446744073709551616 elements, which do not fit "
        "i32 indices (2^31 - 1 at most)");
  CHECK(error_of([] {
          Sparse(csr({1, 2}, {1}, {1}), "b=1 x=3 -> b r=1");
        }) ==
        "Sparse: 'b' is on both sides of \"b=1 x=3 -> b r=1\"; rows and columns have dims of their "
        "own, and batch dims need no name");
  CHECK(error_of([&] {
          Sparse(csr({1, 2}, {1}, {1}), "x=1 -> r=1")(tensor("x=1", {1}, DType::c128), context);
        }) == "apply: x is c128 but the values of Sparse are c64; use x:as \"c64\"");
}

TEST_CASE("Kronecker: each factor acts on its dims", "[linop]") {
  Context context;
  const Linop a = Dense(tensor("c=2 a=2", {1, 2, 3, 4}), "a -> c"),
              b = Dense(tensor("d=1 b=2", {0, 1}), "b -> d");
  const Linop k = Kronecker(a, b);

  const Tensor y = k(tensor("a=2 b=2", {1, 2, 3, 4}), context);

  CHECK(y.shape().text() == "c=2 d=1");
  CHECK(values_of(y) == Values{10, 22});
  CHECK(k.N().kind() == "Kronecker");
  CHECK(k.N().H() == k.N());
}

TEST_CASE("Kronecker: a factor may change the precision, whichever acts first", "[linop]") {
  Context context;
  const Linop wide = Dense(tensor("c=3 a=1", {1, 2, 3}, DType::f32), "a -> c");
  const Linop narrow = Dense(tensor("c=1 a=2", {1, 2}, DType::f32), "a -> c");
  CastOptions to_f64;
  to_f64.to = "f64";
  const Linop cast = Cast("b", to_f64);
  const Tensor one = tensor("a=1 b=2", {1, 2}, DType::f32);
  const Tensor two = tensor("a=2 b=2", {1, 2, 3, 4}, DType::f32);

  CHECK(Kronecker(wide, cast)(one, context).dtype() == DType::f64);
  CHECK(values_of(Kronecker(wide, cast)(one, context)) == Values{1, 2, 2, 4, 3, 6});
  CHECK(values_of(Kronecker(narrow, cast)(two, context)) == Values{7, 10});
  CHECK(values_of(Kronecker(narrow, cast).H()(tensor("c=1 b=1", {3}, DType::f64), context)) ==
        Values{3, 6});
}

TEST_CASE("Kronecker: real-linear factors are refused", "[linop]") {
  CHECK(
      error_of([] { Kronecker(Identity("a"), Real("b")); }) ==
      "Kronecker: Real is real-linear and is no factor of a product; multiply it with the product "
      "instead");
}

TEST_CASE("Kronecker: factors that share a dim are refused", "[linop]") {
  const Linop a = Dense(tensor("c=2 a=2", {1, 2, 3, 4}), "a -> c");

  CHECK(
      error_of([&] { Kronecker(a, a.H()); }) ==
      "Kronecker: 'a' is a dim of both Dense \"a=2 -> c=2\" and Dense.H \"c=2 -> a=2\"; rename one "
      "of them");
  CHECK(error_of([&] { Kronecker(a, Identity("x", {.batch = false})); }) ==
        "Kronecker: Identity \"x -> x\" is closed; both operands keep further dims in front");
}
