// SPDX-License-Identifier: MIT
#include "runtime/linop/container/stack.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/add.hpp"
#include "runtime/linop/container/alike.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// `side` with or without a term at this place among its terms, "..." not counted.
Side inserted(Side side, int place, const Term& term) {
  auto at = side.begin();
  for (int number = 0; at != side.end(); ++at) {
    if (at->kind != Term::Kind::ellipsis && number++ == place) break;
  }
  side.insert(at, term);
  return side;
}

Side removed(Side side, int place) {
  int number = 0;
  std::erase_if(side,
                [&](const Term& t) { return t.kind != Term::Kind::ellipsis && number++ == place; });
  return side;
}

Slices removed(Slices slices, int place) {
  if (place >= 0) slices.erase(slices.begin() + place);
  return slices;
}

int64_t terms_in(const Side& side) { return static_cast<int64_t>(terms_of(side).size()); }

}  // namespace

StackCore::StackCore(std::vector<Node> children,
                     int input,
                     int output,
                     Signature signature,
                     std::string name,
                     WorkersPtr workers)
    : Core(Composition{std::move(signature), inner_of(children)}, std::move(name)),
      children_(std::move(children)),
      input_(input),
      output_(output),
      of_child_(removed(this->signature().input(), input),
                removed(this->signature().output(), output),
                this->signature().is_open()),
      workers_(or_new(std::move(workers))) {
  is_self_adjoint_ =
      input_ == output_ && this->signature().adjoint() == this->signature() &&
      std::all_of(children_.begin(), children_.end(), [](const Node& n) {
        return n.form == nullptr && n.core->is_self_adjoint() && n.mode == Mode::forward;
      });
}

Field StackCore::field() const noexcept { return field_of(children_); }

std::string StackCore::details() const {
  const auto name = [](const Side& side, int at) {
    return text_of_base(terms_of(side)[static_cast<size_t>(at)]);
  };
  std::string text;
  if (input_ >= 0) text += fmt::format("input along {}", name(signature().input(), input_));
  if (output_ >= 0) {
    text += fmt::format("{}output along {}", text.empty() ? "" : ", ",
                        name(signature().output(), output_));
  }
  return text;
}

bool StackCore::same(const Core& other) const {
  const auto& o = static_cast<const StackCore&>(other);
  return input_ == o.input_ && output_ == o.output_ &&
         std::equal(children_.begin(), children_.end(), o.children_.begin(), o.children_.end(),
                    same_node);
}

std::vector<Pairing> StackCore::pairings(Mode mode,
                                         const Tensor& x,
                                         const Tensor& v,
                                         Context&) const {
  const Side& input = signature().input();
  const Side& output = signature().output();
  // The element that child i has of a tensor on one side.
  const auto element = [&](const Tensor& of, const Side& side, int term, size_t i) {
    if (term < 0) return of;
    const Places at = places(side, signature().is_open(), of.ndim());
    return of.select(at.term[static_cast<size_t>(term)], static_cast<int64_t>(i));
  };
  const bool t = transposes(mode);
  std::vector<Pairing> all;
  for (size_t i = 0; i < children_.size(); ++i) {
    all.push_back({i, with_mode(children_[i], mode),
                   t ? element(x, output, output_, i) : element(x, input, input_, i),
                   t ? element(v, input, input_, i) : element(v, output, output_, i)});
  }
  return all;
}

std::shared_ptr<const Core> StackCore::shown_as(const Signature& form) const {
  auto list = shown_children(children_, signature(), form);
  if (!list) return nullptr;
  return std::make_shared<StackCore>(std::move(*list), input_, output_, form, name(), workers_);
}

namespace {

// Position of the new dim in a shape that matched this side; -1: it is not there.
int place_in(const Signature& s, const Side& side, int term, int ndim) {
  if (term < 0) return -1;
  return places(side, s.is_open() || s.has_ellipsis(), ndim).term[static_cast<size_t>(term)];
}

}  // namespace

void StackCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const bool is_transposed = transposes(mode);
  const int from = place_in(signature(), is_transposed ? signature().output() : signature().input(),
                            is_transposed ? output_ : input_, in.ndim());
  const int to = place_in(signature(), is_transposed ? signature().input() : signature().output(),
                          is_transposed ? input_ : output_, out.ndim());
  std::vector<Dim> dims = in.dims();
  std::vector<int64_t> extents = in.extents();
  if (from >= 0) {
    dims.erase(dims.begin() + from);
    extents.erase(extents.begin() + from);
  }
  const Shape part(std::move(dims), std::move(extents));
  for (const Node& child : children_) {
    const Shape made = output_of(with_mode(child, mode), part);
    for (int d = 0; d < out.ndim(); ++d) {
      if (d == to || out.extent(d) != kUnknown) continue;
      out = out.with_extent(d, made.extent(to >= 0 && d > to ? d - 1 : d));
    }
  }
}

void StackCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const bool is_transposed = transposes(mode);
  const int from = place_in(signature(), is_transposed ? signature().output() : signature().input(),
                            is_transposed ? output_ : input_, x.shape.ndim());
  const int to = place_in(signature(), is_transposed ? signature().input() : signature().output(),
                          is_transposed ? input_ : output_, y.shape.ndim());
  const auto lower_child = [&](size_t i, const Operand& result, const StepScale& scale) {
    const auto at = static_cast<int64_t>(i);
    b.lower(with_mode(children_[i], mode), from < 0 ? x : select(x, from, at),
            to < 0 ? result : select(result, to, at), scale);
  };
  if (to >= 0) {
    b.side_by_side(workers_, children_.size(), [&](size_t i) { lower_child(i, y, s); });
    return;
  }
  b.sum_side_by_side(workers_, children_.size(), y, s, lower_child);
}

