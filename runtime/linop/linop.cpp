// SPDX-License-Identifier: MIT
#include "runtime/linop/linop.hpp"

#include <cmath>
#include <mutex>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

// What the four modes of one core and form share.  Normals are kept here, and a normal's core
// refers to A's core, which knows nothing of this block.
struct Linop::Block {
  explicit Block(const Node& node)
      : forward(signature_of({node.core, Mode::forward, node.form})), backward(forward.adjoint()) {}

  const Signature forward, backward;
  std::mutex mutex;
  std::optional<Linop> normals[4];  // by mode
};

Linop::Linop(std::shared_ptr<const Core> core)
    : Linop(Node{std::move(core), Mode::forward, nullptr}) {}
Linop::Linop(Node node)
    : node_(with_mode(node, Mode::forward)), block_(std::make_shared<Block>(node)) {}
Linop::Linop(Node node, std::shared_ptr<Block> block)
    : node_(std::move(node)), block_(std::move(block)) {}

const Signature& Linop::signature() const {
  return transposes(node_.mode) ? block_->backward : block_->forward;
}

std::vector<Dim> Linop::dims() const { return signature().dims(); }

std::vector<Dim> Linop::inner() const {
  std::vector<Dim> dims;
  for (const auto& [dim, extent] : composition_of(node_).inner) dims.push_back(dim);
  return dims;
}

int64_t Linop::extent(std::string_view text) const {
  const Dim dim = Dim::parse(text);
  if (signature().has(dim)) return signature().extent(dim);
  const DimExtents inner_dims = composition_of(node_).inner;
  for (const auto& [d, extent] : inner_dims) {
    if (d == dim) return extent;
  }
  std::string list;
  std::vector<std::string> known;
  for (const Dim& d : dims()) known.push_back(d.text());
  for (const auto& [d, extent] : inner_dims) known.push_back(d.text());
  for (const std::string& name : known) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  fail(Code::shape, "extent", "no dim '{}' in {}; its dims are {}{}", dim.text(), label(), list,
       did_you_mean(dim.text(), known));
}

std::vector<Linop> Linop::children() const {
  std::vector<Linop> made;
  for (const Node& child : node_.core->children()) made.emplace_back(child);
  return made;
}

std::string Linop::kind() const { return std::string(node_.core->kind()); }
std::string Linop::label() const { return label_of(node_); }
Field Linop::field() const { return node_.core->field(); }
bool Linop::has_workers() const { return node_.core->workers() != nullptr; }

std::optional<bool> Linop::threaded() const {
  const auto workers = node_.core->workers();
  if (workers == nullptr || workers->threaded == Workers::Threaded::automatic) return std::nullopt;
  return workers->threaded == Workers::Threaded::on;
}

int Linop::num_workers() const {
  const auto workers = node_.core->workers();
  return workers == nullptr ? 0 : workers->count.load();
}

namespace {

Workers& workers_or_fail(const Linop& a, const char* what) {
  const auto workers = a.core()->workers();
  if (workers != nullptr) return *workers;
  fail(Code::argument, what,
       "{} has no children that could run side by side; Add, Concat, Stack "
       "and tiled operators have",
       a.label());
}

}  // namespace

void Linop::set_threaded(std::optional<bool> threaded) const {
  using Threaded = Workers::Threaded;
  Workers& workers = workers_or_fail(*this, "threaded");
  workers.threaded = !threaded ? Threaded::automatic : *threaded ? Threaded::on : Threaded::off;
}

void Linop::set_num_workers(int64_t count) const {
  Workers& workers = workers_or_fail(*this, "num_workers");
  if (count < 0 || count > 4096) {
    fail(Code::argument, "num_workers", "{} is not from 0, as many as pay, to 4096", count);
  }
  workers.count = static_cast<int>(count);
}

bool Linop::is_real_linear() const { return node_.core->is_real_linear(); }

