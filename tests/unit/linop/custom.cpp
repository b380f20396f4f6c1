// SPDX-License-Identifier: MIT
// Operators made of functions of the host, and what happens when those misbehave.
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
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

// m = 2 n and twice the values: y[2i] = x[i], y[2i+1] = i x[i].
Tensor spread(const Tensor& x, Context& context) {
  const int64_t n = x.shape().extent(0);
  const Tensor y = Tensor::empty(Shape::parse(fmt::format("m={}", 2 * n)), x.dtype(), context);
  copy(y.slice(0, 0, n, 2).with_shape(x.shape()), x, context);
  copy(y.slice(0, 1, n, 2).with_shape(x.shape()), binary(Binary::multiply, c128(0, 1), x, context),
       context);
  return y;
}

Tensor gather(const Tensor& y, Context& context) {
  const int64_t n = y.shape().extent(0) / 2;
  const Shape shape = Shape::parse(fmt::format("n={}", n));
  const Tensor x = y.slice(0, 0, n, 2).with_shape(shape).clone(context);
  axpby(c128(0, -1), y.slice(0, 1, n, 2).with_shape(shape), 1.0, x, context);
  return x;
}

CustomOptions sized(int64_t n, std::string name = {}) {
  CustomOptions options;
  options.extent = {{"n", n}, {"m", 2 * n}};
  options.name = std::move(name);
  return options;
}

Tensor twice(const Tensor& x, Context& context) {
  return binary(Binary::multiply, 2.0, x, context);
}

}  // namespace

TEST_CASE("Custom: its functions are the operator and its adjoint", "[linop][custom]") {
  Context context;
  const Linop a = Custom("n -> m", {spread, gather}, sized(2));

  const Tensor y = a(tensor("n=2", {1, {0, 2}}), context);

  CHECK(y.shape().text() == "m=4");
  CHECK(values_of(y) == Values{1, {0, 1}, {0, 2}, -2});
  CHECK(values_of(a.H()(y, context)) == Values{2, {0, 4}});
  CHECK(values_of(a.N()(tensor("n=2", {1, 1}), context)) == Values{2, 2});
  // Ā multiplies by -i where A does by i.
  CHECK(values_of(a.conj()(tensor("n=2", {1, 0}), context)) == Values{1, {0, -1}, 0, 0});
  CHECK(values_of(a.T()(y, context)) == Values{0, 0});
}

TEST_CASE("Custom: it is called once per batch element, or once where the string has dots",
          "[linop][custom]") {
  Context context;
  int calls = 0;
  std::vector<std::string> shapes;
  const HostFunction count = [&](const Tensor& x, Context& c) {
    ++calls;
    shapes.push_back(x.shape().text());
    return twice(x, c);
  };
  CustomOptions unchecked;
  unchecked.check = false;
  const Tensor x = tensor("t=3 x=2", {1, 2, 3, 4, 5, 6});

  const Tensor each = Custom("x -> x", {count, twice}, unchecked)(x, context);
  const int single_calls = std::exchange(calls, 0);
  const Tensor all = Custom("... x -> ... x", {count, twice}, unchecked)(x, context);

  CHECK(single_calls == 3);
  CHECK(calls == 1);
  CHECK(shapes == std::vector<std::string>{"x=2", "x=2", "x=2", "t=3 x=2"});
  CHECK(values_of(each) == Values{2, 4, 6, 8, 10, 12});
  CHECK(values_of(all) == values_of(each));
}

TEST_CASE("Custom: alpha, beta and strided memory are the runtime's affair", "[linop][custom]") {
  Context context;
  const Linop a = Custom("x", {twice, twice});
  const Tensor x = tensor("y=2 x=3", {1, 2, 3, 4, 5, 6});
  const Tensor y = full(Shape::parse("y=3 x=2"), 1.0, DType::c64, context);

  a.apply(x.permute("x y").with_shape(Shape::parse("y=3 x=2")), y, {0.5, 10.0}, context);

  CHECK(values_of(y) == Values{11, 14, 12, 15, 13, 16});
}

TEST_CASE("Custom: a function may keep and change its input", "[linop][custom]") {
  Context context;
  Tensor kept;
  CustomOptions options;
  options.check = false;
  const HostFunction greedy = [&](const Tensor& x, Context& c) {
    kept = x;
    axpby(0.0, x, 3.0, x, c);
    return x;
  };
  const Tensor x = tensor("x=2", {1, 2});

  const Tensor y = Custom("x", {greedy, greedy}, options)(x, context);

  CHECK(values_of(y) == Values{3, 6});
  CHECK(values_of(kept) == Values{3, 6});
  CHECK(values_of(x) == Values{1, 2});
}

