// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/kronecker.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/elementary/constructors.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

int count(const Side& side) { return static_cast<int>(terms_of(side).size()); }

Side joined(const Side& a, const Side& b) {
  Side all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

// The dims of an operand in another order.
Operand permuted(const Operand& o, const std::vector<int>& order) {
  Operand made = o;
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  made.strides.clear();
  for (const int d : order) {
    dims.push_back(o.shape.dim(d));
    extents.push_back(o.shape.extent(d));
    made.strides.push_back(o.strides[static_cast<size_t>(d)]);
  }
  made.shape = Shape(std::move(dims), std::move(extents));
  return made;
}

// {batch, first, second} with the second before the first.
std::vector<int> exchanged(int batch, int first, int second) {
  std::vector<int> order;
  for (int i = 0; i < batch; ++i) order.push_back(i);
  for (int i = 0; i < second; ++i) order.push_back(batch + first + i);
  for (int i = 0; i < first; ++i) order.push_back(batch + i);
  return order;
}

double product(const Shape& s, int first, int last) {
  double n = 1;
  for (int i = first; i < last; ++i) n *= static_cast<double>(s.extent(i));
  return n;
}

}  // namespace

KroneckerCore::KroneckerCore(Node a, Node b, Signature signature, std::string name)
    : Core(std::move(signature), std::move(name)), a_(std::move(a)), b_(std::move(b)) {}

Field KroneckerCore::field() const noexcept { return field_of({a_, b_}); }

DType KroneckerCore::result_dtype(Mode mode, DType in) const {
  return lunops::result_dtype(with_mode(a_, mode), lunops::result_dtype(with_mode(b_, mode), in));
}

bool KroneckerCore::is_self_adjoint() const noexcept {
  const auto is = [](const Node& n) { return n.form == nullptr && n.core->is_self_adjoint(); };
  return is(a_) && is(b_);
}

bool KroneckerCore::is_isometry(Mode mode) const noexcept {
  return a_.core->is_isometry(a_.mode ^ mode) && b_.core->is_isometry(b_.mode ^ mode);
}

std::optional<Node> KroneckerCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  return kronecker(make_normal(with_mode(a_, mode), nullptr),
                   make_normal(with_mode(b_, mode), nullptr), "");
}

bool KroneckerCore::same(const Core& other) const {
  const auto& o = static_cast<const KroneckerCore&>(other);
  return same_node(a_, o.a_) && same_node(b_, o.b_);
}

std::shared_ptr<const Core> KroneckerCore::rebuilt(Parts parts) const {
  return std::make_shared<KroneckerCore>(parts.children[0], parts.children[1], signature(),
                                         std::move(parts.name));
}

std::shared_ptr<const Core> KroneckerCore::shown_as(const Signature& form) const {
  auto list = shown_children({a_, b_}, signature(), form);
  if (!list) return nullptr;
  return std::make_shared<KroneckerCore>(list->front(), list->back(), form, name());
}

Tile KroneckerCore::cut(const TileRequest& request) const {
  const auto n_in = count(signature_of(a_).input()), n_out = count(signature_of(a_).output());
  TileRequest all = request;
  all.input.resize(terms_of(signature().input()).size());
  all.output.resize(terms_of(signature().output()).size());
  TileRequest of_a, of_b;
  of_a.input.assign(all.input.begin(), all.input.begin() + n_in);
  of_b.input.assign(all.input.begin() + n_in, all.input.end());
  of_a.output.assign(all.output.begin(), all.output.begin() + n_out);
  of_b.output.assign(all.output.begin() + n_out, all.output.end());
  Tile a = lunops::cut(a_, of_a), b = lunops::cut(b_, of_b);
  a.input.resize(static_cast<size_t>(n_in));
  a.output.resize(static_cast<size_t>(n_out));
  Tile tile;
  tile.input = a.input;
  tile.input.insert(tile.input.end(), b.input.begin(), b.input.end());
  tile.output = a.output;
  tile.output.insert(tile.output.end(), b.output.begin(), b.output.end());
  if (!a.op || !b.op) return tile;
  tile.op = Node{std::make_shared<KroneckerCore>(
                     *a.op, *b.op, cut_signature(signature(), tile.input, tile.output), name()),
                 Mode::forward, nullptr};
  return tile;
}

void KroneckerCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const Node a = with_mode(a_, mode), b = with_mode(b_, mode);
  const Shape middle = output_of(b, in);
  const int n_a = count(signature_of(a).input()), n_b = count(signature_of(b).output());
  const int batch = middle.ndim() - n_a - n_b;
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  for (const int d : exchanged(batch, n_a, n_b)) {
    dims.push_back(middle.dim(d));
    extents.push_back(middle.extent(d));
  }
  const Shape last = output_of(a, Shape(std::move(dims), std::move(extents)));  // {batch, d, c}
  const int n_c = last.ndim() - batch - n_b;
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) != kUnknown) continue;
    const int from = i < batch ? i : i < batch + n_c ? i + n_b : i - n_c;
    out = out.with_extent(i, last.extent(from));
  }
}

