// SPDX-License-Identifier: MIT
#include <fmt/ranges.h>

#include "runtime/io/axes.hpp"
#include "runtime/io/cfl.hpp"
#include "runtime/io/input.hpp"
#include "runtime/io/ismrmrd.hpp"
#include "runtime/io/npy.hpp"

namespace lunops::io {
namespace {

enum class Format { npy, cfl, hdf5 };

constexpr std::string_view kHdf5Magic = "\x89HDF\r\n\x1a\n";

// The superblock of an HDF5 file stands at 0, 512, 1024, 2048 … (file format specification, II.A).
bool is_hdf5(const Input& file) {
  for (uint64_t at = 0; at < file.bytes(); at = at == 0 ? 512 : at * 2) {
    if (file.text(at, kHdf5Magic.size()) == kHdf5Magic) return true;
  }
  return false;
}

// By content.  The data file of a cfl pair has no mark: its header beside it tells.
Format format_of(const std::string& path, std::optional<CflPaths>& cfl) {
  cfl = find_cfl(path);
  if (cfl && !exists(path)) return Format::cfl;  // the name without its extension
  const Input file(path);
  const std::string start = file.text(0, 64);
  if (start.substr(0, kNpyMagic.size()) == kNpyMagic) return Format::npy;
  if (start.substr(0, kHdf5Magic.size()) == kHdf5Magic) return Format::hdf5;
  if (cfl && (path == cfl->header || path == cfl->data || start.find("# Dimensions") == 0)) {
    return Format::cfl;
  }
  if (start.empty()) fail(Code::format, "read", "{}: the file is empty", path);
  if (is_hdf5(file)) return Format::hdf5;
  const std::string_view seen = start.substr(0, 4) == "\x89PNG"
                                    ? "a PNG picture, which is written only"
                                : start.substr(0, 4) == "PK\x03\x04" ? "a zip archive"
                                                                     : "of no format known";
  fail(Code::format, "read",
       "{}: the file is {}; npy, BART's cfl with its hdr beside it, and ISMRMRD are read", path,
       seen);
}

// Readers fill host memory.  For another device they get a context of the host, and the
// result is moved.
template <class F>
Tensor on_host(Context& context, const F& reader) {
  if (context.device.is_host()) return reader(context);
  Context host;
  host.cancel = context.cancel;
  host.listener = context.listener;
  host.origin = context.origin;
  return reader(host).to(context.device, context);
}

}  // namespace

Tensor read(const std::string& path, const ReadOptions& options, Context& context) {
  std::optional<CflPaths> cfl;
  const Format format = format_of(path, cfl);
  if (!options.name.empty() && format != Format::hdf5) {
    fail(Code::argument, "read", "{}: holds one array, 'name' = '{}' does not apply", path,
         options.name);
  }
  return on_host(context, [&](Context& host) {
    switch (format) {
      case Format::npy:
        return read_npy(Input(path), options, host);
      case Format::cfl:
        return read_cfl(*cfl, options, host);
      case Format::hdf5:
        return read_ismrmrd_tensor(path, options, host);
    }
    __builtin_unreachable();
  });
}

Probe probe(const std::string& path) {
  std::optional<CflPaths> cfl;
  switch (format_of(path, cfl)) {
    case Format::npy: {
      const NpyHeader header = read_npy_header(Input(path));
      Probe probe{"npy", header.descr, Shape::unnamed(header.extents), 0};
      probe.bytes = static_cast<uint64_t>(probe.shape.count() * header.element_bytes);
      return probe;
    }
    case Format::cfl: {
      const CflLayout layout = cfl_layout(*cfl, {}, Input(cfl->data).bytes());
      return {"cfl", "complex64", layout.shape, layout.bytes};
    }
    case Format::hdf5:
      return probe_ismrmrd(path);
  }
  __builtin_unreachable();
}

}  // namespace lunops::io
