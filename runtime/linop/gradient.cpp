// SPDX-License-Identifier: MIT
#include "runtime/linop/gradient.hpp"

#include <numbers>

#include "runtime/backend/backend.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/nufft/nufft.hpp"

namespace lunops {

Tensor contract_onto(const Side& terms,
                     const std::vector<int64_t>& extents,
                     bool is_open,
                     const Sided& a,
                     const Sided& b,
                     Context& context) {
  struct Axis {
    int64_t extent, a = 0, b = 0, y = 0;  // strides
  };
  const Tensor made = Tensor::empty(Shape::unnamed(extents), a.values.dtype(), context);
  std::vector<Axis> axes;
  for (size_t i = 0; i < terms.size(); ++i) axes.push_back({extents[i], 0, 0, made.strides()[i]});
  Side known = terms;
  size_t first_batch = 0;
  const auto add = [&](const Sided& of, int64_t Axis::*stride, bool is_first) {
    const Places at = places(of.side, is_open, of.values.ndim());
    const Side own = terms_of(of.side);
    for (size_t i = 0; i < own.size(); ++i) {
      const auto position = static_cast<size_t>(at.term[i]);
      int axis = find_term(known, own[i]);
      if (axis < 0) {
        axis = static_cast<int>(axes.size());
        axes.push_back({of.values.shape().extents()[position]});
        known.push_back(own[i]);
      }
      axes[static_cast<size_t>(axis)].*stride = of.values.strides()[position];
    }
    if (is_first) first_batch = axes.size();
    for (int i = 0; i < at.batch_count; ++i) {
      const auto position = static_cast<size_t>(at.batch_first + i);
      if (is_first) {
        axes.push_back({of.values.shape().extents()[position]});
        known.push_back(Term{});
      }
      axes[first_batch + static_cast<size_t>(i)].*stride = of.values.strides()[position];
    }
  };
  add(a, &Axis::a, true);
  add(b, &Axis::b, false);
  const auto view = [&](const Tensor& t, int64_t Axis::*stride) {
    RawView v;
    v.data = t.data();
    v.dtype = t.dtype();
    v.ndim = static_cast<int>(axes.size());
    for (size_t i = 0; i < axes.size(); ++i) {
      v.extent[i] = axes[i].extent;
      v.stride[i] = axes[i].*stride;
    }
    return v;
  };
  context.backend().contract(view(a.values, &Axis::a), is_complex(a.values.dtype()),
                             view(b.values, &Axis::b), false,
                             static_cast<int>(axes.size() - terms.size()), Scale{},
                             view(made, &Axis::y), SumOrder::fastest, *context.stream);
  return made;
}

Tensor DiagonalCore::weight_gradient(size_t,
                                     const Tensor& x,
                                     const Tensor& v,
                                     Context& context) const {
  const Side& side = signature().input();
  return contract_onto(terms_, weight_->extents(), signature().is_open(), {x, side}, {v, side},
                       context);
}

Tensor DenseCore::weight_gradient(size_t,
                                  const Tensor& x,
                                  const Tensor& v,
                                  Context& context) const {
  return contract_onto(terms_, weight_->extents(), signature().is_open(), {x, signature().input()},
                       {v, signature().output()}, context);
}

// d/dk of exp(-2 pi i k m / N) is -2 pi i m / N times it, m counted from the middle of the image:
// one transform of m x for each dim.
Tensor NufftCore::weight_gradient(size_t number,
                                  const Tensor& x,
                                  const Tensor& v,
                                  Context& context) const {
  if (number > 0 || choices_.is_nearest) return Core::weight_gradient(number, x, v, context);
  const Linop forward(Node{shared_from_this(), Mode::forward, nullptr});
  const Side in = terms_of(signature().input());
  const Places at = places(signature().input(), signature().is_open(), x.ndim());
  const DType real = real_of(x.dtype());
  const Tensor gradient = Tensor::empty(Shape::unnamed(trajectory_->extents()), real, context);
  Side points;
  std::vector<int64_t> extents;
  int coordinate = 0;
  for (size_t i = 0; i < roles_.terms.size(); ++i) {
    if (roles_.terms[i].kind == Term::Kind::ellipsis) {
      coordinate = static_cast<int>(i);
    } else {
      points.push_back(roles_.terms[i]);
      extents.push_back(trajectory_->extents()[i]);
    }
  }
  for (size_t d = 0; d < roles_.image.size(); ++d) {
    const int axis = at.term[static_cast<size_t>(find_term(in, roles_.image[d]))];
    const int64_t n = x.shape().extent(axis);
    const Tensor steps = arange(Shape::unnamed({n}), real, context);
    const Tensor m = binary(Binary::subtract, steps, static_cast<double>(n / 2), context);
    const Tensor moved = Tensor::empty(x.shape(), x.dtype(), context);
    RawView along = moved.view();
    along.data = m.data();
    along.dtype = real;
    along.stride.fill(0);
    along.stride[static_cast<size_t>(axis)] = 1;
    context.backend().multiply(along, x.view(), false, Scale{}, moved.view(), *context.stream);
    const Side& out = signature().output();
    const Tensor sums = contract_onto(points, extents, signature().is_open(), {v, out},
                                      {forward(moved, context), out}, context);
    const double factor = 2 * std::numbers::pi / static_cast<double>(n) * cycles_per_unit(n);
    // Re(-i z) = Im z.
    const Tensor part = gradient.select(coordinate, static_cast<int64_t>(d));
    copy(part, sums.imag_part(), context);
    axpby(0.0, part, factor, part, context);
  }
  return gradient;
}

}  // namespace lunops
