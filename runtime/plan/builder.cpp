// SPDX-License-Identifier: MIT
#include "runtime/plan/builder.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/elementary/pointwise.hpp"
#include "runtime/linop/elementary/scalar.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/cost.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops {

Builder::Builder(Context& context, const PlanOptions& options)
    : contexts_{&context}, options_(options) {
  plan_->devices_.push_back(context.device);
  plan_->persistents_.push_back(0);
  plan_->buildings_.push_back(0);
}

int Builder::number_of(Device device) {
  std::vector<Device>& all = plan_->devices_;
  const auto found = std::find(all.begin(), all.end(), device);
  if (found != all.end()) return static_cast<int>(found - all.begin());
  if (all.size() == kMostDevices) {
    fail(Code::unsupported, "plan", "one application uses more than {} devices", kMostDevices);
  }
  others_.push_back(std::make_unique<Context>(on_device(device, *contexts_.front())));
  contexts_.push_back(others_.back().get());
  all.push_back(device);
  plan_->persistents_.push_back(0);
  plan_->buildings_.push_back(0);
  return static_cast<int>(all.size()) - 1;
}

Operand Builder::slot(const Shape& shape, DType dtype) {
  return slot(shape, dtype, context().device);
}

Operand Builder::slot(const Shape& shape, DType dtype, Device device) {
  Operand o;
  o.device = device;
  o.shape = shape;
  o.strides = row_major(shape.extents());
  o.dtype = dtype;
  o.place = Place::slot;
  o.slot = static_cast<int>(slots_.size());
  slots_.push_back({static_cast<size_t>(shape.count()) * size_of(dtype), number_of(device), lane_});
  return o;
}

Operand Builder::shared_slot(const Shape& shape, DType dtype, Device device) {
  const int lane = std::exchange(lane_, -1);
  Operand made = slot(shape, dtype, device);
  lane_ = lane;
  return made;
}

Tensor Builder::values(const WeightPtr& w, DType dtype) {
  if (!(w->device() == context().device)) {
    // The copy that all share who need these elements there; kept, so that others find it.
    const WeightPtr copy = weight_copy(w, context().device);
    auto& kept = plan_->weights_;
    if (std::find(kept.begin(), kept.end(), copy) == kept.end()) kept.push_back(copy);
    return values(copy, dtype);
  }
  if (!w->is_given() || w->tensor().dtype() != dtype) {
    const size_t bytes = static_cast<size_t>(w->count()) * size_of(dtype);
    persists(w.get(), bytes);
    const WeightPtr& origin = w->origin();
    if (origin != nullptr && origin->is_given() && origin->tensor().dtype() != dtype) {
      // Converted before it goes.
      const Switch there(*this, origin->device());
      persists(nullptr, 0, bytes);
    }
  }
  // What rewriting makes of weights may live in this plan alone, and addresses tell them apart.
  weights_seen_.push_back(w);
  if (is_dry()) return {};
  Tensor made = w->as(dtype, context());
  plan_->kept_.push_back(made);
  return made;
}

Ref Builder::Values::seen_as(const std::vector<int64_t>& extents,
                             const std::vector<int64_t>& strides) const {
  Ref made = ref;
  made.view.ndim = static_cast<int>(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    made.view.extent[i] = extents[i];
    made.view.stride[i] = strides[i];
  }
  return made;
}

Builder::Values Builder::placed_values(const WeightPtr& w, DType dtype) {
  if (w->is_anywhere() || w->device() == context().device) {
    const Tensor made = values(w, dtype);
    if (made.is_empty_handle()) {
      return {make_constant(nullptr, dtype, {}, {}), std::vector<int64_t>(w->extents().size(), 1)};
    }
    return {make_constant(made.data(), dtype, {}, {}), made.strides()};
  }
  Tensor there;
  {
    const Switch source(*this, w->device());
    there = values(w, dtype);
  }
  const Operand copy = slot(Shape::unnamed(w->extents()), dtype);
  const Ref from = there.is_empty_handle()
                       ? make_constant(nullptr, dtype, w->extents(), copy.strides)
                       : make_constant(there.data(), dtype, w->extents(), there.strides());
  transfer(from, make_ref(copy), {}, w->device(), context().device, w->owner(), "weight");
  return {make_ref(copy, {}, {}), copy.strides};
}

