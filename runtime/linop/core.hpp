// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"
#include "runtime/linop/weight.hpp"

namespace lunops {

class Builder;
class PlanTable;
struct Operand;
struct StepScale;
struct Tile;
struct TileRequest;
struct Workers;

using DimExtents = std::vector<std::pair<Dim, int64_t>>;

// What an operator is made anew from: as many weights and children as it has, in their order.
struct Parts {
  Weights weights;
  std::vector<Node> children;
  std::string name;
  bool is_move = false;  // the weights are copies on another device
};

// A child of a container with what it is applied to, and what its result is paired with, where
// Re<v, A x> of the container is the sum of Re<v, child x> over these.
struct Pairing {
  size_t child;
  Node node;
  Tensor x, v;
};

// Where a container takes and leaves data, and where each child does.
struct DevicePlaces {
  Device base;
  std::vector<Device> children;
};

// The mathematics of an operator: weights, children, and how an application becomes steps.
//
// Immutable, counted by live_cores(), shared by handles and containers, and never pointing to a
// handle, so that no cycle can arise.  Plans hang off the core that they were made for and hold
// kernels and weights, never a core.  Shapes are seen under the core's own names; a Form renames
// by position before a core is asked.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Signature signature, std::string name);
  Core(Composition composition, std::string name);
  virtual ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  virtual std::string_view kind() const noexcept = 0;
  virtual Field field() const noexcept = 0;
  virtual std::vector<Node> children() const { return {}; }
  // The factors in this mode where the operator is a product, the last acting first; else nothing.
  virtual std::vector<Node> factors(Mode) const { return {}; }
  // Shown at the end of the operator's line in a tree, for example "weight 4.0 MiB".
  virtual std::string details() const { return {}; }
  virtual Weights weights() const { return {}; }

  // What data of this dtype become.  Default: what the factors or the first child make of them,
  // else the same.  Precision changes in Cast only, the field in Real and Imag.
  virtual DType result_dtype(Mode, DType in) const;
  // Throws Error{dtype} if data of this dtype have no meaning here.  Default: a complex operator
  // takes complex data.  Not asked where there are factors or children.
  virtual void check_dtype(Mode, DType in) const;
  // Throws Error{device} if data on this device have no meaning here.  Default: nothing.
  virtual void check_device(Mode, Device in) const;
  // Linear over the real numbers only: the adjoint is the one for Re<.,.>, complex scalars do not
  // commute with it, and it has no transpose and no conj.  Default: some child is.
  virtual bool is_real_linear() const;
  // The operator in this one that has no adjoint, or null.  Default: among the children.
  virtual const Core* without_adjoint() const noexcept;
  // Where data on this device end up.
  virtual Device result_device(Mode, Device in) const;
  // For containers that bring data to their children and back; default nothing: all of it happens
  // where the data are.
  virtual std::optional<DevicePlaces> device_places() const { return {}; }

  // The same operator with other weights, children or name; extents are those it has.  Default:
  // Error{unsupported}.
  virtual std::shared_ptr<const Core> rebuilt(Parts parts) const;
  // For `rebuilt` of operators that made something of their weights: Error{unsupported} if there
  // are others than copies.
  void require_same_weights(const Parts& parts) const;
  // What users call the weights: "weight", "traj", "kernel".
  virtual std::string_view weight_name(size_t number) const noexcept;
  // The gradient g of Re<v, A x> with respect to weights()[number], in forward mode: with its
  // extents, complex where data are (operators.md §14).  x and v have the core's names.
  virtual Tensor weight_gradient(size_t number,
                                 const Tensor& x,
                                 const Tensor& v,
                                 Context& context) const;
  // The operator whose normal this is where its weights were computed for that; gradients go
  // through the two factors.  Default: nothing.
  virtual std::optional<Node> normal_of() const;
  // For containers that are no product.  Default: Error{unsupported}.
  virtual std::vector<Pairing> pairings(Mode,
                                        const Tensor& x,
                                        const Tensor& v,
                                        Context& context) const;

