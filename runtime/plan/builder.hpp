// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

struct Product;

// Writes a plan: operators add steps, the builder gives them workspace.
//
// A slot lives from the first step that uses it to the last; offsets are assigned when all steps
// are known, so slots that are never alive together share memory.
class Builder {
 public:
  // The context is on the input's device, on which the first steps run.
  Builder(Context& context, const PlanOptions& options);

  // Of the device on which the steps being written run.
  Context& context() noexcept { return *contexts_[static_cast<size_t>(device_)]; }
  const PlanOptions& options() const noexcept { return options_; }
  // For choices: the plan then holds for this number only.
  int applications() noexcept {
    if (!is_settled_) plan_->applications_ = options_.applications;
    return options_.applications;
  }
  bool is_dry() const noexcept { return options_.is_dry; }
  // Choices are those of a planned operator.
  bool is_settled() const noexcept { return is_settled_; }

  // Workspace for an array, row-major, on the device of the steps being written or on another.
  Operand slot(const Shape& shape, DType dtype);
  Operand slot(const Shape& shape, DType dtype, Device device);
  // Of no tile's lane, for what several tiles use.
  Operand shared_slot(const Shape& shape, DType dtype, Device device);

  // A weight as a constant with these extents and strides; it is made or rounded now.
  Ref weight(const WeightPtr& w,
             DType dtype,
             const std::vector<int64_t>& extents,
             const Side& dims,
             const Side& terms);
  // Values of a weight with their strides.  Of a weight that lies on another device than the steps
  // being written: a copy in workspace that each application makes anew, so that weights larger
  // than the device pass through it.
  struct Values {
    Ref ref;  // without extents
    std::vector<int64_t> strides;
    Ref seen_as(const std::vector<int64_t>& extents, const std::vector<int64_t>& strides) const;
  };
  Values placed_values(const WeightPtr& w, DType dtype);
  // Values of a weight on the device of the steps being written, kept alive by the plan; an empty
  // handle in dry plans.
  Tensor values(const WeightPtr& w, DType dtype);

  void add(std::unique_ptr<Step> step);
  void label(std::string operation, std::string text);  // of the steps that follow

  // Steps for y <- scale of A(x), rewritten; for a product already flat, as it stands.
  void lower(const Node& node, const Operand& x, const Operand& y, const StepScale& scale);
  void lower(const Product& product, const Operand& x, const Operand& y, const StepScale& scale);
  // The same, with what a planner settled for the node.
  void lower(const Node& node,
             const PlanChoices& choices,
             const Operand& x,
             const Operand& y,
             const StepScale& scale);
  // Equal extents; a transfer where the devices differ.
  void copy(const Operand& x, const Operand& y, const StepScale& scale);

  // While a product is rewritten: the shape that its factor number i is applied to, where it is
  // known, and the dtype of the product's input.
  std::optional<Shape> shape_into(const Product& p, size_t i) const;
  DType input_dtype() const noexcept {
    return rewriting_ == nullptr ? DType::c64 : rewriting_->dtype;
  }

  // Calls lower_child for each of `count` children whose results do not meet, and lets their steps
  // run side by side where the settings or the estimated gain say so; else one after another.
  void side_by_side(const std::shared_ptr<Workers>& workers,
                    size_t count,
                    const std::function<void(size_t)>& lower_child);
  // The same for children whose results are added: lower_child(i, to, scale) writes child i to y or
  // to a partial result, of which there are fewer than children at once.  The order in which they
  // are added is that of the children, whichever ends first.
  void sum_side_by_side(
      const std::shared_ptr<Workers>& workers,
      size_t count,
      const Operand& y,
      const StepScale& scale,
      const std::function<void(size_t, const Operand&, const StepScale&)>& lower_child);

  // While it lives, steps belong to one tile, and slots that are made to one of the lanes of its
  // device: memory that no other lane shares, so that a tile may begin while the one before still
  // works.  lane -1: none.
  class Tile {
   public:
    Tile(Builder& builder, std::string name, int lane);
    ~Tile();
    Tile(const Tile&) = delete;

   private:
    Builder& builder_;
    int tile_, lane_;
    std::string name_;
  };
  // While it lives, steps are written as in deterministic plans.
  class Deterministic {
   public:
    explicit Deterministic(Builder& builder)
        : builder_(builder), before_(std::exchange(builder.options_.deterministic, true)) {}
    ~Deterministic() { builder_.options_.deterministic = before_; }
    Deterministic(const Deterministic&) = delete;

