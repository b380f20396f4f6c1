// SPDX-License-Identifier: MIT
#include "runtime/linop/weight.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/linop/bytes.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

Weight::Weight(Tensor tensor, std::string owner)
    : extents_(tensor.shape().extents()),
      is_complex_(lunops::is_complex(tensor.dtype())),
      tensor_(std::move(tensor)),
      version_(tensor_.storage()->version()),
      owner_(std::move(owner)) {}

Weight::Weight(std::vector<int64_t> extents,
               bool is_complex,
               Weights sources,
               Recipe recipe,
               std::string key,
               PullBack pull_back,
               std::optional<Device> device)
    : extents_(std::move(extents)),
      is_complex_(is_complex),
      sources_(std::move(sources)),
      recipe_(std::move(recipe)),
      key_(std::move(key)),
      pull_back_(std::move(pull_back)),
      device_(device) {}

int64_t Weight::count() const noexcept {
  int64_t n = 1;
  for (const int64_t e : extents_) n *= e;
  return n;
}

std::optional<DType> Weight::dtype() const {
  if (is_given()) return is_complex_ ? std::optional(tensor_.dtype()) : std::nullopt;
  for (const WeightPtr& w : sources_) {
    if (const auto t = w->dtype()) return t;
  }
  return std::nullopt;
}

Device Weight::device() const {
  if (is_given()) return tensor_.device();
  if (device_) return *device_;
  return sources_.empty() ? Device::host() : sources_.front()->device();
}

DType Weight::meets(DType data) const noexcept {
  return is_complex_ ? complex_of(data) : real_of(data);
}

Tensor Weight::as(DType dtype, Context& context, bool keep) const {
  if (is_given() && tensor_.dtype() == dtype) return tensor_;
  std::lock_guard lock(mutex_);
  for (const Tensor& t : made_) {
    if (t.dtype() == dtype) return t;
  }
  is_making_ = true;
  Tensor made;
  try {
    made = is_given() ? tensor_.as(dtype, context) : recipe_(dtype, context);
  } catch (...) {
    is_making_ = false;
    throw;
  }
  is_making_ = false;
  if (keep) made_.push_back(made);
  return made;
}

void Weight::drop_unused() const noexcept {
  if (is_making_) return;  // perhaps this thread, whose lock must not be tried again
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  std::erase_if(made_, [](const Tensor& t) { return t.storage().use_count() == 1; });
}

void Weight::check() const {
  if (is_given()) {
    if (tensor_.storage()->version() != version_) {
      fail(Code::argument, "apply",
           "weight of {} was written after construction; build a new operator", owner_);
    }
    return;
  }
  for (const WeightPtr& w : sources_) w->check();
}

bool Weight::same(const Weight& other) const noexcept {
  if (this == &other) return true;
  if (!is_given() && !other.is_given()) {
    return !key_.empty() && key_ == other.key_ && extents_ == other.extents_ &&
           std::equal(sources_.begin(), sources_.end(), other.sources_.begin(),
                      other.sources_.end(),
                      [](const WeightPtr& a, const WeightPtr& b) { return a->same(*b); });
  }
  return is_given() && other.is_given() && tensor_.storage() == other.tensor_.storage() &&
         tensor_.offset() == other.tensor_.offset() && tensor_.dtype() == other.tensor_.dtype() &&
         extents_ == other.extents_ && tensor_.strides() == other.tensor_.strides() &&
         version_ == other.version_;
}

WeightPtr weight_on(const WeightPtr& weight, Device device, Context& context) {
  if (weight->device() == device) return weight;
  weight->check();
  if (weight->is_given()) {
    return std::make_shared<Weight>(weight->tensor().to(device, context), weight->owner());
  }
  auto recipe = [weight, device](DType dtype, Context& there) {
    Context here = on_device(weight->device(), there);
    const DType own = weight->is_complex() ? complex_of(dtype) : real_of(dtype);
    return weight->as(own, here, false).as(dtype, here).to(device, there);
  };
  return std::make_shared<Weight>(weight->extents(), weight->is_complex(), Weights{weight},
                                  std::move(recipe), fmt::format("on {}", device.text()),
                                  Weight::PullBack{}, device);
}

std::vector<int64_t> strides_for(const Side& dims, const Side& weight, const Tensor& values) {
  return strides_for(dims, weight, values.strides());
}

std::vector<int64_t> strides_for(const Side& dims,
                                 const Side& weight,
                                 const std::vector<int64_t>& strides) {
  std::vector<int64_t> made;
  for (const Term& t : dims) {
    const bool is_batch = t.kind == Term::Kind::dim && t.dim.name.empty();
    const int at = is_batch ? -1 : find_term(weight, t);
    made.push_back(at < 0 ? 0 : strides[static_cast<size_t>(at)]);
  }
  return made;
}

