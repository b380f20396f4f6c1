// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/wisdom.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>

#include <fftw3.h>
#include <fmt/format.h>

#include "runtime/device/cache_folder.hpp"

namespace lunops::cpu {

namespace {

// "3.3.10" of "fftw-3.3.10-sse2-avx".
std::string fftw_version_number() {
  const std::string_view text = fftw_version;
  const size_t first = text.find('-') + 1;
  return std::string(text.substr(first, text.find('-', first) - first));
}

// An advisory lock on a file next to the wisdom, held while it is replaced.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (file_ >= 0) {
      while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
      }
    }
  }
  ~FileLock() {
    if (file_ >= 0) ::close(file_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool is_held() const noexcept { return file_ >= 0; }

 private:
  int file_;
};

}  // namespace

WisdomFile::WisdomFile(std::string folder, bool is_double)
    : folder_(std::move(folder)), is_double_(is_double) {
  if (!folder_.empty()) {
    path_ = fmt::format("{}/fftw-{}-{}-{}.wisdom", folder_, fftw_version_number(),
                        is_double ? "f64" : "f32", processor());
  }
}

bool WisdomFile::read() const {
  std::ifstream file(path_, std::ios::binary);
  if (path_.empty() || !file) return false;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return (is_double_ ? fftw_import_wisdom_from_string(text.c_str())
                     : fftwf_import_wisdom_from_string(text.c_str())) != 0;
}

std::string WisdomFile::write() const {
  if (path_.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  const FileLock lock(path_ + ".lock");
  if (!lock.is_held()) return fmt::format("'{}': {}", folder_, std::strerror(errno));
  read();
  const std::unique_ptr<char, decltype(&std::free)> text(
      is_double_ ? fftw_export_wisdom_to_string() : fftwf_export_wisdom_to_string(), &std::free);
  if (text == nullptr) return fmt::format("'{}': out of memory", folder_);
  static std::atomic<unsigned> counter{0};
  const std::string temporary = fmt::format("{}.{}.{}", path_, ::getpid(), counter.fetch_add(1));
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << text.get();
    file.flush();
    if (!file) {
      const std::string reason = std::strerror(errno);
      std::filesystem::remove(temporary, error);
      return fmt::format("'{}': {}", folder_, reason);
    }
  }
  if (std::rename(temporary.c_str(), path_.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    std::filesystem::remove(temporary, error);
    return fmt::format("'{}': {}", path_, reason);
  }
  return {};
}

}  // namespace lunops::cpu
