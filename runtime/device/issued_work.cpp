// SPDX-License-Identifier: MIT
#include "runtime/device/issued_work.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace lunops {

namespace {

constexpr size_t kKept = 32;   // operations
constexpr size_t kShown = 8;   // different ones in a text
constexpr size_t kBytes = 48;  // of a name

struct Entry {
  Device device;
  std::array<char, kBytes> name{};
  bool is_done = true;
};

struct Ring {
  std::mutex mutex;
  std::array<Entry, kKept> entries;
  size_t next = 0;
};

thread_local std::vector<std::string>* kept_notes = nullptr;

Ring& ring() {
  static Ring* const all = new Ring;  // asked while the process ends, too
  return *all;
}

}  // namespace

void note_issued(Device gpu, std::string_view operation) noexcept {
  if (kept_notes != nullptr) {
    try {
      kept_notes->emplace_back(operation);
    } catch (const std::bad_alloc&) {
      // An error will not name it.
    }
    return;
  }
  Ring& all = ring();
  const std::lock_guard lock(all.mutex);
  Entry& entry = all.entries[all.next++ % kKept];
  entry.device = gpu;
  entry.is_done = false;
  const size_t length = std::min(operation.size(), kBytes - 1);
  std::memcpy(entry.name.data(), operation.data(), length);
  entry.name[length] = '\0';
}

void forget_issued(Device gpu) noexcept {
  Ring& all = ring();
  const std::lock_guard lock(all.mutex);
  for (Entry& entry : all.entries) entry.is_done = entry.is_done || entry.device == gpu;
}

std::string issued_text() {
  Ring& all = ring();
  const std::lock_guard lock(all.mutex);
  std::array<std::string, kShown> shown;  // the last first
  size_t count = 0;
  for (size_t back = 1; back <= std::min(all.next, kKept) && count < kShown; ++back) {
    const Entry& entry = all.entries[(all.next - back) % kKept];
    if (entry.is_done) continue;
    const std::string text = std::string(entry.name.data()) + " on " + entry.device.text();
    const auto end = shown.begin() + static_cast<ptrdiff_t>(count);
    if (std::find(shown.begin(), end, text) == end) shown[count++] = text;
  }
  std::string text;
  while (count-- > 0) text += (text.empty() ? "" : ", ") + shown[count];
  return text;
}

KeptNotes::KeptNotes(std::vector<std::string>& list) noexcept { kept_notes = &list; }
KeptNotes::~KeptNotes() { kept_notes = nullptr; }

bool is_blocking() noexcept {
  static const bool is_set = [] {
    const char* text = std::getenv("LUNOPS_CUDA_BLOCKING");
    return text != nullptr && std::string_view(text) == "1";
  }();
  return is_set;
}

}  // namespace lunops
