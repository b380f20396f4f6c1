// SPDX-License-Identifier: MIT
#include "runtime/linop/nufft/nufft_joined.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lunops {

bool NufftCore::joins(const NufftCore& other) const {
  const auto asked = [](const NufftCore& f) {
    NufftChoices c = f.choices_;
    c.whole.reset();
    return c;
  };
  const auto same_side = [](const Side& a, const Side& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Term& p, const Term& q) {
      return p.kind == Term::Kind::dim && same_term(p, q) && p.extent == q.extent;
    });
  };
  const auto is_plain = [](const NufftCore& f) {
    const Side out = f.signature().output();
    return f.parts_.empty() && f.signature().is_open() && !f.roles_.samples.empty() &&
           std::all_of(out.begin(), out.end(),
                       [](const Term& t) { return t.kind == Term::Kind::dim; });
  };
  return is_plain(*this) && is_plain(other) &&
         same_side(signature().input(), other.signature().input()) &&
         same_side(roles_.image, other.roles_.image) &&
         same_side(roles_.frames, other.roles_.frames) && asked(*this) == asked(other) &&
         trajectory_->device() == other.trajectory_->device();
}

std::shared_ptr<const NufftCore> NufftCore::joined(
    const std::vector<std::shared_ptr<const NufftCore>>& parts) {
  const NufftCore& first = *parts.front();
  const Side in = first.signature().input();
  int64_t points = 0;
  std::optional<NufftSpec::Whole> whole = first.choices_.whole;
  for (const auto& part : parts) {
    points += part->points_;
    if (part->choices_.whole != whole) whole.reset();
  }
  Side to;
  for (const Term& t : first.signature().output()) {
    if (find_term(first.roles_.samples, t) < 0) to.push_back(t);
  }
  Term sample = first.roles_.samples.back();
  sample.extent = points;
  to.push_back(sample);
  Side terms = first.roles_.frames;
  terms.push_back(sample);
  terms.push_back({Term::Kind::ellipsis, {}, 0, kUnknown});
  NufftChoices choices = first.choices_;
  choices.whole = whole;
  auto made =
      std::make_shared<NufftCore>(nullptr, std::move(terms), nullptr, std::vector<int64_t>{},
                                  std::move(choices), Signature(in, to), first.name());
  made->parts_ = parts;

  // Kernels over the same points are found again, in this plan and in later ones.
  std::vector<std::weak_ptr<Made>> of_parts;
  for (const auto& part : parts) of_parts.push_back(part->made_);
  const auto is_same = [](const std::weak_ptr<Made>& a, const std::weak_ptr<Made>& b) {
    return !a.owner_before(b) && !b.owner_before(a);
  };
  Made& m = *first.made_;
  const std::lock_guard lock(m.mutex);
  std::erase_if(m.joined, [](const auto& known) {
    return std::any_of(known.first.begin(), known.first.end(),
                       [](const auto& part) { return part.expired(); });
  });
  for (const auto& [known, of_all] : m.joined) {
    if (!std::equal(known.begin(), known.end(), of_parts.begin(), of_parts.end(), is_same)) {
      continue;
    }
    made->made_ = of_all;
    return made;
  }
  m.joined.emplace_back(std::move(of_parts), made->made_);
  return made;
}

namespace {

bool has_missing(const NormalTerm& t) { return !t.nufft->counts().empty(); }

// The weights of all terms over {batch, frames, points of one term after another}.
struct JoinedWeights {
  struct Part {
    c128 scale;
    SampleDims dims;
    std::shared_ptr<const DiagonalCore> middle;
    bool is_conjugate;
  };
  std::vector<Part> parts;
  Side batch;
  int64_t kernels = 1, frames = 1, points = 0;
  bool is_complex = false;
  std::vector<int64_t> extents = {};  // of the result, dim by dim

