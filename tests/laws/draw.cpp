// SPDX-License-Identifier: MIT
#include "tests/laws/laws.hpp"

namespace lunops::laws {

// Source: Steele, Lea, Flood, OOPSLA 2014 (SplitMix64).
uint64_t Draw::next() {
  uint64_t z = (seed_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Tensor Draw::tensor(std::string_view shape) {
  return randn(Shape::parse(shape), dtype_, next(), *context_);
}

Tensor Draw::real(std::string_view shape) {
  return randn(Shape::parse(shape), real_of(dtype_), next(), *context_);
}

Tensor Draw::uniform(std::string_view shape, double low, double high) {
  const Tensor unit = rand(Shape::parse(shape), DType::f64, next(), *context_);
  return binary(Binary::add, binary(Binary::multiply, unit, high - low, *context_), low, *context_);
}

namespace {

std::vector<Registered>& list() {
  static std::vector<Registered> all;
  return all;
}

}  // namespace

bool add(std::string kind, std::vector<Case> cases) {
  for (Case& c : cases) list().push_back({kind, std::move(c)});
  return true;
}

const std::vector<Registered>& registered() { return list(); }

}  // namespace lunops::laws
