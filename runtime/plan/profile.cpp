// SPDX-License-Identifier: MIT
#include "runtime/plan/profile.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/device/cache_folder.hpp"

namespace lunops {

namespace {

struct Rate {
  const char* name;
  double DeviceProfile::*value;
};
constexpr Rate kRates[] = {{"flops", &DeviceProfile::flops},
                           {"contraction", &DeviceProfile::contraction},
                           {"fft", &DeviceProfile::fft},
                           {"bytes", &DeviceProfile::bytes},
                           {"spreading", &DeviceProfile::spreading}};

DeviceProfile read_profile() {
  const std::string path = profile_path();
  std::ifstream file(path, std::ios::binary);
  if (path.empty() || !file) return {};
  try {
    return DeviceProfile::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  } catch (const Error&) {
    return {};
  }
}

struct Current {
  std::mutex mutex;
  std::shared_ptr<const DeviceProfile> profile;
};

Current& current() {
  static auto* const all = new Current;  // leaked: asked for at any time
  return *all;
}

}  // namespace

std::string DeviceProfile::text() const {
  std::string made;
  for (const Rate& rate : kRates) made += fmt::format("{} {}\n", rate.name, this->*rate.value);
  return made;
}

DeviceProfile DeviceProfile::parse(std::string_view text) {
  DeviceProfile made;
  std::istringstream lines{std::string(text)};
  for (const Rate& rate : kRates) {
    std::string name;
    double value = 0;
    lines >> name >> value;
    if (!lines || name != rate.name || !std::isfinite(value) || !(value > 0)) {
      fail(Code::argument, "profile", "'{}' with a rate above 0 is missing; measure again",
           rate.name);
    }
    made.*rate.value = value;
  }
  made.is_measured = true;
  return made;
}

std::shared_ptr<const DeviceProfile> device_profile() {
  Current& now = current();
  const std::lock_guard lock(now.mutex);
  if (now.profile == nullptr) now.profile = std::make_shared<const DeviceProfile>(read_profile());
  return now.profile;
}

void set_device_profile(DeviceProfile profile) {
  Current& now = current();
  const std::lock_guard lock(now.mutex);
  now.profile = std::make_shared<const DeviceProfile>(profile);
}

std::string profile_path() {
  const std::string folder = cache_folder();
  return folder.empty() ? folder : fmt::format("{}/profile-{}.txt", folder, processor());
}

void save_device_profile(const DeviceProfile& profile) {
  const std::filesystem::path path = profile_path();
  if (path.empty()) {
    fail(Code::file, "calibrate", "there is no cache folder; set LUNOPS_CACHE to one");
  }
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  // Written beside it and renamed, so that no other process reads half a file.
  const std::string temporary = fmt::format("{}.{}", path.string(), ::getpid());
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << profile.text();
    file.flush();
    if (!file) {
      std::filesystem::remove(temporary, error);
      fail(Code::file, "calibrate", "'{}' cannot be written; set LUNOPS_CACHE to another folder",
           path.string());
    }
  }
  std::filesystem::rename(temporary, path, error);
  if (error) {
    const std::string reason = error.message();
    std::filesystem::remove(temporary, error);
    fail(Code::file, "calibrate", "'{}': {}", path.string(), reason);
  }
}

}  // namespace lunops
