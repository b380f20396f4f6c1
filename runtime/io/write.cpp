// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>

#include "runtime/io/atomic_file.hpp"
#include "runtime/io/cfl.hpp"
#include "runtime/io/npy.hpp"
#include "runtime/io/png.hpp"

namespace lunops::io {

void write(const std::string& path,
           const Tensor& x,
           const WriteOptions& options,
           Context& context) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash);
  std::string extension = has_extension ? path.substr(dot) : "";
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });

  const Tensor here = x.to(Device::host(), context);
  if (extension == ".npy") {
    write_npy(path, here, context);
  } else if (extension == ".cfl") {
    write_cfl(path, here, options, context);
  } else if (extension == ".png") {
    write_png(path, here, options, context);
  } else {
    fail(Code::argument, "write",
         "{}: the extension says the format; .npy, .cfl and .png are written", path);
  }
}

void write_text(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.complete();
  file.publish();
}

}  // namespace lunops::io
