// SPDX-License-Identifier: MIT
#include "runtime/linop/core.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/tiled.hpp"
#include "runtime/linop/container/wiring.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

namespace {

std::atomic<int64_t> cores_alive{0};

}  // namespace

int64_t live_cores() noexcept { return cores_alive.load(); }

Core::Core(Signature signature, std::string name)
    : Core(Composition{std::move(signature), {}}, std::move(name)) {}

Core::Core(Composition composition, std::string name)
    : forward_(std::move(composition.signature)),
      adjoint_(forward_.adjoint()),
      inner_(std::move(composition.inner)),
      name_(std::move(name)),
      plans_(std::make_unique<PlanTable>()) {
  cores_alive.fetch_add(1);
}

Core::~Core() { cores_alive.fetch_sub(1); }

Mode Core::canonical(Mode mode) const noexcept {
  return is_self_adjoint() && transposes(mode) ? mode ^ Mode::adjoint : mode;
}

std::optional<Operand> Core::view(Mode, const Operand&) const { return std::nullopt; }

std::shared_ptr<const Core> Core::shown_as(const Signature&) const { return nullptr; }

std::string Core::label() const {
  return name_.empty() ? std::string(kind()) : fmt::format("{} '{}'", kind(), name_);
}

bool same_term(const Term& a, const Term& b) noexcept {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Term::Kind::dim:
      return a.dim == b.dim;
    case Term::Kind::variable:
      return a.variable == b.variable && a.dim.primes == b.dim.primes;
    case Term::Kind::ellipsis:
      return true;
  }
  return false;
}

Side terms_of(const Side& side) {
  Side terms;
  for (const Term& t : side) {
    if (t.kind != Term::Kind::ellipsis) terms.push_back(t);
  }
  return terms;
}

int find_term(const Side& side, const Term& term) noexcept {
  for (size_t i = 0; i < side.size(); ++i) {
    if (same_term(side[i], term)) return static_cast<int>(i);
  }
  return -1;
}

Places places(const Side& side, bool is_open, int ndim) {
  Places at;
  const auto dots = std::find_if(side.begin(), side.end(),
                                 [](const Term& t) { return t.kind == Term::Kind::ellipsis; });
  const int terms = static_cast<int>(terms_of(side).size());
  if (dots != side.end() || is_open) at.batch_count = ndim - terms;
  at.batch_first = dots == side.end() ? 0 : static_cast<int>(dots - side.begin());
  for (int i = 0; i < terms; ++i) {
    at.term.push_back(i < at.batch_first ? i : i + at.batch_count);
  }
  return at;
}

Composition composition_of(const Node& node) {
  Composition c{node.form == nullptr ? node.core->signature() : node.form->signature,
                node.core->inner()};
  if (node.form != nullptr) c.inner = inner_beside(c.signature, std::move(c.inner));
  if (transposes(node.mode)) c = adjoint(c);
  return c;
}

Signature signature_of(const Node& node) {
  if (node.form == nullptr) return node.core->signature(node.mode);
  return transposes(node.mode) ? node.form->signature.adjoint() : node.form->signature;
}

std::string label_of(const Node& node) {
  std::string suffix;
  switch (node.mode) {
    case Mode::forward:
      break;
    case Mode::transpose:
      suffix = ".T";
      break;
    case Mode::conj:
      suffix = ":conj()";
      break;
    case Mode::adjoint:
      suffix = ".H";
      break;
  }
  const std::string& name = node.core->name();
  std::string text = fmt::format("{}{}", node.core->kind(), suffix);
  return name.empty() ? text : fmt::format("{} '{}'", text, name);
}

namespace {

// The simplest mode of the node that is the same operator under the names that it shows: a normal
// shown as n -> m is not its own adjoint any more, for that is m -> n.
Mode canonical_mode(const Node& node) {
  const bool is_symmetric =
      node.form == nullptr || node.form->signature.adjoint() == node.form->signature;
  return is_symmetric ? node.core->canonical(node.mode) : node.mode;
}

}  // namespace

