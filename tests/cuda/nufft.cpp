// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/parameters.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

// Law 22 of nufft.md: the NUFFT of a GPU against the reference.

using namespace lunops;
using namespace lunops::testing;
using Forced = NufftSpec::Forced;

namespace {

template <class C>
std::vector<std::byte> bytes_of(const std::vector<C>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(C));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

struct Options {
  bool has_maps = false, sum_batch = false, conjugate = false;
  Scale scale = {};
};

// One transform on the GPU.
template <class C>
struct OnGpu {
  NufftSpec spec;
  int64_t batch = 1;
  Options options = {};
  std::vector<C> maps = {};
  mutable Stream stream = Stream(on_gpu::kGpu, Backend::reference());
  std::shared_ptr<const NufftPoints> points = stream.backend().nufft(spec, stream);

  std::vector<int64_t> image_extents() const {
    std::vector<int64_t> e = {spec.frames, options.sum_batch ? 1 : batch};
    e.insert(e.end(), spec.image.begin(), spec.image.end());
    return e;
  }
  std::vector<int64_t> sample_extents() const { return {spec.frames, batch, spec.points}; }

  std::vector<C> run(bool is_adjoint,
                     const std::vector<C>& image,
                     const std::vector<C>& samples) const {
    std::vector<std::byte> image_bytes = bytes_of(image), sample_bytes = bytes_of(samples),
                           map_bytes = bytes_of(maps);
    std::vector<std::byte> room(points->workspace(batch), std::byte{0xff});
    on_gpu::Copied x(image_bytes), y(sample_bytes), m(map_bytes);
    const on_gpu::Copied work(room);
    RawView xv = view_of(image, image_extents()), yv = view_of(samples, sample_extents());
    xv.data = x.data();
    yv.data = y.data();
    NufftMaps attached;
    if (options.has_maps) {
      std::vector<int64_t> e = {batch};
      e.insert(e.end(), spec.image.begin(), spec.image.end());
      attached.maps = view_of(maps, e);
      attached.maps.data = m.data();
    }
    attached.sum_batch = options.sum_batch;
    if (is_adjoint) {
      points->adjoint(yv, attached, options.conjugate, options.scale, xv, work.data(), stream);
    } else {
      points->forward(xv, attached, options.conjugate, options.scale, yv, work.data(), stream);
    }
    stream.wait();
    (is_adjoint ? x : y).bring_back();
    std::vector<C> result(is_adjoint ? image.size() : samples.size());
    std::memcpy(result.data(), (is_adjoint ? image_bytes : sample_bytes).data(),
                result.size() * sizeof(C));
    return result;
  }
};

struct Data {
  std::vector<double> k;
  NufftSpec spec;
};

// The larger error of the two directions.
template <class C>
double error_of(const NufftSpec& spec, int64_t batch, const Options& o = {}) {
  OnGpu<C> ours{spec, batch, o};
  if (o.has_maps) ours.maps = random_numbers<C>(batch * product_of(spec.image), 33);
  Stream host = stream_of();
  const auto exact = reference::make_nufft(spec, host);
  NufftCase theirs{*exact, spec, batch, {}, o.conjugate, o.scale, 2};
  theirs.maps.sum_batch = o.sum_batch;
  if (o.has_maps) {
    std::vector<int64_t> e = {batch};
    e.insert(e.end(), spec.image.begin(), spec.image.end());
    theirs.maps.maps = view_of(ours.maps, e);
  }
  const auto image = random_numbers<C>(product_of(ours.image_extents()), 31);
  const auto samples = random_numbers<C>(product_of(ours.sample_extents()), 32);
  const double forward =
      relative_error(ours.run(false, image, samples), theirs.forward(image, samples));
  const double adjoint =
      relative_error(ours.run(true, image, samples), theirs.adjoint(samples, image));
  return std::max(forward, adjoint);
}

double error_of(const NufftSpec& spec, int64_t batch, const Options& o = {}) {
  return spec.dtype == DType::c64 ? error_of<c64>(spec, batch, o) : error_of<c128>(spec, batch, o);
}

// As errors of images as small as these scatter around the mean that tol speaks of, twice of it.
double allowed(const NufftSpec& spec) { return 2 * nufft::choose(spec).predicted_error + 2e-7; }

constexpr Forced::Method kMethods[] = {Forced::Method::choose, Forced::Method::tile,
                                       Forced::Method::direct};

}  // namespace