void KroneckerCore::lower(
    Builder& builder, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const Node a = with_mode(a_, mode), b = with_mode(b_, mode);
  const int a_in = count(signature_of(a).input()), a_out = count(signature_of(a).output());
  const int b_in = count(signature_of(b).input()), b_out = count(signature_of(b).output());
  const int batch = x.shape.ndim() - a_in - b_in;
  // As products of matrices, per batch element.
  const double p = product(x.shape, batch, batch + a_in);
  const double q = product(x.shape, batch + a_in, x.shape.ndim());
  const double m = product(y.shape, batch, batch + a_out);
  const double n = product(y.shape, batch + a_out, y.shape.ndim());
  // Tiles along output dims must agree on the order, so deterministic plans look at the input.
  const bool a_is_last =
      builder.options().deterministic ? p <= q : p * q * n + p * n * m <= p * q * m + m * q * n;
  // The operand's last dims are those of the operator that acts.
  const Operand x_a = permuted(x, exchanged(batch, a_in, b_in));
  const Operand y_a = permuted(y, exchanged(batch, a_out, b_out));
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  const auto add = [&](const Shape& from, int first, int last) {
    for (int i = first; i < last; ++i) {
      dims.push_back(from.dim(i));
      extents.push_back(from.extent(i));
    }
  };
  add(x.shape, 0, batch);
  if (a_is_last) {
    add(x.shape, batch, batch + a_in);
    add(y.shape, batch + a_out, y.shape.ndim());
    const DType between = lunops::result_dtype(b, x.dtype);
    const Operand middle = builder.slot(Shape(dims, extents), between);
    builder.lower(b, x, middle, StepScale{});
    builder.lower(a, permuted(middle, exchanged(batch, a_in, b_out)), y_a, s);
  } else {
    add(x.shape, batch + a_in, x.shape.ndim());
    add(y.shape, batch, batch + a_out);
    const DType between = lunops::result_dtype(a, x.dtype);
    const Operand middle = builder.slot(Shape(dims, extents), between);
    builder.lower(a, x_a, middle, StepScale{});
    builder.lower(b, permuted(middle, exchanged(batch, b_in, a_out)), y, s);
  }
}

const KroneckerCore* as_kronecker(const Node& node) noexcept {
  if (node.form != nullptr) return nullptr;
  return dynamic_cast<const KroneckerCore*>(node.core.get());
}

Node kronecker(const Node& a, const Node& b, std::string name) {
  const Signature left = signature_of(a), right = signature_of(b);
  for (const auto& [node, s] : {std::pair(&a, &left), std::pair(&b, &right)}) {
    // i moves across one factor and not across the other, so that the order would matter.
    if (node->core->is_real_linear()) {
      fail(Code::argument, "Kronecker",
           "{} is real-linear and is no factor of a product; multiply it with the product instead",
           label_of(*node));
    }
    if (!s->is_open()) {
      fail(Code::shape, "Kronecker", "{} \"{}\" {}; both operands keep further dims in front",
           label_of(*node), s->text(),
           s->has_ellipsis() ? "says where its batch dims stand" : "is closed");
    }
    for (const Side* side : {&s->input(), &s->output()}) {
      for (const Term& t : *side) {
        if (t.kind == Term::Kind::dim) continue;
        fail(Code::shape, "Kronecker", "{} \"{}\" has the unnamed dim '{}'; rename it first",
             label_of(*node), s->text(), text_of_base(t));
      }
    }
  }
  for (const Dim& d : left.dims()) {
    for (const Dim& e : right.dims()) {
      if (d.name != e.name) continue;
      fail(Code::shape, "Kronecker",
           "'{}' is a dim of both {} \"{}\" and {} \"{}\"; rename one of them", d.name.text(),
           label_of(a), left.text(), label_of(b), right.text());
    }
  }
  return {std::make_shared<KroneckerCore>(
              a, b,
              Signature(joined(left.input(), right.input()), joined(left.output(), right.output())),
              std::move(name)),
          Mode::forward, nullptr};
}

Linop Kronecker(const Linop& a, const Linop& b, const LinopOptions& options) {
  if (!a || !b) fail(Code::argument, "Kronecker", "an operand is no operator");
  const Node plain = kronecker(a.node(), b.node(), options.name);
  if (options.extent.empty() && options.batch) return Linop(plain);
  return Linop(std::make_shared<KroneckerCore>(
      a.node(), b.node(), with_options("Kronecker", plain.core->signature(), options),
      options.name));
}

}  // namespace lunops
