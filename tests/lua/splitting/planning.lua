-- SPDX-License-Identifier: MIT
-- Rows 17, 30, 31 and 33 of splitting.md, section 13: plans within budgets, by speeds, and before anything is there.
local check = require "check"
local lo = require "lunops"
local m = require "model"

lo.virtual_devices{ cpu = 8 }

--- The plan as text, without what took how long.
local function text(P) return (lo.explain(P):gsub("\n  planned in.*", "")) end

local function most(table_of_bytes, devices)
  local peak = 0
  for _, device in ipairs(devices) do peak = math.max(peak, table_of_bytes[device]) end
  return peak
end

--- The budget in bytes that an error names.
local function named(e)
  local value, unit = tostring(e):match 'Try memory = "([%d.]+) ([kMG]B)"'
  assert(value, tostring(e))
  return tonumber(value) * ({ kB = 1e3, MB = 1e6, GB = 1e9 })[unit]
end

--- Plans of `op` within budgets that fall from everything, the last of which may be below what any tile needs.
local function falling(op, x, devices, shares)
  local expected = op(x)
  local everything = most(lo.plan(op, { devices = devices }).estimate.peak, devices)
  local slowest = 0
  for _, share in ipairs(shares) do
    local budget = math.floor(share * everything)
    local given = { devices = devices, memory = budget }
    local ok, P = pcall(lo.plan, op, given)
    if ok then
      assert(most(P.estimate.peak, devices) <= budget)
      -- Within 3 % the planner prefers fewer tiles.
      assert(P.estimate.seconds >= slowest * 0.97,
        ("%d devices, %d bytes: %g s after %g s"):format(#devices, budget, P.estimate.seconds, slowest))
      slowest = math.max(slowest, P.estimate.seconds)
      check.equal(text(P), text(lo.plan(op, given)))
    else
      check.equal(P.code, "device_memory")
      local enough = named(P)
      assert(enough > budget, tostring(P))
      P = lo.plan(op, { devices = devices, memory = enough })
      assert(most(P.estimate.peak, devices) <= enough)
    end
    m.same(P(x), expected, 2 * m.tolerance + m.approximate)
    if not ok then return true end
  end
  return false
end

check.it("row 30: budgets from everything to just enough, and below", function()
  local maps, x = lo.randn("coil=16 y=64 x=64", { seed = 1 }), lo.randn("y=64 x=64", { seed = 2 })
  local A = lo.FFT "y x -> ky kx" * lo.Dense{ maps, "y x -> coil y x" }
  local shares = {}
  -- Down to a sixtieth; in fewer steps under sanitizers.
  local few = (tonumber(os.getenv "LUNOPS_TEST_REPEATS") or 1000) < 1000
  for i = 0, few and 8 or 39 do shares[i + 1] = (few and 0.6 or 0.9) ^ i end
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    assert(falling(A, x, m.devices(count), shares))
    assert(falling(A.H, A(x), m.devices(count), shares))
  end
end)

check.it("row 30: budgets of the model", function()
  local A = m.sense()
  falling(A, m.x, m.devices(1), { 1, 0.6, 0.3 })
  falling(A, m.x, m.devices(3), { 1, 0.6 })
  falling(A.N, m.x, m.devices(2), { 1, 0.8, 0.6 })
end)

check.it("row 17: 40 MB of weights pass through a device of 8 MB", function()
  lo.virtual_devices{ cpu = 8, memory = "8 MB" }
  local W = lo.randn("coil=80 y=250 x=250", { seed = 1 })  -- 40 MB
  local A, x = lo.Dense{ W, "y x -> coil y x" }, lo.randn("y=250 x=250", { seed = 2 })
  for _, count in ipairs{ 1, 2, 4 } do
    local devices = m.devices(count)
    local P = lo.plan(A, { devices = devices, memory = "8 MB" })
    lo.memory{ reset_peak = true }
    m.same(P(x), A(x), 1e-5)
    for _, device in ipairs(devices) do
      local peak = lo.memory()[device].peak
      assert(peak <= 8e6, peak)
      assert(math.abs(P.estimate.peak[device] - P.measured.peak[device]) <= 0.1 * P.measured.peak[device])
    end
  end
  lo.virtual_devices{ cpu = 8 }
end)

check.it("row 31: devices of speeds 2 to 1 share nine coils as 6 and 3, in 3/4 of the time of 5 and 4", function()
  lo.virtual_devices{ cpu = 8, speed = { 2, 1 }, clock = true, link = { bandwidth = "1000 TB", latency = 0 } }
  local maps = lo.randn("coil=9 y=32 x=32", { seed = 1 })
  -- Work that grows with the number of coils alone.
  local A = lo.FFT "y x -> ky kx" * lo.Dense{ maps, "y x -> coil y x" }
  local given = { devices = { "cpu:0", "cpu:1" }, cut = { "coil" } }
  local P = lo.plan(A, given)
  local sizes = {}
  for i, tile in ipairs(P.op.tiles) do
    sizes[i] = ("%s %d"):format(tile.device, tile.request.coil[2] - tile.request.coil[1] + 1)
  end
  check.equal(table.concat(sizes, ", "), "cpu:0 6, cpu:1 3")
  local function finish(op)
    local T, y = lo.timeline(function() return op(m.x) end)
    m.same(y, A(m.x))
    local stop = 0
    for _, node in ipairs(T.nodes) do stop = math.max(stop, node.stop) end
    return stop
  end
  local other = lo.batch(A, { coil = { 5, 4 } }, { devices = { "cpu:0", "cpu:1" } })
  -- One percent: what does not grow with the coils.
  check.near(P.estimate.seconds / lo.plan(other).estimate.seconds, 0.75, 0.0075)
  check.near(finish(P) / finish(other), 0.75, 0.0075)
  check.near(finish(P), P.estimate.seconds, 1e-3 * P.estimate.seconds)
  lo.virtual_devices{ cpu = 8 }
end)

--- Requests to the pools of all devices.
local function requests()
  local memory, sum = lo.memory(), 0
  for _, name in ipairs(lo.devices()) do sum = sum + memory[name].allocations end
  return sum
end

check.it("row 33: explain takes shapes, allocates nothing, and knows no error", function()
  local A = m.sense()
  local devices = m.devices(4)
  local all = {
    { A, "y=32 x=32" }, { A.H, "coil=8 spoke=20 sample=64" }, { A.N, "y=32 x=32" },
    { lo.batch(A, { coil = 2 }, { devices = devices }), "y=32 x=32" },
    { lo.batch(A.N, { coil = 2 }, { devices = devices, resident = false }), "y=32 x=32" },
    { A.N + 0.1 * lo.Identity{}, "y=32 x=32" },
    -- More than any machine has.
    { lo.FFT "y x -> ky kx", "frame=1000 y=100000 x=100000" },
    { lo.Pad{ "y x", to = { y = 2000000, x = 2000000 } }, "y=1000000 x=1000000" },
    { lo.batch(lo.FFT "x", { frame = 100 }, { devices = devices, extent = { frame = 1000 } }), "frame=1000 x=100000000" },
  }
  for _, case in ipairs(all) do
    local op, shape = table.unpack(case)
    local before = requests()
    local shown = lo.explain(op, shape)
    local numbers = lo.explain(op, shape, { format = "table" })
    check.equal(requests(), before)
    assert(shown:find("per application", 1, true))
    assert(numbers.total.bytes > 0)
  end
  local before = requests()
  local memory = { cpu = "200 GB" }
  for _, device in ipairs(devices) do memory[device] = "20 GB" end
  local P = lo.plan(lo.FFT "y x -> ky kx", {
    input = "frame=64 y=10000 x=10000", extent = { frame = 64 }, devices = devices, memory = memory,
  })
  assert(P.estimate.tiles > 1)
  check.equal(requests(), before)
end)

check.done()