namespace {

std::vector<int64_t> extents_of(const Side& terms,
                                std::initializer_list<std::pair<const Weight*, const Side*>> from) {
  std::vector<int64_t> extents;
  for (const Term& t : terms) {
    int64_t extent = 1;
    for (const auto& [weight, side] : from) {
      if (weight == nullptr) continue;
      const int at = find_term(*side, t);
      if (at >= 0) extent = weight->extents()[static_cast<size_t>(at)];
    }
    extents.push_back(extent);
  }
  return extents;
}

RawView view_of(const Tensor& values,
                const std::vector<int64_t>& extents,
                const std::vector<int64_t>& strides) {
  RawView v;
  v.data = values.data();
  v.dtype = values.dtype();
  v.ndim = static_cast<int>(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    v.extent[i] = extents[i];
    v.stride[i] = strides[i];
  }
  return v;
}

// A weight in the precision of `dtype`, real if it is real.
Tensor operand(const Weight& w, DType dtype, Context& context) {
  return w.as(w.is_complex() ? complex_of(dtype) : real_of(dtype), context, false);
}

std::string key_of(const Side& terms) {
  std::string key = "(";
  for (const Term& t : terms) {
    key += fmt::format("{}.{}.{}.{} ", static_cast<int>(t.kind), t.dim.name.text(), t.dim.primes,
                       t.variable);
  }
  return key + ")";
}

}  // namespace

WeightPtr weight_product(const WeightPtr& a,
                         const Side& a_terms,
                         bool conjugate_a,
                         const WeightPtr& b,
                         const Side& b_terms,
                         bool conjugate_b,
                         const Side& terms) {
  const std::vector<int64_t> extents =
      extents_of(terms, {{a.get(), &a_terms}, {b.get(), &b_terms}});
  auto recipe = [=](DType dtype, Context& context) {
    const Tensor out = Tensor::empty(Shape::unnamed(extents), dtype, context);
    const Tensor u = operand(*a, dtype, context), v = operand(*b, dtype, context);
    Stream& stream = *context.stream;
    const RawView y = out.view();
    context.backend().copy(view_of(u, extents, strides_for(terms, a_terms, u)),
                           conjugate_a && a->is_complex(), y, stream);
    context.backend().multiply(view_of(v, extents, strides_for(terms, b_terms, v)), y,
                               conjugate_b && b->is_complex(), Scale{}, y, stream);
    return out;
  };
  // Re<g, h b> = Re<g conj(b), h>, and Re<g, conj(h) b> = Re<conj(g) b, h>.
  auto pull_back = [=](const Tensor& g, Context& context) {
    const auto one = [&](const Weight& other, const Side& other_terms, bool conjugate_other,
                         const Weight& own, const Side& own_terms, bool conjugate_own) {
      Side all = own_terms;
      for (const Term& t : terms) {
        if (find_term(own_terms, t) < 0) all.push_back(t);
      }
      const std::vector<int64_t> wide = extents_of(all, {{a.get(), &a_terms}, {b.get(), &b_terms}});
      const Tensor out = Tensor::empty(Shape::unnamed(own.extents()), g.dtype(), context);
      const Tensor values = operand(other, g.dtype(), context);
      std::vector<int64_t> y_strides = out.strides();
      y_strides.resize(wide.size(), 0);
      context.backend().contract(view_of(g, wide, strides_for(all, terms, g)),
                                 conjugate_own && is_complex(g.dtype()),
                                 view_of(values, wide, strides_for(all, other_terms, values)),
                                 conjugate_other == conjugate_own && other.is_complex(),
                                 static_cast<int>(all.size() - own_terms.size()), Scale{},
                                 view_of(out, wide, y_strides), SumOrder::fastest, *context.stream);
      return out;
    };
    return std::vector<Tensor>{one(*b, b_terms, conjugate_b, *a, a_terms, conjugate_a),
                               one(*a, a_terms, conjugate_a, *b, b_terms, conjugate_b)};
  };
  return std::make_shared<Weight>(
      extents, a->is_complex() || b->is_complex(), Weights{a, b}, std::move(recipe),
      fmt::format("product {} {} {} {} {}", key_of(a_terms), conjugate_a, key_of(b_terms),
                  conjugate_b, key_of(terms)),
      std::move(pull_back));
}

