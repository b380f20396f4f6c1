// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lunops::cpu {

inline constexpr int kChunk = 16;  // lines that one plan transforms

// Distance of neighbouring lines in buffers and grids: a whole number of cache lines, and never a
// multiple of 2 kB, which would map all lines to a few cache sets.
template <class T>
constexpr int64_t line_pitch(int64_t n) noexcept {
  const int64_t pitch = (n + 7) / 8 * 8;
  return pitch * 2 * static_cast<int64_t>(sizeof(T)) % 2048 == 0 ? pitch + 8 : pitch;
}

// FFTW's transform of `lines` lines (1 or kChunk) of n complex numbers, line_pitch(n) apart, from
// one 64-byte aligned array to another.  T is the real type.  Unnormalised; sign as in FftSpec.
//
// Plans are measured once per process, or taken from wisdom, and live as long as it.  Executing one
// is thread-safe; the planner has a lock of its own.
template <class T>
class LinePlan {
 public:
  static const LinePlan& get(int64_t n, int lines, int sign);

  int64_t length() const noexcept { return n_; }
  int64_t pitch() const noexcept { return line_pitch<T>(n_); }
  int lines() const noexcept { return lines_; }
  // Whether a line has the same bits at any place among the lines.
  bool is_uniform() const noexcept { return is_uniform_; }
  void execute(const T* x, T* y) const;  // x is not changed

 private:
  LinePlan(int64_t n, int lines, void* plan, T* x, T* y);
  int64_t n_;
  int lines_;
  void* plan_;
  bool is_uniform_ = true;
};

// What planning has cost this process so far.
struct FftPlanning {
  double seconds = 0;
  int measured = 0;
  int from_wisdom = 0;
  std::string note;  // empty, or why wisdom cannot be kept
};
FftPlanning fft_planning();
std::string take_planning_note();  // the note, the first time it is asked for

// Writes new wisdom to the cache folder.  To be called when all plans of a kernel are made.
void keep_wisdom();

}  // namespace lunops::cpu
