// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

#include "runtime/device/arena.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/timeline.hpp"
#include "runtime/device/work_queue.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

// One application of a plan: its contexts and workspaces by device, and the steps on their way.
//
// Steps are handed to their queues ahead of time, in order, and wait there for what they need; the
// applying thread does the host's steps meanwhile and returns when every step has ended.  A wait is
// one for a step's flag.  After an error, an interrupt or a progress function that says so, the
// steps that have not begun are passed over.
//
// Steps of GPUs are issued to native streams by the applying thread, in the plan's order; waits
// between them are events, for which nobody waits here.  Each transfer stream begins after the work
// that compute streams of its ends have been given so far, and compute streams go on after the
// transfers that end on them: so whatever follows on a compute stream follows the whole
// application, and memory that it used may be given to others at once.  The call returns before
// the GPUs are done, but not before copies from and to memory of the host are.
class Execution {
 public:
  Execution(const Plan& plan, const Tensor& x, const Tensor& y, Scale s, Context& context);
  Execution(const Execution&) = delete;
  // Throws the error of the earliest step that failed, with the name of its tile.
  void run();

 private:
  void run_here();
  void run_queues();
  void submit(size_t step) noexcept;
  const NativeStream* native(size_t step) const noexcept;  // null: not of a GPU
  void issue(size_t step) noexcept;
  void issue_now(size_t step, const NativeStream& stream);
  void start_natives();
  void join_natives();
  static void work(void* self, int64_t step) noexcept;
  void perform(size_t step) noexcept;  // or passes over it; then it counts as done
  bool are_done(const std::vector<int>& steps) const noexcept;
  // Of the applying thread: until `condition`, with the interrupts and progress of meanwhile.
  template <class Condition>
  void wait_here(std::unique_lock<std::mutex>& lock, const Condition& condition);
  void report_progress(std::unique_lock<std::mutex>& lock);
  void fail_with(std::exception_ptr error, size_t step) noexcept;
  void finish(const Step& step);
  [[noreturn]] void rethrow();

  static double now() { return GpuClocks::host_seconds(); }
  void trace_start();
  void trace_step(size_t step);
  void trace_end();
  void trace_times();
  static Timeline::Moment mark(const NativeStream& stream);  // records a timed event there
  // Returns the numbers of their nodes.
  std::vector<int64_t> trace_waits(const std::vector<int>& waits,
                                   const std::string& stream,
                                   Device device);

  const Plan& plan_;
  const Tensor &x_, &y_;
  Context& context_;
  std::vector<Context> contexts_;       // by device
  std::vector<Context> link_contexts_;  // by device, for transfers to it
  std::array<std::byte*, kMostDevices> workspaces_{};
  std::array<Arena::Lease, kMostDevices> leases_;
  std::vector<Frame> frames_, link_frames_;  // by device
  std::vector<WorkQueue*> queues_;           // by queue; null: the caller, or a GPU's
  std::vector<NativeStream*> natives_;       // by queue; null: not of a GPU
  std::vector<NativeEvent> starts_;          // by device; of GPUs
  std::vector<NativeEvent> events_;          // by step; of GPUs, where somebody waits
  std::vector<int> last_issued_;             // by queue; -1: none
  std::vector<std::string> streams_;         // their names

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::vector<char> done_;  // by step
  size_t left_ = 0;         // steps on queues that have not ended
  std::exception_ptr error_;
  size_t error_step_ = 0;
  std::atomic<int64_t> failed_{-1};  // of a group step: the first group that failed
  std::vector<int> tile_left_;       // steps of each tile that have not ended
  std::vector<int> ended_;           // tiles whose end was not reported yet
  int64_t tiles_ = 0, tiles_done_ = 0;

  struct Traced {
    int64_t node = -1, record = -1;
    std::vector<int64_t> waits = {};
    Timeline::Moment start = 0.0, stop = 0.0;
  };
  void set_times(const Traced& traced, const Timeline::Moment& start, const Timeline::Moment& stop);
  std::vector<Traced> traced_;  // by step; empty: nobody looks
  bool is_timed_ = false;       // steps of GPUs stand between timed events
  int64_t first_event_ = 0;
  Traced call_, end_;
};

}  // namespace lunops
