// SPDX-License-Identifier: MIT
#include "runtime/linop/container/concat.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/container/add.hpp"
#include "runtime/linop/container/alike.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

int base_at(const Side& side, Name name) {
  const Side terms = terms_of(side);
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].kind == Term::Kind::dim && terms[i].dim.name == name) return static_cast<int>(i);
  }
  return -1;
}

Side with_extent(Side side, int term, int64_t extent) {
  int at = 0;
  for (Term& t : side) {
    if (t.kind != Term::Kind::ellipsis && at++ == term) t.extent = extent;
  }
  return side;
}

Signature with_extents_at(const Signature& s, int input, int64_t in, int output, int64_t out) {
  return Signature(with_extent(s.input(), input, in), with_extent(s.output(), output, out),
                   s.is_open());
}

// Joins children along these terms of their own; -1: not on that side.
struct Joined {
  ConcatCore::Joint input, output;
  Signature signature;
};
Joined join(const std::vector<Node>& children,
            const std::vector<int>& in_terms,
            const std::vector<int>& out_terms) {
  Joined made;
  std::vector<Signature> open;  // without the extents that differ
  int64_t in_total = 0, out_total = 0;
  Name in_name, out_name;
  for (size_t i = 0; i < children.size(); ++i) {
    const Signature s = signature_of(children[i]);
    const auto take = [&](const Side& side, int term, ConcatCore::Joint& joint, int64_t& total,
                          Name& name) {
      if (term < 0) return;
      const Term t = terms_of(side)[static_cast<size_t>(term)];
      joint.parts.push_back({total, t.extent});
      total += t.extent;
      name = t.dim.name;
    };
    take(s.input(), in_terms[i], made.input, in_total, in_name);
    take(s.output(), out_terms[i], made.output, out_total, out_name);
    open.push_back(with_extents_at(s, in_terms[i], kUnknown, out_terms[i], kUnknown));
  }
  const Signature all = unified("Concat", open, children);
  if (in_terms.front() >= 0) made.input.term = base_at(all.input(), in_name);
  if (out_terms.front() >= 0) made.output.term = base_at(all.output(), out_name);
  made.signature = with_extents_at(all, made.input.term, in_total, made.output.term, out_total);
  return made;
}

}  // namespace

ConcatCore::ConcatCore(std::vector<Node> children,
                       Joint input,
                       Joint output,
                       Signature signature,
                       std::string name,
                       WorkersPtr workers)
    : Core(Composition{std::move(signature), inner_of(children)}, std::move(name)),
      children_(std::move(children)),
      input_(std::move(input)),
      output_(std::move(output)),
      workers_(or_new(std::move(workers))) {
  is_self_adjoint_ =
      input_ == output_ && this->signature().adjoint() == this->signature() &&
      std::all_of(children_.begin(), children_.end(), [](const Node& n) {
        return n.form == nullptr && n.core->is_self_adjoint() && n.mode == Mode::forward;
      });
}

Field ConcatCore::field() const noexcept { return field_of(children_); }

std::string ConcatCore::details() const {
  const auto name = [](const Side& side, const Joint& joint) {
    return text_of_base(terms_of(side)[static_cast<size_t>(joint.term)]);
  };
  std::string text;
  if (input_.is_there()) text += fmt::format("input along {}", name(signature().input(), input_));
  if (output_.is_there()) {
    text += fmt::format("{}output along {}", text.empty() ? "" : ", ",
                        name(signature().output(), output_));
  }
  return text;
}

bool ConcatCore::same(const Core& other) const {
  const auto& o = static_cast<const ConcatCore&>(other);
  return input_ == o.input_ && output_ == o.output_ &&
         std::equal(children_.begin(), children_.end(), o.children_.begin(), o.children_.end(),
                    same_node);
}

std::vector<Pairing> ConcatCore::pairings(Mode mode,
                                          const Tensor& x,
                                          const Tensor& v,
                                          Context&) const {
  const Side& input = signature().input();
  const Side& output = signature().output();
  // The part that child i has of a tensor on one side.
  const auto part = [&](const Tensor& of, const Side& side, const Joint& joint, size_t i) {
    if (!joint.is_there()) return of;
    const Places at = places(side, signature().is_open(), of.ndim());
    return of.slice(at.term[static_cast<size_t>(joint.term)], joint.parts[i].first,
                    joint.parts[i].count);
  };
  const bool t = transposes(mode);
  std::vector<Pairing> all;
  for (size_t i = 0; i < children_.size(); ++i) {
    all.push_back({i, with_mode(children_[i], mode),
                   t ? part(x, output, output_, i) : part(x, input, input_, i),
                   t ? part(v, input, input_, i) : part(v, output, output_, i)});
  }
  return all;
}

