// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/explain.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;
using Extents = std::vector<std::pair<std::string, int64_t>>;

namespace {

BlocksOptions blocks(Extents block, Extents stride) {
  BlocksOptions o;
  o.block = std::move(block);
  o.stride = std::move(stride);
  return o;
}

Values counting(int n) {
  Values v;
  for (int i = 0; i < n; ++i) v.emplace_back(i);
  return v;
}

}  // namespace

TEST_CASE("ArrayToBlocks: takes overlapping blocks, and its adjoint adds them up", "[linop]") {
  Context context;
  const Linop a = ArrayToBlocks("x=6 -> b k", blocks({{"x", 3}}, {{"x", 2}}));

  const Tensor y = a(tensor("x=6", counting(6)), context);

  CHECK(y.shape().text() == "b=2 k=3");
  CHECK(values_of(y) == Values{0, 1, 2, 2, 3, 4});
  CHECK(values_of(a.H()(tensor("b=2 k=3", Values(6, 1.0)), context)) == Values{1, 1, 2, 1, 1, 0});
}

TEST_CASE("ArrayToBlocks: a mask keeps the true entries of each block", "[linop]") {
  Context context;
  BlocksOptions o = blocks({}, {{"x", 1}});
  o.mask = tensor("x=3", {1, 0, 1}, DType::boolean);
  const Linop a = ArrayToBlocks("x=6 -> b k", o);

  CHECK(values_of(a(tensor("x=6", counting(6)), context)) == Values{0, 2, 1, 3, 2, 4, 3, 5});
  CHECK(values_of(a.H()(tensor("b=4 k=2", {1, 2, 3, 4, 5, 6, 7, 8}), context)) ==
        Values{1, 3, 7, 11, 6, 8});
}

TEST_CASE("ArrayToBlocks: the normal is the Diagonal of the number of blocks", "[linop]") {
  Context context;
  const Linop a = ArrayToBlocks("x=6 -> b k", blocks({{"x", 3}}, {{"x", 1}}));

  CHECK(a.N().kind() == "Diagonal");
  CHECK(values_of(a.N()(tensor("x=6", Values(6, 1.0)), context)) == Values{1, 2, 3, 3, 2, 1});
  CHECK(values_of(multiplicity(a, context)) == Values{1, 2, 3, 3, 2, 1});
  CHECK(multiplicity(a.H(), context).shape().text() == "x=6");
  CHECK(multiplicity(a.rename({{"x", "y"}}), context).shape().text() == "y=6");
}

TEST_CASE("ArrayToBlocks: a Diagonal in the middle of the normal becomes one on the array",
          "[linop]") {
  Context context;
  const Linop a = ArrayToBlocks("x=3 -> b k", blocks({{"x", 2}}, {{"x", 1}}));

  const Linop n = a.normal(Diagonal(tensor("c=1 b=2 k=2", {1, 2, 3, {0, 4}})));
  const Linop by_block = a.normal(Diagonal(tensor("b=2", {1, 10}), "b k"));

  CHECK(n.kind() == "Diagonal");
  CHECK(values_of(n(tensor("c=1 x=3", {1, 1, 1}), context)) == Values{1, 5, {0, 4}});
  CHECK(values_of(by_block(tensor("x=3", {1, 1, 1}), context)) == Values{1, 11, 10});
}

TEST_CASE("ArrayToBlocks: the number of blocks along a dim", "[linop]") {
  const auto count = [](int64_t n, int64_t block, int64_t stride) {
    const Linop a =
        ArrayToBlocks(fmt::format("x={} -> b k", n), blocks({{"x", block}}, {{"x", stride}}));
    return a.extent("b");
  };
  CHECK(count(5, 3, 2) == 2);
  CHECK(count(7, 3, 2) == 3);
  CHECK(count(10, 8, 4) == 1);
}

TEST_CASE("ArrayToBlocks: tail = \"pad\" covers the whole array", "[linop]") {
  Context context;
  BlocksOptions o = blocks({{"x", 3}}, {{"x", 2}});
  o.tail = "pad";
  const Linop a = ArrayToBlocks("x=6 -> b k", o);

  CHECK(values_of(a(tensor("x=6", counting(6)), context)) == Values{0, 1, 2, 2, 3, 4, 4, 5, 0});
  CHECK(values_of(a.N()(tensor("x=6", Values(6, 1.0)), context)) == Values{1, 1, 2, 1, 2, 1});
}

