// SPDX-License-Identifier: MIT
// One radial NUFFT problem on a device, timed on request: the half of a paired comparison that runs
// our kernels.
//
//   bench_gpu_case --image 256x256 --spokes 402 --samples 512 --coils 8 [--tol 1e-3] [--device
//   cuda:0]
//
// Answers lines of standard input with JSON lines:
//   trajectory FILE              writes f64 {points, dims}, cycles per field of view
//   load image|samples FILE      c64 {coil, …}; random numbers otherwise
//   forward N | adjoint N        seconds of one of N applications, with one synchronisation at the
//   end normal N                     the same of SENSE with random maps, by Toeplitz save FILE the
//   result of the last of them quit
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "benchmarks/gpu/measure.hpp"
#include "benchmarks/gpu/problem.hpp"
#include "runtime/core/error.hpp"

using namespace lunops;
using namespace lunops::bench;

namespace {

struct Given {
  Problem problem;
  Device device;
};

Given parse(int argc, char** argv) {
  Given given;
  std::string device = "cuda:0";
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc) fail(Code::argument, "bench_gpu_case", "{} needs a value", option);
    const std::string value = argv[i + 1];
    if (option == "--image") {
      std::stringstream text(value);
      std::string extent;
      while (std::getline(text, extent, 'x')) given.problem.image.push_back(std::stoll(extent));
    } else if (option == "--spokes") {
      given.problem.spokes = std::stoll(value);
    } else if (option == "--samples") {
      given.problem.samples = std::stoll(value);
    } else if (option == "--coils") {
      given.problem.coils = std::stoll(value);
    } else if (option == "--tol") {
      given.problem.tol = std::stod(value);
    } else if (option == "--device") {
      device = value;
    } else {
      fail(Code::argument, "bench_gpu_case", "unknown option '{}'", option);
    }
  }
  const size_t dims = given.problem.image.size();
  if (dims < 2 || dims > 3 || given.problem.points() < 1) {
    fail(Code::argument, "bench_gpu_case",
         "--image needs two or three extents, --spokes and --samples numbers");
  }
  given.device = Device::parse(device);
  return given;
}

void read_into(const std::string& path, const Tensor& x) {
  std::ifstream file(path, std::ios::binary);
  if (!file.read(static_cast<char*>(x.data()), static_cast<std::streamsize>(x.bytes())))
    fail(Code::file, "read", "'{}' has fewer than {} bytes", path, x.bytes());
}

void write_from(const std::string& path, const Tensor& x) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(x.data()), static_cast<std::streamsize>(x.bytes()));
  if (!file) fail(Code::file, "write", "cannot write '{}'", path);
}

void run(const Given& given) {
  const Problem& p = given.problem;
  Context host;
  Context there = on_device(given.device, host);
  const Tensor k = trajectory(p, host).to(given.device, host);
  const Linop f = nufft(p, k, Toeplitz::never);
  Linop normal;
  const auto coils = Shape::parse(fmt::format("coil={} {}", p.coils, p.text()));
  const auto k_space =
      Shape::parse(fmt::format("coil={} spoke={} sample={}", p.coils, p.spokes, p.samples));
  Tensor image = randn(coils, DType::c64, 1, there), samples = randn(k_space, DType::c64, 2, there);
  const Tensor sum = randn(Shape::parse(p.text()), DType::c64, 4, there);
  Tensor result;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::stringstream words(line);
    std::string command, name, path;
    words >> command;
    if (command == "quit") break;
    if (command == "trajectory") {
      words >> path;
      write_from(path, trajectory(p, host));
      fmt::print("{{}}\n");
    } else if (command == "load") {
      words >> name >> path;
      const bool is_image = name == "image";
      const Tensor data = zeros(is_image ? coils : k_space, DType::c64, host);
      read_into(path, data);
      (is_image ? image : samples) = data.to(given.device, host);
      fmt::print("{{}}\n");
    } else if (command == "save") {
      words >> path;
      write_from(path, result.to(Device::host(), host));
      fmt::print("{{}}\n");
    } else if (command == "forward" || command == "adjoint" || command == "normal") {
      int64_t count = 1;
      words >> count;
      if (command == "normal" && !normal)
        normal = sense(p, k, coil_maps(p, there), Toeplitz::always).N();
      const Linop a = command == "forward" ? f : command == "adjoint" ? f.H() : normal;
      const Tensor& x = command == "forward" ? image : command == "adjoint" ? samples : sum;
      if (result.is_empty_handle() || a.result(x).first != result.shape()) result = a(x, there);
      there.stream->wait();
      const double start = now();
      for (int64_t i = 0; i < count; ++i) a.apply(x, result, {}, there);
      there.stream->wait();
      fmt::print("{{\"seconds\": {:.6e}}}\n", (now() - start) / static_cast<double>(count));
    } else {
      fail(Code::argument, "bench_gpu_case", "unknown command '{}'", line);
    }
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
