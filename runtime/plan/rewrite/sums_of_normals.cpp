// SPDX-License-Identifier: MIT
// R16: sums of normals of NUFFTs on one grid, as one normal whose kernel is the sum of theirs.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/container/add.hpp"
#include "runtime/linop/nufft/nufft_joined.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// Where Fᴴ M F, or its conjugate, stands in a product.
struct NormalPlace {
  size_t first = 0, count = 0;
};

std::optional<NormalPlace> normal_in(const Product& p) {
  for (size_t last = 1; last < p.factors.size(); ++last) {
    const Node& f = p.factors[last];
    if (as_nufft(f) == nullptr || transposes(f.mode)) continue;
    const Node adjoint = with_mode(f, Mode::adjoint);
    const bool has_middle = as_diagonal(p.factors[last - 1]) != nullptr;
    const size_t count = has_middle ? 3 : 2;
    if (last + 1 < count || !same_node(p.factors[last + 1 - count], adjoint)) continue;
    return NormalPlace{last + 1 - count, count};
  }
  return std::nullopt;
}

NormalTerm term_of(const Product& p, const NormalPlace& at) {
  const Node& f = p.factors[at.first + at.count - 1];
  NormalTerm t;
  t.scale = p.scale;
  t.nufft = std::static_pointer_cast<const NufftCore>(f.core);
  if (at.count == 3) {
    const Node& m = p.factors[at.first + 1];
    t.middle = std::static_pointer_cast<const DiagonalCore>(m.core);
    t.is_conjugate = conjugates(m.mode) != conjugates(f.mode);
  }
  return t;
}

// Whether the two products differ in their normals only.
bool same_around(const Product& a, const NormalPlace& at, const Product& b, const NormalPlace& bt) {
  const auto &f = a.factors, &g = b.factors;
  const size_t behind = at.first + at.count, others = bt.first + bt.count;
  return at.first == bt.first && f.size() - behind == g.size() - others &&
         f[behind - 1].mode == g[others - 1].mode &&
         std::equal(f.begin(), f.begin() + static_cast<ptrdiff_t>(at.first), g.begin(),
                    same_node) &&
         std::equal(f.begin() + static_cast<ptrdiff_t>(behind), f.end(),
                    g.begin() + static_cast<ptrdiff_t>(others), same_node);
}

// The shape that reaches factor i of a product applied to x; nothing where an extent stays open.
std::optional<Shape> shape_before(const Product& p, size_t i, const std::optional<Shape>& x) {
  if (!x) return std::nullopt;
  Shape at = *x;
  for (size_t k = p.factors.size(); --k > i && at.is_known();) at = output_of(p.factors[k], at);
  if (!at.is_known()) return std::nullopt;
  return at;
}

// Whether the joined normal runs as a Toeplitz kernel: pairs of transforms gain nothing from it,
// and samples of tiles would be alive all at once.
bool is_toeplitz(const NufftNormalCore& joined,
                 const std::optional<Shape>& images,
                 DType dtype,
                 Builder& b) {
  const Side batch = joined.batch_terms();
  const bool is_foldable =
      batch.size() <= 1 && std::all_of(batch.begin(), batch.end(),
                                       [](const Term& t) { return t.kind == Term::Kind::dim; });
  if (b.options().toeplitz == Toeplitz::never || !is_foldable || !images) return false;
  const NufftRoles roles = nufft_roles(*joined.nufft(), nullptr, *images);
  return !roles.is_empty_image() && joined.form(b, roles, dtype).is_toeplitz;
}

}  // namespace

bool join_normals(std::vector<Product>& terms,
                  const std::optional<Shape>& x,
                  DType dtype,
                  Builder& b) {
  if (!b.options().allows("kernels") || !b.options().allows("toeplitz")) return false;
  std::vector<std::optional<NormalPlace>> places;
  for (Product& p : terms) {
    // Weights of the data in several factors are one M.
    const bool has_normal = std::any_of(p.factors.begin(), p.factors.end(),
                                        [](const Node& f) { return as_nufft(f) != nullptr; });
    while (has_normal && b.options().allows("diagonal") && merge_diagonals(p, b)) {
    }
    places.push_back(has_barrier(p) ? std::nullopt : normal_in(p));
  }
  bool has_joined = false;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!places[i]) continue;
    const NormalPlace at = *places[i];
    std::vector<size_t> group{i};
    std::vector<NormalTerm> summands{term_of(terms[i], at)};
    bool have_one_scale = true;
    for (size_t j = i + 1; j < terms.size(); ++j) {
      if (!places[j] || !same_around(terms[i], at, terms[j], *places[j])) continue;
      NormalTerm other = term_of(terms[j], *places[j]);
      if (!other.nufft->joins(*summands.front().nufft)) continue;
      summands.push_back(std::move(other));
      have_one_scale = have_one_scale && terms[j].scale == terms[i].scale;
      group.push_back(j);
    }
    if (group.size() < 2) continue;
    // Scales become weights, right of what may be linear over the real numbers only.
    Product made = terms[i];
    const bool is_real_linear =
        std::any_of(made.factors.begin(), made.factors.begin() + static_cast<ptrdiff_t>(at.first),
                    [](const Node& f) { return f.core->is_real_linear(); });
    if (have_one_scale) {
      for (NormalTerm& t : summands) t.scale = 1.0;
    } else if (is_real_linear) {
      continue;
    } else {
      // The mode of F stands outside of the joined normal.
      made.scale = 1.0;
      if (conjugates(made.factors[at.first + at.count - 1].mode)) {
        for (NormalTerm& t : summands) t.scale = std::conj(t.scale);
      }
    }
    const size_t last = at.first + at.count - 1;
    const Mode mode = made.factors[last].mode;
    const auto core = joined_normal(summands);
    if (core == nullptr || !is_toeplitz(*core, shape_before(made, last, x), dtype, b)) continue;
    b.rewrote("R16", fmt::format("{} normals of {} -> one, kernels added", group.size(),
                                 core->nufft()->label()));
    replace(made, at.first, at.count, Node{core, mode, nullptr});
    terms[i] = std::move(made);
    for (size_t k = group.size(); --k > 0;) {
      terms.erase(terms.begin() + static_cast<ptrdiff_t>(group[k]));
      places.erase(places.begin() + static_cast<ptrdiff_t>(group[k]));
    }
    has_joined = true;
  }
  return has_joined;
}

bool join_kernels(Product& p, Builder& b) {
  for (size_t i = 0; i < p.factors.size(); ++i) {
    const Node node = p.factors[i];
    const AddCore* add = as_add(node);
    if (add == nullptr) continue;
    std::vector<Product> terms;
    collect_terms(node, terms, b);
    if (!join_normals(terms, b.shape_into(p, i), b.input_dtype(), b)) continue;
    std::vector<Node> nodes;
    for (const Product& t : terms) {
      nodes.push_back(t.factors.empty() ? Scalar(t.scale).node() : operator_of(t)->node());
    }
    replace(p, i, 1, sum_of(nodes, add->workers()));
    Product flat;
    flat.scale = p.scale;
    for (const Node& f : p.factors) {
      const Product each = flatten(f, true);
      flat.factors.insert(flat.factors.end(), each.factors.begin(), each.factors.end());
    }
    p = std::move(flat);
    return true;
  }
  return false;
}

}  // namespace lunops
