// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/dense.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/device/native.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

DenseCore::DenseCore(
    WeightPtr weight, Side terms, Signature signature, std::string name, Normal normal)
    : Core(std::move(signature), std::move(name)),
      weight_(std::move(weight)),
      terms_(std::move(terms)),
      normal_(normal) {}

std::string DenseCore::details() const {
  const char* normal = normal_ == Normal::automatic ? ""
                       : normal_ == Normal::fused   ? ", normal=fused"
                                                    : ", normal=pair";
  return fmt::format("weight {}{}", bytes_text(*weight_), normal);
}

bool DenseCore::same(const Core& other) const {
  const auto& o = static_cast<const DenseCore&>(other);
  return terms_ == o.terms_ && normal_ == o.normal_ && weight_->same(*o.weight_);
}

// Every dim may be cut: those of the weight with it, the others are kept and broadcast.
Tile DenseCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(std::make_shared<DenseCore>(cut_weight(weight_, terms_, signature(), part), terms_,
                                             cut_signature(signature(), part.input, part.output),
                                             name(), normal_),
                 part);
}

std::shared_ptr<const Core> DenseCore::shown_as(const Signature& form) const {
  return std::make_shared<DenseCore>(weight_, shown_terms(terms_, signature(), form), form, name(),
                                     normal_);
}

namespace {

Side minus(const Side& a, const Side& b) {
  Side left;
  for (const Term& t : a) {
    if (t.kind != Term::Kind::ellipsis && find_term(b, t) < 0) left.push_back(t);
  }
  return left;
}

}  // namespace

Side DenseCore::in_only() const { return minus(signature().input(), signature().output()); }
Side DenseCore::out_only() const { return minus(signature().output(), signature().input()); }

void DenseCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  // The sides of the forward signature, exchanged and not normalised: the weight's terms are its.
  const Side& in = transposes(mode) ? signature().output() : signature().input();
  const Side& out = transposes(mode) ? signature().input() : signature().output();
  const Places from = places(in, signature().is_open(), x.shape.ndim());
  const Places to = places(out, signature().is_open(), y.shape.ndim());
  const Side in_terms = terms_of(in);

  std::vector<int64_t> extents = y.shape.extents();
  std::vector<int64_t> y_strides = y.strides;
  std::vector<int64_t> x_strides(extents.size(), 0);
  Side dims = terms_at(out, to, y.shape.ndim());
  for (int j = 0; j < to.batch_count; ++j) {
    x_strides[static_cast<size_t>(to.batch_first + j)] =
        x.strides[static_cast<size_t>(from.batch_first + j)];
  }
  int reduced = 0;
  for (size_t i = 0; i < in_terms.size(); ++i) {
    const auto at = static_cast<size_t>(from.term[i]);
    const int kept = find_term(dims, in_terms[i]);
    if (kept >= 0) {
      x_strides[static_cast<size_t>(kept)] = x.strides[at];
      continue;
    }
    dims.push_back(in_terms[i]);
    extents.push_back(x.shape.extents()[at]);
    x_strides.push_back(x.strides[at]);
    y_strides.push_back(0);
    ++reduced;
  }
  const Ref w = b.weight(weight_, weight_->meets(x.dtype), extents, dims, terms_);
  const bool conjugate = conjugates(mode) && weight_->is_complex();
  if (reduced == 0) {
    b.add(multiply_step(w, conjugate, make_ref(x, extents, x_strides),
                        make_ref(y, extents, y_strides), s));
  } else {
    const Ref from = make_ref(x, extents, x_strides), to = make_ref(y, extents, y_strides);
    const SumOrder order = b.options().sum_order();
    if (!b.is_dry() && order == SumOrder::fastest) {
      prepare_contraction(w.view, from.view, reduced, to.view, *b.context().stream);
    }
    b.add(contract_step(w, conjugate, from, reduced, to, s, order));
  }
}

const DenseCore* as_dense(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const DenseCore*>(node.core.get());
}

