// SPDX-License-Identifier: MIT
#include "runtime/tensor/tensor.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "tests/unit/device/declared.hpp"

using namespace lunops;

namespace {

std::vector<c128> values(const Tensor& x, Context& context) {
  const Tensor flat = x.as(DType::c128, context).contiguous(context);
  return {flat.data_as<c128>(), flat.data_as<c128>() + flat.count()};
}

Tensor counted(const char* shape, Context& context, DType dtype = DType::f32) {
  return arange(Shape::parse(shape), dtype, context);
}

using List = std::vector<c128>;

}  // namespace

TEST_CASE("factories: zeros, full, arange and eye hold what they say", "[tensor]") {
  Context context;

  CHECK(values(zeros(Shape::parse("x=3"), DType::c64, context), context) == List{0, 0, 0});
  CHECK(values(full(Shape::parse("x=2"), {1, 2}, DType::c64, context), context) ==
        List{{1, 2}, {1, 2}});
  CHECK(values(counted("x=5", context), context) == List{0, 1, 2, 3, 4});
  const Tensor identity = eye(Shape::parse("n=2"), DType::f64, context);
  CHECK(identity.shape().names() == "n n'");
  CHECK(values(identity, context) == List{1, 0, 0, 1});
}

TEST_CASE("factories: a value that the dtype cannot hold is an error", "[tensor]") {
  Context context;

  CHECK_THROWS_WITH(
      full(Shape::parse("x=2"), {0, 1}, DType::f32, context),
      "full: the complex number 0+1i cannot be an element of a f32 tensor; convert it "
      "with :as \"c64\"");
  CHECK_THROWS_WITH(full(Shape::parse("x=2"), 0.5, DType::i32, context),
                    "full: 0.5 is not a whole number but the tensor is i32; convert it with :as "
                    "\"f32\" or :as \"f64\"");
  CHECK_THROWS_WITH(zeros(Shape::parse("y=2 x"), DType::f32, context),
                    "empty: an extent of {y=2, x} is not known; give all of them, for example "
                    "\"y=256\"");
}

