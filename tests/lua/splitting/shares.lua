-- SPDX-License-Identifier: MIT
-- What each of k devices holds where coils are split over them: 1/k of the maps and of the workspaces that hold coils,
-- by the accounts of the devices' pools.  Each device is used once here, so that its peak is that of one case.
local check = require "check"
local lo = require "lunops"
local m = require "model"

lo.threads(2)
local coils, image = 16, 128 * 128 * 8  -- bytes
local S = lo.Dense{ lo.randn("coil=16 y=128 x=128", { seed = 1 }), "y x -> coil y x" }
local A = lo.FFT "y x -> ky kx" * S
local x = lo.randn("y=128 x=128", { seed = 2 })

--- Bytes of weights and of all else at the peak on each of the devices, in images.
local function held(devices)
  local B = lo.batch(A, { coil = coils // #devices }, { devices = devices, prefetch = 0 })
  m.same(B(x), A(x), 1e-5)
  local weights, rest = {}, {}
  for i, device in ipairs(devices) do
    local memory = lo.memory()[device]
    weights[i] = memory.live / image
    rest[i] = (memory.peak - memory.live) / image
  end
  return weights, rest
end

check.it("k devices hold 1/k of the coil maps each, and 1/k of the coils' workspace", function()
  local cases = { { 1, 0 }, { 2, 1 }, { 4, 3 } }
  local whole
  for _, case in ipairs(cases) do
    local k, first = case[1], case[2]
    local devices = {}
    for i = 1, k do devices[i] = ("cpu:%d"):format(first + i - 1) end
    local weights, rest = held(devices)
    for i = 1, k do
      check.equal(weights[i], coils / k)
      -- Beside the coils there are the input and the lines that each thread transforms, which do not depend on coils.
      local workspace = rest[i] - 1
      whole = whole or workspace
      if not (workspace <= 1.1 * whole / k + 1) then
        error(("%s of %d: workspace of %.2f images, of one device %.2f"):format(devices[i], k, workspace, whole))
      end
    end
  end
  -- Two arrays of all coils, at the least, are what is divided.
  assert(whole >= 2 * coils, whole)
end)

check.done()
