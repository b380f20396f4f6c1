// SPDX-License-Identifier: MIT
#include "runtime/io/cfl.hpp"

#include <catch2/catch.hpp>

#include <cstring>

#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

// Writes a pair whose element i is i, and returns its prefix.
std::string make_pair(const Folder& folder,
                      const std::string& name,
                      const std::vector<int64_t>& extents) {
  std::string header = "# Dimensions\n";
  size_t count = 1;
  for (const int64_t n : extents) {
    header += std::to_string(n) + " ";
    count *= static_cast<size_t>(n);
  }
  put_bytes(folder / (name + ".hdr"), header + "\n");
  std::vector<c64> data(count);
  for (size_t i = 0; i < count; ++i) data[i] = {static_cast<float>(i), 0};
  put_bytes(folder / (name + ".cfl"),
            {reinterpret_cast<const char*>(data.data()), count * sizeof(c64)});
  return folder / name;
}

Shape shape_of(const std::string& path, const io::ReadOptions& options) {
  Context context;
  return io::read(path, options, context).shape();
}

}  // namespace

TEST_CASE("cfl: reversed names make BART's order row-major", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = make_pair(folder, "k", {3, 2, 1, 4});

  const Tensor x = io::read(path, {}, context);

  CHECK(x.shape() == Shape::parse("coil=4 y=2 x=3"));
  CHECK(x.is_contiguous());
  const int64_t index[] = {1, 1, 2};  // x=2, y=1, coil=1: 2 + 3*1 + 6*1
  CHECK(value_at(x, index) == 11.0);
}

TEST_CASE("cfl: the files that BART wrote equal what numpy made of them", "[io]") {
  Context context;

  const Tensor x = io::read(kept("bart/phantom"), {}, context);
  const Tensor y = io::read(kept("bart/phantom.npy"), {}, context);

  CHECK(x.shape() == Shape::parse("coil=2 y=8 x=8"));
  REQUIRE(x.bytes() == y.bytes());
  CHECK(std::memcmp(x.data(), y.data(), x.bytes()) == 0);
}

TEST_CASE("cfl: the path may end in .cfl, in .hdr or in neither", "[io]") {
  for (const char* end : {"", ".cfl", ".hdr"}) {
    CHECK(shape_of(kept(std::string("bart/phantom") + end), {.dims = "coil y x"}) ==
          Shape::parse("coil=2 y=8 x=8"));
  }
}

TEST_CASE("cfl: axes of extent 1 stay where dims require them", "[io]") {
  const Folder folder;
  const std::string heart = make_pair(folder, "heart", {1, 4, 3, 2});
  const std::string single = make_pair(folder, "single", {1, 4, 3, 1});
  const std::string plane = make_pair(folder, "plane", {4, 3, 1, 2});

  CHECK(shape_of(heart, {.dims = "coil spoke sample"}) == Shape::parse("coil=2 spoke=3 sample=4"));
  CHECK(shape_of(heart, {.dims = "coil spoke sample x"}) ==
        Shape::parse("coil=2 spoke=3 sample=4 x=1"));
  CHECK(shape_of(single, {.dims = "coil spoke sample"}) == Shape::parse("coil=1 spoke=3 sample=4"));
  CHECK(shape_of(single, {.dims = "spoke sample"}) == Shape::parse("spoke=3 sample=4"));
  CHECK(shape_of(plane, {.dims = "coil z y x"}) == Shape::parse("coil=2 z=1 y=3 x=4"));
  CHECK(shape_of(plane, {.dims = "coil k=1 ky kx"}) == Shape::parse("coil=2 k=1 ky=3 kx=4"));
  CHECK(shape_of(plane, {.squeeze = false}).ndim() == 16);
}

TEST_CASE("cfl: dims that fit in several ways or in none show the header", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = make_pair(folder, "k", {1, 4, 1, 2});
  const auto text = [&](const char* dims) {
    const Failure failure = failure_of([&] { io::read(path, {.dims = dims}, context); });
    CHECK(failure.code == Code::shape);
    return failure.text;
  };

  CHECK(text("coil spoke sample") ==
        "read: " + path +
            ".hdr: dims \"coil spoke sample\" fits in more than one way (give extents, as "
            "in \"coil=1\", to choose) the header x=1 y=4 z=1 coil=2");
  CHECK(shape_of(path, {.dims = "coil spoke=1 sample"}) == Shape::parse("coil=2 spoke=1 sample=4"));
  CHECK(text("sample") ==
        "read: " + path + ".hdr: dims \"sample\" does not fit the header x=1 y=4 z=1 coil=2");
  CHECK(contains(text("coil=3 sample"), "does not fit the header"));
}