TEST_CASE("views: slice, select, permute and parts share the storage", "[tensor]") {
  Context context;
  const Tensor x = counted("y=3 x=4", context);

  CHECK(values(x.slice(1, 3, 2, -2), context) == List{3, 1, 7, 5, 11, 9});
  CHECK(values(x.select(0, 1), context) == List{4, 5, 6, 7});
  CHECK(values(x.permute("x y"), context) == List{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
  CHECK(x.permute("x y").shape().text() == "x=4 y=3");
  CHECK(x.select(0, 1).storage() == x.storage());

  const Tensor z = full(Shape::parse("x=2"), {1, 2}, DType::c64, context);
  CHECK(values(z.real_part(), context) == List{1, 1});
  CHECK(values(z.imag_part(), context) == List{2, 2});
  fill(z.imag_part(), 5, context);
  CHECK(values(z, context) == List{{1, 5}, {1, 5}});
}

TEST_CASE("views: what lies outside is an error that names the dim", "[tensor]") {
  Context context;
  const Tensor x = counted("y=3 x=4", context);

  CHECK_THROWS_WITH(x.select(1, 4), "slice: index 5 is not in 'x', whose extent is 4");
  CHECK_THROWS_WITH(x.slice(1, 2, 3),
                    "slice: 3 elements of 'x' from 3 in steps of 1 do not lie in "
                    "its extent 4");
  CHECK_THROWS_WITH(x.permute("x z"), "permute: there is no dim 'z' in {y=3, x=4}");
  CHECK_THROWS_WITH(x.permute("x"),
                    "permute: 'y' of {y=3, x=4} is missing in \"x\"; name every dim");
  CHECK_THROWS_WITH(counted("x=2", context).imag_part(),
                    "imag: a f32 tensor has no imaginary part");
}

TEST_CASE("views: a step whose product with the count overflows is outside", "[tensor]") {
  Context context;
  const Tensor x = counted("x=4", context);
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

  // (2^52) * 2^12 is 0 in 64 bits: the last element would seem to be the first.
  CHECK_THROWS_WITH(x.slice(0, 0, (int64_t{1} << 52) + 1, 4096),
                    "slice: 4503599627370497 elements of 'x' from 1 in steps of 4096 do not lie in "
                    "its extent 4");
  CHECK_THROWS(x.slice(0, 3, 2, std::numeric_limits<int64_t>::min()));
  CHECK_THROWS(x.slice(0, 0, 2, kLargest));
  CHECK(values(x.slice(0, 3, 1, kLargest), context) == List{3});
  CHECK(values(x.slice(0, 3, 4, -1), context) == List{3, 2, 1, 0});
}

TEST_CASE("views: rename is one simultaneous substitution", "[tensor]") {
  Context context;
  const Tensor x = counted("y=3 x=4", context);

  CHECK(x.rename({{"x", "y"}, {"y", "x"}}).shape().text() == "x=3 y=4");
  CHECK_THROWS_WITH(x.rename({{"x", "y"}}), "rename: two dims of {y=3, x=4} would be named 'y'");
  CHECK_THROWS_WITH(x.rename({{"z", "y"}}), "rename: there is no dim 'z' in {y=3, x=4}");
}

TEST_CASE("views: a reshape is a view exactly where strides allow", "[tensor]") {
  Context context;
  const Tensor x = counted("a=4 b=6", context);
  const auto shape = [](const char* text) { return Shape::parse(text); };

  REQUIRE(x.try_reshape(shape("a=2 b=12")).has_value());
  const Tensor rows = x.slice(0, 0, 2, 2);  // rows 0 and 2
  REQUIRE(rows.try_reshape(shape("a=2 b=2 c=3")).has_value());
  CHECK(values(*rows.try_reshape(shape("a=2 b=2 c=3")), context) == values(rows, context));
  CHECK_FALSE(rows.try_reshape(shape("ab=12")).has_value());
  CHECK_FALSE(x.permute("b a").try_reshape(shape("ab=24")).has_value());
  CHECK(x.permute("b a").try_reshape(shape("b=2 c=3 a=4")).has_value());
  CHECK(rows.try_reshape(shape("u=1 a=2 v=1 b=6 w=1")).has_value());
}

TEST_CASE("arithmetic: the smaller dims of one operand are repeated by name", "[tensor]") {
  Context context;
  const Tensor x = counted("coil=2 x=3", context);
  const Tensor row = counted("x=3", context), coils = counted("coil=2", context);

  CHECK(values(binary(Binary::add, x, row, context), context) == List{0, 2, 4, 3, 5, 7});
  CHECK(values(binary(Binary::multiply, coils, x, context), context) == List{0, 0, 0, 3, 4, 5});
  CHECK(binary(Binary::add, row, x, context).shape().text() == "coil=2 x=3");
}

TEST_CASE("arithmetic: other pairs of shapes are errors that say what to write", "[tensor]") {
  Context context;
  const Tensor a = counted("coil=2 y=3", context), b = counted("y=3 x=4", context);

  CHECK_THROWS_WITH(
      binary(Binary::multiply, a, b, context),
      "multiply: the dims of neither {coil=2, y=3} nor {y=3, x=4} are a subset of the "
      "other's in the same order; write lo.einsum(\"coil y, y x -> coil y x\", x, y)");
  CHECK_THROWS_WITH(
      binary(Binary::add, a, a.permute("y coil"), context),
      "add: {coil=2, y=3} and {y=3, coil=2} have the same dims in another order; write y:permute "
      "\"coil y\"");
  CHECK_THROWS_WITH(binary(Binary::add, a, counted("y=4", context), context),
                    "add: extent of 'y' is 4 in {y=4} but 3 in {coil=2, y=3}");
  CHECK_THROWS_WITH(
      binary(Binary::add, a.unname(), counted("x=3", context), context),
      Catch::Contains("have different ranks, and without names on both sides nothing says"));
}

TEST_CASE("arithmetic: precision never changes, kind may widen", "[tensor]") {
  Context context;
  const auto one = [&](DType t) { return full(Shape::parse("x=2"), 1, t, context); };
  const auto sum = [&](DType a, DType b) {
    return binary(Binary::add, one(a), one(b), context).dtype();
  };

  CHECK(sum(DType::f32, DType::c64) == DType::c64);
  CHECK(sum(DType::f64, DType::c128) == DType::c128);
  CHECK(sum(DType::boolean, DType::f32) == DType::f32);
  CHECK(sum(DType::i32, DType::f64) == DType::f64);
  CHECK(sum(DType::boolean, DType::boolean) == DType::i64);
  CHECK_THROWS_WITH(sum(DType::f32, DType::f64),
                    "add: f32 and f64 differ in precision, which never changes by itself; convert "
                    "one with :as \"f64\"");
  CHECK(binary(Binary::multiply, one(DType::f32), 2.5, context).dtype() == DType::f32);
  CHECK(binary(Binary::multiply, one(DType::f32), {0, 1}, context).dtype() == DType::c64);
  CHECK_THROWS_WITH(
      binary(Binary::multiply, one(DType::i32), 2.5, context),
      "multiply: 2.5 is not a whole number but the tensor is i32; convert it with :as "
      "\"f32\" or :as \"f64\"");
}

TEST_CASE("arithmetic: comparisons give masks, and masks count", "[tensor]") {
  Context context;
  const Tensor x = counted("x=4", context);

  const Tensor mask = binary(Binary::less, x, 2, context);

  CHECK(mask.dtype() == DType::boolean);
  CHECK(values(mask, context) == List{1, 1, 0, 0});
  const Tensor count = reduce(Reduction::sum, mask, {0}, context);
  CHECK(count.dtype() == DType::i64);
  CHECK(item(count) == 2.0);
  CHECK(values(where(mask, x, full(Shape(), 9, DType::f32, context), context), context) ==
        List{0, 1, 9, 9});
  CHECK_THROWS_WITH(binary(Binary::less, x.as(DType::c64, context), 2, context),
                    "lt: complex numbers have no order; compare x:abs() or x.real");
}

TEST_CASE("arithmetic: where takes values without names by position", "[tensor]") {
  Context context;
  const Tensor a = counted("x=3", context).unname();
  const Tensor b = full(Shape::parse("x=3"), 9, DType::f32, context);
  const Tensor rows = counted("coil=2 x=3", context);
  const Tensor mask = binary(Binary::less, rows, 5, context);

  const Tensor y = where(mask, a, b, context);

  CHECK(y.shape().text() == "coil=2 x=3");
  CHECK(values(y, context) == List{0, 1, 2, 0, 1, 9});
}

TEST_CASE("reductions: dims named vanish, over all a 0-dim tensor stays", "[tensor]") {
  Context context;
  const Tensor x = counted("y=2 x=3", context);

  CHECK(values(reduce(Reduction::sum, x, {0}, context), context) == List{3, 5, 7});
  CHECK(reduce(Reduction::sum, x, {0}, context).shape().text() == "x=3");
  CHECK(values(reduce(Reduction::max, x, {1}, context), context) == List{2, 5});
  CHECK(item(reduce(Reduction::mean, x, {0, 1}, context)) == 2.5);
  CHECK_THROWS_WITH(
      reduce(Reduction::min, zeros(Shape::parse("x=0"), DType::f32, context), {0}, context),
      "min: {x=0} has no elements to take it of");
}

TEST_CASE("dot and norm: conj(x) y in double, over any strides", "[tensor]") {
  Context context;
  const Tensor x = from_values(Shape::parse("x=2"), DType::c64, List{{1, 2}, {0, 1}}, context);
  const Tensor y = from_values(Shape::parse("x=2"), DType::c64, List{{1, 0}, {2, 0}}, context);

  CHECK(dot(x, y, context) == c128(1, -4));
  CHECK(norm(x, context) == Approx(std::sqrt(6.0)));
  const Tensor box = counted("a=3 b=4 c=5 d=6", context, DType::f64);
  const Tensor part = box.slice(1, 0, 2, 2).slice(3, 1, 3).permute("c a d b");
  const Tensor packed = part.clone(context);
  CHECK(dot(part, packed, context).real() == Approx(std::pow(norm(packed, context), 2)));
}

TEST_CASE("in place: writing counts a version and refuses read-only memory", "[tensor]") {
  Context context;
  const Tensor y = counted("x=3", context);
  const auto before = y.storage()->version();

  axpby(2, y, 1, y, context);

  CHECK(values(y, context) == List{0, 3, 6});
  CHECK(y.storage()->version() == before + 1);
  float memory[3] = {1, 2, 3};
  const Tensor theirs(Storage::adopt(memory, sizeof memory, Device::host(), nullptr, true),
                      y.layout(), 0, DType::f32);
  CHECK_THROWS_WITH(fill(theirs, 0, context),
                    "fill: the tensor is read-only, because its memory belongs to somebody else; "
                    "write to a copy made with x:clone()");
  CHECK_THROWS_WITH(copy(y, counted("z=3", context), context),
                    "copy: the source {z=3} does not match the target {x=3}");
}

TEST_CASE("devices: the host does not reach into memory of a device", "[tensor]") {
  const test::Declared cpus(2);
  Context context;
  const Tensor x = counted("x=3", context), there = x.to({DeviceKind::cpu, 1}, context);

  CHECK_THROWS_WITH(there.data_as<c64>(),
                    "read: the tensor {x=3} is on cpu:1, whose memory the host does not reach; use "
                    "x:to \"cpu\"");
  CHECK(value_at(there, std::vector<int64_t>{2}) == c128(2));
  CHECK(allclose(there, there.clone(context), 0, 0, context).is_close);
}

TEST_CASE("devices: a factory charges the account of the device it makes the tensor on",
          "[tensor]") {
  VirtualDevices devices;
  devices.cpu = 2;
  devices.memory = 1000;
  const test::Declared cpus(devices);
  const Device second{DeviceKind::cpu, 1};
  Context context;
  context.device = second;

  const Tensor x = zeros(Shape::parse("x=100"), DType::c64, context);

  CHECK(Account::on(context.account, second)->figures().live == 800);
  CHECK(context.account->figures().live == 0);
  CHECK_THROWS_WITH(zeros(Shape::parse("x=100"), DType::c64, context),
                    "allocate: 800 bytes do not fit on cpu:1: 800 of 1000 bytes are in use; drop "
                    "tensors or raise the memory limit; largest live tensors:\n  c64 {x=100}, 800 "
                    "bytes");
}

TEST_CASE("devices: host memory is pinned once for all views, device memory never", "[tensor]") {
  const test::Declared cpus(2);
  Context context;
  const Tensor x = counted("x=3", context), there = x.to({DeviceKind::cpu, 1}, context);

  CHECK_FALSE(x.storage()->is_pinned());
  x.slice(0, 0, 2).storage()->pin();
  CHECK(x.storage()->is_pinned());
  CHECK_THROWS_WITH(there.storage()->pin(),
                    "pin: x is on cpu:1; only memory of the host is pinned");
}

TEST_CASE("devices: what is made from a tensor stays on its device", "[tensor]") {
  const test::Declared cpus(1);
  Context context;
  const Device other = Device::parse("cpu:0");
  const Tensor x = counted("y=2 x=3", context).to(other, context);
  const Tensor operands[] = {x, x};

  CHECK(x.clone(context).device() == other);
  CHECK(x.as(DType::f64, context).device() == other);
  CHECK(reduce(Reduction::sum, x, {0}, context).device() == other);
  CHECK(einsum("y x, y x -> y", operands, context).device() == other);
  CHECK(binary(Binary::add, x, x, context).device() == other);
  CHECK(values(x.to(Device::host(), context), context) == List{0, 1, 2, 3, 4, 5});
  CHECK(context.account->figures().live == 0);
  CHECK_THROWS_WITH(binary(Binary::add, x, counted("y=2 x=3", context), context),
                    "add: one tensor is on cpu:0, the other on cpu; move one with :to \"cpu:0\"");
}

TEST_CASE("conversion: complex to real is an error that names the ways", "[tensor]") {
  Context context;
  const Tensor z = zeros(Shape::parse("x=2"), DType::c64, context);

  CHECK_THROWS_WITH(
      z.as(DType::f32, context),
      "as: a c64 tensor does not become f32 by itself; take x.real, x.imag or x:abs()");
  CHECK(z.as(DType::c128, context).dtype() == DType::c128);
}

TEST_CASE("in place: parts of one tensor that overlap are read before they are written",
          "[tensor]") {
  Context context;
  const auto shifted = [&](int64_t from, int64_t to, int64_t n, bool adds) {
    const Tensor x = arange(Shape::unnamed({n}), DType::f64, context);
    const Tensor source = x.slice(0, from, n - 1), target = x.slice(0, to, n - 1);
    if (adds) {
      axpby(1, source, 0, target, context);
    } else {
      copy(target, source, context);
    }
    return values(x, context);
  };

  // Long enough for several threads.
  constexpr int64_t kCount = 100000;
  for (const bool adds : {false, true}) {
    CHECK(shifted(0, 1, 5, adds) == List{0, 0, 1, 2, 3});
    CHECK(shifted(1, 0, 5, adds) == List{1, 2, 3, 4, 4});
    const List long_one = shifted(0, 1, kCount, adds);
    CHECK(long_one[1] == 0.0);
    bool is_right = true;
    for (size_t i = 1; i < long_one.size(); ++i) {
      is_right = is_right && long_one[i] == static_cast<double>(i - 1);
    }
    CHECK(is_right);
  }
  const Tensor x = counted("x=5", context);
  copy(x, x.slice(0, 4, 5, -1), context);
  CHECK(values(x, context) == List{4, 3, 2, 1, 0});
}

TEST_CASE("in place: with factor 0, what the source holds does not come through", "[tensor]") {
  Context context;
  const Tensor x = from_values(Shape::parse("x=2"), DType::f32, List{1, INFINITY}, context);

  axpby(0, x, 2, x, context);

  CHECK(values(x, context) == List{2, INFINITY});
  axpby(0, x, 0, x, context);
  CHECK(values(x, context) == List{0, 0});
}
