// SPDX-License-Identifier: MIT
#include "runtime/grad/vjp.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// The shape with extents of `by` where it has none.
Shape completed(Shape shape, const Shape& by) {
  for (int i = 0; i < shape.ndim() && i < by.ndim(); ++i) {
    if (shape.extent(i) == kUnknown) shape = shape.with_extent(i, by.extent(i));
  }
  return shape;
}

// A x, known to have this shape: extents that A lacks are taken from it.
Tensor apply_to(const Node& a, const Tensor& x, const Shape& shape, Context& context) {
  const DType dtype = result_dtype(a, x.dtype());
  const Device device = result_device(a, x.device());
  Tensor y;
  if (device == context.device) {
    y = Tensor::empty(Shape::unnamed(shape.extents()), dtype, context);
  } else {
    Context there = on_device(device, context);
    y = Tensor::empty(Shape::unnamed(shape.extents()), dtype, there);
  }
  Linop(a).apply(x, y, {}, context);
  return y.with_shape(shape);
}

// One call of vjp: walks the tree with what each node is applied to (x) and what its result is
// paired with (v), and adds up gradients by path.
class Walk {
 public:
  Walk(std::vector<std::string> wanted, Context& context)
      : wanted_(std::move(wanted)), context_(context) {}

  void operator()(const Node& shown, const std::string& path, const Tensor& x, const Tensor& v) {
    if (!wants_below(*shown.core, path)) return;
    const Node node{shown.core, shown.mode, nullptr};
    const Core& core = *node.core;
    // The names that the core sees.
    const Shape in = core_input(shown, bind(signature_of(shown), label_of(shown), x.shape()).input);
    const Tensor own_x = x.with_shape(in),
                 own_v = v.with_shape(completed(output_of(node, in), v.shape()));
    const std::vector<Factor> factors = factors_of(core, node.mode, path);
    if (!factors.empty()) {
      product(factors, own_x, own_v);
    } else if (!core.children().empty()) {
      for (const Pairing& p : core.pairings(node.mode, own_x, own_v, context_)) {
        (*this)(p.node, child_path(core, path, p.child), p.x, p.v);
      }
    } else {
      leaf(core, node.mode, path, own_x, own_v);
    }
  }

  std::vector<NamedPart> take() { return std::move(found_); }

 private:
  bool wants(const std::string& path) const {
    return std::find(wanted_.begin(), wanted_.end(), path) != wanted_.end();
  }

  bool wants_below(const Core& core, const std::string& path) const {
    if (dynamic_cast<const ScalarCore*>(&core) != nullptr) return wants(path + "scalar");
    for (size_t i = 0; i < core.weights().size(); ++i) {
      for (const auto& [name, weight] : given_weights(core, i, path)) {
        if (wants(name)) return true;
      }
    }
    const std::vector<Node> children = core.children();
    for (size_t i = 0; i < children.size(); ++i) {
      if (wants_below(*children[i].core, child_path(core, path, i))) return true;
    }
    return false;
  }

  struct Factor {
    Node node;
    std::string path;
  };

  // The factors of a product with the paths of what lies below them; nothing for other operators.
  static std::vector<Factor> factors_of(const Core& core, Mode mode, const std::string& path) {
    std::vector<Factor> made;
    if (const std::optional<Node> a = core.normal_of()) {
      // Aᴴ A in any mode is a product of the same form.
      made.push_back({with_mode(with_mode(*a, Mode::adjoint), mode), path});
      made.push_back({with_mode(*a, mode), path});
      if (transposes(mode)) std::reverse(made.begin(), made.end());
      return made;
    }
    const std::vector<Node> factors = core.factors(mode);
    const size_t n = factors.size();
    for (size_t i = 0; i < n; ++i) {
      // Of Aᴴ M A the middle is the second child, all else the first.
      const size_t child = core.kind() == "Normal" ? (n == 3 && i == 1 ? 1 : 0)
                           : transposes(mode)      ? n - 1 - i
                                                   : i;
      made.push_back({factors[i], child_path(core, path, child)});
    }
    return made;
  }

