// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"

namespace lunops {

using namespace cuda;

namespace {

struct Line {
  double lower, diagonal, upper, first, last;
  bool is_circular;
  int64_t extent, step;  // along the dim in x
};

// One row of the matrix of `line` times x, where x points to the element of the row.
template <class T>
__device__ wide_t<T> row_of(const Line& line, const T* x, int64_t at) {
  using W = wide_t<T>;
  const int64_t n = line.extent;
  double diagonal = line.diagonal;
  if (at == 0) diagonal += line.first;
  if (at == n - 1) diagonal += line.last;
  W sum = W(diagonal) * wide(x[0]);
  if (at > 0) {
    sum += W(line.lower) * wide(x[-line.step]);
  } else if (line.is_circular) {
    sum += W(line.lower) * wide(x[(n - 1) * line.step]);
  }
  if (at < n - 1) {
    sum += W(line.upper) * wide(x[line.step]);
  } else if (line.is_circular) {
    sum += W(line.upper) * wide(x[-(n - 1) * line.step]);
  }
  return sum;
}

// Lines of one launch; more of them are launched one after another.
constexpr int kLines = 4;

template <class T>
struct Difference {
  Line lines[kLines];
  int count;
  DifferenceSpec::Form form;
  int64_t pitch;
  const T* x;
  T* y;
  Scaling<wide_t<T>> scale;

  // Operands are x, y, and the index in the dim of each line.
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    wide_t<T> sum(0);
    for (int l = 0; l < count; ++l) {
      const T* from = x + at[0] + (form == DifferenceSpec::Form::gather ? l * pitch : 0);
      const wide_t<T> value = row_of(lines[l], from, static_cast<int64_t>(at[2 + l]));
      if (form == DifferenceSpec::Form::stack) {
        scale.store(y[at[1] + l * pitch], value);
      } else {
        sum += value;
      }
    }
    if (form != DifferenceSpec::Form::stack) scale.store(y[at[1]], sum);
  }
};

}  // namespace

void CudaBackend::difference(
    const DifferenceSpec& spec, RawView x, RawView y, Scale s, Stream& stream) {
  using Form = DifferenceSpec::Form;
  dispatch_floating(y.dtype, [&]<class H>() {
    using T = device_t<H>;
    int begin = 0;
    do {  // also without lines: y is scaled then
      const int count = std::min(kLines, spec.count - begin);
      Difference<T> f{};
      f.count = count;
      f.form = spec.form;
      f.pitch = spec.pitch;
      f.x = data<const T>(x) + (spec.form == Form::gather ? begin * spec.pitch : 0);
      f.y = data<T>(y) + (spec.form == Form::stack ? begin * spec.pitch : 0);
      // Later launches of a sum add to what the first one wrote.
      f.scale = scaling<wide_t<T>>(begin > 0 && spec.form != Form::stack ? Scale{s.alpha, 1.0} : s);
      std::array<RawView, kLines> index;
      for (auto& view : index) {
        view = y;
        std::fill_n(view.stride.begin(), y.ndim, 0);
      }
      for (int l = 0; l < count; ++l) {
        const DifferenceLine& from = spec.lines[static_cast<size_t>(begin + l)];
        const auto axis = static_cast<size_t>(from.axis);
        f.lines[l] = {from.lower, from.diagonal,    from.upper,     from.first,
                      from.last,  from.is_circular, x.extent[axis], x.stride[axis]};
        index[static_cast<size_t>(l)].stride[axis] = 1;
      }
      for_each(merge_dims(x, y, index[0], index[1], index[2], index[3]), stream, f);
      begin += kLines;
    } while (begin < spec.count);
  });
}

}  // namespace lunops
