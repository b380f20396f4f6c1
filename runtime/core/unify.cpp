// SPDX-License-Identifier: MIT
#include "runtime/core/unify.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/core/shape_lexer.hpp"

namespace lunops {

std::string count_of_dims(std::ptrdiff_t count) {
  return fmt::format("{} dim{}", count, count == 1 ? "" : "s");
}

int Unifier::root(int base) const {
  while (bases_[static_cast<size_t>(base)].parent != base)
    base = bases_[static_cast<size_t>(base)].parent;
  return base;
}

int Unifier::find(int dim) const {
  while (dims_[static_cast<size_t>(dim)].parent != dim)
    dim = dims_[static_cast<size_t>(dim)].parent;
  return dim;
}

int Unifier::add_term(const Term& term, std::vector<std::pair<int, int>>& variables) {
  int base = -1;
  if (term.kind == Term::Kind::variable) {
    for (const auto& [variable, known] : variables) {
      if (variable == term.variable) base = known;
    }
  } else if (!term.dim.name.empty()) {
    for (size_t i = 0; i < bases_.size(); ++i) {
      if (bases_[i].name == term.dim.name) base = root(static_cast<int>(i));
    }
  }
  if (base < 0) {
    base = static_cast<int>(bases_.size());
    bases_.push_back({base, term.kind == Term::Kind::dim ? term.dim.name : Name()});
    if (term.kind == Term::Kind::variable) variables.emplace_back(term.variable, base);
  }
  const int dim = static_cast<int>(dims_.size());
  dims_.push_back({dim, base, term.extent, term});
  return dim;
}

Unifier::Sides Unifier::load(const Signature& signature) {
  Sides sides;
  std::vector<std::pair<int, int>> variables;
  if (signature.is_open()) {
    sides.input.push_back(kRest);
    sides.output.push_back(kRest);
  }
  for (const Term& term : signature.input()) {
    sides.input.push_back(term.kind == Term::Kind::ellipsis ? kRest : add_term(term, variables));
  }
  for (const Term& term : signature.output()) {
    if (term.kind == Term::Kind::ellipsis) {
      sides.output.push_back(kRest);
      continue;
    }
    const auto kept = std::find(signature.input().begin(), signature.input().end(), term);
    if (kept == signature.input().end()) {
      sides.output.push_back(add_term(term, variables));
    } else {
      const auto position = static_cast<size_t>(kept - signature.input().begin());
      sides.output.push_back(sides.input[position + (signature.is_open() ? 1 : 0)]);
    }
  }
  return sides;
}

DimList Unifier::load(const Side& side) {
  DimList dims;
  std::vector<std::pair<int, int>> variables;
  for (const Term& term : side) {
    dims.push_back(term.kind == Term::Kind::ellipsis ? kRest : add_term(term, variables));
  }
  return dims;
}

DimList Unifier::load(const Shape& shape) {
  DimList dims;
  std::vector<std::pair<int, int>> variables;
  for (int i = 0; i < shape.ndim(); ++i) {
    dims.push_back(
        add_term({Term::Kind::dim, shape.dim(i).without_primes(), 0, shape.extent(i)}, variables));
  }
  return dims;
}

int Unifier::copy(int dim) {
  const Node node = dims_[static_cast<size_t>(dim)];
  const int made = static_cast<int>(dims_.size());
  dims_.push_back({made, node.base, kUnknown, node.term});
  return made;
}

std::string Unifier::text(int dim) const {
  return dim == kRest ? "..." : text_of_base(dims_[static_cast<size_t>(dim)].term);
}

std::string Unifier::base_text(int dim) const {
  if (dim == kRest || name(dim).empty()) return text(dim);
  return std::string(name(dim).text());
}

std::string Unifier::join_bases(int a, int b) {
  const int base_a = root(base_of(a));
  const int base_b = root(base_of(b));
  if (base_a == base_b) return "";
  const Name name_a = bases_[static_cast<size_t>(base_a)].name;
  const Name name_b = bases_[static_cast<size_t>(base_b)].name;
  if (!name_a.empty() && !name_b.empty()) {
    for (const int dim : {a, b}) {
      const Term& term = dims_[static_cast<size_t>(dim)].term;
      if (term.kind == Term::Kind::variable) {
        const int other = dim == a ? b : a;
        return fmt::format("'{}' is '{}', then '{}'", text(dim), base_text(dim), base_text(other));
      }
    }
    return fmt::format("'{}' against '{}'", base_text(a), base_text(b));
  }
  // The named base stays the root; of two variables, the earlier one.
  const bool keep_b = name_a.empty() && (!name_b.empty() || base_b < base_a);
  bases_[static_cast<size_t>(keep_b ? base_a : base_b)].parent = keep_b ? base_b : base_a;
  return "";
}

bool Unifier::join_extents(int a, int b) {
  int64_t& extent_a = dims_[static_cast<size_t>(find(a))].extent;
  int64_t& extent_b = dims_[static_cast<size_t>(find(b))].extent;
  if (extent_a != kUnknown && extent_b != kUnknown) return extent_a == extent_b;
  extent_a = extent_b = std::max(extent_a, extent_b);
  return true;
}

void Unifier::join_dims(int a, int b) { dims_[static_cast<size_t>(find(a))].parent = find(b); }

int Unifier::repeated(const DimList& side) const {
  for (size_t i = 0; i < side.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (side[i] != kRest && side[j] != kRest && have_one_base(side[i], side[j])) return side[i];
    }
  }
  return -1;
}

