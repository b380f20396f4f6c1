// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/low_rank.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/container/constructors.hpp"
#include "runtime/linop/elementary/constructors.hpp"
#include "runtime/linop/elementary/dense.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/one_device.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/plan/rewrite/product.hpp"

namespace lunops {

LowRankCore::LowRankCore(std::vector<Node> factors,
                         bool is_orthonormal,
                         bool is_self_adjoint,
                         Composition composition,
                         std::string name)
    : Core(std::move(composition), std::move(name)),
      factors_(std::move(factors)),
      is_orthonormal_(is_orthonormal),
      is_self_adjoint_(is_self_adjoint) {}

Field LowRankCore::field() const noexcept { return field_of(factors_); }

std::vector<Node> LowRankCore::factors(Mode mode) const {
  std::vector<Node> made;
  for (const Node& f : factors_) made.push_back(with_mode(f, mode));
  if (transposes(mode)) std::reverse(made.begin(), made.end());
  return made;
}

bool LowRankCore::same(const Core& other) const {
  const auto& o = static_cast<const LowRankCore&>(other);
  return is_orthonormal_ == o.is_orthonormal_ && is_self_adjoint_ == o.is_self_adjoint_ &&
         std::equal(factors_.begin(), factors_.end(), o.factors_.begin(), o.factors_.end(),
                    same_node);
}

std::shared_ptr<const Core> LowRankCore::rebuilt(Parts parts) const {
  if (!parts.is_move) return Core::rebuilt(std::move(parts));
  return std::make_shared<LowRankCore>(std::move(parts.children), is_orthonormal_, is_self_adjoint_,
                                       Composition{signature(), inner()}, std::move(parts.name));
}

std::shared_ptr<const Core> LowRankCore::shown_as(const Signature& form) const {
  auto list = shown_children(factors_, signature(), form);
  if (!list) return nullptr;
  return std::make_shared<LowRankCore>(std::move(*list), is_orthonormal_, is_self_adjoint_,
                                       Composition{form, {}}, name());
}

Tile LowRankCore::cut(const TileRequest& request) const {
  return cut_product(*this, factors_, {}, request);
}

void LowRankCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  Product p;
  p.factors = factors(mode);
  b.lower(p, x, y, s);
}

// With L = U or V and D = diag(s) as this mode has them: R^H (D^H L^H L D) R, rank x rank in the
// middle.
std::optional<Node> LowRankCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner != nullptr || is_self_adjoint_) return std::nullopt;
  const std::vector<Node> list = factors(mode);
  const Node left = list.front(), right = list.back();
  const DenseCore* dense = as_dense(left);
  const DiagonalCore* scale = list.size() == 3 ? as_diagonal(list[1]) : nullptr;
  if (dense == nullptr || transposes(left.mode) || (list.size() == 3 && scale == nullptr)) {
    return std::nullopt;
  }
  std::vector<Linop> product{Linop(with_mode(right, Mode::adjoint)), Linop(right)};
  if (is_orthonormal_) {
    if (scale != nullptr) {
      const Node middle{std::make_shared<DiagonalCore>(weight_square(scale->weight()),
                                                       scale->terms(), scale->signature(), ""),
                        Mode::forward, nullptr};
      product.insert(product.begin() + 1, Linop(middle));
    }
  } else {
    // Of V diag(conj(s)), one factor may be conjugated without the other.
    WeightPtr weight = dense->weight();
    Mode mode_of_weight = left.mode;
    if (scale != nullptr) {
      weight = weight_product(weight, dense->terms(), conjugates(left.mode), scale->weight(),
                              scale->terms(), conjugates(list[1].mode), dense->terms());
      mode_of_weight = Mode::forward;
    }
    const Node scaled{std::make_shared<DenseCore>(weight, dense->terms(), dense->signature(), ""),
                      mode_of_weight, nullptr};
    const auto gram = fuse_dense(scaled, nullptr, SumOrder::fixed);
    if (!gram) return std::nullopt;
    product.insert(product.begin() + 1, Linop(gram->node));
  }
  const Linop chain = Chain(product);
  std::vector<Node> nodes;
  for (const Linop& p : product) nodes.push_back(p.node());
  return Node{std::make_shared<LowRankCore>(std::move(nodes), false, true,
                                            composition_of(chain.node()), ""),
              Mode::forward, nullptr};
}