WeightPtr weight_square(const WeightPtr& a) {
  auto recipe = [a](DType dtype, Context& context) {
    const Tensor values = operand(*a, dtype, context);
    const Tensor out = Tensor::empty(Shape::unnamed(a->extents()), real_of(dtype), context);
    context.backend().unary(Unary::square_abs, values.view(), out.view(), *context.stream);
    return out.dtype() == dtype ? out : out.as(dtype, context);
  };
  // |a + h|^2 = |a|^2 + 2 Re(conj(a) h) + ..., so the gradient is 2 a Re(g).
  auto pull_back = [a](const Tensor& g, Context& context) {
    const Tensor values = operand(*a, g.dtype(), context);
    const Tensor real = lunops::is_complex(g.dtype()) ? g.real_part().clone(context) : g;
    const Tensor out = Tensor::empty(Shape::unnamed(a->extents()), values.dtype(), context);
    context.backend().multiply(real.view(), values.view(), false, Scale{2.0, 0.0}, out.view(),
                               *context.stream);
    return std::vector<Tensor>{out};
  };
  return std::make_shared<Weight>(a->extents(), false, Weights{a}, std::move(recipe), "square",
                                  std::move(pull_back));
}

WeightPtr weight_sum(const std::vector<WeightTerm>& summands, const Side& terms) {
  std::vector<int64_t> extents(terms.size(), 1);
  bool is_complex = false;
  Weights sources;
  for (const WeightTerm& s : summands) {
    is_complex = is_complex || s.scale.imag() != 0.0;
    if (s.weight == nullptr) continue;
    is_complex = is_complex || s.weight->is_complex();
    sources.push_back(s.weight);
    for (size_t i = 0; i < terms.size(); ++i) {
      const int at = find_term(s.terms, terms[i]);
      if (at >= 0) extents[i] = s.weight->extents()[static_cast<size_t>(at)];
    }
  }
  auto recipe = [=](DType dtype, Context& context) {
    c128 constant = 0.0;
    for (const WeightTerm& s : summands) {
      if (s.weight == nullptr) constant += s.scale;
    }
    const Tensor out = Tensor::empty(Shape::unnamed(extents), dtype, context);
    const RawView y = out.view();
    Stream& stream = *context.stream;
    context.backend().fill(constant, y, stream);
    for (const WeightTerm& s : summands) {
      if (s.weight == nullptr) continue;
      const Tensor v = s.weight->as(dtype, context, false);
      context.backend().axpby(view_of(v, extents, strides_for(terms, s.terms, v)),
                              s.conjugate && s.weight->is_complex(), {s.scale, 1.0}, y, stream);
    }
    return out;
  };
  return std::make_shared<Weight>(extents, is_complex, std::move(sources), std::move(recipe));
}

WeightPtr weight_contract(const WeightPtr& a,
                          const Side& a_terms,
                          bool conjugate_a,
                          const WeightPtr& b,
                          const Side& b_terms,
                          bool conjugate_b,
                          const Side& terms,
                          const Side& summed,
                          bool take_real,
                          SumOrder order) {
  Side all = terms;
  all.insert(all.end(), summed.begin(), summed.end());
  const std::vector<int64_t> wide = extents_of(all, {{a.get(), &a_terms}, {b.get(), &b_terms}});
  const std::vector<int64_t> extents(wide.begin(),
                                     wide.begin() + static_cast<ptrdiff_t>(terms.size()));
  const bool is_complex = a->is_complex() || b->is_complex();
  auto recipe = [=](DType dtype, Context& context) {
    const DType work = is_complex ? complex_of(dtype) : real_of(dtype);
    const Tensor out = Tensor::empty(Shape::unnamed(extents), work, context);
    const Tensor u = a->as(work, context, false), v = b->as(work, context, false);
    std::vector<int64_t> y_strides = out.strides();
    y_strides.resize(wide.size(), 0);
    context.backend().contract(view_of(u, wide, strides_for(all, a_terms, u)),
                               conjugate_a && is_complex,
                               view_of(v, wide, strides_for(all, b_terms, v)),
                               conjugate_b && is_complex, static_cast<int>(summed.size()), Scale{},
                               view_of(out, wide, y_strides), order, *context.stream);
    if (take_real && is_complex) {
      const Tensor real = out.real_part().clone(context);
      return real.dtype() == dtype ? real : real.as(dtype, context);
    }
    return work == dtype ? out : out.as(dtype, context);
  };
  return std::make_shared<Weight>(
      extents, is_complex && !take_real, Weights{a, b}, std::move(recipe),
      fmt::format("contract {} {} {} {} {} {} {} {}", key_of(a_terms), conjugate_a, key_of(b_terms),
                  conjugate_b, key_of(terms), key_of(summed), take_real, order == SumOrder::fixed));
}

std::string bytes_text(double bytes) {
  if (bytes < 1024) return fmt::format("{:.0f} bytes", bytes);
  const char* unit = "KiB";
  double value = bytes / 1024;
  for (const char* next : {"MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

std::string bytes_text(const Weight& w) {
  const size_t size = w.is_given() ? size_of(w.tensor().dtype()) : (w.is_complex() ? 8 : 4);
  return bytes_text(static_cast<double>(w.count()) * static_cast<double>(size));
}

}  // namespace lunops
