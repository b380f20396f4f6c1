// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/linop/linop.hpp"
#include "runtime/plan/figures.hpp"
#include "runtime/plan/options.hpp"

namespace lunops {

// One node of an explained plan: an operator with what its steps cost together, or a single step.
// A node without steps is a view.
struct ExplainedNode {
  std::string name, signature;
  double flops = 0, bytes = 0;
  size_t workspace = 0;    // of the step that needs most
  bool is_atomic = false;  // a sum in it comes in any order (splitting.md §10)
  std::vector<ExplainedNode> children;
};

// A decision of the planner: what was chosen, what each candidate was expected to cost, and why.
struct ExplainedChoice {
  std::string node, chosen, why;
  std::map<std::string, double> estimates;  // seconds by candidate
  bool is_given = false;                    // the operator's own, not the planner's
};

struct Explained {
  std::string headline;
  std::vector<std::string> rewritten;  // one line per rule that fired
  ExplainedNode written;               // the operator as it was given, without costs
  ExplainedNode root;                  // what is left of it, in order of execution
  std::vector<ExplainedChoice> choices;
  double flops = 0, bytes = 0, seconds = 0;  // per application
  size_t workspace = 0, persistent = 0, peak = 0;
  std::string tiles;    // of a plan: what was cut, and how
  PlanFigures figures;  // by device
  double planning_seconds = 0;
  Backend::FftPlanning fft;  // of this process so far
  std::string text() const;
};

// What an application of A to an input of this shape and dtype will do, before anything runs or is
// allocated.
Explained explain(
    const Linop& a, const Shape& x, DType dtype, Context& context, const PlanOptions& options = {});

}  // namespace lunops
