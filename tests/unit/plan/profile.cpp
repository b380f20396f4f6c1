// SPDX-License-Identifier: MIT
#include "runtime/plan/profile.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/calibrate.hpp"
#include "runtime/plan/figures.hpp"

using namespace lunops;

namespace {

double seconds_of_fft(const DeviceProfile& profile) {
  const DeviceProfile before = *device_profile();
  set_device_profile(profile);
  Context context;
  const Linop a = FFT("y=64 x=64 -> ky kx");
  const PlanFigures figures =
      estimate(a, Shape::parse("y=64 x=64"), DType::c64, Device::host(), context);
  set_device_profile(before);
  return figures.seconds;
}

}  // namespace

TEST_CASE("a profile is what its text says") {
  DeviceProfile profile;
  profile.fft = 1.25e10;
  profile.is_measured = true;

  CHECK(DeviceProfile::parse(profile.text()) == profile);
  CHECK_THROWS_WITH(DeviceProfile::parse("flops 0"),
                    Catch::Contains("'flops' with a rate above 0 is missing; measure again"));
  CHECK_THROWS_AS(DeviceProfile::parse(""), Error);
}

TEST_CASE("estimates follow the profile, and are the constants' where nobody measured") {
  DeviceProfile fast;
  fast.fft = 2 * fast.fft;

  // 5 n log2 n of 4096 points at 4e9 per second.
  CHECK(seconds_of_fft({}) == Approx(5.0 * 4096 * 12 / 4e9));
  CHECK(seconds_of_fft(fast) == Approx(seconds_of_fft({}) / 2));
}

TEST_CASE("a profile is kept in the cache folder") {
  const char* given = std::getenv("LUNOPS_CACHE");
  const std::string before = given == nullptr ? "" : given;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "lunops-profile-test" / "cache";
  setenv("LUNOPS_CACHE", folder.c_str(), 1);
  DeviceProfile profile;
  profile.bytes = 3e10;
  profile.is_measured = true;

  save_device_profile(profile);
  std::ifstream file(profile_path());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(DeviceProfile::parse(text) == profile);

  setenv("LUNOPS_CACHE", "/dev/null/no-folder", 1);
  CHECK_THROWS_WITH(save_device_profile(profile), Catch::Contains("cannot be written"));
  std::filesystem::remove_all(folder.parent_path());
  if (given == nullptr) {
    unsetenv("LUNOPS_CACHE");
  } else {
    setenv("LUNOPS_CACHE", before.c_str(), 1);
  }
}

TEST_CASE("measured rates are those of a machine") {
  Context context;

  const DeviceProfile made = measure_device(context);

  // From a hundredth of the constants to a thousand times them: any machine, and no unit forgotten.
  const DeviceProfile constants;
  for (const auto rate : {&DeviceProfile::flops, &DeviceProfile::contraction, &DeviceProfile::fft,
                          &DeviceProfile::bytes, &DeviceProfile::spreading}) {
    CHECK(made.*rate > 0.01 * constants.*rate);
    CHECK(made.*rate < 1000 * constants.*rate);
  }
  CHECK(made.is_measured);
}
