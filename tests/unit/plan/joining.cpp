// SPDX-License-Identifier: MIT
// Rules on neighbours of one kind: R24, R25, R26, R27.
#include "runtime/device/pool.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

using namespace lunops;
using test::random;
using test::steps_of;
using test::uses_of;

namespace {

const Device kOther{DeviceKind::cpu, 1};

}  // namespace

TEST_CASE("R25: a product of Kroneckers is the Kronecker of the products", "[plan]") {
  const Linop a = Dense(random("m=3 n=4"), "m n, n -> m");
  const Linop b = Dense(random("p=2 q=5", 2), "p q, q -> p");
  const Linop c = Dense(random("n=4 r=3", 3), "n r, r -> n");
  const Linop d = Dense(random("q=5 s=4", 4), "q s, s -> q");
  const Linop product = Kronecker(a, b) * Kronecker(c, d);

  CHECK(uses_of("R25", product, random("r=3 s=4")) == 1);
  CHECK(uses_of("R25", product, random("k=2 r=3 s=4")) == 1);
  CHECK(uses_of("R25", product.H(), random("m=3 p=2")) == 1);
  CHECK(uses_of("R25", product, random("r=3 s=4"), {.without = {"kronecker"}}) == 0);
}

TEST_CASE("R25: factors of one operand meet in the Kronecker", "[plan]") {
  const Linop f = FFT("x -> k"), g = FFT("y -> l");
  const Linop d = Diagonal(random("k=4")), e = Diagonal(random("k=4", 2));
  const Linop u = Diagonal(random("l=3", 3)), v = Diagonal(random("l=3", 4));
  const Linop wide = Diagonal(random("j=2 k=4", 5)), left = Diagonal(random("j=2", 6));
  const Linop right = Diagonal(random("k=4 l=3", 7));

  CHECK(steps_of(Kronecker(d, u) * Kronecker(e, v), random("k=4 l=3")) == 2);
  CHECK(steps_of(Kronecker(f.H(), u) * Kronecker(f, v), random("x=4 l=3")) == 1);
  CHECK(steps_of(Kronecker(f.H(), g.H()) * Kronecker(f, g), random("x=4 y=3")) == 1);
  CHECK(uses_of("R25", Kronecker(wide, u) * Kronecker(left, right), random("j=2 k=4 l=3")) == 0);
}

TEST_CASE("R25: Kroneckers with a small array between them stay apart", "[plan]") {
  // 30 -> 1 -> 30 on both operands: 1860 products, against 2760 of the Kronecker of the products.
  const Linop a = Dense(random("m=30 n=1"), "m n, n -> m");
  const Linop b = Dense(random("p=30 q=1", 2), "p q, q -> p");

  CHECK(uses_of("R25", Kronecker(a, b) * Kronecker(a.T(), b.T()), random("m=30 p=30")) == 0);
}

TEST_CASE("R25: dims that have a name in the other operand too are left", "[plan]") {
  const Linop a = Dense(random("z=3 n=4"), "z n, n -> z");
  const Linop c = Dense(random("n=4 r=3", 2), "n r, r -> n");
  const Linop b = Dense(random("p=2 q=5", 3), "p q, q -> p");
  const Linop d = Dense(random("q=5 z=4", 4), "q z, z -> q");

  CHECK(uses_of("R25", Kronecker(a, b) * Kronecker(c, d), random("r=3 z=4")) == 0);
}

TEST_CASE("R27: data go to the last device at once, and back they do not move", "[plan]") {
  const test::Declared cpus(3);
  const Device host = Device::host(), third{DeviceKind::cpu, 2};
  const Linop away = ToDevice(host, kOther), on = ToDevice(kOther, third);
  const Tensor x = random("n=4");

  CHECK(uses_of("R27", ToDevice(third, host) * on * away, x) == 2);
  CHECK(steps_of(away.H() * away, x) == 1);  // the copy into the result
  CHECK(steps_of(away.H() * on.H() * on * away, x) == 1);
  CHECK(uses_of("R27", ToDevice(kOther, host) * Scalar(2.0) * away, x, {.without = {"scalar"}}) ==
        0);
}

TEST_CASE("R24: summing what was repeated counts the copies", "[plan]") {
  LinopOptions o;
  o.extent = {{"b", 3}};
  const Linop copies = Repeat("a c -> b a c", o), sum = SumReduce("b a c -> a c");
  const Linop turned = SumReduce("b a c -> c a"), less = SumReduce("b a c -> b c");
  o.extent = {{"b", 3}, {"d", 2}};
  const Linop more = Repeat("a c -> b a d c", o);
  const Tensor x = random("a=4 c=2"), batch = random("k=2 a=4 c=2", 2);

  CHECK(uses_of("R24", sum * copies, x) == 1);
  CHECK(uses_of("R24", copies.H() * copies, batch) == 1);
  CHECK(uses_of("R24", SumReduce("b a d c -> a c") * more, x) == 1);
  CHECK(steps_of(sum * copies, x) == 1);
  CHECK(uses_of("R24", copies * sum, random("b=3 a=4 c=2")) == 0);
  CHECK(uses_of("R24", turned * copies, x) == 0);
  CHECK(uses_of("R24", less * copies, x) == 0);
  CHECK(uses_of("R24", SumReduce("b a d c -> a d c") * more, x) == 0);
  CHECK(uses_of("R24", sum * Trace("...") * copies, x) == 0);
  // What a Trace sees has the copies added up.
  CHECK(uses_of("R24", Trace("...") * sum * copies, x) == 1);
}

TEST_CASE("R26: Casts to the wider precision and back are none, the other way they round",
          "[plan]") {
  Context context;
  const auto cast = [](const char* to, const char* text) {
    CastOptions o;
    o.to = to;
    return Cast(text, o);
  };
  const Linop wide = cast("c128", "n"), narrow = cast("c64", "n"), other = cast("c64", "k n");
  const Tensor x = random("k=2 n=4"), y = random("k=2 n=4").as(DType::c64, context);

  CHECK(uses_of("R26", narrow * wide, y) == 1);
  CHECK(uses_of("R26", wide.H() * wide, y) == 1);
  CHECK(uses_of("R26", other * wide, y) == 1);
  CHECK(uses_of("R26", narrow * wide * narrow, x) == 1);
  CHECK(uses_of("R26", wide * narrow, x) == 0);
  CHECK(uses_of("R26", narrow.H() * narrow, x) == 0);
  CHECK(uses_of("R26", narrow * Trace("...") * wide, y) == 0);
  CHECK(steps_of(narrow * wide, y) == 1);
  CHECK(steps_of(wide * narrow, x) == 2);
}
