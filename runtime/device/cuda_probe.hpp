// SPDX-License-Identifier: MIT
#pragma once

namespace lunops {

// What liblunops-cuda-probe.so exports through lunops_module: what the CUDA runtime says of this
// machine, by the runtime alone.  Loading the backend's libraries for this would take 70 to 145 ms.
struct CudaProbe {
  int runtime_version;      // of the build: 13000 for 13.0
  int least_major;          // compute capability that kernels were built for
  int (*driver_version)();  // 0: no driver
  // A cudaError; `devices` is set in any case, to 0 where there is an error.
  int (*count)(int* devices);
  const char* (*text)(int error);
  // Name and compute capability; false if the runtime does not tell.
  bool (*describe)(int device, char (&name)[256], int* major, int* minor);
};

}  // namespace lunops
