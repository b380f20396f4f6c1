// SPDX-License-Identifier: MIT
#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/container/tiled.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

namespace {

std::string arrow(const Signature& sig, bool has_extents) {
  return fmt::format("{} -> {}", braced(sig.input(), has_extents),
                     braced(sig.output(), has_extents));
}

struct Row {
  std::string lead, head, shapes, details;
};

// Names of the dims of `at` that a factor takes as batch.
std::string over_text(const Node& node, const Shape& at) {
  std::string names;
  const Binding binding = bind(signature_of(node), label_of(node), at);
  for (const int p : binding.batch) {
    names += fmt::format("{}{}", names.empty() ? ", over " : " ", binding.input.dim(p).text());
  }
  return names;
}

// Which dims each factor of a chain takes as batch, where the input's dims are all named.
std::vector<std::string> batch_texts(const Node& node, const std::vector<Node>& factors) {
  std::vector<std::string> texts(factors.size());
  const Signature sig = signature_of(node);
  for (const Term& t : sig.input()) {
    if (t.kind != Term::Kind::dim) return texts;
  }
  Shape at = sig.ishape();
  for (size_t i = factors.size(); i-- > 0;) {
    texts[i] = over_text(factors[i], at);
    at = output_of(factors[i], at);
  }
  return texts;
}

void collect_tiles(const TiledCore& core,
                   Mode mode,
                   const std::vector<const TiledCore::Part*>& parts,
                   size_t axis,
                   const std::string& below,
                   bool ends,
                   std::vector<Row>& rows);

// `where`: the device that a container brings data to, or nothing.
void collect(const Node& node,
             const std::string& lead,
             const std::string& below,
             const std::string& over,
             const std::string& where,
             std::vector<Row>& rows) {
  std::string details = node.core->details();
  if (!where.empty()) details += details.empty() ? where : ", " + where;
  rows.push_back({lead, label_of(node), arrow(signature_of(node), false) + over, details});
  if (const TiledCore* tiled = as_tiled(node)) {
    if (tiled->is_leaves()) {  // which differ in their weights alone
      collect(with_mode(tiled->parts().front().op, node.mode), below + "└─ ", below + "   ", "",
              "each leaf", rows);
      return;
    }
    std::vector<const TiledCore::Part*> parts;
    for (const TiledCore::Part& p : tiled->parts()) parts.push_back(&p);
    collect_tiles(*tiled, node.mode, parts, 0, below, true, rows);
    return;
  }
  std::vector<Node> children = node.core->children();
  const bool is_chain = node.core->kind() == "Chain";
  if (is_chain && transposes(node.mode)) std::reverse(children.begin(), children.end());
  if (node.core->kind() != "Normal") {
    for (Node& c : children) c = with_mode(c, node.mode);
  }
  const std::vector<std::string> texts = is_chain && node.form == nullptr
                                             ? batch_texts(node, children)
                                             : std::vector<std::string>(children.size());
  for (size_t i = 0; i < children.size(); ++i) {
    const bool is_last = i + 1 == children.size();
    collect(children[i], below + (is_last ? "└─ " : "├─ "), below + (is_last ? "   " : "│  "),
            texts[i], "", rows);
  }
}

// The Concat or Add along an axis of the grid, of those along the next one, of the tiles.  `ends`:
// nothing follows beside it.
void collect_tiles(const TiledCore& core,
                   Mode mode,
                   const std::vector<const TiledCore::Part*>& parts,
                   size_t axis,
                   const std::string& below,
                   bool ends,
                   std::vector<Row>& rows) {
  while (axis < core.axes().size() && core.tiles_along(axis) < 2) ++axis;
  const auto lead = [&](bool is_last) { return below + (is_last ? "└─ " : "├─ "); };
  const auto under = [&](bool is_last) { return below + (is_last ? "   " : "│  "); };
  if (axis == core.axes().size()) {
    for (const TiledCore::Part* p : parts) {
      const bool is_last = ends && p == parts.back();
      collect(with_mode(p->op, mode), lead(is_last), under(is_last), "",
              p->device ? p->device->text() : "", rows);
    }
    return;
  }
  std::vector<std::vector<const TiledCore::Part*>> groups;
  for (const TiledCore::Part* p : parts) {
    const auto mine = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.front()->index[axis] == p->index[axis];
    });
    if (mine == groups.end()) {
      groups.push_back({p});
    } else {
      mine->push_back(p);
    }
  }
  const TiledAxis& cut = core.axes()[axis];
  const bool adds = is_added(cut, mode);
  const char* kind = cut.kind == TiledAxis::Kind::inner ? "Add" : "Concat";
  rows.push_back(
      {lead(ends), fmt::format("{} over {}", kind, cut.dim.text()), adds ? "added" : "joined", ""});
  const std::string inside = under(ends);
  for (const auto& group : groups) {
    collect_tiles(core, mode, group, axis + 1, inside, &group == &groups.back(), rows);
  }
}

// Columns on the screen: bytes that begin a character.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string Linop::text() const { return fmt::format("{} {}", label(), arrow(signature(), true)); }

std::string Linop::tree(int max_lines) const {
  std::string head = label();
  if (const auto t = dtype()) head += fmt::format(" {}", name_of(*t));
  if (const auto d = device()) head += fmt::format(" {}", d->text());
  head += fmt::format("  {}", arrow(signature(), true));
  const std::string note = node_.core->details();
  std::vector<Row> rows;
  collect(node_, "", "", "", "", rows);
  rows.erase(rows.begin());
  if (rows.empty()) return note.empty() ? head : fmt::format("{}  {}", head, note);
  size_t head_width = 0, shape_width = 0;
  for (const Row& r : rows) {
    head_width = std::max(head_width, width(r.lead) + width(r.head));
    shape_width = std::max(shape_width, width(r.shapes));
  }
  std::string text = head;
  int lines = 1;
  for (const Row& r : rows) {
    if (++lines > max_lines) {
      text += fmt::format("\n… {} more", rows.size() - static_cast<size_t>(lines) + 2);
      break;
    }
    text += fmt::format("\n{}{}", r.lead, r.head);
    text += std::string(head_width - width(r.lead) - width(r.head) + 2, ' ') + r.shapes;
    if (!r.details.empty()) {
      text += std::string(shape_width - width(r.shapes) + 2, ' ') + r.details;
    }
  }
  return text;
}

}  // namespace lunops
