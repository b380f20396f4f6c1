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
  -- Toeplitz does not fit any more: two approximations to 1e-4.
  assert((P(x) - A.N(x)):norm() <= 3e-4 * A.N(x):norm())
  for device, peak in pairs(P.measured.peak) do
    -- 8 MiB: pools round, and arenas of earlier tests may be larger than asked for.
    assert(math.abs(peak - P.estimate.peak[device]) <= 0.1 * P.estimate.peak[device] + 2 ^ 23)
  end
end)

-- Radial SENSE of 128 x 128: figures are above what allocators round.
local function radial(options)
  local traj = lo.mri.radial{ spokes = options.spokes, samples = 256, extent = { y = 128, x = 128 } }
  local S = lo.Dense{
    lo.randn("coil=12 y=128 x=128", { seed = 1, dtype = options.dtype }), "y x -> coil y x",
  }
  return lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = 128, x = 128 },
    toeplitz = options.toeplitz } * S
end

check.it("estimates of memory hold while kernels are made and after, on devices and the host", function()
  lo.virtual_devices{ cpu = 4 }
  local devices = { "cpu:0", "cpu:1", "cpu:2", "cpu:3" }
  for _, options in ipairs{
    { spokes = 25, toeplitz = true }, { spokes = 25, toeplitz = false },
    { spokes = 200, toeplitz = true }, { spokes = 200, toeplitz = false },
    { spokes = 25, toeplitz = true, dtype = "c128" },
  } do
    for _, where in ipairs{ {}, { devices = devices, cut = { "coil" } } } do
      local P = lo.plan(radial(options).N, where)
      P(lo.randn("y=128 x=128", { seed = 2, dtype = options.dtype }))
      for _, figure in ipairs{ "peak", "building" } do
        for device, bytes in pairs(P.measured[figure]) do
          -- 10 %: tiles that are cut for threads are seen when points are sorted.
          check.near(P.estimate[figure][device], bytes, 0.1 * bytes)
        end
      end
    end
  end
end)

check.it("a plan has room for the making of its kernels", function()
  lo.virtual_devices{ cpu = 1 }
  local N = radial{ spokes = 200, toeplitz = true }.N
  local free = lo.plan(N, { devices = { "cpu:0" } })
  local peak, building = free.estimate.peak["cpu:0"], free.estimate.building["cpu:0"]
  assert(building > 1.2 * peak)
  assert(lo.explain(free):find("while kernels are made: [^\n]* on cpu:0"))
  local e = check.raises("while kernels are made. Try memory", lo.plan, N,
    { devices = { "cpu:0" }, keep = { "spoke", "coil" }, memory = math.floor(1.1 * peak) })
  local named = tostring(e):match 'Try memory = "([^"]+)"'
  lo.virtual_devices{ cpu = 1, memory = named }
  local P = lo.plan(radial{ spokes = 200, toeplitz = true }.N, { devices = { "cpu:0" } })
  P(lo.randn("y=128 x=128", { seed = 2 }))
  lo.virtual_devices{ cpu = 2 }
end)

check.it("gridding that fits is taken where Toeplitz does not, unless it was forced", function()
  local function devices(memory)
    lo.virtual_devices{ cpu = 4, memory = memory }
    return { devices = { "cpu:0", "cpu:1", "cpu:2", "cpu:3" }, cut = { "coil" } }
  end
  local free = lo.plan(radial{ spokes = 200 }.N, devices())
  assert(lo.explain(free):find("Toeplitz, because", 1, true))
  local N = radial{ spokes = 200 }.N
  local P = lo.plan(N, devices "6 MB")
  assert(lo.explain(P):find("gridding, since Toeplitz does not fit", 1, true))
  local v = lo.randn("y=128 x=128", { seed = 2 })
  assert((P(v) - N(v)):norm() <= 3e-4 * N(v):norm())  -- of two approximations to 1e-4
  assert(((P + 0.5 * lo.Identity{})(v) - 0.5 * v - P(v)):norm() <= 1e-6 * P(v):norm())
  check.raises('or toeplitz = "auto" (gridding needs', lo.plan,
    radial{ spokes = 200, toeplitz = true }.N, devices "6 MB")
  lo.virtual_devices{ cpu = 2 }
end)

check.it("choices are made for the number of applications that was planned for", function()
  local P = lo.plan(radial{ spokes = 25 }.N, { applications = 1 })
  assert(lo.explain(P):find("because 1 applications", 1, true))
  local b = lo.randn("y=128 x=128", { seed = 2 })
  lo.cg(P, b, { iters = 3, tol = 0 })
  assert(P.measured.peak.cpu < 1.01 * P.estimate.peak.cpu)
end)

