// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace lunops {

// What can be said about CUDA without loading anything heavy: "built without CUDA", "CUDA 13.0: no
// driver", "CUDA 13.0, 2 devices" …
std::string cuda_status();

// Why there are no GPUs: "built without CUDA", "no driver" …; empty where there are some.
std::string cuda_absence();

// Throws where no GPU can be used, saying which it is: Error{not_built} if lunops was built without
// CUDA; Error{device} if there is no driver, the toolkit's stub in its place, one that is too old,
// no GPU, or one that no kernel was built for.
void require_cuda();

}  // namespace lunops