  void product(const std::vector<Factor>& factors, const Tensor& x, const Tensor& v) {
    const size_t n = factors.size();
    std::vector<bool> is_wanted(n);
    for (size_t i = 0; i < n; ++i) {
      is_wanted[i] = wants_below(*factors[i].node.core, factors[i].path);
    }
    const auto first = static_cast<size_t>(std::find(is_wanted.begin(), is_wanted.end(), true) -
                                           is_wanted.begin());
    // What goes into each factor: its shape, and itself from the right as far as one is asked for.
    std::vector<Node> nodes;
    for (const Factor& f : factors) nodes.push_back(f.node);
    std::vector<Shape> shapes(n);
    shapes[n - 1] = x.shape();
    for (size_t i = n - 1; i > 0; --i) {
      shapes[i - 1] = output_of(nodes[i], shapes[i]);
      if (!shapes[i - 1].is_known()) {
        look_ahead(nodes, static_cast<int>(i), shapes[i - 1], v.shape());
      }
      require_known(nodes[i], shapes[i - 1]);
    }
    std::vector<Tensor> inputs(n);
    inputs[n - 1] = x;
    for (size_t i = n - 1; i > first; --i) {
      inputs[i - 1] = apply_to(nodes[i], inputs[i], shapes[i - 1], context_);
    }
    Tensor paired = v;
    for (size_t i = 0; i < n; ++i) {
      if (is_wanted[i]) (*this)(factors[i].node, factors[i].path, inputs[i], paired);
      if (std::find(is_wanted.begin() + static_cast<ptrdiff_t>(i) + 1, is_wanted.end(), true) ==
          is_wanted.end()) {
        return;
      }
      paired = apply_to(with_mode(nodes[i], Mode::adjoint), paired, shapes[i], context_);
    }
  }

  static Tensor conj_of(const Tensor& x, Context& there) {
    return is_complex(x.dtype()) ? unary(Unary::conj, x, there) : x;
  }

  // Re<v, Aᴴ x> is Re<x, A v>; Re<v, conj(A conj(x))> is Re<conj(v), A conj(x)>.
  void leaf(
      const Core& core, Mode mode, const std::string& path, const Tensor& x, const Tensor& v) {
    const bool conjugates_data = conjugates(mode) != transposes(mode);
    Tensor from = transposes(mode) ? v : x, to = transposes(mode) ? x : v;
    Context there = on_device(from.device(), context_);  // of a tile, maybe
    to = to.to(from.device(), there);
    if (conjugates_data) from = conj_of(from, there), to = conj_of(to, there);
    if (const auto* s = dynamic_cast<const ScalarCore*>(&core)) {
      c128 g = dot(from.unname(), to.unname(), there);
      // |s + h|^2 = |s|^2 + 2 Re(conj(s) h) + ...
      if (s->root()) g = 2.0 * g.real() * *s->root();
      if (s->root().value_or(s->value(Mode::forward)).imag() == 0.0) g = g.real();
      add(path + "scalar", g);
      return;
    }
    const Weights weights = core.weights();
    for (size_t i = 0; i < weights.size(); ++i) {
      const auto given = given_weights(core, i, path);
      if (std::none_of(given.begin(), given.end(), [&](const auto& w) { return wants(w.first); })) {
        continue;
      }
      pull_back(core, given, *weights[i], core.weight_gradient(i, from, to, there), there);
    }
  }

  void pull_back(const Core& core,
                 const std::vector<std::pair<std::string, WeightPtr>>& given,
                 const Weight& weight,
                 Tensor g,
                 Context& there) {
    if (!weight.is_complex() && is_complex(g.dtype())) g = g.real_part().clone(there);
    if (!weight.is_given()) {
      if (!weight.pull_back()) {
        fail(
            Code::unsupported, "vjp",
            "the weight of {} was computed in a way that has no gradient; take the gradient of the "
            "operators that it was made from",
            core.label());
      }
      const std::vector<Tensor> parts = weight.pull_back()(g, there);
      for (size_t i = 0; i < parts.size(); ++i) {
        pull_back(core, given, *weight.sources()[i], parts[i], there);
      }
      return;
    }
    const auto found = std::find_if(given.begin(), given.end(),
                                    [&](const auto& w) { return w.second.get() == &weight; });
    if (!wants(found->first)) return;
    const Tensor& own = weight.tensor();
    add(found->first, g.as(own.dtype(), there).to(own.device(), context_).with_shape(own.shape()));
  }

