// SPDX-License-Identifier: MIT
#include "runtime/device/cores.hpp"

#include <stdlib.h>

#include <string>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"

using namespace lunops;

namespace {

// Sets an environment variable for one test; nullptr unsets it.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = getenv(name)) {
      had_ = true;
      before_ = before;
    }
    if (value != nullptr) {
      setenv(name, value, 1);
    } else {
      unsetenv(name);
    }
  }
  ~Environment() {
    if (had_) {
      setenv(name_, before_.c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  bool had_ = false;
  std::string before_;
};

}  // namespace

TEST_CASE("cores: a quota grants its started cores, and max means no limit", "[device]") {
  CHECK(cores_of_quota("100000 100000") == 1);
  CHECK(cores_of_quota("150000 100000") == 2);
  CHECK(cores_of_quota("50000 100000") == 1);
  CHECK(cores_of_quota("max 100000") == 0);
  CHECK(cores_of_quota("-1 100000") == 0);
  CHECK(cores_of_quota("") == 0);
}

TEST_CASE("cores: LUNOPS_THREADS goes before OMP_NUM_THREADS, and both before the machine",
          "[device]") {
  const Environment omp("OMP_NUM_THREADS", "3,2");
  {
    const Environment own("LUNOPS_THREADS", "5");
    CHECK(default_threads() == 5);
  }
  {
    const Environment own("LUNOPS_THREADS", nullptr);
    CHECK(default_threads() == 3);
  }
  const Environment own("LUNOPS_THREADS", nullptr);
  const Environment foreign("OMP_NUM_THREADS", "many");
  CHECK(default_threads() == usable_cores());
}

TEST_CASE("cores: a LUNOPS_THREADS that is no number is an error", "[device]") {
  const Environment own("LUNOPS_THREADS", "four");

  CHECK_THROWS_WITH(
      default_threads(),
      "threads: LUNOPS_THREADS is 'four'; set it to a number from 1 to 4096 or unset it");
}

TEST_CASE("cores: this process may use at least one core and some memory", "[device]") {
  CHECK(usable_cores() >= 1);
  CHECK(usable_memory() > (size_t{64} << 20));
}
