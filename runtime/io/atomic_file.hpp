// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lunops::io {

// A file that appears under its name only when it is complete.
//
// Bytes go to a temporary file in the same folder; `complete` flushes it to the disc, `publish`
// renames it. Until `publish` the old file stands; without it the destructor removes the temporary
// file.  Several files that belong together are all completed before the first is published.
// Throws Error{file} with the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void complete();
  void publish();

 private:
  [[noreturn]] void give_up(const char* what);

  std::string asked_;      // as the caller wrote it: for messages
  std::string target_;     // links followed
  std::string temporary_;  // empty once renamed
  int descriptor_ = -1;
};

}  // namespace lunops::io