std::optional<Node> StackCore::exact_normal(Mode mode, const Node* inner) const {
  const bool is_transposed = transposes(mode);
  const int from = is_transposed ? output_ : input_, to = is_transposed ? input_ : output_;
  if (to < 0 || inner != nullptr) return std::nullopt;
  std::vector<Node> normals;
  for (const Node& child : children_)
    normals.push_back(make_normal(with_mode(child, mode), nullptr));
  if (from < 0) {
    return sum_of(normals, workers_);
  }
  std::vector<Signature> signatures;
  for (const Node& n : normals) signatures.push_back(signature_of(n));
  const Signature all = unified("Stack", signatures, normals);
  const Side& side = is_transposed ? signature().output() : signature().input();
  const Term dim = terms_of(side)[static_cast<size_t>(from)];
  // The result has the dim where the input has it, on both sides.
  return Node{
      std::make_shared<StackCore>(std::move(normals), from, from,
                                  Signature(inserted(all.input(), from, dim),
                                            inserted(all.output(), from, dim), all.is_open()),
                                  "", workers_),
      Mode::forward, nullptr};
}

// Along the new dim: some of the children, and the dim stays, also for one; along others: all
// children alike.
Tile StackCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  Stretch range{0, static_cast<int64_t>(children_.size())};
  const auto narrow = [&](int term, const Slices& slices) {
    if (term < 0 || !slices[static_cast<size_t>(term)]) return;
    range = intersection(range, *slices[static_cast<size_t>(term)]);
  };
  narrow(input_, part.input);
  narrow(output_, part.output);
  if (range.count == 0) return no_tile(part);

  TileRequest own;
  own.input = removed(part.input, input_);
  own.output = removed(part.output, output_);
  own.inner = part.inner;
  std::vector<Tile> tiles;
  std::vector<std::optional<Tile>> cuts;
  for (int64_t i = range.first; i < range.end(); ++i) {
    cuts.push_back(cut_alike(*this, children_[static_cast<size_t>(i)], own, &of_child_));
    if (cuts.back()) tiles.push_back(*cuts.back());
  }
  if (tiles.empty()) return no_tile(part);
  auto [input, output] = common_slices(tiles, own);
  std::vector<Node> made;
  for (const auto& tile : cuts) {
    made.push_back(tile ? widened(of_child_, *tile, input, output)
                        : zero_part(cut_signature(of_child_, input, output)));
  }
  if (input_ >= 0) input.insert(input.begin() + input_, range);
  if (output_ >= 0) output.insert(output.begin() + output_, range);
  const Signature shown = cut_signature(signature(), input, output);
  return {
      Node{std::make_shared<StackCore>(std::move(made), input_, output_, shown, name(), workers_),
           Mode::forward, nullptr},
      input, output};
}

namespace {

// Where the new dim goes, from 0, and that it is new.
int new_place(const std::vector<Linop>& children,
              const Signature& all,
              const std::string& name,
              int64_t at,
              bool is_input) {
  if (name.empty()) return -1;
  const Dim dim = Dim::parse(name, "Stack");
  for (const Linop& a : children) {
    std::vector<Dim> dims = a.dims();
    for (const Dim& d : a.inner()) dims.push_back(d);
    if (std::none_of(dims.begin(), dims.end(), [&](const Dim& d) { return d.name == dim.name; })) {
      continue;
    }
    fail(Code::shape, "Stack",
         "'{}' is a dim of {} already; choose a new name, or join along it with Concat", name,
         a.text());
  }
  const int64_t count = terms_in(is_input ? all.input() : all.output()) + 1;
  if (at < 1 || at > count) {
    fail(Code::argument, "Stack", "{}_at is {} but the {} has {} dim{} with '{}'",
         is_input ? "idim" : "odim", at, is_input ? "input" : "output", count,
         count == 1 ? "" : "s", name);
  }
  return static_cast<int>(at) - 1;
}

}  // namespace

Linop Stack(const std::vector<Linop>& given, const StackOptions& options) {
  if (given.empty()) {
    fail(Code::argument, "Stack", "no operators; give at least one");
  }
  if (options.idim.empty() && options.odim.empty()) {
    fail(Code::argument, "Stack",
         "no new dim; give odim to stack outputs, idim to divide the input, or both");
  }
  std::vector<Node> children;
  std::vector<Signature> signatures;
  for (const Linop& a : given) {
    if (!a) fail(Code::argument, "Stack", "an operand is no operator");
    children.push_back(a.node());
    signatures.push_back(a.signature());
  }
  const Signature all = unified("Stack", signatures, children);
  const int input = new_place(given, all, options.idim, options.idim_at, true);
  const int output = new_place(given, all, options.odim, options.odim_at, false);
  const auto with_dim = [&](const Side& side, int place, const std::string& name) {
    if (place < 0) return side;
    Term t;
    t.dim = Dim::parse(name, "Stack");
    t.extent = static_cast<int64_t>(given.size());
    return inserted(side, place, t);
  };
  const Signature signature(with_dim(all.input(), input, options.idim),
                            with_dim(all.output(), output, options.odim), all.is_open());
  return Linop(std::make_shared<StackCore>(std::move(children), input, output,
                                           with_options("Stack", signature, options), options.name,
                                           workers_of("Stack", options)));
}

}  // namespace lunops
