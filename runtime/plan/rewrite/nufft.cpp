// SPDX-License-Identifier: MIT
// Rules on NUFFTs: R14, and weights fused into their kernels.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/nufft/nufft_normal.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

template <class T>
std::shared_ptr<const T> shared(const Node& node) {
  return std::static_pointer_cast<const T>(node.core);
}

std::string dims_text(const Side& terms) {
  std::string text;
  for (const Term& t : terms)
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", text_of_base(t));
  return text;
}

bool is_forced(const NufftCore& f) { return f.choices().toeplitz == Toeplitz::always; }

// An F, or a conjugate of one, that can stand on the right of a normal.
const NufftCore* right_of_normal(const Node& node) {
  return transposes(node.mode) ? nullptr : as_nufft(node);
}

[[noreturn]] void refuse_weights(const NufftCore& f, const std::string& labels, const Side& batch) {
  fail(Code::argument, f.label(),
       "toeplitz = true needs weights over samples and at most one batch dim, but {} depends on "
       "{}; use toeplitz = \"auto\"",
       labels, dims_text(batch));
}

// FᴴMF at position i, M being factor i + 1 if `length` is 3; or its conjugate, as .T and conj give.
bool fold_at(Product& p, size_t i, size_t length) {
  const Node last = p.factors[i + length - 1];
  const NufftCore* f = right_of_normal(last);
  if (f == nullptr || !same_node(p.factors[i], with_mode(last, Mode::adjoint))) return false;
  std::shared_ptr<const DiagonalCore> middle;
  bool conjugate = false;
  if (length == 3) {
    const Node& m = p.factors[i + 1];
    if (as_diagonal(m) == nullptr) return false;
    middle = shared<DiagonalCore>(m);
    conjugate = conjugates(m.mode) != conjugates(last.mode);
  }
  const auto core =
      std::make_shared<NufftNormalCore>(shared<NufftCore>(last), middle, conjugate, std::nullopt,
                                        normal(Composition{f->signature(), {}}));
  const Side batch = core->batch_terms();
  const bool has_variable = std::any_of(batch.begin(), batch.end(),
                                        [](const Term& t) { return t.kind != Term::Kind::dim; });
  if (batch.size() > 1 || has_variable) {
    if (is_forced(*f)) refuse_weights(*f, label_of(p.factors[i + 1]), batch);
    return false;
  }
  replace(p, i, length, Node{core, last.mode, nullptr});
  return true;
}

// toeplitz = true was given for an F whose normal has no such form: says what stands in the way.
void require_foldable(const Product& p) {
  for (size_t last = 1; last < p.factors.size(); ++last) {
    const NufftCore* f = right_of_normal(p.factors[last]);
    if (f == nullptr || !is_forced(*f)) continue;
    const Node adjoint = with_mode(p.factors[last], Mode::adjoint);
    size_t first = last;
    while (first > 0 && !same_node(p.factors[first - 1], adjoint)) --first;
    if (first == 0) continue;
    std::string labels;
    Side batch;
    for (size_t i = first; i < last; ++i) {
      const Node& m = p.factors[i];
      labels += fmt::format("{}{}", labels.empty() ? "" : " * ", label_of(m));
      if (const DiagonalCore* d = as_diagonal(m)) {
        for (const Term& t : d->terms()) {
          const bool is_own = find_term(f->sample_terms(), t) >= 0 ||
                              find_term(f->frame_terms(), t) >= 0 || find_term(batch, t) >= 0;
          if (!is_own) batch.push_back(t);
        }
        continue;
      }
      const Signature sig = signature_of(m);
      Side mixed;
      for (const auto& [from, other] :
           {std::pair{sig.output(), sig.input()}, std::pair{sig.input(), sig.output()}}) {
        for (const Term& t : terms_of(from)) {
          const bool is_named = std::any_of(mixed.begin(), mixed.end(), [&](const Term& known) {
            return text_of_base(known) == text_of_base(t);
          });
          if (find_term(other, t) < 0 && !is_named) mixed.push_back(t);
        }
      }
      fail(Code::argument, f->label(),
           "toeplitz = true needs an inner operator that is pointwise on the samples, but {} {}; "
           "use toeplitz = \"auto\"",
           label_of(m),
           mixed.empty() ? "is no Diagonal" : fmt::format("mixes {}", dims_text(mixed)));
    }
    refuse_weights(*f, labels, batch);
  }
}

