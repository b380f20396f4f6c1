// SPDX-License-Identifier: MIT
#include "runtime/io/cfl.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include <fmt/ranges.h>

#include "runtime/io/atomic_file.hpp"
#include "runtime/io/axes.hpp"
#include "runtime/io/input.hpp"

namespace lunops::io {
namespace {

constexpr size_t kMaxHeader = size_t{1} << 20;
constexpr int64_t kBytes = 8;  // of an element: complex64

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string header_text(const std::vector<int64_t>& header) {
  size_t used = header.size();
  while (used > 1 && header[used - 1] == 1) --used;
  std::string text;
  for (size_t i = 0; i < used; ++i)
    text += fmt::format("{}{}={}", i ? " " : "", kCflAxes[i], header[i]);
  return text;
}

std::vector<int64_t> kept_extents(const std::vector<int64_t>& header,
                                  const std::vector<int>& axes) {
  std::vector<int64_t> extents;
  for (const int axis : axes) extents.push_back(header[static_cast<size_t>(axis)]);
  return extents;
}

// All ways to keep `wanted` axes, each axis that is not 1 among them, in rising order.
void each_choice(const std::vector<int64_t>& header,
                 size_t wanted,
                 std::vector<int>& chosen,
                 const std::function<void(const std::vector<int>&)>& visit) {
  const size_t from = chosen.empty() ? 0 : static_cast<size_t>(chosen.back()) + 1;
  if (chosen.size() == wanted) {
    if (std::all_of(header.begin() + static_cast<std::ptrdiff_t>(from), header.end(),
                    [](int64_t n) { return n == 1; })) {
      visit(chosen);
    }
    return;
  }
  for (size_t axis = from; axis < header.size(); ++axis) {
    chosen.push_back(static_cast<int>(axis));
    each_choice(header, wanted, chosen, visit);
    chosen.pop_back();
    if (header[axis] != 1) break;
  }
}

// The last `components` of z y x in f32; no tensor if z is left out but not 0 everywhere.
std::optional<Tensor> read_components(const Input& file,
                                      const Shape& shape,
                                      int components,
                                      Context& context) {
  // What is read at once stays in a near cache.
  constexpr size_t kPoints = 2048;
  std::vector<std::array<c64, 3>> piece(kPoints);
  Tensor k = Tensor::empty(shape.with_extent(shape.ndim() - 1, components), DType::f32, context);
  auto* out = k.data_as<float>();
  const auto points = static_cast<size_t>(k.count() / components);
  for (size_t first = 0; first < points; first += kPoints) {
    context.poll();
    const size_t n = std::min(kPoints, points - first);
    file.read(first * sizeof(piece[0]), piece.data(), n * sizeof(piece[0]));
    bool has_z = false;
    for (size_t i = 0; i < n; ++i) {
      const auto& [x, y, z] = piece[i];
      if (components == 3) *out++ = z.real();
      *out++ = y.real();
      *out++ = x.real();
      // NaN is not 0: the operator that uses the trajectory names it.
      has_z = has_z || z.real() != 0.0F;
    }
    if (has_z && components == 2) return std::nullopt;
  }
  return k;
}

// Most trajectories are 2-D, and their z is found out only by reading.
Tensor read_trajectory(const Input& file, const Shape& shape, Context& context) {
  if (shape.count() > 0) {
    if (const auto k = read_components(file, shape, 2, context)) return *k;
  }
  return *read_components(file, shape, 3, context);
}

// The axis of each dim, slowest first.
std::vector<int> axes_of(const std::string& path, const Shape& shape, const WriteOptions& options) {
  for (const auto& [dim, axis] : options.axes) {
    const auto has_name = [&](const Dim& d) { return d.name.text() == dim; };
    if (!std::any_of(shape.dims().begin(), shape.dims().end(), has_name)) {
      fail(Code::argument, "write", "{}: axes puts '{}' on '{}', but the tensor is {}", path, dim,
           axis, shape.braced());
    }
  }
  std::vector<int> axes;
  for (int i = 0; i < shape.ndim(); ++i) {
    if (!shape.is_named()) {
      axes.push_back(shape.ndim() - 1 - i);
      continue;
    }
    const std::string name = shape.dim(i).without_primes().text();
    std::string_view axis = name;
    // Non-Cartesian data leave axis x to the components of the trajectory, as BART's nufft and pics
    // expect.
    if (name == "kx" || name == "d") axis = "x";
    if (name == "ky" || name == "sample") axis = "y";
    if (name == "kz" || name == "spoke") axis = "z";
    bool is_given = false;
    for (const auto& [dim, given] : options.axes) {
      if (dim != name) continue;
      axis = given;
      is_given = true;
    }
    const auto at = std::find(kCflAxes.begin(), kCflAxes.end(), axis);
    if (at == kCflAxes.end() && is_given) {
      fail(Code::argument, "write", "{}: axes puts '{}' on '{}', but the axes of a cfl file are {}",
           path, name, axis, fmt::join(kCflAxes, " "));
    }
    if (at == kCflAxes.end()) {
      fail(
          Code::shape, "write",
          "{}: a cfl file has no axis for '{}'; say which by axes = {{ {} = \"AXIS\" }}, one of {}",
          path, name, name, fmt::join(kCflAxes, " "));
    }
    axes.push_back(static_cast<int>(at - kCflAxes.begin()));
    const auto taken = std::find(axes.begin(), axes.end() - 1, axes.back());
    if (taken != axes.end() - 1) {
      fail(Code::shape, "write",
           "{}: '{}' and '{}' would both be axis {} of the cfl file; say which by axes", path,
           shape.dim(static_cast<int>(taken - axes.begin())).text(), shape.dim(i).text(), axis);
    }
  }
  return axes;
}

// A real tensor with 2 or 3 components `d` (… y x) is a trajectory; BART's has x, y, z in this
// order, complex, fastest.
bool is_trajectory(const Tensor& x) {
  const int d = x.shape().find("d");
  return is_real(x.dtype()) && d >= 0 && (x.shape().extent(d) == 2 || x.shape().extent(d) == 3);
}

Tensor bart_trajectory(const Tensor& k, Context& context) {
  const int d = k.shape().find("d");
  const auto components = k.shape().extent(d);
  Tensor bart = zeros(k.shape().with_extent(d, 3), DType::c64, context);
  for (int64_t i = 0; i < components; ++i) {
    copy(bart.select(d, components - 1 - i).real_part(), k.select(d, i).as(DType::f32, context),
         context);
  }
  return bart;
}

}  // namespace

std::optional<CflPaths> find_cfl(const std::string& path) {
  std::string prefix = path;
  if (ends_with(path, ".cfl") || ends_with(path, ".hdr")) prefix.resize(prefix.size() - 4);
  if (!exists(prefix + ".hdr")) return std::nullopt;
  return CflPaths{prefix + ".hdr", prefix + ".cfl"};
}

std::vector<int64_t> read_cfl_header(const std::string& path) {
  const Input file(path);
  if (file.bytes() > kMaxHeader) {
    bad(path, 0, "a header of {}, expected a short text", bytes_text(file.bytes()));
  }
  const std::string text = file.text(0, kMaxHeader);
  constexpr std::string_view kTitle = "# Dimensions";
  const size_t title = text.find(kTitle);
  size_t at = title + kTitle.size();
  if (title != std::string::npos && at < text.size() && text[at] == '\r') ++at;
  if (title == std::string::npos || (title > 0 && text[title - 1] != '\n') || at >= text.size() ||
      text[at] != '\n') {
    bad(path, 0, "expected a line '# Dimensions'");
  }
  ++at;
  std::vector<int64_t> extents;
  while (at < text.size() && text[at] != '\n') {
    if (text[at] == ' ' || text[at] == '\t' || text[at] == '\r') {
      ++at;
      continue;
    }
    const size_t start = at;
    int64_t extent = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      extent = extent * 10 + (text[at] - '0');
      if (extent >= kMaxCount) bad(path, start, "an extent is above 2^53");
    }
    if (at == start) bad(path, at, "expected an extent");
    extents.push_back(extent);
    if (extents.size() > kCflAxes.size()) bad(path, start, "more than 16 extents");
  }
  if (extents.empty()) bad(path, at, "expected extents after '# Dimensions'");
  // Without its line feed the last number may have lost digits.
  if (at == text.size()) bad(path, at, "the line of extents does not end: the header is cut off");
  extents.resize(kCflAxes.size(), 1);
  return extents;
}

