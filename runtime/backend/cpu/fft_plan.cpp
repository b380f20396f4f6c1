// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/fft_plan.hpp"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include <fftw3.h>

#include "runtime/backend/cpu/wisdom.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/cache_folder.hpp"

namespace lunops::cpu {

namespace {

// Shorter than a full measurement gives plans of unmeasured quality.
constexpr double kPlanSeconds = 5.0;

// FFTW's planner is not thread-safe: everything below is used under `mutex` only.
struct Planner {
  std::mutex mutex;
  FftPlanning report;
  bool is_note_taken = false;
  bool is_read[2] = {false, false};   // by precision: wisdom was looked for
  bool has_news[2] = {false, false};  // plans that the file may lack
  std::map<std::tuple<int64_t, int, int>, LinePlan<float>> f32;
  std::map<std::tuple<int64_t, int, int>, LinePlan<double>> f64;

  // Leaked: plans must outlive every kernel, also those destroyed at exit.
  static Planner& process() {
    static Planner* const planner = new Planner;
    return *planner;
  }
  template <class T>
  auto& plans() {
    if constexpr (sizeof(T) == 4) {
      return f32;
    } else {
      return f64;
    }
  }
};

template <class T>
void* make_plan(int64_t n, int lines, int sign, T* x, T* y, unsigned flags) {
  const int length = static_cast<int>(n);
  const int pitch = static_cast<int>(line_pitch<T>(n));
  if constexpr (sizeof(T) == 4) {
    fftwf_set_timelimit(kPlanSeconds);
    return fftwf_plan_many_dft(1, &length, lines, reinterpret_cast<fftwf_complex*>(x), nullptr, 1,
                               pitch, reinterpret_cast<fftwf_complex*>(y), nullptr, 1, pitch, sign,
                               flags);
  } else {
    fftw_set_timelimit(kPlanSeconds);
    return fftw_plan_many_dft(1, &length, lines, reinterpret_cast<fftw_complex*>(x), nullptr, 1,
                              pitch, reinterpret_cast<fftw_complex*>(y), nullptr, 1, pitch, sign,
                              flags);
  }
}

}  // namespace

template <class T>
const LinePlan<T>& LinePlan<T>::get(int64_t n, int lines, int sign) {
  constexpr int64_t kMost = int64_t{1} << 30;
  if (n > kMost) fail(Code::limit, "FFT", "a dim of extent {} is too long; at most {}", n, kMost);
  Planner& planner = Planner::process();
  const std::lock_guard lock(planner.mutex);
  auto& plans = planner.plans<T>();
  const std::tuple key{n, lines, sign};
  if (const auto it = plans.find(key); it != plans.end()) return it->second;

  const auto start = std::chrono::steady_clock::now();
  constexpr bool is_double = sizeof(T) == 8;
  if (!planner.is_read[is_double]) {
    WisdomFile(cache_folder(), is_double).read();
    planner.is_read[is_double] = true;
  }
  const size_t bytes = static_cast<size_t>(lines * line_pitch<T>(n)) * 2 * sizeof(T);
  const auto buffer = [&] {
    void* memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory == nullptr) fail(Code::host_memory, "FFT", "no memory for planning {} bytes", bytes);
    return std::unique_ptr<T, decltype(&std::free)>(static_cast<T*>(memory), &std::free);
  };
  const auto x = buffer();
  const auto y = buffer();
  void* plan = make_plan(n, lines, sign, x.get(), y.get(), FFTW_MEASURE | FFTW_WISDOM_ONLY);
  if (plan != nullptr) {
    ++planner.report.from_wisdom;
  } else {
    plan = make_plan(n, lines, sign, x.get(), y.get(), FFTW_MEASURE);
    if (plan == nullptr) fail(Code::internal, "FFT", "FFTW has no plan for a dim of extent {}", n);
    ++planner.report.measured;
    planner.has_news[is_double] = true;
  }
  planner.report.seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return plans.emplace(key, LinePlan(n, lines, plan, x.get(), y.get())).first->second;
}

// FFTW may run some of the lines by other code than the rest, as it does where their number is no
// multiple of what it buffers: a trial on equal lines tells.
template <class T>
LinePlan<T>::LinePlan(int64_t n, int lines, void* plan, T* x, T* y)
    : n_(n), lines_(lines), plan_(plan) {
  if (lines == 1) return;
  const int64_t reals = 2 * pitch();
  for (int64_t i = 0; i < 2 * n; ++i) {
    // Fractions of the golden ratio: no symmetry of the line hides a difference.
    const double turned = 0.6180339887498949 * static_cast<double>(i + 1);
    const T value = static_cast<T>(turned - std::floor(turned) - 0.5);
    for (int line = 0; line < lines; ++line) x[line * reals + i] = value;
  }
  execute(x, y);
  const size_t bytes = static_cast<size_t>(2 * n) * sizeof(T);
  for (int line = 1; line < lines; ++line) {
    is_uniform_ = is_uniform_ && std::memcmp(y, y + line * reals, bytes) == 0;
  }
}

template <>
void LinePlan<float>::execute(const float* x, float* y) const {
  fftwf_execute_dft(static_cast<fftwf_plan>(plan_),
                    reinterpret_cast<fftwf_complex*>(const_cast<float*>(x)),
                    reinterpret_cast<fftwf_complex*>(y));
}

template <>
void LinePlan<double>::execute(const double* x, double* y) const {
  fftw_execute_dft(static_cast<fftw_plan>(plan_),
                   reinterpret_cast<fftw_complex*>(const_cast<double*>(x)),
                   reinterpret_cast<fftw_complex*>(y));
}

template class LinePlan<float>;
template class LinePlan<double>;

FftPlanning fft_planning() {
  Planner& planner = Planner::process();
  const std::lock_guard lock(planner.mutex);
  return planner.report;
}

std::string take_planning_note() {
  Planner& planner = Planner::process();
  const std::lock_guard lock(planner.mutex);
  if (planner.is_note_taken || planner.report.note.empty()) return {};
  planner.is_note_taken = true;
  return planner.report.note;
}

void keep_wisdom() {
  Planner& planner = Planner::process();
  const std::lock_guard lock(planner.mutex);
  for (const bool is_double : {false, true}) {
    if (!planner.has_news[is_double]) continue;
    planner.has_news[is_double] = false;
    const std::string problem = WisdomFile(cache_folder(), is_double).write();
    if (!problem.empty() && planner.report.note.empty()) {
      planner.report.note =
          "FFTW wisdom cannot be kept in " + problem + "; each process will measure its plans anew";
    }
  }
}

}  // namespace lunops::cpu