TEST_CASE("cfl: a trajectory becomes f32 with its components reversed and an all-zero z dropped",
          "[io]") {
  Context context;
  const Tensor raw = io::read(kept("bart/traj_radial.npy"), {}, context);  // spoke sample component

  const Tensor k = io::read(kept("bart/traj_radial"), {.dims = "spoke sample d"}, context);

  REQUIRE(k.shape() == Shape::parse("spoke=3 sample=8 d=2"));
  REQUIRE(k.dtype() == DType::f32);
  for (int64_t point = 0; point < 24; ++point) {
    CHECK(k.data_as<float>()[2 * point] == raw.data_as<c64>()[3 * point + 1].real());
    CHECK(k.data_as<float>()[2 * point + 1] == raw.data_as<c64>()[3 * point].real());
  }
  CHECK(io::read(kept("bart/traj_radial"), {}, context).shape() == Shape::parse("z=3 y=8 d=2"));
}

TEST_CASE("cfl: a trajectory with z keeps three components in the order z y x", "[io]") {
  Context context;
  const Tensor raw = io::read(kept("bart/traj_3d.npy"), {}, context);

  const Tensor k = io::read(kept("bart/traj_3d"), {}, context);

  REQUIRE(k.shape().extents() == std::vector<int64_t>{3, 4, 3});
  for (int64_t point = 0; point < 12; ++point) {
    for (int64_t d = 0; d < 3; ++d) {
      CHECK(k.data_as<float>()[3 * point + d] == raw.data_as<c64>()[3 * point + 2 - d].real());
    }
  }
}

TEST_CASE("cfl: as says what the name does not", "[io]") {
  Context context;
  const Folder folder;
  const std::string points = make_pair(folder, "points", {3, 2});
  const std::string plane = make_pair(folder, "plane", {2, 2});

  CHECK(io::read(points, {}, context).dtype() == DType::c64);
  CHECK(io::read(points, {.as = "traj"}, context).dtype() == DType::f32);
  CHECK(io::read(kept("bart/traj_radial"), {.as = "data"}, context).dtype() == DType::c64);
  CHECK(failure_of([&] { io::read(plane, {.as = "traj"}, context); }).text ==
        "read: " + plane +
            ".cfl: a trajectory has 3 components on axis x, the header says x=2 y=2");
  CHECK(failure_of([&] { io::read(plane, {.as = "spokes"}, context); }).text ==
        "read: " + plane + ".cfl: as is 'spokes'; a cfl file is read as \"traj\" or \"data\"");
}

TEST_CASE("cfl: writing puts names on BART's axes and reading gives the same bits", "[io]") {
  Context context;
  const Folder folder;

  for (const char* shape :
       {"coil=2 y=3 x=5", "coil=3 spoke=4 sample=7", "ky=1 kx=1", "time=2 x=0", "map=5"}) {
    const Tensor x = randn(Shape::parse(shape), DType::c64, 7, context);
    io::write(folder / "x.cfl", x, {}, context);

    const Tensor y = io::read(folder / "x", {.dims = shape}, context);

    INFO(shape);
    REQUIRE(y.shape() == x.shape());
    REQUIRE(std::memcmp(y.data(), x.data(), x.bytes()) == 0);
  }
}

TEST_CASE(
    "cfl: a trajectory is written as BART reads it: x y z, samples on axis 1, spokes on axis 2",
    "[io]") {
  Context context;
  const Folder folder;
  const Tensor k = randn(Shape::parse("spoke=3 sample=4 d=2"), DType::f64, 7, context);

  io::write(folder / "traj.cfl", k, {}, context);
  io::write(folder / "ksp.cfl", zeros(Shape::parse("coil=2 spoke=3 sample=4"), DType::c64, context),
            {}, context);

  CHECK(bytes_of(folder / "traj.hdr") == "# Dimensions\n3 4 3 1 1 1 1 1 1 1 1 1 1 1 1 1 \n");
  CHECK(bytes_of(folder / "ksp.hdr") == "# Dimensions\n1 4 3 2 1 1 1 1 1 1 1 1 1 1 1 1 \n");
  const Tensor back = io::read(folder / "traj.cfl", {.dims = "spoke sample d"}, context);
  REQUIRE(back.shape() == k.shape());
  const Tensor rounded = k.as(DType::f32, context);
  CHECK(std::memcmp(back.data(), rounded.data(), rounded.bytes()) == 0);
}

TEST_CASE("cfl: the header written has 16 extents, and dims in another order are put in order",
          "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = arange(Shape::parse("x=2 coil=3"), DType::f32, context);

  io::write(folder / "x.cfl", x, {}, context);

  CHECK(bytes_of(folder / "x.hdr") == "# Dimensions\n2 1 1 3 1 1 1 1 1 1 1 1 1 1 1 1 \n");
  const Tensor y = io::read(folder / "x", {}, context);
  const int64_t index[] = {2, 1};  // coil 2, x 1: element 3*1 + 2
  CHECK(value_at(y, index) == 5.0);
}

