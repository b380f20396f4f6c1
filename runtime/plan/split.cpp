// SPDX-License-Identifier: MIT
#include "runtime/plan/split.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

SplitAxes parse_axes(std::string_view operation, std::string_view text) {
  const Shape shape = Shape::parse(text);
  SplitAxes axes;
  for (int i = 0; i < shape.ndim(); ++i) {
    if (shape.extent(i) == kUnknown) {
      fail(Code::argument, operation, "\"{}\" gives no size for '{}'; write \"{}=4\"", text,
           shape.dim(i).text(), shape.dim(i).text());
    }
    axes.push_back({shape.dim(i), shape.extent(i)});
  }
  return axes;
}

SplitAxes in_order_of(const Linop& a, SplitAxes axes) {
  std::vector<Dim> order = a.dims();
  for (const Dim& d : a.inner()) order.push_back(d);
  const auto place = [&](const SplitAxis& axis) {
    return std::find(order.begin(), order.end(), axis.dim) - order.begin();
  };
  std::stable_sort(axes.begin(), axes.end(), [&](const SplitAxis& p, const SplitAxis& q) {
    const auto i = place(p), j = place(q);
    return i != j ? i < j : p.dim.text() < q.dim.text();
  });
  return axes;
}

namespace {

// Where a dim of the grid acts, and the stretches that it is cut into.
struct Axis {
  Dim dim;
  int input = -1, output = -1;  // terms
  bool is_inner = false, is_batch = false;
  std::vector<Stretch> parts;
};

int find_dim(const Side& terms, Dim dim) {
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].kind == Term::Kind::dim && terms[i].dim == dim) return static_cast<int>(i);
  }
  return -1;
}

DimExtents::const_iterator find_dim(const DimExtents& dims, Dim dim) {
  return std::find_if(dims.begin(), dims.end(), [&](const auto& d) { return d.first == dim; });
}

std::vector<Stretch> parts_of(const SplitAxis& axis, int64_t extent, std::string_view operation) {
  const std::string name = axis.dim.text();
  std::vector<int64_t> sizes = axis.sizes;
  if (sizes.empty()) {
    if (axis.size < 1) {
      fail(Code::argument, operation, "size of '{}' is {}; a size is at least 1", name, axis.size);
    }
    for (int64_t at = 0; at < std::max<int64_t>(extent, 1); at += axis.size) {
      sizes.push_back(std::min(axis.size, extent - at));
    }
  } else {
    for (const int64_t size : sizes) {
      if (size >= 1) continue;
      fail(Code::argument, operation, "size of '{}' is {}; a size is at least 1", name, size);
    }
    const int64_t sum = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    if (sum != extent) {
      fail(Code::shape, operation, "sizes of '{}' add up to {} but its extent is {}", name, sum,
           extent);
    }
  }
  std::vector<Stretch> parts;
  int64_t first = 0;
  for (const int64_t size : sizes) {
    parts.push_back({first, size});
    first += size;
  }
  return parts;
}

std::vector<std::string> names_of(const Linop& a) {
  std::vector<std::string> names;
  for (const Dim& d : a.dims()) names.push_back(d.text());
  for (const Dim& d : a.inner()) names.push_back(d.text());
  return names;
}

bool resembles_dim(const Linop& a, Dim dim) {
  return !did_you_mean(dim.text(), names_of(a)).empty();
}

[[noreturn]] void no_such_dim(const Linop& a, Dim dim, std::string_view operation) {
  const Signature& s = a.signature();
  const auto side = [](const Side& terms) {
    std::string text;
    for (const Term& t : terms) {
      if (!text.empty()) text += ' ';
      text += t.kind == Term::Kind::dim ? t.dim.text() : text_of_base(t);
    }
    return text;
  };
  fail(Code::shape, operation, "no dim '{}' in {} ({} -> {}){}", dim.text(), a.label(),
       side(s.input()), side(s.output()), did_you_mean(dim.text(), names_of(a)));
}