Ref Builder::weight(const WeightPtr& w,
                    DType dtype,
                    const std::vector<int64_t>& extents,
                    const Side& dims,
                    const Side& terms) {
  const Values placed = placed_values(w, dtype);
  return placed.seen_as(extents, strides_for(dims, terms, placed.strides));
}

void Builder::label(std::string operation, std::string text) {
  label_ = std::move(operation);
  text_ = std::move(text);
}

namespace {

ExplainedNode node_of(const Step& step) {
  ExplainedNode node;
  node.name = step.label;
  node.signature = step.text;
  node.flops = step.flops;
  node.bytes = step.bytes;
  node.workspace = step.scratch_bytes;
  node.is_atomic = step.is_atomic;
  return node;
}

std::string sides_text(const Operand& x, const Operand& y) {
  return fmt::format("{} -> {}", x.shape.braced(), y.shape.braced());
}

}  // namespace

void Builder::begin_node(const std::string& name, const std::string& signature) {
  ExplainedNode node;
  node.name = name;
  node.signature = signature;
  open_.push_back(std::move(node));
}

void Builder::end_node() {
  ExplainedNode node = std::move(open_.back());
  open_.pop_back();
  for (const ExplainedNode& child : node.children) {
    node.flops += child.flops;
    node.bytes += child.bytes;
    node.workspace = std::max(node.workspace, child.workspace);
    node.is_atomic = node.is_atomic || child.is_atomic;
  }
  const bool is_one_step = node.children.size() == 1 && node.children.front().children.empty();
  if (is_one_step) node = ExplainedNode(std::move(node.children.front()));
  (open_.empty() ? plan_->nodes_ : open_.back().children).push_back(std::move(node));
}

void Builder::add(std::unique_ptr<Step> step) {
  if (step->label.empty()) step->label = label_;
  if (step->text.empty()) step->text = text_;
  if (step->source < 0) step->device = device_;
  step->tile = tile_;
  (open_.empty() ? plan_->nodes_ : open_.back().children).push_back(node_of(*step));
  if (recorded_ != nullptr) {
    recorded_->push_back(std::move(step));
  } else {
    append(std::move(step));
  }
}

void Builder::append(std::unique_ptr<Step> step) {
  const int number = static_cast<int>(plan_->steps_.size());
  const auto touch = [&](int slot) {
    Slot& s = slots_[static_cast<size_t>(slot)];
    if (s.first < 0) s.first = number;
    s.last = number;
  };
  const auto give_scratch = [&](Step& each) {
    if (each.scratch_bytes == 0) return;
    each.scratch = static_cast<int>(slots_.size());
    slots_.push_back({each.scratch_bytes, each.device, lane_});
    touch(each.scratch);
  };
  for (const Ref& r : step->refs) {
    if (r.place == Place::slot) touch(r.slot);
  }
  give_scratch(*step);
  if (const auto* together = dynamic_cast<const GroupStep*>(step.get())) {
    for (const auto& group : together->groups()) {
      for (const auto& each : group) give_scratch(*each);
    }
  }
  plan_->steps_.push_back(std::move(step));
}

void Builder::copy(const Operand& x, const Operand& y, const StepScale& scale) {
  if (x.device == y.device) {
    const Switch here(*this, y.device);
    add(axpby_step(make_ref(x), false, make_ref(y, x.shape.extents(), y.strides), scale));
    return;
  }
  // What is added arrives beside its place first, so that links need not wait for each other.
  const bool is_added = scale.beta == StepScale::Beta::one;
  const Operand to = is_added ? slot(x.shape, x.dtype, y.device) : y;
  transfer(make_ref(x), make_ref(to, x.shape.extents(), to.strides), is_added ? StepScale{} : scale,
           x.device, y.device, "", "");
  if (!is_added) return;
  const Switch there(*this, y.device);
  copy(to, y, scale);
}

