// SPDX-License-Identifier: MIT
#include "runtime/core/shape.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/core/parse_cache.hpp"
#include "runtime/core/shape_parser.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

namespace {

// Extents of 0 are left out of the product: strides are products of the others and must not
// overflow either.
void check_extents(const std::vector<int64_t>& extents) {
  int64_t product = 1;
  for (const int64_t extent : extents) {
    if (extent < kUnknown) fail(Code::shape, "shape", "extent {} is negative", extent);
    if (extent <= 0) continue;
    if (extent >= kExtentLimit || __builtin_mul_overflow(product, extent, &product) ||
        product >= kExtentLimit) {
      fail(Code::shape, "shape", "the product of the extents {} is too large: it must be below {}",
           fmt::join(extents, " x "), kExtentLimit);
    }
  }
}

}  // namespace

Shape::Shape(std::vector<Dim> dims, std::vector<int64_t> extents)
    : dims_(std::move(dims)), extents_(std::move(extents)) {
  if (dims_.size() != extents_.size()) {
    fail(Code::shape, "shape", "{} dims but {} extents", dims_.size(), extents_.size());
  }
  if (dims_.size() > kMaxDims)
    fail(Code::shape, "shape", "{} dims, more than {}", dims_.size(), kMaxDims);
  check_extents(extents_);
  if (dims_.empty()) return;
  const bool is_unnamed = dims_[0].name.empty();
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (dims_[i].name.empty() != is_unnamed) {
      fail(Code::shape, "shape", "some of the dims are named and some are not");
    }
    if (is_unnamed) continue;
    for (size_t j = 0; j < i; ++j) {
      if (dims_[i] == dims_[j]) fail(Code::shape, "shape", "two dims named '{}'", dims_[i].text());
    }
  }
}

Shape Shape::unnamed(std::vector<int64_t> extents) {
  std::vector<Dim> dims(extents.size());
  return Shape(std::move(dims), std::move(extents));
}

Shape Shape::parse(std::string_view text) {
  return *cached<Shape>(ParseContext::shape, "shape", text, parse_shape);
}

bool Shape::is_named() const noexcept { return dims_.empty() || !dims_[0].name.empty(); }

bool Shape::is_known() const noexcept {
  return std::find(extents_.begin(), extents_.end(), kUnknown) == extents_.end();
}

int64_t Shape::count() const {
  int64_t count = 1;
  for (size_t i = 0; i < extents_.size(); ++i) {
    if (extents_[i] == kUnknown) {
      fail(Code::shape, "shape", "the extent of '{}' in {} is not known", dims_[i].text(),
           braced());
    }
    count *= extents_[i];
  }
  return count;
}

int Shape::find(Dim dim) const noexcept {
  if (dim.name.empty()) return -1;
  const auto found = std::find(dims_.begin(), dims_.end(), dim);
  return found == dims_.end() ? -1 : static_cast<int>(found - dims_.begin());
}

int Shape::find(std::string_view name) const noexcept {
  // Compared as text: asking for a name must not intern it.
  const size_t base = std::min(name.find('\''), name.size());
  if (base == 0 || name.find_first_not_of('\'', base) != std::string_view::npos) return -1;
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (dims_[i].primes == name.size() - base && dims_[i].name.text() == name.substr(0, base)) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

int Shape::find_base(Name name) const noexcept {
  if (name.empty()) return -1;
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (dims_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int64_t Shape::extent_of(std::string_view name) const {
  if (const int i = find(name); i >= 0) return extent(i);
  std::vector<std::string> known;
  for (const Dim& dim : dims_) known.push_back(dim.text());
  fail(Code::shape, "shape", "no dim '{}' in {}{}", name, braced(), did_you_mean(name, known));
}

Shape Shape::with_extent(int i, int64_t extent) const {
  std::vector<int64_t> extents = extents_;
  extents[static_cast<size_t>(i)] = extent;
  return Shape(dims_, std::move(extents));
}

Shape Shape::without_primes() const {
  std::vector<Dim> dims = dims_;
  for (Dim& dim : dims) dim.primes = 0;
  return Shape(std::move(dims), extents_);
}

namespace {

std::string text_of(const Shape& shape, std::string_view separator, bool has_extents) {
  std::string text;
  for (int i = 0; i < shape.ndim(); ++i) {
    if (i > 0) text += separator;
    const bool is_known = has_extents && shape.extent(i) != kUnknown;
    if (shape.is_named()) {
      text += shape.dim(i).text();
      if (is_known) text += fmt::format("={}", shape.extent(i));
    } else {
      text += is_known ? fmt::format("{}", shape.extent(i)) : "?";
    }
  }
  return text;
}

}  // namespace

std::string Shape::text() const { return text_of(*this, " ", true); }

std::string Shape::names() const { return is_named() ? text_of(*this, " ", false) : ""; }

std::string Shape::braced() const { return fmt::format("{{{}}}", text_of(*this, ", ", true)); }

}  // namespace lunops