  void add(const std::string& path, PartValue value) {
    const auto known = std::find_if(found_.begin(), found_.end(),
                                    [&](const NamedPart& p) { return p.path == path; });
    if (known == found_.end()) {
      found_.push_back({path, std::move(value)});
    } else if (c128* sum = std::get_if<c128>(&known->value)) {
      *sum += std::get<c128>(value);
    } else {
      const Tensor& total = std::get<Tensor>(known->value);
      Context there = on_device(total.device(), context_);
      axpby(1.0, std::get<Tensor>(value).to(total.device(), there), 1.0, total, there);
    }
  }

  std::vector<std::string> wanted_;
  Context& context_;
  std::vector<NamedPart> found_;
};

void check_paired(const Linop& a, const Tensor& x, const Tensor& v) {
  const auto [result, dtype] = a.result(x);
  const Shape shape = completed(result, v.shape());
  if (v.dtype() != dtype) {
    fail(Code::dtype, "vjp", "v is {} but A x is {}", name_of(v.dtype()), name_of(dtype));
  }
  const Device device = result_device(a.node(), x.device());
  if (v.device() != device) {
    fail(Code::device, "vjp", "v is on {} but A x is on {}; use v:to \"{}\"", v.device().text(),
         device.text(), device.text());
  }
  const bool has_names = !v.shape().is_named() || !shape.is_named() ||
                         v.shape().without_primes() == shape.without_primes();
  if (v.shape().extents() != shape.extents() || !has_names) {
    fail(Code::shape, "vjp", "v is {} but A x is {}", v.shape().braced(), shape.braced());
  }
}

}  // namespace

Gradients vjp(const Linop& a,
              const Tensor& x,
              const Tensor& v,
              Context& context,
              const std::optional<std::vector<std::string>>& only) {
  if (x.device() != context.device) {
    Context here = on_device(x.device(), context);
    return vjp(a, x, v, here, only);
  }
  check_paired(a, x, v);
  const std::vector<NamedPart> parts = named_parts(a.node());
  std::vector<std::string> wanted;
  bool wants_x = !only;
  if (only) {
    for (const std::string& path : *only) {
      wants_x = wants_x || path == "x";
      if (path == "x") continue;
      check_path("vjp", path, parts, a.node());
      const auto part = std::find_if(parts.begin(), parts.end(),
                                     [&](const NamedPart& p) { return p.path == path; });
      const Tensor* weight = std::get_if<Tensor>(&part->value);
      if (weight != nullptr && !is_floating(weight->dtype())) {
        fail(Code::unsupported, "vjp", "'{}' is {}, which has no gradient", path,
             name_of(weight->dtype()));
      }
      wanted.push_back(path);
    }
  } else {
    for (const NamedPart& p : parts) {
      const Tensor* weight = std::get_if<Tensor>(&p.value);
      if (weight == nullptr || is_floating(weight->dtype())) wanted.push_back(p.path);
    }
  }
  Gradients made;
  if (wants_x) {
    const Linop adjoint = a.H();
    const Shape shape = completed(adjoint.result(v).first, x.shape());
    made.x = apply_to(adjoint.node(), v, shape, context);
  }
  Walk walk(std::move(wanted), context);
  walk(a.node(), "", x, v);
  made.weights = walk.take();
  // In the order of the children, whatever the order in which a mode met them.
  const auto place_of = [&](const NamedPart& each) {
    return std::find_if(parts.begin(), parts.end(),
                        [&](const NamedPart& p) { return p.path == each.path; });
  };
  std::sort(made.weights.begin(), made.weights.end(),
            [&](const NamedPart& p, const NamedPart& q) { return place_of(p) < place_of(q); });
  return made;
}

}  // namespace lunops
