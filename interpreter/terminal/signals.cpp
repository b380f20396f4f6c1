// SPDX-License-Identifier: MIT
#include "interpreter/terminal/signals.hpp"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace lunops::lua {

namespace {

// A signal handler can reach nothing but globals.
std::atomic<Session*> g_session{nullptr};
std::atomic<int> g_presses{0};
std::atomic<bool> g_editing{false};
std::atomic<bool> g_stop{false};
std::atomic<void (*)()> g_reset{nullptr};
pthread_t g_main;
int g_in_row = 0;
time_t g_last = 0;

void say(const char* text, size_t size) {
  if (write(STDERR_FILENO, text, size) < 0) return;
}

void on_interrupt(int signal) {
  if (!pthread_equal(pthread_self(), g_main)) {
    pthread_kill(g_main, signal);
    return;
  }
  const int error = errno;
  g_presses.fetch_add(1);
  if (!g_editing.load()) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    g_in_row = now.tv_sec - g_last <= 2 ? g_in_row + 1 : 1;
    g_last = now.tv_sec;
    static constexpr char kWarning[] =
        "\nlunops: still in a call that cannot be stopped; once more leaves the program\n";
    if (g_in_row == 2) say(kWarning, sizeof(kWarning) - 1);
    if (g_in_row >= 3) {
      if (auto* reset = g_reset.load()) reset();
      _exit(130);
    }
    if (Session* session = g_session.load()) session->interrupt();
  }
  errno = error;
}

void act_by_default(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  raise(signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void on_end(int signal) {
  if (!pthread_equal(pthread_self(), g_main)) {
    pthread_kill(g_main, signal);
    return;
  }
  if (auto* reset = g_reset.load()) reset();
  act_by_default(signal);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

// As nohup and shells without job control leave it.
bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void on_stop(int signal) {
  const int error = errno;
  if (g_editing.load()) {
    g_stop.store(true);
  } else {
    act_by_default(signal);  // returns when continued
    handle(signal, on_stop);
  }
  errno = error;
}

}  // namespace

SignalGuard::SignalGuard(Session& session) {
  g_main = pthread_self();
  g_session.store(&session);
  handle(SIGINT, on_interrupt);
  if (!is_ignored(SIGTERM)) handle(SIGTERM, on_end);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, on_end);
  if (isatty(STDIN_FILENO) && !is_ignored(SIGTSTP)) handle(SIGTSTP, on_stop);
}

SignalGuard::~SignalGuard() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP})
    if (!is_ignored(signal)) std::signal(signal, SIG_DFL);
  g_session.store(nullptr);
}

int take_presses() noexcept { return g_presses.exchange(0); }
bool take_stop() noexcept { return g_stop.exchange(false); }
void set_editing(bool is_editing) noexcept {
  g_editing.store(is_editing);
  if (is_editing) g_in_row = 0;
}
void set_terminal_reset(void (*reset)()) noexcept { g_reset.store(reset); }

}  // namespace lunops::lua