Axis find_axis(const Linop& a,
               const SplitAxis& given,
               const std::vector<std::pair<std::string, int64_t>>& extents,
               std::string_view operation,
               const DimExtents& lost) {
  const Signature& s = a.signature();
  Axis axis;
  axis.dim = given.dim;
  axis.input = find_dim(terms_of(s.input()), given.dim);
  axis.output = find_dim(terms_of(s.output()), given.dim);
  int64_t extent = kUnknown;
  const auto inner = composition_of(a.node()).inner;
  const auto known = find_dim(inner, given.dim);
  if (axis.input >= 0 || axis.output >= 0) {
    extent = s.extent(given.dim);
  } else if (known != inner.end()) {
    axis.is_inner = true;
    extent = known->second;
  } else if (const auto at = find_dim(lost, given.dim);
             at != lost.end() && at->second != kUnknown) {
    SplitAxis first = given;
    if (!first.sizes.empty()) first = {given.dim, given.sizes.front()};
    axis.parts = {parts_of(first, at->second, operation).front()};
    return axis;
  } else {
    axis.is_batch = true;
  }
  for (const auto& [name, value] : extents) {
    if (Dim::parse(name, operation) != given.dim) continue;
    if (extent != kUnknown && extent != value) {
      fail(Code::shape, operation, "extent of '{}' is {} in {} but {} in the option", name, extent,
           a.label(), value);
    }
    extent = value;
  }
  const bool takes_batch = (s.is_open() || s.has_ellipsis()) && given.dim.primes == 0;
  // A name that A does not know may be that of a batch dim, unless it looks like a slip.
  if (axis.is_batch && (!takes_batch || (extent == kUnknown && resembles_dim(a, given.dim)))) {
    no_such_dim(a, given.dim, operation);
  }
  if (extent == kUnknown) {
    fail(Code::shape, operation, "extent of '{}' is unknown; {}", given.dim.text(),
         give_extent(given.dim.text()));
  }
  axis.parts = parts_of(given, extent, operation);
  return axis;
}

}  // namespace

std::vector<NamedStretch> named(const Side& terms, const Slices& slices) {
  std::vector<NamedStretch> made;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (slices[i] && terms[i].kind == Term::Kind::dim) made.emplace_back(terms[i].dim, *slices[i]);
  }
  return made;
}

const SplitTile* Tiles::at(const std::vector<int64_t>& index) const noexcept {
  for (const SplitTile& t : tiles) {
    if (t.index == index) return &t;
  }
  return nullptr;
}

Tiles split(const Linop& a,
            const SplitAxes& axes,
            const std::vector<std::pair<std::string, int64_t>>& extents,
            std::string_view operation,
            const DimExtents& inner) {
  Tiles made;
  std::vector<Axis> grid;
  for (const SplitAxis& given : axes) {
    grid.push_back(find_axis(a, given, extents, operation, inner));
    made.dims.push_back(given.dim);
    made.grid.push_back(static_cast<int64_t>(grid.back().parts.size()));
  }
  const Signature& s = a.signature();
  const Side in = terms_of(s.input()), out = terms_of(s.output());
  std::vector<int64_t> index(grid.size(), 0);
  for (bool is_done = false; !is_done;) {
    TileRequest request;
    request.input.resize(in.size());
    request.output.resize(out.size());
    SplitTile tile;
    for (size_t k = 0; k < grid.size(); ++k) {
      const Axis& axis = grid[k];
      const Stretch part = axis.parts[static_cast<size_t>(index[k])];
      tile.request.emplace_back(axis.dim, part);
      if (axis.parts.size() == 1) continue;  // all of it
      if (axis.input >= 0) request.input[static_cast<size_t>(axis.input)] = part;
      if (axis.output >= 0) request.output[static_cast<size_t>(axis.output)] = part;
      if (axis.is_inner) request.inner.emplace_back(axis.dim, part);
      if (axis.is_batch) tile.batch.emplace_back(axis.dim, part);
    }
    Tile part;
    try {
      part = cut(a.node(), request);
    } catch (const Error& e) {
      if (e.operation() != "split" || operation == "split") throw;
      throw Error(e.code(), std::string(operation), e.message());
    }
    if (part.op) {
      tile.op = Linop(*part.op);
      tile.index = index;
      tile.input = named(in, part.input);
      tile.output = named(out, part.output);
      for (auto* side : {&tile.input, &tile.output}) {
        side->insert(side->end(), tile.batch.begin(), tile.batch.end());
      }
      tile.input_slices = std::move(part.input);
      tile.output_slices = std::move(part.output);
      made.tiles.push_back(std::move(tile));
    }
    is_done = true;
    for (size_t k = grid.size(); k-- > 0;) {
      if (++index[k] < made.grid[k]) {
        is_done = false;
        break;
      }
      index[k] = 0;
    }
  }
  return made;
}

}  // namespace lunops
