// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/device/context.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

// A, Aᵀ, Ā, Aᴴ: two bits, transpose and conj, both set in the adjoint.
enum class Mode : uint8_t { forward = 0, transpose = 1, conj = 2, adjoint = 3 };
constexpr Mode operator^(Mode a, Mode b) noexcept {
  return static_cast<Mode>(static_cast<uint8_t>(a) ^ static_cast<uint8_t>(b));
}
constexpr bool transposes(Mode m) noexcept { return (static_cast<uint8_t>(m) & 1) != 0; }
constexpr bool conjugates(Mode m) noexcept { return (static_cast<uint8_t>(m) & 2) != 0; }

enum class Field : uint8_t { real, complex };

class Core;
struct NamedPart;

// The dim names and the batch setting under which a handle shows its core: the forward signature
// that it shows.  Its terms correspond to those of the core's own signature by position.
struct Form {
  Signature signature;
  bool operator==(const Form&) const = default;
};

// What a container stores of a child, and what a handle is without its cache: no handle is
// reachable from a core.
struct Node {
  std::shared_ptr<const Core> core;
  Mode mode = Mode::forward;
  std::shared_ptr<const Form> form;  // null: as the core says

  bool operator==(const Node& other) const;  // same core, same mode, equal form
};

// Options that every constructor takes.
struct LinopOptions {
  std::vector<std::pair<std::string, int64_t>> extent = {};
  std::string name = {};  // shown by print, trace and explain
  bool batch = true;      // false: the signature is closed
};

// A linear operator with named dims: a handle on a shared, immutable core.
//
// A handle is {core, mode, form} and a cache block that the four modes of one core and form share.
// `.H` flips mode bits on the same core, so A.H().H() is A; `.N` is a new core whose children are
// cores, kept in the block: no cycles, no cache that forgets. Handles are values; they may be used
// from several threads at once.
class Linop {
 public:
  Linop() = default;  // no operator
  explicit Linop(std::shared_ptr<const Core> core);
  explicit Linop(Node node);

  explicit operator bool() const noexcept { return node_.core != nullptr; }
  const Node& node() const noexcept { return node_; }
  const std::shared_ptr<const Core>& core() const noexcept { return node_.core; }
  Mode mode() const noexcept { return node_.mode; }

  const Signature& signature() const;  // cached
  Shape ishape() const { return signature().ishape(); }
  Shape oshape() const { return signature().oshape(); }
  std::vector<Dim> dims() const;   // input dims, then further output dims, with primes
  std::vector<Dim> inner() const;  // inner dims that a split may name
  int64_t extent(std::string_view dim)
      const;  // kUnknown if not known; Error{shape} listing dims for an unknown dim
  std::vector<Linop> children() const;
  std::string kind() const;   // "Dense", "Chain" …
  std::string label() const;  // kind, with ".H" and the user's name: "Dense.H 'maps'"
  Field field() const;
  bool is_real_linear() const;
  std::optional<DType> dtype() const;  // what the weights fix
  std::optional<Device> device() const;
  std::optional<double> norm_bound() const;  // on ‖A‖², where one is known without computing

  // Whether children run side by side, for containers, their modes, normals and tiles: hints that
  // may be written at any time and change no result.  Absent: where it pays; others have none.
  bool has_workers() const;
  std::optional<bool> threaded() const;
  int num_workers() const;  // at most so many at a time; 0: as many as there are threads
  void set_threaded(std::optional<bool> threaded) const;
  void set_num_workers(int64_t count) const;  // Error{argument}

  // y = A x into new memory; y <- alpha A x + beta y into given memory.  Errors: shape, dtype,
  // device, numeric, memory.
  Tensor operator()(const Tensor& x, Context& context) const;
  void apply(const Tensor& x, const Tensor& y, Scale s, Context& context) const;
  // Shape and dtype of the result, checked as an application would.
  std::pair<Shape, DType> result(const Tensor& x) const;

  Linop H() const;
  Linop T() const;
  Linop conj() const;
  Linop N() const;                         // cached
  Linop normal(const Linop& inner) const;  // Aᴴ M A
  Linop rename(const std::vector<std::pair<std::string, std::string>>& names) const;
  Linop closed() const;
  Linop power(
      double exponent) const;  // n-fold composition; any real power for diagonals and scalars

  // The same operator with other weights of the same shapes, by path (see parts.hpp), and another
  // name.  What does not change is shared: plans, sorted points and FFTs of the unchanged parts.
  Linop with(const std::vector<NamedPart>& values,
             const std::optional<std::string>& name = {}) const;
  // The same operator with all its weights on another device: compact copies.
  Linop to(Device device, Context& context) const;

  bool operator==(const Linop& other) const;  // same node, or same structure over the same storages

  std::string text() const;                    // one line: kind and signature
  std::string tree(int max_lines = 40) const;  // what the prompt displays
  Tensor dense(DType dtype,
               Context& context) const;  // dims (out, in'); refused above 2^24 elements

  // Identity of the handle, for weak registries: equal for handles with equal node.
  size_t hash() const noexcept;

 private:
  struct Block;
  Linop(Node node, std::shared_ptr<Block> block);
  Node node_;
  std::shared_ptr<Block> block_;
};

Linop operator*(const Linop& a, const Linop& b);  // composition; names and extents are checked now
Linop operator+(const Linop& a, const Linop& b);
Linop operator-(const Linop& a, const Linop& b);
Linop operator-(const Linop& a);
Linop scale(c128 s, const Linop& a);  // s * A
Linop operator*(c128 s, const Linop& a);

// Plans the application of A to tensors like x ahead of time, for about this many applications;
// what is worth building (Toeplitz kernels) depends on the number, so a plan whose choices were
// made for another number is replaced; later applications use the plan that is there.  Returns the
// seconds that planning took, 0 if there was such a plan already.
double prepare(const Linop& a, const Tensor& x, Context& context, int applications = 20);

// Number of cores alive in this process: tests see that nothing leaks.
int64_t live_cores() noexcept;

}  // namespace lunops
