// SPDX-License-Identifier: MIT
#include <algorithm>
#include <limits>
#include <optional>

#include "runtime/plan/schedule.hpp"

namespace lunops {

namespace {

Touch touch(const Step& step, const Ref& ref, const std::vector<SlotPlace>& slots, bool writes) {
  Touch t;
  t.place = ref.place;
  t.writes = writes;
  if (step.has_all_elements) {
    const auto item = static_cast<int64_t>(size_of(ref.view.dtype));
    t.ref = &ref;
    t.first = ref.offset;
    t.last = ref.offset + item;
    int64_t elements = 1;
    bool is_empty = false;
    for (int i = 0; i < ref.view.ndim; ++i) {
      const auto d = static_cast<size_t>(i);
      if (ref.view.extent[d] == 0) {
        // A sum over nothing, along a dim that the result repeats in, is written all the same.
        is_empty = is_empty || ref.view.stride[d] != 0;
        continue;
      }
      if (ref.view.stride[d] != 0) elements *= ref.view.extent[d];
      const int64_t reach = (ref.view.extent[d] - 1) * ref.view.stride[d] * item;
      (reach < 0 ? t.first : t.last) += reach;
    }
    if (is_empty) t.last = t.first;
    t.is_dense = t.last - t.first == elements * item;
  } else {
    // Written in parts perhaps, by loops within the step.
    t.is_dense = false;
    t.last = ref.place == Place::slot
                 ? static_cast<int64_t>(slots[static_cast<size_t>(ref.slot)].bytes)
                 : std::numeric_limits<int64_t>::max();
  }
  if (ref.place == Place::slot) {
    const SlotPlace& at = slots[static_cast<size_t>(ref.slot)];
    t.device = at.device;
    t.first += static_cast<int64_t>(at.offset);
    t.last += static_cast<int64_t>(at.offset);
  }
  return t;
}

void add_touches(const Step& step, const std::vector<SlotPlace>& slots, std::vector<Touch>& all) {
  const int count = static_cast<int>(step.refs.size());
  const int written = step.written == Step::kLast ? count - 1 : step.written;
  for (int i = 0; i < count; ++i) {
    const Ref& ref = step.refs[static_cast<size_t>(i)];
    if (ref.place != Place::constant) all.push_back(touch(step, ref, slots, i == written));
  }
  if (step.scratch < 0) return;
  const SlotPlace& at = slots[static_cast<size_t>(step.scratch)];
  const auto offset = static_cast<int64_t>(at.offset);
  all.push_back({nullptr, Place::slot, at.device, offset,
                 offset + static_cast<int64_t>(step.scratch_bytes), true});
}

// Ranges of digits, of a view written in the mixed radix of `strides`: the largest first, each a
// multiple of the next.
using Digits = std::vector<std::pair<int64_t, int64_t>>;  // first, count
std::optional<Digits> digits_of(const Touch& t, const std::vector<int64_t>& strides) {
  const RawView& v = t.ref->view;
  const auto item = static_cast<int64_t>(size_of(v.dtype));
  if (t.first % item != 0) return std::nullopt;
  Digits digits(strides.size(), {0, 1});
  int64_t rest = t.first / item;
  for (size_t k = 0; k < strides.size(); ++k) {
    digits[k].first = rest / strides[k];
    rest %= strides[k];
  }
  if (rest != 0) return std::nullopt;
  int64_t carried = 1;  // of a merged dim that reaches beyond the digit below
  for (size_t k = strides.size(); k-- > 0;) {
    int64_t count = carried;
    for (int i = 0; i < v.ndim; ++i) {
      const auto d = static_cast<size_t>(i);
      if (v.extent[d] == 1 || v.stride[d] != strides[k]) continue;
      if (count != 1) return std::nullopt;
      count = v.extent[d];
    }
    carried = 1;
    if (k > 0) {
      const int64_t radix = strides[k - 1] / strides[k];
      if (digits[k].first + count > radix) {
        if (digits[k].first != 0 || count % radix != 0) return std::nullopt;
        carried = count / radix;
        count = radix;
      }
    }
    digits[k].second = count;
  }
  return digits;
}

}  // namespace

std::vector<Touch> touches_of(const Step& step, const std::vector<SlotPlace>& slots) {
  std::vector<Touch> all;
  if (const auto* together = dynamic_cast<const GroupStep*>(&step)) {
    for (const auto& group : together->groups()) {
      for (const auto& each : group) add_touches(*each, slots, all);
    }
  } else {
    add_touches(step, slots, all);
  }
  return all;
}

bool conflict(const Touch& a, const Touch& b) {
  if (!a.writes && !b.writes) return false;
  if (a.place != b.place || (a.place == Place::slot && a.device != b.device)) return false;
  if (a.first >= b.last || b.first >= a.last) return false;
  if (a.ref == nullptr || b.ref == nullptr) return true;
  const RawView &v = a.ref->view, &w = b.ref->view;
  if (size_of(v.dtype) != size_of(w.dtype)) return true;
  std::vector<int64_t> strides{1};
  for (const RawView* view : {&v, &w}) {
    for (int i = 0; i < view->ndim; ++i) {
      const auto d = static_cast<size_t>(i);
      if (view->extent[d] > 1) strides.push_back(view->stride[d]);
    }
  }
  std::sort(strides.begin(), strides.end(), std::greater<>());
  strides.erase(std::unique(strides.begin(), strides.end()), strides.end());
  if (strides.back() < 1) return true;
  for (size_t k = 1; k < strides.size(); ++k) {
    if (strides[k - 1] % strides[k] != 0) return true;
  }
  const auto p = digits_of(a, strides), q = digits_of(b, strides);
  if (!p || !q) return true;
  for (size_t k = 0; k < strides.size(); ++k) {
    const auto& [first, count] = (*p)[k];
    const auto& [other, others] = (*q)[k];
    if (first >= other + others || other >= first + count) return false;
  }
  return true;
}

}  // namespace lunops
