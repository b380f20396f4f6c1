-- SPDX-License-Identifier: MIT
-- Rows 18 and 22 of splitting.md, section 13: data between devices, directly and through the host, and what first
-- copies wait for.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local chunk = 8 * 2 ^ 20

--- The virtual devices of these tests, without and with a clock.
local function declare(more)
  local given = { cpu = 8 }
  for k, v in pairs(more or {}) do given[k] = v end
  lo.virtual_devices(given)
end

local function copies(T, stream)
  local list = {}
  for _, node in ipairs(T.nodes) do
    if node.kind == "copy" and node.stream == stream then list[#list + 1] = node end
  end
  return list
end

check.it("row 18: ToDevice there and back is the identity, and its adjoint goes the other way", function()
  declare()
  local x = lo.randn("y=5 x=7", { seed = 1 })
  local There = lo.ToDevice{ "cpu", "cpu:3" }
  local y = There(x)
  check.equal(y.device, "cpu:3")
  check.equal(There.H(y).device, "cpu")
  m.same(There.H(y), x, 0)
  local Between = lo.ToDevice{ "cpu:3", "cpu:4" }
  check.equal(Between(y).device, "cpu:4")
  m.same(Between.H(Between(y)):to "cpu", x, 0)
  check.equal(tostring(There.N), tostring(lo.Identity "..."))
  m.same(There.N(x), x, 0)
end)

check.it("row 18: an input on another device is an error that names both", function()
  declare()
  local There, x = lo.ToDevice{ "cpu:1", "cpu:2" }, lo.ones "x=3"
  local e = check.raises("x is on cpu but ToDevice takes data from cpu:1 to cpu:2; use x:to \"cpu:1\"", There, x)
  check.equal(e.code, "device")
  check.raises("takes data from cpu:2 to cpu:1", There.H, x)
end)

check.it("row 18: the same source and target is no copy", function()
  declare()
  local x = lo.ones("x=1000", { device = "cpu:2" })
  local Same = lo.ToDevice{ "cpu:2", "cpu:2" } * lo.Diagonal{ lo.ones("x=1000", { device = "cpu:2" }) }
  local T, y = lo.timeline(function() return Same(x) end)
  check.equal(y.device, "cpu:2")
  check.equal(T:count{ kind = "copy" }, 0)
end)

check.it("row 18: with peers one copy goes from device to device", function()
  declare()
  local x = lo.randn("a=3000 b=1000", { device = "cpu:1", seed = 1 })
  local Between = lo.ToDevice{ "cpu:1", "cpu:2" }
  local T, y = lo.timeline(function() return Between(x) end)
  check.equal(T:count{ kind = "copy" }, 1)
  check.equal(T:count{ kind = "copy", stream = "1>2" }, 1)
  m.same(y:to "cpu", x:to "cpu", 0)
  check.equal(lo.explain(Between, x):find("staged", 1, true), nil)
end)

check.it("row 18: without peers data passes the host in chunks of 8 MiB, two links at work in turn", function()
  declare{ peer = false, clock = true, link = { bandwidth = 2 ^ 23 * 100, latency = 0 } }
  local x = lo.randn("a=3000 b=1000", { device = "cpu:1", seed = 1 })  -- 24 MB: two chunks and a rest
  local Between = lo.ToDevice{ "cpu:1", "cpu:2" }
  local out = Between(x)
  local before = lo.memory()
  local T = lo.timeline(function() Between:apply(x, { out = out }) end)
  check.equal(T:check(), true)
  check.equal(T:count{ kind = "copy" }, 6)
  local up, down = copies(T, "1>cpu"), copies(T, "cpu>2")
  check.equal(#up, 3)
  check.equal(#down, 3)
  -- Each chunk is read and written: 8 MiB, 8 MiB, and what is left of 24 MB.
  for i, bytes in ipairs{ chunk, chunk, 24e6 - 2 * chunk } do
    check.equal(up[i].bytes, 2 * bytes)
    check.equal(down[i].bytes, 2 * bytes)
  end
  -- 10 ms for each full chunk: the second is fetched while the first is handed on.
  check.near(down[1].start - up[1].start, 0.01, 1e-9)
  check.near(up[2].start, down[1].start, 1e-9)
  check.near(down[3].stop - up[1].start, 0.01 + 3 * 0.01 - 0.01 * (3 - 24e6 / chunk), 1e-6)
  assert(T:overlap({ stream = "1>cpu" }, { stream = "cpu>2" }) > 0.6)
  -- Two chunks of the host's memory, which a second application has at hand.
  for _, device in ipairs{ "cpu", "cpu:1", "cpu:2" } do
    check.equal(lo.memory()[device].allocations, before[device].allocations)
  end
  m.same(out:to "cpu", x:to "cpu", 0)
end)

check.it("row 18: staging is said by explain and counted where it takes place", function()
  declare{ peer = false }
  local A = lo.Dense{ lo.randn("m=2000 n=1000", { device = "cpu:1", seed = 1 }) } -- 16 MB
  local P = lo.plan(A, { devices = { "cpu:1", "cpu:2" }, base = "cpu:1" })
  local B = lo.batch(A, { m = 1000 }, { devices = { "cpu:1", "cpu:2" }, resident = false })
  local x = lo.randn("n=1000", { device = "cpu:1", seed = 2 })
  local text = lo.explain(B, x)
  assert(text:find("staged through cpu in 8 MiB chunks", 1, true), text)
  m.same(B(x):to "cpu", A(x):to "cpu", 1e-5)
  m.same(P(x):to "cpu", A(x):to "cpu", 1e-5)

  local Between = lo.ToDevice{ "cpu:1", "cpu:2" }
  local big = lo.randn("n=3000000", { device = "cpu:1", seed = 3 })
  local y = Between(big)
  lo.memory{ reset_peak = true }
  local live = lo.memory().cpu.live
  Between:apply(big, { out = y })
  check.equal(lo.memory().cpu.peak - live, 2 * chunk)
end)

check.it("row 18: a plan that was made with peers is made anew without them", function()
  declare()
  local x = lo.randn("n=100", { device = "cpu:1", seed = 1 })
  local Between = lo.ToDevice{ "cpu:1", "cpu:2" }
  local function count()
    return (lo.timeline(function() return Between(x) end)):count{ kind = "copy" }
  end
  check.equal(count(), 1)
  declare{ peer = false }
  check.equal(count(), 2)
  declare()
  check.equal(count(), 1)
end)

check.it("row 18: views and strided results are staged row by row", function()
  declare{ peer = false }
  local x = lo.randn("a=3 b=1500 c=1000", { device = "cpu:1", seed = 1 })
  local Between = lo.ToDevice{ "cpu:1", "cpu:2" }
  for _, part in ipairs{ x:permute "c b a", x{ c = { 1, 999 } }, x{ a = { 2, 3 }, b = { 1, 1499 } } } do
    m.same(Between(part):to "cpu", part:to "cpu", 0)
  end
  local y = lo.randn("a=3 b=1500 c=1000", { device = "cpu:2", seed = 2 })
  local expected = 2 * x:to "cpu" + 3 * y:to "cpu"
  Between:apply(x, { out = y, alpha = 2, beta = 3 })
  m.same(y:to "cpu", expected, 1e-6)
end)

check.it("row 18: the model on devices without peers", function()
  declare{ peer = false }
  local A = m.sense()
  local x = m.x:to "cpu:0"
  local there = A:to "cpu:0"
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local B = lo.batch(there, { coil = 2 }, { devices = m.devices(count) })
    local T, y = lo.timeline(function() return B(x) end)
    check.equal(T:check(), true)
    m.same(y:to "cpu", A(m.x))
    check.equal(T:count{ kind = "copy", stream = "0>1" }, 0)
    m.same(B.N(x):to "cpu", A.N(m.x), 2 * m.tolerance)
  end
end)

-- What each stream does before its first copy: the events that it waits for.
local function first_waits(T)
  local waits, seen = {}, {}
  for _, node in ipairs(T.nodes) do
    if node.kind == "wait" and not seen[node.stream] then
      waits[node.stream] = waits[node.stream] or {}
      table.insert(waits[node.stream], node.event)
    elseif node.kind ~= "record" then
      seen[node.stream] = true
    end
  end
  return waits
end

--- The events that are recorded before the first copy, and a check that first copies from `source` wait for the last of
--- them and for nothing else.
local function start_events(T, source)
  local events = {}
  for _, node in ipairs(T.nodes) do
    if node.kind == "copy" then break end
    if node.kind == "record" then events[#events + 1] = node.event end
  end
  for stream, waits in pairs(first_waits(T)) do
    if stream:match("^" .. source .. ">") then
      check.equal(table.concat(waits, " "), tostring(events[#events]))
    end
  end
  return #events
end

check.it("row 22: four tiles on four devices wait for one start event", function()
  declare()
  local A, x = lo.Dense{ lo.randn("m=8 n=6", { seed = 1 }) }, lo.randn("n=6", { seed = 2 })
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local devices = m.devices(count)
    local B = lo.batch(A, { m = 2 }, { devices = devices })
    local nested = lo.batch(A, { lo.BatchSpec{ { m = 4 }, devices = devices }, lo.BatchSpec{ { m = 2 } } })
    for _, op in ipairs{ B, nested, lo.batch(A, { n = 2 }, { devices = devices }), B.N, B.H * B } do
      local T = lo.timeline(function() return op(x) end)
      check.equal(T:check(), true)
      check.equal(start_events(T, "cpu"), 1)
    end
    local y = A(x)
    local T = lo.timeline(function() return B.H(y) end)
    check.equal(start_events(T, "cpu"), 1)
  end
end)

check.it("row 22: inside a chain the event is that of the stream that made the input", function()
  declare()
  local D, x = lo.Diagonal{ lo.randn("n=6", { seed = 3 }) }, lo.randn("n=6", { seed = 2 })
  local A = lo.Dense{ lo.randn("m=8 n=6", { seed = 1 }) }
  local B = lo.batch(A, { m = 2 }, { devices = m.devices(4) })
  local C = lo.Sleep{ "...", seconds = 0 } * D
  local T = lo.timeline(function() return (B * C)(x) end)
  check.equal(T:check(), true)
  check.equal(start_events(T, "cpu"), 1)

  -- On a device: the base's stream makes it, and every link away from it waits for that alone.
  local there = lo.batch(A:to "cpu:0", { m = 2 }, { devices = { "cpu:1", "cpu:2", "cpu:3" } })
  T = lo.timeline(function() return (there * D:to "cpu:0")(x:to "cpu:0") end)
  check.equal(T:check(), true)
  local made
  for _, node in ipairs(T.nodes) do
    if node.kind == "record" and node.stream == "cpu:0" then made = made or node.event end
  end
  for stream, waits in pairs(first_waits(T)) do
    if stream:match "^0>" then check.equal(table.concat(waits, " "), tostring(made)) end
  end
end)

check.it("row 22: a container whose children all run on the base records none", function()
  declare()
  local A, x = lo.Dense{ lo.randn("m=8 n=6", { seed = 1 }) }, lo.randn("n=6", { seed = 2 })
  local T = lo.timeline(function() return lo.batch(A, { m = 2 })(x) end)
  check.equal(T:count{ kind = "record" }, 0)
  local there, x0 = A:to "cpu:0", x:to "cpu:0"
  local function records(op)
    local t = lo.timeline(function() return op(x0) end)
    return t:count{ kind = "record" }
  end
  check.equal(records(lo.batch(there, { m = 2 }, { devices = { "cpu:0" } })), records(there))
end)

check.done()
