// SPDX-License-Identifier: MIT
#include "runtime/plan/explain.hpp"
#include "runtime/linop/container/tiled.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/linop/bytes.hpp"
#include "runtime/linop/container/planned.hpp"
#include "runtime/plan/cost.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

namespace {

std::string count_text(double n, const char* unit) {
  const char* prefix = "";
  for (const char* next : {"k", "M", "G", "T"}) {
    if (n < 1000) break;
    n /= 1000;
    prefix = next;
  }
  return fmt::format("{:.3g} {}{}", n, prefix, unit);
}

std::string seconds_text(double s) {
  if (s < 1e-3) return fmt::format("{:.3g} us", s * 1e6);
  if (s < 1) return fmt::format("{:.3g} ms", s * 1e3);
  return fmt::format("{:.3g} s", s);
}

ExplainedNode tree_of(const Linop& a) {
  ExplainedNode node;
  node.name = a.label();
  node.signature = a.signature().text();
  const TiledCore* tiled = as_tiled(a.node());
  for (const Linop& child : a.children()) {
    node.children.push_back(tree_of(child));
    if (tiled != nullptr && tiled->is_leaves()) break;  // the others differ in their weights alone
  }
  return node;
}

// Columns of lines that stand below each other.
struct Widths {
  size_t name = 0, signature = 0;
};

void measure(const std::vector<ExplainedNode>& nodes, size_t depth, Widths& w) {
  for (const ExplainedNode& n : nodes) {
    w.name = std::max(w.name, 2 * depth + n.name.size());
    w.signature = std::max(w.signature, n.signature.size());
    measure(n.children, depth + 1, w);
  }
}

// Steps are numbered in the order in which they run; operators of several steps have no number.
void put_nodes(const std::vector<ExplainedNode>& nodes,
               size_t depth,
               const Widths& w,
               int& number,
               std::string& out) {
  for (const ExplainedNode& n : nodes) {
    const bool is_step = n.children.empty();
    const bool is_view = is_step && n.flops == 0 && n.bytes == 0;
    out += fmt::format("\n  {:<2} {:<{}}  {:<{}}",
                       is_step && !is_view ? fmt::format("{}", ++number) : "",
                       std::string(2 * depth, ' ') + n.name, w.name, n.signature, w.signature);
    out += is_view
               ? fmt::format("  {:>10}", "view")
               : fmt::format("  {:>10}  {:>10}", count_text(n.flops, "flop"), bytes_text(n.bytes));
    if (n.workspace > 0) {
      out += fmt::format("  workspace {}", bytes_text(static_cast<double>(n.workspace)));
    }
    if (is_step && n.is_atomic) out += "  atomic";
    put_nodes(n.children, depth + 1, w, number, out);
  }
}

void put_written(const ExplainedNode& node, size_t depth, size_t width, std::string& out) {
  out += fmt::format("\n     {:<{}}  {}", std::string(2 * depth, ' ') + node.name, width,
                     node.signature);
  for (const ExplainedNode& child : node.children) put_written(child, depth + 1, width, out);
}

// Devices on which the first application needs more than later ones.
void put_building(const PlanFigures& figures, std::string& out) {
  std::string list;
  for (const PlanFigures::OnDevice& on : figures.devices) {
    if (on.building <= on.peak) continue;
    list += fmt::format("{}{} on {}", list.empty() ? "" : ", ",
                        bytes_text(static_cast<double>(on.building)), on.device.text());
  }
  if (!list.empty()) out += fmt::format("\n  while kernels are made: {}", list);
}

void put_devices(const PlanFigures& figures, std::string& out) {
  out += fmt::format("\n  {:<8} {:>5}  {:>12}  {:>9}  {:>9}  {:>10}", "device", "tiles",
                     "upload/apply", "compute", "transfer", "peak");
  double compute = 0, transfer = 0;
  for (const PlanFigures::OnDevice& on : figures.devices) {
    compute = std::max(compute, on.compute);
    transfer = std::max(transfer, on.transfer);
    out += fmt::format("\n  {:<8} {:>5}  {:>12}  {:>9}  {:>9}  {:>10}", on.device.text(), on.tiles,
                       bytes_text(on.moved), seconds_text(on.compute), seconds_text(on.transfer),
                       bytes_text(static_cast<double>(on.peak)));
  }
  out += fmt::format("\n  total {} per application, bound by {}", seconds_text(figures.seconds),
                     transfer > compute ? "transfer" : "compute");
}

}  // namespace