namespace {

constexpr const char* kName = "LowRank";

std::string text_of(const Side& side) {
  std::string text;
  for (const Term& t : side) text += fmt::format("{}{}", text.empty() ? "" : " ", text_of_base(t));
  return text;
}

// A factor with its dims named by a side and the rank dim; unnamed ones have the dims of the side
// that are not kept, then the rank dim.
Tensor named(const Tensor& factor, const char* what, const Side& own, const std::string& rank) {
  if (factor.shape().is_named()) {
    std::vector<Dim> dims;
    for (const Dim& d : factor.shape().dims()) dims.push_back(d.without_primes());
    return factor.with_shape(Shape(std::move(dims), factor.shape().extents()));
  }
  if (factor.ndim() != static_cast<int>(own.size()) + 1) {
    fail(Code::shape, kName, "{} is {} without names; it would have the dims {} and a rank dim",
         what, factor.shape().braced(), text_of(own));
  }
  std::vector<Dim> dims;
  for (const Term& t : own) dims.push_back(t.dim.without_primes());
  dims.push_back(Dim::parse(rank));
  return factor.with_shape(Shape(std::move(dims), factor.shape().extents()));
}

// The one dim of a factor that the side does not have.
std::string rank_of(const Tensor& factor, const char* what, const Side& side) {
  std::string rank;
  int found = 0;
  for (const Dim& d : factor.shape().dims()) {
    const bool is_there = std::any_of(side.begin(), side.end(), [&](const Term& t) {
      return t.kind == Term::Kind::dim && t.dim.name == d.name;
    });
    if (is_there) continue;
    rank = std::string(d.name.text());
    ++found;
  }
  if (found != 1) {
    fail(Code::shape, kName, "{} {} has {} beside {}; it has one, the rank dim", what,
         factor.shape().braced(), found == 0 ? "no dim" : fmt::format("{} dims", found),
         braced(side, false));
  }
  return rank;
}

// The columns are where C^H C v = v, here for a random v.
void check_orthonormal(const Linop& factor, const char* what, DType dtype) {
  Context context = on_device(factor.device().value_or(Device::host()), Context());
  const Shape in = factor.ishape();
  std::vector<int64_t> extents;
  for (const int64_t n : in.extents()) extents.push_back(n == kUnknown ? 1 : n);
  const Tensor probe = randn(Shape(in.dims(), extents), dtype, 1, context);
  const Tensor off =
      binary(Binary::subtract, factor.H()(factor(probe, context), context), probe, context);
  const double size = norm(probe, context), error = size == 0 ? 0 : norm(off, context) / size;
  const double most = is_double(dtype) ? 1e-10 : 1e-4;
  if (error <= most) return;
  fail(Code::argument, kName,
       "orthonormal = true but the columns of {0} are not: |{0}^H {0} v - v| / |v| is {1:.1e} for "
       "a random v; at most {2:g} is taken",
       what, error, most);
}

}  // namespace

Linop LowRank(const Tensor& u,
              const Tensor& v,
              std::string_view text,
              const LowRankOptions& options) {
  require_one_device(kName, {{"U", &u}, {"V", &v}, {"s", options.s ? &*options.s : nullptr}});
  const SignatureText parsed = parse_signature(kName, text);
  if (parsed.is_one_sided) {
    fail(Code::shape, kName, "\"{}\" has one side; write \"n -> m\"", text);
  }
  const Signature& signature = parsed.signature;
  const Side in = terms_of(signature.input()), out = terms_of(signature.output());
  Side in_only, out_only;
  std::string inner;  // kept dims, "...", and the rank dim to come
  for (const Term& t : signature.input()) {
    const bool is_kept = t.kind == Term::Kind::ellipsis || find_term(out, t) >= 0;
    if (is_kept) inner += fmt::format("{} ", text_of_base(t));
    if (!is_kept) in_only.push_back(t);
  }
  for (const Term& t : out) {
    if (find_term(in, t) < 0) out_only.push_back(t);
  }
  for (const Side* side : {&in, &out}) {
    for (const Term& t : *side) {
      if (t.kind == Term::Kind::dim) continue;
      fail(Code::shape, kName, "'{}' has no name; name the dims of both sides", text_of_base(t));
    }
  }
  std::string rank = "rank";
  if (u.shape().is_named()) {
    rank = rank_of(u, "U", out);
  } else if (v.shape().is_named()) {
    rank = rank_of(v, "V", in);
  } else if (options.s && options.s->shape().is_named() && options.s->ndim() == 1) {
    rank = std::string(options.s->shape().dim(0).name.text());
  }
  const Tensor left = named(u, "U", out_only, rank), right = named(v, "V", in_only, rank);
  if (const std::string other = rank_of(right, "V", in); other != rank_of(left, "U", out)) {
    fail(Code::shape, kName, "the rank dim of U is '{}' but that of V is '{}'; rename one of them",
         rank, other);
  }
  const std::string from = inner + rank;
  const Linop make_out = Dense(left, fmt::format("{} -> {}", from, text_of(signature.output())));
  const Linop make_in = Dense(right, fmt::format("{} -> {}", from, text_of(signature.input())));
  std::vector<Linop> product{make_out, make_in.H()};
  if (options.s) {
    if (options.s->ndim() != 1) {
      fail(Code::shape, kName, "s is {}; it has one dim, '{}'", options.s->shape().braced(), rank);
    }
    const Tensor s =
        options.s->shape().is_named()
            ? *options.s
            : options.s->with_shape(Shape({Dim::parse(rank)}, options.s->shape().extents()));
    product.insert(product.begin() + 1, Diagonal(s, from));
  }
  if (options.orthonormal) {
    check_orthonormal(make_out, "U", u.dtype());
    check_orthonormal(make_in, "V", v.dtype());
  }
  const Linop chain = Chain(product);
  Composition composition = composition_of(chain.node());
  composition.signature = with_options(kName, composition.signature, options);
  std::vector<Node> nodes;
  for (const Linop& p : product) nodes.push_back(p.node());
  return Linop(std::make_shared<LowRankCore>(std::move(nodes), options.orthonormal, false,
                                             std::move(composition), options.name));
}

}  // namespace lunops