std::shared_ptr<const Core> ConcatCore::shown_as(const Signature& form) const {
  auto list = shown_children(children_, signature(), form);
  if (!list) return nullptr;
  return std::make_shared<ConcatCore>(std::move(*list), input_, output_, form, name(), workers_);
}

Signature ConcatCore::signature_of_child(size_t i) const {
  return with_extents_at(signature(), input_.term,
                         input_.is_there() ? input_.parts[i].count : kUnknown, output_.term,
                         output_.is_there() ? output_.parts[i].count : kUnknown);
}

void ConcatCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const bool is_transposed = transposes(mode);
  const Joint &from = is_transposed ? output_ : input_, &to = is_transposed ? input_ : output_;
  const Signature& own = signature(mode);
  const Places at_in = places(own.input(), own.is_open() || own.has_ellipsis(), in.ndim());
  const Places at_out = places(own.output(), own.is_open() || own.has_ellipsis(), out.ndim());
  for (size_t i = 0; i < children_.size(); ++i) {
    Shape part = in;
    if (from.is_there()) {
      part = part.with_extent(at_in.term[static_cast<size_t>(from.term)], from.parts[i].count);
    }
    const Shape made = output_of(with_mode(children_[i], mode), part);
    for (int d = 0; d < out.ndim(); ++d) {
      const bool is_joined = to.is_there() && at_out.term[static_cast<size_t>(to.term)] == d;
      if (out.extent(d) == kUnknown && !is_joined) out = out.with_extent(d, made.extent(d));
    }
  }
}

void ConcatCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  const bool is_transposed = transposes(mode);
  const Joint &from = is_transposed ? output_ : input_, &to = is_transposed ? input_ : output_;
  const Side& in = is_transposed ? signature().output() : signature().input();
  const Side& out = is_transposed ? signature().input() : signature().output();
  const bool takes_batch = signature().is_open() || signature().has_ellipsis();
  const auto part = [&](const Operand& o, const Side& side, const Joint& joint, size_t i) {
    if (!joint.is_there()) return o;
    const Places at = places(side, takes_batch, o.shape.ndim());
    return slice(o, at.term[static_cast<size_t>(joint.term)], joint.parts[i].first,
                 joint.parts[i].count);
  };
  const auto lower_child = [&](size_t i, const Operand& result, const StepScale& scale) {
    b.lower(with_mode(children_[i], mode), part(x, in, from, i), part(result, out, to, i), scale);
  };
  if (to.is_there()) {
    b.side_by_side(workers_, children_.size(), [&](size_t i) { lower_child(i, y, s); });
    return;
  }
  b.sum_side_by_side(workers_, children_.size(), y, s, lower_child);
}

namespace {

// M as child i of a container sees it: cut along the joined dim of the container's output.  Nothing
// if M mixes that dim.
std::optional<Node> middle_part(const Node& m, const Term& dim, const Stretch& part) {
  const Signature s = signature_of(m);
  const Side in = terms_of(s.input()), out = terms_of(s.output());
  TileRequest request;
  request.input.resize(in.size());
  request.output.resize(out.size());
  for (const Side* side : {&in, &out}) {
    for (const Term& t : *side) {
      if (t.kind == Term::Kind::variable) return std::nullopt;
    }
  }
  const int i = base_at(in, dim.dim.name), o = base_at(out, dim.dim.name);
  if (i < 0 && o < 0) return s.is_open() || s.has_ellipsis() ? std::optional(m) : std::nullopt;
  if (i < 0 || o < 0 || !same_term(in[static_cast<size_t>(i)], out[static_cast<size_t>(o)])) {
    return std::nullopt;
  }
  if (in[static_cast<size_t>(i)].extent == kUnknown) return m;
  request.input[static_cast<size_t>(i)] = request.output[static_cast<size_t>(o)] = part;
  try {
    return cut(m, request).op;
  } catch (const Error&) {
    return std::nullopt;  // the product serves then
  }
}

}  // namespace

