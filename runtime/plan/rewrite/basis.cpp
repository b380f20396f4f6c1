// SPDX-License-Identifier: MIT
// R15: normals of a NUFFT in which K images are coupled, by a basis over its frames or by an
// operator over its samples that mixes a kept dim, such as the segments of off-resonance.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/bytes.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/nufft/nufft_matrix.hpp"
#include "runtime/linop/nufft/nufft_normal.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

namespace {

// A candidate: factors first … first + count - 1 as one core.
struct Candidate {
  size_t first = 0, count = 0;
  std::shared_ptr<const NufftMatrixCore> core;
  std::string coupling;  // what couples, for explain
};

Term base_of(Term t) {
  t.dim.primes = 0;
  return t;
}

bool has_name(const Side& side, const Term& t) {
  return std::any_of(side.begin(), side.end(),
                     [&](const Term& s) { return s.dim.name == t.dim.name; });
}

bool has_only_dims(const Side& side) {
  return std::all_of(side.begin(), side.end(),
                     [](const Term& t) { return t.kind == Term::Kind::dim; });
}

// The weight with its terms by base names, but for the dim that is summed over, which G has twice.
MatrixMiddle middle_of(const DenseCore& dense, Mode mode, const Term& input, Dim shown) {
  MatrixMiddle m;
  m.weight = dense.weight();
  m.is_conjugate = conjugates(mode);
  for (const Term& t : dense.terms()) {
    Term base = base_of(t);
    if (same_term(t, input)) {
      base.dim = shown;
      m.input = base;
    }
    m.terms.push_back(base);
  }
  return m;
}

// The sides of Q: those of `in`, the dims that Q mixes primed on the output.
Signature coupled_signature(const Side& in, const Side& mixed) {
  Side input, output;
  for (const Term& t : in) {
    input.push_back(base_of(t));
    output.push_back(base_of(t));
    if (has_name(mixed, t)) output.back().dim.primes = 1;
  }
  return Signature(input, output);
}

// Bᴴ N B with N a NUFFT normal and B over its frames, or over a batch dim that weights know.
std::optional<Candidate> basis_at(const Product& p, size_t i) {
  const auto& f = p.factors;
  if (i + 2 >= f.size()) return std::nullopt;
  const NufftNormalCore* n = as_nufft_normal(f[i + 1]);
  const DenseCore* dense = as_dense(f[i + 2]);
  if (n == nullptr || dense == nullptr || f[i + 1].mode != Mode::forward) return std::nullopt;
  if (transposes(f[i + 2].mode) || !same_node(f[i], with_mode(f[i + 2], Mode::adjoint))) {
    return std::nullopt;
  }
  const auto joint = junction(f[i + 1], f[i + 2]);
  const Side inputs = dense->in_only(), outputs = dense->out_only();
  if (!joint || inputs.size() != 1 || outputs.size() != 1 || dense->terms().size() != 2) {
    return std::nullopt;
  }
  // The coefficient stands where the frame does.
  const Side in = dense->signature().input(), out = dense->signature().output();
  const int at = find_term(in, inputs.front());
  if (in.size() != out.size() || find_term(out, outputs.front()) != at) return std::nullopt;
  for (size_t k = 0; k < in.size(); ++k) {
    const bool is_same = static_cast<int>(k) == at || same_term(in[k], out[k]);
    if (!is_same) return std::nullopt;
  }

  const NufftCore& nufft = *n->nufft();
  const Term frame = base_of(outputs.front());
  const Side frames = nufft.frame_terms();
  const bool is_frame = frames.size() == 1 && has_name(frames, frame);
  const bool is_batch = frames.empty() && !has_name(nufft.image_terms(), frame);
  if (!is_frame && !is_batch) return std::nullopt;
  const Side batch = n->batch_terms();
  if (!batch.empty() && !(is_batch && batch.size() == 1 && has_name(batch, frame))) {
    return std::nullopt;
  }
  std::optional<AttachedMaps> maps = n->maps();
  if (maps && (has_name(maps->terms, frame) || has_name(maps->terms, inputs.front()) ||
               (maps->sum && maps->sum->dim.name == frame.dim.name))) {
    return std::nullopt;
  }

  const Dim coefficient = base_of(inputs.front()).dim;
  if (coefficient.name == frame.dim.name) return std::nullopt;
  MatrixMiddle middle = middle_of(*dense, f[i + 2].mode, inputs.front(), coefficient);
  middle.frame = frame;
  middle.diagonal = n->middle();
  middle.is_diagonal_conjugate = n->is_middle_conjugate();

  Side side = joint->in;
  if (joint->out.size() > side.size()) {
    side = Side(joint->out.begin(), joint->out.end() - static_cast<ptrdiff_t>(joint->both));
    side.insert(side.end(), joint->in.begin(), joint->in.end());
  }
  for (Term& t : side) {
    if (t.dim.name == frame.dim.name) t = inputs.front();
  }
  Side mixed = nufft.image_terms();
  mixed.push_back(inputs.front());
  Candidate c{i, 3, nullptr, dense->label()};
  c.core = std::make_shared<NufftMatrixCore>(n->nufft(), std::move(middle), std::move(maps),
                                             coupled_signature(side, mixed));
  return c;
}

// Fᴴ Dᴴ M D F, D summing over a kept dim of F at each sample, or Fᴴ G F, G mixing one.
std::optional<Candidate> samples_at(const Product& p, size_t i) {
  const auto& f = p.factors;
  const NufftCore* nufft = as_nufft(f[i]);
  if (nufft == nullptr || f[i].mode != Mode::adjoint || !nufft->frame_terms().empty()) {
    return std::nullopt;
  }
  for (size_t length = 3; length <= 5 && i + length <= f.size(); ++length) {
    const Node& last = f[i + length - 1];
    if (as_nufft(last) == nullptr || !same_node(f[i], with_mode(last, Mode::adjoint))) continue;
    const Node& right = f[i + length - 2];
    const DenseCore* dense = as_dense(right);
    const auto joint = junction(right, last);
    if (dense == nullptr || !joint) return std::nullopt;
    const bool is_pair = length > 3;
    if (is_pair && !same_node(f[i + 1], with_mode(right, Mode::adjoint))) return std::nullopt;
    const DiagonalCore* m = length == 5 ? as_diagonal(f[i + 2]) : nullptr;
    if (length == 5 && m == nullptr) return std::nullopt;

    const bool is_transposed = transposes(right.mode);
    const Side inputs = is_transposed ? dense->out_only() : dense->in_only();
    const Side outputs = is_transposed ? dense->in_only() : dense->out_only();
    if (inputs.size() != 1 || outputs.size() != (is_pair ? 0u : 1u)) return std::nullopt;
    const Term coupled = inputs.front();
    const Side image = nufft->image_terms(), samples = nufft->sample_terms();
    const auto is_known = [&](const Term& t) {
      return same_term(t, coupled) || (!is_pair && same_term(t, outputs.front())) ||
             has_name(samples, t);
    };
    const bool fits = std::all_of(dense->terms().begin(), dense->terms().end(), is_known) &&
                      has_only_dims(image) && !has_name(image, coupled) &&
                      !has_name(samples, coupled) &&
                      (is_pair || outputs.front().dim.name == coupled.dim.name);
    if (!fits) return std::nullopt;
    if (m != nullptr && !std::all_of(m->terms().begin(), m->terms().end(),
                                     [&](const Term& t) { return has_name(samples, t); })) {
      return std::nullopt;
    }
    // Positions of the coupled dim on both sides of G must agree, as Fᴴ reads its input.
    if (!is_pair &&
        find_term(dense->signature().input(), is_transposed ? outputs.front() : coupled) !=
            find_term(dense->signature().output(), is_transposed ? coupled : outputs.front())) {
      return std::nullopt;
    }

    MatrixMiddle middle = middle_of(*dense, right.mode, coupled, {coupled.dim.name, 1});
    middle.is_pair = is_pair;
    if (!is_pair) middle.output = base_of(outputs.front());
    if (m != nullptr) {
      middle.diagonal = std::static_pointer_cast<const DiagonalCore>(f[i + 2].core);
      middle.is_diagonal_conjugate = conjugates(f[i + 2].mode);
    }
    const Side in = signature_of(last).input();
    Side side(joint->in.begin(),
              joint->in.end() - static_cast<ptrdiff_t>(std::min(joint->both, joint->in.size())));
    side.insert(side.end(), in.begin(), in.end());
    Side mixed = image;
    mixed.push_back(coupled);
    Candidate c{i, length, nullptr, dense->label()};
    c.core = std::make_shared<NufftMatrixCore>(std::static_pointer_cast<const NufftCore>(last.core),
                                               std::move(middle), std::nullopt,
                                               coupled_signature(side, mixed));
    return c;
  }
  return std::nullopt;
}

// Takes the candidate if its kernels pay, and says why or why not.
bool accept(Product& p, const Candidate& c, Builder& b) {
  const auto x = b.shape_into(p, c.first + c.count - 1);
  if (!x || x->count() == 0) return false;
  const NufftCore& nufft = *c.core->nufft();
  const bool deterministic = b.options().deterministic;
  const auto e = c.core->estimate(b.context(), *x, b.input_dtype(), deterministic);
  const double runs = b.applications();
  const Toeplitz wanted =
      b.options().toeplitz != Toeplitz::automatic ? b.options().toeplitz : nufft.choices().toeplitz;
  const auto budget = static_cast<double>(b.context().account->figures().budget);
  const bool fits = deterministic || static_cast<double>(e.kernel_bytes) <= 0.5 * budget;
  bool is_toeplitz =
      fits && runs * e.gridding_seconds > runs * e.toeplitz_seconds + e.build_seconds;
  std::string why = fmt::format(
      "{:.0f} applications of {:.2g} s against {:.2g} s, {:.2g} s to build {} kernels "
      "of {}{}",
      runs, e.toeplitz_seconds, e.gridding_seconds, e.build_seconds, e.kernels,
      bytes_text(static_cast<double>(e.kernel_bytes) / static_cast<double>(e.kernels)),
      fits ? "" : ", more than half of the memory budget");
  if (wanted != Toeplitz::automatic) {
    is_toeplitz = wanted == Toeplitz::always;
    why = fmt::format("toeplitz = {} was given; {}", is_toeplitz, why);
  }
  ExplainedChoice choice;
  choice.node = fmt::format("{} normal with {}", nufft.label(), c.coupling);
  choice.chosen = is_toeplitz ? "Toeplitz matrix" : "gridding";
  choice.why = why;
  choice.estimates = {{"Toeplitz matrix", e.toeplitz_seconds},
                      {"gridding", e.gridding_seconds},
                      {"build", e.build_seconds}};
  b.chose(std::move(choice));
  if (!is_toeplitz) return false;
  const int64_t k = c.core->middle().k();
  b.rewrote("R15", fmt::format("{} normal with {} -> {} x {} Toeplitz ({} kernels, {})",
                               nufft.label(), c.coupling, k, k, e.kernels,
                               bytes_text(static_cast<double>(e.kernel_bytes))));
  replace(p, c.first, c.count, Node{c.core, Mode::forward, nullptr});
  return true;
}

}  // namespace

bool fold_matrix_normal(Product& p, Builder& b) {
  if (b.options().toeplitz == Toeplitz::never) return false;
  for (size_t i = 0; i < p.factors.size(); ++i) {
    for (const auto& c : {basis_at(p, i), samples_at(p, i)}) {
      if (c && accept(p, *c, b)) return true;
    }
  }
  return false;
}

}  // namespace lunops
