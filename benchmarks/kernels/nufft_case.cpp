// SPDX-License-Identifier: MIT
// One NUFFT problem, timed on request: the half of a paired comparison that runs our kernels.
//
//   nufft_case --image 256x256 --coils 8 --coordinates FILE [--tol T | --width W --oversamp S]
//              [--threads N] [--normal]
//
// FILE holds f64 {points, dims}, cycles per field of view.  Data are c64.  Prints one JSON line
// about the plan, then answers lines of standard input with JSON lines:
//   load image|samples FILE      c64 {coils, …}; random numbers otherwise
//   forward N | adjoint N | normal N     seconds of N applications, one by one
//   save image|samples FILE      the result of the last adjoint | forward
//   quit
// `--normal` plans the SENSE normal operator with random maps and unit weights as well.
#include <chrono>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/stream.hpp"

using namespace lunops;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T>
void read_file(const std::string& path, std::vector<T>& data) {
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(data.data()),
                 static_cast<std::streamsize>(data.size() * sizeof(T))))
    fail(Code::file, "read", "'{}' has fewer than {} bytes", path, data.size() * sizeof(T));
}

std::vector<c64> random_numbers(int64_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<c64> v(static_cast<size_t>(n));
  for (c64& c : v) c = {normal(generator), normal(generator)};
  return v;
}

RawView view_of(std::vector<c64>& data, const std::vector<int64_t>& extents) {
  RawView v;
  v.data = data.data();
  v.dtype = DType::c64;
  v.ndim = static_cast<int>(extents.size());
  int64_t stride = 1;
  for (size_t d = extents.size(); d-- > 0;) {
    v.extent[d] = extents[d];
    v.stride[d] = stride;
    stride *= extents[d];
  }
  return v;
}

struct Memory {
  explicit Memory(size_t bytes)
      : data(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)), &std::free) {
  }
  std::unique_ptr<std::byte, decltype(&std::free)> data;
};

int64_t product(const std::vector<int64_t>& v) {
  int64_t n = 1;
  for (const int64_t e : v) n *= e;
  return n;
}

void run(int argc, char** argv) {
  NufftSpec spec;
  spec.tol = 1e-3;
  int64_t coils = 1;
  int threads = 1;
  bool with_normal = false;
  std::string coordinate_file;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto value = [&]() -> std::string {
      if (++i >= argc) fail(Code::argument, "nufft_case", "{} needs a value", option);
      return argv[i];
    };
    if (option == "--image") {
      std::stringstream text(value());
      std::string extent;
      while (std::getline(text, extent, 'x')) spec.image.push_back(std::stoll(extent));
    } else if (option == "--coils") {
      coils = std::stoll(value());
    } else if (option == "--coordinates") {
      coordinate_file = value();
    } else if (option == "--tol") {
      spec.tol = std::stod(value());
    } else if (option == "--width") {
      spec.width = std::stoi(value());
    } else if (option == "--oversamp") {
      const double sigma = std::stod(value());
      spec.oversamp = {sigma, sigma, sigma};
    } else if (option == "--threads") {
      threads = std::stoi(value());
    } else if (option == "--normal") {
      with_normal = true;
    } else {
      fail(Code::argument, "nufft_case", "unknown option '{}'", option);
    }
  }
  std::ifstream size(coordinate_file, std::ios::binary | std::ios::ate);
  if (!size || spec.image.empty())
    fail(Code::argument, "nufft_case", "--image and --coordinates are needed");
  const auto dims = static_cast<int64_t>(spec.image.size());
  spec.points = static_cast<int64_t>(size.tellg()) / (8 * dims);
  std::vector<double> coordinates(static_cast<size_t>(spec.points * dims));
  read_file(coordinate_file, coordinates);
  spec.coordinates = coordinates.data();

  Backend& backend = Backend::cpu();
  Stream stream(Device::host(), backend, threads);
  double start = now();
  const auto points = backend.nufft(spec, stream);
  const double planning = now() - start;

  const int64_t pixels = product(spec.image);
  std::vector<int64_t> image_extents = {1, coils};
  image_extents.insert(image_extents.end(), spec.image.begin(), spec.image.end());
  std::vector<c64> image = random_numbers(coils * pixels, 1);
  std::vector<c64> samples = random_numbers(coils * spec.points, 2);
  std::vector<c64> image_out(image.size()), samples_out(samples.size());
  const Memory memory(points->workspace(coils));

  std::shared_ptr<const ToeplitzKernel> normal;
  std::vector<c64> maps, x, y;
  NufftMaps attached;
  double build = 0;
  if (with_normal) {
    ToeplitzSpec t;
    t.nufft = spec;
    start = now();
    normal = backend.toeplitz(t, stream);
    build = now() - start;
    maps = random_numbers(coils * pixels, 3);
    x = random_numbers(pixels, 4);
    y.resize(x.size());
    std::vector<int64_t> extents = {coils};
    extents.insert(extents.end(), spec.image.begin(), spec.image.end());
    attached.maps = view_of(maps, extents);
    attached.sum_batch = true;
  }
  const Memory normal_memory(normal == nullptr ? 0 : normal->workspace(coils));

  const NufftParameters& p = points->parameters();
  fmt::print(
      "{{\"width\":{},\"oversamp\":{:.4f},\"grid\":[{},{},{}],\"predicted_error\":{:.3e},"
      "\"points\":{},"
      "\"threads\":{},\"planning_seconds\":{:.4f},\"build_seconds\":{:.4f},\"workspace\":{}}}\n",
      p.width, p.oversamp[0], p.grid[0], p.grid[1], p.grid[2], p.predicted_error, spec.points,
      stream.threads(), planning, build, points->workspace(coils));
  std::fflush(stdout);

  const std::vector<int64_t> sample_extents = {1, coils, spec.points};
  std::string line;
  while (std::getline(std::cin, line)) {
    std::stringstream words(line);
    std::string command, name, path;
    words >> command;
    if (command == "quit") break;
    if (command == "load" || command == "save") {
      words >> name >> path;
      if (command == "load") {
        read_file(path, name == "image" ? image : samples);
      } else {
        const std::vector<c64>& data = name == "image" ? image_out : samples_out;
        std::ofstream file(path, std::ios::binary);
        file.write(reinterpret_cast<const char*>(data.data()),
                   static_cast<std::streamsize>(data.size() * sizeof(c64)));
      }
      fmt::print("{{}}\n");
    } else {
      int runs = 1;
      words >> runs;
      std::string seconds;
      for (int i = 0; i < runs; ++i) {
        start = now();
        if (command == "forward") {
          points->forward(view_of(image, image_extents), {}, false, {},
                          view_of(samples_out, sample_extents), memory.data.get(), stream);
        } else if (command == "adjoint") {
          points->adjoint(view_of(samples, sample_extents), {}, false, {},
                          view_of(image_out, image_extents), memory.data.get(), stream);
        } else if (command == "normal" && normal != nullptr) {
          std::vector<int64_t> extents = image_extents;
          extents[1] = 1;
          normal->run(view_of(x, extents), attached, false, false, {}, view_of(y, extents),
                      normal_memory.data.get(), stream);
        } else {
          fail(Code::argument, "nufft_case", "unknown command '{}'", line);
        }
        seconds += fmt::format("{}{:.6e}", i == 0 ? "" : ",", now() - start);
      }
      fmt::print("{{\"seconds\":[{}]}}\n", seconds);
    }
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc, argv);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
