// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/core.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/batch.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

Linop dense(const char* shape, const Values& values) {
  return Dense(tensor(shape, values), "n -> m");
}

Linop concat(const std::vector<Linop>& children, std::string idim, std::string odim) {
  ConcatOptions o;
  o.idim = std::move(idim);
  o.odim = std::move(odim);
  return Concat(children, o);
}

Linop stack(const std::vector<Linop>& children,
            std::string idim,
            std::string odim,
            int64_t idim_at = 1,
            int64_t odim_at = 1) {
  StackOptions o;
  o.idim = std::move(idim);
  o.odim = std::move(odim);
  o.idim_at = idim_at;
  o.odim_at = odim_at;
  return Stack(children, o);
}

Linop multiple(double s) { return s * Identity("n=2"); }

size_t steps(const Linop& a, const Tensor& x) {
  Context context;
  return make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context)->steps().size();
}

}  // namespace

TEST_CASE("Concat: outputs joined, the input divided, both", "[linop]") {
  Context context;
  const Linop a = dense("m=1 n=2", {1, 2}), b = dense("m=2 n=2", {3, 4, 5, 6});
  const Tensor x = tensor("n=2", {1, 1});

  const Linop column = concat({a, b}, "", "m");
  const Linop row = concat({dense("m=1 n=2", {1, 2}), dense("m=1 n=1", {3})}, "n", "");
  const Linop both = concat({a, dense("m=1 n=1", {3})}, "n", "m");

  CHECK(column.signature().text() == "n=2 -> m=3");
  CHECK(values_of(column(x, context)) == Values{3, 7, 11});
  CHECK(values_of(column.H()(tensor("m=3", {1, 1, 1}), context)) == Values{9, 12});
  CHECK(row.signature().text() == "n=3 -> m=1");
  CHECK(values_of(row(tensor("n=3", {1, 1, 1}), context)) == Values{6});
  CHECK(both.signature().text() == "n=3 -> m=2");
  CHECK(values_of(both(tensor("n=3", {1, 1, 2}), context)) == Values{3, 6});
}

TEST_CASE("Concat: normals are sums and diagonals of normals", "[linop]") {
  Context context;
  const Linop a = dense("m=1 n=2", {1, 2}), b = dense("m=2 n=2", {3, 4, 5, 6});

  const Linop column = concat({a, b}, "", "m").N();
  const Linop row = concat({a, dense("m=1 n=1", {3})}, "n", "").N();
  const Linop both = concat({a, dense("m=1 n=1", {3})}, "n", "m").N();

  CHECK(column.kind() == "Add");
  CHECK(row.kind() == "Normal");
  CHECK(both.kind() == "Concat");
  CHECK(both.signature().text() == "n=3 -> n'=3");
  CHECK(values_of(column(tensor("n=2", {1, 0}), context)) == Values{35, 44});
  CHECK(values_of(row(tensor("n=3", {0, 0, 1}), context)) == Values{3, 6, 9});
  CHECK(values_of(both(tensor("n=3", {1, 0, 1}), context)) == Values{1, 2, 9});
}

TEST_CASE("Concat: something diagonal between a column and its adjoint is cut to match",
          "[linop]") {
  Context context;
  const Linop column = concat({dense("m=1 n=2", {1, 2}), dense("m=1 n=2", {3, 4})}, "", "m");

  const Linop kept = column.normal(Diagonal(tensor("m=2", {1, 10})));
  const Linop mixed = column.normal(Dense(tensor("m'=2 m=2", {0, 1, 1, 0}), "m -> m'"));

  CHECK(kept.kind() == "Add");
  CHECK(values_of(kept(tensor("n=2", {1, 0}), context)) == Values{91, 122});
  CHECK(values_of(mixed(tensor("n=2", {1, 0}), context)) == Values{6, 10});
}

