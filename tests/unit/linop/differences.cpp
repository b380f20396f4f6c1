// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/explain.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

FiniteDifferenceOptions with(const char* kind, const char* boundary) {
  FiniteDifferenceOptions o;
  o.kind = kind;
  o.boundary = boundary;
  return o;
}

GradientOptions with_boundary(const char* boundary) {
  GradientOptions o;
  o.boundary = boundary;
  return o;
}

std::vector<c128> result_of(const Linop& a, const char* shape, const std::vector<c128>& x) {
  Context context;
  return values_of(a(tensor(shape, x, DType::f64), context));
}

// The part of an operator's matrix that a tile is, against the matrix.
void check_tile(const Linop& a,
                const std::optional<Stretch>& input,
                const std::optional<Stretch>& output) {
  Context context;
  TileRequest request;
  request.input = {input};
  request.output = {output};
  const Tile tile = cut(a.node(), request);
  const std::vector<c128> whole = values_of(a.dense(DType::f64, context));
  const int64_t n = a.signature().ishape().extent(0);
  const Stretch all{0, n};
  const Stretch rows = output.value_or(all), columns = input.value_or(all);
  const Stretch some_rows = tile.output[0].value_or(all), some = tile.input[0].value_or(all);
  std::vector<c128> part;
  if (tile.op) part = values_of(Linop(*tile.op).dense(DType::f64, context));
  for (int64_t i = rows.first; i < rows.end(); ++i) {
    for (int64_t j = columns.first; j < columns.end(); ++j) {
      const bool is_inside = tile.op && i >= some_rows.first && i < some_rows.end() &&
                             j >= some.first && j < some.end();
      const c128 value =
          is_inside ? part[static_cast<size_t>((i - some_rows.first) * some.count + j - some.first)]
                    : c128(0);
      CAPTURE(i, j, rows.first, rows.count, columns.first, columns.count);
      REQUIRE(value == whole[static_cast<size_t>(i * n + j)]);
    }
  }
}

}  // namespace

TEST_CASE("FiniteDifference: forward differences by hand, for all boundaries", "[linop]") {
  const std::vector<c128> x = {1, 4, 9};

  CHECK(result_of(FiniteDifference("x"), "x=3", x) == std::vector<c128>{3, 5, 0});
  CHECK(result_of(FiniteDifference("x", with("forward", "zero")), "x=3", x) ==
        std::vector<c128>{3, 5, -9});
  CHECK(result_of(FiniteDifference("x", with("forward", "circular")), "x=3", x) ==
        std::vector<c128>{3, 5, -8});
  CHECK(result_of(FiniteDifference("x").H(), "x=3", {1, 2, 5}) == std::vector<c128>{-1, -1, 2});
}

TEST_CASE("FiniteDifference: backward and centred differences by hand", "[linop]") {
  const std::vector<c128> x = {1, 4, 9};

  CHECK(result_of(FiniteDifference("x", with("backward", "neumann")), "x=3", x) ==
        std::vector<c128>{0, 3, 5});
  CHECK(result_of(FiniteDifference("x", with("backward", "circular")), "x=3", x) ==
        std::vector<c128>{-8, 3, 5});
  CHECK(result_of(FiniteDifference("x", with("centred", "neumann")), "x=3", x) ==
        std::vector<c128>{1.5, 4, 2.5});
  CHECK(result_of(FiniteDifference("x", with("centred", "zero")), "x=3", x) ==
        std::vector<c128>{2, 4, -2});
}

TEST_CASE("FiniteDifference: one sample has no differences, but one from the zeros beyond it",
          "[linop]") {
  CHECK(result_of(FiniteDifference("x"), "x=1", {5}) == std::vector<c128>{0});
  CHECK(result_of(FiniteDifference("x", with("forward", "circular")), "x=1", {5}) ==
        std::vector<c128>{0});
  CHECK(result_of(FiniteDifference("x", with("forward", "zero")), "x=1", {5}) ==
        std::vector<c128>{-5});
}

TEST_CASE("Gradient: four samples by hand; its normal is minus the Laplacian", "[linop]") {
  const Linop g = Gradient("y x");

  CHECK(result_of(g, "y=2 x=2", {1, 2, 4, 8}) == std::vector<c128>{3, 6, 0, 0, 1, 0, 4, 0});
  CHECK(g.norm_bound() == 8.0);
  CHECK(g.N().children().empty());
  CHECK(result_of(g.N(), "y=2 x=2", {1, 2, 4, 8}) ==
        result_of(-Laplacian("y x"), "y=2 x=2", {1, 2, 4, 8}));
}

TEST_CASE("Laplacian: three samples by hand; it is its own adjoint", "[linop]") {
  const Linop l = Laplacian("x");

  CHECK(result_of(l, "x=3", {1, 4, 9}) == std::vector<c128>{3, 2, -5});
  CHECK(l.H() == l);
}

