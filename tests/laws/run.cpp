// SPDX-License-Identifier: MIT
#include <map>
#include <set>
#include <tuple>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/linop/core.hpp"
#include "tests/laws/laws.hpp"

using namespace lunops;

namespace {

constexpr uint64_t kSeed = 20240;

laws::Subject subject(std::string name,
                      const Linop& a,
                      const std::string& input,
                      DType dtype,
                      double approximate,
                      uint64_t seed,
                      Context& context) {
  laws::Subject s;
  s.name = std::move(name);
  s.a = a;
  s.input = input.empty() ? a.ishape() : Shape::parse(input);
  std::tie(s.output, s.output_dtype) = a.result(zeros(s.input, dtype, context));
  s.dtype = dtype;
  s.is_rounded = !is_double(s.dtype) || !is_double(s.output_dtype);
  s.seed = seed;
  s.approximate = approximate;
  return s;
}

}  // namespace

TEST_CASE("laws: every registered operator, in every dtype that it takes", "[laws]") {
  for (const laws::Registered& r : laws::registered()) {
    for (const DType dtype : {DType::c128, DType::c64, DType::f64, DType::f32}) {
      Context context;
      const std::string name =
          fmt::format("{}, {}, {}, seed {}", r.kind, r.each.name, name_of(dtype), kSeed);
      INFO(name);
      laws::Draw draw(kSeed, dtype, context);
      const Linop a = r.each.make(draw);
      if (a.field() == Field::complex && !is_complex(dtype)) {
        // L14: real data meet a complex operator.
        const Shape shape = r.each.input.empty() ? a.ishape() : Shape::parse(r.each.input);
        CHECK_THROWS_AS(a(zeros(shape, dtype, context), context), Error);
        continue;
      }
      const double error = r.each.approximate == nullptr ? 0.0 : r.each.approximate(dtype);
      laws::all(subject(name, a, r.each.input, dtype, error, kSeed, context), context);
    }
  }
}

TEST_CASE("laws: L15, the cases of every operator have even, prime, single and no extents",
          "[laws]") {
  const auto is_prime = [](int64_t n) {
    for (int64_t k = 2; k * k <= n; ++k) {
      if (n % k == 0) return false;
    }
    return n > 1;
  };
  std::map<std::string, std::set<std::string>> found;
  for (const laws::Registered& r : laws::registered()) {
    Context context;
    laws::Draw draw(kSeed, DType::c64, context);
    const auto s = subject(r.kind, r.each.make(draw), r.each.input, DType::c64, 0, kSeed, context);
    for (const Shape* side : {&s.input, &s.output}) {
      for (const int64_t n : side->extents()) {
        if (n == 0) found[r.kind].insert("none");
        if (n == 1) found[r.kind].insert("one");
        if (n > 1 && n % 2 == 0) found[r.kind].insert("even");
        if (n > 2 && is_prime(n)) found[r.kind].insert("prime");  // and therefore odd
      }
    }
  }
  for (const auto& [kind, extents] : found) {
    for (const char* which : {"even", "prime", "one", "none"}) {
      INFO(kind << ", extent: " << which);
      CHECK(extents.count(which) == 1);
    }
  }
}

TEST_CASE("laws: L22, a write to any weight makes the next use an error", "[laws]") {
  for (const laws::Registered& r : laws::registered()) {
    Context context;
    laws::Draw draw(kSeed, DType::c64, context);
    const Linop a = r.each.make(draw);
    const auto s = subject(r.kind, a, r.each.input, DType::c64, 0, kSeed, context);
    const Tensor x = laws::random_like(s.input, DType::c64, 1, context);
    a(x, context);
    a.N()(x, context);
    const auto visit = [&](const auto& self, const Node& node) -> bool {
      for (const WeightPtr& w : node.core->weights()) {
        if (!w->is_given()) continue;
        w->tensor().storage()->touch();
        return true;
      }
      for (const Node& child : node.core->children()) {
        if (self(self, child)) return true;
      }
      return false;
    };
    if (!visit(visit, a.node())) continue;
    INFO(r.kind << ", " << r.each.name);
    CHECK_THROWS_AS(a(x, context), Error);
    CHECK_THROWS_AS(a.N()(x, context), Error);
    CHECK_THROWS_AS(a.H()(zeros(s.output, s.output_dtype, context), context), Error);
  }
}