std::optional<Node> ConcatCore::exact_normal(Mode mode, const Node* inner) const {
  const bool is_transposed = transposes(mode);
  const Joint &from = is_transposed ? output_ : input_, &to = is_transposed ? input_ : output_;
  if (!to.is_there()) return std::nullopt;
  const Side out = terms_of(is_transposed ? signature().input() : signature().output());
  std::vector<Node> normals;
  for (size_t i = 0; i < children_.size(); ++i) {
    std::optional<Node> middle;
    if (inner != nullptr) {
      middle = middle_part(*inner, out[static_cast<size_t>(to.term)], to.parts[i]);
      if (!middle) return std::nullopt;
    }
    normals.push_back(make_normal(with_mode(children_[i], mode), middle ? &*middle : nullptr));
  }
  if (!from.is_there()) {
    return sum_of(normals, workers_);
  }
  const Term joined = terms_of(is_transposed ? signature().output()
                                             : signature().input())[static_cast<size_t>(from.term)];
  std::vector<int> in_terms, out_terms;
  for (const Node& n : normals) {
    const Signature s = signature_of(n);
    in_terms.push_back(base_at(s.input(), joined.dim.name));
    out_terms.push_back(base_at(s.output(), joined.dim.name));
    if (in_terms.back() < 0 || out_terms.back() < 0) return std::nullopt;
    // A child whose normal no longer says its extent, as that of an open Identity.
    const int64_t known = terms_of(s.input())[static_cast<size_t>(in_terms.back())].extent;
    if (known == kUnknown) return std::nullopt;
  }
  Joined made = join(normals, in_terms, out_terms);
  return Node{
      std::make_shared<ConcatCore>(std::move(normals), std::move(made.input),
                                   std::move(made.output), std::move(made.signature), "", workers_),
      Mode::forward, nullptr};
}

// Along the joined dim: children and parts of children; along others: all children alike.
Tile ConcatCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  struct Piece {
    size_t child;
    Stretch input, output;  // of the child's own part
  };
  const auto piece = [](const Joint& joint, const Slices& slices, size_t i) {
    if (!joint.is_there()) return Stretch{0, 0};
    const Stretch own = joint.parts[i];
    const auto& slice = slices[static_cast<size_t>(joint.term)];
    const Stretch both = slice ? intersection(own, *slice) : own;
    return Stretch{both.first - own.first, both.count};
  };
  const auto is_cut = [](const Joint& joint, const Slices& slices) {
    return joint.is_there() && slices[static_cast<size_t>(joint.term)];
  };
  std::vector<Piece> pieces;
  size_t begin = children_.size(), end = 0;  // children without elements between others come along
  for (size_t i = 0; i < children_.size(); ++i) {
    pieces.push_back({i, piece(input_, part.input, i), piece(output_, part.output, i)});
    if (is_cut(input_, part.input) && pieces[i].input.count == 0) continue;
    if (is_cut(output_, part.output) && pieces[i].output.count == 0) continue;
    begin = std::min(begin, i);
    end = i + 1;
  }
  if (begin >= end) return no_tile(part);
  pieces = {pieces.begin() + static_cast<ptrdiff_t>(begin),
            pieces.begin() + static_cast<ptrdiff_t>(end)};

  // Each child by itself; along the joined dim a slice is that of the child's own part.
  std::vector<Tile> tiles;
  std::vector<std::optional<Tile>> cuts;
  for (const Piece& p : pieces) {
    TileRequest own = part;
    const auto place = [&](const Joint& joint, Slices& slices, const Stretch& s) {
      if (!joint.is_there()) return;
      const bool is_all = s == Stretch{0, joint.parts[p.child].count};
      auto& slice = slices[static_cast<size_t>(joint.term)];
      slice = is_all ? std::nullopt : std::optional(s);
    };
    place(input_, own.input, p.input);
    place(output_, own.output, p.output);
    cuts.push_back(cut_alike(*this, children_[p.child], own));
    if (!cuts.back()) continue;
    Tile others = *cuts.back();
    if (input_.is_there()) others.input[static_cast<size_t>(input_.term)].reset();
    if (output_.is_there()) others.output[static_cast<size_t>(output_.term)].reset();
    tiles.push_back(std::move(others));
  }
  if (tiles.empty()) return no_tile(part);
  auto [input, output] = common_slices(tiles, part);

  std::vector<Node> made;
  Joint in{input_.term, {}}, out{output_.term, {}};
  int64_t in_count = 0, out_count = 0;
  for (size_t k = 0; k < pieces.size(); ++k) {
    const Piece& p = pieces[k];
    const auto place = [](Joint& joint, Slices& slices, const Stretch& s, int64_t& count) {
      if (!joint.is_there()) return;
      joint.parts.push_back({count, s.count});
      count += s.count;
      slices[static_cast<size_t>(joint.term)] = s;
    };
    place(in, input, p.input, in_count);
    place(out, output, p.output, out_count);
    const Signature whole = signature_of_child(p.child);
    made.push_back(cuts[k] ? widened(whole, *cuts[k], input, output)
                           : zero_part(cut_signature(whole, input, output)));
  }
  const auto span = [](const Joint& whole, Slices& slices, const Piece& first, int64_t count,
                       const Stretch& own) {
    if (!whole.is_there()) return;
    slices[static_cast<size_t>(whole.term)] =
        Stretch{whole.parts[first.child].first + own.first, count};
  };
  span(input_, input, pieces.front(), in_count, pieces.front().input);
  span(output_, output, pieces.front(), out_count, pieces.front().output);
  const Signature shown = cut_signature(signature(), input, output);
  if (made.size() == 1 && name().empty() && signature_of(made.front()) == shown) {
    return {made.front(), input, output};
  }
  return {Node{std::make_shared<ConcatCore>(std::move(made), std::move(in), std::move(out), shown,
                                            name(), workers_),
               Mode::forward, nullptr},
          input, output};
}

