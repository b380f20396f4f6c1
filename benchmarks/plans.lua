-- SPDX-License-Identifier: MIT
-- Plans against each other in one process, call by call in turn: T26 (deterministic over default), T15 (planning) and
-- T25 (streamed over unstreamed, on the simulated clock).  Usage: lunops benchmarks/plans.lua [--pairs N] [--json FILE]
local lo = require "lunops"
local here = arg[0]:match "^(.*/)" or "./"
package.path = here .. "?.lua;" .. package.path
local paired = require "paired"
local given = lo.arguments(arg, {
  { "pairs", 25, "calls of each version" },
  { "threads", 2, "threads" },
  { "json", "FILE", "also as JSON" },
})
lo.threads(given.threads)

local records = {}
local function record(r)
  records[#records + 1] = r
  r.threads = given.threads
  print(("%-4s %-44s %8.3f  (%.3f to %.3f)  must %s"):format(r.target, r.case, r.value, r.low, r.high, r.must))
end

--- Median of the ratios of B's time over A's, of calls in turn.
local function ratio(a, b, x)
  a(x)
  b(x)
  local function time(op)
    local start = lo.now()
    op(x)
    return lo.now() - start
  end
  local ratios, seconds = {}, {}
  for i = 1, given.pairs do
    local ta, tb
    if i % 2 == 1 then
      ta = time(a)
      tb = time(b)
    else
      tb = time(b)
      ta = time(a)
    end
    ratios[i], seconds[i] = tb / ta, ta
  end
  local low, high = paired.quartiles(ratios)
  return { value = paired.median(ratios), low = low, high = high, seconds = paired.median(seconds) }
end

-- M1: radial 256 x 256, 8 coils, 96 spokes of 512 samples.
local scan = lo.mri.scan{ size = 256, coils = 8, spokes = 96, samples = 512, noise = 0.01, seed = 0 }
local F = lo.NUFFT{ scan.traj, "y x -> spoke sample", extent = { y = 256, x = 256 } }
local S = lo.Dense{ scan.maps, "y x -> coil y x" }
local A = F * S
local b = A.H(scan.ksp)

local cartesian = lo.Diagonal{ lo.ones "ky=256 kx=256", "ky kx" } * lo.FFT "y x -> ky kx" * S
for _, case in ipairs{
  { "M1, normal (Toeplitz)", A.N, b },
  { "M1, adjoint (gridding)", A.H, scan.ksp },
  { "M1, forward", A, b },
  { "FFT SENSE 8 x 256 x 256 with mask, normal", cartesian.N, b },
  { "FFT SENSE 8 x 256 x 256, adjoint", cartesian.H, cartesian(b) },
  { "maps 8 x 256 x 256, adjoint", S.H, S(b) },
} do
  local r = ratio(case[2], lo.plan(case[2], { deterministic = true, input = case[3] }), case[3])
  r.target, r.case, r.must = "T26", case[1], "1.2"
  record(r)
end

-- What the first application of a new operator takes beyond the next ones: rewriting, sorted points, the kernel.
local function planning(name, make, must)
  local times = {}
  for i = 1, given.pairs do
    local op = make()
    local function time()
      local start = lo.now()
      op(b)
      return lo.now() - start
    end
    local first, second, third = time(), time(), time()
    times[i] = (first - math.min(second, third)) * 1e3
  end
  local low, high = paired.quartiles(times)
  record{ target = "T15", case = name, value = paired.median(times), low = low, high = high, must = must }
end
local function normal()
  return (lo.NUFFT{ scan.traj, "y x -> spoke sample", extent = { y = 256, x = 256 } } * S).N
end
planning("planning M1, warm wisdom [ms]", normal, "15")
lo.virtual_devices{ cpu = 4 }
local four = { "cpu:0", "cpu:1", "cpu:2", "cpu:3" }
local times = {}
for i = 1, given.pairs do
  local op = normal()
  local start = lo.now()
  lo.plan(op, { devices = four })
  times[i] = (lo.now() - start) * 1e3
end
local low, high = paired.quartiles(times)
record{ target = "T15", case = "lo.plan of M1 over 4 devices [ms]", value = paired.median(times), low = low, high = high,
  must = "-" }

-- 3-D FFT SENSE, 16 coils of 48^3: the whole on one device against plans with less memory, on the clock.
lo.virtual_devices{ cpu = 1, clock = true }
local maps = lo.randn("coil=16 z=48 y=48 x=48", { seed = 1 })
local B = lo.FFT "z y x -> kz ky kx" * lo.Dense{ maps, "z y x -> coil z y x" }
local whole = lo.plan(B, { devices = { "cpu:0" } })
for _, memory in ipairs{ "25 MB", "13 MB", "8 MB" } do
  local P = lo.plan(B, { devices = { "cpu:0" }, memory = memory })
  local value = P.estimate.seconds / whole.estimate.seconds
  record{ target = "T25", case = ("16 coils of 48^3 in %s (whole: %.0f MB)"):format(memory,
    whole.estimate.peak["cpu:0"] / 1e6), value = value, low = value, high = value, must = "1.2" }
end

if given.json then
  lo.io.write(given.json, { records = records })
end
