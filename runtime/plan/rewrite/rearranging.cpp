// SPDX-License-Identifier: MIT
// Neighbouring Rearranges as one: R10.
#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "runtime/linop/moving/rearrange.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// A member that both factors can be made of, by number.
using Atoms = std::vector<int>;

const RearrangeCore* as_rearrange(const Node& node) {
  return node.form == nullptr ? dynamic_cast<const RearrangeCore*>(node.core.get()) : nullptr;
}

// Takes the dims between two Rearranges apart so far that each member of either is a list of atoms.
class Refinement {
 public:
  // A dim that has these members on both sides; false where one does not divide the other.
  bool refine(const RearrangeCore::Members& right, const RearrangeCore::Members& left) {
    size_t r = right.size(), l = left.size();
    int64_t rest_r = 1, rest_l = 1;  // of the members that are being taken apart, from the inside
    while (true) {
      while (r > 0 && rest_r == 1) rest_r = begin(of_right_, right[--r]);
      while (l > 0 && rest_l == 1) rest_l = begin(of_left_, left[--l]);
      if (rest_r == 1 && rest_l == 1) return true;
      const int64_t n = std::min(rest_r, rest_l);
      if (n == 0 || rest_r % n != 0 || rest_l % n != 0 || n == 1) return false;
      const int atom = add(n);
      of_right_[right[r].first].insert(of_right_[right[r].first].begin(), atom);
      of_left_[left[l].first].insert(of_left_[left[l].first].begin(), atom);
      rest_r /= n;
      rest_l /= n;
    }
  }
  // A member that one side alone has.
  void keep_right(const std::pair<Dim, int64_t>& m) { of_right_[m.first] = {add(m.second)}; }
  void keep_left(const std::pair<Dim, int64_t>& m) { of_left_[m.first] = {add(m.second)}; }

  Atoms right(const RearrangeCore::Members& dim) const { return atoms(of_right_, dim); }
  Atoms left(const RearrangeCore::Members& dim) const { return atoms(of_left_, dim); }
  const std::vector<int64_t>& extents() const noexcept { return extents_; }

 private:
  using Table = std::map<Dim, Atoms>;
  int add(int64_t extent) {
    extents_.push_back(extent);
    return static_cast<int>(extents_.size()) - 1;
  }
  static int64_t begin(Table& table, const std::pair<Dim, int64_t>& member) {
    table[member.first] = {};
    return member.second;
  }
  static Atoms atoms(const Table& table, const RearrangeCore::Members& dim) {
    Atoms all;
    for (const auto& [name, extent] : dim) {
      const Atoms& own = table.at(name);
      all.insert(all.end(), own.begin(), own.end());
    }
    return all;
  }

  Table of_right_, of_left_;
  std::vector<int64_t> extents_;
};

// One side of a pattern whose dims are these atoms.
std::vector<PatternAxis> axes(const Side& side,
                              const std::vector<Atoms>& dims,
                              const std::vector<PatternAxis::Member>& members) {
  std::vector<PatternAxis> made;
  for (size_t i = 0; i < side.size(); ++i) {
    PatternAxis axis;
    axis.name = side[i].dim;
    for (const int atom : dims[i]) axis.members.push_back(members[static_cast<size_t>(atom)]);
    const bool is_dim = axis.members.size() == 1 && axis.members.front().dim == axis.name;
    axis.kind = dims[i].empty() ? PatternAxis::Kind::one
                : is_dim        ? PatternAxis::Kind::dim
                                : PatternAxis::Kind::group;
    axis.is_labelled = axis.kind == PatternAxis::Kind::group;
    made.push_back(std::move(axis));
  }
  return made;
}

// Names for atoms: that of the dim of the input that is nothing else, or a new one.
std::vector<PatternAxis::Member> named(const std::vector<int64_t>& extents,
                                       const Joined& j,
                                       const std::vector<Atoms>& in) {
  std::vector<PatternAxis::Member> made(extents.size());
  int number = 0;
  for (size_t a = 0; a < extents.size(); ++a) {
    made[a].extent = extents[a];
    for (size_t i = 0; i < in.size(); ++i) {
      if (in[i] == Atoms{static_cast<int>(a)}) made[a].dim = j.in[i].dim;
    }
    const auto is_taken = [&](Name name) {
      const auto has = [&](const Side& side) {
        return std::any_of(side.begin(), side.end(),
                           [&](const Term& t) { return t.dim.name == name; });
      };
      return has(j.in) || has(j.out);
    };
    while (made[a].dim.name.empty()) {
      const Name name = Name::intern(fmt::format("part{}", ++number));
      if (!is_taken(name)) made[a].dim.name = name;
    }
  }
  return made;
}

}  // namespace

std::optional<Node> merged_rearranges(const Product& p, size_t i, const Builder& b) {
  const RearrangeCore *l = as_rearrange(p.factors[i]), *r = as_rearrange(p.factors[i + 1]);
  if (l == nullptr || r == nullptr) return std::nullopt;
  const Mode left_mode = p.factors[i].mode, right_mode = p.factors[i + 1].mode;
  const auto j = join(p.factors[i], p.factors[i + 1]);
  const auto x = b.shape_into(p, i + 1), middle = b.shape_into(p, i);
  if (!j || !x || !middle) return std::nullopt;
  const Shape y = output_of(p.factors[i], *middle);
  if (!y.is_known() || x->count() == 0) return std::nullopt;
  const auto right = r->members(right_mode, *x, *middle), left = l->members(left_mode, *middle, y);

  // compose() matched the last dims; further ones of either are batch dims of the other.
  Refinement atoms;
  const size_t both = std::min(right.out.size(), left.in.size());
  const size_t more_right = right.out.size() - both, more_left = left.in.size() - both;
  for (size_t k = 0; k < both; ++k) {
    if (!atoms.refine(right.out[more_right + k], left.in[more_left + k])) return std::nullopt;
  }
  for (size_t k = 0; k < more_right; ++k) {
    for (const auto& m : right.out[k]) atoms.keep_right(m);
  }
  for (size_t k = 0; k < more_left; ++k) {
    for (const auto& m : left.in[k]) atoms.keep_left(m);
  }
  std::vector<Atoms> in, out;
  for (size_t k = 0; k < more_left; ++k) in.push_back(atoms.left(left.in[k]));
  for (const auto& dim : right.in) in.push_back(atoms.right(dim));
  for (size_t k = 0; k < more_right; ++k) out.push_back(atoms.right(right.out[k]));
  for (const auto& dim : left.out) out.push_back(atoms.left(dim));

  const bool is_identity = in == out && std::equal(j->in.begin(), j->in.end(), j->out.begin(),
                                                   j->out.end(), [](const Term& a, const Term& c) {
                                                     return a.dim.name == c.dim.name;
                                                   });
  if (is_identity) return Node{};
  const size_t batch = static_cast<size_t>(x->ndim()) - std::min<size_t>(j->in.size(), x->ndim());
  if (atoms.extents().size() + batch > static_cast<size_t>(kMaxDims)) return std::nullopt;
  const auto members = named(atoms.extents(), *j, in);
  Pattern pattern;
  pattern.left = axes(j->in, in, members);
  pattern.right = axes(j->out, out, members);
  return Node{std::make_shared<RearrangeCore>(std::move(pattern), ExtentList{},
                                              Signature(j->in, j->out), ""),
              Mode::forward, nullptr};
}

}  // namespace lunops