   private:
    Builder& builder_;
    bool before_;
  };
  // For the whole plan; the outermost that is given counts.
  void measure(std::shared_ptr<PlanReport> report) { plan_->report_ = std::move(report); }
  void report_tiles(std::shared_ptr<const TileProgress> progress);

  void rewrote(std::string_view rule, std::string_view what);  // once for each text
  const std::string& last_rewrite() const;
  void chose(ExplainedChoice choice);
  // What the plan keeps on the device of the steps being written, counted once for each `what` but
  // null, and `of` it; `building`: bytes there that making it takes besides.
  void persists(const void* what, size_t bytes, size_t building = 0, const void* of = nullptr);
  void watch(const Node& node);  // the weights of this node are checked before each run
  void told_result() noexcept { plan_->is_told_ = true; }

  std::shared_ptr<const Plan> finish(std::shared_ptr<const Layout> layout,
                                     const Operand& output,
                                     double seconds);

 private:
  using Steps = std::vector<std::unique_ptr<Step>>;
  void append(std::unique_ptr<Step> step);
  // How many children the settings and the threads of the call allow at a time; 1: in turn.  The
  // plan holds for these settings only.
  int children_at_once(const std::shared_ptr<Workers>& workers, size_t count);
  bool may_move(const Steps& steps) const;  // to another thread
  bool is_gain(const std::vector<Steps>& groups,
               const std::shared_ptr<Workers>& workers,
               int at_once) const;
  // Those that may move as one step; the others stay in `groups`.
  void append_together(std::vector<Steps>& groups, int at_once);

  // What explain shows: nodes of the product that is lowered now, with the steps that each adds.
  void begin_node(const std::string& name, const std::string& signature);
  void end_node();

  // Steps written during its life run on `device`.
  class Switch {
   public:
    Switch(Builder& builder, Device device)
        : builder_(builder), before_(std::exchange(builder.device_, builder.number_of(device))) {}
    ~Switch() { builder_.device_ = before_; }
    Switch(const Switch&) = delete;

   private:
    Builder& builder_;
    int before_;
  };
  // Steps written during its life are kept in `steps`, for later.
  class Recording {
   public:
    Recording(Builder& builder, Steps& steps) : builder_(builder) { builder.recorded_ = &steps; }
    ~Recording() { builder_.recorded_ = nullptr; }
    Recording(const Recording&) = delete;

   private:
    Builder& builder_;
  };
  int number_of(Device device);
  // The step of a copy between devices, from `from` to the device of `to`; where those two have no
  // access to each other, the steps of copies through the host (splitting.md §7).
  void transfer(const Ref& from,
                const Ref& to,
                const StepScale& scale,
                Device source,
                Device target,
                const std::string& operation,
                const std::string& text);
  // What the copies of a pair of devices pass through: two chunks of the host's memory.
  std::array<int, 2> staging(Device source, Device target, size_t bytes);
  void place_slots();
  // Throws the errors that the product would raise if there were elements.
  void check_empty(const Product& product, const Operand& x, const Operand& y);
  // Those of one lane, from `begin` on; returns where they end.
  size_t place_slots(int device, int lane, size_t begin);
  void lower_factor(const Node& node, const Operand& x, const Operand& y, const StepScale& scale);

  std::vector<Context*> contexts_;                // by number of the device
  std::vector<std::unique_ptr<Context>> others_;  // of all but the first
  int device_ = 0;
  PlanOptions options_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  struct Slot {
    size_t bytes = 0;
    int device = 0;
    int lane = -1;
    int first = -1, last = -1;  // steps
  };
  std::vector<ExplainedNode> open_;     // outermost first
  const Operand* rewriting_ = nullptr;  // the input of the product that is rewritten
  const Shape* rewriting_to_ = nullptr;
  std::vector<Slot> slots_;
  int tile_ = -1, lane_ = -1;
  std::string tile_name_;
  std::string label_, text_;
  bool is_settled_ = false;
  bool is_trial_ = false;      // for errors only: operators check extents instead of adding steps
  Steps* recorded_ = nullptr;  // steps of a child that may run beside others
  std::vector<WeightPtr> weights_seen_;
  struct Staging {
    Device source, target;
    std::array<int, 2> slots;
  };
  std::vector<Staging> staging_;
  struct Persistent {
    const void *what, *of;
    int device;
    bool operator==(const Persistent&) const = default;
  };
  std::vector<Persistent> persistent_;
};

// Extents of `out` that are still unknown, taken from what the later factors need; `out` is the
// input of factors[next].
void look_ahead(const std::vector<Node>& factors, int next, Shape& out, const Shape& result);

// Throws Error{shape} naming the first unknown extent.
void require_known(const Node& node, const Shape& shape);

}  // namespace lunops
