// SPDX-License-Identifier: MIT
#include "runtime/device/context.hpp"

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/virtual_devices.hpp"

namespace lunops {

void Listener::note(std::string_view) {}

bool Listener::stop(std::string_view, const Tensor&, std::string_view) { return false; }

Context::Context() : Context(Backend::cpu()) {}

Context::Context(Backend& backend)
    : device(Device::host()),
      stream(std::make_shared<Stream>(device, backend)),
      account(std::make_shared<Account>(device)) {
  stream->set_account(account);
}

Context on_device(Device device, const Context& context) {
  Context there = context;
  if (device == context.device && device == context.stream->device()) return there;
  require_declared(device);
  there.device = device;
  there.account = Account::on(context.account, device);
  there.stream =
      std::make_shared<Stream>(device, context.stream->host_backend(), context.threads());
  there.stream->set_account(there.account);
  return there;
}

void Context::poll() const {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
    fail(Code::interrupted, "interrupt", "stopped on request");
  }
}

void Context::warn(std::string_view place, std::string_view text) const {
  if (listener != nullptr) listener->warn(place, text);
}

}  // namespace lunops