std::optional<Shape> Builder::shape_into(const Product& p, size_t i) const {
  if (rewriting_ == nullptr) return std::nullopt;
  Shape at = rewriting_->shape;
  for (size_t k = p.factors.size(); --k > i;) {
    at = output_of(p.factors[k], at);
    if (!at.is_known()) look_ahead(p.factors, static_cast<int>(k), at, *rewriting_to_);
  }
  if (!at.is_known()) return std::nullopt;
  return at;
}

void Builder::rewrote(std::string_view rule, std::string_view what) {
  std::string line = fmt::format("{} {}", rule, what);
  auto& lines = plan_->rewritten_;
  if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
}

const std::string& Builder::last_rewrite() const { return plan_->rewritten_.back(); }

void Builder::persists(const void* what, size_t bytes, size_t building, const void* of) {
  const Persistent here{what, of, device_};
  const bool is_known =
      std::find(persistent_.begin(), persistent_.end(), here) != persistent_.end();
  if (what != nullptr && is_known) return;
  persistent_.push_back(here);
  size_t& kept = plan_->persistents_[static_cast<size_t>(device_)];
  size_t& most = plan_->buildings_[static_cast<size_t>(device_)];
  kept += bytes;
  most = std::max(most, kept + building);
}

void Builder::chose(ExplainedChoice choice) {
  const auto is_it = [&](const ExplainedChoice& c) {
    return c.node == choice.node && c.chosen == choice.chosen && c.why == choice.why;
  };
  auto& list = plan_->choices_;
  if (std::none_of(list.begin(), list.end(), is_it)) list.push_back(std::move(choice));
}

void Builder::watch(const Node& node) {
  for (const WeightPtr& w : node.core->weights()) {
    const auto add_given = [&](const auto& self, const WeightPtr& each) -> void {
      if (each->is_given()) {
        auto& list = plan_->weights_;
        if (std::find(list.begin(), list.end(), each) == list.end()) list.push_back(each);
      }
      for (const WeightPtr& source : each->sources()) self(self, source);
    };
    add_given(add_given, w);
  }
  for (const Node& child : node.core->children()) watch(child);
}

void Builder::lower(const Node& node, const Operand& x, const Operand& y, const StepScale& scale) {
  lower(flatten(node, options_.rewrite), x, y, scale);
}

void Builder::lower(const Node& node,
                    const PlanChoices& choices,
                    const Operand& x,
                    const Operand& y,
                    const StepScale& scale) {
  const PlanOptions before = options_;
  const bool was_settled = std::exchange(is_settled_, true);
  options_.applications = choices.applications;
  options_.toeplitz = choices.toeplitz;
  lower(node, x, y, scale);
  options_ = before;
  is_settled_ = was_settled;
}

void Builder::lower_factor(const Node& node,
                           const Operand& x,
                           const Operand& y,
                           const StepScale& scale) {
  const Switch here(*this, x.device);
  Operand seen = x, made = y;
  if (node.form != nullptr) {
    const Node own{node.core, node.mode, nullptr};
    seen.shape = core_input(node, x.shape);
    const Shape out = output_of(own, seen.shape);
    std::vector<Dim> dims = out.dims();
    made.shape = Shape(std::move(dims), y.shape.extents());
  }
  begin_node(label_of(node), sides_text(x, y));
  label(label_of(node), sides_text(x, y));
  if (is_trial_ && node.core->children().empty()) {
    node.core->check_extents(node.mode, seen, made);
    end_node();
    return;
  }
  node.core->lower(*this, node.mode, seen, made, scale);
  end_node();
}

