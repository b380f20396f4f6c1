// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Code of the host: tensor in, tensor out.  The input is the function's own to keep or to change;
// the result has the names, extents, dtype and device that the operator says.  Runs on the thread
// that applies the operator, with its Context; what it throws reaches the caller of the
// application.
using HostFunction = std::function<Tensor(const Tensor& x, Context& context)>;

struct CustomFunctions {
  HostFunction apply;
  HostFunction adjoint = {};  // null: forward only
  HostFunction normal = {};   // Aᴴ A; null: the two, one after the other
};

// A dim of the signature, and the elements of it that a part has, from 0.
struct CustomCut {
  std::string dim;
  int64_t first = 0, count = 0;
};
struct CustomPart {
  CustomFunctions functions;
  std::vector<std::pair<std::string, int64_t>> extent = {};  // that the cuts do not say
};

struct CustomOptions : LinopOptions {
  Field field = Field::complex;
  bool is_real_linear = false;
  // At the first plan: adjointness (law L1) and linearity (L2) on random data.
  bool check = true;
  // Dims that may be cut, and the part of the operator for some of their elements.
  std::vector<std::string> cuts = {};
  std::function<CustomPart(const std::vector<CustomCut>&)> split = {};
};

// Constructors of this section of the catalogue (operators.md §8); each throws Error{shape | dtype
// | argument}.  `text` is the operator's string.

// Without "..." in the string the functions are called once per batch element, with it once.
Linop Custom(std::string_view text, CustomFunctions functions, const CustomOptions& options = {});

// Identities that let somebody see what passes, in every mode.  Rewriting leaves them where they
// are.
struct TraceOptions : LinopOptions {
  std::string label = {};
  // Gets a copy of what passes, and the mode: "forward", "adjoint", "transpose" or "conj".  Null:
  // one line with norm, least and greatest modulus, and the number of NaN, to the Context's
  // listener.
  std::function<void(const Tensor& x, std::string_view mode, Context& context)> look = {};
};
Linop Trace(std::string_view text = "...", const TraceOptions& options = {});
// The same where the listener has nobody who can stop and look; else it asks the listener.
struct BreakpointOptions : LinopOptions {
  std::string label = {};
};
Linop Breakpoint(std::string_view text = "...", const BreakpointOptions& options = {});

// An identity that occupies its stream for this long in forward direction; for tests of schedules.
Linop Sleep(double seconds, std::string_view text = "...", const LinopOptions& options = {});

// An identity that moves data from one device to another; the adjoint moves them back.
Linop ToDevice(Device source, Device target, const LinopOptions& options = {});

}  // namespace lunops
