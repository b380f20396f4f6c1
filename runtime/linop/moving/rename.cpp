// SPDX-License-Identifier: MIT
#include "runtime/linop/moving/rename.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

std::optional<Node> RenameCore::exact_normal(Mode mode, const Node* inner) const {
  if (inner == nullptr) return PairedCore::exact_normal(mode, inner);
  const Side in = terms_of(signature(mode).input()), out = terms_of(signature(mode).output());
  const Linop m(*inner);
  // M must name all dims, and nothing else that a new name could meet.
  const std::vector<Dim> dims = m.dims();
  std::vector<std::pair<std::string, std::string>> names;
  const auto has = [&](Dim dim) {
    return std::any_of(dims.begin(), dims.end(), [&](const Dim& d) { return d.name == dim.name; });
  };
  for (size_t i = 0; i < out.size(); ++i) {
    if (in[i].kind != Term::Kind::dim || out[i].kind != Term::Kind::dim) return std::nullopt;
    if (!has(out[i].dim)) return std::nullopt;
    names.emplace_back(out[i].dim.name.text(), in[i].dim.name.text());
  }
  for (const Dim& d : dims) {
    const auto is_known = [&](const auto& n) { return n.first == d.name.text(); };
    if (std::none_of(names.begin(), names.end(), is_known)) return std::nullopt;
  }
  if (terms_of(m.signature().input()).size() != in.size()) return std::nullopt;
  if (m.signature().is_open() != signature().is_open()) return std::nullopt;
  std::erase_if(names, [](const auto& n) { return n.first == n.second; });
  return m.rename(names).node();
}

std::shared_ptr<const Core> RenameCore::shown_as(const Signature& form) const {
  return std::make_shared<RenameCore>(pairs(), form, name());
}

Tile RenameCore::cut(const TileRequest& request) const {
  TileRequest part = request;
  const auto facing = [](size_t, const Stretch& s) { return s; };
  if (!agree_on_pairs(signature(), pairs(), part, facing)) return no_tile(part);
  return tile_of(shown_as(cut_signature(signature(), part.input, part.output)), part);
}

std::optional<Operand> RenameCore::view(Mode mode, const Operand& x) const {
  return reordered(x, dims(mode, x.shape.ndim()));
}

namespace {

bool is_ellipsis(const Term& t) { return t.kind == Term::Kind::ellipsis; }

}  // namespace

Linop Rename(std::string_view text, const LinopOptions& options) {
  const SignatureText parsed = parse_signature("Rename", text);
  if (parsed.is_one_sided) {
    fail(Code::shape, "Rename", "\"{}\" has one side; write the new names after '->'", text);
  }
  const Side &in = parsed.signature.input(), &out = parsed.signature.output();
  if (in.size() != out.size()) {
    fail(
        Code::shape, "Rename",
        "\"{}\" has {} dims before '->' and {} after; names are exchanged one for one, by position",
        text, in.size(), out.size());
  }
  // A name that stands on both sides at different positions is two dims.
  Side renamed = out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (is_ellipsis(in[i]) != is_ellipsis(out[i])) {
      fail(Code::shape, "Rename",
           "\"{}\" moves '...'; data are not moved, so write it at the same position", text);
    }
    const int at = find_term(in, renamed[i]);
    if (at < 0 || static_cast<size_t>(at) == i) continue;
    renamed[i].dim.primes = 1;
    renamed[i].extent = kUnknown;  // it was that of the other dim with this name
  }
  const Signature signature =
      with_options("Rename", Signature(in, renamed, parsed.signature.is_open()), options);
  std::vector<TermPair> pairs = mixed_pairs("Rename", signature);
  const Signature sized = with_equal_pairs("Rename", signature, pairs);
  return Linop(std::make_shared<RenameCore>(std::move(pairs), sized, options.name));
}

}  // namespace lunops
