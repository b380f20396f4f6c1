// SPDX-License-Identifier: MIT
// Rules on Dense operators: R9, R17.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/bytes.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

bool fits_share_of_budget(Builder& b, double elements, bool is_complex) {
  const double bytes = elements * (is_complex ? 8.0 : 4.0) * (is_double(b.input_dtype()) ? 2 : 1);
  return bytes <= 0.1 * static_cast<double>(b.context().account->figures().budget);
}

namespace {

// What was asked of the plan, else of the operator.
DenseCore::Normal wanted_normal(const DenseCore& dense, const PlanOptions& options) {
  switch (options.dense) {
    case PlanOptions::Dense::automatic:
      return dense.normal();
    case PlanOptions::Dense::pair:
      return DenseCore::Normal::pair;
    case PlanOptions::Dense::fused:
      return DenseCore::Normal::fused;
  }
  return dense.normal();
}

}  // namespace

bool fuse_dense_normal(Product& p, Builder& b) {
  using Normal = DenseCore::Normal;
  const auto found = find_sandwich(p.factors, [&](const Node& n) {
    return as_dense(n) != nullptr && wanted_normal(*as_dense(n), b.options()) != Normal::pair;
  });
  if (!found) return false;
  const Node& a = p.factors[found->begin + found->length - 1];
  const Normal wanted = wanted_normal(*as_dense(a), b.options());
  auto fused = fuse_dense(a, found->middle, b.options().sum_order());
  if (!fused) return false;
  // operators.md, rule of Dense: building costs n m products per kept index, each application of
  // the pair 2 m of the fused form n.
  const double r = b.applications();
  const double n = fused->n, m = fused->m;
  const bool fits = n <= m || b.options().deterministic ||
                    fits_share_of_budget(b, static_cast<double>(fused->elements),
                                         fused->node.core->field() == Field::complex);
  const bool pays = r * (2 * m - n) > n * m && fits;
  const bool is_fused = wanted == Normal::fused || pays;
  ExplainedChoice choice;
  choice.node = fmt::format("{} normal", a.core->label());
  choice.chosen = is_fused ? "fused" : "pair";
  choice.why = fmt::format(
      "{:.0f} x (2 x {:.0f} - {:.0f}) products are saved per kept index, {:.0f} build the weight{}",
      r, m, n, n * m, fits ? "" : ", which is over 10 % of the memory budget");
  if (wanted == Normal::fused) choice.why = "normal = fused was given; " + choice.why;
  b.chose(std::move(choice));
  if (!is_fused) return false;
  b.rewrote("R17",
            fmt::format("{} normal -> {} with weight {}", a.core->label(), fused->node.core->kind(),
                        bytes_text(static_cast<double>(fused->elements) * 8)));
  replace(p, found->begin, found->length, std::move(fused->node));
  return true;
}

