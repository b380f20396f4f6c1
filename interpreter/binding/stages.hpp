// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interpreter/binding/entry.hpp"

namespace lunops::lua {

double seconds_now();  // monotonic

// The stopwatch of lo.stages: seconds by stage, in the order in which stages first ran.
struct Stages {
  std::vector<std::pair<std::string, double>> seconds;
  std::string current;
  double began = 0;

  void start(std::string_view name);
  void stop();
};

template <>
struct Boxed<Stages> {
  static const BoxType type;
  static constexpr int user_values = 0;
};
template <>
struct Encode<Stages> {
  static constexpr bool is_boxed = true;
  static int push(lua_State*, State&, Box<Stages>*) { return 1; }
};

}  // namespace lunops::lua