TEST_CASE("Concat: a part that is exactly a child is that child", "[split]") {
  const Linop a = dense("m=3 n=2", {1, 2, 3, 4, 5, 6}), b = dense("m=3 n=2", {6, 5, 4, 3, 2, 1});
  const Linop joined = concat({a, b}, "", "m");
  const auto cut = [&](std::vector<int64_t> sizes) {
    return split(joined, {{Dim::parse("m"), 0, std::move(sizes)}});
  };

  CHECK(joined.extent("m") == 6);
  CHECK(cut({3, 3}).tiles[0].op.core() == a.core());
  const Linop border = cut({2, 4}).tiles[1].op;
  CHECK(border.kind() == "Concat");
  CHECK(border.children()[0].extent("m") == 1);
  CHECK(border.children()[1].core() == b.core());
}

TEST_CASE("Concat: blocks of a diagonal that do not meet are no tiles", "[split]") {
  const Linop a = dense("m=1 n=2", {1, 2}), b = dense("m=2 n=1", {3, 4});

  const Tiles tiles =
      split(concat({a, b}, "n", "m"), {{Dim::parse("n"), 0, {2, 1}}, {Dim::parse("m"), 0, {1, 2}}});

  REQUIRE(tiles.tiles.size() == 2);
  CHECK(tiles.at({0, 0})->op.core() == a.core());
  CHECK(tiles.at({1, 1})->op.core() == b.core());
  CHECK(tiles.at({0, 1}) == nullptr);
}

TEST_CASE("Concat: errors name the operator and the dim", "[linop]") {
  const Linop a = dense("m=1 n=2", {1, 2});

  CHECK(
      error_of([&] {
        concat({a, a}, "", "");
      }) ==
      "Concat: no dim to join along; give odim to join outputs, idim to divide the input, or both");
  CHECK(error_of([] { concat({}, "", "m"); }) == "Concat: no operators; give at least one");
  CHECK(error_of([&] { concat({a}, "", "coil"); }) ==
        "Concat: Dense has no output dim 'coil'; its output is {m}");
  CHECK(error_of([] { concat({Identity("m")}, "m", "m"); }) ==
        "Concat: extent of 'm' is unknown in Identity; give extent = {m = …}");
  CHECK(
      error_of([] {
        concat({multiple(2), multiple(3)}, "", "n");
      }) ==
      "Concat: Chain keeps 'n', whose two sides would differ in extent; give both idim = \"n\" and "
      "odim = \"n\"");
  CHECK(error_of([&] {
          concat({a, dense("m=1 n=3", {1, 2, 3})}, "", "m");
        }) == "Concat: extent of 'n' is 2 in Dense {n=2} but 3 in Dense {n=3}");
}

TEST_CASE("Stack: the example of the catalogue", "[linop]") {
  Context context;
  const Linop a = stack({multiple(2), multiple(3)}, "", "frame");

  CHECK(a.signature().text() == "n=2 -> frame=2 n=2");
  CHECK(values_of(a(tensor("n=2", {1, 1}), context)) == Values{2, 2, 3, 3});
  CHECK(values_of(a.H()(tensor("frame=2 n=2", {1, 1, 1, 1}), context)) == Values{5, 5});
  CHECK(values_of(a.N()(tensor("n=2", {1, 1}), context)) == Values{13, 13});
}

TEST_CASE("Stack: the normal of a diagonal one has the input's positions", "[linop]") {
  Context context;
  const Linop a = dense("m=1 n=2", {1, 2}), b = dense("m=1 n=2", {3, 4});
  const Linop s = stack({a, b}, "frame", "frame", 1, 2);

  CHECK(s.signature().text() == "frame=2 n=2 -> m=1 frame=2");
  CHECK(s.N().kind() == "Stack");
  CHECK(s.N().signature().text() == "frame=2 n=2 -> frame=2 n'=2");
  CHECK(values_of(s.N()(tensor("frame=2 n=2", {1, 0, 0, 1}), context)) == Values{1, 2, 12, 16});
}

