// SPDX-License-Identifier: MIT
#include "runtime/io/input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/device/thread_pool.hpp"

namespace lunops::io {
namespace {

constexpr size_t kPiece = size_t{8} << 20;  // one thread's share of a large read, and of polling

}  // namespace

Input::Input(std::string path) : path_(std::move(path)) {
  // O_NONBLOCK: opening a named pipe without a writer would wait for ever.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) fail(Code::file, "read", "{}: {}", path_, std::strerror(errno));
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const std::string why = !known                    ? std::strerror(errno)
                            : S_ISDIR(status.st_mode) ? "is a folder, not a file"
                                                      : "is not a regular file";
    ::close(descriptor_);
    fail(Code::file, "read", "{}: {}", path_, why);
  }
  bytes_ = static_cast<uint64_t>(status.st_size);
}

Input::~Input() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Input::read(uint64_t offset, void* to, size_t bytes) const {
  auto* out = static_cast<std::byte*>(to);
  while (bytes > 0) {
    const ssize_t got = ::pread(descriptor_, out, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fail(Code::file, "read", "{}: at byte {}: {}", path_, offset, std::strerror(errno));
    }
    if (got == 0) {
      bad(path_, offset, "the file ends where {} more were expected", bytes_text(bytes));
    }
    offset += static_cast<uint64_t>(got);
    out += got;
    bytes -= static_cast<size_t>(got);
  }
}

std::string Input::text(uint64_t offset, size_t most) const {
  if (offset >= bytes_) return {};
  std::string text(static_cast<size_t>(std::min<uint64_t>(most, bytes_ - offset)), '\0');
  read(offset, text.data(), text.size());
  return text;
}

void Input::read_large(uint64_t offset, void* to, size_t bytes, Context& context) const {
  const auto pieces = static_cast<int64_t>((bytes + kPiece - 1) / kPiece);
  const auto read_piece = [&](int64_t piece, int) {
    context.poll();
    const size_t first = static_cast<size_t>(piece) * kPiece;
    read(offset + first, static_cast<std::byte*>(to) + first, std::min(kPiece, bytes - first));
  };
  if (pieces == 1) {
    read_piece(0, 0);
  } else if (pieces > 1) {
    ThreadPool::process().run(pieces, context.threads(), read_piece);
  }
}

bool exists(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string bytes_text(Wide bytes) {
  static constexpr std::array<const char*, 9> kUnits = {"bytes", "kB", "MB", "GB", "TB",
                                                        "PB",    "EB", "ZB", "YB"};
  if (bytes == 1) return "1 byte";
  if (bytes < 1000) return fmt::format("{} bytes", static_cast<uint64_t>(bytes));
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

}  // namespace lunops::io