std::optional<FusedDense> fuse_dense(const Node& a, const Node* middle, SumOrder order) {
  const DenseCore* dense = as_dense(a);
  if (dense == nullptr) return std::nullopt;
  const bool is_transposed = transposes(a.mode);
  const Side& in = is_transposed ? dense->signature().output() : dense->signature().input();
  const Side& out = is_transposed ? dense->signature().input() : dense->signature().output();
  const Side summed_in = minus(in, out);
  Side summed_out = minus(out, in);
  const WeightPtr& w = dense->weight();
  const Side& terms = dense->terms();
  // Variables are numbered by where they stand, and they would stand elsewhere.
  for (const Side* side : {&in, &out}) {
    for (const Term& t : *side) {
      if (t.kind == Term::Kind::variable) return std::nullopt;
    }
  }
  const bool conj_a = !conjugates(a.mode), conj_b = conjugates(a.mode);

  // A copy of an in-only term for the output: more primes than anything else has.
  const auto primed = [](Term t) {
    t.dim.primes = static_cast<uint8_t>(t.dim.primes + 8);
    return t;
  };
  Side left_terms = terms;
  for (Term& t : left_terms) {
    if (find_term(summed_in, t) >= 0) t = primed(t);
  }
  Side kept;  // dims of the weight that the operator keeps
  for (const Term& t : terms) {
    if (find_term(in, t) >= 0 && find_term(out, t) >= 0) kept.push_back(t);
  }

  WeightPtr right = w;
  Side right_terms = terms;
  bool right_conj = conj_b;
  bool is_real = summed_in.empty();
  if (middle != nullptr) {
    const DiagonalCore* m = as_diagonal(*middle);
    if (m == nullptr) return std::nullopt;
    for (const Term& t : m->terms()) {
      if (find_term(terms, t) < 0 || find_term(out, t) < 0) return std::nullopt;
    }
    right =
        weight_product(m->weight(), m->terms(), conjugates(middle->mode), w, terms, conj_b, terms);
    right_conj = false;
    is_real = is_real && !m->weight()->is_complex();
  }
  Side result = kept;
  for (const Term& t : summed_in) result.push_back(primed(t));
  for (const Term& t : summed_in) result.push_back(t);

  FusedDense fused;
  const auto extent = [&](const Term& t) {
    const int at = find_term(terms, t);
    return at < 0 ? int64_t{1} : w->extents()[static_cast<size_t>(at)];
  };
  for (const Term& t : summed_in) fused.n *= static_cast<double>(extent(t));
  for (const Term& t : summed_out) fused.m *= static_cast<double>(extent(t));
  const WeightPtr g = weight_contract(w, left_terms, conj_a, right, right_terms, right_conj, result,
                                      summed_out, is_real, order);
  fused.elements = static_cast<size_t>(g->count());

  if (summed_in.empty()) {
    fused.node = {std::make_shared<DiagonalCore>(
                      g, kept, Signature(in, in, dense->signature().is_open()), ""),
                  Mode::forward, nullptr};
    return fused;
  }
  // Normal form: the output copy of an in-only dim has one prime, the input none.
  const auto input_form = [&](Term t) {
    t.dim.primes = 0;
    return t;
  };
  Side new_in, new_out, new_terms;
  for (const Term& t : in) {
    const bool is_summed = find_term(summed_in, t) >= 0;
    new_in.push_back(input_form(t));
    Term o = input_form(t);
    if (is_summed) o.dim.primes = 1;
    new_out.push_back(o);
  }
  for (const Term& t : kept) new_terms.push_back(input_form(t));
  for (const Term& t : summed_in) {
    Term o = input_form(t);
    o.dim.primes = 1;
    new_terms.push_back(o);
  }
  for (const Term& t : summed_in) new_terms.push_back(input_form(t));
  fused.node = {std::make_shared<DenseCore>(
                    g, new_terms, Signature(new_in, new_out, dense->signature().is_open()), ""),
                Mode::forward, nullptr};
  return fused;
}

namespace {

std::string side_text(const Side& side) {
  std::string text;
  for (const Term& t : side) {
    if (!text.empty()) text += ' ';
    text += t.kind == Term::Kind::dim ? t.dim.text() : text_of_base(t);
  }
  return text;
}

// The weight's dims by the weight part of the string, in the memory order of a named weight.
Side order_terms(const Tensor& w, const Side& written, std::string_view text) {
  if (static_cast<size_t>(w.ndim()) != written.size()) {
    fail(Code::shape, "Dense", "the weight {} has rank {} but its string \"{}\" has {} dims",
         w.shape().braced(), w.ndim(), text, written.size());
  }
  if (!w.shape().is_named() || w.ndim() == 0) return written;
  Side ordered;
  for (const Dim& dim : w.shape().dims()) {
    int at = -1, matches = 0;
    for (size_t i = 0; i < written.size(); ++i) {
      if (written[i].kind != Term::Kind::dim) continue;
      if (written[i].dim == dim) {
        at = static_cast<int>(i);
        matches = 1;
        break;
      }
      if (written[i].dim.name == dim.name) {
        at = static_cast<int>(i);
        ++matches;
      }
    }
    if (at < 0 && written[ordered.size()].kind == Term::Kind::variable) {
      at = static_cast<int>(ordered.size());
      matches = 1;
    }
    if (matches != 1 || find_term(ordered, written[static_cast<size_t>(at)]) >= 0) {
      fail(Code::shape, "Dense",
           "the weight is named {} but its string \"{}\" says {}; rename the weight or drop the "
           "part before the comma",
           w.shape().braced(), text, braced(written, false));
    }
    ordered.push_back(written[static_cast<size_t>(at)]);
  }
  return ordered;
}

DenseCore::Normal normal_named(const std::string& name) {
  if (name == "auto") return DenseCore::Normal::automatic;
  if (name == "fused") return DenseCore::Normal::fused;
  if (name == "pair") return DenseCore::Normal::pair;
  const std::vector<std::string> known{"auto", "fused", "pair"};
  fail(Code::argument, "Dense", "normal is '{}'; it is auto, fused or pair{}", name,
       did_you_mean(name, known));
}

}  // namespace

