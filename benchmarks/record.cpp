// SPDX-License-Identifier: MIT
#include "benchmarks/record.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "benchmarks/figures.hpp"
#include "runtime/backend/backend.hpp"
#include "runtime/device/thread_pool.hpp"

namespace {

using namespace lunops::bench;

// Prints as Google Benchmark does and keeps the seconds of every repetition for the records.
class Recorder : public benchmark::ConsoleReporter {
 public:
  struct Entry {
    std::vector<double> seconds;
    std::string problem;
    std::map<std::string, double> counters;
    std::string failure;
  };

  Recorder() : ConsoleReporter(isatty(1) != 0 ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    // The repetitions go to the record; the terminal sees what sums them up.
    std::vector<Run> shown;
    for (const Run& run : runs) {
      if (run.repetitions <= 1 || run.run_type == Run::RT_Aggregate) shown.push_back(run);
    }
    if (!shown.empty()) ConsoleReporter::ReportRuns(shown);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration) continue;
      Entry& entry = entries[run.run_name.str()];
      if (run.error_occurred) entry.failure = run.error_message;
      entry.seconds.push_back(run.real_accumulated_time /
                              static_cast<double>(std::max<int64_t>(run.iterations, 1)));
      entry.problem = run.report_label;
      for (const auto& [name, counter] : run.counters) entry.counters[name] = counter.value;
    }
  }

  std::map<std::string, Entry> entries;
};

}  // namespace

int run_benchmarks(int argc, char** argv, const std::string& suite) {
  std::string json, filter;
  bool quick = false;
  // Google Benchmark prints the program; its folder is nobody's business.
  const std::string program = argv[0];
  std::vector<std::string> kept = {program.substr(program.rfind('/') + 1)};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else if (word == "--quick") {
      quick = true;
    } else if (!word.empty() && word[0] != '-') {
      filter += (filter.empty() ? "" : "|") + word;
    } else {
      kept.push_back(word);
    }
  }
  if (!filter.empty()) kept.push_back("--benchmark_filter=" + filter);
  kept.push_back(quick ? "--benchmark_min_time=0.01" : "--benchmark_min_time=0.05");
  kept.push_back(quick ? "--benchmark_repetitions=1" : "--benchmark_repetitions=10");
  std::vector<char*> arguments;
  for (std::string& word : kept) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  const double before = load_average();
  Recorder recorder;
  benchmark::RunSpecifiedBenchmarks(&recorder);
  const double after = load_average();
  for (const auto& [name, entry] : recorder.entries) {
    if (!entry.failure.empty()) return 1;
  }
  if (json.empty()) return 0;

  // Outside the repository its name comes with the bundle: "abc1234", "abc1234-dirty".
  const char* given = std::getenv("LUNOPS_COMMIT");
  std::string commit = given != nullptr ? given : output_of("git rev-parse --short HEAD");
  bool dirty = commit.find("-dirty") != std::string::npos;
  if (dirty) commit.resize(commit.find("-dirty"));
  if (given == nullptr) {
    dirty = !output_of("git status --porcelain --untracked-files=no").empty();
  }
  const std::string cpu = output_of("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo");
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%MZ", std::gmtime(&now));
  std::ofstream file(json, std::ios::app);
  for (const auto& [name, entry] : recorder.entries) {
    std::string seconds;
    for (const double s : entry.seconds)
      seconds += fmt::format("{}{:.6g}", seconds.empty() ? "" : ", ", s);
    std::string counters;
    for (const auto& [key, value] : entry.counters)
      counters += fmt::format("\"{}\": {:.6g}, ", key, value);
    file << fmt::format(
        "{{\"name\": {}, \"problem\": {}, \"variant\": \"hot\", \"seconds\": [{}], \"median\": "
        "{:.6g}, \"quartiles\": [{:.6g}, {:.6g}], "
        "\"warm_up\": 1, {}\"wisdom\": \"warm\", \"threads\": {}, \"device\": {}, \"libraries\": "
        "\"fftw 3.3\", \"compiler\": {}, "
        "\"commit\": {}, \"dirty\": {}, \"date\": \"{}\", \"load\": [{:.2f}, {:.2f}]}}\n",
        quoted(suite + "/" + name), quoted(entry.problem), seconds, quantile(entry.seconds, 0.5),
        quantile(entry.seconds, 0.25), quantile(entry.seconds, 0.75), counters,
        lunops::ThreadPool::process().threads(), quoted("cpu " + cpu), quoted("g++ " __VERSION__),
        quoted(commit), dirty, date, before, after);
  }
  file.close();
  if (!file) {
    fmt::print(stderr, "benchmark: cannot write '{}'\n", json);
    return 1;
  }
  return 0;
}
