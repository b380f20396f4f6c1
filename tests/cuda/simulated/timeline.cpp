// SPDX-License-Identifier: MIT
// When work of GPUs ran, as timelines tell.  Here it runs when the host waits for it, no earlier.
#include "runtime/device/timeline.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <thread>

#include "runtime/backend/cuda/streams.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

using Kind = TimelineNode::Kind;

struct Recorded {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);
  Timeline timeline;
  Linop a = FFT("y x -> ky kx") * Dense(random("coil=4 y=16 x=12", 1), "y x -> coil y x");
  Tensor x = random("y=16 x=12", 2);

  Recorded() { gpu.timeline = &timeline; }
  Tensor random(const std::string& shape, uint64_t seed) {
    return randn(Shape::parse(shape), DType::c64, seed, host).to(on_gpu::kGpu, gpu);
  }
};

bool is_on_gpu(const TimelineNode& node) { return node.stream != "cpu"; }

}  // namespace

TEST_CASE("timeline: work of a GPU stands where it ran, which is after it was issued") {
  Recorded r;
  r.a(r.x, r.host);  // plans
  r.timeline.clocks().tie(on_gpu::kGpu);
  const int64_t waits = simulated::waits();

  const Tensor y = r.a(r.x, r.gpu);
  CHECK(simulated::waits() == waits);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double issued = GpuClocks::host_seconds();
  r.timeline.close();

  const double closed = GpuClocks::host_seconds();
  constexpr double kTied = 1e-3;  // the base lies within the time that tying took
  int64_t nodes = 0;
  std::map<std::string, double> ends;  // of streams
  for (const TimelineNode& node : r.timeline.nodes()) {
    if (!is_on_gpu(node)) continue;
    ++nodes;
    CHECK(node.start > issued - kTied);
    CHECK(node.stop >= node.start);
    CHECK(node.stop < closed + kTied);
    double& end = ends[node.stream];
    CHECK(node.start >= end);
    end = node.stop;
  }
  CHECK(nodes >= 3);
  CHECK(r.timeline.count({.kind = Kind::compute, .device = on_gpu::kGpu}) == 2);
  CHECK(r.timeline.nodes().back().label == "return");
  CHECK(r.timeline.nodes().back().stop >= ends["cuda:0"]);
  CHECK(r.timeline.check().empty());
  CHECK(r.timeline.overlap({.kind = Kind::compute}, {.kind = Kind::compute}) == 1);
}

TEST_CASE("timeline: times are those of the work, not those of its issue") {
  Recorded r;
  const NativeStream& stream = NativeStream::compute(on_gpu::kGpu);
  GpuClocks& clocks = r.timeline.clocks();
  clocks.tie(on_gpu::kGpu);
  NativeEvent begin(on_gpu::kGpu, true), end(on_gpu::kGpu, true);
  constexpr auto kLong = std::chrono::milliseconds(5);

  begin.record(stream);
  simulated::issue(static_cast<const cuda::GpuStream*>(stream.handle())->stream,
                   [=] { std::this_thread::sleep_for(kLong); });
  end.record(stream);
  const double issued = GpuClocks::host_seconds();
  std::this_thread::sleep_for(kLong);
  clocks.seconds_of(end);  // waits

  CHECK(clocks.seconds_of(end) - clocks.seconds_of(begin) >= 5e-3);
  CHECK(clocks.seconds_of(begin) - issued > 4e-3);  // 1 ms for the place of the base
}

TEST_CASE("timeline: a node whose events cannot be read is an error") {
  Recorded r;
  r.timeline.clocks().tie(on_gpu::kGpu);
  TimelineNode node;
  node.stream = "cuda:0";
  node.label = "FFT";
  // Those that were used before are taken first.
  std::vector<std::shared_ptr<const NativeEvent>> taken;
  for (int i = 0; i < 1000; ++i) taken.push_back(std::make_shared<NativeEvent>(on_gpu::kGpu, true));
  const auto never_recorded = taken.back();
  r.timeline.set_times(r.timeline.add(node), never_recorded, 0.0);

  CHECK_THROWS_WITH(r.timeline.close(),
                    "timeline: when compute 'FFT' on cuda:0 (node 0) ran cannot be told: "
                    "cudaEventElapsedTime: an error of the simulated GPU (error 400)");
  r.timeline.close();  // it is not asked for again
}