Linop Dense(const Tensor& weight,
            std::optional<std::string_view> text,
            const LinopOptions& options) {
  return Dense(weight, text, DenseOptions{options, "auto"});
}

Linop Dense(const Tensor& weight,
            std::optional<std::string_view> text,
            const DenseOptions& options) {
  const DenseCore::Normal normal = normal_named(options.normal);
  const std::string owner =
      options.name.empty() ? "Dense" : fmt::format("Dense '{}'", options.name);
  if (!is_floating(weight.dtype())) {
    fail(Code::dtype, "Dense",
         "the weight is {}; weights are f32, f64, c64 or c128, so use w:as \"f32\"",
         name_of(weight.dtype()));
  }
  const bool is_named = weight.shape().is_named() && weight.ndim() > 0;
  Side terms;
  std::optional<Signature> given;
  if (text) {
    const WeightText parsed = parse_weight("Dense", *text);
    given = parsed.signature.is_one_sided ? Signature(parsed.signature.side, parsed.signature.side)
                                          : parsed.signature.signature;
    if (parsed.weight_terms) {
      terms = order_terms(weight, *parsed.weight_terms, *text);
    } else if (!is_named && weight.ndim() > 0) {
      fail(Code::shape, "Dense",
           "the weight {} has no names and \"{}\" has no weight part; write its dims before a "
           "comma, as in \"m n, n -> m\"",
           weight.shape().braced(), *text);
    } else {
      for (const Dim& dim : weight.shape().dims()) terms.push_back({Term::Kind::dim, dim, 0});
    }
  } else {
    if (weight.ndim() < 2) {
      fail(Code::shape, "Dense",
           "the weight {} has rank {}; without a string it needs an output and an input dim",
           weight.shape().braced(), weight.ndim());
    }
    if (is_named) {
      for (const Dim& dim : weight.shape().dims()) terms.push_back({Term::Kind::dim, dim, 0});
      Side in(terms.begin(), terms.end() - 2), out = in;
      out.push_back(terms[terms.size() - 2]);
      in.push_back(terms.back());
      // A square weight of one name, "n' n", is in normal form; "n n'" maps n' to n.
      if (out.back().dim.name == in.back().dim.name) {
        out.back().dim.primes = terms[terms.size() - 2].dim.primes = 1;
        in.back().dim.primes = terms.back().dim.primes = 0;
      }
      given = Signature(in, out);
    } else {
      std::string kept, all;
      for (int i = 1; i <= weight.ndim(); ++i) {
        if (i + 1 < weight.ndim()) kept += fmt::format("({}) ", i);
        all += fmt::format("({}) ", i);
      }
      const WeightText parsed = parse_weight(
          "Dense",
          fmt::format("{}, {}({}) -> {}({})", all, kept, weight.ndim(), kept, weight.ndim() - 1));
      given = parsed.signature.signature;
      terms = *parsed.weight_terms;
    }
  }

  const Signature& sig = *given;
  const std::string shown = text ? std::string(*text) : sig.text();
  DimExtents extents;
  for (size_t i = 0; i < terms.size(); ++i) {
    Term& t = terms[i];
    t.extent = kUnknown;
    if (find_term(sig.input(), t) < 0 && find_term(sig.output(), t) < 0) {
      fail(Code::shape, "Dense",
           "'{}' is in the weight {} but in neither input nor output of \"{}\"; sum it beforehand "
           "or name it in the signature",
           side_text({t}), weight.shape().braced(), shown);
    }
  }
  for (const Side* side : {&sig.input(), &sig.output()}) {
    const bool is_input = side == &sig.input();
    const Side& other = is_input ? sig.output() : sig.input();
    for (const Term& t : *side) {
      if (t.kind == Term::Kind::ellipsis || find_term(terms, t) >= 0 || find_term(other, t) >= 0) {
        continue;
      }
      fail(Code::shape, "Dense",
           "'{}' is on the {} of \"{}\" but neither in the weight {} nor on the {}{}",
           side_text({t}), is_input ? "input" : "output", shown, weight.shape().braced(),
           is_input ? "output" : "input",
           is_input ? "; sum it with SumReduce" : "; make it with Repeat");
    }
  }
  const auto with_weight_extents = [&](const Side& side) {
    Side made = side;
    for (Term& t : made) {
      const int at = t.kind == Term::Kind::ellipsis ? -1 : find_term(terms, t);
      if (at < 0) continue;
      const int64_t extent = weight.shape().extent(at);
      if (t.extent != kUnknown && t.extent != extent) {
        fail(Code::shape, "Dense", "extent of '{}' is {} in \"{}\" but {} in the weight {}",
             side_text({t}), t.extent, shown, extent, weight.shape().braced());
      }
      t.extent = extent;
    }
    return made;
  };
  const Signature full(with_weight_extents(sig.input()), with_weight_extents(sig.output()),
                       sig.is_open());
  return Linop(std::make_shared<DenseCore>(std::make_shared<Weight>(weight, owner), terms,
                                           with_options("Dense", full, options), options.name,
                                           normal));
}

}  // namespace lunops