Node with_mode(const Node& node, Mode flip) {
  Node made = node;
  made.mode = node.mode ^ flip;
  if (made.core->is_self_adjoint()) made.mode = canonical_mode(made);
  return made;
}

bool Node::operator==(const Node& other) const {
  return core == other.core && mode == other.mode &&
         (form == other.form || (form != nullptr && other.form != nullptr && *form == *other.form));
}

bool same_node(const Node& a, const Node& b) {
  if (a == b) return true;
  if (a.core == nullptr || b.core == nullptr) return false;
  if (signature_of(a) != signature_of(b)) return false;
  const ChainCore *left = as_chain(a), *right = as_chain(b);
  if (left != nullptr && right != nullptr) {  // (A B)ᴴ is Bᴴ Aᴴ
    const std::vector<Node> p = left->factors(a.mode), q = right->factors(b.mode);
    return std::equal(p.begin(), p.end(), q.begin(), q.end(), same_node);
  }
  if (canonical_mode(a) != canonical_mode(b)) return false;
  return a.core == b.core || (a.core->kind() == b.core->kind() &&
                              a.core->signature() == b.core->signature() && a.core->same(*b.core));
}

Side shown_terms(const Side& terms, const Signature& own, const Signature& form) {
  Side made = terms;
  for (Term& t : made) {
    const bool is_input = find_term(own.input(), t) >= 0;
    const Side &from = is_input ? own.input() : own.output(),
               &to = is_input ? form.input() : form.output();
    const int at = t.kind == Term::Kind::ellipsis ? -1 : find_term(from, t);
    if (at >= 0) t.dim = to[static_cast<size_t>(at)].dim;
  }
  return made;
}

std::optional<std::vector<Node>> shown_children(const std::vector<Node>& children,
                                                const Signature& own,
                                                const Signature& form) {
  std::vector<std::pair<std::string, std::string>> names;  // of own, by base
  const auto name_of_base = [&](const std::string& base) {
    return std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.first == base; });
  };
  for (const bool is_input : {true, false}) {
    const Side &from = is_input ? own.input() : own.output(),
               &to = is_input ? form.input() : form.output();
    if (from.size() != to.size()) return std::nullopt;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i].kind != to[i].kind) return std::nullopt;
      if (from[i].kind != Term::Kind::dim) continue;
      if (from[i].dim.primes != to[i].dim.primes) return std::nullopt;
      const std::string base(from[i].dim.name.text()), other(to[i].dim.name.text());
      const auto known = name_of_base(base);
      if (known == names.end()) {
        names.emplace_back(base, other);
      } else if (known->second != other) {
        return std::nullopt;
      }
    }
  }
  const auto is_taken = [&](const std::string& name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& n) { return n.first == name || n.second == name; });
  };
  for (const Node& child : children) {
    for (const Dim& d : signature_of(child).dims()) {
      const std::string base(d.name.text());
      if (name_of_base(base) != names.end()) continue;
      std::string inner = base;
      while (is_taken(inner)) inner += '_';
      names.emplace_back(base, inner);
    }
  }
  std::vector<Node> made;
  for (const Node& child : children) {
    const Signature shown = signature_of({child.core, Mode::forward, child.form});
    const std::vector<Dim> dims = shown.dims();
    std::vector<std::pair<std::string, std::string>> own_names;
    for (const auto& [base, other] : names) {
      const bool is_there = std::any_of(dims.begin(), dims.end(),
                                        [&](const Dim& d) { return d.name.text() == base; });
      if (is_there && base != other) own_names.emplace_back(base, other);
    }
    Node renamed = child;
    if (!own_names.empty()) {
      renamed.form = std::make_shared<const Form>(Form{shown.rename(own_names)});
    }
    made.push_back(std::move(renamed));
  }
  return made;
}