namespace {

// Of the input: what comes after a factor that changes the dtype fixes nothing.
std::optional<DType> fixed_dtype(const Node& node) {
  const std::vector<Node> product = node.core->factors(node.mode);
  for (size_t i = product.size(); i-- > 0;) {
    if (const auto found = fixed_dtype(product[i])) return found;
    const bool changes = result_dtype(product[i], DType::c64) != DType::c64 ||
                         result_dtype(product[i], DType::f32) != DType::f32;
    if (changes) return std::nullopt;
  }
  for (const WeightPtr& w : node.core->weights()) {
    if (const auto found = w->dtype()) return found;
  }
  if (!product.empty()) return std::nullopt;
  for (const Node& child : node.core->children()) {
    if (const auto found = fixed_dtype(with_mode(child, node.mode))) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DType> Linop::dtype() const { return fixed_dtype(node_); }

std::optional<double> Linop::norm_bound() const { return node_.core->norm_bound(); }

namespace {

// Where the first weight lies, in the order in which data meet them.
std::optional<Device> device_of(const Node& node) {
  if (const auto places = node.core->device_places()) return places->base;
  const std::vector<Node> product = node.core->factors(node.mode);
  for (size_t i = product.size(); i-- > 0;) {
    if (const auto found = device_of(product[i])) return found;
  }
  if (!product.empty()) return std::nullopt;
  for (const WeightPtr& w : node.core->weights()) {
    if (!w->is_anywhere()) return w->device();
  }
  for (const Node& child : node.core->children()) {
    if (const auto found = device_of(with_mode(child, node.mode))) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Device> Linop::device() const { return device_of(node_); }

Tensor Linop::operator()(const Tensor& x, Context& context) const {
  if (x.device() != context.device) {
    Context here = on_device(x.device(), context);
    return (*this)(x, here);
  }
  return node_.core->plans().get(node_, x, nullptr, context)->run(x, context);
}

namespace {

// First and one past the last byte that a tensor may touch.
std::pair<const std::byte*, const std::byte*> range_of(const Tensor& t) {
  int64_t low = 0, high = 0;
  for (int i = 0; i < t.ndim(); ++i) {
    const int64_t n = t.shape().extent(i);
    if (n == 0) return {nullptr, nullptr};
    const int64_t reach = (n - 1) * t.strides()[static_cast<size_t>(i)];
    (reach < 0 ? low : high) += reach;
  }
  const auto* data = static_cast<const std::byte*>(t.data());
  const auto size = static_cast<int64_t>(size_of(t.dtype()));
  return {data + low * size, data + (high + 1) * size};
}

}  // namespace

void Linop::apply(const Tensor& x, const Tensor& y, Scale s, Context& context) const {
  if (x.device() != context.device) {
    Context here = on_device(x.device(), context);
    return apply(x, y, s, here);
  }
  const auto plan = node_.core->plans().get(node_, x, &y, context);
  if (x.storage() == y.storage()) {
    const auto [x0, x1] = range_of(x);
    const auto [y0, y1] = range_of(y);
    if (x0 < y1 && y0 < x1) {
      fail(Code::argument, "apply", "out overlaps x; give an out of its own memory, or x:clone()");
    }
  }
  if (!is_complex(plan->dtype()) && (s.alpha.imag() != 0.0 || s.beta.imag() != 0.0)) {
    const bool is_alpha = s.alpha.imag() != 0.0;
    const c128 z = is_alpha ? s.alpha : s.beta;
    fail(Code::dtype, "apply", "{} is {}{:+}i but the result is {}; give a real number",
         is_alpha ? "alpha" : "beta", z.real(), z.imag(), name_of(plan->dtype()));
  }
  y.storage()->require_writable("apply");
  y.storage()->touch();  // before: an application that fails may have written some of it
  plan->run(x, y, s, context);
  y.storage()->touch();
}

std::pair<Shape, DType> Linop::result(const Tensor& x) const {
  check_data(node_, x.dtype(), x.device());
  Shape out = bind(signature(), label(), x.shape()).output;
  const Shape known = output_of(node_, bind(signature(), label(), x.shape()).input);
  for (int i = 0; i < out.ndim(); ++i) out = out.with_extent(i, known.extent(i));
  return {out, result_dtype(node_, x.dtype())};
}

Linop Linop::H() const {
  require_adjoint(*node_.core, "adjoint");
  return Linop(with_mode(node_, Mode::adjoint), block_);
}

namespace {

// A real-linear operator is a matrix on (Re, Im) only: its modes other than the adjoint are no
// operators of the same kind.
void refuse_real_linear(const Linop& a, const char* what) {
  if (!a.is_real_linear()) return;
  fail(Code::unsupported, what, "{} is real-linear and has no {}; use its adjoint A.H", a.label(),
       what);
}

}  // namespace

Linop Linop::T() const {
  refuse_real_linear(*this, "transpose");
  require_adjoint(*node_.core, "transpose");
  return Linop(with_mode(node_, Mode::transpose), block_);
}

Linop Linop::conj() const {
  refuse_real_linear(*this, "conj");
  return Linop(with_mode(node_, Mode::conj), block_);
}

Linop Linop::N() const {
  std::lock_guard lock(block_->mutex);
  std::optional<Linop>& kept = block_->normals[static_cast<size_t>(node_.mode)];
  if (!kept) kept.emplace(make_normal(node_, nullptr));
  return *kept;
}

Linop Linop::normal(const Linop& inner) const { return Linop(make_normal(node_, &inner.node_)); }

Linop Linop::rename(const std::vector<std::pair<std::string, std::string>>& names) const {
  Signature shown = signature().rename(names);
  if (transposes(node_.mode)) shown = shown.adjoint();
  return Linop(Node{node_.core, node_.mode, std::make_shared<const Form>(Form{std::move(shown)})});
}

Linop Linop::closed() const {
  Signature shown = signature().closed();
  if (transposes(node_.mode)) shown = shown.adjoint();
  return Linop(Node{node_.core, node_.mode, std::make_shared<const Form>(Form{std::move(shown)})});
}

Linop Linop::power(double exponent) const {
  if (!std::isfinite(exponent)) {
    fail(Code::argument, "power", "exponent is {}; give a finite number",
         std::isnan(exponent) ? std::abs(exponent) : exponent);  // a NaN has no sign worth showing
  }
  if (const auto made = diagonal_power(node_, exponent)) return Linop(*made);
  if (const auto made = scalar_power(node_, exponent)) return Linop(*made);
  if (exponent < 0) {
    fail(Code::argument, "power",
         "{} ^ {}: an operator has no inverse to apply; solve instead, with lo.cg(A.N, A.H(y))",
         label(), exponent);
  }
  if (exponent != std::floor(exponent) || exponent > 64) {
    fail(Code::argument, "power", "{} ^ {}: the exponent must be an integer from 0 to 64", label(),
         exponent);
  }
  const Side in = signature().input(), out = signature().output();
  bool is_square = in.size() == out.size();
  for (size_t i = 0; is_square && i < in.size(); ++i) {
    is_square = in[i].kind == out[i].kind && in[i].dim.name == out[i].dim.name &&
                in[i].variable == out[i].variable;
  }
  if (!is_square) {
    fail(Code::shape, "power", "{} ^ {}: input {} and output {} differ; a power needs equal sides",
         label(), exponent, braced(in, false), braced(out, false));
  }
  const int n = static_cast<int>(exponent);
  if (n == 0) return Linop(identity_like(signature()));
  return Chain(std::vector<Linop>(static_cast<size_t>(n), *this));
}

bool Linop::operator==(const Linop& other) const { return same_node(node_, other.node_); }

size_t Linop::hash() const noexcept {
  return std::hash<const void*>()(node_.core.get()) * 4 + static_cast<size_t>(node_.mode);
}

double prepare(const Linop& a, const Tensor& x, Context& context, int applications) {
  if (x.device() != context.device) {
    Context here = on_device(x.device(), context);
    return prepare(a, x, here, applications);
  }
  if (a.core()->plans().has(a.node(), x, context, applications)) return 0.0;
  return a.core()->plans().get(a.node(), x, nullptr, context, applications)->seconds();
}

Linop operator*(const Linop& a, const Linop& b) { return Chain({a, b}); }
Linop operator+(const Linop& a, const Linop& b) { return Add({a, b}); }
Linop operator-(const Linop& a, const Linop& b) { return Add({a, scale(-1.0, b)}); }
Linop operator-(const Linop& a) { return scale(-1.0, a); }
Linop operator*(c128 s, const Linop& a) { return scale(s, a); }
Linop scale(c128 s, const Linop& a) { return Chain({Scalar(s), a}); }

}  // namespace lunops