CflAxes choose_cfl_axes(const std::string& path,
                        const std::vector<int64_t>& header,
                        const ReadOptions& options,
                        std::string_view first_name) {
  CflAxes result;
  if (options.dims.empty()) {
    for (size_t axis = 0; axis < header.size(); ++axis) {
      if (options.squeeze && header[axis] == 1) continue;
      result.axes.push_back(static_cast<int>(axis));
      result.dims.push_back(
          Dim::parse(axis == 0 && !first_name.empty() ? first_name : kCflAxes[axis]));
    }
    return result;
  }
  const Shape asked = Shape::parse(options.dims);
  result.dims.assign(asked.dims().rbegin(), asked.dims().rend());
  const std::vector<int64_t> stated(asked.extents().rbegin(), asked.extents().rend());

  int best = -1;
  bool is_ambiguous = false;
  std::vector<int64_t> best_extents;
  std::vector<int> chosen;
  each_choice(header, result.dims.size(), chosen, [&](const std::vector<int>& axes) {
    int matches = 0;
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto axis = static_cast<size_t>(axes[i]);
      if (stated[i] != kUnknown && stated[i] != header[axis]) return;
      if (result.dims[i].text() == kCflAxes[axis]) ++matches;
    }
    if (matches < best) return;
    const std::vector<int64_t> extents = kept_extents(header, axes);
    is_ambiguous = matches == best && (is_ambiguous || extents != best_extents);
    if (matches > best) result.axes = axes;
    best_extents = kept_extents(header, result.axes);
    best = matches;
  });
  if (best < 0 || is_ambiguous) {
    fail(Code::shape, "read", "{}: dims \"{}\" {} the header {}", path, options.dims,
         best < 0 ? "does not fit"
                  : "fits in more than one way (give extents, as in \"coil=1\", to choose)",
         header_text(header));
  }
  return result;
}

