// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lunops {

// What the command line asks for (lua-host §4).
struct CommandLine {
  // -e TEXT and -l MOD, in the order given.
  struct Action {
    bool is_module = false;
    std::string text;
  };
  std::vector<Action> actions;
  bool prompt_afterwards = false;    // -i
  bool ignores_environment = false;  // -E
  bool warnings_are_errors = false;  // -W
  bool version = false, help = false;
  bool no_init = false, no_history = false, dump_records = false, list_operators = false;
  std::string check, device, init, stdlib;
  std::string color = "auto", progress = "auto", trace = "short";
  int threads = 0;
  uint64_t seed = 0;
  std::vector<std::pair<std::string, size_t>> memory_limits;  // by device; "" for the default one

  std::vector<std::string> argv;  // all words
  int script = -1;                // position of the script in argv, or -1: "-" is stdin
};

// A command line that cannot be understood: the program prints the text and exits 2.
struct UsageError {
  std::string text;
};

// Throws UsageError.  Words from the first that is neither option nor option value on belong to the
// script and are never interpreted.
CommandLine parse_command_line(int argc, char** argv);
std::string help_text();

// "200MB", "6 GiB", "1000"; throws UsageError.
size_t parse_size(const std::string& text);

}  // namespace lunops
