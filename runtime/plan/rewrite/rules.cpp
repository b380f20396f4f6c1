// SPDX-License-Identifier: MIT
#include "runtime/plan/rewrite/rules.hpp"

#include <array>

#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

namespace {

using enum Rule::Kind;

// R1 and R4 are the form of a product, and R28 the form of a node (Core::canonical).  R24 and R26
// are looked for by name before the rules of which they are cases, R13 and R12.  R8 and R9 stand
// after the rules that look for Aᴴ A, and R15 before R14, which says of a forced Toeplitz form what
// stands in its way.  R23 and R29 are last: others look for transforms and Diagonals, and for Aᴴ A.
constexpr std::array kRules = {
    Rule{"R2", "identity", "", exact, drop_identities},
    Rule{"R3", "zero", "no barrier in the product", exact, drop_zeros},
    Rule{"R5", "scalar", "across no barrier; a complex s across nothing real-linear", exact,
         collect_scalars},
    Rule{"R19", "sum", "one term is left", exact, merge_sums},
    Rule{"R16", "kernels", "one grid; cost", exact, join_kernels},
    Rule{"R24", "repeat", "same dims", exact, join_repeats},
    Rule{"R26", "cast", "intermediate not narrower", exact, join_casts},
    Rule{"R12", "isometry", "", exact, drop_isometries},
    Rule{"R6", "diagonal", "dims of one among those of the other", exact, merge_diagonals},
    Rule{"R7", "exchange", "only to enable R6", exact, move_diagonal},
    Rule{"R13, R20", "normal", "the entry gives an exact form", exact, take_exact_normal},
    Rule{"R10", "move", "one kind; Pads and Crops of one anchor", exact, merge_moves},
    Rule{"R11", "select", "smaller array", exact, select_first},
    Rule{"R25", "kronecker", "shapes fit, no more products", exact, join_kroneckers},
    Rule{"R27", "device", "the first ends where the second begins", exact, join_devices},
    Rule{"R21", "convolution",
         "circular, same grid; no more taps, or transforms that undo each other", exact,
         merge_convolutions},
    Rule{"R22", "fft", "same norm, centre and sign, disjoint dims", exact, merge_ffts},
    Rule{"R15", "basis", "cost, memory", approximate, fold_matrix_normal},
    Rule{"R17", "dense", "rule of Dense", exact, fuse_dense_normal},
    Rule{"R14", "toeplitz", "cost, memory", approximate, fold_nufft_normal},
    Rule{"R18", "factor", "same node A", exact, factor_out},
    Rule{"R8", "absorb", "the weight does not grow; gain", exact, absorb_diagonal},
    Rule{"R9", "product", "fewer flops over all applications", exact, merge_dense},
    Rule{"maps", "maps", "weights over image dims and one batch dim", exact, attach_maps},
    Rule{"R23", "pruned", "the FFT takes every dim that is padded or cropped", exact, prune_ffts},
    Rule{"R29", "pointwise", "few terms and weights; no precision lost in between", exact,
         fuse_pointwise},
};

}  // namespace

std::span<const Rule> rules() noexcept { return kRules; }

void require_rule(std::string_view operation, std::string_view name) {
  std::vector<std::string> known;
  for (const Rule& r : kRules) {
    if (r.name == name) return;
    known.emplace_back(r.name);
  }
  std::string list;
  for (const std::string& each : known) list += (list.empty() ? "" : ", ") + each;
  fail(Code::argument, operation, "no rule '{}' to switch off{}; the rules are {}", name,
       did_you_mean(name, known), list);
}

int rewrite(Product& p, Builder& b) {
  const int most = kMostRewrites * static_cast<int>(p.factors.size() + 1);
  int applied = 0;
  const auto apply_first = [&] {
    for (const Rule& r : kRules) {
      if (b.options().allows(r.name) && r.apply(p, b)) return true;
    }
    return false;
  };
  while (apply_first()) {
    if (++applied > most) {
      fail(Code::internal, "plan", "rewriting reached no end after {} rules; last was {}", applied,
           b.last_rewrite());
    }
  }
  return applied;
}

}  // namespace lunops