void Builder::check_empty(const Product& product, const Operand& x, const Operand& y) {
  PlanOptions options = options_;
  options.is_dry = true;
  options.rewrite = false;
  Context there = on_device(x.device, context());
  Builder trial(there, options);
  trial.is_trial_ = true;
  // Slots of this builder mean nothing to another.
  Operand from = x, to = y;
  from.place = Place::input;
  to.place = Place::output;
  trial.lower(product, from, to, StepScale{});
}

void Builder::lower(const Product& product,
                    const Operand& x,
                    const Operand& y,
                    const StepScale& scale) {
  const bool is_empty = x.shape.count() == 0 || y.shape.count() == 0;
  if (is_empty && !is_trial_) {
    check_empty(product, x, y);
    if (y.shape.count() == 0) return;
    // A sum over nothing.
    const Switch there(*this, y.device);
    add(prepare_step(make_ref(y), scale));
    return;
  }
  const Switch here(*this, x.device);
  Product p = product;
  if (options_.rewrite) {
    const Operand* outer = std::exchange(rewriting_, &x);
    const Shape* outer_to = std::exchange(rewriting_to_, &y.shape);
    rewrite(p, *this);
    rewriting_ = outer;
    rewriting_to_ = outer_to;
  }
  if (!may_multiply(scale.factor, p.scale, y.dtype)) {
    p.factors.insert(p.factors.begin(), Scalar(std::exchange(p.scale, 1.0)).node());
  }
  const StepScale last = scale.times(p.scale);
  if (p.factors.empty()) {
    label("Identity", x.shape.braced());
    copy(x, y, last);
    return;
  }
  const bool is_nested = !open_.empty() && p.factors.size() > 1;
  if (is_nested) begin_node("Chain", sides_text(x, y));
  Operand at = x;
  for (size_t i = p.factors.size(); --i > 0;) {
    const Node& node = p.factors[i];
    Shape out = output_of(node, at.shape);
    if (!out.is_known()) look_ahead(p.factors, static_cast<int>(i), out, y.shape);
    require_known(node, out);
    std::optional<Operand> view =
        node.form == nullptr && !is_trial_ ? node.core->view(node.mode, at) : std::nullopt;
    if (view) {
      begin_node(label_of(node), fmt::format("{} -> {}", at.shape.braced(), out.braced()));
      end_node();
      at = *view;
      at.shape = out;
      continue;
    }
    // A slot of this chain has no other reader: an elementwise product may write where it reads.
    const DType dtype = result_dtype(node, at.dtype);
    const bool is_elementwise =
        as_diagonal(node) != nullptr || (as_pointwise(node) != nullptr && dtype == at.dtype);
    const bool in_place = is_elementwise && at.is_slot() && x.slot != at.slot && !at.repeats();
    Operand next = in_place ? at : slot(out, dtype, result_device(node, at.device));
    next.shape = out;
    lower_factor(node, at, next, StepScale{});
    at = next;
  }
  lower_factor(p.factors.front(), at, y, last);
  if (is_nested) end_node();
}

void look_ahead(const std::vector<Node>& factors, int next, Shape& out, const Shape& result) {
  for (int p = 0; p < out.ndim(); ++p) {
    if (out.extent(p) != kUnknown) continue;
    int at = p, ndim = out.ndim();
    int64_t found = kUnknown;
    int k = next - 1;
    for (; k >= 0 && found == kUnknown; --k) {
      const Signature sig = signature_of(factors[static_cast<size_t>(k)]);
      const Places in = places(sig.input(), sig.is_open(), ndim);
      const Side in_terms = terms_of(sig.input()), out_terms = terms_of(sig.output());
      const int out_ndim = in.batch_count + static_cast<int>(out_terms.size());
      const Places to = places(sig.output(), sig.is_open(), out_ndim);
      if (at >= in.batch_first && at < in.batch_first + in.batch_count) {
        at = to.batch_first + at - in.batch_first;
      } else {
        const auto term =
            static_cast<size_t>(std::find(in.term.begin(), in.term.end(), at) - in.term.begin());
        if (term >= in_terms.size()) break;
        found = in_terms[term].extent;
        const int kept = find_term(out_terms, in_terms[term]);
        if (found == kUnknown && kept < 0) break;
        if (kept >= 0) at = to.term[static_cast<size_t>(kept)];
      }
      ndim = out_ndim;
    }
    if (found == kUnknown && k < 0 && at < result.ndim()) found = result.extent(at);
    if (found != kUnknown) out = out.with_extent(p, found);
  }
}

