// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/linop/nufft/nufft_lower.hpp"

namespace lunops {

NufftRoles nufft_roles(const NufftCore& f, const AttachedMaps* maps, const Shape& image) {
  return sampling_roles(f, Mode::forward, f.sample_terms(), f.frame_terms(), maps, image);
}

NufftRoles sampling_roles(const Core& core,
                          Mode to_samples,
                          const Side& samples,
                          const Side& frames,
                          const AttachedMaps* maps,
                          const Shape& image) {
  // The shape that F itself sees, and where its dims lie in the image operand.
  Shape seen = image;
  std::vector<int> origin(static_cast<size_t>(image.ndim()));
  for (size_t i = 0; i < origin.size(); ++i) origin[i] = static_cast<int>(i);
  std::vector<Term> map_at(origin.size());
  if (maps != nullptr) {
    const Signature& sig = maps->signature;
    const Side in_terms = terms_of(sig.input()), out_terms = terms_of(sig.output());
    const Places in = places(sig.input(), sig.is_open(), image.ndim());
    const int ndim = in.batch_count + static_cast<int>(out_terms.size());
    const Places out = places(sig.output(), sig.is_open(), ndim);
    origin.assign(static_cast<size_t>(ndim), -1);
    map_at.assign(static_cast<size_t>(ndim), Term{});
    std::vector<Dim> dims(static_cast<size_t>(ndim));
    std::vector<int64_t> extents(static_cast<size_t>(ndim));
    for (int j = 0; j < in.batch_count; ++j) {
      const auto at = static_cast<size_t>(out.batch_first + j);
      origin[at] = in.batch_first + j;
    }
    for (size_t i = 0; i < out_terms.size(); ++i) {
      const auto at = static_cast<size_t>(out.term[i]);
      const int kept = find_term(in_terms, out_terms[i]);
      if (kept >= 0) origin[at] = in.term[static_cast<size_t>(kept)];
      const int of_maps = find_term(maps->terms, out_terms[i]);
      if (of_maps >= 0) {
        map_at[at] = maps->terms[static_cast<size_t>(of_maps)];
        extents[at] = maps->weight->extents()[static_cast<size_t>(of_maps)];
        dims[at] = out_terms[i].dim.without_primes();
      }
    }
    for (size_t i = 0; i < origin.size(); ++i) {
      if (origin[i] < 0) continue;
      dims[i] = image.dim(origin[i]);
      extents[i] = image.extent(origin[i]);
    }
    seen = Shape(std::move(dims), std::move(extents));
  }

  NufftRoles roles;
  const Signature& sig = core.signature(to_samples);
  roles.sample_shape = output_of(Node{core.shared_from_this(), to_samples, nullptr}, seen);
  const Side in_terms = terms_of(sig.input()), out_terms = terms_of(sig.output());
  const Places in = places(sig.input(), sig.is_open(), seen.ndim());
  const Places out = places(sig.output(), sig.is_open(), roles.sample_shape.ndim());
  const auto axis = [&](int at, int sample) {
    BatchAxis a;
    a.extent = seen.extent(at);
    a.dim = seen.dim(at);
    a.image = origin[static_cast<size_t>(at)];
    a.samples = sample;
    a.map_term = map_at[static_cast<size_t>(at)];
    roles.axes.push_back(a);
  };
  for (int j = 0; j < in.batch_count; ++j) axis(in.batch_first + j, out.batch_first + j);
  for (size_t i = 0; i < in_terms.size(); ++i) {
    const int at = in.term[i];
    const int kept = find_term(out_terms, in_terms[i]);
    if (kept < 0) {
      roles.image.push_back(origin[static_cast<size_t>(at)]);
      roles.image_map_terms.push_back(map_at[static_cast<size_t>(at)]);
      roles.extents.push_back(seen.extent(at));
      continue;
    }
    const int sample = out.term[static_cast<size_t>(kept)];
    if (find_term(frames, in_terms[i]) >= 0) {
      roles.image_frames.push_back(origin[static_cast<size_t>(at)]);
      roles.sample_frames.push_back(sample);
    } else {
      axis(at, sample);
    }
  }
  for (const Term& t : samples) {
    roles.samples.push_back(out.term[static_cast<size_t>(find_term(out_terms, t))]);
  }
  return roles;
}

namespace {

// Strides and extents of `positions`, in this order; absent dims (-1) are left out.
void append(const Operand& o,
            const std::vector<int>& positions,
            std::vector<int64_t>& extents,
            std::vector<int64_t>& strides,
            std::vector<Dim>& dims) {
  for (const int p : positions) {
    if (p < 0) continue;
    extents.push_back(o.shape.extent(p));
    strides.push_back(o.strides[static_cast<size_t>(p)]);
    dims.push_back(o.shape.dim(p));
  }
}

// The dims follow each other without gaps; `innermost` is the stride wanted of the last one, or 0
// if it is free.
bool is_dense(const Operand& o, const std::vector<int>& positions, int64_t innermost) {
  int64_t expected = innermost;
  for (size_t i = positions.size(); i-- > 0;) {
    const int64_t n = o.shape.extent(positions[i]);
    if (n == 1) continue;
    const int64_t stride = o.strides[static_cast<size_t>(positions[i])];
    if (expected != 0 && stride != expected) return false;
    expected = stride * n;
  }
  return true;
}

int64_t last_stride(const Operand& o, const std::vector<int>& positions) {
  for (size_t i = positions.size(); i-- > 0;) {
    if (o.shape.extent(positions[i]) != 1) return o.strides[static_cast<size_t>(positions[i])];
  }
  return 0;
}

struct Ordered {
  std::vector<int64_t> extents, strides;
  std::vector<Dim> dims;
};

Ordered ordered(const Operand& o,
                const std::vector<int>& axes,
                const std::vector<int>& frames,
                const std::vector<int>& inner) {
  Ordered r;
  append(o, axes, r.extents, r.strides, r.dims);
  append(o, frames, r.extents, r.strides, r.dims);
  append(o, inner, r.extents, r.strides, r.dims);
  return r;
}

}  // namespace

RoleView role_view(Builder& b,
                   const Operand& operand,
                   const std::vector<int>& axes,
                   const std::vector<int>& frames,
                   const std::vector<int>& inner,
                   bool is_input) {
  RoleView view;
  if (is_dense(operand, inner, 1) && is_dense(operand, frames, 0)) {
    view.operand = operand;
    view.frames = last_stride(operand, frames);
    for (const int p : axes) {
      view.axes.push_back(p < 0 ? 0 : operand.strides[static_cast<size_t>(p)]);
    }
    return view;
  }
  const Ordered from = ordered(operand, axes, frames, inner);
  view.is_copy = true;
  view.operand = b.slot(Shape(from.dims, from.extents), operand.dtype);
  size_t next = 0;
  for (const int p : axes) view.axes.push_back(p < 0 ? 0 : view.operand.strides[next++]);
  next += frames.size();
  view.frames = frames.empty() ? 0 : view.operand.strides[next - 1];
  if (is_input) {
    b.add(axpby_step(make_ref(operand, from.extents, from.strides), false, make_ref(view.operand),
                     StepScale{}));
  }
  return view;
}

void copy_back(Builder& b,
               const RoleView& from,
               const Operand& y,
               const std::vector<int>& axes,
               const std::vector<int>& frames,
               const std::vector<int>& inner,
               const StepScale& scale) {
  const Ordered to = ordered(y, axes, frames, inner);
  b.add(axpby_step(make_ref(from.operand), false, make_ref(y, to.extents, to.strides), scale));
}

Loops group_axes(const std::vector<LoopAxis>& axes, int forced) {
  Loops made;
  if (forced >= 0) {
    made.batch = axes[static_cast<size_t>(forced)];
    for (size_t i = 0; i < axes.size(); ++i) {
      const bool is_loop = static_cast<int>(i) != forced && axes[i].extent != 1;
      if (is_loop) made.loops.push_back(axes[i]);
    }
    return made;
  }
  std::vector<LoopAxis> merged;
  for (const LoopAxis& a : axes) {
    if (a.extent == 1) continue;
    bool joins = !merged.empty();
    for (size_t k = 0; joins && k < 3; ++k) {
      joins = merged.back().strides[k] == a.strides[k] * a.extent;
    }
    if (joins) {
      merged.back().extent *= a.extent;
      merged.back().strides = a.strides;
    } else {
      merged.push_back(a);
    }
  }
  const auto largest =
      std::max_element(merged.begin(), merged.end(),
                       [](const LoopAxis& p, const LoopAxis& q) { return p.extent < q.extent; });
  if (largest == merged.end()) return made;
  made.batch = *largest;
  merged.erase(largest);
  made.loops = std::move(merged);
  return made;
}

void LoopStep::run(const Frame& frame) const {
  std::array<RawView, 3> views;
  std::array<std::byte*, 3> base{};
  for (size_t k = 0; k < refs.size(); ++k) {
    views[k] = refs[k].at(frame);
    base[k] = static_cast<std::byte*>(views[k].data);
  }
  int64_t calls = 1;
  for (const LoopAxis& l : loops_) calls *= l.extent;
  for (int64_t c = 0; c < calls; ++c) {
    int64_t rest = c;
    std::array<int64_t, 3> at = {0, 0, 0};
    for (size_t i = loops_.size(); i-- > 0;) {
      const int64_t index = rest % loops_[i].extent;
      rest /= loops_[i].extent;
      for (size_t k = 0; k < 3; ++k) at[k] += index * loops_[i].strides[k];
    }
    for (size_t k = 0; k < refs.size(); ++k) {
      views[k].data = base[k] + at[k] * static_cast<int64_t>(size_of(views[k].dtype));
    }
    call(views.data(), frame);
  }
}

Ref maps_ref(Builder& b,
             const AttachedMaps& maps,
             const NufftRoles& roles,
             DType dtype,
             std::vector<LoopAxis>& axes) {
  const Builder::Values values = b.placed_values(maps.weight, dtype);
  const auto stride_of = [&](const Term& t) -> int64_t {
    const int at = t.dim.name.empty() ? -1 : find_term(maps.terms, t);
    return at < 0 ? 0 : values.strides[static_cast<size_t>(at)];
  };
  for (size_t i = 0; i < axes.size(); ++i) axes[i].strides[2] = stride_of(roles.axes[i].map_term);
  std::vector<int64_t> extents{1}, strides{0};
  for (size_t i = 0; i < roles.extents.size(); ++i) {
    extents.push_back(roles.extents[i]);
    strides.push_back(stride_of(roles.image_map_terms[i]));
  }
  return values.seen_as(extents, strides);
}

}  // namespace lunops
