// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace lunops {

// Whether the children of a container run side by side (splitting.md §6): a hint, not mathematics.
//
// One object is shared by a container, its modes, its normals and its tiles, and may be written at
// any time by any thread; plans that were made under other settings are made anew.
struct Workers {
  enum class Threaded : uint8_t { off, on, automatic };
  std::atomic<Threaded> threaded{Threaded::automatic};
  std::atomic<int> count{0};  // children at a time at most; 0: as many as there are threads
};
using WorkersPtr = std::shared_ptr<Workers>;

inline WorkersPtr or_new(WorkersPtr workers) {
  return workers == nullptr ? std::make_shared<Workers>() : std::move(workers);
}

// The same settings for an operator of its own.
inline WorkersPtr copy_of(const WorkersPtr& workers) {
  auto made = std::make_shared<Workers>();
  made->threaded = workers->threaded.load();
  made->count = workers->count.load();
  return made;
}

}  // namespace lunops
