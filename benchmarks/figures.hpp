// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

// What records of all benchmark programs are made of.
namespace lunops::bench {

// The first line that a shell command prints; "" where it fails.
std::string output_of(const std::string& command);
std::string quoted(const std::string& text);  // as a JSON string
double load_average();                        // of the last minute
double quantile(std::vector<double> values, double q);

}  // namespace lunops::bench
