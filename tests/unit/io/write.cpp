// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "runtime/io/io.hpp"
#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

// No file of this process grows beyond `bytes` while this lives: what a full disc looks like.
class FullDisc {
 public:
  explicit FullDisc(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisc() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FullDisc(const FullDisc&) = delete;
  FullDisc& operator=(const FullDisc&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

}  // namespace

TEST_CASE("write: a text replaces the old file, keeps its permissions and leaves no other file",
          "[io]") {
  const Folder folder;
  const std::string path = folder / "report.json";
  put_bytes(path, "old and longer");
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

  io::write_text(path, "{}");

  CHECK(bytes_of(path) == "{}");
  CHECK(folder.entries() == 1);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("write: a symbolic link stays a link to the new file", "[io]") {
  const Folder folder;
  put_bytes(folder / "real.json", "old");
  std::filesystem::create_symlink(folder / "real.json", folder / "link.json");

  io::write_text(folder / "link.json", "new");

  CHECK(std::filesystem::is_symlink(folder / "link.json"));
  CHECK(bytes_of(folder / "real.json") == "new");
}

TEST_CASE("write: on a full disc the old files stand and nothing half-written is left", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = randn(Shape::parse("y=64 x=64"), DType::c64, 1, context);
  for (const char* name : {"x.npy", "x.cfl", "x.hdr", "x.png", "x.json"})
    put_bytes(folder / name, "old");

  {
    const FullDisc full(1000);
    for (const char* name : {"x.npy", "x.cfl", "x.png"}) {
      const Failure failure = failure_of([&] { io::write(folder / name, x, {}, context); });
      CHECK(failure.code == Code::file);
      CHECK(failure.text == "write: " + (folder / name) + ": File too large");
    }
    CHECK(failure_of([&] { io::write_text(folder / "x.json", std::string(2000, ' ')); }).code ==
          Code::file);
  }

  CHECK(folder.entries() == 5);
  for (const char* name : {"x.npy", "x.cfl", "x.hdr", "x.png", "x.json"}) {
    CHECK(bytes_of(folder / name) == "old");
  }
}

TEST_CASE("write: a folder that cannot be written is an error that names the path", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = zeros(Shape::parse("y=2 x=2"), DType::c64, context);
  put_bytes(folder / "file", "");

  // Below a file: refused for every user, also for root.
  const Failure below = failure_of([&] { io::write(folder / "file/x.npy", x, {}, context); });
  const Failure missing = failure_of([&] { io::write(folder / "none/x.cfl", x, {}, context); });
  const Failure taken = failure_of([&] { io::write_text(folder.path(), "x"); });

  CHECK(below.code == Code::file);
  CHECK(below.text == "write: " + (folder / "file/x.npy") + ": Not a directory");
  CHECK(missing.text == "write: " + (folder / "none/x.cfl") + ": No such file or directory");
  CHECK(taken.text == "write: " + folder.path() + ": is a folder");
  CHECK(folder.entries() == 1);
}

TEST_CASE("write: a file that is marked read-only is not replaced", "[io]") {
  const Folder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  const std::string path = folder / "report.json";
  put_bytes(path, "old");
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);

  // In a process of its own, which gives up the rights of the superuser.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const Failure failure = failure_of([&] { io::write_text(path, "new"); });
    ::_exit(failure.text == "write: " + path + ": Permission denied" ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);

  CHECK(status == 0);
  CHECK(bytes_of(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("write: a name may be as long as the file system allows", "[io]") {
  const Folder folder;
  const std::string path = folder / (std::string(250, 'n') + ".json");

  io::write_text(path, "{}");

  CHECK(bytes_of(path) == "{}");
}

TEST_CASE("write: a device is never replaced by a file", "[io]") {
  CHECK(failure_of([] { io::write_text("/dev/full", "x"); }).text ==
        "write: /dev/full: is not a regular file");
}

TEST_CASE("write: the extension says the format, and others are errors", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = zeros(Shape::parse("y=2 x=2"), DType::c64, context);

  CHECK(failure_of([&] { io::write(folder / "x.mat", x, {}, context); }).text ==
        "write: " + (folder / "x.mat") +
            ": the extension says the format; .npy, .cfl and .png are written");
  CHECK(failure_of([&] { io::write(folder / "x", x, {}, context); }).code == Code::argument);
}
