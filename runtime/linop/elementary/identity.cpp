// SPDX-License-Identifier: MIT
#include "runtime/linop/elementary/identity.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

std::optional<Node> IdentityCore::exact_normal(Mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  return Node{shared_from_this(), Mode::forward, nullptr};
}

void IdentityCore::lower(
    Builder& b, Mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.copy(x, y, s);
}

Tile IdentityCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  if (!agree_on_kept(signature(), part)) return no_tile(part);
  return tile_of(
      std::make_shared<IdentityCore>(cut_signature(signature(), part.input, part.output), name()),
      part);
}

std::optional<Operand> IdentityCore::view(Mode, const Operand& x) const { return x; }

std::shared_ptr<const Core> identity_like(const Signature& signature) {
  return std::make_shared<IdentityCore>(
      Signature(signature.input(), signature.input(), signature.is_open()), "");
}

Linop Identity(std::string_view text, const LinopOptions& options) {
  const SignatureText parsed = parse_signature("Identity", text);
  if (!parsed.is_one_sided) {
    fail(Code::shape, "Identity",
         "\"{}\" has two sides; an identity keeps its dims, so name them once", text);
  }
  return Linop(std::make_shared<IdentityCore>(
      with_options("Identity", Signature(parsed.side, parsed.side), options), options.name));
}

}  // namespace lunops
