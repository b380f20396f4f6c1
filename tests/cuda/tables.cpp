// SPDX-License-Identifier: MIT
// Tables that kernels read: where they lie, and for how long.
#include <catch2/catch.hpp>

#include "runtime/linop/moving/blocks.hpp"
#include "runtime/linop/rows.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;

namespace {

size_t live_on_gpu(const Context& host) {
  return Account::on(host.account, on_gpu::kGpu)->figures().live;
}

}  // namespace

TEST_CASE("cuda: users of a table share one copy on the GPU, which goes with the last", "[cuda]") {
  if (!on_gpu::is_here()) return;
  Context host;
  const Context gpu = on_device(on_gpu::kGpu, host);
  const auto table = std::make_shared<RowTable>();
  table->rows = 2;
  table->columns = 4;
  table->first = {0, 1, 3};
  table->column = {3, 0, 2};

  auto one = PlacedRows::of(table, *gpu.stream), other = PlacedRows::of(table, *gpu.stream);

  CHECK(one == other);
  CHECK(one->view(nullptr, DType::f32).column != table->column.data());
  CHECK(live_on_gpu(host) == 3 * sizeof(int64_t) + 3 * sizeof(int32_t));
  one.reset();
  other.reset();
  CHECK(live_on_gpu(host) == 0);
}

TEST_CASE("cuda: on the host kernels read the table itself", "[cuda]") {
  if (!on_gpu::is_here()) return;
  Context host;
  const auto cut = std::make_shared<BlockCut>();
  const Tensor mask = full(Shape::parse("x=2"), 1.0, DType::boolean, host);
  cut->mask = std::make_shared<Weight>(mask, "mask");
  cut->runs = {{0, 0, 2, 0}};

  CHECK(PlacedRuns::of(cut, *host.stream)->data() == cut->runs.data());
  const Context gpu = on_device(on_gpu::kGpu, host);
  CHECK(PlacedRuns::of(cut, *gpu.stream)->data() != cut->runs.data());
}