namespace {

// Dims of a weight as terms that stand for the numbers of a Joined.
Side numbered(const Side& terms,
              const Side& in,
              const Side& out,
              const std::vector<int>& in_dims,
              const std::vector<int>& out_dims) {
  Side made;
  for (const Term& t : terms) {
    const int at = find_term(in, t);
    const int dim = at >= 0 ? in_dims[static_cast<size_t>(at)]
                            : out_dims[static_cast<size_t>(find_term(out, t))];
    Term n;
    n.dim.name = Name::intern(fmt::format("#{}", dim));
    made.push_back(n);
  }
  return made;
}

Term numbered(int dim) {
  Term n;
  n.dim.name = Name::intern(fmt::format("#{}", dim));
  return n;
}

// left * right as one node, with what it costs against the two.
struct MergedDense {
  Node node;
  double saved = 0;     // products per application
  double build = 0;     // products
  double elements = 0;  // of the weight
  double more = 0;      // than the two had
};

std::optional<MergedDense> merged_dense(const Node& left, const Node& right) {
  const auto j = join(left, right);
  if (!j) return std::nullopt;
  const DenseCore &l = *as_dense(left), &r = *as_dense(right);
  const Side of_left =
      numbered(l.terms(), own_input(left), own_output(left), j->left_in, j->left_out);
  const Side of_right =
      numbered(r.terms(), own_input(right), own_output(right), j->right_in, j->right_out);
  std::vector<double> extents(static_cast<size_t>(j->count), 1);  // 1: in neither weight
  std::vector<bool> is_known(extents.size(), false);
  for (int d = 0; d < j->count; ++d) {
    for (const auto& [side, w] : {std::pair{&of_left, &l}, std::pair{&of_right, &r}}) {
      const int at = find_term(*side, numbered(d));
      if (at < 0) continue;
      extents[static_cast<size_t>(d)] =
          static_cast<double>(w->weight()->extents()[static_cast<size_t>(at)]);
      is_known[static_cast<size_t>(d)] = true;
    }
  }
  const auto products = [&](std::initializer_list<const std::vector<int>*> lists) {
    std::vector<bool> seen(extents.size(), false);
    double n = 1;
    for (const auto* list : lists) {
      for (const int d : *list) {
        if (!seen[static_cast<size_t>(d)]) n *= extents[static_cast<size_t>(d)];
        seen[static_cast<size_t>(d)] = true;
      }
    }
    return n;
  };
  Side terms, summed, own_terms;
  for (int d = 0; d < j->count; ++d) {
    if (!is_known[static_cast<size_t>(d)]) continue;
    const auto in = std::find(j->in_dims.begin(), j->in_dims.end(), d);
    const auto out = std::find(j->out_dims.begin(), j->out_dims.end(), d);
    if (in == j->in_dims.end() && out == j->out_dims.end()) {
      summed.push_back(numbered(d));
      continue;
    }
    terms.push_back(numbered(d));
    own_terms.push_back(in != j->in_dims.end()
                            ? j->in[static_cast<size_t>(in - j->in_dims.begin())]
                            : j->out[static_cast<size_t>(out - j->out_dims.begin())]);
    own_terms.back().extent = kUnknown;
  }
  MergedDense made;
  made.build = products({&j->in_dims, &j->out_dims, &j->left_in});
  made.saved = products({&j->right_in, &j->right_out}) + products({&j->left_in, &j->left_out}) -
               products({&j->in_dims, &j->out_dims});
  const WeightPtr w =
      weight_contract(l.weight(), of_left, conjugates(left.mode), r.weight(), of_right,
                      conjugates(right.mode), terms, summed, false, SumOrder::fastest);
  made.elements = static_cast<double>(w->count());
  made.more = made.elements - static_cast<double>(l.weight()->count() + r.weight()->count());
  const Signature sides(j->in, j->out);
  if (j->in_dims == j->out_dims) {
    made.node = {std::make_shared<DiagonalCore>(w, own_terms, sides, ""), Mode::forward, nullptr};
  } else {
    made.node = {std::make_shared<DenseCore>(w, own_terms, sides, ""), Mode::forward, nullptr};
  }
  return made;
}

}  // namespace

bool merge_dense(Product& p, Builder& b) {
  // Whether it pays depends on extents that tiles cut.
  if (b.options().deterministic) return false;
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    const Node &left = p.factors[i], &right = p.factors[i + 1];
    if (as_dense(left) == nullptr || as_dense(right) == nullptr) continue;
    // Aᴴ A is R17's; where that does not pay, neither does this.
    if (same_node(left, with_mode(right, Mode::adjoint))) continue;
    // (A B)ᴴ = Bᴴ Aᴴ is made as A B, so that both sides of a normal stay each other's adjoint.
    const bool is_adjoint = transposes(left.mode) && transposes(right.mode);
    auto made = is_adjoint
                    ? merged_dense(with_mode(right, Mode::adjoint), with_mode(left, Mode::adjoint))
                    : merged_dense(left, right);
    // Elements of the weight are read where products are computed: more of them cost as much.
    if (!made || b.applications() * (made->saved - std::max(made->more, 0.0)) <= made->build)
      continue;
    const bool fits =
        made->more <= 0 ||
        fits_share_of_budget(b, made->elements, made->node.core->field() == Field::complex);
    if (!fits) continue;
    b.rewrote("R9", fmt::format("{} * {} -> one {} with weight {}", left.core->label(),
                                right.core->label(), made->node.core->kind(),
                                bytes_text(made->elements * 8)));
    if (is_adjoint) made->node = with_mode(made->node, Mode::adjoint);
    replace(p, i, 2, std::move(made->node));
    return true;
  }
  return false;
}

}  // namespace lunops
