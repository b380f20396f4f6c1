// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/device/device_module.hpp"
#include "runtime/device/stream.hpp"

// GPUs that are none.  Work that is given to their streams runs when somebody waits, and then as
// late and as badly ordered as streams and events allow: a wait that is missing is a wrong result.
namespace lunops::fake {

// Makes cuda:0 … cuda:2 exist in this process.
void install();

// What was given to the streams, in the order of the calls: "cuda:0 axpby", "cpu>cuda:0 copy 32",
// "cuda:0 record 1", "cpu>cuda:0 wait 1".  Events are numbered in the order in which they were
// first recorded since clear().
const std::vector<std::string>& issued();
void clear();
// Which streams come first when work is run: those that were made last (the default), or first.
void prefer_old_streams(bool prefers);
int host_waits();   // since clear()
size_t pending();   // pieces of work that have not run
void finish_all();  // runs them

// Of the fake backend: work of a kernel, done later.
void submit(void* stream, std::string name, std::function<void()> work);
// The next kernel fails when it is issued.
void fail_next(bool fails);
bool take_failure();
Backend& backend_of(int device);

}  // namespace lunops::fake
