// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/core/error.hpp"
#include "runtime/device/context.hpp"

namespace lunops::io {

__extension__ using Wide =
    unsigned __int128;  // sizes of headers are multiplied in 128 bits: none can wrap

// A regular file open for reading.  Reads are exact; errors name the file and the offset.
class Input {
 public:
  explicit Input(std::string path);  // throws Error{file} with the system's reason
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  const std::string& path() const noexcept { return path_; }
  uint64_t bytes() const noexcept { return bytes_; }

  // Throws Error{format} if the file ends before `offset + bytes`.
  void read(uint64_t offset, void* to, size_t bytes) const;
  std::string text(uint64_t offset, size_t most) const;  // less at the end of the file

  // The same for large data: pieces go straight to their place on the context's threads, the cancel
  // flag is polled between pieces.
  void read_large(uint64_t offset, void* to, size_t bytes, Context& context) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t bytes_ = 0;
};

bool exists(const std::string& path) noexcept;

// "12 MB", "4.1 TB": decimal units, for messages.
std::string bytes_text(Wide bytes);

// Throws Error{format}: "read: FILE: at byte N: …".
template <class... A>
[[noreturn]] void bad(const std::string& path,
                      uint64_t offset,
                      fmt::format_string<A...> text,
                      A&&... args) {
  fail(Code::format, "read", "{}: at byte {}: {}", path, offset,
       fmt::format(text, std::forward<A>(args)...));
}

}  // namespace lunops::io
