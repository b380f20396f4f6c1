// SPDX-License-Identifier: MIT
#include "runtime/core/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace lunops {

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() +
                       1);  // distances of the prefix of a seen so far to every prefix of b
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view name, std::span<const std::string> known) {
  constexpr size_t kFurthest = 2;
  std::string best;
  int least = static_cast<int>(kFurthest) + 1;
  for (const std::string& candidate : known) {
    const size_t longer = std::max(name.size(), candidate.size());
    const size_t shorter = std::min(name.size(), candidate.size());
    if (longer - shorter > kFurthest) continue;  // also keeps huge input cheap
    const int distance = edit_distance(name, candidate);
    if (distance < least && distance < static_cast<int>(longer)) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> known) {
  const std::string best = nearest(name, known);
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

std::string give_extent(std::string_view dim) {
  const bool is_name = dim.find_first_of("'(") == std::string_view::npos;
  return std::string("give extent = {") + (is_name ? "" : "[\"") + std::string(dim) +
         (is_name ? "" : "\"]") + " = …}";
}

}  // namespace lunops