TEST_CASE("Custom: a normal of its own is used and compared with the product", "[linop][custom]") {
  Context context;
  int calls = 0;
  const HostFunction four = [&](const Tensor& x, Context& c) {
    ++calls;
    return binary(Binary::multiply, 4.0, x, c);
  };
  const HostFunction five = [](const Tensor& x, Context& c) {
    return binary(Binary::multiply, 5.0, x, c);
  };
  const Linop a = Custom("x", {twice, twice, four}), b = Custom("x", {twice, twice, five});
  const Tensor x = tensor("x=2", {1, 1});

  CHECK(values_of(a.N()(x, context)) == Values{4, 4});
  const int checked = calls;
  a.N()(x, context);

  CHECK(calls == checked + 1);
  CHECK(a.N().H() == a.N());
  CHECK(error_of([&] { b.N()(x, context); }) ==
        "Custom: normal does not match: h(x) and Aᴴ(Ax) differ, relative 2e-1");
}

TEST_CASE("Custom: without adjoint only the forward direction is there", "[linop][custom]") {
  Context context;
  CustomOptions options;
  options.name = "warp";
  const Linop a = Custom("x", {twice}, options), b = a * (2.0 * Identity());
  const std::string text = ": Custom 'warp' has no adjoint; give adjoint = function(y) … end";

  CHECK(values_of(b(tensor("x=1", {1}), context)) == Values{4});
  CHECK(error_of([&] { a.H(); }) == "adjoint" + text);
  CHECK(error_of([&] { b.H(); }) == "adjoint" + text);
  CHECK(error_of([&] { a.T(); }) == "transpose" + text);
  CHECK(error_of([&] { a.N(); }) == "normal" + text);
}

TEST_CASE("Custom: the first plan finds a wrong adjoint, and the next one again",
          "[linop][custom]") {
  Context context;
  CustomOptions options;
  options.name = "warp";
  const Linop a = Custom("x", {twice, [](const Tensor& x, Context&) { return x; }}, options);
  const Tensor x = tensor("x=4", {1, 2, 3, 4});
  const auto starts_as_told = [&] {
    const std::string text = error_of([&] { a(x, context); });
    return text.starts_with("Custom 'warp': adjoint does not match: ⟨Ax,y⟩ = ") &&
           text.find(", ⟨x,Aᴴy⟩ = ") != std::string::npos && text.ends_with(", relative 5e-1");
  };

  CHECK(starts_as_told());
  CHECK(starts_as_told());
  options.check = false;
  const Linop unchecked =
      Custom("x", {twice, [](const Tensor& y, Context&) { return y; }}, options);
  CHECK(values_of(unchecked(x, context)) == Values{2, 4, 6, 8});
}

TEST_CASE("Custom: what is not linear is found", "[linop][custom]") {
  Context context;
  const HostFunction affine = [](const Tensor& x, Context& c) {
    return binary(Binary::add, x, 1.0, c);
  };
  const HostFunction conjugate = [](const Tensor& x, Context& c) {
    return unary(Unary::conj, x, c);
  };
  CustomOptions real_linear;
  real_linear.is_real_linear = true;
  const Tensor x = tensor("x=2", {{1, 1}, 2});

  const std::string of_affine = error_of([&] { Custom("x", {affine, affine})(x, context); });
  const std::string of_conjugate = error_of([&] {
    Custom("x", {conjugate, conjugate})(x, context);
  });

  CHECK(of_affine.starts_with("Custom: apply is not linear: A(ax + bz) and aA(x) + bA(z) differ"));
  CHECK(of_conjugate.starts_with("Custom: apply is not linear"));
  CHECK(values_of(Custom("x", {conjugate, conjugate}, real_linear)(x, context)) ==
        Values{{1, -1}, 2});
}

TEST_CASE("Custom: results of another shape, dtype or order are errors", "[linop][custom]") {
  const test::Declared cpus(2);
  Context context;
  CustomOptions o = sized(2);
  o.check = false;
  const auto error = [&](const HostFunction& f, std::string_view text = "n -> m") {
    CustomOptions options = text == "n -> m" ? o : CustomOptions{};
    options.check = false;
    return error_of([&] {
      const Linop a = Custom(text, {f}, options);
      a(a.ishape().is_known() ? tensor("n=2", {1, 2}) : tensor("y=1 x=2", {1, 2}), context);
    });
  };

  CHECK(error([](const Tensor& x, Context&) { return x; }) ==
        "Custom: apply returned {n=2} but its result is {m=4}");
  CHECK(error([](const Tensor&, Context&) { return Tensor(); }) ==
        "Custom: apply returned no tensor; its result is {m=4}");
  CHECK(error([](const Tensor& x, Context& c) { return spread(x, c).as(DType::c128, c); }) ==
        "Custom: apply was given c64 and returned c128; the dtype does not change");
  CHECK(error([](const Tensor& x, Context& c) {
          return spread(x, c).to({DeviceKind::cpu, 1}, c);
        }) == "Custom: apply was given a tensor on cpu and returned one on cpu:1");
  CHECK(error([](const Tensor& x, Context&) { return x.permute("x y"); }, "y x -> y x") ==
        "Custom: apply returned {x=2, y=1} but its result is {y=1, x=2}; return y:permute \"y x\"");
  CHECK(error([](const Tensor&, Context&) -> Tensor { fail(Code::numeric, "warp", "no way"); }) ==
        "warp: no way");
}

