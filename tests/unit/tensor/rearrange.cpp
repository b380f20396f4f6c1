// SPDX-License-Identifier: MIT
#include <random>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/tensor/tensor.hpp"

using namespace lunops;

namespace {

std::vector<double> reals(const Tensor& x, Context& context) {
  const Tensor flat = x.as(DType::c128, context).contiguous(context);
  std::vector<double> list;
  for (int64_t i = 0; i < flat.count(); ++i) list.push_back(flat.data_as<c128>()[i].real());
  return list;
}

Tensor counted(const char* shape, Context& context, DType dtype = DType::f64) {
  return arange(Shape::parse(shape), dtype, context);
}

using List = std::vector<double>;

}  // namespace

TEST_CASE("rearrange: splits, permutes and merges by name", "[tensor]") {
  Context context;
  const Tensor x = counted("x=6", context);

  const Tensor y = rearrange(x, "x=(a b=3) -> b a", {}, context);

  CHECK(y.shape().text() == "b=3 a=2");
  CHECK(reals(y, context) == List{0, 3, 1, 4, 2, 5});
  CHECK(y.storage() == x.storage());
  const Tensor merged = rearrange(y, "b a -> (b a)", {}, context);
  CHECK(merged.shape().text() == "b_a=6");
  CHECK(reals(merged, context) == List{0, 3, 1, 4, 2, 5});
  CHECK(rearrange(x, "x -> x 1", {}, context).shape().text() == "x=6 unit1=1");
  CHECK(rearrange(x, "(a b) -> a b", {{"b", 2}}, context).shape().text() == "a=3 b=2");
}

TEST_CASE("reduce and expand: names missing on one side are summed or repeated", "[tensor]") {
  Context context;
  const Tensor x = counted("c=2 y=2 x=2", context);

  CHECK(reals(reduce(x, "c y x -> x c", Reduction::sum, {}, context), context) ==
        List{2, 10, 4, 12});
  CHECK(reals(reduce(x, "c (y) x -> c x", Reduction::max, {}, context), context) ==
        List{2, 3, 6, 7});
  const Tensor row = counted("x=2", context);
  const Tensor wide = expand(row, "x -> c=2 x", {}, context);
  CHECK(wide.shape().text() == "c=2 x=2");
  CHECK(wide.strides()[0] == 0);
  CHECK(reals(wide, context) == List{0, 1, 0, 1});
}

TEST_CASE("einsum: sums over the names that the result lacks", "[tensor]") {
  Context context;
  const Tensor a = counted("m=2 k=3", context), b = counted("k=3 n=2", context);
  const Tensor operands[] = {a, b};

  CHECK(reals(einsum("m k, k n -> m n", operands, context), context) == List{10, 13, 28, 40});
  CHECK(reals(einsum("m k, k n -> n m", operands, context), context) == List{10, 28, 13, 40});
  const Tensor one[] = {a};
  CHECK(reals(einsum("m k -> k", one, context), context) == List{3, 5, 7});
  CHECK(item(einsum("m k ->", one, context)) == 15.0);
}

TEST_CASE("einsum: three operands agree with the sum written out", "[tensor]") {
  Context context;
  const auto draw = [&](const char* shape, uint64_t seed) {
    return randn(Shape::parse(shape), DType::c128, seed, context);
  };
  const Tensor operands[] = {draw("a=3 b=4", 1), draw("c=2 b=4", 2), draw("c=2 d=5 a=3", 3)};

  const Tensor y = einsum("a b, c b, c d a -> d a", operands, context);

  for (int64_t d = 0; d < 5; ++d) {
    for (int64_t a = 0; a < 3; ++a) {
      c128 sum = 0;
      for (int64_t b = 0; b < 4; ++b) {
        for (int64_t c = 0; c < 2; ++c) {
          sum += value_at(operands[0], std::vector<int64_t>{a, b}) *
                 value_at(operands[1], std::vector<int64_t>{c, b}) *
                 value_at(operands[2], std::vector<int64_t>{c, d, a});
        }
      }
      // 8 products of numbers around 1 in double.
      CHECK(std::abs(value_at(y, std::vector<int64_t>{d, a}) - sum) < 1e-13);
    }
  }
}

TEST_CASE("einsum: mismatches name the operand and the dim", "[tensor]") {
  Context context;
  const Tensor pair[] = {counted("m=2 k=3", context), counted("k=4 n=2", context)};

  CHECK_THROWS_WITH(einsum("m k, k n -> m n", pair, context),
                    "einsum: extent of 'k' is 3 in operand 1 but 4 in operand 2");
  CHECK_THROWS_WITH(einsum("m j, k n -> m n", pair, context),
                    "einsum: operand 1 is {m=2, k=3}: it has no dim 'j', which the text names");
  CHECK_THROWS_WITH(einsum("m k -> m", pair, context),
                    "einsum: \"m k -> m\" names 1 operands, but 2 were given");
}

TEST_CASE("allclose: says where the largest difference is", "[tensor]") {
  Context context;
  const Tensor x = counted("y=2 x=3", context, DType::f32);
  const Tensor y = x.clone(context);
  fill(y.select(0, 1).slice(0, 2, 1), 5.5, context);

  CHECK(allclose(x, x, 0, 0, context).is_close);
  const Closeness far = allclose(x, y, 1e-3, 0, context);
  CHECK_FALSE(far.is_close);
  CHECK(far.text() == "largest difference 0.5 at {y=2, x=3}");
}

TEST_CASE("random numbers: the same bits for any number of threads and any cut", "[tensor]") {
  Context context;
  const Shape shape = Shape::parse("y=301 x=307");
  for (const DType dtype : {DType::f32, DType::f64, DType::c64, DType::c128}) {
    context.stream->set_threads(1);
    const Tensor one = randn(shape, dtype, 7, context);
    for (const int threads : {2, 7}) {
      context.stream->set_threads(threads);
      const Tensor many = randn(shape, dtype, 7, context);
      CHECK(std::memcmp(one.data(), many.data(), one.bytes()) == 0);
    }
  }
}

TEST_CASE("random numbers: mean, variance and range are those of the distribution", "[tensor]") {
  Context context;
  const Shape shape = Shape::parse("x=1000000");
  const double n = 1e6;
  const Tensor z = randn(shape, DType::c64, 3, context);
  const Tensor u = rand(shape, DType::f32, 3, context);

  // Five standard deviations of the mean of 1e6 numbers of variance 1.
  CHECK(std::abs(item(reduce(Reduction::mean, z, {0}, context))) < 5e-3);
  CHECK(std::pow(norm(z, context), 2) / n == Approx(1).margin(5e-3));
  CHECK(item(reduce(Reduction::mean, u, {0}, context)).real() == Approx(0.5).margin(1.5e-3));
  CHECK(item(reduce(Reduction::max, u, {0}, context)).real() < 1.0);
  CHECK(item(reduce(Reduction::min, u, {0}, context)).real() >= 0.0);
  CHECK_THROWS_WITH(rand(shape, DType::i32, 0, context),
                    "rand: i32 tensors cannot be filled with random numbers; take f32, f64, c64 or "
                    "c128");
}