AlignResult align(const DimList& p, const DimList& q) {
  const auto p_at = std::find(p.begin(), p.end(), kRest) - p.begin();
  const auto q_at = std::find(q.begin(), q.end(), kRest) - q.begin();
  const auto p_size = static_cast<std::ptrdiff_t>(p.size());
  const auto q_size = static_cast<std::ptrdiff_t>(q.size());
  const bool p_has = p_at < p_size;
  const bool q_has = q_at < q_size;
  Alignment found;
  const auto from_left = [&](std::ptrdiff_t count) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      found.pairs.emplace_back(p[static_cast<size_t>(i)], q[static_cast<size_t>(i)]);
    }
  };
  const auto from_right = [&](std::ptrdiff_t count) {
    for (std::ptrdiff_t i = 1; i <= count; ++i) {
      found.pairs.emplace_back(p[static_cast<size_t>(p_size - i)],
                               q[static_cast<size_t>(q_size - i)]);
    }
  };

  if (!p_has && !q_has) {
    if (p_size != q_size) {
      return {{},
              {Misfit::Kind::length, fmt::format("{} against {}", count_of_dims(p_size), q_size)}};
    }
    from_left(p_size);
    return {found, {}};
  }
  if (p_has != q_has) {
    const std::ptrdiff_t at = p_has ? p_at : q_at;
    const std::ptrdiff_t needed = (p_has ? p_size : q_size) - 1;
    const std::ptrdiff_t given = p_has ? q_size : p_size;
    if (given < needed) {
      return {{},
              {Misfit::Kind::length,
               fmt::format("{}, at least {} needed", count_of_dims(given), needed)}};
    }
    from_left(at);
    from_right(needed - at);
    const DimList& other = p_has ? q : p;
    (p_has ? found.p_rest : found.q_rest) =
        DimList(other.begin() + at, other.end() - (needed - at));
    return {found, {}};
  }
  const std::ptrdiff_t p_tail = p_size - 1 - p_at;
  const std::ptrdiff_t q_tail = q_size - 1 - q_at;
  if ((p_at > q_at && p_tail < q_tail) || (p_at < q_at && p_tail > q_tail)) {
    return {{}, {Misfit::Kind::ambiguous, "ambiguous batch dims; name them"}};
  }
  from_left(std::min(p_at, q_at));
  from_right(std::min(p_tail, q_tail));
  if (q_at > p_at || q_tail > p_tail) {
    found.p_rest = DimList(q.begin() + p_at, q.end() - p_tail);
  } else if (p_at > q_at || p_tail > q_tail) {
    found.q_rest = DimList(p.begin() + q_at, p.end() - q_tail);
  }
  return {found, {}};
}

DimList expand(const DimList& side, const std::optional<DimList>& rest) {
  if (!rest) return side;
  DimList expanded;
  for (const int dim : side) {
    if (dim == kRest) {
      expanded.insert(expanded.end(), rest->begin(), rest->end());
    } else {
      expanded.push_back(dim);
    }
  }
  return expanded;
}

Composition to_signature(const Unifier& unifier,
                         const DimList& input,
                         const DimList& output,
                         const DimList& inner,
                         bool is_rest_implied) {
  const bool is_rest_leading =
      !input.empty() && !output.empty() && input[0] == kRest && output[0] == kRest;
  const bool is_open = is_rest_implied && is_rest_leading;
  std::vector<std::pair<int, int>> numbers;  // variables, in order of appearance
  const auto term_of = [&](int dim, int primes) {
    Term term;
    term.extent = unifier.extent(dim);
    term.dim = {unifier.name(dim), static_cast<uint8_t>(primes)};
    if (!term.dim.name.empty()) return term;
    term.kind = Term::Kind::variable;
    const int variable = unifier.variable(dim);
    const auto known = std::find_if(numbers.begin(), numbers.end(),
                                    [&](const auto& number) { return number.first == variable; });
    term.variable = static_cast<int>(known - numbers.begin()) + 1;
    if (known == numbers.end()) numbers.emplace_back(variable, term.variable);
    return term;
  };
  std::vector<std::pair<int, int>> primes;  // dim, its prime count
  const auto known = [&](int dim) {
    return std::find_if(primes.begin(), primes.end(),
                        [&](const auto& p) { return p.first == unifier.find(dim); });
  };
  const auto is_free = [&](int dim, int count) {
    return std::none_of(primes.begin(), primes.end(), [&](const auto& p) {
      return p.second == count && unifier.have_one_base(p.first, dim);
    });
  };

  Side in;
  Side out;
  const Term ellipsis{Term::Kind::ellipsis, {}, 0, kUnknown};
  for (size_t i = is_open ? 1 : 0; i < input.size(); ++i) {
    if (input[i] == kRest) {
      in.push_back(ellipsis);
      continue;
    }
    primes.emplace_back(unifier.find(input[i]), 0);
    in.push_back(term_of(input[i], 0));
  }
  for (size_t i = is_open ? 1 : 0; i < output.size(); ++i) {
    if (output[i] == kRest) {
      out.push_back(ellipsis);
      continue;
    }
    if (known(output[i]) == primes.end()) {
      primes.emplace_back(unifier.find(output[i]), is_free(output[i], 0) ? 0 : 1);
    }
    out.push_back(term_of(output[i], known(output[i])->second));
  }
  Composition made;
  for (const int dim : inner) {
    if (dim == kRest || unifier.name(dim).empty() || known(dim) != primes.end()) continue;
    int count = 0;
    while (!is_free(dim, count)) ++count;
    if (count > kMaxPrimes) continue;
    primes.emplace_back(unifier.find(dim), count);
    made.inner.push_back({{unifier.name(dim), static_cast<uint8_t>(count)}, unifier.extent(dim)});
  }
  made.signature = Signature(std::move(in), std::move(out), is_open);
  return made;
}

}  // namespace lunops
