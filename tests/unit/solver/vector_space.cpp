// SPDX-License-Identifier: MIT
#include "runtime/solver/cg_passes.hpp"

#include "tests/unit/solver/systems.hpp"

using namespace lunops;
using namespace lunops::systems;

namespace {

// 0, 1, 2 … 23 over four dims, so that sums over any of them are easy.
struct Counted {
  explicit Counted(const std::vector<std::string>& batch)
      : shape(Shape::parse("a=2 b=3 c=2 d=2")), space("test", shape, DType::c128, batch, context) {
    x = space.copy_of(arange(shape, DType::c128, context));
  }
  Context context;
  Shape shape;
  VectorSpace space;
  Tensor x;
};

// |x|^2 over the dims whose mask is 0, by the definition.
std::vector<double> direct(const std::vector<int>& mask) {
  const std::vector<size_t> extent{2, 3, 2, 2};
  std::vector<double> sums;
  size_t n = 1;
  for (size_t d = 0; d < 4; ++d) n *= mask[d] ? extent[d] : 1;
  sums.resize(n, 0);
  for (size_t i = 0; i < 24; ++i) {
    const std::vector<size_t> index{i / 12, i / 4 % 3, i / 2 % 2, i % 2};
    size_t element = 0;
    for (size_t d = 0; d < 4; ++d) {
      if (mask[d]) element = element * extent[d] + index[d];
    }
    sums[element] += static_cast<double>(i * i);
  }
  return sums;
}

}  // namespace

TEST_CASE("VectorSpace: norms run over all dims but the batch dims, wherever these lie",
          "[solver]") {
  const std::vector<std::string> names{"a", "b", "c", "d"};
  for (int mask = 0; mask < 16; ++mask) {
    std::vector<std::string> batch;
    std::vector<int> chosen;
    for (size_t d = 0; d < 4; ++d) {
      chosen.push_back(mask >> d & 1);
      if (chosen.back()) batch.push_back(names[d]);
    }
    Counted c(batch);
    std::vector<double> norms(c.space.elements());

    c.space.norm2(c.x, norms);

    INFO("mask " << mask);
    CHECK(norms == direct(chosen));
  }
}

TEST_CASE("VectorSpace: scale, zero, update and direction act on each batch element", "[solver]") {
  for (const std::vector<std::string>& batch :
       {std::vector<std::string>{"a"}, {"b"}, {"d"}, {"b", "d"}}) {
    Counted c(batch);
    const size_t n = c.space.elements();
    std::vector<double> before(n), s(n);
    CgPasses passes(c.space, c.context, 0);
    const CgScalars& scalars = passes.scalars();
    for (size_t i = 0; i < n; ++i) {
      s[i] = static_cast<double>(i + 1);
      for (const auto row : {CgScalars::alpha, CgScalars::beta}) {
        scalars.at(row, static_cast<int64_t>(2 * i)) = s[i];
        scalars.at(row, static_cast<int64_t>(2 * i + 1)) = 0;
      }
    }
    c.space.norm2(c.x, before);

    // x <- x + s x, r <- x - s x.
    const Tensor x = c.space.copy_of(c.x), r = c.space.copy_of(c.x), p = c.space.copy_of(c.x);
    passes.update(c.x, c.x, x, r);
    const CgScalars& after = passes.read();
    std::vector<double> sums(n);
    c.space.norm2(x, sums);
    for (size_t i = 0; i < n; ++i) {
      CHECK(after.at(CgScalars::rr, static_cast<int64_t>(i)) ==
            Approx(before[i] * (1 - s[i]) * (1 - s[i])).margin(1e-12));
      CHECK(sums[i] == Approx(before[i] * (1 + s[i]) * (1 + s[i])));
    }
    // p <- x + s p.
    passes.direction(c.x, p);
    c.space.norm2(p, sums);
    for (size_t i = 0; i < n; ++i) CHECK(sums[i] == Approx(before[i] * (1 + s[i]) * (1 + s[i])));
    // x <- s x, then element 1 <- 0.
    c.space.scale(s, c.x);
    c.space.zero(1, c.x);
    c.space.norm2(c.x, sums);
    for (size_t i = 0; i < n; ++i) CHECK(sums[i] == Approx(i == 1 ? 0 : before[i] * s[i] * s[i]));
  }
}
