// SPDX-License-Identifier: MIT
// What NUFFT plans promise besides their values: memory, threads, wisdom.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/backend/cpu/fft_plan.hpp"
#include "runtime/backend/cpu/nufft.hpp"
#include "runtime/backend/cpu/wisdom.hpp"
#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;
namespace fs = std::filesystem;

namespace {

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "lunops-wisdom-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code error;
    fs::permissions(path_, fs::perms::owner_all, error);
    fs::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("NUFFT: results do not depend on how the batch is cut into blocks", "[backend]") {
  const std::vector<int64_t> image = {40, 36};
  const auto k = random_points(image, 900, 1);
  const NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-4);
  const int64_t batch = 11;
  const auto maps = random_numbers<c64>(batch * 40 * 36, 2);
  NufftMaps attached;
  attached.maps = view_of(maps, {batch, 40, 36});
  attached.sum_batch = true;
  std::vector<std::vector<c64>> forward, adjoint;
  for (const int64_t block : {0, 1, 2, 5, 11}) {
    const cpu::Nufft<float> points(spec, stream_of(2), {block, true});
    const NufftCase run{points, spec, batch, attached, false, {{1, 0}, {0.5, 0}}, 2};
    const auto x = random_numbers<c64>(40 * 36, 3);
    const auto y = random_numbers<c64>(batch * 900, 4);
    forward.push_back(run.forward(x, y));
    adjoint.push_back(run.adjoint(y, x));
  }

  for (size_t i = 1; i < forward.size(); ++i) {
    CHECK(forward[i] == forward[0]);
    CHECK(adjoint[i] == adjoint[0]);
  }
}

TEST_CASE("NUFFT: applying writes inside its workspace and takes no other memory", "[backend]") {
  const std::vector<int64_t> image = {30, 34};
  auto k = random_points(image, 20000, 5);
  for (size_t i = 0; i < 30000; ++i) k[i] *= 0.05;  // a tile that is cut
  const int64_t batch = GENERATE(1, 8);
  const NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-4);
  Stream stream = stream_of(1);
  const auto points = cpu::make_nufft(spec, stream);
  ToeplitzSpec t;
  t.nufft = spec;
  const auto normal = cpu::make_toeplitz(t, stream);
  auto x = random_numbers<c64>(batch * 30 * 34, 6);
  auto y = random_numbers<c64>(batch * 20000, 7);
  const std::vector<int64_t> images = {1, batch, 30, 34};
  const std::vector<int64_t> samples = {1, batch, 20000};
  const size_t bytes = std::max(points->workspace(batch), normal->workspace(batch));
  const Workspace workspace(bytes + 4096);  // 0xff where nothing was written
  const RawView x_view = view_of(x, images);
  const RawView y_view = view_of(y, samples);
  const NufftMaps maps;
  const auto apply = [&] {
    points->forward(x_view, maps, false, {}, y_view, workspace.data(), stream);
    points->adjoint(y_view, maps, false, {}, x_view, workspace.data(), stream);
    normal->run(x_view, maps, false, false, {}, x_view, workspace.data(), stream);
  };
  apply();
  const int64_t before = allocations();

  apply();

  CHECK(allocations() == before);
  const auto* words = reinterpret_cast<const unsigned char*>(workspace.data() + bytes);
  CHECK(std::all_of(words, words + 4096, [](unsigned char b) { return b == 0xff; }));
}

TEST_CASE("NUFFT: four threads apply one plan at once, forward and adjoint mixed", "[backend]") {
  const std::vector<int64_t> image = {32, 40};
  const auto k = random_points(image, 3000, 8);
  const NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-4);
  Stream stream = stream_of(2);
  const auto points = cpu::make_nufft(spec, stream);
  const NufftCase run{*points, spec, 3, {}, false, {}, 2};
  const auto x = random_numbers<c64>(3 * 32 * 40, 9);
  const auto y = run.forward(x);
  const auto z = run.adjoint(y);
  std::atomic<int> wrong{0};

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 10; ++repeat) {
        if ((i + repeat) % 2 == 0 ? run.forward(x) != y : run.adjoint(y) != z) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();

  CHECK(wrong == 0);
}

TEST_CASE("wisdom: a missing, a corrupt and a truncated file count as empty and are replaced",
          "[backend]") {
  const Folder folder;
  const cpu::WisdomFile file(folder.path() + "/deep/below", false);
  cpu::LinePlan<float>::get(48, 16, -1);  // something to keep

  CHECK_FALSE(file.read());
  CHECK(file.write().empty());
  CHECK(file.read());
  const std::string good = content(file.path());
  CHECK(good.find("fftw") != std::string::npos);

  for (const std::string& bad :
       {std::string("not wisdom"), good.substr(0, good.size() / 2), std::string()}) {
    std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << bad;
    CHECK_FALSE(file.read());
    CHECK(file.write().empty());
    CHECK(file.read());
  }
}

TEST_CASE("wisdom: a folder that cannot be written is named", "[backend]") {
  const Folder folder;
  // A file where the folder should be: this stops root as well.
  std::ofstream(folder.path() + "/taken") << "x";
  const cpu::WisdomFile file(folder.path() + "/taken", true);

  const std::string problem = file.write();

  CHECK(problem.find("/taken'") != std::string::npos);
  CHECK_FALSE(file.read());
}

TEST_CASE("wisdom: no folder means no file", "[backend]") {
  const cpu::WisdomFile file("", false);

  CHECK_FALSE(file.read());
  CHECK(file.write().empty());
}

TEST_CASE("wisdom: two processes that write at once leave one valid file", "[backend]") {
  const Folder folder;
  const cpu::WisdomFile file(folder.path(), false);
  cpu::LinePlan<float>::get(40, 16, -1);
  REQUIRE(file.write().empty());

  // Children only read, merge and write: no thread of this process is needed for it.
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool is_well = true;
      for (int j = 0; j < 20; ++j) is_well = file.write().empty() && is_well;
      ::_exit(is_well ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }

  CHECK(file.read());
  int files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.path())) ++files;
  CHECK(files == 2);  // the wisdom and its lock, no temporary
}