std::string extent_name(const Node& node, const Shape& result, int at) {
  // As it was written: the output of an adjoint is the input there.
  const Signature& shown = node.form == nullptr ? node.core->signature() : node.form->signature;
  const Side& side = transposes(node.mode) ? shown.input() : shown.output();
  const std::vector<int> term =
      places(side, shown.is_open() || shown.has_ellipsis(), result.ndim()).term;
  const auto found = std::find(term.begin(), term.end(), at);
  if (found == term.end() || node.core->hides_primes()) return result.dim(at).text();
  const Term t = terms_of(side)[static_cast<size_t>(found - term.begin())];
  return t.kind == Term::Kind::dim ? t.dim.text() : result.dim(at).text();
}

namespace {

// A name that no string can contain and that `shape` does not have yet.
Dim fresh_dim(const std::vector<Dim>& taken) {
  for (int i = 1;; ++i) {
    const Dim dim{Name::intern(fmt::format("#.{}", i)), 0};
    if (std::find(taken.begin(), taken.end(), dim) == taken.end()) return dim;
  }
}

}  // namespace

Shape output_of(const Node& node, const Shape& x) {
  const Binding b = bind(signature_of(node), label_of(node), x);
  std::vector<Dim> dims;
  for (const Dim& seen : b.seen_output.dims()) {
    Dim dim = seen.without_primes();
    const bool is_nameless = dim.name.text().starts_with('#');
    if (is_nameless && (seen.primes > 0 || b.input.find(dim) < 0)) {
      std::vector<Dim> taken = dims;
      for (const Dim& d : b.input.dims()) taken.push_back(d);
      for (const Dim& d : b.seen_output.dims()) taken.push_back(d);
      dim = fresh_dim(taken);
    }
    dims.push_back(dim);
  }
  Shape out(std::move(dims), b.seen_output.extents());
  if (!out.is_known()) node.core->complete(node.mode, core_input(node, b.input), out);
  return out;
}

Shape core_input(const Node& node, const Shape& shown) {
  if (node.form == nullptr) return shown;
  const Signature form = signature_of(node);
  const Side own = terms_of(node.core->signature(node.mode).input());
  const Places at = places(form.input(), form.is_open(), shown.ndim());
  std::vector<Dim> dims = shown.dims();
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i].kind == Term::Kind::dim) {
      dims[static_cast<size_t>(at.term[i])] = own[i].dim.without_primes();
    }
  }
  // A batch dim may have a name that the core uses itself.
  for (int i = at.batch_first; i < at.batch_first + at.batch_count; ++i) {
    Dim& dim = dims[static_cast<size_t>(i)];
    bool is_taken = false;
    for (const Dim& d : node.core->signature().dims()) is_taken = is_taken || d.name == dim.name;
    if (is_taken) dim = fresh_dim(dims);
  }
  return Shape(std::move(dims), shown.extents());
}

DType Core::result_dtype(Mode mode, DType in) const {
  const std::vector<Node> product = factors(mode);
  if (!product.empty()) {
    for (size_t i = product.size(); i-- > 0;) in = lunops::result_dtype(product[i], in);
    return in;
  }
  const std::vector<Node> list = children();
  return list.empty() ? in : lunops::result_dtype(with_mode(list.front(), mode), in);
}

Device Core::result_device(Mode mode, Device in) const {
  const std::vector<Node> product = factors(mode);
  if (!product.empty()) {
    for (size_t i = product.size(); i-- > 0;) in = lunops::result_device(product[i], in);
    return in;
  }
  const std::vector<Node> list = children();
  return list.empty() ? in : lunops::result_device(with_mode(list.front(), mode), in);
}

bool Core::is_real_linear() const {
  const std::vector<Node> list = children();
  return std::any_of(list.begin(), list.end(),
                     [](const Node& n) { return n.core->is_real_linear(); });
}

const Core* Core::without_adjoint() const noexcept {
  for (const Node& child : children()) {
    if (const Core* found = child.core->without_adjoint()) return found;
  }
  return nullptr;
}