Explained explain(
    const Linop& a, const Shape& x, DType dtype, Context& context, const PlanOptions& given) {
  Layout layout;
  layout.shape = x;
  layout.strides.assign(static_cast<size_t>(x.ndim()), 1);
  for (int i = x.ndim() - 1; i-- > 0;) {
    layout.strides[static_cast<size_t>(i)] =
        layout.strides[static_cast<size_t>(i) + 1] * std::max<int64_t>(x.extent(i + 1), 0);
  }
  PlanOptions options = given;
  options.is_dry = true;
  const auto plan = make_plan(a.node(), layout, dtype, nullptr, context, options);

  Explained e;
  e.headline = fmt::format("{}  {} -> {}   {}   base {}", a.label(), x.text(),
                           plan->output()->shape.text(), name_of(dtype), context.device.text());
  e.rewritten = plan->rewritten();
  e.choices = plan->choices();
  e.written = tree_of(a);
  e.root.name = a.label();
  e.root.signature = a.signature().text();
  e.root.children = plan->nodes();
  for (const auto& step : plan->steps()) {
    e.flops += step->flops;
    e.bytes += step->bytes;
    e.root.is_atomic = e.root.is_atomic || step->is_atomic;
  }
  e.root.flops = e.flops;
  e.root.bytes = e.bytes;
  e.root.workspace = e.workspace = plan->workspace();
  e.persistent = plan->persistent();
  const auto bytes_of = [&](const Shape& s) {
    return static_cast<size_t>(s.count()) * size_of(dtype);
  };
  e.peak = e.persistent + e.workspace + bytes_of(x) + bytes_of(plan->output()->shape);
  e.figures = figures_of(*plan, a.node(), x, dtype);
  e.seconds = e.figures.seconds;
  if (const PlannedCore* planned = as_planned(a.node())) e.tiles = planned->report()->tiles();
  e.planning_seconds = plan->seconds();
  e.fft = context.backend().fft_planning();
  return e;
}

std::string Explained::text() const {
  std::string out = headline;
  for (size_t i = 0; i < rewritten.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "\n  rewritten: " : "; ", rewritten[i]);
  }
  for (const ExplainedChoice& c : choices) {
    out += fmt::format("\n  {}: {}, because {}", c.node, c.chosen, c.why);
    std::string list;
    for (const auto& [name, seconds] : c.estimates) {
      list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name, seconds_text(seconds));
    }
    if (!list.empty()) out += fmt::format(" ({})", list);
  }
  out += fmt::format("\n  {}, {} per application, about {}; workspace {}, kept {}, peak {}",
                     count_text(flops, "flop"), bytes_text(bytes), seconds_text(seconds),
                     bytes_text(static_cast<double>(workspace)),
                     bytes_text(static_cast<double>(persistent)),
                     bytes_text(static_cast<double>(peak)));
  if (!tiles.empty()) out += fmt::format("\n  tiles: {}", tiles);
  if (figures.devices.size() > 1) put_devices(figures, out);
  if (!tiles.empty()) put_building(figures, out);
  if (!rewritten.empty()) {
    Widths w;
    measure({written}, 0, w);
    out += "\n  as written";
    put_written(written, 0, w.name, out);
    out += "\n  as planned";
  }
  Widths w;
  measure(root.children, 0, w);
  int number = 0;
  put_nodes(root.children, 0, w, number, out);
  out += fmt::format("\n  planned in {}", seconds_text(planning_seconds));
  out += fmt::format("\n  FFT plans of this process: {} from wisdom, {} measured, {}",
                     fft.from_wisdom, fft.measured, seconds_text(fft.seconds));
  return out;
}

}  // namespace lunops
