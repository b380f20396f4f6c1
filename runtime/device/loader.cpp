// SPDX-License-Identifier: MIT
#include "runtime/device/loader.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/device/cuda_status.hpp"

namespace lunops {

namespace {

using Entry = const void* (*)(const char* build_id);

std::vector<std::string> folders() {
  std::vector<std::string> list;
  if (const char* path = std::getenv("LUNOPS_PLUGIN_PATH"); path != nullptr) {
    std::string_view rest(path);
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      if (colon != 0) list.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    }
  }
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&folders), &self) != 0 && self.dli_fname != nullptr) {
    const std::string file = self.dli_fname;
    const size_t slash = file.rfind('/');
    list.push_back(slash == std::string::npos ? "." : file.substr(0, slash));
  }
  return list;
}

// The module's file, or "" if none of the folders has it.
std::string find(std::string_view name) {
  for (const std::string& folder : folders()) {
    std::string file = fmt::format("{}/liblunops-{}.so", folder, name);
    if (access(file.c_str(), R_OK) == 0) return file;
  }
  return {};
}

[[noreturn]] void fail_missing(std::string_view name) {
  fail(Code::not_built, "load",
       "liblunops-{}.so is not in {}; build it, or set LUNOPS_PLUGIN_PATH to its folder", name,
       module_folders());
}

const void* open(std::string_view name) {
  const std::string file = find(name);
  if (file.empty()) fail_missing(name);
  // Never closed: threads, finalisers and tables of the libraries behind it outlive any moment at
  // which that would be safe.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* reason = dlerror();
    fail(Code::not_built, "load", "{}: {}", file, reason != nullptr ? reason : "unknown reason");
  }
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "lunops_module"));
  if (entry == nullptr) {
    fail(Code::not_built, "load", "{} is not a module of lunops: it has no lunops_module", file);
  }
  const void* table = entry(std::string(build_id()).c_str());
  if (table == nullptr) {
    fail(Code::not_built, "load",
         "{} belongs to another build than liblunops ({}); install both from one build", file,
         build_id());
  }
  return table;
}

struct Loaded {
  std::mutex mutex;
  std::map<std::string, const void*, std::less<>> tables;
};

Loaded& loaded() {
  static Loaded* const all = new Loaded;
  return *all;
}

}  // namespace

const void* load_module(std::string_view name) {
  Loaded& all = loaded();
  {
    const std::lock_guard lock(all.mutex);
    if (const auto it = all.tables.find(name); it != all.tables.end()) return it->second;
  }
  if (name == "cuda") require_cuda();  // which opens another module
  const std::lock_guard lock(all.mutex);
  if (const auto it = all.tables.find(name); it != all.tables.end()) return it->second;
  const void* table = open(name);
  all.tables.emplace(name, table);
  return table;
}

void inject_module(std::string_view name, const void* table) {
  Loaded& all = loaded();
  const std::lock_guard lock(all.mutex);
  all.tables.insert_or_assign(std::string(name), table);
}

bool has_module(std::string_view name) { return !find(name).empty(); }

std::string module_folders() {
  std::string searched;
  for (const std::string& folder : folders()) searched += (searched.empty() ? "" : ", ") + folder;
  return searched;
}

std::string_view build_id() noexcept { return LUNOPS_BUILD_ID; }

}  // namespace lunops