void require_adjoint(const Core& core, std::string_view operation) {
  const Core* missing = core.without_adjoint();
  if (missing == nullptr) return;
  fail(Code::unsupported, operation, "{} has no adjoint; give adjoint = function(y) … end",
       missing->label());
}

void Core::check_dtype(Mode mode, DType in) const {
  if (field() != Field::complex || is_complex(in)) return;
  fail(Code::dtype, "apply", "{} is complex but x is {}; use x:as \"{}\"",
       label_of(Node{shared_from_this(), mode, nullptr}), name_of(in), name_of(complex_of(in)));
}

void Core::check_device(Mode, Device) const {}

std::shared_ptr<const Core> Core::rebuilt(Parts parts) const {
  if (parts.name != name_ && weights().empty()) {
    fail(Code::unsupported, "with", "{} keeps its name; give name = where it is made", label());
  }
  fail(Code::unsupported, "with", "{} cannot be made anew with other weights", label());
}

void Core::require_same_weights(const Parts& parts) const {
  if (parts.is_move || parts.weights == weights()) return;
  fail(Code::unsupported, "with", "{} keeps its weights; build a new operator", label());
}

std::string_view Core::weight_name(size_t) const noexcept { return "weight"; }

Tensor Core::weight_gradient(size_t number, const Tensor&, const Tensor&, Context&) const {
  fail(Code::unsupported, "vjp",
       "{} has no gradient with respect to its {}; leave it out with only", label(),
       weight_name(number));
}

std::optional<Node> Core::normal_of() const { return std::nullopt; }

std::vector<Pairing> Core::pairings(Mode, const Tensor&, const Tensor&, Context&) const {
  fail(Code::unsupported, "vjp", "{} has no gradients of its children; take those of each child",
       label());
}

DType result_dtype(const Node& node, DType in) { return node.core->result_dtype(node.mode, in); }

Device result_device(const Node& node, Device in) {
  return node.core->result_device(node.mode, in);
}

namespace {

// Where the first weight lies that is on another device than this one, and whose it is.
struct Elsewhere {
  Device device;  // that of the others
  std::optional<Device> found = {};
  std::string owner = {};
  bool moves = false;  // parts bring data to other devices, as ToDevice does