check.it("two dims are cut where one is not enough, into tiles as large as fit", function()
  lo.virtual_devices{ cpu = 1 }
  local S = lo.Dense{ lo.randn("coil=12 y=64 x=64", { seed = 9 }), "y x -> coil y x" }
  local A = lo.FFT "y x -> ky kx" * S
  local v = lo.randn("frame=6 y=64 x=64", { seed = 10 })
  local function plan(memory)
    return lo.plan(A, { devices = { "cpu:0" }, input = v, extent = { frame = 6 }, memory = memory })
  end
  -- A frame with all coils, or a coil with all frames, needs more.
  local P = plan "350 kB"
  local tiles = lo.explain(P, v):match "tiles:[^\n]*"
  assert(tiles:find "coil" and tiles:find "frame", tiles)
  assert(P.estimate.tiles < 72, tiles)
  assert((P(v) - A(v)):norm() <= 1e-6 * A(v):norm())
  assert(P.measured.peak["cpu:0"] <= 350e3)
end)

check.it("a plan whose first application fails leaves the account's peak as it was", function()
  local calls = 0
  local function apply(u)
    calls = calls + 1
    if calls == 1 then error("no") end
    return u
  end
  local before = lo.ones "x=1000000"
  local C = lo.Custom{ "x -> x", apply = apply, adjoint = apply, check = false }
  before = nil
  collectgarbage()
  local peak = lo.memory().cpu.peak
  local P = lo.plan(C, { input = "x=4" })
  check.raises("no", P, lo.ones "x=4")
  check.equal(P.measured, nil)
  assert(lo.memory().cpu.peak >= peak)
  P(lo.ones "x=4")
end)

check.it("what is larger than a device passes through it, in time", function()
  -- 16 coil maps of 24^3: four times the budget and more without tiles.
  local link = { bandwidth = "20 GB", latency = 1e-5 }
  lo.virtual_devices{ cpu = 1, clock = true, link = link }
  local S = lo.Dense{ lo.randn("coil=16 z=24 y=24 x=24", { seed = 3 }), "z y x -> coil z y x" }
  local A = lo.FFT "z y x -> kz ky kx" * S
  local v = lo.randn("z=24 y=24 x=24", { seed = 4 })
  local whole = lo.plan(A, { devices = { "cpu:0" } })
  local budget = whole.estimate.peak["cpu:0"] / 4
  local P = lo.plan(A, { devices = { "cpu:0" }, memory = math.floor(budget) })
  assert((P(v) - A(v)):norm() == 0)
  assert(P.measured.peak["cpu:0"] <= budget)
  assert(math.abs(P.measured.peak["cpu:0"] - P.estimate.peak["cpu:0"]) <= 0.1 * budget)
  assert(P.estimate.seconds <= 1.25 * whole.estimate.seconds)
  local T = lo.timeline(function() return P(v) end)
  check.equal(T:check(), true)
  lo.virtual_devices{ cpu = 2 }
end)

check.it("uploads of the next tile overlap the work of this one, with prefetch", function()
  lo.virtual_devices{ cpu = 1, clock = true, link = { bandwidth = "1 TB", latency = 1e-3 } }
  local A = lo.Sleep{ "...", seconds = 0.01 } * lo.Diagonal{ lo.randn("a=4 n=64", { seed = 5 }), "a n" }
  local v = lo.randn("a=4 n=64", { seed = 6 })
  local function overlap(prefetch)
    local B = lo.batch(A, { a = 1 }, { devices = { "cpu:0" }, prefetch = prefetch })
    local T = lo.timeline(function() return B(v) end)
    check.equal(T:check(), true)
    return T:overlap({ kind = "copy", device = "cpu:0" }, { kind = "compute", device = "cpu:0" })
  end
  assert(overlap(1) > 0.7, overlap(1))
  check.equal(overlap(0), 0.0)
  lo.virtual_devices{ cpu = 2 }
end)

check.it("functions of the host apply operators on the same devices", function()
  lo.virtual_devices{ cpu = 2 }
  local D = lo.Diagonal{ lo.randn("a=8 n=64", { seed = 7 }), "a n" }
  local function tiled(progress)
    return lo.batch(D, { a = 2 }, { devices = { "cpu:0", "cpu:1" }, progress = progress })
  end
  local v = lo.randn("a=8 n=64", { seed = 8 })
  local inner, B = tiled(), tiled()
  local function apply(u)
    return inner(u)
  end
  local C = lo.Custom{ "a n -> a n", apply = apply, adjoint = apply, check = false }
  assert(close((B * C * B)(v), (D * D * D)(v)))
  local calls = 0
  local P = tiled(function()
    inner(v)
    calls = calls + 1
  end)
  assert(close((P * P)(v), (D * D)(v)))
  check.equal(calls, 8)
end)

check.it("bad options name both sides", function()
  local A = sense()
  check.raises("no dim 'coils' in", lo.plan, A, { cut = { "coils" } })
  check.raises("'objective' is \"time\" or \"memory\"", lo.plan, A, { objective = "speed" })
  check.raises("is an empty list", lo.plan, A, { devices = {} })
  check.raises("give input =", lo.plan, lo.Identity "x")
  check.raises("there is no cpu:7", lo.plan, A, { devices = { "cpu:7" } })
end)

check.done()
