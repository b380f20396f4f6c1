// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>

#include "runtime/io/input.hpp"
#include "runtime/io/io.hpp"
#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

TEST_CASE("read: the content says the format, not the extension", "[io]") {
  Context context;
  const Folder folder;
  std::filesystem::copy_file(kept("npy/f4_little.npy"), folder / "x.cfl");
  std::filesystem::copy_file(kept("ismrmrd/radial_normalized.h5"), folder / "raw.npy");

  CHECK(io::read(folder / "x.cfl", {}, context).dtype() == DType::f32);
  CHECK(io::probe(folder / "x.cfl").format == "npy");
  CHECK(io::read(folder / "raw.npy", {}, context).shape().names() == "coil readout sample");
}

TEST_CASE("read: a missing file, a folder, a pipe and an empty file are errors that say which",
          "[io]") {
  Context context;
  const Folder folder;
  put_bytes(folder / "empty.npy", "");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  const auto failure = [&](const std::string& path) {
    return failure_of([&] { io::read(path, {}, context); });
  };

  CHECK(failure(folder / "none.npy").code == Code::file);
  CHECK(failure(folder / "none.npy").text ==
        "read: " + (folder / "none.npy") + ": No such file or directory");
  CHECK(failure(folder.path()).text == "read: " + folder.path() + ": is a folder, not a file");
  CHECK(failure(folder / "pipe").text == "read: " + (folder / "pipe") + ": is not a regular file");
  CHECK(failure(folder / "empty.npy").code == Code::format);
  CHECK(failure(folder / "empty.npy").text ==
        "read: " + (folder / "empty.npy") + ": the file is empty");
}

TEST_CASE("read: other files are told what can be read", "[io]") {
  Context context;
  const Folder folder;
  put_bytes(folder / "x", "hello");
  put_bytes(folder / "x.png", "\x89PNG\r\n\x1a\n");
  const auto text = [&](const char* name) {
    return failure_of([&] { io::read(folder / name, {}, context); }).text;
  };

  CHECK(text("x") ==
        "read: " + (folder / "x") +
            ": the file is of no format known; npy, BART's cfl with its hdr beside it, and "
            "ISMRMRD are read");
  CHECK(contains(text("x.png"), "the file is a PNG picture, which is written only"));
}

TEST_CASE("probe: dims, type and bytes without the data", "[io]") {
  const io::Probe npy = io::probe(kept("npy/c8_big_fortran.npy"));
  CHECK(npy.format == "npy");
  CHECK(npy.dtype == ">c8");
  CHECK(npy.shape == Shape::unnamed({2, 3}));
  CHECK(npy.bytes == 48);

  const io::Probe cfl = io::probe(kept("bart/phantom"));
  CHECK(cfl.format == "cfl");
  CHECK(cfl.shape == Shape::parse("coil=2 y=8 x=8"));
  CHECK(cfl.bytes == 1024);

  const io::Probe traj = io::probe(kept("bart/traj_radial"));
  CHECK(traj.dtype == "complex64");
  CHECK(traj.shape == Shape::parse("z=3 y=8 d=3"));
}

TEST_CASE("read: an interrupt stops a large read", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = zeros(Shape::parse("x=3000000"), DType::f32, context);
  io::write(folder / "x.npy", x, {}, context);
  const std::atomic<bool> cancel{true};
  context.cancel = &cancel;

  CHECK(failure_of([&] { io::read(folder / "x.npy", {}, context); }).code == Code::interrupted);
}

TEST_CASE("read: files of several pieces arrive complete", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = arange(Shape::parse("x=5000001"), DType::i64, context);
  io::write(folder / "x.npy", x, {}, context);

  const Tensor y = io::read(folder / "x.npy", {}, context);

  REQUIRE(y.count() == x.count());
  CHECK(std::memcmp(x.data(), y.data(), x.bytes()) == 0);
}

TEST_CASE("bytes are told in units that people read", "[io]") {
  CHECK(io::bytes_text(1) == "1 byte");
  CHECK(io::bytes_text(999) == "999 bytes");
  CHECK(io::bytes_text(1000) == "1.0 kB");
  CHECK(io::bytes_text(12'345'678) == "12 MB");
  CHECK(io::bytes_text(io::Wide{4'100'000'000'000}) == "4.1 TB");
}
