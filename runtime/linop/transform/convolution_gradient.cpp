// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/linop/gradient.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/linop/transform/convolution.hpp"

namespace lunops {

namespace {

// Elements n of y and x[n + offset] that meet, both from 0; around the end where it is circular.
struct Overlap {
  int64_t x, y, count;
};
std::vector<Overlap> overlaps(int64_t offset, int64_t nx, int64_t ny, bool is_circular) {
  if (is_circular && nx > 0) offset = (offset % nx + nx) % nx;
  std::vector<Overlap> made;
  for (const int64_t wrapped : {offset, offset - nx}) {
    const Stretch y = intersection({0, ny}, {-wrapped, nx});
    if (y.count > 0) made.push_back({y.first + wrapped, y.first, y.count});
    if (!is_circular) break;
  }
  return made;
}

}  // namespace

// g[j] = sum over n of conj(x[n - j + c]) v[n], channels as in a Dense: one contraction of shifted
// parts for each element of the convolved kernel.
Tensor ConvolutionCore::weight_gradient(size_t,
                                        const Tensor& x,
                                        const Tensor& v,
                                        Context& context) const {
  const Side& input = signature().input();
  const Places from = places(input, signature().is_open(), x.ndim());
  const Places to = places(signature().output(), signature().is_open(), v.ndim());
  // Convolved dims of the output under the names of the input: both walk together.
  const Side in = terms_of(input);
  Side output = signature().output();
  Side channels;
  std::vector<int64_t> extents;
  for (size_t d = 0; d < is_.terms.size(); ++d) {
    const bool is_line = std::any_of(is_.lines.begin(), is_.lines.end(), [&](const Line& line) {
      return line.weight == static_cast<int>(d);
    });
    if (is_line) continue;
    channels.push_back(is_.terms[d]);
    extents.push_back(is_.kernel->extents()[d]);
  }
  for (const Line& line : is_.lines) {
    int number = 0;
    for (Term& t : output) {
      if (t.kind == Term::Kind::ellipsis) continue;
      if (number++ == line.out) t = in[static_cast<size_t>(line.in)];
    }
  }

  const Tensor gradient = zeros(Shape::unnamed(is_.kernel->extents()), x.dtype(), context);
  const auto add = [&](const auto& self, size_t l, const Tensor& a, const Tensor& b,
                       const Tensor& g) -> void {
    if (l == is_.lines.size()) {
      const Tensor sum =
          contract_onto(channels, extents, signature().is_open(), {a, input}, {b, output}, context);
      axpby(1.0, sum, 1.0, g, context);
      return;
    }
    const Line& line = is_.lines[l];
    const int at_x = from.term[static_cast<size_t>(line.in)];
    const int at_v = to.term[static_cast<size_t>(line.out)];
    // Dims of the kernel that stand before this one and were taken away.
    int taken = 0;
    for (size_t k = 0; k < l; ++k) taken += is_.lines[k].weight < line.weight ? 1 : 0;
    for (int64_t j = 0; j < taps(line); ++j) {
      for (const Overlap& o : overlaps(line.shift - j + taps(line) / 2, x.shape().extent(at_x),
                                       v.shape().extent(at_v), is_.is_circular)) {
        self(self, l + 1, a.slice(at_x, o.x, o.count), b.slice(at_v, o.y, o.count),
             g.select(line.weight - taken, j));
      }
    }
  };
  add(add, 0, x, v, gradient);
  return gradient;
}

}  // namespace lunops