TEST_CASE("cuda NUFFT: four pixels and four points by hand", "[cuda]") {
  if (!on_gpu::is_here()) return;
  const std::vector<double> k = {0, 1, -2, 0.5};
  const OnGpu<c128> run{nufft_spec(DType::c128, {4}, k, 1e-12)};

  const auto y = run.run(false, {1, 2, 3, 4}, std::vector<c128>(4));

  CHECK(relative_error(y, std::vector<c128>{
                              5, {1, -1}, -1, {3.6213203435596424, -0.20710678118654757}}) < 1e-11);
}

TEST_CASE("cuda NUFFT: every width agrees with the reference, by each method", "[cuda]") {
  if (!on_gpu::is_here()) return;
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{33}, {12, 13}, {5, 6, 7}}) {
    const auto k = random_points(image, 150, 41);
    for (int width = 2; width <= 16; ++width) {
      for (const DType dtype : {DType::c64, DType::c128}) {
        // From 8 on rounding of c64 outgrows aliasing at this oversampling.
        if (dtype == DType::c64 && width > 8) continue;
        for (const Forced::Method method : kMethods) {
          NufftSpec spec = nufft_spec(dtype, image, k, 0);
          spec.width = width;
          spec.oversamp = {2, 2, 2};
          spec.forced.method = method;
          CAPTURE(image, width, name_of(dtype), static_cast<int>(method));
          CHECK(error_of(spec, 3) <= allowed(spec) + (dtype == DType::c64 ? 1e-6 : 0));
        }
      }
    }
  }
}

TEST_CASE("cuda NUFFT: batches, frames, elements of a block and groups agree with the reference",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  const std::vector<int64_t> image = {17, 22};
  const auto k = random_points(image, 600, 42);
  const std::vector<int64_t> counts = {200, 0, 37};
  for (const int64_t batch : {1, 2, 5, 8, 13}) {
    for (const int64_t elements : {0, 1, 4}) {
      for (const int64_t group_bytes : {0, 1}) {
        for (const bool deterministic : {false, true}) {
          NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-4, 3);
          spec.forced.elements = elements;
          spec.forced.group_bytes = group_bytes;
          spec.deterministic = deterministic;
          CAPTURE(batch, elements, group_bytes, deterministic);
          CHECK(error_of(spec, batch) <= allowed(spec));
          spec.counts = counts.data();
          CHECK(error_of(spec, batch, {false, false, true, {{0.5, 1.0}, {0.25, 0.5}}}) <=
                allowed(spec));
        }
      }
    }
  }
}

TEST_CASE("cuda NUFFT: attached maps, their sum, conj and scales agree with the reference",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  const std::vector<int64_t> image = {9, 14};
  const auto k = random_points(image, 400, 43);
  for (const DType dtype : {DType::c64, DType::c128}) {
    for (const bool sum_batch : {false, true}) {
      for (const bool conjugate : {false, true}) {
        for (const int64_t group_bytes : {0, 1}) {
          NufftSpec spec = nufft_spec(dtype, image, k, 1e-5, 2);
          spec.forced.elements = 2;
          spec.forced.group_bytes = group_bytes;
          CAPTURE(name_of(dtype), sum_batch, conjugate, group_bytes);
          CHECK(error_of(spec, 5, {true, sum_batch, conjugate, {}}) <= allowed(spec));
          CHECK(error_of(spec, 5, {true, sum_batch, conjugate, {{2, -1}, {0.5, 1}}}) <=
                allowed(spec));
        }
      }
    }
  }
}

TEST_CASE("cuda NUFFT: nearest mode agrees with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{1}, {31}, {8, 9}, {4, 5, 6}}) {
    const auto k = random_points(image, 100, 44);
    for (const Forced::Method method : kMethods) {
      for (const bool deterministic : {false, true}) {
        NufftSpec spec = nufft_spec(DType::c128, image, k, 0);
        spec.is_nearest = true;
        spec.forced.method = method;
        spec.deterministic = deterministic;
        CAPTURE(image, static_cast<int>(method), deterministic);
        CHECK(error_of(spec, 2) <= 1e-13);
      }
    }
  }
}

TEST_CASE("cuda NUFFT: slabs without image are left out of large grids", "[cuda]") {
  if (!on_gpu::is_here()) return;
  // Odd and even numbers of slabs; 2^18 cells and more.
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{5, 160, 160}, {4, 160, 160}}) {
    const auto k = random_points(image, 12, 45);
    NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-3);
    for (const Forced::Method method : kMethods) {
      spec.forced.method = method;
      CHECK(error_of(spec, 2) <= allowed(spec));
    }
  }
}

