// SPDX-License-Identifier: MIT
// Toeplitz normals of the CUDA backend against the sums of the reference.
#include <cmath>
#include <complex>

#include <catch2/catch.hpp>

#include "tests/cuda/on_gpu.hpp"

using namespace lunops;
using namespace lunops::compared;
using Views = std::vector<RawView>;
using Form = ToeplitzSpec::Form;

namespace {

struct Problem {
  std::vector<int64_t> image;
  DType dtype = DType::c128;
  int64_t frames = 1, points = 20, batch = 1, kernels = 1, matrix = 0;
  bool is_complex = false, is_hermitian = true, sum_frames = false, is_nearest = false;
  bool is_deterministic = false;
  int64_t group_bytes = 0;  // forced
  Form form = Form::embedded;
  bool has_maps = false, sum_batch = false, conjugate = false, adjoint = false;
  unsigned missing = 0;  // dims of {batch, image} that the maps lack, as a bit mask
  Scale scale = {{0.5, 1.0}, {0.25, -0.5}};
  Strides strides = Strides::contiguous;  // of frames and batch
};

// The kernel is built to tol / 10 of what the reference sums.
double tol_of(DType t) { return t == DType::c128 ? 1e-9 : 1e-5; }

class Made {
 public:
  explicit Made(const Problem& p) : p_(p) {
    std::mt19937_64 random(21);
    std::uniform_real_distribution<double> unit(-1, 1);
    for (int64_t j = 0; j < p.frames * p.points; ++j) {
      for (const int64_t n : p.image) k_.push_back(0.55 * unit(random) * static_cast<double>(n));
    }
    const int64_t all = p.frames * p.points * std::max<int64_t>(1, p.kernels);
    for (int64_t i = 0; i < all; ++i) {
      re_.push_back(std::abs(unit(random)));
      im_.push_back(unit(random));
    }
    const int64_t images = p.matrix > 0 ? p.matrix : p.sum_frames ? 1 : p.frames;
    std::vector<int64_t> extents = {images, p.has_maps && p.sum_batch ? 1 : p.batch};
    extents.insert(extents.end(), p.image.begin(), p.image.end());
    x_ = image(extents, p.strides, random);
    y_ = image(extents, Strides::gaps, random);
    std::vector<int64_t> of_maps = {p.batch};
    of_maps.insert(of_maps.end(), p.image.begin(), p.image.end());
    maps_ = draw::array(of_maps, p.dtype, Strides::reversed, random, p.missing);
  }

  ToeplitzSpec spec() const {
    ToeplitzSpec s;
    s.nufft.dtype = p_.dtype;
    s.nufft.image = p_.image;
    s.nufft.frames = p_.frames;
    s.nufft.points = p_.points;
    s.nufft.coordinates = k_.data();
    s.nufft.tol = tol_of(p_.dtype);
    s.nufft.is_nearest = p_.is_nearest;
    s.nufft.deterministic = p_.is_deterministic;
    s.nufft.forced.group_bytes = p_.group_bytes;
    s.form = p_.form;
    s.sum_frames = p_.sum_frames;
    s.kernels = p_.kernels;
    if (p_.matrix > 0) {
      s.matrix = p_.matrix;
      s.is_hermitian = p_.is_hermitian;
      s.kernels = matrix_kernels(p_.matrix, p_.is_hermitian);
      s.has_complex_fill = p_.is_complex;
      // A diagonal of a Hermitian matrix is real.
      s.fill = [this, s](int64_t kernel, double* re, double* im) {
        bool is_diagonal = false;
        for (int64_t a = 0; a < p_.matrix; ++a) {
          const auto pair = matrix_entry(p_.matrix, p_.is_hermitian, false, false, a, a);
          is_diagonal = is_diagonal || pair.kernel == kernel;
        }
        for (int64_t j = 0; j < s.points_per_kernel(); ++j) {
          const double angle = 0.7 * static_cast<double>(kernel) + 0.1 * static_cast<double>(j);
          re[j] = std::cos(angle);
          if (im != nullptr) im[j] = p_.is_hermitian && is_diagonal ? 0 : std::sin(angle);
        }
      };
    } else {
      s.weights_real = re_.data();
      if (p_.is_complex) s.weights_imag = im_.data();
    }
    return s;
  }

  // {x, y, maps}: y is written.
  std::vector<Array> arrays() const { return {maps_, x_, y_}; }

  void run(const ToeplitzKernel& kernel, const Views& v, Stream& s) const {
    NufftMaps maps;
    if (p_.has_maps) maps.maps = v[0];
    maps.sum_batch = p_.has_maps && p_.sum_batch;
    on_gpu::Room room(kernel.workspace(p_.batch), s);
    kernel.run(v[1], maps, p_.conjugate, p_.adjoint, p_.scale, v[2], room.data(), s);
  }

