-- SPDX-License-Identifier: MIT
-- Rows 19 to 21 and 26 of splitting.md, section 13: streams that are made once, exact times on the simulated clock, and
-- orders of ending that change no bit.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local function draw(shape, seed) return lo.randn(shape, { dtype = "c128", seed = seed }) end

-- How often what is done a thousand times; a sanitizer has time for less.
local many = tonumber(os.getenv "LUNOPS_TEST_REPEATS") or 1000

--- The threads of this process.
local function threads()
  local status = assert(io.open "/proc/self/status"):read "a"
  return tonumber(status:match "Threads:%s*(%d+)")
end

--- Requests to the pools of all devices.
local function requests()
  local memory, sum = lo.memory(), 0
  for _, name in ipairs(lo.devices()) do sum = sum + memory[name].allocations end
  return sum
end

check.it("row 19: a thousand applications make no stream, no thread and no allocation after the first", function()
  lo.virtual_devices{ cpu = 8 }
  local A = m.sense()
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local B = lo.batch(A, { coil = 1 }, { devices = m.devices(count) })
    local N = lo.batch(A.N, { coil = 1 }, { devices = m.devices(count) })
    local y, z = B(m.x), N(m.x)
    local function apply()
      B:apply(m.x, { out = y })
      N:apply(m.x, { out = z })
    end
    apply()
    local streams, running, requested = lo.devices().streams, threads(), requests()
    for _ = 1, count == 4 and many or 20 do apply() end
    check.equal(lo.devices().streams, streams)
    check.equal(threads(), running)
    check.equal(requests(), requested)
  end
  -- A stream for each device and one for each direction between it and the host.
  check.equal(lo.devices().streams, 8 + 2 * 8)
end)

--- Tiles that take `seconds` each, one for each element of a, with nothing else that takes time.
local function tiles(count, seconds, devices, more)
  local A = lo.Sleep{ "...", seconds = seconds } * lo.Diagonal{ draw(("a=%d n=4"):format(count), 1), "a n" }
  local options = { devices = devices }
  for k, v in pairs(more or {}) do options[k] = v end
  return lo.batch(A, { a = 1 }, options), A, draw(("a=%d n=4"):format(count), 2)
end

local function finish(T)
  local start, stop = math.huge, 0
  for _, node in ipairs(T.nodes) do
    start, stop = math.min(start, node.start), math.max(stop, node.stop)
  end
  return stop - start
end

-- Copies take 1 ms whatever they carry; what is computed besides Sleep takes nanoseconds.
local clock = { cpu = 8, clock = true, link = { bandwidth = "1000 TB", latency = 1e-3 } }

check.it("row 20: two devices compute at once, and the total is that of one tile and its copies", function()
  lo.virtual_devices(clock)
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local B, A, x = tiles(count, 0.01, m.devices(count))
    local T, y = lo.timeline(function() return B(x) end)
    m.same(y, A(x), 1e-14)
    check.equal(T:check(), true)
    check.near(finish(T), 0.012, 1e-6)
    for i = 1, count - 1 do
      local one = { kind = "compute", device = "cpu:0" }
      assert(T:overlap(one, { kind = "compute", device = ("cpu:%d"):format(i) }) > 0.999)
    end
  end
  local B, _, x = tiles(2, 0.01, m.devices(2))
  local T = lo.timeline(function() B(x) end)
  assert(finish(T) < 0.014)
end)

check.it("row 20: a faster device takes its share of the time", function()
  local given = { speed = { 2, 1 } }
  for k, v in pairs(clock) do given[k] = v end
  lo.virtual_devices(given)
  -- Sleep takes its seconds anywhere.
  local B, _, x = tiles(2, 0.01, m.devices(2))
  check.near(finish((lo.timeline(function() B(x) end))), 0.012, 1e-6)
end)

check.it("row 21: uploads of the next tile run while this one computes, where one is prefetched", function()
  lo.virtual_devices(clock)
  local function run(prefetch)
    local B, A, x = tiles(4, 0.01, { "cpu:0" }, { prefetch = prefetch })
    local T, y = lo.timeline(function() return B(x) end)
    m.same(y, A(x), 1e-14)
    check.equal(T:check(), true)
    local up = { kind = "copy", stream = "cpu>0" }
    return finish(T), T:overlap(up, { kind = "compute", device = "cpu:0" }),
      T:overlap({ kind = "copy", stream = "0>cpu" }, { kind = "compute", device = "cpu:0" })
  end
  -- One upload, four tiles, one download; the others are hidden behind the tiles.
  local time, up, down = run(1)
  check.near(time, 0.042, 1e-6)
  check.near(up, 0.75, 1e-3)
  check.near(down, 0.75, 1e-3)
  time, up, down = run(2)
  check.near(time, 0.042, 1e-6)
  check.near(up, 0.75, 1e-3)
  -- Without: upload, tile, upload … ; the upload waits for its buffer, so nothing overlaps.
  time, up = run(0)
  assert(time >= 4 * 0.011, time)
  check.equal(up, 0.0)
end)

check.it("row 21: weights that pass through the device are uploaded beside the tile before", function()
  lo.virtual_devices(clock)
  local W, x = draw("m=4 n=6", 1), draw("n=6", 2)
  local A = lo.Sleep{ "...", seconds = 0.01 } * lo.Dense{ W }
  local B = lo.batch(A, { m = 1 }, { devices = { "cpu:0" }, resident = false, prefetch = 1 })
  local T, y = lo.timeline(function() return B(x) end)
  m.same(y, A(x), 1e-13)
  check.equal(T:check(), true)
  -- x once and four weights; the first two uploads come before any work.
  check.equal(T:count{ kind = "copy", stream = "cpu>0" }, 5)
  check.near(finish(T), 0.001 + 0.001 + 0.04 + 0.001, 1e-6)
end)

check.it("row 26: tiles that end in the opposite order give the same bits", function()
  lo.virtual_devices{ cpu = 8 }
  local W, x = draw("a=8 m=5 n=6", 1), draw("n=6", 2)
  local function sum(seconds)
    local terms = {}
    for i = 1, 8 do
      terms[i] = lo.Sleep{ "...", seconds = seconds(i) } * lo.Dense{ W{ a = i }, "m n, n -> m" }
    end
    return terms
  end
  local function joined(terms) return lo.Stack{ odim = "k", table.unpack(terms) } end
  local function added(terms) return lo.Add(terms) end
  local expected = {}
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    for name, make in pairs{ joined = joined, added = added } do
      for _, seconds in ipairs{
        function() return 0 end,
        function(i) return (8 - i) * 1e-3 end,
        function(i) return i * 1e-3 end,
      } do
        local parts = sum(seconds)
        for i, part in ipairs(parts) do
          local device = ("cpu:%d"):format((i - 1) % count)
          parts[i] = lo.ToDevice{ device, "cpu" } * part:to(device) * lo.ToDevice{ "cpu", device }
        end
        local A = make(parts)
        local bits = m.bits(A(x))
        expected[name] = expected[name] or bits
        assert(bits == expected[name], name)
      end
    end
  end
end)

check.done()
