// SPDX-License-Identifier: MIT
#include "runtime/device/cuda_status.hpp"

#include <optional>

#include "runtime/core/error.hpp"
#include "runtime/device/cuda_probe.hpp"
#include "runtime/device/loader.hpp"

namespace lunops {

namespace {

// Of the runtime's errors, by the numbers of driver_types.h, which is not there without a toolkit.
enum : int { kStubLibrary = 34, kInsufficientDriver = 35, kNoDevice = 100, kDriverMismatch = 803 };

struct Absence {
  std::string brief;  // "no driver"
  std::string text;   // with what to do
};

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

const CudaProbe& probe() { return *static_cast<const CudaProbe*>(load_module("cuda-probe")); }

// Why no GPU can be used here; nothing: one can.
std::optional<Absence> absence(const CudaProbe& cuda) {
  int devices = 0;
  const int error = cuda.count(&devices);
  const int driver = cuda.driver_version();
  switch (error) {
    case 0:
      break;
    case kStubLibrary:
      return Absence{
          "the toolkit's stub instead of a driver",
          "the libcuda.so.1 that is found is the CUDA toolkit's stub and no driver; take "
          "its folder out of LD_LIBRARY_PATH"};
    case kInsufficientDriver:
      if (driver == 0) {
        return Absence{"no driver",
                       "this machine has no NVIDIA driver (libcuda.so.1); use \"cpu\" or install "
                       "the driver"};
      }
      return Absence{fmt::format("driver for {} is too old", version_text(driver)),
                     fmt::format("the NVIDIA driver serves CUDA {} but lunops was built with {}; "
                                 "use \"cpu\" or install a newer driver",
                                 version_text(driver), version_text(cuda.runtime_version))};
    case kNoDevice:
      return Absence{
          "no device",
          "the NVIDIA driver finds no GPU; use \"cpu\", or look at CUDA_VISIBLE_DEVICES"};
    case kDriverMismatch:
      return Absence{"driver mismatch",
                     "the NVIDIA driver's library and its kernel module are of different versions; "
                     "restart the machine or install the driver anew"};
    default:
      return Absence{
          fmt::format("error {}", error),
          fmt::format("CUDA cannot be used here: {} (error {})", cuda.text(error), error)};
  }
  std::string names;
  for (int i = 0; i < devices; ++i) {
    char name[256];
    int major = 0, minor = 0;
    // What cannot be described may still work.
    if (!cuda.describe(i, name, &major, &minor) || major >= cuda.least_major) return std::nullopt;
    names +=
        fmt::format("{}cuda:{} ({}) has {}.{}", names.empty() ? "" : ", ", i, name, major, minor);
  }
  if (devices == 0) {
    return Absence{"no device",
                   "the NVIDIA driver finds no GPU; use \"cpu\", or look at CUDA_VISIBLE_DEVICES"};
  }
  return Absence{
      "no device that it was built for",
      fmt::format("lunops was built for GPUs of compute capability {}.0 and above, and {}; "
                  "use \"cpu\"",
                  cuda.least_major, names)};
}

}  // namespace

std::string cuda_status() {
  if (!has_module("cuda") || !has_module("cuda-probe")) return "built without CUDA";
  const CudaProbe& cuda = probe();
  const std::string version = version_text(cuda.runtime_version);
  if (const auto why = absence(cuda)) return fmt::format("CUDA {}: {}", version, why->brief);
  int devices = 0;
  cuda.count(&devices);
  return fmt::format("CUDA {}, {} device{}", version, devices, devices == 1 ? "" : "s");
}

std::string cuda_absence() {
  if (!has_module("cuda") || !has_module("cuda-probe")) return "built without CUDA";
  const auto why = absence(probe());
  return why ? why->brief : "";
}

void require_cuda() {
  if (!has_module("cuda") || !has_module("cuda-probe")) {
    fail(Code::not_built, "load",
         "lunops was built without CUDA (no liblunops-cuda.so in {}); use \"cpu\", or build with "
         "the "
         "CUDA toolkit",
         module_folders());
  }
  if (const auto why = absence(probe())) fail(Code::device, "load", "{}", why->text);
}

}  // namespace lunops