  void look(const Node& node) {
    const Core& core = *node.core;
    const Device nowhere{DeviceKind::cpu, INT16_MAX};
    moves = moves || core.device_places() || !(core.result_device(node.mode, nowhere) == nowhere);
    std::vector<Node> parts = core.factors(Mode::forward);
    if (parts.empty()) parts = core.children();
    for (const Node& part : parts) look(part);
    if (!parts.empty() || found) return;
    for (const WeightPtr& w : core.weights()) {
      if (found || w->is_anywhere() || w->device() == device) continue;
      found = w->device();
      owner = shown(node);
    }
  }
  static std::string shown(const Node& node) {
    return fmt::format("{} \"{}\"", label_of(node), node.core->signature().text());
  }
};

// Without a dtype, of the device alone.  `comes`: weights on other devices are brought by each
// application.  `whole`: what is applied.
void check(
    const Node& node, std::optional<DType> dtype, Device device, bool comes, const Node& whole);

// What brings data to its children must find them, and find their results, where they are to be.
void check_places(const Node& node, std::optional<DType> dtype, const DevicePlaces& places) {
  const std::vector<Node> children = node.core->children();
  const TiledCore* tiled = as_tiled(node);
  const bool comes = tiled != nullptr && !tiled->options().is_resident;
  for (size_t i = 0; i < children.size(); ++i) {
    const Node child = with_mode(children[i], node.mode);
    check(child, dtype, places.children[i], comes, child);
    const Device result = result_device(child, places.children[i]);
    if (result == places.children[i]) continue;
    fail(Code::device, "apply",
         "a part of {} on {} leaves its result on {}; bring it back with "
         "lo.ToDevice",
         label_of(node), places.children[i].text(), result.text());
  }
}

void check(
    const Node& node, std::optional<DType> dtype, Device device, bool comes, const Node& whole) {
  const Core& core = *node.core;
  if (const auto places = core.device_places()) {
    if (device != places->base) {
      fail(Code::device, "apply", "x is on {} but the base of {} is {}; use x:to \"{}\"",
           device.text(), label_of(node), places->base.text(), places->base.text());
    }
    check_places(node, dtype, *places);
    return;
  }
  const std::vector<Node> product = core.factors(node.mode);
  for (size_t i = product.size(); i-- > 0;) {
    check(product[i], dtype, device, comes, whole);
    if (dtype) dtype = result_dtype(product[i], *dtype);
    device = result_device(product[i], device);
  }
  const std::vector<Node> children = core.children();
  if (!product.empty()) return;
  for (const Node& child : children) {
    check(with_mode(child, node.mode), dtype, device, comes, whole);
  }
  for (const Node& child : children) {
    const Device first = result_device(with_mode(children.front(), node.mode), device);
    const Device other = result_device(with_mode(child, node.mode), device);
    if (first == other) continue;
    fail(Code::device, "apply",
         "the parts of {} leave their results on {} and on {}; bring them to one device with "
         "lo.ToDevice",
         label_of(node), first.text(), other.text());
  }
  if (!children.empty()) return;
  core.check_device(node.mode, device);
  if (dtype) core.check_dtype(node.mode, *dtype);
  for (const WeightPtr& w : core.weights()) {
    if (dtype && w->dtype() && *w->dtype() != *dtype) {
      fail(Code::dtype, "apply", "x is {} but {} is {}; use x:as \"{}\"", name_of(*dtype),
           label_of(node), name_of(*w->dtype()), name_of(*w->dtype()));
    }
    if (!comes && !w->is_anywhere() && !(w->device() == device)) {
      // Then x cannot be right wherever it lies.
      Elsewhere other{w->device()};
      other.look(whole);
      if (other.found && !other.moves) {
        fail(Code::device, "apply",
             "{} is on {} but {} is on {}; move the operator with A:to \"{}\", or data between its "
             "parts with lo.ToDevice",
             Elsewhere::shown(node), w->device().text(), other.owner, other.found->text(),
             device.text());
      }
      fail(Code::device, "apply", "x is on {} but the operator is on {}; use x:to \"{}\"",
           device.text(), w->device().text(), w->device().text());
    }
  }
}

}  // namespace

void check_data(const Node& node, DType dtype, Device device) {
  check(node, dtype, device, false, node);
}

void check_device(const Node& node, Device device) {
  check(node, std::nullopt, device, false, node);
}

Signature one_sided(std::string_view operation,
                    std::string_view text,
                    const LinopOptions& options) {
  const SignatureText parsed = parse_signature(operation, text);
  if (!parsed.is_one_sided) {
    fail(Code::shape, operation, "\"{}\" has two sides; {} keeps its dims, so name them once", text,
         operation);
  }
  return with_options(operation, Signature(parsed.side, parsed.side), options);
}

Signature with_options(std::string_view operation,
                       Signature signature,
                       const LinopOptions& options) {
  DimExtents extents;
  for (const auto& [name, extent] : options.extent) {
    const Dim dim = Dim::parse(name);
    if (!signature.has(dim)) {
      std::vector<std::string> known;
      for (const Dim& d : signature.dims()) known.push_back(d.text());
      fail(Code::shape, operation, "extent: no dim '{}' in \"{}\"{}", dim.text(), signature.text(),
           did_you_mean(dim.text(), known));
    }
    if (extent < 0) {
      fail(Code::shape, operation, "extent of '{}' is {}; an extent is at least 0", dim.text(),
           extent);
    }
    const int64_t there = signature.extent(dim);
    if (there != kUnknown && there != extent) {
      fail(Code::shape, operation, "extent of '{}' is {} in \"{}\" but {} in the option",
           dim.text(), there, signature.text(), extent);
    }
    extents.emplace_back(dim, extent);
  }
  signature = signature.with_extents(extents);
  return options.batch ? signature : signature.closed();
}

}  // namespace lunops
