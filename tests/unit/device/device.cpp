// SPDX-License-Identifier: MIT
#include "runtime/device/device.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/context.hpp"
#include "runtime/device/cuda_status.hpp"
#include "runtime/device/loader.hpp"

using namespace lunops;

TEST_CASE("Device: text and parse are inverse", "[device]") {
  for (const char* text : {"cpu", "cpu:0", "cpu:12", "cuda:0", "cuda:3"}) {
    CHECK(Device::parse(text).text() == text);
  }
  CHECK(Device::parse("cuda") == Device{DeviceKind::cuda, 0});
  CHECK(Device::parse("cpu").is_host());
  CHECK_FALSE(Device::parse("cpu:0").is_host());
}

TEST_CASE("Device: other text is an error that shows the forms", "[device]") {
  for (const char* text : {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "cpu:99999", ":0"}) {
    CHECK_THROWS_WITH(Device::parse(text),
                      fmt::format("device: '{}' is not a device; write \"cpu\", \"cuda:0\", or "
                                  "\"cpu:0\" for a virtual device",
                                  text));
  }
}

TEST_CASE("Context: a set cancel flag stops at the next poll", "[device]") {
  Context context;
  std::atomic<bool> cancel{false};
  context.cancel = &cancel;
  CHECK_NOTHROW(context.poll());

  cancel = true;

  CHECK_THROWS_WITH(context.poll(), "interrupt: stopped on request");
}

TEST_CASE("Stream: the share of threads is at least one and at most the pool", "[device]") {
  Context context;
  context.stream->set_threads(1);
  CHECK(context.threads() == 1);
  context.stream->set_threads(100000);
  CHECK(context.threads() == ThreadPool::process().threads());
  CHECK_THROWS_WITH(context.stream->set_threads(0),
                    "threads: 0 threads were asked for; at least 1 is needed");
}

namespace {

// A folder of its own, named in LUNOPS_PLUGIN_PATH for one test.
class PluginFolder {
 public:
  PluginFolder() {
    path_ = std::filesystem::temp_directory_path() / "lunops-plugins-XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
    setenv("LUNOPS_PLUGIN_PATH", path_.c_str(), 1);
  }
  ~PluginFolder() {
    unsetenv("LUNOPS_PLUGIN_PATH");
    std::filesystem::remove_all(path_);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("loader: a module that is not there is an error that names file and folders",
          "[device]") {
  const PluginFolder folder;

  CHECK_THROWS_WITH(load_module("nothing"),
                    Catch::StartsWith("load: liblunops-nothing.so is not in " + folder.path()) &&
                        Catch::EndsWith("build it, or set LUNOPS_PLUGIN_PATH to its folder"));
}

TEST_CASE("loader: a file that is no library is an error with the linker's reason", "[device]") {
  const PluginFolder folder;
  std::ofstream(folder.path() + "/liblunops-broken.so") << "text";

  try {
    load_module("broken");
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.code() == Code::not_built);
    CHECK_THAT(e.message(), Catch::StartsWith(folder.path() + "/liblunops-broken.so: "));
  }
}

TEST_CASE("loader: without the CUDA module the error says so, and what the machine has",
          "[device]") {
  if (cuda_status().find("built without CUDA") == std::string::npos) {
    WARN("this build has the CUDA module: not tested");
    return;
  }

  try {
    load_module("cuda");
    FAIL("no error");
  } catch (const Error& e) {
    CHECK(e.code() == Code::not_built);
    CHECK_THAT(e.message(), Catch::StartsWith("lunops was built without CUDA"));
    CHECK_THAT(e.message(), Catch::EndsWith("use \"cpu\", or build with the CUDA toolkit"));
  }
}

TEST_CASE("loader: the build id names version, compiler and time", "[device]") {
  CHECK(build_id().substr(0, 4) == "0.1.");
  CHECK(build_id().size() > 20);
}
