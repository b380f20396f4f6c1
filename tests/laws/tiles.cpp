// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/plan/batch.hpp"
#include "tests/laws/laws.hpp"

namespace lunops::laws {

namespace {

// The part of a tensor that the slices of one side name.
Tensor part_of(const Tensor& x, const Side& side, bool takes_batch, const Slices& slices) {
  const Places at = places(side, takes_batch, x.ndim());
  Tensor part = x;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (slices[i]) part = part.slice(at.term[i], slices[i]->first, slices[i]->count);
  }
  return part;
}

// Equation (1) of splitting.md: the sum over the tiles of op(x[input]) put at output.
Tensor reassembled(
    const Linop& a, const Tiles& tiles, const Tensor& x, const Tensor& like, Context& c) {
  const Tensor y = zeros(like.shape(), like.dtype(), c);
  const Signature& s = a.signature();
  const bool takes_batch = s.is_open() || s.has_ellipsis();
  for (const SplitTile& t : tiles.tiles) {
    const Tensor from = part_of(x, s.input(), takes_batch, t.input_slices);
    const Tensor to = part_of(y, s.output(), takes_batch, t.output_slices);
    t.op.apply(from, to, {1.0, 1.0}, c);
  }
  return y;
}

// What cannot be cut says so in one of these ways, and names the dim.
bool is_documented(const Error& e, Dim dim) {
  const std::string& text = e.message();
  const auto says = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  return e.operation() == "split" && (says("cannot be cut along ") || says("rename one of them") ||
                                      says(fmt::format("extent of '{}' is unknown", dim.text())));
}

// Tiles of tiles equal the whole: `known` are the dims along which A can be cut.
void check_tiles_of_tiles(
    const Linop& a, const std::vector<Dim>& known, const Tensor& x, double tolerance, Context& c) {
  const Signature& s = a.signature();
  const bool takes_batch = s.is_open() || s.has_ellipsis();
  const auto halves = [](const Linop& of, Dim dim) {
    return SplitAxes{{dim, std::max<int64_t>(1, (of.extent(dim.text()) + 1) / 2)}};
  };
  const auto is_merged = [](const Error& e) {  // has tiles of whole inner members only
    return e.message().find("cut it at multiples of ") != std::string::npos;
  };
  for (size_t i = 0; i < known.size(); ++i) {
    INFO("tiles along " << known[i].text());
    Tiles tiles;
    try {
      tiles = split(a, halves(a, known[i]));
    } catch (const Error& e) {
      if (!is_merged(e)) throw;
      continue;
    }
    if (tiles.tiles.empty()) continue;
    const SplitTile& tile = tiles.tiles.back();
    const Tensor part = part_of(x, s.input(), takes_batch, tile.input_slices);
    const Tensor y = tile.op(part, c);
    for (size_t j = 0; j < known.size(); ++j) {
      INFO("cut again along " << known[j].text());
      // The parts of a Concat or a sum that make this tile may lack an inner dim of others.
      std::vector<Dim> there = tile.op.inner();
      for (const Dim& dim : tile.op.dims()) there.push_back(dim);
      if (std::find(there.begin(), there.end(), known[j]) == there.end()) continue;
      if (tile.op.extent(known[j].text()) < 2) continue;
      Tiles again;
      try {
        again = split(tile.op, halves(tile.op, known[j]));
      } catch (const Error& e) {
        if (!is_merged(e)) throw;
        continue;
      }
      CHECK(distance(reassembled(tile.op, again, part, y, c), y) <= tolerance);
    }
  }
}

// The same on two devices, neither of which is the base.
void check_placed(const Linop& a,
                  const SplitAxes& axes,
                  const Tensor& x,
                  const Tensor& y,
                  double tolerance,
                  Context& c) {
  INFO("tiles on two devices");
  if (!is_declared(Device::parse("cpu:1"))) declare_virtual_devices({.cpu = 2});
  const DeviceChoice devices{.list = {Device::parse("cpu:0"), Device::parse("cpu:1")}};
  std::optional<Linop> b;
  try {
    b = batch(a, {{.axes = axes, .devices = devices, .base = x.device()}}, c);
  } catch (const Error& e) {
    // What moves data from one device to another has its place.
    INFO(e.what());
    CHECK(e.message().find("ToDevice") != std::string::npos);
    return;
  }
  CHECK(distance((*b)(x, c), y) <= tolerance);
  CHECK(distance(b->H()(y, c), a.H()(y, c)) <= tolerance);
  CHECK(distance(b->N()(x, c), a.N()(x, c)) <= tolerance);
}

void check_tiles(
    const std::string& name, const Linop& a, const Tensor& x, double tolerance, Context& c) {
  INFO("L10 of " << name);
  const Tensor y = a(x, c);
  const auto agree = [&](const SplitAxes& axes) {
    std::string text;
    for (const SplitAxis& axis : axes) text += fmt::format("{}={} ", axis.dim.text(), axis.size);
    INFO("tiles of " << text);
    Tiles tiles;
    try {
      tiles = split(a, axes);
    } catch (const Error& e) {
      // A merged dim has tiles of whole inner members only.
      if (e.message().find("cut it at multiples of ") == std::string::npos) throw;
      return;
    }
    CHECK(distance(reassembled(a, tiles, x, y, c), y) <= tolerance);
  };
  std::vector<Dim> dims = a.dims(), known;
  for (const Dim& d : a.inner()) dims.push_back(d);
  for (const Dim& dim : dims) {
    const int64_t n = a.extent(dim.text());
    const auto half = [](int64_t extent) { return std::max<int64_t>(1, (extent + 1) / 2); };
    try {
      split(a, {{dim, half(std::max<int64_t>(n, 1))}});
    } catch (const Error& e) {
      INFO("cut along " << dim.text() << ": " << e.what());
      CHECK(is_documented(e, dim));
      continue;
    }
    std::vector<int64_t> sizes{1, 2, half(n), std::max<int64_t>(n, 1)};
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    for (const int64_t size : sizes) agree({{dim, size}});
    for (const Dim& other : known) {
      agree({{other, half(a.extent(other.text()))}, {dim, half(n)}});
    }
    known.push_back(dim);
  }
  if (known.empty()) return;
  check_tiles_of_tiles(a, known, x, tolerance, c);
  // Cut in one or two dims as an operator of its own, which can be cut again.
  SplitAxes axes;
  for (size_t i = 0; i < std::min<size_t>(2, known.size()); ++i) {
    axes.push_back({known[i], std::max<int64_t>(1, (a.extent(known[i].text()) + 1) / 2)});
  }
  const Linop b = batch(a, axes);
  CHECK(distance(b(x, c), y) <= tolerance);
  CHECK(distance(b.H()(y, c), a.H()(y, c)) <= tolerance);
  CHECK(distance(b.N()(x, c), a.N()(x, c)) <= tolerance);
  CHECK(b.N().H().node() == b.N().node());
  check_placed(a, axes, x, y, tolerance, c);
  for (const Dim& dim : known) {
    INFO("tiles of tiles, along " << dim.text());
    Tiles again;
    try {
      again = split(b, {{dim, 1}});
    } catch (const Error& e) {
      // An inner dim may have got lost in tiles that were narrowed along another; a merged dim has
      // tiles of whole inner members only.
      INFO(e.what());
      const bool is_merged = e.message().find("cut it at multiples of ") != std::string::npos;
      CHECK((is_documented(e, dim) && (is_merged || !a.signature().has(dim))));
      continue;
    }
    CHECK(distance(reassembled(b, again, x, y, c), y) <= tolerance);
  }
}

}  // namespace

void tiles(const Subject& s, Context& c) {
  if (!is_double(s.dtype)) return;  // precision is not what tiles could get wrong
  const Tensor x = random_like(s.input, s.dtype, s.seed + 14, c);
  const Tensor y = random_like(s.output, s.output_dtype, s.seed + 15, c);
  const double tol = 4 * tolerance(s) + 2 * s.approximate;
  check_tiles(s.name, s.a, x, tol, c);
  check_tiles(s.name + ".H", s.a.H(), y, tol, c);
  check_tiles(s.name + ".N", s.a.N(), x, tol, c);
  check_tiles(s.name + ".H.N", s.a.H().N(), y, tol, c);
}

}  // namespace lunops::laws
