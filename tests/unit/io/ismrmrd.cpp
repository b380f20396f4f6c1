// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "runtime/io/io.hpp"
#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

// What tests/data/make_ismrmrd.cpp puts into the files.
c128 sample_of(int acquisition, int64_t coil, int64_t sample) {
  return {static_cast<double>(100 * acquisition + 10 * coil + sample), 0.5};
}

c128 at(const Tensor& x, std::vector<int64_t> index) { return value_at(x, index); }

std::string radial(const char* name) { return kept(std::string("ismrmrd/") + name + ".h5"); }

}  // namespace

TEST_CASE("ISMRMRD: spokes are coil spoke sample, without noise and navigators", "[io]") {
  Context context;

  const io::Ismrmrd raw = io::read_ismrmrd(radial("radial_normalized"), "spokes", false, context);

  REQUIRE(raw.data.shape() == Shape::parse("coil=2 spoke=3 sample=8"));
  const int acquisitions[] = {1, 3, 4};  // 0 is noise, 2 a navigator
  for (int64_t coil = 0; coil < 2; ++coil) {
    for (int64_t spoke = 0; spoke < 3; ++spoke) {
      for (int64_t sample = 0; sample < 8; ++sample) {
        CHECK(at(raw.data, {coil, spoke, sample}) == sample_of(acquisitions[spoke], coil, sample));
      }
    }
  }
  REQUIRE(raw.noise);
  CHECK(raw.noise->shape() == Shape::parse("coil=2 sample=5"));
  CHECK(at(*raw.noise, {1, 4}) == sample_of(0, 1, 4));
  CHECK(raw.excluded == 1);
  CHECK(raw.index[0].first == "kspace_encode_step_1");
  CHECK(raw.index[0].second == std::vector<int64_t>{0, 1, 2});
  CHECK(raw.flags == std::vector<uint64_t>{0, 0, 0});
}

TEST_CASE("ISMRMRD: the header's fields of interest", "[io]") {
  Context context;

  const io::Ismrmrd raw = io::read_ismrmrd(kept("ismrmrd/cartesian.h5"), "lines", false, context);

  CHECK(raw.encoded == std::array<int64_t, 3>{1, 4, 8});
  CHECK(raw.recon == std::array<int64_t, 3>{1, 4, 4});
  CHECK(raw.header.encoded_mm == std::array<double, 3>{5, 40, 80});
  CHECK(raw.header.center == std::array<int64_t, 3>{-1, 2, -1});
  CHECK(raw.header.trajectory == "cartesian");
  CHECK(raw.header.field_strength_t == 1.5);
  CHECK(raw.header.tr_ms == std::vector<double>{4});
  CHECK(contains(raw.header_xml, "<ismrmrdHeader"));
}

TEST_CASE("ISMRMRD: trajectories come in cycles, components y x, whatever their unit", "[io]") {
  Context context;
  for (const char* name : {"radial_normalized", "radial_cycles_weighted"}) {
    INFO(name);

    const io::Ismrmrd raw = io::read_ismrmrd(radial(name), "", false, context);

    REQUIRE(raw.traj);
    REQUIRE(raw.traj->shape() == Shape::parse("spoke=3 sample=8 d=2"));
    REQUIRE(raw.traj->dtype() == DType::f32);
    for (int64_t spoke = 0; spoke < 3; ++spoke) {
      for (int64_t sample = 0; sample < 8; ++sample) {
        const double angle = static_cast<double>(spoke) * M_PI / 3;
        const double radius = static_cast<double>(sample - 4);
        // f32 keeps 4 cycles to 2.4e-7.
        CHECK(std::abs(at(*raw.traj, {spoke, sample, 0}) - radius * std::sin(angle)) < 1e-6);
        CHECK(std::abs(at(*raw.traj, {spoke, sample, 1}) - radius * std::cos(angle)) < 1e-6);
      }
    }
  }
  CHECK(io::read_ismrmrd(radial("radial_normalized"), "", false, context).trajectory_units ==
        "normalized");
  CHECK(io::read_ismrmrd(radial("radial_cycles_weighted"), "", false, context).trajectory_units ==
        "cycles");
}