void require_known(const Node& node, const Shape& shape) {
  for (int i = 0; i < shape.ndim(); ++i) {
    if (shape.extent(i) != kUnknown) continue;
    const std::string name = extent_name(node, shape, i);
    fail(Code::shape, label_of(node), "extent of '{}' is unknown; {}", name, give_extent(name));
  }
}

void Builder::place_slots() {
  plan_->slots_.assign(slots_.size(), {});
  plan_->workspaces_.assign(plan_->devices_.size(), 0);
  int lanes = 0;
  for (const Slot& s : slots_) lanes = std::max(lanes, s.lane + 1);
  for (size_t d = 0; d < plan_->devices_.size(); ++d) {
    size_t& workspace = plan_->workspaces_[d];
    for (int lane = -1; lane < lanes; ++lane) {
      workspace = place_slots(static_cast<int>(d), lane, workspace);
    }
  }
}

size_t Builder::place_slots(int device, int lane, size_t begin) {
  constexpr size_t kAlign = 64;
  std::vector<SlotPlace>& places = plan_->slots_;
  size_t most = begin;
  begin = (begin + kAlign - 1) / kAlign * kAlign;
  std::vector<size_t> order;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].device != device || slots_[i].lane != lane) continue;
    if (slots_[i].first >= 0 && slots_[i].bytes > 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return slots_[a].bytes > slots_[b].bytes; });
  std::vector<size_t> placed;  // by offset
  for (const size_t i : order) {
    size_t offset = begin;
    for (const size_t j : placed) {
      const bool meet = slots_[i].first <= slots_[j].last && slots_[j].first <= slots_[i].last;
      if (!meet) continue;
      if (offset + slots_[i].bytes <= places[j].offset) break;
      const size_t end = places[j].offset + (slots_[j].bytes + kAlign - 1) / kAlign * kAlign;
      offset = std::max(offset, end);
    }
    places[i] = {offset, device, slots_[i].bytes};
    most = std::max(most, offset + slots_[i].bytes);
    placed.push_back(i);
    std::sort(placed.begin(), placed.end(),
              [&](size_t a, size_t b) { return places[a].offset < places[b].offset; });
  }
  return most;
}

Builder::Tile::Tile(Builder& builder, std::string name, int lane)
    : builder_(builder), tile_(builder.tile_), lane_(builder.lane_), name_(builder.tile_name_) {
  if (!name_.empty()) name = fmt::format("{}, {}", name_, name);
  builder.tile_name_ = name;
  builder.plan_->tiles_.push_back(std::move(name));
  builder.tile_ = static_cast<int>(builder.plan_->tiles_.size()) - 1;
  if (lane >= 0) builder.lane_ = lane;
}

Builder::Tile::~Tile() {
  builder_.tile_ = tile_;
  builder_.lane_ = lane_;
  builder_.tile_name_ = std::move(name_);
}

void Builder::report_tiles(std::shared_ptr<const TileProgress> progress) {
  if (plan_->progress_ == nullptr) plan_->progress_ = std::move(progress);
}

std::shared_ptr<const Plan> Builder::finish(std::shared_ptr<const Layout> layout,
                                            const Operand& output,
                                            double seconds) {
  place_slots();
  plan_->schedule_ = make_schedule(plan_->steps_, plan_->slots_, plan_->devices_);
  if (options_.dropped_wait >= 0) plan_->schedule_.drop_wait(options_.dropped_wait);
  plan_->output_ = std::move(layout);
  plan_->dtype_ = output.dtype;
  plan_->output_device_ = output.device;
  plan_->seconds_ = seconds;
  return plan_;
}

}  // namespace lunops
