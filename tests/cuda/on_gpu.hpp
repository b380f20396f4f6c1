// SPDX-License-Identifier: MIT
#pragma once

#include <iostream>
#include <vector>

#include "runtime/device/cuda_status.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/pool.hpp"
#include "tests/unit/backend/compared.hpp"

// The kernels of cuda:0 beside those of the reference.
namespace lunops::on_gpu {

inline const Device kGpu{DeviceKind::cuda, 0};

// False where there is no GPU, with the reason printed.
inline bool is_here() {
  static const std::string why = cuda_absence();
  if (!why.empty()) std::cout << "skipped: no GPU can be used here (" << why << ")\n";
  return why.empty();
}

// Bytes of the host with a copy on the GPU.
class Copied {
 public:
  explicit Copied(std::vector<std::byte>& host)
      : host_(host), block_(Pool::of(kGpu).allocate(std::max<size_t>(1, host.size()))) {
    move(Device::host(), kGpu, host_.data(), block_.data);
  }
  ~Copied() { Pool::of(kGpu).release(block_); }
  Copied(const Copied&) = delete;
  std::byte* data() const { return block_.data; }
  void bring_back() { move(kGpu, Device::host(), block_.data, host_.data()); }

 private:
  void move(Device from, Device to, const void* x, void* y) {
    const NativeStream& compute = NativeStream::compute(kGpu);
    const NativeStream& link = NativeStream::transfer(from, to);
    compute.module().synchronize_stream(compute.handle());
    if (!host_.empty()) link.copy(x, y, host_.size());
    compute.module().synchronize_stream(link.handle());
  }
  std::vector<std::byte>& host_;
  Block block_;
};

// What a kernel works in, where its stream's device is; given back when its work is done.
class Room {
 public:
  Room(size_t bytes, Stream& stream) : stream_(stream), host_(bytes) {
    if (stream.native() != nullptr) there_ = std::make_unique<Copied>(host_);
  }
  ~Room() {
    if (there_ != nullptr) stream_.wait();
  }
  Room(const Room&) = delete;
  std::byte* data() { return there_ == nullptr ? host_.data() : there_->data(); }

 private:
  Stream& stream_;
  std::vector<std::byte> host_;
  std::unique_ptr<Copied> there_;
};

// Runs kernel(backend, views, stream) on both from equal memory; the difference of the operands
// from number `written` on.
template <class Kernel>
double compare(const std::vector<draw::Array>& operands, size_t written, const Kernel& kernel) {
  std::vector<draw::Array> ours = operands, theirs = operands;
  {
    Context context(Backend::reference());
    std::vector<RawView> views;
    for (auto& a : theirs) views.push_back(a.view());
    kernel(context.backend(), views, *context.stream);
  }
  {
    Stream stream(kGpu, Backend::reference());
    std::vector<std::unique_ptr<Copied>> copies;
    std::vector<RawView> views;
    for (auto& a : ours) {
      copies.push_back(std::make_unique<Copied>(a.memory));
      RawView v = a.shape;
      v.data = copies.back()->data() + a.start * static_cast<int64_t>(size_of(v.dtype));
      views.push_back(v);
    }
    kernel(stream.backend(), views, stream);
    stream.wait();
    for (size_t i = written; i < ours.size(); ++i) copies[i]->bring_back();
  }
  double worst = 0;
  for (size_t i = written; i < ours.size(); ++i) {
    worst = std::max(worst, draw::difference(ours[i], theirs[i]));
  }
  return worst;
}

}  // namespace lunops::on_gpu
