// SPDX-License-Identifier: MIT
//
// Fuzz target of the readers of npy and cfl/hdr.  The first byte chooses what the rest is: an npy
// file, a header beside sound data, or data beside a sound header.
//   clang++ -fsanitize=fuzzer,address,undefined …   libFuzzer brings its own main
//   readers_fuzz FOLDER [COUNT [SEED]]              mutations of the files kept in FOLDER
// HDF5 is left out: libhdf5 itself crashes on some damaged files, which no check of ours can
// prevent.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <unistd.h>

#include "runtime/core/error.hpp"
#include "runtime/io/io.hpp"

namespace {

using lunops::Code;

constexpr size_t kBudget = size_t{64} << 20;

// One folder a process, removed at its end; in memory where the system has such a place, since each
// input is a file.
struct Folder {
  std::string path =
      (std::filesystem::is_directory("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                 : std::filesystem::temp_directory_path()) /
      "lunops-fuzz-XXXXXX";
  Folder() {
    if (::mkdtemp(path.data()) == nullptr) std::abort();
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

void put(const std::string& path, std::string_view bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
    std::abort();
  std::fclose(file);
}

// A reader may succeed, or refuse with one of these codes; all else is a fault.
bool is_refusal(Code code) {
  return code == Code::format || code == Code::file || code == Code::shape ||
         code == Code::host_memory;
}

void check(const std::string& path, const lunops::io::ReadOptions& options) {
  static lunops::Context context;
  static const bool is_limited = (context.account->set_budget(kBudget), true);
  (void)is_limited;
  try {
    const lunops::Tensor x = lunops::io::read(path, options, context);
    // Every byte counted must be there: the sanitizer sees a read outside.
    unsigned sum = 0;
    const auto* bytes = static_cast<const unsigned char*>(x.data());
    for (size_t i = 0; i < x.bytes(); ++i) sum += bytes[i];
    volatile unsigned keep = sum;
    (void)keep;
  } catch (const lunops::Error& error) {
    if (is_refusal(error.code())) return;
    std::fprintf(stderr, "unexpected: %s\n", error.what());
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (bytes.find("\x89HDF") != std::string_view::npos) return 0;
  const std::string header = "# Dimensions\n3 2 2 1 1 1 1 1 1 1 1 1 1 1 1 1 \n";
  const std::string sound(3 * 2 * 2 * 8, '\x11');
  switch (data[0] % 3) {
    case 0:
      put(folder.path + "/x.npy", bytes);
      check(folder.path + "/x.npy", {});
      break;
    case 1:
      put(folder.path + "/h.hdr", bytes);
      put(folder.path + "/h.cfl", sound);
      check(folder.path + "/h", {});
      check(folder.path + "/h", {.dims = "coil b c"});
      break;
    case 2:
      put(folder.path + "/traj.hdr", header);
      put(folder.path + "/traj.cfl", bytes);
      check(folder.path + "/traj", {});
      break;
  }
  return 0;
}
