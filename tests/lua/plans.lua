-- SPDX-License-Identifier: MIT
-- lo.plan: tiles, sizes and devices by estimates of time and memory (splitting.md §9).
local lo = require "lunops"
local check = require "check"

local function sense()
  local traj = lo.mri.radial{ spokes = 20, samples = 64, extent = { y = 32, x = 32 } }
  local S = lo.Dense{ lo.randn("coil=9 y=32 x=32", { seed = 1 }), "y x -> coil y x" }
  return lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = 32, x = 32 } } * S
end
local x = lo.randn("y=32 x=32", { seed = 2 })
local function close(a, b)
  return (a - b):norm() <= 2e-6 * b:norm()
end

check.it("what fits on its device stays whole", function()
  local A = sense()
  local P = lo.plan(A.N)
  check.equal(P.estimate.tiles, 1)
  check.equal(P.measured, nil)
  assert(close(P(x), A.N(x)))
  check.equal(P.measured.applications, 1)
  check.raises("is no plan; lo.plan makes one", function() return A.op end)
end)

check.it("a plan over devices is the operator, in every mode and as a normal", function()
  lo.virtual_devices{ cpu = 3 }
  local A = sense()
  local P = lo.plan(A, { devices = { "cpu:0", "cpu:1", "cpu:2" } })
  local y = A(x)
  assert(P.estimate.tiles >= 3, P.estimate.tiles)
  assert(close(P(x), y) and close(P.H(y), A.H(y)) and close(P.N(x), A.N(x)))
  assert(close((P.N + 0.1 * lo.Identity{})(x), (A.N + 0.1 * lo.Identity{})(x)))
end)

check.it("the same call gives the same plan", function()
  lo.virtual_devices{ cpu = 2 }
  local A = sense()
  local function text()
    return (lo.explain(lo.plan(A, { devices = { "cpu:0", "cpu:1" } })):gsub("planned in.*", ""))
  end
  check.equal(text(), text())
end)

check.it("devices of different speed get shares in proportion", function()
  lo.virtual_devices{ cpu = 2, speed = { 2, 1 } }
  local P = lo.plan(sense().N, { devices = { "cpu:0", "cpu:1" }, cut = { "coil" } })
  local sizes = {}
  for i, tile in ipairs(P.op.tiles) do
    sizes[i] = tile.request.coil[2] - tile.request.coil[1] + 1
  end
  check.equal(table.concat(sizes, " "), "6 3")
  lo.virtual_devices{ cpu = 2 }
end)

check.it("a plan keeps within the budget, or names one that would do", function()
  lo.virtual_devices{ cpu = 2 }
  local A = sense()
  local devices = { "cpu:0", "cpu:1" }
  local ok, why = pcall(lo.plan, A.N, { devices = devices, memory = "50 kB" })
  check.equal(ok, false)
  local named = tostring(why):match 'Try memory = "([^"]+)"'
  local P = lo.plan(A.N, { devices = devices, memory = named })
  local budget = tonumber(named:match "[%d.]+") * 1e6
  assert(P.estimate.peak["cpu:0"] <= budget and P.estimate.peak["cpu:1"] <= budget)
  assert(close(P(x), A.N(x)))
  for device, peak in pairs(P.measured.peak) do
    -- 8 MiB: pools round, and arenas of earlier tests may be larger than asked for.
    assert(math.abs(peak - P.estimate.peak[device]) <= 0.1 * P.estimate.peak[device] + 2 ^ 23)
  end
end)

check.it("bad options name both sides", function()
  local A = sense()
  check.raises("no dim 'coils' in", lo.plan, A, { cut = { "coils" } })
  check.raises("'objective' is \"time\" or \"memory\"", lo.plan, A, { objective = "speed" })
  check.raises("is an empty list", lo.plan, A, { devices = {} })
  check.raises("give input =", lo.plan, lo.Identity "x")
  check.raises("there is no cpu:7", lo.plan, A, { devices = { "cpu:7" } })
end)