TEST_CASE(
    "cfl: names without an axis need one, two on one axis are refused, doubles are not rounded",
    "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "x.cfl";
  const Tensor frames = zeros(Shape::parse("frame=2 x=3"), DType::c64, context);

  CHECK(contains(failure_of([&] { io::write(path, frames, {}, context); }).text,
                 "a cfl file has no axis for 'frame'; say which by axes = { frame = \"AXIS\" }, "
                 "one of x y z"));
  io::WriteOptions options;
  options.axes = {{"frame", "time"}};
  io::write(path, frames, options, context);
  CHECK(shape_of(path, {}) == Shape::parse("time=2 x=3"));
  options.axes = {{"frame", "x"}};
  CHECK(contains(failure_of([&] { io::write(path, frames, options, context); }).text,
                 "'frame' and 'x' would both be axis x of the cfl file"));
  options.axes = {{"frame", "tme"}};
  CHECK(contains(failure_of([&] { io::write(path, frames, options, context); }).text,
                 "axes puts 'frame' on 'tme', but the axes of a cfl file are x y z coil"));
  options.axes = {{"frmae", "time"}};
  CHECK(failure_of([&] { io::write(path, frames, options, context); }).text ==
        "write: " + path + ": axes puts 'frmae' on 'time', but the tensor is {frame=2, x=3}");
  const Tensor wide = zeros(Shape::parse("x=3"), DType::c128, context);
  const Failure failure = failure_of([&] { io::write(path, wide, {}, context); });
  CHECK(failure.code == Code::dtype);
  CHECK(contains(failure.text, "cfl files hold c64, this tensor is c128"));
}

TEST_CASE("cfl: an extension in capitals stays as it was written", "[io]") {
  Context context;
  const Folder folder;

  io::write(folder / "X.CFL", arange(Shape::parse("x=3"), DType::c64, context), {}, context);

  CHECK(folder.entries() == 2);
  CHECK(bytes_of(folder / "X.CFL").size() == 24);
  CHECK(bytes_of(folder / "X.hdr") == "# Dimensions\n3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 \n");
}

TEST_CASE("cfl: headers with the line ends of other systems are read", "[io]") {
  const Folder folder;
  const std::string path = make_pair(folder, "k", {2, 3});
  put_bytes(path + ".hdr", "# Dimensions\r\n2 3 \r\n");

  CHECK(shape_of(path, {}) == Shape::parse("y=3 x=2"));
}

TEST_CASE("cfl: headers and data that disagree are errors", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = make_pair(folder, "k", {2, 3});
  const auto text_with = [&](const std::string& header) {
    put_bytes(path + ".hdr", header);
    const Failure failure = failure_of([&] { io::read(path, {}, context); });
    CHECK(failure.code == Code::format);
    CHECK(failure_of([&] { io::probe(path); }).text == failure.text);
    return failure.text;
  };

  CHECK(text_with("# Dimensions\n2 1000000000000 \n") ==
        "read: " + path +
            ".cfl: file says 16 TB, has 48 bytes; it is cut off or not what it seems");
  CHECK(text_with("# Dimensions\n2 2 \n") ==
        "read: " + path + ".cfl: the header says 32 bytes (x=2 y=2), the file has 48 bytes");
  CHECK(text_with("2 2 \n") == "read: " + path + ".hdr: at byte 0: expected a line '# Dimensions'");
  CHECK(text_with("# Dimensions\n2 -3 \n") ==
        "read: " + path + ".hdr: at byte 15: expected an extent");
  CHECK(contains(text_with("# Dimensions\n1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"),
                 "more than 16 extents"));
  CHECK(contains(text_with("# Dimensions\n\n"), "expected extents"));
}

TEST_CASE("cfl: a pair of which either file is cut off at any byte is an error", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = make_pair(folder, "k", {2, 3, 10});
  const std::string header = bytes_of(path + ".hdr");
  const std::string data = bytes_of(path + ".cfl");

  for (size_t length = 0; length < header.size(); ++length) {
    put_bytes(path + ".hdr", header.substr(0, length));
    INFO(length);
    REQUIRE(failure_of([&] { io::read(path, {}, context); }).code == Code::format);
  }
  put_bytes(path + ".hdr", header);
  for (size_t length = 0; length < data.size(); ++length) {
    put_bytes(path + ".cfl", data.substr(0, length));
    REQUIRE(failure_of([&] { io::read(path, {}, context); }).code == Code::format);
  }
}

TEST_CASE("cfl: a header without its data names the missing file", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = make_pair(folder, "k", {2});
  std::filesystem::remove(path + ".cfl");

  const Failure failure = failure_of([&] { io::read(path, {}, context); });

  CHECK(failure.code == Code::file);
  CHECK(failure.text == "read: " + path + ".cfl: No such file or directory");
}