bool is_cfl_trajectory(const CflPaths& paths,
                       const std::vector<int64_t>& header,
                       const ReadOptions& options) {
  if (options.as == "traj") {
    if (header[0] != 3) {
      fail(Code::shape, "read", "{}: a trajectory has 3 components on axis x, the header says {}",
           paths.data, header_text(header));
    }
    return true;
  }
  if (!options.as.empty() && options.as != "data") {
    fail(Code::argument, "read", "{}: as is '{}'; a cfl file is read as \"traj\" or \"data\"",
         paths.data, options.as);
  }
  const size_t slash = paths.data.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  return options.as.empty() && header[0] == 3 && paths.data.find("traj", name) != std::string::npos;
}

CflLayout cfl_layout(const CflPaths& paths, const ReadOptions& options, uint64_t available) {
  const std::vector<int64_t> header = read_cfl_header(paths.header);
  CflLayout layout;
  layout.is_trajectory = is_cfl_trajectory(paths, header, options);
  check_size(paths.data, header, kBytes, available);

  CflAxes kept = choose_cfl_axes(paths.header, header, options, layout.is_trajectory ? "d" : "");
  std::vector<int64_t> extents = kept_extents(header, kept.axes);
  std::reverse(extents.begin(), extents.end());
  std::reverse(kept.dims.begin(), kept.dims.end());
  layout.shape = Shape(std::move(kept.dims), std::move(extents));

  layout.bytes = static_cast<uint64_t>(layout.shape.count() * kBytes);
  if (available != layout.bytes) {
    fail(Code::format, "read", "{}: the header says {} ({}), the file has {}", paths.data,
         bytes_text(layout.bytes), header_text(header), bytes_text(available));
  }
  return layout;
}

Tensor read_cfl(const CflPaths& paths, const ReadOptions& options, Context& context) {
  const Input file(paths.data);
  const CflLayout layout = cfl_layout(paths, options, file.bytes());
  if (layout.is_trajectory) return read_trajectory(file, layout.shape, context);
  Tensor x = Tensor::empty(layout.shape, DType::c64, context);
  file.read_large(0, x.data(), layout.bytes, context);
  return x;
}

void write_cfl(const std::string& path,
               const Tensor& given,
               const WriteOptions& options,
               Context& context) {
  const Tensor x = is_trajectory(given) ? bart_trajectory(given, context) : given;
  if (x.dtype() != DType::c64 && x.dtype() != DType::f32) {
    fail(Code::dtype, "write",
         "{}: cfl files hold c64, this tensor is {}; convert it by x:as \"c64\"", path,
         name_of(x.dtype()));
  }
  const std::vector<int> axes = axes_of(path, x.shape(), options);
  if (x.ndim() > static_cast<int>(kCflAxes.size())) {
    fail(Code::shape, "write", "{}: cfl files have 16 axes, this tensor has {} dims", path,
         x.ndim());
  }
  std::vector<int> order(axes.size());  // slowest axis first
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return axes[static_cast<size_t>(a)] > axes[static_cast<size_t>(b)];
  });
  std::vector<int64_t> header(kCflAxes.size(), 1);
  for (int i = 0; i < x.ndim(); ++i) {
    header[static_cast<size_t>(axes[static_cast<size_t>(i)])] = x.shape().extent(i);
  }
  const Tensor data = x.permute(order).as(DType::c64, context).contiguous(context);

  // The case of the extension is the caller's: "X.CFL" goes with "X.hdr".
  AtomicFile data_file(path);
  AtomicFile header_file(path.substr(0, path.size() - 4) + ".hdr");
  header_file.write(fmt::format("# Dimensions\n{} \n", fmt::join(header, " ")));
  if (data.count() > 0) data_file.write(data.data(), data.bytes());
  header_file.complete();
  data_file.complete();
  data_file.publish();
  header_file.publish();
}

}  // namespace lunops::io