  Tensor operator()(DType dtype, Context& context) const {
    const DType inside = is_complex ? DType::c128 : DType::f64;
    Context host = on_device(Device::host(), context);
    const Tensor out = Tensor::empty(Shape::unnamed(extents), inside, host);
    int64_t first = 0;
    for (const Part& t : parts) {
      const int64_t count = t.dims.points;
      const bool has_batch =
          !batch.empty() && t.middle != nullptr && find_term(t.middle->terms(), batch.front()) >= 0;
      const MiddleWeights w = middle_weights(t.dims, t.middle.get(), t.is_conjugate,
                                             has_batch ? batch : Side{}, context);
      for (int64_t row = 0; row < kernels * frames; ++row) {
        const int64_t from = (has_batch ? row : row % frames) * count;
        for (int64_t i = 0; i < count; ++i) {
          const auto at = static_cast<size_t>(from + i);
          const c128 value = t.scale * c128(w.real[at], w.imag.empty() ? 0.0 : w.imag[at]);
          const int64_t to = row * points + first + i;
          if (is_complex) {
            out.data_as<c128>()[to] = value;
          } else {
            out.data_as<double>()[to] = value.real();
          }
        }
      }
      first += count;
    }
    return out.as(dtype, host).to(context.device, context);
  }
};

}  // namespace

std::shared_ptr<const NufftNormalCore> joined_normal(const std::vector<NormalTerm>& terms) {
  std::vector<std::shared_ptr<const NufftCore>> parts;
  for (const NormalTerm& t : terms) {
    if (!t.nufft->joins(*terms.front().nufft)) return nullptr;
    parts.push_back(t.nufft);
  }
  const auto nufft = NufftCore::joined(parts);

  JoinedWeights weights;
  weights.frames = nufft->frames();
  weights.points = nufft->points_per_frame();
  bool is_plain = true;
  Weights sources;
  std::string key = "joined";
  for (const NormalTerm& t : terms) {
    is_plain = is_plain && t.middle == nullptr && t.scale == 1.0 && !has_missing(t);
    weights.is_complex = weights.is_complex || t.scale.imag() != 0.0;
    weights.parts.push_back({t.scale, SampleDims(*t.nufft), t.middle, t.is_conjugate});
    key += fmt::format(" / {} {} {} {}", t.scale.real(), t.scale.imag(),
                       t.nufft->points_per_frame(), t.is_conjugate);
    for (const int64_t live : t.nufft->counts()) key += fmt::format(" {}", live);
    if (t.middle == nullptr) continue;
    weights.is_complex = weights.is_complex || t.middle->weight()->is_complex();
    sources.push_back(t.middle->weight());
    Side own = t.nufft->frame_terms();
    own.insert(own.end(), t.nufft->sample_terms().begin(), t.nufft->sample_terms().end());
    key += " :";
    for (size_t i = 0; i < t.middle->terms().size(); ++i) {
      Term term = t.middle->terms()[i];
      key += fmt::format(" {}", find_term(own, term));
      if (find_term(own, term) >= 0) continue;
      term.extent = t.middle->weight()->extents()[i];
      const bool is_new = weights.batch.empty();
      if (is_new) weights.batch.push_back(term);
      const Term& known = weights.batch.front();
      if (known.kind != Term::Kind::dim || !same_term(known, term) || known.extent != term.extent) {
        return nullptr;
      }
    }
  }
  std::shared_ptr<const DiagonalCore> middle;
  if (!is_plain) {
    Side of_weight = weights.batch;
    if (!weights.batch.empty()) weights.kernels = weights.batch.front().extent;
    const Side out = terms_of(nufft->signature().output());
    for (const Side* side : {&nufft->frame_terms(), &nufft->sample_terms()}) {
      of_weight.insert(of_weight.end(), side->begin(), side->end());
    }
    for (Term& t : of_weight) {
      weights.extents.push_back(t.extent);
      t.extent = kUnknown;
    }
    Side shown = out;
    for (const Term& t : weights.batch) {
      if (find_term(shown, t) < 0) shown.insert(shown.begin(), t);
    }
    auto recipe = [weights](DType dtype, Context& context) { return weights(dtype, context); };
    const auto w = std::make_shared<Weight>(weights.extents, weights.is_complex, std::move(sources),
                                            std::move(recipe), key);
    middle = std::make_shared<DiagonalCore>(w, of_weight, Signature(shown, shown), "");
  }
  return std::make_shared<NufftNormalCore>(nufft, std::move(middle), false, std::nullopt,
                                           normal(Composition{nufft->signature(), {}}));
}

}  // namespace lunops