  double difference() const {
    return on_gpu::compare(arrays(), 2, [&](Backend& b, const Views& v, Stream& s) {
      const auto kernel = b.toeplitz(spec(), s);
      if (s.native() != nullptr) {
        CHECK(kernel->is_embedded() == (p_.form != Form::decomposed));
        CHECK(kernel->is_real() == !p_.is_complex);
      }
      run(*kernel, v, s);
    });
  }

 private:
  // Images have no gaps within; frames and batch elements may lie anyhow.
  Array image(const std::vector<int64_t>& extents, Strides strides, std::mt19937_64& random) const {
    int64_t pixels = 1;
    for (size_t d = 2; d < extents.size(); ++d) pixels *= extents[d];
    Array a = draw::array({extents[0], extents[1] * pixels * 2 + 3}, p_.dtype, Strides::contiguous,
                          random);
    a.shape.ndim = static_cast<int>(extents.size());
    int64_t step = 1;
    for (size_t d = extents.size(); d-- > 0;) {
      a.shape.extent[d] = extents[d];
      if (d > 1) a.shape.stride[d] = step;
      if (d > 1) step *= extents[d];
    }
    const int64_t apart = strides == Strides::contiguous ? step : 2 * step;
    a.shape.stride[1] = apart;
    a.shape.stride[0] = extents[1] * apart + (strides == Strides::contiguous ? 0 : 3);
    return a;
  }

  Problem p_;
  std::vector<double> k_, re_, im_;
  Array x_, y_, maps_;
};

// Sums over points of weights below 1, divided by the pixels.
double allowed(const Problem& p) {
  return 4 * tol_of(p.dtype) * static_cast<double>(std::max<int64_t>(1, p.matrix));
}

void check(const Problem& p) {
  CAPTURE(p.image, p.group_bytes, p.frames, p.batch, p.kernels, p.matrix, p.is_complex, p.conjugate,
          p.adjoint, p.has_maps, p.sum_batch, p.missing, static_cast<int>(p.form),
          p.is_deterministic, name_of(p.dtype));
  REQUIRE(Made(p).difference() <= allowed(p));
}

}  // namespace

TEST_CASE("cuda: Toeplitz normals of odd, even and single extents agree with the reference",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : std::vector<std::vector<int64_t>>{
           {1}, {7}, {8}, {33}, {6, 7}, {5, 1}, {1, 4}, {12, 9}, {4, 5, 6}, {3, 1, 5}, {1, 1, 2}}) {
    for (const Form form : {Form::embedded, Form::decomposed}) {
      for (const bool is_complex : {false, true}) {
        Problem p;
        p.image = image;
        p.form = form;
        p.is_complex = is_complex;
        p.dtype = is_complex ? DType::c128 : DType::c64;
        check(p);
      }
    }
  }
}

TEST_CASE("cuda: Toeplitz normals conjugated and transposed agree with the reference",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  for (const Form form : {Form::embedded, Form::decomposed}) {
    for (const bool conjugate : {false, true}) {
      for (const bool adjoint : {false, true}) {
        Problem p;
        p.image = {5, 6};
        p.form = form;
        p.is_complex = true;
        p.conjugate = conjugate;
        p.adjoint = adjoint;
        check(p);
      }
    }
  }
}

TEST_CASE("cuda: Toeplitz normals of frames, batches and maps agree with the reference",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : std::vector<std::vector<int64_t>>{{9}, {5, 6}, {3, 4, 5}}) {
    for (const bool is_deterministic : {false, true}) {
      for (const bool has_maps : {false, true}) {
        for (const bool sum_batch : {false, true}) {
          if (sum_batch && !has_maps) continue;
          for (const unsigned missing : {0U, 1U, 4U}) {
            if (missing != 0 && (!has_maps || missing >> (image.size() + 1) != 0)) continue;
            Problem p;
            p.image = image;
            p.frames = 2;
            p.batch = 3;
            p.points = 11;
            p.form = sum_batch ? Form::decomposed : Form::embedded;
            p.is_deterministic = is_deterministic;
            p.has_maps = has_maps;
            p.sum_batch = sum_batch;
            p.missing = missing;
            p.strides = has_maps ? Strides::gaps : Strides::contiguous;
            check(p);
            p.kernels = 3;
            p.form = Form::embedded;
            check(p);
          }
        }
      }
    }
  }
}

TEST_CASE("cuda: Toeplitz normals in groups of any size agree with the reference",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  // Bytes of one line along z, of a few, of one image, of some images: 5 frames x 7 coils are cut
  // into unequal groups.
  for (const auto& image : std::vector<std::vector<int64_t>>{{5}, {3, 4}, {3, 4, 5}}) {
    for (const int64_t bytes : {1, 3000, 9000, 20000}) {
      for (const bool sum_batch : {false, true}) {
        for (const Form form : {Form::embedded, Form::decomposed}) {
          Problem p;
          p.image = image;
          p.frames = 5;
          p.batch = 7;
          p.points = 6;
          p.form = form;
          p.group_bytes = bytes;
          p.has_maps = p.sum_batch = sum_batch;
          check(p);
          p.frames = 1;
          p.matrix = 2;
          check(p);
        }
      }
    }
  }
}