TEST_CASE("cuda NUFFT: a tile with nearly all points is cut, points on cells and at the edge",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::vector<double> k(2 * 3000, 0.25);
  const std::vector<double> special = {0, 0, -8, 8, 7.5, -7.5, 0.5, -0.5, 8, 8, 24, -40};
  std::copy(special.begin(), special.end(), k.begin());
  for (const DType dtype : {DType::c64, DType::c128}) {
    for (const bool deterministic : {false, true}) {
      NufftSpec spec = nufft_spec(dtype, {16, 16}, k, 1e-5);
      spec.deterministic = deterministic;
      CAPTURE(name_of(dtype), deterministic);
      CHECK(error_of(spec, 3) <= allowed(spec));
    }
  }
}

TEST_CASE(
    "cuda NUFFT: deterministic sums have the same bits for any batch, block, group and frames",
    "[cuda]") {
  if (!on_gpu::is_here()) return;
  const std::vector<int64_t> image = {14, 15};
  // Dense in the middle, so that tiles are cut.
  auto k = random_points(image, 3 * 1500, 46);
  for (size_t i = 0; i < k.size(); i += 3) k[i] *= 0.05;
  NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-5, 3);
  spec.deterministic = true;
  const int64_t batch = 5, pixels = product_of(image), points = spec.points;
  const auto samples = random_numbers<c64>(3 * batch * points, 47);
  const auto x = random_numbers<c64>(3 * batch * pixels, 48);
  for (const Forced::Method method : {Forced::Method::tile, Forced::Method::direct}) {
    spec.forced.method = method;
    const OnGpu<c64> all{spec, batch};
    const auto z = all.run(true, std::vector<c64>(x.size()), samples);
    const auto y = all.run(false, x, std::vector<c64>(samples.size()));

    SECTION("again, by other blocks and groups") {
      CHECK(all.run(true, std::vector<c64>(x.size()), samples) == z);
      NufftSpec other = spec;
      other.forced.elements = 1;
      other.forced.group_bytes = 1;
      const OnGpu<c64> narrow{other, batch};
      CHECK(narrow.run(true, std::vector<c64>(x.size()), samples) == z);
      CHECK(narrow.run(false, x, std::vector<c64>(samples.size())) == y);
    }
    SECTION("one frame and one image alone") {
      const int64_t f = 1, b = 3;
      NufftSpec one = spec;
      one.frames = 1;
      one.coordinates = k.data() + f * points * 2;
      one.whole = {3, points};
      const OnGpu<c64> alone{one, 1};
      const auto part = [](const std::vector<c64>& v, int64_t number, int64_t count) {
        return std::vector<c64>(v.begin() + number * count, v.begin() + (number + 1) * count);
      };
      const int64_t at = f * batch + b;
      CHECK(alone.run(true, std::vector<c64>(static_cast<size_t>(pixels)),
                      part(samples, at, points)) == part(z, at, pixels));
      CHECK(alone.run(false, part(x, at, pixels), std::vector<c64>(static_cast<size_t>(points))) ==
            part(y, at, points));
    }
  }
}

TEST_CASE("cuda NUFFT: adjoint and forward are transposes at full accuracy", "[cuda]") {
  if (!on_gpu::is_here()) return;
  for (const std::vector<int64_t>& image : {std::vector<int64_t>{40}, {17, 12}, {6, 7, 8}}) {
    const auto k = random_points(image, 300, 49);
    for (const Forced::Method method : kMethods) {
      for (const bool deterministic : {false, true}) {
        NufftSpec spec = nufft_spec(DType::c128, image, k, 1e-2);
        spec.forced.method = method;
        spec.deterministic = deterministic;
        const OnGpu<c128> a{spec, 3};
        const auto x = random_numbers<c128>(3 * product_of(image), 50);
        const auto y = random_numbers<c128>(3 * spec.points, 51);
        const double one = real_inner(a.run(false, x, y), y),
                     other = real_inner(x, a.run(true, x, y));
        // Sums of about 10^3 products in double.
        CHECK(std::abs(one - other) <= 1e-11 * std::abs(one));
      }
    }
  }
}

TEST_CASE("cuda NUFFT: a coordinate that is no number is refused as everywhere", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::vector<double> k = {0, 1, 2, 0.0 / 0.0};
  Stream stream(on_gpu::kGpu, Backend::reference());
  const NufftSpec spec = nufft_spec(DType::c64, {8, 8}, k, 1e-3);

  CHECK_THROWS_WITH(stream.backend().nufft(spec, stream),
                    "NUFFT: coordinate at frame=0, point=1, d=1 is " +
                        std::string(std::signbit(k[3]) ? "-nan" : "nan"));
  k[3] = 1;
  CHECK(error_of(spec, 1) <= allowed(spec));
}