TEST_CASE("ISMRMRD: the third column of a flat trajectory is the density weight", "[io]") {
  Context context;

  const io::Ismrmrd raw =
      io::read_ismrmrd(radial("radial_cycles_weighted"), "spokes", false, context);

  REQUIRE(raw.weights);
  CHECK(raw.weights->shape() == Shape::parse("spoke=3 sample=8"));
  CHECK(at(*raw.weights, {2, 1}) == 3.0);
  CHECK_FALSE(io::read_ismrmrd(radial("radial_normalized"), "spokes", false, context).weights);
}

TEST_CASE("ISMRMRD: a trajectory in no known unit is an error", "[io]") {
  Context context;

  const Failure failure =
      failure_of([&] { io::read_ismrmrd(radial("radial_radians"), "", false, context); });

  CHECK(failure.code == Code::format);
  CHECK(failure.text ==
        "read: " + radial("radial_radians") +
            ": the trajectory reaches 40 34.64: neither normalised (0.5) nor cycles of the "
            "encoded matrix 8 x 8");
}

TEST_CASE("ISMRMRD: lines lose discarded samples and reversed ones are flipped", "[io]") {
  Context context;

  const io::Ismrmrd raw = io::read_ismrmrd(kept("ismrmrd/cartesian.h5"), "lines", false, context);

  REQUIRE(raw.data.shape() == Shape::parse("coil=2 readout=7 sample=8"));
  for (int64_t sample = 0; sample < 8; ++sample) {
    CHECK(at(raw.data, {1, 0, sample}) == sample_of(1, 1, sample + 1));
    CHECK(at(raw.data, {1, 1, sample}) == sample_of(2, 1, 8 - sample));
  }
  CHECK(raw.excluded == 1);
}

TEST_CASE("ISMRMRD: a grid has each line in its row, zeros and a mask elsewhere", "[io]") {
  Context context;

  const io::Ismrmrd raw = io::read_ismrmrd(kept("ismrmrd/cartesian.h5"), "grid", false, context);

  REQUIRE(raw.data.shape() == Shape::parse("coil=2 slice=2 ky=4 kx=8"));
  REQUIRE(raw.mask);
  REQUIRE(raw.mask->shape() == Shape::parse("slice=2 ky=4"));
  const int acquisitions[2][4] = {{1, 2, 3, 4}, {5, 6, -1, 7}};
  for (int64_t slice = 0; slice < 2; ++slice) {
    for (int64_t line = 0; line < 4; ++line) {
      const int acquisition = acquisitions[slice][line];
      CHECK(raw.mask->data_as<bool>()[4 * slice + line] == (acquisition >= 0));
      for (int64_t kx = 0; kx < 8; ++kx) {
        const int64_t sample = acquisition == 2 ? 8 - kx : kx + 1;
        const c128 expected = acquisition < 0 ? 0.0 : sample_of(acquisition, 1, sample);
        CHECK(at(raw.data, {1, slice, line, kx}) == expected);
      }
    }
  }
}

TEST_CASE("ISMRMRD: partial echoes and partial lines are placed by their centres", "[io]") {
  Context context;

  const Tensor grid = io::read(kept("ismrmrd/partial.h5"), {.dims = "coil ky kx"}, context);

  // Centre sample 2 stands at kx 4, centre line 1 at ky 3.
  REQUIRE(grid.shape() == Shape::parse("coil=2 ky=6 kx=8"));
  CHECK(at(grid, {0, 3, 4}) == sample_of(1, 0, 2));
  CHECK(at(grid, {1, 2, 2}) == sample_of(0, 1, 0));
  CHECK(at(grid, {0, 4, 7}) == sample_of(2, 0, 5));
  CHECK(at(grid, {0, 3, 1}) == 0.0);
  CHECK(at(grid, {0, 5, 4}) == 0.0);
}

