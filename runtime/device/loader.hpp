// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lunops {

// Opens the project's own modules (liblunops-blas.so, liblunops-files.so, liblunops-cuda.so) at
// first use, so that their libraries cost nothing at start.
//
// A module is sought in LUNOPS_PLUGIN_PATH, then beside liblunops.so.  It exports
//   extern "C" const void* lunops_module(const char* build_id)
// which returns its function table, or null if the build id is another one.
// Throws the errors of require_cuda for "cuda", and Error{not_built} naming the file and the
// folders searched, or the missing library.
const void* load_module(std::string_view name);

// Test switch: `table` is what load_module(name) returns from now on, without looking for a file.
void inject_module(std::string_view name, const void* table);

bool has_module(std::string_view name);  // whether its file is there
std::string module_folders();            // "/a, /b": where modules are sought

// The id that modules must match: version, compiler, date of configuration.
std::string_view build_id() noexcept;

}  // namespace lunops