TEST_CASE("laws: random compositions up to depth four", "[laws]") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    for (const DType dtype : {DType::c128, DType::f32}) {
      Context context;
      laws::Draw draw(seed, dtype, context);
      struct D {
        std::string name;
        int64_t extent;
      };
      std::vector<D> dims{{"a", 2 + draw.below(3)}, {"b", 1 + draw.below(4)}};
      int made = 0;
      const auto text = [&](bool extents) {
        std::string t;
        for (const D& d : dims) {
          t += extents ? fmt::format("{}={} ", d.name, d.extent) : fmt::format("{} ", d.name);
        }
        return t;
      };
      Linop a = Identity(text(true));
      const int64_t depth = 1 + draw.below(4);
      for (int64_t k = 0; k < depth; ++k) {
        const auto at = static_cast<size_t>(draw.below(static_cast<int64_t>(dims.size())));
        const std::string fresh = fmt::format("p{}", ++made);
        const int64_t n = 1 + draw.below(4);
        Linop op;
        switch (draw.below(is_complex(dtype) ? 8 : 7)) {
          case 0:
            op = Diagonal(draw.tensor(text(true)));
            break;
          case 1:
            op = Diagonal(draw.real(fmt::format("{}={}", dims[at].name, dims[at].extent)),
                          text(false));
            break;
          case 2: {  // a dim replaced by another
            const Tensor w =
                draw.tensor(fmt::format("{}={} {}={}", fresh, n, dims[at].name, dims[at].extent));
            const std::string in = text(false);
            dims[at] = {fresh, n};
            op = Dense(w, fmt::format("{}-> {}", in, text(false)));
            break;
          }
          case 3: {  // a new dim
            const Tensor w = draw.tensor(fmt::format("{}={} {}", fresh, n, text(true)));
            const std::string in = text(false);
            dims.insert(dims.begin(), {fresh, n});
            op = Dense(w, fmt::format("{}-> {}", in, text(false)));
            break;
          }
          case 4: {  // a sum with itself after a Diagonal
            const Linop d = Diagonal(draw.tensor(text(true)));
            op = d + 2.0 * Identity() - d.H() * d;
            break;
          }
          case 5: {
            PadOptions o;
            o.to = {{dims[at].name, dims[at].extent + n}};
            o.at = draw.below(2) == 0 ? "centre" : "start";
            op = Pad(text(true), o);
            dims[at].extent += n;
            if (draw.below(2) == 0) {
              op = op.H() * op;
              dims[at].extent -= n;
            }
            break;
          }
          case 6: {  // a normal
            const Tensor w =
                draw.tensor(fmt::format("{}={} {}={}", fresh, n, dims[at].name, dims[at].extent));
            const std::string in = text(false);
            std::vector<D> out = dims;
            out[at] = {fresh, n};
            std::swap(dims, out);
            op = Dense(w, fmt::format("{}-> {}", in, text(false))).N();
            std::swap(dims, out);
            break;
          }
          case 7: {
            const std::string in = text(false);
            dims[at].name = fresh;
            op = FFT(fmt::format("{}-> {}", in, text(false)));
            if (draw.below(2) == 0) op = op.conj();
            break;
          }
        }
        a = op * a;
      }
      const std::string name = fmt::format("seed {}, {}: {}", seed, name_of(dtype), a.tree());
      INFO(name);
      if (a.field() == Field::complex && !is_complex(dtype)) continue;
      laws::all(subject(name, a, "", dtype, 0, seed, context), context);
    }
  }
}