TEST_CASE("ArrayToBlocks: an operator that takes strides reads the blocks in place", "[linop]") {
  Context context;
  const Linop sum = Dense(tensor("k=4", {1, 2, 3, 4}), "k -> ");
  const Linop a = sum * ArrayToBlocks("x=100 -> b k", blocks({{"x", 4}}, {{"x", 1}}));

  const Explained e = explain(a, Shape::parse("x=100"), DType::c64, context);

  CHECK(e.workspace == 0);
}

TEST_CASE("BlocksToArray: the adjoint takes the blocks again", "[linop]") {
  Context context;
  const Linop a = BlocksToArray("b k -> x=6", blocks({{"x", 3}}, {{"x", 2}}));

  CHECK(values_of(a(tensor("b=2 k=3", Values(6, 1.0)), context)) == Values{1, 1, 2, 1, 1, 0});
  CHECK(values_of(a.H()(tensor("x=6", counting(6)), context)) == Values{0, 1, 2, 2, 3, 4});
  CHECK(a.H().N().kind() == "Diagonal");
}

TEST_CASE("ArrayToBlocks: what does not fit is refused", "[linop]") {
  Context context;
  const auto make = [](std::string_view text, Extents block, Extents stride) {
    return [=] { ArrayToBlocks(text, blocks(block, stride)); };
  };
  const auto masked = [](std::string_view shape, const Values& values) {
    return [=] {
      BlocksOptions o = blocks({{"x", 2}}, {{"x", 1}});
      o.mask = tensor(shape, values, DType::boolean);
      ArrayToBlocks("x=4 -> b k", o);
    };
  };
  CHECK(error_of(make("x=4 -> b k", {{"x", 5}}, {{"x", 1}})) ==
        "ArrayToBlocks: block of 'x' is 5 but 'x' is 4; use a smaller block");
  CHECK(error_of([&] {
          ArrayToBlocks("x -> b k", blocks({{"x", 5}}, {{"x", 1}}))(tensor("x=4", counting(4)),
                                                                    context);
        }) == "ArrayToBlocks: block of 'x' is 5 but 'x' is 4; use a smaller block");
  CHECK(error_of(make("x=4 -> b k", {{"x", 2}}, {{"x", 0}})) ==
        "ArrayToBlocks: stride of 'x' is 0; it is at least 1");
  constexpr int64_t kHuge = int64_t{1} << 53;
  CHECK(error_of(make("x=4 -> b k", {{"x", 2}}, {{"x", kHuge}})) ==
        "ArrayToBlocks: stride of 'x' is 9007199254740992; it is below 9007199254740992");
  CHECK(
      error_of(make("y x -> i j k l", {{"y", kHuge / 2}, {"x", 2}}, {{"y", 1}, {"x", 1}})) ==
      "ArrayToBlocks: a block of 4503599627370496 x 2 has too many elements: they are to be below "
      "9007199254740992");
  CHECK(error_of(make("x=4 -> b k", {{"x", 2}}, {})) ==
        "ArrayToBlocks: stride of 'x' is missing; give stride = {x = …}");
  CHECK(error_of(make("x=4 -> b k", {{"y", 2}}, {{"x", 1}})) ==
        "ArrayToBlocks: block: no array dim 'y' among x");
  CHECK(
      error_of(make("y x -> b k", {{"x", 2}}, {{"x", 1}})) ==
      "ArrayToBlocks: \"y x -> b k\" has 2 array dims (y x) and 2 block dims (b k); 4 are needed: "
      "the counts, then the offsets in a block");
  CHECK(error_of(masked("x=2", {0, 0})) ==
        "ArrayToBlocks: the mask {x=2} has no true entry; a block would be empty");
  CHECK(error_of([] {
          BlocksOptions o = blocks({}, {{"x", 1}});
          o.mask = tensor("x=0", {}, DType::boolean);
          ArrayToBlocks("x=4 -> b k", o);
        }) == "ArrayToBlocks: the mask {x=0} has no true entry; a block would be empty");
  CHECK(error_of(masked("x=3", {1, 0, 0})) == "ArrayToBlocks: the mask {x=3} is not a block of 2");
  CHECK(error_of(masked("y=1 x=2", {1, 0})) ==
        "ArrayToBlocks: the mask {y=1, x=2} does not have the dims of a block {x}");
  CHECK(error_of([&] {
          ArrayToBlocks("x -> b k", blocks({{"x", 2}}, {{"x", 2}}))
              .H()(tensor("b=2 k=2", counting(4)), context);
        }) == "ArrayToBlocks.H: extent of 'x' is unknown; give extent = {x = …}");
  CHECK(error_of([&] { multiplicity(Identity("x"), context); }) ==
        "multiplicity: Identity has no blocks; it is a method of ArrayToBlocks and BlocksToArray");
}
