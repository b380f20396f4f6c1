// SPDX-License-Identifier: MIT
// Copies between devices in a plan, directly or through memory of the host (splitting.md §7).
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "runtime/device/native.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

constexpr int64_t kChunk = int64_t{8} << 20;  // bytes

// The views of one chunk after the other: stretches of the slowest dim that does not fit, as long
// as a chunk holds.  Both have the same extents.
template <class F>
void for_each_chunk(Ref from, Ref to, const F& f) {
  std::vector<Ref> both{from, to};
  merge_dims(both);
  const RawView view = both.front().view;
  const auto item = static_cast<int64_t>(size_of(view.dtype));
  int dim = view.ndim;  // the dims from here on fit into a chunk together
  int64_t inner = item;
  while (dim > 0 && inner * view.extent[static_cast<size_t>(dim - 1)] <= kChunk) {
    inner *= view.extent[static_cast<size_t>(--dim)];
  }
  if (dim == 0) {
    f(both[0], both[1]);
    return;
  }
  const auto cut = static_cast<size_t>(dim - 1);
  const int64_t most = std::max<int64_t>(1, kChunk / inner);
  int64_t rows = 1;  // over the dims outside of the one that is cut
  for (size_t d = 0; d < cut; ++d) rows *= view.extent[d];
  const auto moved = [&](Ref r, size_t d, int64_t steps) {
    r.offset += steps * r.view.stride[d] * item;
    return r;
  };
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < view.extent[cut]; first += most) {
      std::vector<Ref> chunk = both;
      for (Ref& r : chunk) {
        int64_t rest = row;
        for (size_t d = cut; d-- > 0;) {
          r = moved(r, d, rest % view.extent[d]);
          rest /= view.extent[d];
          r.view.extent[d] = 1;
        }
        r = moved(r, cut, first);
        r.view.extent[cut] = std::min(most, view.extent[cut] - first);
      }
      merge_dims(chunk);
      f(chunk[0], chunk[1]);
    }
  }
}

}  // namespace

std::array<int, 2> Builder::staging(Device source, Device target, size_t bytes) {
  auto known = std::find_if(staging_.begin(), staging_.end(), [&](const Staging& s) {
    return s.source == source && s.target == target;
  });
  if (known == staging_.end()) {
    Staging made{source, target, {}};
    for (int& slot : made.slots) {
      slot = static_cast<int>(slots_.size());
      slots_.push_back({0, number_of(Device::host()), -1});
    }
    known = staging_.insert(staging_.end(), made);
  }
  for (const int slot : known->slots) {
    size_t& held = slots_[static_cast<size_t>(slot)].bytes;
    held = std::max(held, bytes);
  }
  return known->slots;
}

void Builder::transfer(const Ref& from,
                       const Ref& to,
                       const StepScale& scale,
                       Device source,
                       Device target,
                       const std::string& operation,
                       const std::string& text) {
  const auto add_copy = [&](const Ref& x, const Ref& y, const StepScale& s, Device a, Device b,
                            const std::string& shown) {
    auto step = axpby_step(x, false, y, s);
    step->source = number_of(a);
    step->device = number_of(b);
    step->label = operation;
    step->text = shown;
    add(std::move(step));
  };
  if (is_gpu(source) || is_gpu(target)) {
    const auto is_dense = [](const Ref& r) {
      std::vector<Ref> alone{r};
      merge_dims(alone);
      const RawView& v = alone.front().view;
      return v.ndim == 0 || (v.ndim == 1 && v.stride[0] == 1);
    };
    const auto packed = [&](Device device) {
      const auto first = from.view.extent.begin();
      return make_ref(slot(Shape::unnamed(std::vector<int64_t>(
                               first, first + static_cast<ptrdiff_t>(from.view.ndim))),
                           from.view.dtype, device));
    };
    const bool is_plain =
        scale.factor == 1.0 && !scale.has_callers_alpha && scale.beta == StepScale::Beta::zero;
    Ref x = from;
    if (!is_dense(from)) {
      x = packed(source);
      add_copy(from, x, {}, source, source, "packed");
    }
    const bool is_direct = is_plain && is_dense(to);
    const Ref y = is_direct ? to : packed(target);
    const bool is_between = is_gpu(source) && is_gpu(target);
    if (is_between) plan_->has_peer_ = virtual_devices()->peer;
    if (is_between && !*plan_->has_peer_) {
      const Ref between = packed(Device::host());
      add_copy(x, between, {}, source, Device::host(), "to the host");
      add_copy(between, y, {}, Device::host(), target, "from the host");
    } else {
      add_copy(x, y, {}, source, target, text);
    }
    if (!is_direct) add_copy(y, to, scale, target, target, "unpacked");
    return;
  }
  const Device host = Device::host();
  const bool is_between = !source.is_host() && !target.is_host();
  if (is_between) {
    plan_->has_peer_ = virtual_devices()->peer;
  }
  if (!is_between || *plan_->has_peer_) {
    add_copy(from, to, scale, source, target, text);
    return;
  }
  const std::string name = operation.empty() ? label_ : operation;
  begin_node(name, fmt::format("{}{}staged through {} in 8 MiB chunks", text.empty() ? text_ : text,
                               text.empty() && text_.empty() ? "" : "  ", host.text()));
  const std::string up = fmt::format("{} -> {}", source.text(), host.text());
  const std::string down = fmt::format("{} -> {}", host.text(), target.text());
  size_t number = 0;
  for_each_chunk(from, to, [&](const Ref& x, const Ref& y) {
    Operand chunk;
    chunk.shape = Shape::unnamed(std::vector<int64_t>(
        x.view.extent.begin(), x.view.extent.begin() + static_cast<ptrdiff_t>(x.view.ndim)));
    chunk.strides = row_major(chunk.shape.extents());
    chunk.dtype = x.view.dtype;
    chunk.place = Place::slot;
    chunk.device = host;
    const auto bytes = static_cast<size_t>(chunk.shape.count()) * size_of(chunk.dtype);
    // The two in turn: one is filled while the other is emptied.
    chunk.slot = staging(source, target, bytes)[number++ % 2];
    add_copy(x, make_ref(chunk), {}, source, host, up);
    add_copy(make_ref(chunk), y, scale, host, target, down);
  });
  end_node();
}

}  // namespace lunops
