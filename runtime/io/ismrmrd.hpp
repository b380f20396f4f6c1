// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "runtime/io/io.hpp"

namespace lunops::io {

// The imaging data of a file as a tensor, its layout chosen by `options.as` or `options.dims`.
Tensor read_ismrmrd_tensor(const std::string& path, const ReadOptions& options, Context& context);

Probe probe_ismrmrd(const std::string& path);  // the heads are read, the data is not

}  // namespace lunops::io
