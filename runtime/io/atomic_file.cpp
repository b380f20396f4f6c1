// SPDX-License-Identifier: MIT
#include "runtime/io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "runtime/core/error.hpp"

namespace lunops::io {

AtomicFile::AtomicFile(const std::string& path) : asked_(path), target_(path) {
  struct stat old {};
  const bool replaces = ::stat(path.c_str(), &old) == 0;
  if (replaces && !S_ISREG(old.st_mode)) {
    // A rename would put a plain file in the place of a device or pipe.
    fail(Code::file, "write", "{}: {}", path,
         S_ISDIR(old.st_mode) ? "is a folder" : "is not a regular file");
  }
  // Renaming needs no permission of the file that it replaces.
  if (replaces && ::access(path.c_str(), W_OK) != 0) give_up("");
  if (replaces) {
    // Renaming over a symbolic link would replace the link and leave the file it names.
    if (char* real = ::realpath(path.c_str(), nullptr)) {
      target_ = real;
      std::free(real);
    }
  }
  // The name does not grow with that of the target, which may be as long as names can be.
  const std::string folder = target_.substr(0, target_.rfind('/') + 1);
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary_ = fmt::format("{}lunops-{}-{}.tmp", folder, ::getpid(), counter++);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0 || errno != EEXIST) break;
  }
  if (descriptor_ < 0) {
    temporary_.clear();
    give_up("");
  }
  if (replaces)
    (void)::fchmod(descriptor_, old.st_mode & 07777);  // keep the old file's permissions
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::give_up(const char* what) {
  fail(Code::file, "write", "{}: {}{}", asked_, what, std::strerror(errno));
}

void AtomicFile::write(const void* data, size_t bytes) {
  const auto* from = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    // Linux writes at most 2 GiB - 4 KiB a call.
    const ssize_t put =
        ::write(descriptor_, from, bytes < (size_t{1} << 30) ? bytes : size_t{1} << 30);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) give_up("");
    from += put;
    bytes -= static_cast<size_t>(put);
  }
}

void AtomicFile::complete() {
  if (::fsync(descriptor_) != 0) give_up("flushing: ");
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) give_up("closing: ");
}

void AtomicFile::publish() {
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) give_up("renaming: ");
  temporary_.clear();
}

}  // namespace lunops::io