TEST_CASE("ISMRMRD: removing oversampling keeps the samples of an object that fits", "[io]") {
  Context context;
  const std::string path = kept("ismrmrd/cartesian.h5");
  const Tensor full = io::read_ismrmrd(path, "grid", false, context).data;

  const Tensor cut = io::read_ismrmrd(path, "grid", true, context).data;

  REQUIRE(cut.shape() == Shape::parse("coil=2 slice=2 ky=4 kx=4"));
  // The same by definition: the image of a line of 8 at pixels -2 … 1, and its transform of
  // length 4.
  for (int64_t j = 0; j < 4; ++j) {
    c128 expected = 0;
    for (int r = -2; r < 2; ++r) {
      c128 pixel = 0;
      for (int64_t i = 0; i < 8; ++i) {
        pixel += at(full, {0, 0, 2, i}) *
                 std::polar(1.0 / 8, 2 * M_PI * r * static_cast<double>(i - 4) / 8);
      }
      expected += pixel * std::polar(1.0, -2 * M_PI * r * static_cast<double>(j - 2) / 4);
    }
    // Sums of 8 values up to 300 in f32.
    CHECK(std::abs(at(cut, {0, 0, 2, j}) - expected) < 1e-3);
  }
}

TEST_CASE("ISMRMRD: removing oversampling takes the trajectory along, also between two samples",
          "[io]") {
  Context context;

  const io::Ismrmrd raw = io::read_ismrmrd(radial("radial_oversampled"), "spokes", true, context);

  REQUIRE(raw.data.shape() == Shape::parse("coil=2 spoke=2 sample=8"));
  REQUIRE(raw.traj);
  REQUIRE(raw.traj->shape() == Shape::parse("spoke=2 sample=8 d=2"));
  REQUIRE(raw.weights);
  // Sample j of 8 stands at j - 4 cycles of the image's field of view, 1.5 times that of the
  // encoded one, whatever the direction of the readout; numbers this small are exact in f32 but for
  // the factor 2/3.
  for (int64_t j = 0; j < 8; ++j) {
    const double k = static_cast<double>(j - 4);
    CHECK(std::abs(at(*raw.traj, {0, j, 1}) - k) < 1e-6);
    CHECK(at(*raw.traj, {0, j, 0}) == 0.0);
    CHECK(std::abs(at(*raw.traj, {1, j, 0}) - k) < 1e-6);
    CHECK(at(*raw.weights, {0, j}) == std::abs(1.5 * k));
    CHECK(at(*raw.weights, {1, j}) == std::abs(1.5 * k));
  }
}

TEST_CASE("ISMRMRD: a line outside the matrix names the centre that it was counted from", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "far.h5";
  std::string bytes = bytes_of(kept("ismrmrd/radial_normalized.h5"));
  // Limits under another name are none: half the matrix is taken as the centre.
  for (size_t place = 0; (place = bytes.find("kspace_encoding_step_1", place)) != std::string::npos;
       ++place) {
    bytes[place + 21] = '9';
  }
  const size_t matrix = bytes.find("<y>8</y>");
  REQUIRE(matrix != std::string::npos);
  bytes.replace(matrix, 8, "<y>2</y>");
  put_bytes(path, bytes);

  const Failure failure = failure_of([&] { io::read(path, {.as = "grid"}, context); });

  CHECK(failure.code == Code::format);
  CHECK(failure.text ==
        "read: " + path +
            ": kspace_encode_step_1 is 2, which is outside the encoded matrix of 2 with its centre "
            "at 1");
}

TEST_CASE("ISMRMRD: dims choose the layout, rename, and do not permute", "[io]") {
  Context context;
  const std::string path = radial("radial_normalized");
  const auto shape = [&](const char* dims) {
    return io::read(path, {.dims = dims}, context).shape();
  };

  CHECK(shape("coil spoke sample") == Shape::parse("coil=2 spoke=3 sample=8"));
  CHECK(shape("channel spoke x") == Shape::parse("channel=2 spoke=3 x=8"));
  CHECK(shape("") == Shape::parse("coil=2 readout=3 sample=8"));
  CHECK(io::read(path, {.as = "traj"}, context).shape() == Shape::parse("spoke=3 sample=8 d=2"));
  CHECK(shape("spoke sample d") == Shape::parse("spoke=3 sample=8 d=2"));
  const Failure failure = failure_of([&] { shape("spoke coil sample"); });
  CHECK(failure.code == Code::shape);
  CHECK(failure.text == "read: " + path +
                            ": dims \"spoke coil sample\" names the axes of {coil=2, spoke=3, "
                            "sample=8} in another order; read \"coil spoke sample\" and permute");
  CHECK(contains(failure_of([&] { io::read(path, {.as = "rows"}, context); }).text,
                 "as is 'rows'; raw data is read as lines, grid or spokes"));
}