TEST_CASE("Laplacian: equals -GᴴG of the Gradient with the same options", "[linop]") {
  Context context;
  for (const char* boundary : {"neumann", "zero", "circular"}) {
    GradientOptions options = with_boundary(boundary);
    options.spacing = {{"y", 2.0}, {"x", 0.5}};
    options.extent = {{"y", 3}, {"x", 4}};
    const Linop g = Gradient("y x", options), l = Laplacian("y x", options);

    const std::vector<c128> both = values_of((-l).dense(DType::f64, context));
    const Tensor steps = g.dense(DType::f64, context);

    // Columns of the gradient's matrix, {grad y x} by {y' x'}, against each other; all values are
    // exact in binary.
    const std::vector<c128> m = values_of(steps);
    for (size_t i = 0; i < 12; ++i) {
      for (size_t j = 0; j < 12; ++j) {
        c128 sum = 0;
        for (size_t r = 0; r < 24; ++r) sum += m[r * 12 + i] * m[r * 12 + j];
        CHECK(both[i * 12 + j] == sum);
      }
    }
  }
}

TEST_CASE(
    "FiniteDifference and Laplacian: every tile of rows and columns is that part of the matrix",
    "[linop]") {
  for (const char* boundary : {"neumann", "zero"}) {
    std::vector<Linop> operators;
    for (const char* kind : {"forward", "backward", "centred"}) {
      FiniteDifferenceOptions options = with(kind, boundary);
      options.extent = {{"x", 5}};
      operators.push_back(FiniteDifference("x", options));
      operators.push_back(FiniteDifference("x", options).H());
    }
    GradientOptions options = with_boundary(boundary);
    options.extent = {{"x", 5}};
    operators.push_back(Laplacian("x", options));
    for (const Linop& a : operators) {
      for (int64_t first = 0; first < 5; ++first) {
        for (int64_t count = 1; first + count <= 5; ++count) {
          check_tile(a, std::nullopt, Stretch{first, count});
          check_tile(a, Stretch{first, count}, std::nullopt);
          for (int64_t other = 0; other < 5; ++other) {
            for (int64_t n = 1; other + n <= 5; ++n)
              check_tile(a, Stretch{first, count}, Stretch{other, n});
          }
        }
      }
    }
  }
}

TEST_CASE("differences: a circular dim is not cut", "[linop]") {
  FiniteDifferenceOptions options = with("forward", "circular");
  options.extent = {{"x", 5}};
  TileRequest request;
  request.output = {Stretch{0, 2}};

  CHECK(error_of([&] { cut(FiniteDifference("x", options).node(), request); }) ==
        "split: FiniteDifference cannot be cut along 'x''; its ends are neighbours");
}

TEST_CASE("differences: errors say what is known", "[linop]") {
  CHECK(error_of([] { FiniteDifference("x", with("forwards", "zero")); }) ==
        "FiniteDifference: kind is 'forwards'; it is forward, backward or centred; did you mean "
        "'forward'?");
  CHECK(error_of([] { FiniteDifference("x", with("forward", "periodic")); }) ==
        "FiniteDifference: boundary is 'periodic'; it is neumann, zero or circular");
  CHECK(error_of([] { FiniteDifference("y x"); }) ==
        "FiniteDifference: \"y x\" leaves open along which dim; one dim is differentiated, so give "
        "dim = … or prime it on the output");
  CHECK(error_of([] {
          FiniteDifferenceOptions o;
          o.spacing = 0;
          FiniteDifference("x", o);
        }) == "FiniteDifference: spacing is 0; it is the distance of two samples, above 0");
  CHECK(error_of([] {
          FiniteDifferenceOptions o;
          o.spacing = 1e-200;
          FiniteDifference("x", o);
        }) == "FiniteDifference: spacing is 1e-200, too small to divide by its square");
  CHECK(error_of([] {
          GradientOptions o;
          o.dims = {"x"};
          Gradient("y x -> grad y' x'", o);
        }) ==
        "Gradient: dims: \"y x -> grad y' x'\" replaces 'y' too; add it to 'dims', or keep 'y'");
  CHECK(error_of([] {
          GradientOptions o;
          o.dims = {"y"};
          Laplacian("y x -> y x'", o);
        }) ==
        "Laplacian: dims: 'y' stands on both sides of \"y x -> y x'\" and is kept; give its result "
        "a name of its own, such as y'");
  CHECK(error_of([] {
          GradientOptions o;
          o.dims = {"xx"};
          Gradient("y x", o);
        }) == "Gradient: no dim 'xx' in \"y x\"; did you mean 'x'?");
  CHECK(error_of([] { Gradient("y x -> y' x'"); }) ==
        "Gradient: \"y x -> y' x'\" replaces 2 dims by 2; each dim that is differentiated gets "
        "another name, behind one new dim for the components, as in \"y x -> grad y' x'\"");
  CHECK(error_of([] {
          GradientOptions o;
          o.spacing = {{"z", 1.0}};
          Laplacian("y x", o);
        }) == "Laplacian: spacing: 'z' is not differentiated in \"y x -> y' x'\"");
}