  // A = Aᴴ: then .H is the operator itself.
  virtual bool is_self_adjoint() const noexcept { return false; }
  // Aᴴ A = I.
  virtual bool is_isometry(Mode) const noexcept { return false; }
  // A bound on ‖A‖², where the entry gives one.
  virtual std::optional<double> norm_bound() const { return {}; }
  // The simplest mode that is the same operator: a Diagonal is its own transpose.
  virtual Mode canonical(Mode mode) const noexcept;
  // Aᴴ A (no inner) or Aᴴ M A where an entry knows an exact form that is better than the product.
  virtual std::optional<Node> exact_normal(Mode, const Node* /*inner*/) const { return {}; }
  // How the children run, for containers; null for other operators.
  virtual std::shared_ptr<Workers> workers() const { return nullptr; }
  // Same structure over the same storages; `other` has the same kind and signature.
  virtual bool same(const Core& other) const = 0;
  // The same operator as a core whose own names are those of a form, for rules that look at names;
  // null: there is no such core, and nodes with forms stay as they are.  Caches are shared with it.
  virtual std::shared_ptr<const Core> shown_as(const Signature& form) const;

  // The block of the operator (forward) that a request names: see tile.hpp.  Default: the operator
  // itself if nothing is cut, else the error that it cannot be cut along the first dim that is.
  virtual Tile cut(const TileRequest& request) const;

  // Fills extents of `out` that the signature does not know but the input implies.
  virtual void complete(Mode, const Shape& /*in*/, Shape& /*out*/) const {}
  // y <- scale of A(x): adds the steps.  Shapes are complete and valid.
  virtual void lower(
      Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const = 0;
  // Throws what `lower` throws of extents that have no meaning here: asked instead of it where
  // there are no elements, for errors do not depend on that.  Default: nothing.
  virtual void check_extents(Mode, const Operand& /*x*/, const Operand& /*y*/) const {}
  // Whether the option `extent` names dims of the output without primes, as Embed's does.
  virtual bool hides_primes() const noexcept { return false; }
  // The part of x that is the result, for operators that only select; nothing if data must move.
  virtual std::optional<Operand> view(Mode, const Operand& /*x*/) const;

  const Signature& signature() const noexcept { return forward_; }
  const Signature& signature(Mode m) const noexcept { return transposes(m) ? adjoint_ : forward_; }
  const DimExtents& inner() const noexcept { return inner_; }
  const std::string& name() const noexcept { return name_; }
  std::string label() const;  // "Dense 'maps'"
  PlanTable& plans() const noexcept { return *plans_; }

 private:
  Signature forward_, adjoint_;
  DimExtents inner_;
  std::string name_;
  std::unique_ptr<PlanTable> plans_;
};

// Where the terms of a side lie among the dims of a shape that matched it.
struct Places {
  std::vector<int> term;  // position by number of the term, "..." not counted
  int batch_first = 0, batch_count = 0;
};
Places places(const Side& side, bool is_open, int ndim);
Side terms_of(const Side& side);                        // without "..."
bool same_term(const Term& a, const Term& b) noexcept;  // extents not compared
int find_term(const Side& side, const Term& term) noexcept;

// What a node shows: signature in its mode and form, "Dense.H 'maps'", children's view of modes.
Signature signature_of(const Node& node);
Composition composition_of(const Node& node);  // with inner dims
std::string label_of(const Node& node);
Node with_mode(const Node& node, Mode flip);   // node's mode ^ flip, self-adjoint cores normalised
bool same_node(const Node& a, const Node& b);  // same node or same structure over the same storages

// Throws Error{unsupported} naming the operator in `core` that has no adjoint, if there is one.
void require_adjoint(const Core& core, std::string_view operation);

// The name by which the option `extent` of the node's constructor knows dim number `at` of a result
// of this shape: with its prime where the signature that was written has one.
std::string extent_name(const Node& node, const Shape& result, int at);

// Shape of the result for an input of this shape; extents that nothing knows stay kUnknown.
Shape output_of(const Node& node, const Shape& x);
// Names under which the core sees a shape that the node's form was shown.
Shape core_input(const Node& node, const Shape& shown);

// Throws the errors of dtype and device that an application to such data would be.
void check_data(const Node& node, DType dtype, Device device);
// Of the device alone.
void check_device(const Node& node, Device device);
DType result_dtype(const Node& node, DType in);
Device result_device(const Node& node, Device in);

// Terms of a core by the names of a form: terms of the two signatures correspond by position.
Side shown_terms(const Side& terms, const Signature& own, const Signature& form);
// Children of a container whose signature `own` is seen as `form`; inner dims get other names where
// they would meet a new one.  Nothing where names alone do not say how.
std::optional<std::vector<Node>> shown_children(const std::vector<Node>& children,
                                                const Signature& own,
                                                const Signature& form);

// The signature of a string that keeps all its dims and so names them once, with the common options
// applied.
Signature one_sided(std::string_view operation, std::string_view text, const LinopOptions& options);

// Signature with the common options applied.
Signature with_options(std::string_view operation,
                       Signature signature,
                       const LinopOptions& options);

}  // namespace lunops
