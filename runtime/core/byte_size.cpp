// SPDX-License-Identifier: MIT
#include "runtime/core/byte_size.hpp"

#include <charconv>
#include <cmath>

#include "runtime/core/error.hpp"

namespace lunops {

size_t parse_byte_size(std::string_view text, std::string_view operation) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) {
    fail(Code::argument, operation, "'{}' is no size; write for example 200MB or 6 GiB", text);
  }
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (!unit.empty() && unit.back() == 'B') unit.remove_suffix(1);
  double factor = 1;
  if (!unit.empty()) {
    const size_t power = std::string_view("kMGT").find(unit[0] == 'K' ? 'k' : unit[0]);
    const bool is_binary = unit.size() == 2 && unit[1] == 'i';
    if (power == std::string_view::npos || (unit.size() > 1 && !is_binary) ||
        (unit[0] == 'K' && !is_binary)) {
      fail(Code::argument, operation, "'{}' is no size; units are k M G T and Ki Mi Gi Ti", text);
    }
    factor = std::pow(is_binary ? 1024.0 : 1000.0, static_cast<double>(power + 1));
  }
  const double bytes = number * factor;
  if (!(bytes >= 0) || bytes > 9e18) fail(Code::argument, operation, "'{}' is no size", text);
  return static_cast<size_t>(bytes);
}

}  // namespace lunops
