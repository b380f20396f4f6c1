// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "interpreter/binding/record.hpp"
#include "interpreter/options.hpp"
#include "interpreter/session/check.hpp"
#include "interpreter/session/session.hpp"
#include "interpreter/session/version.hpp"
#include "interpreter/terminal/prompt.hpp"
#include "interpreter/terminal/signals.hpp"
#include "interpreter/terminal/terminal_sink.hpp"

namespace {

using namespace lunops;
using namespace lunops::lua;

constexpr int kUsage = 2;
constexpr int kUnreadable = 3;

int status_of(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::done:
    case Outcome::Kind::incomplete:
      return 0;
    case Outcome::Kind::unreadable:
      return kUnreadable;
    case Outcome::Kind::failed:
      return exit_status(outcome.code);
    case Outcome::Kind::interrupted:
      return 130;
  }
  return 1;
}

SessionOptions options_of(const CommandLine& line) {
  SessionOptions options;
  options.reads_environment = !line.ignores_environment;
  options.stdlib = line.stdlib;
  options.device = line.device;
  options.threads = line.threads;
  options.seed = line.seed;
  options.memory_limits = line.memory_limits;
  options.warnings_are_errors = line.warnings_are_errors;
  options.trace = line.trace == "full" ? TraceLength::full : TraceLength::brief;
  return options;
}

// LUA_INIT as stock Lua has it: text, or @file.
Outcome run_initial(Session& session) {
  for (const char* name : {"LUA_INIT_5_4", "LUA_INIT"}) {
    const char* text = std::getenv(name);
    if (text == nullptr) continue;
    if (text[0] == '@') return session.run_file(text + 1, {text + 1}, 0);
    return session.run_text(text, fmt::format("={}", name));
  }
  return {};
}

// Everything the command line asks for, in order; the first failure ends it.
int run(const CommandLine& line, Session& session, TerminalSink& sink) {
  if (!line.ignores_environment) {
    const Outcome outcome = run_initial(session);
    if (outcome.kind != Outcome::Kind::done) return status_of(outcome);
  }
  for (const CommandLine::Action& action : line.actions) {
    Outcome outcome;
    if (action.is_module) {
      const size_t equals = action.text.find('=');
      outcome = equals == std::string::npos ? session.require(action.text, action.text)
                                            : session.require(action.text.substr(0, equals),
                                                              action.text.substr(equals + 1));
    } else {
      outcome = session.run_text(action.text, "=(command line)");
    }
    if (outcome.kind != Outcome::Kind::done) return status_of(outcome);
  }
  const bool is_terminal = isatty(STDIN_FILENO) != 0;
  int status = 0;
  if (line.script >= 0) {
    status = status_of(
        session.run_file(line.argv[static_cast<size_t>(line.script)], line.argv, line.script));
  } else if (line.actions.empty() && !line.version && !is_terminal && !line.prompt_afterwards) {
    status = status_of(session.run_file("-", line.argv, 0));
  }
  const bool wants_prompt = line.prompt_afterwards || (line.script < 0 && line.actions.empty() &&
                                                       !line.version && is_terminal);
  if (!wants_prompt) return status;
  return run_prompt(session, sink, {line.init, line.no_init});
}

int run_program(int argc, char** argv) {
  CommandLine line;
  try {
    line = parse_command_line(argc, argv);
  } catch (const UsageError& e) {
    std::fprintf(stderr, "lunops: %s\n", e.text.c_str());
    return kUsage;
  }
  if (line.help) {
    std::fputs(help_text().c_str(), stdout);
    return 0;
  }
  if (line.version) std::printf("%s\n", version_text().c_str());
  if (line.dump_records) {
    std::fputs(dump_records().c_str(), stdout);
    return 0;
  }
  if (line.list_operators) {
    std::fputs(list_operators().c_str(), stdout);
    return 0;
  }
  if (!line.check.empty()) return check_file(line.check) ? 0 : kUnreadable;
  if (line.version && line.script < 0 && line.actions.empty() && !line.prompt_afterwards) return 0;

  TerminalSink sink(line.color, line.progress);
  std::unique_ptr<Session> session;
  try {
    session = std::make_unique<Session>(sink, options_of(line));
  } catch (const Error& e) {
    std::fprintf(stderr, "lunops: %s\n", e.what());
    return exit_status(e.code());
  }
  const SignalGuard signals(*session);
  const int status = run(line, *session, sink);
  sink.finish();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  // Before any thread runs: OpenBLAS, loaded later, must start none of its own.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  std::setlocale(LC_CTYPE, "");
  int status = 1;
  try {
    status = run_program(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "lunops: %s\n", e.what());
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    std::fprintf(stderr, "lunops: cannot write results: %s\n", std::strerror(errno));
    if (status == 0) status = 1;
  }
  if (status == 130) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return status;
}
