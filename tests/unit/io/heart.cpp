// SPDX-License-Identifier: MIT
// The measured heart, which is not part of the repository: the same scan as cfl and as ISMRMRD.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "runtime/io/io.hpp"
#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

// Copies of a folder of measured data, or false with the reason printed.
bool copy_data(const Folder& to, const char* name) {
  const char* given = std::getenv("LUNOPS_DATA");
  const std::filesystem::path data = given ? given : LUNOPS_SOURCE_DIR "/../shared/data";
  if (!std::filesystem::exists(data / name)) {
    std::printf("skipped: no measured data in %s (LUNOPS_DATA names its folder)\n",
                (data / name).c_str());
    return false;
  }
  for (const auto& entry : std::filesystem::directory_iterator(data / name)) {
    std::filesystem::copy_file(entry, to / entry.path().filename().string());
  }
  return true;
}

}  // namespace

TEST_CASE("the heart is the same scan as cfl and as ISMRMRD", "[io]") {
  Context context;
  const Folder folder;
  if (!copy_data(folder, "cardiac_radial")) return;

  const Tensor ksp = io::read(folder / "cardiac12_ksp.cfl", {.dims = "coil spoke sample"}, context);
  const Tensor traj = io::read(folder / "cardiac12_traj.cfl", {.dims = "spoke sample d"}, context);
  const io::Ismrmrd raw =
      io::read_ismrmrd(folder / "cardiac12_radial_ismrmrd.h5", "spokes", false, context);

  CHECK(raw.data.shape() == Shape::parse("coil=12 spoke=25 sample=256"));
  REQUIRE(raw.data.shape() == ksp.shape());
  CHECK(std::memcmp(raw.data.data(), ksp.data(), ksp.bytes()) == 0);
  REQUIRE(raw.traj);
  CHECK(raw.traj->shape() == Shape::parse("spoke=25 sample=256 d=2"));
  REQUIRE(raw.traj->shape() == traj.shape());
  float worst = 0;
  for (int64_t i = 0; i < traj.count(); ++i) {
    worst = std::max(worst, std::fabs(raw.traj->data_as<float>()[i] - traj.data_as<float>()[i]));
  }
  // Both are f32 of positions up to 128 cycles, one divided by 256 and back: one unit in the last
  // place.
  CHECK(worst <= 128 * 1.2e-7F);
  CHECK(raw.encoded == std::array<int64_t, 3>{1, 256, 256});
  CHECK(raw.trajectory_units == "normalized");
}

TEST_CASE("the brain is the same scan as cfl and as an ISMRMRD grid", "[io]") {
  Context context;
  const Folder folder;
  if (!copy_data(folder, "brain_cartesian")) return;

  const Tensor cfl = io::read(folder / "brain16_ksp", {.dims = "coil ky kx"}, context);
  const Tensor grid = io::read(folder / "brain16_ismrmrd.h5", {.dims = "coil ky kx"}, context);

  REQUIRE(grid.shape() == Shape::parse("coil=16 ky=128 kx=128"));
  REQUIRE(cfl.shape() == grid.shape());
  CHECK(std::memcmp(grid.data(), cfl.data(), cfl.bytes()) == 0);
}
