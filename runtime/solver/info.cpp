// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "runtime/solver/solver.hpp"

namespace lunops {

std::string_view name_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::tol:
      return "tol";
    case Reason::iters:
      return "iters";
    case Reason::seconds:
      return "seconds";
    case Reason::exact:
      return "exact";
    case Reason::stagnation:
      return "stagnation";
    case Reason::callback:
      return "callback";
    case Reason::indefinite:
      return "indefinite";
    case Reason::breakdown:
      return "breakdown";
  }
  return "unknown";
}

std::string SolverInfo::text() const {
  std::string text = fmt::format(
      "{}: {} after {} iteration{} ({}), relative residual {:.3g}, {} application{}, "
      "{:.3g} s + {:.3g} s setup",
      algorithm, converged ? "converged" : "stopped", iterations, iterations == 1 ? "" : "s",
      name_of(reason), residual, applications, applications == 1 ? "" : "s", seconds,
      setup_seconds);
  if (!why.empty()) text += "; " + why;
  return text;
}

}  // namespace lunops