TEST_CASE("ISMRMRD: probe reads the heads only", "[io]") {
  const io::Probe probe = io::probe(radial("radial_normalized"));

  CHECK(probe.format == "ismrmrd");
  CHECK(probe.shape == Shape::parse("coil=2 readout=3 sample=8"));
  CHECK(probe.bytes == 2 * 3 * 8 * 8);
}

TEST_CASE("ISMRMRD: another HDF5 file is an error and stays as it was, to the byte and the second",
          "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "other.h5";
  std::filesystem::copy_file(kept("ismrmrd/other.h5"), path);
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(path, old);

  const Failure failure = failure_of([&] { io::read(path, {}, context); });

  CHECK(failure.code == Code::format);
  CHECK(failure.text == "read: " + path +
                            ": an HDF5 file, but not ISMRMRD raw data: it has no 'dataset/xml' and "
                            "'dataset/data' of its own, it holds exchange");
  CHECK(bytes_of(path) == bytes_of(kept("ismrmrd/other.h5")));
  CHECK(std::filesystem::last_write_time(path) == old);
}

TEST_CASE("ISMRMRD: a file is read without being changed, also while another process has it locked",
          "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "radial.h5";
  std::filesystem::copy_file(radial("radial_normalized"), path);
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(path, old);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  const int other = ::open(path.c_str(), O_RDONLY);
  REQUIRE(::flock(other, LOCK_EX) == 0);

  io::read(path, {}, context);

  ::close(other);
  CHECK(bytes_of(path) == bytes_of(radial("radial_normalized")));
  CHECK(std::filesystem::last_write_time(path) == old);
}

TEST_CASE("ISMRMRD: a file cut off at any byte is an error", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "cut.h5";
  const std::string whole = bytes_of(radial("radial_normalized"));

  // libhdf5 compares the length with the one in the superblock, so none of these gets far.
  for (size_t length = 0; length < whole.size(); ++length) {
    put_bytes(path, whole.substr(0, length));
    const Failure failure = failure_of([&] { io::read(path, {}, context); });
    INFO(length << ": " << failure.text);
    REQUIRE(failure.code == Code::format);
  }
  CHECK(failure_of([&] { io::read(path, {}, context); }).text ==
        fmt::format("read: {}: HDF5 cannot open it: truncated file: eof = {}, sblock->base_addr = "
                    "0, stored_eof = {}; it is cut off, damaged or not HDF5",
                    path, whole.size() - 1, whole.size()));
}

TEST_CASE("ISMRMRD: a type whose member lies outside it is an error", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "hostile.h5";
  std::string hostile = bytes_of(radial("radial_normalized"));
  // A compound of version 1: the member's name, padded to 24 bytes, then its offset in four.
  const size_t place = hostile.find("number_of_samples");
  REQUIRE(place != std::string::npos);
  REQUIRE(hostile[place + 24] == 34);
  hostile[place + 27] = '\x40';
  put_bytes(path, hostile);

  const Failure failure = failure_of([&] { io::read(path, {}, context); });

  CHECK(failure.code == Code::format);
  CHECK(failure.text == "read: " + path +
                            ": 'dataset/data': member 7 of its type stands at byte 1073741858 and "
                            "takes 2 bytes, the type has 340 bytes");
}

TEST_CASE("ISMRMRD: heads that claim more than the file holds are errors", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "hostile.h5";
  const std::string whole = bytes_of(radial("radial_normalized"));
  // number_of_samples, available_channels, active_channels of the first spoke: 8, 2, 2.
  const std::string counts("\x08\x00\x02\x00\x02\x00", 6);
  const size_t place = whole.find(counts);
  REQUIRE(place != std::string::npos);

  std::string hostile = whole;
  hostile.replace(place, 6, std::string("\xFF\xFF\xFF\xFF\xFF\xFF", 6));
  put_bytes(path, hostile);
  const Failure large = failure_of([&] { io::read(path, {}, context); });
  hostile.replace(place, 6, std::string("\x09\x00\x02\x00\x02\x00", 6));
  put_bytes(path, hostile);
  const Failure unequal = failure_of([&] { io::read(path, {}, context); });

  CHECK(large.code == Code::format);
  CHECK(unequal.code == Code::format);
  CHECK(contains(unequal.text, "readouts of different kinds do not fit one tensor"));
}
