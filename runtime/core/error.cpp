// SPDX-License-Identifier: MIT
#include "runtime/core/error.hpp"

#include <array>

namespace lunops {

namespace {

constexpr std::array<std::string_view, 22> kNames = {
    "ok",          "argument",      "shape",  "dtype",       "device",
    "host_memory", "device_memory", "file",   "format",      "not_built",
    "unsupported", "numeric",       "script", "interrupted", "limit",
    "exit",        "abi",           "closed", "thread",      "forked",
    "internal",    "distributed",
};
static_assert(kNames.size() == static_cast<size_t>(Code::distributed) + 1);

}  // namespace

std::string_view name_of(Code code) noexcept { return kNames[static_cast<size_t>(code)]; }

int exit_status(Code code) noexcept {
  switch (code) {
    case Code::ok:
      return 0;
    case Code::device:
    case Code::host_memory:
    case Code::device_memory:
      return 4;
    case Code::limit:
      return 5;
    case Code::interrupted:
      return 130;
    case Code::argument:
    case Code::shape:
    case Code::dtype:
    case Code::file:
    case Code::format:
    case Code::not_built:
    case Code::unsupported:
    case Code::numeric:
    case Code::script:
    case Code::exit:
    case Code::abi:
    case Code::closed:
    case Code::thread:
    case Code::forked:
    case Code::internal:
    case Code::distributed:
      return 1;
  }
  return 1;
}

Error::Error(Code code, std::string operation, std::string message)
    : code_(code),
      operation_(std::move(operation)),
      message_(std::move(message)),
      text_(operation_ + ": " + message_) {}

}  // namespace lunops
