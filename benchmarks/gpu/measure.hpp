// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/device/context.hpp"

namespace lunops::bench {

struct Settings {
  Device device;
  bool is_quick = false;  // tiny problems, few runs: whether it works, not how fast
  std::string json;       // records are appended to this file; "": none
  std::vector<std::string> names;

  bool wants(const std::string& name) const;
};

// One measurement (benchmarks/record.schema.json).
struct Record {
  std::string name;
  std::string problem;  // a JSON object
  std::string variant;
  std::vector<double> seconds;  // of one application, by run
  Device device;
  std::map<std::string, double> numbers = {};  // further fields: bytes, flops, error, ratio …
  std::string reference = {};                  // of the error
};

// Where records go, and what they are compared with.
class Report {
 public:
  explicit Report(const Settings& settings);

  // What the card does in this very run: "copy_bytes_per_second", "fft_256^3_seconds" …
  void set_ceiling(const std::string& name, double value) { ceilings_[name] = value; }
  double ceiling(const std::string& name) const;  // 0 if it was not measured
  void add(const Record& record);
  void compare(const std::string& target, double value, const std::string& must) const;

 private:
  const Settings& settings_;
  std::string device_name_, driver_, commit_, processor_;
  bool is_dirty_ = false;
  double load_before_;
  std::map<std::string, double> ceilings_;
};

double now();
double median(std::vector<double> values);

// Seconds of one call of `issue`, by run: as many calls as take some milliseconds, and one
// synchronisation of the context's stream after the last.  Three calls come before; at least ten
// runs and half a second.
std::vector<double> time_runs(const Settings& settings,
                              Context& context,
                              const std::function<void()>& issue);

// The same for two in turn, A B B A.
std::pair<std::vector<double>, std::vector<double>> time_pairs(const Settings& settings,
                                                               Context& context,
                                                               const std::function<void()>& a,
                                                               const std::function<void()>& b);

}  // namespace lunops::bench
