// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/repeat.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

Mode RepeatCore::canonical(Mode mode) const noexcept {
  return transposes(mode) ? Mode::adjoint : Mode::forward;
}

std::optional<Node> RepeatCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || sums(mode)) return std::nullopt;
  const Signature& own = signature(mode);
  const Side in = terms_of(own.input());
  double copies = 1;
  for (const Term& t : terms_of(own.output())) {
    if (find_term(in, t) >= 0) continue;
    if (t.extent == kUnknown) return std::nullopt;
    copies *= static_cast<double>(t.extent);
  }
  const Signature on_input(own.input(), own.input(), own.is_open());
  return Node{std::make_shared<ScalarCore>(copies, on_input, ""), Mode::forward, nullptr};
}

std::shared_ptr<const Core> RepeatCore::shown_as(const Signature& form) const {
  return std::make_shared<RepeatCore>(is_sum_, form, name());
}

Tile RepeatCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(shown_as(cut_signature(signature(), part.input, part.output)), part);
}

std::vector<int64_t> RepeatCore::spread(const Operand& narrow, int wide_ndim) const {
  const Side& wide_side = is_sum_ ? signature().input() : signature().output();
  const Side& narrow_side = is_sum_ ? signature().output() : signature().input();
  const Side wide_terms = terms_of(wide_side), narrow_terms = terms_of(narrow_side);
  const Places to = places(wide_side, signature().is_open(), wide_ndim);
  const Places from = places(narrow_side, signature().is_open(), narrow.shape.ndim());
  std::vector<int64_t> strides(static_cast<size_t>(wide_ndim), 0);
  const auto link = [&](int source, int target) {
    strides[static_cast<size_t>(target)] = narrow.strides[static_cast<size_t>(source)];
  };
  for (int i = 0; i < to.batch_count; ++i) link(from.batch_first + i, to.batch_first + i);
  for (size_t i = 0; i < narrow_terms.size(); ++i) {
    link(from.term[i], to.term[static_cast<size_t>(find_term(wide_terms, narrow_terms[i]))]);
  }
  return strides;
}

void RepeatCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  if (sums(mode)) {
    b.add(sum_step(make_ref(x), make_ref(y, x.shape.extents(), spread(y, x.shape.ndim())), s,
                   b.options().sum_order()));
  } else {
    b.add(axpby_step(make_ref(x, y.shape.extents(), spread(x, y.shape.ndim())), false, make_ref(y),
                     s));
  }
}

std::optional<Operand> RepeatCore::view(Mode mode, const Operand& x) const {
  if (sums(mode)) return std::nullopt;
  const Shape out = output_of(Node{shared_from_this(), mode, nullptr}, x.shape);
  if (!out.is_known()) return std::nullopt;
  Operand repeated = x;
  repeated.shape = out;
  repeated.strides = spread(x, out.ndim());
  return repeated;
}

const RepeatCore* as_repeat(const Node& node) noexcept {
  return node.form == nullptr ? dynamic_cast<const RepeatCore*>(node.core.get()) : nullptr;
}

namespace {

Linop make_repeat(bool is_sum, std::string_view text, const LinopOptions& options) {
  const char* name = is_sum ? "SumReduce" : "Repeat";
  const SignatureText parsed = parse_signature(name, text);
  if (parsed.is_one_sided) {
    fail(Code::shape, name, "\"{}\" has one side; write what is left after '->', as in \"{}\"",
         text, is_sum ? "a b -> a" : "a -> a b");
  }
  const Side in = terms_of(parsed.signature.input()), out = terms_of(parsed.signature.output());
  const auto shown = [](const Term& t) {
    return t.kind == Term::Kind::dim ? t.dim.text() : text_of_base(t);
  };
  if (is_sum) {
    for (const Term& t : out) {
      if (find_term(in, t) >= 0) continue;
      fail(Code::shape, name,
           "\"{}\" makes '{}', which the input does not have; use Repeat for a "
           "new dim",
           text, shown(t));
    }
    if (in.size() == out.size()) {
      fail(Code::shape, name,
           "\"{}\" sums over nothing; leave out a dim after '->', or use Permute "
           "for another order",
           text);
    }
  } else {
    for (const Term& t : in) {
      if (find_term(out, t) >= 0) continue;
      fail(Code::shape, name, "\"{}\" loses '{}'; use SumReduce to sum over it", text, shown(t));
    }
    if (in.size() == out.size()) {
      fail(Code::shape, name,
           "\"{}\" has no new dim; name one after '->', or use Permute for "
           "another order",
           text);
    }
  }
  return Linop(std::make_shared<RepeatCore>(is_sum, with_options(name, parsed.signature, options),
                                            options.name));
}

}  // namespace

Linop SumReduce(std::string_view text, const LinopOptions& options) {
  return make_repeat(true, text, options);
}

Linop Repeat(std::string_view text, const LinopOptions& options) {
  return make_repeat(false, text, options);
}

}  // namespace lunops
