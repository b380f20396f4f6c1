// SPDX-License-Identifier: MIT
// T6 and T17 of the project's targets: the SENSE normal of the main job over its pass floor on one
// core, and a batch of eight against eight single transforms.
//
//   nufft_targets [--threads 2] [--rounds 30] [--json FILE]
//
// Every round times both sides of a ratio next to each other; medians of the ratios are printed.
// T6 runs on one thread and counts what that thread computed; T17 counts wall time.
// The floor is performance.md §3: per coil two row passes over N lines of 2 N points, two column
// passes over 2 N lines, and one pass over maps and sums.  The line transforms are timed here, on
// lines that stay in the cache, and printed beside the constants of that section.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "runtime/backend/backend.hpp"
#include "runtime/backend/cpu/fft_plan.hpp"
#include "runtime/backend/cpu/lines.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/stream.hpp"

using namespace lunops;

namespace {

constexpr int64_t kSize = 256, kGrid = 512, kCoils = 8, kSpokes = 96, kSamples = 512;
constexpr double kPi = 3.14159265358979323846;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What this thread has computed: on a shared machine, waiting for a core does not count.
double own_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Median seconds of one call of f, of `runs`.
template <class F>
double seconds_of(int runs, const F& f, double (*clock)() = now) {
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const double start = clock();
    f();
    seconds.push_back(clock() - start);
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[static_cast<size_t>(runs / 2)];
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

std::vector<c64> random_numbers(int64_t n) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<c64> v(static_cast<size_t>(n));
  for (c64& c : v) c = {normal(generator), normal(generator)};
  return v;
}

struct Memory {
  explicit Memory(size_t bytes)
      : data(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)), &std::free) {
    std::fill_n(data.get(), bytes, std::byte{0});
  }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data.get());
  }
  std::unique_ptr<std::byte, decltype(&std::free)> data;
};

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

std::vector<double> radial() {
  std::vector<double> k;
  for (int64_t i = 0; i < kSpokes; ++i) {
    const double angle = kPi * static_cast<double>(i) / static_cast<double>(kSpokes);
    for (int64_t j = 0; j < kSamples; ++j) {
      const double r = static_cast<double>((j - kSamples / 2) * kSize) / kSamples;
      k.insert(k.end(), {r * std::sin(angle), r * std::cos(angle)});
    }
  }
  return k;
}

NufftSpec spec_of(const std::vector<double>& k) {
  NufftSpec spec;
  spec.image = {kSize, kSize};
  spec.points = kSpokes * kSamples;
  spec.coordinates = k.data();
  return spec;
}

// Nanoseconds per point of a line transform in rows, and of one in columns with its transposes.
class Floor {
 public:
  Floor()
      : plan_(cpu::LinePlan<float>::get(kGrid, cpu::kChunk, -1)),
        lines_(cpu::functions_of<float>(LUNOPS_SELECT_ISA(cpu::isa(), line_table))),
        a_(buffer()),
        b_(buffer()),
        columns_(static_cast<size_t>(cpu::line_pitch<float>(kGrid) * kGrid) * sizeof(c64)) {}

  double rows() const {
    return 1e9 * seconds_of(64, [&] { plan_.execute(a_.as<float>(), b_.as<float>()); }) / points();
  }
  double columns() const {
    const int64_t stride = cpu::line_pitch<float>(kGrid);
    return 1e9 *
           seconds_of(64,
                      [&] {
                        lines_.gather(columns_.as<float>(), stride, kGrid, cpu::kChunk,
                                      a_.as<float>(), plan_.pitch());
                        plan_.execute(a_.as<float>(), b_.as<float>());
                        lines_.scatter(b_.as<float>(), plan_.pitch(), kGrid, cpu::kChunk,
                                       columns_.as<float>(), stride);
                      }) /
           points();
  }
  // Seconds of one application of the normal.
  static double of(double row, double column) {
    const double line = 1e-9 * static_cast<double>(kGrid);
    const double coil = 2 * line * (row * kSize + column * kGrid) + 1e-4;
    return static_cast<double>(kCoils) * coil;
  }

 private:
  size_t buffer() const { return static_cast<size_t>(plan_.pitch() * cpu::kChunk) * sizeof(c64); }
  static double points() { return static_cast<double>(kGrid * cpu::kChunk); }

  const cpu::LinePlan<float>& plan_;
  const cpu::LineFunctions<float>& lines_;
  Memory a_, b_, columns_;
};

struct Record {
  std::string json;
  void add(const std::string& name, double ratio, const std::vector<double>& ratios, double must) {
    std::string list;
    for (const double r : ratios) list += fmt::format("{}{:.4f}", list.empty() ? "" : ",", r);
    json += fmt::format("{{\"name\":\"{}\",\"ratio\":{:.4f},\"must\":{},\"ratios\":[{}]}}\n", name,
                        ratio, must, list);
  }
};