namespace {

// The term of a child along which it is joined; -1: not on this side.
int joint_of(const Linop& child, const std::string& name, bool is_input) {
  if (name.empty()) return -1;
  const Dim dim = Dim::parse(name, "Concat");
  const Signature& s = child.signature();
  const Side terms = terms_of(is_input ? s.input() : s.output());
  const char* side = is_input ? "input" : "output";
  for (size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].kind != Term::Kind::dim || terms[i].dim != dim) continue;
    if (terms[i].extent == kUnknown) {
      fail(Code::shape, "Concat", "extent of '{}' is unknown in {}; {}", name, child.label(),
           give_extent(name));
    }
    return static_cast<int>(i);
  }
  fail(Code::shape, "Concat", "{} has no {} dim '{}'; its {} is {}", child.label(), side, name,
       side, braced(terms, false));
}

}  // namespace

Linop Concat(const std::vector<Linop>& given, const ConcatOptions& options) {
  if (given.empty()) {
    fail(Code::argument, "Concat", "no operators; give at least one");
  }
  if (options.idim.empty() && options.odim.empty()) {
    fail(Code::argument, "Concat",
         "no dim to join along; give odim to join outputs, idim to divide the input, or both");
  }
  std::vector<Node> children;
  std::vector<int> in_terms, out_terms;
  for (const Linop& a : given) {
    if (!a) fail(Code::argument, "Concat", "an operand is no operator");
    in_terms.push_back(joint_of(a, options.idim, true));
    out_terms.push_back(joint_of(a, options.odim, false));
    const bool is_one_sided = options.idim.empty() || options.odim.empty() ||
                              Dim::parse(options.idim) != Dim::parse(options.odim);
    for (const std::string& name : {options.idim, options.odim}) {
      if (!is_one_sided || name.empty() || !a.signature().keeps(Dim::parse(name))) continue;
      fail(Code::shape, "Concat",
           "{0} keeps '{1}', whose two sides would differ in extent; give both idim = \"{1}\" and "
           "odim = \"{1}\"",
           a.label(), name);
    }
    children.push_back(a.node());
  }
  Joined made = join(children, in_terms, out_terms);
  return Linop(std::make_shared<ConcatCore>(std::move(children), std::move(made.input),
                                            std::move(made.output),
                                            with_options("Concat", made.signature, options),
                                            options.name, workers_of("Concat", options)));
}

}  // namespace lunops
