// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace lunops::cpu {

// The files in which FFTW's wisdom outlives the process: one per FFTW version, precision and
// processor.  The caller holds the planner's lock.
//
// Missing, unreadable, foreign and corrupt files count as empty.
class WisdomFile {
 public:
  // `folder` empty: nothing is read or written.
  WisdomFile(std::string folder, bool is_double);

  const std::string& path() const noexcept { return path_; }
  bool read() const;  // true if wisdom was taken from the file

  // Merges what other processes have written meanwhile and replaces the file in one step.
  // Returns an empty text, or what went wrong.
  std::string write() const;

 private:
  std::string folder_;
  std::string path_;
  bool is_double_;
};

}  // namespace lunops::cpu
