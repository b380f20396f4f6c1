// SPDX-License-Identifier: MIT
// Rules on neighbours of one kind: R25, R27.
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
