// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/extent_table.hpp"
#include "runtime/core/pattern.hpp"
#include "runtime/core/unify.hpp"

namespace lunops {

namespace {

using Axis = PatternAxis;

std::string needs(const Pattern& pattern) {
  std::string text;
  for (const Axis& axis : pattern.left) {
    if (!text.empty()) text += ", ";
    text += axis.kind == Axis::Kind::ellipsis ? "..."
            : axis.kind == Axis::Kind::one    ? "1"
                                              : axis.name.text();
  }
  return fmt::format("{{{}}}", text);
}

// Why the names of x do not fit.
std::string explain(const Pattern& pattern, const Shape& x, bool takes_batch, PatternRules rules) {
  std::string order;
  size_t needed = 0;
  for (const Axis& axis : pattern.left) {
    const bool is_free =
        axis.kind == Axis::Kind::one ||
        (axis.kind == Axis::Kind::group && !axis.is_labelled && rules.takes_any_name);
    if (axis.kind == Axis::Kind::ellipsis) continue;
    ++needed;
    if (is_free) continue;
    if (x.find_base(axis.name.name) < 0) {
      return fmt::format("'{}' is missing", axis.name.text());
    }
    order += fmt::format("{}{}", order.empty() ? "" : " ", axis.name.text());
  }
  const auto rank = static_cast<size_t>(x.ndim());
  if (rank < needed || (rank > needed && !takes_batch)) {
    return fmt::format("{}, {}{} needed", count_of_dims(x.ndim()), takes_batch ? "at least " : "",
                       needed);
  }
  if (rank == needed) {
    return fmt::format("same dims in another order; pass x:permute \"{}\"", order);
  }
  return "the dims are in another order";
}

bool fits(const Axis& axis, const Shape& x, int position, PatternRules rules) {
  if (axis.kind == Axis::Kind::one) {
    return x.extent(position) == 1 || x.extent(position) == kUnknown;
  }
  if (!x.is_named()) return true;
  if (axis.kind == Axis::Kind::group && !axis.is_labelled && rules.takes_any_name) return true;
  const Dim dim = x.dim(position);
  if (dim == axis.name) return true;
  // Primes are ignored unless the tensor needs them to tell its own dims apart.
  return dim.name == axis.name.name && x.find(axis.name) < 0;
}

Dim nameless(int position) { return {Name::intern(fmt::format("#{}", position)), 0}; }

struct Element {
  Dim dim;
  int64_t extent = kUnknown;
};

Shape shape_of(const std::vector<Element>& elements,
               const Pattern& pattern,
               std::string_view operation) {
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  for (const Element& element : elements) {
    if (std::find(dims.begin(), dims.end(), element.dim) != dims.end()) {
      fail(Code::shape, operation,
           "two dims named '{}' in \"{}\", one of them from '...'; rename one of them",
           element.dim.text(), pattern.text());
    }
    dims.push_back(element.dim);
    extents.push_back(element.extent);
  }
  return Shape(std::move(dims), std::move(extents));
}

int64_t product_of(const Axis& axis, const ExtentTable& extents) {
  int64_t product = 1;
  for (const Axis::Member& member : axis.members) {
    const int64_t extent = extents.of(member.dim);
    if (extent == kUnknown) return kUnknown;
    product *= extent;
  }
  return product;
}

}  // namespace

Recipe resolve(const Pattern& pattern,
               std::string_view operation,
               const Shape& x,
               const ExtentList& given,
               PatternRules rules) {
  ExtentTable extents(pattern, operation, given);
  const bool is_open = rules.takes_batch && !pattern.has_ellipsis() && x.is_named();
  const bool takes_batch = is_open || pattern.has_ellipsis();
  const auto refuse = [&](const std::string& reason) {
    fail(Code::shape, operation, "\"{}\" needs {} but was given {}: {}", pattern.text(),
         needs(pattern), x.braced(), reason);
  };
  const int written = static_cast<int>(pattern.left.size()) - (pattern.has_ellipsis() ? 1 : 0);
  const int batch = x.ndim() - written;
  if (batch < 0 || (batch > 0 && !takes_batch)) {
    refuse(x.is_named() ? explain(pattern, x, takes_batch, rules)
                        : fmt::format("{}, {}{} needed", count_of_dims(x.ndim()),
                                      takes_batch ? "at least " : "", written));
  }

  Recipe recipe;
  std::vector<Element> split;
  std::vector<int> batch_at;  // positions in split
  bool is_named = true;
  int position = 0;
  const auto take_batch = [&] {
    for (int i = 0; i < batch; ++i, ++position) {
      batch_at.push_back(static_cast<int>(split.size()));
      is_named = is_named && x.is_named();
      split.push_back({x.is_named() ? x.dim(position) : nameless(position), x.extent(position)});
    }
  };
  if (is_open) take_batch();
  for (const Axis& axis : pattern.left) {
    if (axis.kind == Axis::Kind::ellipsis) {
      take_batch();
      continue;
    }
    if (!fits(axis, x, position, rules)) {
      refuse(axis.kind == Axis::Kind::one
                 ? fmt::format("'1' is a dim of extent 1, but the extent of '{}' is {}",
                               x.dim(position).text(), x.extent(position))
                 : explain(pattern, x, takes_batch, rules));
    }
    if (axis.kind == Axis::Kind::one) {
      recipe.dropped.push_back(static_cast<int>(split.size()));
      split.push_back({nameless(position), 1});
    } else {
      const bool is_group = axis.kind == Axis::Kind::group;
      const int64_t stated = is_group ? extents.of_whole(axis) : kUnknown;
      const int64_t whole = x.extent(position);
      if (stated != kUnknown && whole != kUnknown && stated != whole) {
        refuse(fmt::format("extent of '{}' is {}, not {}", axis.name.text(), whole, stated));
      }
      extents.fit(axis, whole == kUnknown ? stated : whole);
      for (const Axis::Member& member : axis.members) {
        split.push_back({member.dim, extents.of(member.dim)});
      }
    }
    ++position;
  }

  std::vector<Element> elements;
  std::vector<Element> output;
  std::vector<bool> is_used(split.size(), false);
  const auto place = [&](int at) {
    is_used[static_cast<size_t>(at)] = true;
    recipe.order.push_back(at);
    elements.push_back(split[static_cast<size_t>(at)]);
  };
  const auto place_batch = [&] {
    for (const int at : batch_at) {
      place(at);
      output.push_back(elements.back());
      recipe.group_sizes.push_back(1);
    }
  };
  if (is_open) place_batch();
  for (const Axis& axis : pattern.right) {
    if (axis.kind == Axis::Kind::ellipsis) {
      place_batch();
      continue;
    }
    if (axis.kind == Axis::Kind::one) {
      recipe.order.push_back(-1);
      elements.push_back({axis.name, 1});
      output.push_back(elements.back());
      recipe.group_sizes.push_back(1);
      continue;
    }
    for (const Axis::Member& member : axis.members) {
      int at = -1;
      for (size_t i = 0; i < split.size(); ++i) {
        const bool is_batch =
            std::find(batch_at.begin(), batch_at.end(), static_cast<int>(i)) != batch_at.end();
        if (split[i].dim == member.dim && !is_batch) at = static_cast<int>(i);
      }
      if (at >= 0) {
        place(at);
        continue;
      }
      if (extents.of(member.dim) == kUnknown) {
        fail(Code::shape, operation,
             "the extent of the new dim '{0}' is not known; write {0}=4, say, or "
             "give it as extent",
             member.dim.text());
      }
      recipe.order.push_back(-1);
      elements.push_back({member.dim, extents.of(member.dim)});
    }
    if (axis.kind == Axis::Kind::group) extents.fit(axis, extents.of_whole(axis));
    output.push_back({axis.name, product_of(axis, extents)});
    recipe.group_sizes.push_back(static_cast<int>(axis.members.size()));
  }
  for (size_t i = 0; i < split.size(); ++i) {
    const int at = static_cast<int>(i);
    if (is_used[i] ||
        std::find(recipe.dropped.begin(), recipe.dropped.end(), at) != recipe.dropped.end()) {
      continue;
    }
    (pattern.kind == PatternKind::reduce ? recipe.reduced : recipe.dropped).push_back(at);
  }
  recipe.split = shape_of(split, pattern, operation);
  recipe.elements = shape_of(elements, pattern, operation);
  recipe.output = shape_of(output, pattern, operation);
  if (!is_named) recipe.output = Shape::unnamed(recipe.output.extents());
  return recipe;
}

Signature to_signature(const Pattern& pattern,
                       std::string_view operation,
                       const ExtentList& given) {
  ExtentTable extents(pattern, operation, given);
  // A whole tells a member that is missing, and that may tell another whole: the second round
  // carries what the right side taught to the left.
  for (int round = 0; round < 2; ++round) {
    for (const auto* side : {&pattern.left, &pattern.right}) {
      for (const Axis& axis : *side) {
        if (axis.members.empty()) continue;
        const bool is_group = axis.kind == Axis::Kind::group;
        extents.fit(axis, is_group ? extents.of_whole(axis) : extents.of(axis.name));
      }
    }
  }
  int variables = 0;
  const auto read = [&](const std::vector<Axis>& axes, bool is_left) {
    Side side;
    for (const Axis& axis : axes) {
      Term term;
      if (axis.kind == Axis::Kind::ellipsis) {
        term.kind = Term::Kind::ellipsis;
      } else if (axis.kind == Axis::Kind::one && is_left) {
        term = {Term::Kind::variable, {}, ++variables, 1};
      } else {
        term.dim = axis.name;
        term.extent = axis.kind == Axis::Kind::one ? 1 : product_of(axis, extents);
        if (term.extent == kUnknown && axis.kind == Axis::Kind::group) {
          term.extent = extents.of_whole(axis);
        }
      }
      side.push_back(term);
    }
    return side;
  };
  Side left = read(pattern.left, true);
  Side right = read(pattern.right, false);
  // A name that is a plain dim on one side and a group on the other is two dims.
  for (Term& out : right) {
    if (out.kind != Term::Kind::dim) continue;
    const auto axis_of = [&](const std::vector<Axis>& axes) {
      return std::find_if(axes.begin(), axes.end(),
                          [&](const Axis& axis) { return axis.name == out.dim; });
    };
    const auto in = axis_of(pattern.left);
    const auto made = axis_of(pattern.right);
    if (in != pattern.left.end() && in->members != made->members) ++out.dim.primes;
  }
  return Signature(std::move(left), std::move(right));
}

}  // namespace lunops