TEST_CASE("Stack: a cut along its dim keeps the dim", "[split]") {
  const Linop s = stack({multiple(2), multiple(3), multiple(4)}, "", "frame");

  const Tiles tiles = split(s, parse_axes("split", "frame=2"));

  CHECK(tiles.tiles[0].op.signature().text() == "n=2 -> frame=2 n=2");
  CHECK(tiles.tiles[1].op.signature().text() == "n=2 -> frame=1 n=2");
}

TEST_CASE("Stack: errors say which dim and where it may stand", "[linop]") {
  const Linop a = dense("m=1 n=2", {1, 2});

  CHECK(error_of([&] { stack({a}, "", ""); }) ==
        "Stack: no new dim; give odim to stack outputs, idim to divide the input, or both");
  CHECK(error_of([&] {
          stack({a, a}, "", "m");
        }) ==
        "Stack: 'm' is a dim of Dense {n=2} -> {m=1} already; choose a new name, or join along it "
        "with Concat");
  CHECK(error_of([&] {
          stack({a, a}, "", "frame", 1, 3);
        }) == "Stack: odim_at is 3 but the output has 2 dims with 'frame'");
  CHECK(error_of([&] {
          stack({a, dense("m=2 n=2", {1, 2, 3, 4})}, "", "frame");
        }) == "Stack: extent of 'm' is 1 in Dense {m=1} but 2 in Dense {m=2}");
}

TEST_CASE("containers: children write into the output, without temporaries", "[linop]") {
  Context context;
  const Linop a = dense("m=1 n=2", {1, 2}), b = dense("m=2 n=2", {3, 4, 5, 6});
  const Linop column = concat({a, b}, "", "m");
  const Tensor x = tensor("n=2", {1, 1});

  const auto plan = make_plan(column.node(), *x.layout(), x.dtype(), nullptr, context);

  CHECK(plan->workspace() == 0);
  CHECK(plan->steps().size() == 2);
}

TEST_CASE("containers: a normal of n terms takes steps in proportion to n", "[linop]") {
  const Tensor x = tensor("n=2", {1, 1});
  const auto sum = [](int n) {
    std::vector<Linop> terms;
    for (int i = 0; i < n; ++i) terms.push_back(dense("m=1 n=2", {1.0 + i, 2}));
    return terms;
  };

  CHECK(steps(Add(sum(8)).N(), x) == 16);
  CHECK(steps(concat(sum(8), "n", "").N(), tensor("n=16", Values(16, 1))) == 16);
}

TEST_CASE("handles: a normal under two names is not its own adjoint", "[linop]") {
  Context context;
  const Linop a = dense("m=1 n=2", {1, {0, 1}});
  const Linop r = a.N().rename({{"n'", "q"}});

  CHECK(r.signature().text() == "n=2 -> q=2");
  CHECK(r.H().signature().text() == "q=2 -> n=2");
  CHECK(r.H().H() == r);
  CHECK(values_of(r.H()(tensor("q=2", {1, 0}), context)) == Values{1, {0, -1}});
}

TEST_CASE("containers: children with little work run one after another unless told otherwise",
          "[linop]") {
  Context context(Backend::reference());
  context.stream->set_threads(2);
  std::vector<Linop> parts;
  for (int i = 0; i < 8; ++i) parts.push_back(dense("m=1 n=2", {1.0 + i, 2}));
  const Linop column = concat(parts, "", "m");
  const Tensor x = tensor("n=2", {1, 1});
  const auto steps_now = [&] {
    return make_plan(column.node(), *x.layout(), x.dtype(), nullptr, context)->steps().size();
  };

  CHECK(steps_now() == 8);
  const Tensor alone = column(x, context);
  column.set_threaded(true);
  CHECK(steps_now() == 1);
  CHECK(values_of(column(x, context)) == values_of(alone));
  CHECK(column.N().threaded() == true);
  column.set_threaded(false);
  CHECK(steps_now() == 8);
}
