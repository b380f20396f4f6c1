// SPDX-License-Identifier: MIT
// The only file that includes CLI11: it takes seconds to compile.
#include "interpreter/options.hpp"

#include <array>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runtime/core/byte_size.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops {

namespace {

struct Word {
  std::string_view name;
  bool has_value;
};
constexpr std::array<Word, 25> kWords = {{
    {"-e", true},
    {"-l", true},
    {"-i", false},
    {"-E", false},
    {"-W", false},
    {"-v", false},
    {"--version", false},
    {"-h", false},
    {"--help", false},
    {"--check", true},
    {"--device", true},
    {"--threads", true},
    {"--seed", true},
    {"--init", true},
    {"--memory-limit", true},
    {"--no-init", false},
    {"--no-history", false},
    {"--stdlib", true},
    {"--color", true},
    {"--progress", true},
    {"--trace", true},
    {"--list-operators", false},
    {"--dump-records", false},
    {"-", false},
    {"--", false},
}};

[[noreturn]] void refuse(const std::string& text) {
  throw UsageError{text + "; lunops --help lists the options"};
}

// How many words of argv belong to the program: the rest starts with the script.
int split(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.empty() || word[0] != '-' || word == "-" || word == "--") return i;
    const size_t equals = word.find('=');
    const bool is_long = word[1] == '-';
    const std::string name = is_long ? word.substr(0, equals) : word.substr(0, 2);
    const Word* known = nullptr;
    for (const Word& candidate : kWords)
      if (candidate.name == name) known = &candidate;
    if (known == nullptr) {
      std::vector<std::string> names;
      for (const Word& candidate : kWords) names.emplace_back(candidate.name);
      const std::string best = nearest(name, names);
      refuse(fmt::format("unknown option '{}'{}", name,
                         best.empty() ? "" : fmt::format(" (did you mean '{}'?)", best)));
    }
    if (!known->has_value) continue;
    const bool is_attached = is_long ? equals != std::string::npos : word.size() > 2;
    if (!is_attached && ++i >= argc) refuse(fmt::format("option '{}' needs a value", name));
  }
  return argc;
}

void from_environment(CommandLine& line) {
  if (const char* device = std::getenv("LUNOPS_DEVICE"); device != nullptr && line.device.empty())
    line.device = device;
  if (const char* limit = std::getenv("LUNOPS_MEMORY_LIMIT");
      limit != nullptr && line.memory_limits.empty())
    line.memory_limits.emplace_back("", parse_size(limit));
}

std::unique_ptr<CLI::App> make_app(CommandLine& line) {
  auto app =
      std::make_unique<CLI::App>("Runs Lua scripts on named-shape linear operators.", "lunops");
  app->set_help_flag();
  app->add_flag("-h,--help", line.help, "show this text");
  app->add_flag("-v,--version", line.version, "show the versions");
  app->add_option("-e", "run TEXT")
      ->type_name("TEXT")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("-l", "require MOD into the global MOD, or NAME")
      ->type_name("MOD|NAME=MOD")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_flag("-i", line.prompt_afterwards, "open the prompt afterwards");
  app->add_flag("-E", line.ignores_environment, "ignore LUA_INIT, LUA_PATH and the like");
  app->add_flag("-W", line.warnings_are_errors, "make warnings errors");
  app->add_option("--check", line.check, "check FILE without running anything")->type_name("FILE");
  app->add_option("--device", line.device, "where tensors are made: cpu, cuda:0 …")
      ->type_name("NAME");
  app->add_option("--threads", line.threads, "threads of the process")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app->add_option("--seed", line.seed, "where random numbers start")->type_name("N");
  app->add_option("--memory-limit", "budget of tensors, such as 6GB or cuda:0=2GiB")
      ->type_name("[DEVICE=]SIZE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--init", line.init, "startup file of the prompt")->type_name("FILE");
  app->add_flag("--no-init", line.no_init, "no startup file");
  app->add_flag("--no-history", line.no_history, "keep no history");
  app->add_option("--stdlib", line.stdlib, "read the stdlib from DIR")->type_name("DIR");
  app->add_option("--color", line.color, "colours of the terminal")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app->add_option("--progress", line.progress, "how progress is shown")
      ->check(CLI::IsMember({"auto", "plain", "off"}));
  app->add_option("--trace", line.trace, "length of tracebacks")
      ->check(CLI::IsMember({"short", "full"}));
  app->add_flag("--list-operators", line.list_operators,
                "list the operators with signatures, dtypes, backends and law cases");
  app->add_flag("--dump-records", line.dump_records, "write the reference as JSON");
  return app;
}

}  // namespace

size_t parse_size(const std::string& text) {
  try {
    return parse_byte_size(text, "memory limit");
  } catch (const Error& e) {
    refuse(e.message());
  }
}

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  line.argv.assign(argv, argv + argc);
  int head = split(argc, argv);
  if (head < argc) line.script = line.argv[static_cast<size_t>(head)] == "--" ? head + 1 : head;
  if (line.script >= argc) line.script = -1;
  if (line.script >= 0 && line.argv[static_cast<size_t>(line.script)] == "run")
    refuse("the word 'run' is reserved; write ./run for a file of that name");

  const auto app = make_app(line);
  std::vector<std::string> words(argv + 1, argv + head);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app->parse(reversed);
  } catch (const CLI::ParseError& e) {
    refuse(e.what());
  }
  // An option given twice stands twice in parse_order, with all its values each time.
  size_t texts = 0, modules = 0;
  for (const CLI::Option* option : app->parse_order()) {
    const std::string name = option->get_name();
    if (name == "-e") line.actions.push_back({false, option->results()[texts++]});
    if (name == "-l") line.actions.push_back({true, option->results()[modules++]});
  }
  for (const std::string& limit : app->get_option("--memory-limit")->results()) {
    const size_t equals = limit.find('=');
    line.memory_limits.emplace_back(
        equals == std::string::npos ? "" : limit.substr(0, equals),
        parse_size(equals == std::string::npos ? limit : limit.substr(equals + 1)));
  }
  if (!line.ignores_environment) from_environment(line);
  return line;
}

std::string help_text() {
  CommandLine line;
  return make_app(line)->help();
}

}  // namespace lunops