TEST_CASE("Custom: wrong options are errors", "[linop][custom]") {
  CustomOptions cuts, split;
  cuts.cuts = {"x"};
  split.split = [](const std::vector<CustomCut>&) { return CustomPart{{twice}}; };
  CustomOptions unknown = split;
  unknown.cuts = {"z"};

  CHECK(error_of([] { Custom("x", {}); }) ==
        "Custom: apply is missing; give the function that applies the operator");
  CHECK(error_of([&] { Custom("x", {twice}, cuts); }) ==
        "Custom: cuts without split; give split = function(tile) … end");
  CHECK(error_of([&] { Custom("x", {twice}, split); }) ==
        "Custom: split without cuts; give cuts = \"dims that may be cut\"");
  CHECK(error_of([&] {
          Custom("x -> y", {twice}, unknown);
        }).starts_with("Custom: cuts: no dim 'z' in \"x -> y\""));
  CHECK(error_of([&] {
          Context context;
          Custom("n -> m", {spread, gather})(tensor("n=2", {1, 2}), context);
        }) == "Custom: extent of 'm' is unknown; give extent = {m = …}");
  const Tensor two = tensor("n=2", {1, 2});
  CHECK(error_of([&] {
          Context context;
          Custom("n -> n'", {spread, gather})(two, context);
        }) == "Custom: extent of 'n'' is unknown; give extent = {[\"n'\"] = …}");
  CHECK(error_of([&] {
          Context context;
          Custom("n -> n'", {spread, gather}).H()(two, context);
        }) == "Custom.H: extent of 'n' is unknown; give extent = {n = …}");
}

TEST_CASE("Custom: split makes the parts, also of parts", "[linop][custom]") {
  Context context;
  const Tensor w = tensor("x=6", {1, 2, 3, 4, 5, 6});
  const auto scale_by = [](const Tensor& weight) -> HostFunction {
    return [weight](const Tensor& x, Context& c) {
      return binary(Binary::multiply, x, weight.with_shape(x.shape()), c);
    };
  };
  CustomOptions options;
  options.extent = {{"x", 6}};
  options.cuts = {"x"};
  options.split = [&](const std::vector<CustomCut>& cuts) {
    const Tensor part = w.slice(0, cuts.front().first, cuts.front().count);
    return CustomPart{{scale_by(part), scale_by(part)}};
  };
  const Linop a = Custom("x", {scale_by(w), scale_by(w)}, options);

  const Tile part = cut(a.node(), {{Stretch{2, 3}}, {std::nullopt}, {}});
  const Tile part_of_part = cut(*part.op, {{Stretch{1, 2}}, {std::nullopt}, {}});

  CHECK(values_of(Linop(*part.op)(tensor("x=3", {1, 1, 1}), context)) == Values{3, 4, 5});
  CHECK(values_of(Linop(*part_of_part.op)(tensor("x=2", {1, 1}), context)) == Values{4, 5});
  CHECK(error_of([&] {
          cut(Custom("x", {twice}).node(), {{Stretch{0, 1}}, {std::nullopt}, {}});
        }) ==
        "split: Custom cannot be cut along 'x'; give it split = function(tile) … end and cuts = "
        "\"x\"");
}

TEST_CASE("Custom: a function may apply operators, also the one that it belongs to",
          "[linop][custom]") {
  Context context;
  Linop self;
  int depth = 0;
  const HostFunction recursive = [&](const Tensor& x, Context& c) {
    if (x.count() == 1 || depth > 5) return twice(x, c);
    ++depth;
    const int64_t half = x.shape().extent(0) / 2;
    const Tensor y = x.clone(c);
    copy(y.slice(0, 0, half), self(x.slice(0, 0, half), c), c);
    copy(y.slice(0, half, half), self(x.slice(0, half, half), c), c);
    --depth;
    return y;
  };
  self = Custom("x", {recursive, recursive});

  const Tensor y = (Identity("x") + self)(tensor("x=4", {1, 2, 3, 4}), context);

  CHECK(values_of(y) == Values{3, 6, 9, 12});
  self = Linop();
}

TEST_CASE("Custom: solvers take it, and explain marks it", "[linop][custom]") {
  Context context;
  const Linop a = Custom("n -> m", {spread, gather}, sized(3, "spread"));
  const Tensor b = tensor("n=3", {2, 4, 6});

  const auto [x, info] = cg(a.N() + 2.0 * Identity(), b, context, {});
  const std::string text = explain(a, Shape::parse("n=3"), DType::c64, context).text();

  CHECK(info.converged);
  CHECK(values_of(x) == Values{0.5, 1, 1.5});
  CHECK(text.find("{n=3} -> {m=6}, host callback") != std::string::npos);
}

TEST_CASE("Custom: nothing stays of an operator that is gone", "[linop][custom]") {
  Context context;
  const int64_t before = live_cores();
  auto token = std::make_shared<int>(1);
  {
    const Linop a = Custom("x", {[token](const Tensor& x, Context& c) { return twice(x, c); },
                                 [token](const Tensor& x, Context& c) { return twice(x, c); }});
    a.N()(tensor("x=2", {1, 2}), context);
    CHECK(token.use_count() > 2);
  }
  CHECK(token.use_count() == 1);
  CHECK(live_cores() == before);
}
