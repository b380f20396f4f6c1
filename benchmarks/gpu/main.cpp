// SPDX-License-Identifier: MIT
// What a GPU makes of the main job and its parts, with the ceilings of the card in the same run.
//
//   bench_gpu [NAME…] [--device cuda:0] [--quick] [--json FILE]
//
// NAME: copy, fft, nufft, normal, solver, deterministic.  --quick runs tiny problems once: whether
// it works, not how fast.  Status 3: there is no such device; 1: something failed.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "benchmarks/gpu/cases.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"

using namespace lunops;

int main(int argc, char** argv) {
  bench::Settings settings;
  std::string device = "cuda:0";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = word == "--device" || word == "--json";
    if (has_value && i + 1 == argc) {
      fmt::print(stderr, "bench_gpu: {} needs a value\n", word);
      return 2;
    }
    if (word == "--device") {
      device = argv[++i];
    } else if (word == "--json") {
      settings.json = argv[++i];
    } else if (word == "--quick") {
      settings.is_quick = true;
    } else if (word.rfind("-", 0) == 0) {
      fmt::print(stderr, "bench_gpu: unknown option '{}'\n", word);
      return 2;
    } else {
      settings.names.push_back(word);
    }
  }
  try {
    settings.device = Device::parse(device);
    if (!is_gpu(settings.device)) {
      fmt::print(stderr, "bench_gpu: {} is no GPU\n", device);
      return 2;
    }
    module_of(settings.device);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 3;
  }

  Context host;
  Context there = on_device(settings.device, host);
  bench::Report report(settings);
  const std::pair<const char*, std::function<void()>> cases[] = {
      {"copy", [&] { bench::copy_ceiling(settings, there, report); }},
      {"fft", [&] { bench::fft_ceilings(settings, there, report); }},
      {"nufft", [&] { bench::nufft_cases(settings, host, there, report); }},
      {"normal", [&] { bench::normal_cases(settings, host, there, report); }},
      {"solver", [&] { bench::solver_cases(settings, host, there, report); }},
      {"deterministic", [&] { bench::determinism_cases(settings, host, there, report); }},
  };
  for (const std::string& name : settings.names) {
    if (std::none_of(std::begin(cases), std::end(cases),
                     [&](const auto& each) { return name == each.first; })) {
      fmt::print(stderr, "bench_gpu: there is no case '{}'\n", name);
      return 2;
    }
  }
  int failures = 0;
  for (const auto& [name, run] : cases) {
    // Without its ceiling nothing else means much.
    if (!settings.wants(name) && std::string(name) != "copy") continue;
    try {
      run();
    } catch (const Error& error) {
      fmt::print("{}: {}\n", name, error.what());
      ++failures;
    }
    std::fflush(stdout);
  }
  return failures == 0 ? 0 : 1;
}
