// SPDX-License-Identifier: MIT
#include "runtime/backend/difference.hpp"

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

namespace {

// One row of the matrix of `line` times x, for the element at `index`.
c128 row_of(const DifferenceLine& line, const RawView& x, Index index) {
  int64_t& i = index[static_cast<size_t>(line.axis)];
  const int64_t at = i, n = x.extent[static_cast<size_t>(line.axis)];
  const auto value = [&](int64_t position) -> c128 {
    if (line.is_circular) {
      i = (position + n) % n;
    } else if (position < 0 || position >= n) {
      return 0.0;
    } else {
      i = position;
    }
    return read(x, offset(x, index)).z;
  };
  double diagonal = line.diagonal;
  if (at == 0) diagonal += line.first;
  if (at == n - 1) diagonal += line.last;
  return line.lower * value(at - 1) + diagonal * value(at) + line.upper * value(at + 1);
}

RawView component(RawView v, int64_t pitch, int number) {
  v.data =
      static_cast<std::byte*>(v.data) + number * pitch * static_cast<int64_t>(size_of(v.dtype));
  return v;
}

}  // namespace

void ReferenceBackend::difference(
    const DifferenceSpec& spec, RawView x, RawView y, Scale s, Stream&) {
  using Form = DifferenceSpec::Form;
  for_each_index(y, [&](const Index& index) {
    c128 sum = 0;
    for (int l = 0; l < spec.count; ++l) {
      const RawView from = component(x, spec.form == Form::gather ? spec.pitch : 0, l);
      const c128 value = row_of(spec.lines[static_cast<size_t>(l)], from, index);
      if (spec.form == Form::stack) {
        store(component(y, spec.pitch, l), offset(y, index), value, s);
      } else {
        sum += value;
      }
    }
    if (spec.form != Form::stack) store(y, offset(y, index), sum, s);
  });
}

}  // namespace lunops