TEST_CASE("cuda: Toeplitz normals of one image of all frames, and of moved points",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  p.image = {6, 5};
  p.frames = 3;
  p.sum_frames = true;
  check(p);
  p.is_nearest = true;
  check(p);
}

TEST_CASE("cuda: matrix-valued Toeplitz normals agree with the reference", "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : std::vector<std::vector<int64_t>>{{7}, {5, 4}, {3, 4, 5}}) {
    for (const bool is_hermitian : {false, true}) {
      for (const bool adjoint : {false, true}) {
        for (const bool conjugate : {false, true}) {
          Problem p;
          p.image = image;
          p.matrix = 3;
          p.is_hermitian = is_hermitian;
          p.is_complex = !is_hermitian || image.size() == 2;
          p.adjoint = adjoint;
          p.conjugate = conjugate;
          p.batch = 2;
          p.has_maps = p.sum_batch = adjoint;
          p.is_deterministic = conjugate;
          p.form = conjugate ? Form::decomposed : Form::embedded;
          check(p);
        }
      }
    }
  }
}

TEST_CASE("cuda: a Toeplitz normal of no images writes nothing, one of no coils scales",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  p.image = {4, 5};
  p.scale = {0.0, {0.5, 0.0}};
  CHECK(Made(p).difference() <= 1e-14);
  p.frames = 0;
  CHECK(Made(p).difference() == 0);
  p.frames = 1;
  p.batch = 0;
  CHECK(Made(p).difference() == 0);
}

TEST_CASE("cuda: what a Toeplitz normal takes is known before it is made", "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : std::vector<std::vector<int64_t>>{{9}, {5, 6}, {3, 4, 5}}) {
    for (const Form form : {Form::embedded, Form::decomposed}) {
      Problem p;
      p.image = image;
      p.form = form;
      p.frames = 2;
      p.is_complex = image.size() == 2;
      const Made made(p);
      Stream stream(on_gpu::kGpu, Backend::reference());

      const auto expected = stream.backend().nufft_bytes(made.spec(), p.is_complex, 3, stream);
      const auto kernel = stream.backend().toeplitz(made.spec(), stream);

      CHECK(kernel->bytes() == expected.kernel);
      CHECK(expected.building > expected.kernel);
      // Planes and lines are exact, the work area of cuFFT is a guess of as much again at most.
      CHECK(kernel->workspace(3) <= expected.toeplitz);
      CHECK(expected.toeplitz <= 2 * kernel->workspace(3));
    }
  }
}

TEST_CASE("cuda: bits of a deterministic Toeplitz normal depend neither on runs nor on the batch",
          "[cuda][toeplitz]") {
  if (!on_gpu::is_here()) return;
  for (const Form form : {Form::embedded, Form::decomposed}) {
    Problem p;
    p.image = {6, 7};
    p.dtype = DType::c64;
    p.batch = 3;
    p.is_deterministic = true;
    p.form = form;
    p.has_maps = true;
    p.scale = {};
    const Made made(p);

    // Against each other by way of equal differences from zeros of the reference: y is written by
    // single images first, then by all, and compared where it lies.
    std::vector<Array> results;
    for (int run = 0; run < 3; ++run) {
      std::vector<Array> arrays = made.arrays();
      Stream stream(on_gpu::kGpu, Backend::reference());
      {
        std::vector<std::unique_ptr<on_gpu::Copied>> copies;
        Views v;
        for (Array& a : arrays) {
          copies.push_back(std::make_unique<on_gpu::Copied>(a.memory));
          RawView view = a.shape;
          view.data = copies.back()->data() + a.start * static_cast<int64_t>(size_of(view.dtype));
          v.push_back(view);
        }
        const auto kernel = stream.backend().toeplitz(made.spec(), stream);
        if (run < 2) {
          made.run(*kernel, v, stream);
        } else {
          for (int64_t b = 0; b < p.batch; ++b) {
            Views one = v;
            for (size_t i = 0; i < 3; ++i) {
              const size_t dim = i == 0 ? 0 : 1;
              one[i].extent[dim] = 1;
              one[i].data = static_cast<std::byte*>(v[i].data) +
                            b * v[i].stride[dim] * static_cast<int64_t>(size_of(p.dtype));
            }
            NufftMaps maps;
            maps.maps = one[0];
            on_gpu::Room room(kernel->workspace(1), stream);
            kernel->run(one[1], maps, false, false, p.scale, one[2], room.data(), stream);
          }
        }
        stream.wait();
        copies[2]->bring_back();
      }
      results.push_back(arrays[2]);
    }

    CHECK(results[0].memory == results[1].memory);
    CHECK(results[0].memory == results[2].memory);
  }
}
