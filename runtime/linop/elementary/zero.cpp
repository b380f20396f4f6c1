// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/zero.hpp"

#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

namespace {

// y = 0, in the output's own shape.
class ZeroCore final : public Core {
 public:
  using Core::Core;
  std::string_view kind() const noexcept override { return "Zero"; }
  Field field() const noexcept override { return Field::real; }
  bool is_self_adjoint() const noexcept override {
    return signature(Mode::forward) == signature(Mode::adjoint);
  }
  std::optional<Node> exact_normal(Mode mode, const Node*) const override {
    const Signature& sig = signature(mode);
    return Node{std::make_shared<ZeroCore>(sig.normal(), ""), Mode::forward, nullptr};
  }
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<ZeroCore>(signature(), parts.name);
  }
  void complete(Mode, const Shape& in, Shape& out) const override {
    // A dim on both sides of the normal has one extent.
    for (int i = 0; i < out.ndim(); ++i) {
      const int at = in.find_base(out.dim(i).name);
      if (out.extent(i) == kUnknown && at >= 0) out = out.with_extent(i, in.extent(at));
    }
  }
  Tile cut(const TileRequest& request) const override {
    TileRequest part = request;
    if (!agree_on_kept(signature(), part)) return no_tile(part);
    return tile_of(
        std::make_shared<ZeroCore>(cut_signature(signature(), part.input, part.output), name()),
        part);
  }
  void lower(
      Builder& b, Mode, const Operand&, const Operand& y, const StepScale& s) const override {
    b.add(prepare_step(make_ref(y), s));
  }
};

}  // namespace

bool as_zero(const Node& node) noexcept {
  return dynamic_cast<const ZeroCore*>(node.core.get()) != nullptr;
}

std::shared_ptr<const Core> make_zero(const Signature& signature) {
  return std::make_shared<ZeroCore>(signature, "");
}

Linop Zero(std::string_view text, const LinopOptions& options) {
  const SignatureText parsed = parse_signature("Zero", text);
  const Signature signature =
      parsed.is_one_sided ? Signature(parsed.side, parsed.side) : parsed.signature;
  return Linop(std::make_shared<ZeroCore>(with_options("Zero", signature, options), options.name));
}

}  // namespace lunops
