// SPDX-License-Identifier: MIT
#include "runtime/device/cuda_probe.hpp"

#include <cuda_runtime_api.h>

#include <cstring>

namespace {

int driver_version() {
  int version = 0;
  return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

int count(int* devices) {
  *devices = 0;  // the runtime leaves it as it is where it fails
  const cudaError_t error = cudaGetDeviceCount(devices);
  if (error != cudaSuccess) *devices = 0;
  cudaGetLastError();  // later calls would return it again
  return error;
}

const char* text(int error) { return cudaGetErrorString(static_cast<cudaError_t>(error)); }

bool describe(int device, char (&name)[256], int* major, int* minor) {
  cudaDeviceProp properties;
  const bool is_known = cudaGetDeviceProperties(&properties, device) == cudaSuccess;
  cudaGetLastError();
  if (!is_known) return false;
  std::memcpy(name, properties.name, sizeof name);
  *major = properties.major;
  *minor = properties.minor;
  return true;
}

constexpr lunops::CudaProbe kProbe{
    CUDART_VERSION, LUNOPS_CUDA_LEAST_MAJOR, driver_version, count, text, describe};

}  // namespace

extern "C" __attribute__((visibility("default"))) const void* lunops_module(const char* build_id) {
  return std::strcmp(build_id, LUNOPS_BUILD_ID) == 0 ? &kProbe : nullptr;
}
