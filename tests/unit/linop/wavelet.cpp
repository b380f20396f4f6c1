// SPDX-License-Identifier: MIT
#include <cmath>
#include <numbers>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/linop/transform/daubechies.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

WaveletOptions of(const char* family, std::optional<int64_t> levels = {}) {
  WaveletOptions o;
  o.family = family;
  o.levels = levels;
  return o;
}

std::vector<c128> result_of(const Linop& a, const char* shape, const std::vector<c128>& x) {
  Context context;
  return values_of(a(tensor(shape, x, DType::f64), context));
}

void check_close(const std::vector<c128>& a, const std::vector<c128>& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < tolerance);
}

}  // namespace

TEST_CASE("daubechies: the filters are those of the published tables", "[linop]") {
  // Daubechies, Ten Lectures on Wavelets (1992), table 6.1, to 16 digits as in PyWavelets.
  const std::vector<std::pair<int, std::vector<double>>> tables = {
      {1, {0.7071067811865476, 0.7071067811865476}},
      {2, {0.4829629131445342, 0.8365163037378079, 0.2241438680420134, -0.1294095225512604}},
      {4,
       {0.2303778133088965, 0.7148465705529157, 0.6308807679298589, -0.02798376941685985,
        -0.1870348117190931, 0.03084138183556076, 0.0328830116668852, -0.01059740178506903}},
      {7,
       {0.07785205408500918, 0.3965393194819173, 0.7291320908462351, 0.4697822874051931,
        -0.143906003928565, -0.224036184993875, 0.07130921926683026, 0.08061260915108308,
        -0.03802993693501441, -0.01657454163066688, 0.01255099855609984, 0.0004295779729213665,
        -0.001801640704047491, 0.0003537137999745202}},
      {10, {0.02667005790055555,   0.1881768000776915,     0.5272011889317256,
            0.6884590394536035,    0.2811723436605775,     -0.2498464243273154,
            -0.195946274377377,    0.1273693403357933,     0.09305736460357235,
            -0.07139414716639708,  -0.02945753682187581,   0.033212674059341,
            0.00360655356695617,   -0.01073317548333057,   0.001395351747052901,
            0.001992405295185056,  -0.0006858566949597116, -0.0001164668551292854,
            9.358867032006959e-05, -1.326420289452124e-05}},
  };
  for (const auto& [p, expected] : tables) {
    const std::vector<double> h = daubechies(p);

    REQUIRE(h.size() == expected.size());
    // What is asked for; the roots of a polynomial of degree 9 lose about four digits.
    for (size_t k = 0; k < h.size(); ++k) CHECK(std::abs(h[k] - expected[k]) < 1e-10);
  }
}

TEST_CASE("daubechies: every filter is orthogonal to its even shifts", "[linop]") {
  for (int p = 1; p <= kMostVanishingMoments; ++p) {
    const std::vector<double> h = daubechies(p);
    double sum = 0;
    for (const double c : h) sum += c;

    CHECK(sum == Approx(std::numbers::sqrt2).epsilon(1e-15));
    for (size_t shift = 0; shift < h.size(); shift += 2) {
      double product = 0;
      for (size_t k = shift; k < h.size(); ++k) product += h[k] * h[k - shift];
      CHECK(std::abs(product - (shift == 0 ? 1 : 0)) < 1e-11);
    }
  }
}

TEST_CASE("Wavelet: four samples by hand", "[linop]") {
  const double r = std::sqrt(0.5);

  check_close(result_of(Wavelet("x", of("haar", 1)), "x=4", {1, 2, 3, 4}),
              {2.1213203435596424, 4.949747468305833, -r, -r}, 1e-14);
  check_close(result_of(Wavelet("x", of("db1", 2)), "x=4", {1, 2, 3, 4}), {5, -2, -r, -r}, 1e-14);
  // Seven digits are published with the definition.
  check_close(result_of(Wavelet("x", of("db2", 1)), "x=4", {1, 2, 3, 4}),
              {2.3107890, 4.7602788, 0, -1.4142136}, 1e-7);
}

TEST_CASE("Wavelet: extents are padded, levels follow from them, and the adjoint crops",
          "[linop]") {
  WaveletOptions options = of("db2");
  options.extent = {{"y", 20}, {"x", 37}};
  const Linop w = Wavelet("y x", options);

  // 2^2 (2*2 - 1) = 12 <= 20 < 24.
  CHECK(w.signature().text() == "y=20 x=37 -> wy=20 wx=40");
  CHECK(w.N().kind() == "Identity");
  CHECK((w * w.H()).kind() == "Chain");
  CHECK(w.H().N().kind() != "Identity");
  options.extent = {{"y", 20}, {"x", 40}};
  CHECK(Wavelet("y x", options).H().N().kind() == "Identity");
}

TEST_CASE("Wavelet: sub-bands cover the coefficients once", "[linop]") {
  WaveletOptions options = of("haar", 2);
  options.extent = {{"y", 8}, {"x", 11}};
  const std::vector<WaveletBand> bands = wavelet_bands(Wavelet("y x", options));

  REQUIRE(bands.size() == 7);
  CHECK(bands[0].level == 2);
  CHECK(bands[0].orientation == "aa");
  CHECK(bands[0].ranges[1].dim == "wx");
  CHECK(bands[0].ranges[1].first == 0);
  CHECK(bands[0].ranges[1].count == 3);
  CHECK(bands[4].level == 1);
  CHECK(bands[4].orientation == "ad");
  CHECK(bands[4].ranges[0].count == 4);
  CHECK(bands[4].ranges[1].first == 6);
  std::vector<int> covered(8 * 12);
  for (const WaveletBand& band : bands) {
    for (int64_t y = 0; y < band.ranges[0].count; ++y) {
      for (int64_t x = 0; x < band.ranges[1].count; ++x)
        ++covered[static_cast<size_t>((band.ranges[0].first + y) * 12 + band.ranges[1].first + x)];
    }
  }
  CHECK(covered == std::vector<int>(8 * 12, 1));
}

TEST_CASE("Wavelet: errors say what is known", "[linop]") {
  CHECK(error_of([] { Wavelet("x", of("db11")); }) ==
        "Wavelet: family is 'db11'; it is haar or db1 to db10; did you mean 'db1'?");
  CHECK(error_of([] { Wavelet("x=4 -> wx", of("haar", 4)); }) ==
        "Wavelet: 4 levels make blocks of 2^4, more than twice the extent 4; give fewer levels");
  CHECK(error_of([] { Wavelet("x", of("haar", 0)); }) ==
        "Wavelet: levels is 0; it is a whole number from 1");
  CHECK(error_of([] { Wavelet("x -> x"); }) ==
        "Wavelet: \"x -> x\" has the same dims on both sides, so nothing is transformed; write \"x "
        "-> wx\"");
  CHECK(error_of([] {
          result_of(Wavelet("x").H(), "wx=4", {1, 2, 3, 4});
        }) == "Wavelet.H: extent of 'x' is unknown; give extent = {x = …}");
  CHECK(error_of([] {
          WaveletOptions o;
          o.dims = {"x"};
          Wavelet("y x -> wy wx", o);
        }) == "Wavelet: dims: \"y x -> wy wx\" replaces 'y' too; add it to 'dims', or keep 'y'");
  CHECK(error_of([] {
          result_of(Wavelet("y x") * Repeat("y -> y x"), "y=2", {1, 2});
        }) == "Chain: extent of 'wy' is unknown; give extent = {wy = …}");
  CHECK(error_of([] { wavelet_bands(Identity("x")); }) ==
        "bands: Identity has no sub-bands; they are those of a Wavelet");
}
