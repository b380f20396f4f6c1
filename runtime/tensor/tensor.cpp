// SPDX-License-Identifier: MIT
#include "runtime/tensor/tensor.hpp"

#include <cstring>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/tensor/broadcast.hpp"

namespace lunops {

std::vector<int64_t> row_major(const std::vector<int64_t>& extents) {
  std::vector<int64_t> strides(extents.size());
  int64_t step = 1;
  for (size_t i = extents.size(); i-- > 0;) {
    strides[i] = step;
    step *= extents[i];
  }
  return strides;
}

std::shared_ptr<const Layout> Layout::row_major(const Shape& shape) {
  return std::make_shared<const Layout>(Layout{shape, lunops::row_major(shape.extents()), true});
}

std::shared_ptr<const Layout> Layout::strided(Shape shape, std::vector<int64_t> strides) {
  // The stride of a dim with one element says nothing, and without elements no stride does.
  bool is_contiguous = true;
  int64_t step = 1;
  for (size_t i = strides.size(); i-- > 0;) {
    const int64_t extent = shape.extents()[i];
    if (extent != 1 && strides[i] != step) is_contiguous = false;
    step *= extent;
  }
  if (step == 0) is_contiguous = true;
  return std::make_shared<const Layout>(
      Layout{std::move(shape), std::move(strides), is_contiguous});
}

Tensor::Tensor(std::shared_ptr<Storage> storage,
               std::shared_ptr<const Layout> layout,
               int64_t offset,
               DType dtype)
    : storage_(std::move(storage)), layout_(std::move(layout)), offset_(offset), dtype_(dtype) {}

Tensor Tensor::empty(const Shape& shape, DType dtype, Context& context) {
  if (!shape.is_known()) {
    fail(Code::shape, "empty",
         "an extent of {} is not known; give all of them, for example \"y=256\"", shape.braced());
  }
  return empty(Layout::row_major(shape), dtype, context);
}

Tensor Tensor::empty(std::shared_ptr<const Layout> layout, DType dtype, Context& context) {
  const size_t bytes = static_cast<size_t>(layout->shape.count()) * size_of(dtype);
  auto storage = Storage::make(bytes, context, layout, dtype);
  return {std::move(storage), std::move(layout), 0, dtype};
}

RawView Tensor::view() const {
  RawView v;
  v.data = data();
  v.dtype = dtype_;
  v.ndim = ndim();
  for (int i = 0; i < v.ndim; ++i) {
    const auto k = static_cast<size_t>(i);
    v.extent[k] = layout_->shape.extents()[k];
    v.stride[k] = layout_->strides[k];
  }
  return v;
}

void Tensor::refuse_host() const {
  fail(Code::device, "read",
       "the tensor {} is on {}, whose memory the host does not reach; use x:to \"cpu\"",
       shape().braced(), device().text());
}

Tensor Tensor::clone(Context& context) const {
  Context here = on_device(device(), context);
  Tensor y = empty(shape(), dtype_, here);
  here.backend().copy(view(), false, y.view(), *here.stream);
  return y;
}

Tensor Tensor::contiguous(Context& context) const {
  return is_contiguous() ? *this : clone(context);
}

Tensor Tensor::as(DType dtype, Context& context) const {
  if (dtype == dtype_) return *this;
  if (is_complex(dtype_) && !is_complex(dtype)) {
    fail(Code::dtype, "as",
         "a {} tensor does not become {} by itself; take x.real, x.imag or x:abs()",
         name_of(dtype_), name_of(dtype));
  }
  Context here = on_device(device(), context);
  Tensor y = empty(shape(), dtype, here);
  here.backend().copy(view(), false, y.view(), *here.stream);
  return y;
}

namespace {

// From or to a GPU, by its compute stream, so that the copy comes after the work that made x.  The
// host's memory may be written or given back afterwards, so that it is waited for.
Tensor over_link(const Tensor& given, Device target, Context& context) {
  Context there = on_device(target, context);
  Tensor y = Tensor::empty(given.shape(), given.dtype(), there);
  const Tensor x = given.contiguous(context);
  const NativeStream& link = NativeStream::transfer(x.device(), target);
  for (const Device end : {x.device(), target}) {
    if (!is_gpu(end)) continue;
    NativeEvent before(end);
    before.record(NativeStream::compute(end));
    before.make_wait(link);
  }
  const size_t bytes = static_cast<size_t>(x.count()) * size_of(x.dtype());
  link.copy(x.data(), y.data(), bytes, !is_gpu(x.device()));
  NativeEvent after(link.device());
  after.record(link);
  for (const Device end : {x.device(), target}) {
    if (is_gpu(end)) after.make_wait(NativeStream::compute(end));
  }
  if (!is_gpu(target) || !is_gpu(x.device())) after.synchronize();
  return y;
}

}  // namespace

Tensor Tensor::to(Device target, Context& context) const {
  if (target == device()) return *this;
  if (is_gpu(target) || is_gpu(device())) return over_link(*this, target, context);
  // Virtual devices are memory of the host under another budget.
  Context there = on_device(target, context);
  Tensor y = empty(shape(), dtype_, there);
  context.backend().copy(view(), false, y.view(), *context.stream);
  return y;
}

}  // namespace lunops