// The weight of a factor as maps of F, where kernels can take it.
std::optional<AttachedMaps> maps_of(const Node& node, const NufftCore& f) {
  AttachedMaps maps;
  if (const DenseCore* dense = as_dense(node)) {
    if (node.mode != Mode::forward || !dense->in_only().empty() || dense->out_only().size() != 1) {
      return std::nullopt;
    }
    maps = {dense->weight(), dense->terms(), dense->signature(), dense->out_only().front()};
  } else if (const DiagonalCore* diagonal = as_diagonal(node)) {
    if (node.mode != Mode::forward) return std::nullopt;
    maps = {diagonal->weight(), diagonal->terms(), diagonal->signature(), std::nullopt};
  } else {
    return std::nullopt;
  }
  // Names decide which dims of the weight are image dims of F; frames have no place in the maps.
  const auto is_among = [](const Side& side, const Term& t) {
    return std::any_of(side.begin(), side.end(),
                       [&](const Term& s) { return s.dim.name == t.dim.name; });
  };
  for (const Side* side : {&maps.signature.input(), &maps.signature.output(), &f.image_terms()}) {
    for (const Term& t : *side) {
      if (t.kind == Term::Kind::variable) return std::nullopt;
    }
  }
  for (const Term& t : maps.terms) {
    if (is_among(f.frame_terms(), t)) return std::nullopt;
  }
  if (maps.sum && is_among(f.image_terms(), *maps.sum)) return std::nullopt;
  return maps;
}

}  // namespace

bool fold_nufft_normal(Product& p, Builder& b) {
  if (b.options().toeplitz == Toeplitz::never) return false;
  for (size_t i = 0; i + 1 < p.factors.size(); ++i) {
    if (fold_at(p, i, 2)) return true;
    if (i + 2 < p.factors.size() && fold_at(p, i, 3)) return true;
  }
  require_foldable(p);
  return false;
}

bool attach_maps(Product& p, Builder& b) {
  auto& f = p.factors;
  for (size_t i = 0; i + 2 < f.size(); ++i) {
    const NufftNormalCore* n = as_nufft_normal(f[i + 1]);
    if (n == nullptr || n->has_maps() || f[i + 1].mode != Mode::forward) continue;
    if (!same_node(f[i], with_mode(f[i + 2], Mode::adjoint))) continue;
    auto maps = maps_of(f[i + 2], *n->nufft());
    if (!maps) continue;
    const Side batch = n->batch_terms();
    const bool is_sum =
        maps->sum && !batch.empty() && maps->sum->dim.name == batch.front().dim.name;
    if (maps->sum && !batch.empty() && !is_sum) continue;
    const Composition a = compose(Composition{n->nufft()->signature(), {}}, "NUFFT",
                                  Composition{maps->signature, {}}, "maps");
    b.rewrote("maps",
              fmt::format("{} attached to {} normal", f[i + 2].core->label(), n->nufft()->label()));
    f[i] = Node{std::make_shared<NufftNormalCore>(n->nufft(), n->middle(), n->is_middle_conjugate(),
                                                  std::move(maps), normal(a)),
                Mode::forward, nullptr};
    erase(p, i + 1, 2);
    return true;
  }
  for (size_t i = 0; i + 1 < f.size(); ++i) {
    const bool is_forward = as_nufft(f[i]) != nullptr && f[i].mode == Mode::forward;
    const bool is_adjoint = as_nufft(f[i + 1]) != nullptr && f[i + 1].mode == Mode::adjoint;
    if (is_forward == is_adjoint) continue;
    const Node& transform = is_forward ? f[i] : f[i + 1];
    const Node source = is_forward ? f[i + 1] : with_mode(f[i], Mode::adjoint);
    Node seen = source;
    seen.mode = source.core->canonical(source.mode);
    auto maps = maps_of(seen, *as_nufft(transform));
    if (!maps) continue;
    Composition a = compose(Composition{as_nufft(transform)->signature(), {}}, "NUFFT",
                            Composition{maps->signature, {}}, "maps");
    b.rewrote("maps",
              fmt::format("{} attached to {}", source.core->label(), transform.core->label()));
    f[i] = Node{std::make_shared<MappedNufftCore>(shared<NufftCore>(transform), std::move(*maps),
                                                  std::move(a)),
                is_forward ? Mode::forward : Mode::adjoint, nullptr};
    erase(p, i + 1, 1);
    return true;
  }
  return false;
}

}  // namespace lunops