void normal_over_floor(int rounds, Record& record) {
  Stream stream(Device::host(), Backend::cpu(), 1);
  const std::vector<double> k = radial();
  ToeplitzSpec spec;
  spec.nufft = spec_of(k);
  spec.form = ToeplitzSpec::Form::embedded;
  const auto normal = Backend::cpu().toeplitz(spec, stream);
  std::vector<c64> x = random_numbers(kSize * kSize), y(x.size());
  std::vector<c64> maps = random_numbers(kCoils * kSize * kSize);
  NufftMaps attached;
  attached.maps = view_of(maps, {kCoils, kSize, kSize});
  attached.sum_batch = true;
  const RawView in = view_of(x, {1, 1, kSize, kSize}), out = view_of(y, {1, 1, kSize, kSize});
  const Memory workspace(normal->workspace(kCoils));
  const Floor floor;
  std::vector<double> ratios, published, seconds, rows, columns;
  for (int i = 0; i < rounds + 3; ++i) {
    const double row = floor.rows(), column = floor.columns();
    const double s = seconds_of(
        5, [&] { normal->run(in, attached, false, false, {}, out, workspace.data.get(), stream); },
        own_seconds);
    if (i < 3) continue;
    rows.push_back(row);
    columns.push_back(column);
    seconds.push_back(s);
    ratios.push_back(s / Floor::of(row, column));
    published.push_back(s / Floor::of(0.55, 1.04));
  }
  fmt::print(
      "T6   SENSE normal of the main job, one core: {:.2f} ms; lines {:.2f} ns per point in rows, "
      "{:.2f} in columns\n"
      "     over the floor {:.2f} (must 2), with 0.55 and 1.04 ns as published {:.2f}\n",
      1e3 * median(seconds), median(rows), median(columns), median(ratios), median(published));
  record.add("T6 normal over measured pass floor", median(ratios), ratios, 2);
  record.add("T6 normal over published pass floor", median(published), published, 2);
}

void batch_against_singles(int threads, int rounds, Record& record) {
  Stream stream(Device::host(), Backend::cpu(), threads);
  const std::vector<double> k = radial();
  const NufftSpec spec = spec_of(k);
  const auto points = Backend::cpu().nufft(spec, stream);
  std::vector<c64> image = random_numbers(kCoils * kSize * kSize);
  std::vector<c64> samples = random_numbers(kCoils * spec.points);
  const Memory workspace(std::max(points->workspace(kCoils), points->workspace(1)));
  for (const bool is_adjoint : {false, true}) {
    const auto run = [&](int64_t first, int64_t count) {
      const RawView all_x = view_of(image, {1, kCoils, kSize, kSize});
      const RawView all_y = view_of(samples, {1, kCoils, spec.points});
      RawView x = all_x, y = all_y;
      x.data = image.data() + first * kSize * kSize;
      y.data = samples.data() + first * spec.points;
      x.extent[1] = y.extent[1] = count;
      if (is_adjoint) {
        points->adjoint(y, {}, false, {}, x, workspace.data.get(), stream);
      } else {
        points->forward(x, {}, false, {}, y, workspace.data.get(), stream);
      }
    };
    std::vector<double> ratios, together, singly;
    for (int i = 0; i < rounds + 3; ++i) {
      const double batch = seconds_of(5, [&] { run(0, kCoils); });
      const double single = seconds_of(5, [&] {
        for (int64_t c = 0; c < kCoils; ++c) run(c, 1);
      });
      if (i < 3) continue;
      together.push_back(batch);
      singly.push_back(single);
      ratios.push_back(single / batch);
    }
    const char* direction = is_adjoint ? "adjoint" : "forward";
    fmt::print("T17  {}: 8 coils {:.2f} ms, one by one {:.2f} ms, {} threads: {:.2f} (must 1.5)\n",
               direction, 1e3 * median(together), 1e3 * median(singly), threads, median(ratios));
    record.add(fmt::format("T17 batch of 8, {}, {} threads", direction, threads), median(ratios),
               ratios, 1.5);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 2, rounds = 30;
  std::string json;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--threads") threads = std::stoi(argv[i + 1]);
    if (option == "--rounds") rounds = std::stoi(argv[i + 1]);
    if (option == "--json") json = argv[i + 1];
  }
  try {
    Record record;
    normal_over_floor(rounds, record);
    batch_against_singles(threads, rounds, record);
    if (!json.empty()) std::ofstream(json, std::ios::app) << record.json;
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
