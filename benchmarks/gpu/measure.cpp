// SPDX-License-Identifier: MIT
#include "benchmarks/gpu/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include <fmt/format.h>

#include "benchmarks/figures.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/cuda_status.hpp"
#include "runtime/device/native.hpp"

namespace lunops::bench {

namespace {

// A run shorter than this would measure the synchronisation at its end.
constexpr double kRunSeconds = 5e-3;
constexpr int kMostCalls = 2000;

std::string fields(const std::map<std::string, double>& numbers) {
  std::string text;
  for (const auto& [name, value] : numbers) {
    // JSON has no NaN: an error that is none fails the program before.
    text += fmt::format("{}{}: {:.6g}", text.empty() ? "" : ", ", quoted(name), value);
  }
  return text;
}

int calls_of(const Settings& settings, Context& context, const std::function<void()>& issue) {
  const int warm = settings.is_quick ? 1 : 3;
  double start = 0;
  for (int i = 0; i < warm; ++i) {
    context.stream->wait();
    start = now();
    issue();
  }
  context.stream->wait();
  const double once = now() - start;
  if (settings.is_quick) return 1;
  return std::clamp(static_cast<int>(std::ceil(kRunSeconds / once)), 1, kMostCalls);
}

double run_of(Context& context, const std::function<void()>& issue, int calls) {
  const double start = now();
  for (int i = 0; i < calls; ++i) issue();
  context.stream->wait();
  return (now() - start) / calls;
}

bool goes_on(const Settings& settings, size_t runs, double start) {
  if (settings.is_quick) return runs < 2;
  return runs < 10 || now() - start < 0.5;
}

}  // namespace

bool Settings::wants(const std::string& name) const {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

std::vector<double> time_runs(const Settings& settings,
                              Context& context,
                              const std::function<void()>& issue) {
  const int calls = calls_of(settings, context, issue);
  std::vector<double> seconds;
  const double start = now();
  while (goes_on(settings, seconds.size(), start)) seconds.push_back(run_of(context, issue, calls));
  return seconds;
}

std::pair<std::vector<double>, std::vector<double>> time_pairs(const Settings& settings,
                                                               Context& context,
                                                               const std::function<void()>& a,
                                                               const std::function<void()>& b) {
  const int calls = std::max(calls_of(settings, context, a), calls_of(settings, context, b));
  std::vector<double> of_a, of_b;
  const double start = now();
  while (goes_on(settings, of_a.size(), start)) {
    const bool is_a_first = of_a.size() % 2 == 0;
    if (is_a_first) of_a.push_back(run_of(context, a, calls));
    of_b.push_back(run_of(context, b, calls));
    if (!is_a_first) of_a.push_back(run_of(context, a, calls));
  }
  return {of_a, of_b};
}

Report::Report(const Settings& settings) : settings_(settings), load_before_(load_average()) {
  if (is_gpu(settings.device)) {
    const std::string query =
        fmt::format("nvidia-smi -i {} --format=csv,noheader --query-gpu=", settings.device.index);
    device_name_ = output_of(query + "name");
    driver_ = output_of(query + "driver_version");
  }
  processor_ = output_of("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo");
  // Outside the repository its name comes with the bundle.
  if (const char* commit = std::getenv("LUNOPS_COMMIT"); commit != nullptr && *commit != '\0') {
    commit_ = commit;
    const size_t dirty = commit_.rfind("-dirty");
    is_dirty_ = dirty != std::string::npos;
    if (is_dirty_) commit_.resize(dirty);
  } else {
    commit_ = output_of("git rev-parse --short HEAD");
    is_dirty_ = !output_of("git status --porcelain --untracked-files=no").empty();
  }
}

double Report::ceiling(const std::string& name) const {
  const auto it = ceilings_.find(name);
  return it == ceilings_.end() ? 0 : it->second;
}

void Report::add(const Record& record) {
  for (const auto& [name, value] : record.numbers) {
    if (!std::isfinite(value)) {
      fail(Code::numeric, "bench_gpu", "{}: '{}' of {} is not finite", record.name, name,
           record.problem);
    }
  }
  const double middle = median(record.seconds);
  std::string line = fmt::format("{:<24} {} {} {:10.4f} ms", record.name, record.problem,
                                 record.variant, 1e3 * middle);
  for (const auto& [name, value] : record.numbers) line += fmt::format("  {} {:.4g}", name, value);
  fmt::print("{}\n", line);
  std::fflush(stdout);
  if (settings_.json.empty()) return;

  std::string seconds;
  for (const double s : record.seconds)
    seconds += fmt::format("{}{:.6g}", seconds.empty() ? "" : ", ", s);
  char date[32];
  const std::time_t time = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%MZ", std::gmtime(&time));
  const bool on_gpu = is_gpu(record.device);
  const std::string further = fields(record.numbers);
  std::ofstream file(settings_.json, std::ios::app);
  file << fmt::format(
      "{{\"name\": {}, \"problem\": {}, \"variant\": {}, \"seconds\": [{}], \"median\": {:.6g}, "
      "\"quartiles\": [{:.6g}, {:.6g}], \"warm_up\": 3, {}{}{}\"ceilings\": {{{}}}, \"threads\": "
      "{}, \"device\": {}, \"driver\": {}, \"libraries\": {}, \"compiler\": {}, \"commit\": {}, "
      "\"dirty\": {}, \"quick\": {}, \"date\": \"{}\", \"load\": [{:.2f}, {:.2f}]}}\n",
      quoted("gpu/" + record.name), record.problem, quoted(record.variant), seconds, middle,
      quantile(record.seconds, 0.25), quantile(record.seconds, 0.75), further,
      further.empty() ? "" : ", ",
      record.reference.empty() ? "" : fmt::format("\"reference\": {}, ", quoted(record.reference)),
      fields(ceilings_), ThreadPool::process().threads(),
      quoted(on_gpu ? fmt::format("{} {}", record.device.text(), device_name_)
                    : "cpu " + processor_),
      quoted(driver_), quoted(cuda_status()), quoted("g++ " __VERSION__), quoted(commit_),
      is_dirty_, settings_.is_quick, date, load_before_, load_average());
  file.close();
  if (!file) fail(Code::file, "bench_gpu", "cannot write '{}'", settings_.json);
}

void Report::compare(const std::string& target, double value, const std::string& must) const {
  fmt::print("  {:<58} {:8.2f}   must {}\n", target, value, must);
  std::fflush(stdout);
}

}  // namespace lunops::bench
