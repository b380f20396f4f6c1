-- SPDX-License-Identifier: MIT
-- Virtual devices, budgets, timelines, and who may read memory of a device.
local lo = require "lunops"
local check = require "check"

check.it("virtual devices are declared, told, and declared anew", function()
  local v = lo.virtual_devices{
    cpu = 3, memory = "64 MB", peer = false, clock = true, link = { bandwidth = "1 GB", latency = 1e-3 }, speed = { 2 },
  }

  check.equal(v.cpu, 3)
  check.equal(v.memory, 64000000)
  check.equal(v.peer, false)
  check.equal(v.clock, true)
  check.equal(v.link.bandwidth, 1e9)
  check.equal(v.link.latency, 1e-3)
  check.equal(table.concat(v.speed, " "), "2.0 1.0 1.0")
  check.equal(lo.virtual_devices().cpu, 3)
  check.equal(#lo.devices()["cpu:1"].peers, 0)
  check.equal(lo.virtual_devices{ cpu = 2 }.clock, false)
  check.equal(table.concat(lo.devices(), " "):sub(1, 15), "cpu cpu:0 cpu:1")
  check.equal(lo.devices()["cpu:0"].peers[1], "cpu:1")
end)

check.it("declarations that say nothing are errors", function()
  lo.virtual_devices{ cpu = 2 }
  check.raises("virtual_devices: unknown option 'cpus' (did you mean 'cpu'?)", lo.virtual_devices, { cpus = 4 })
  check.raises("virtual_devices: cpu = -1 is not a number of devices from 0 to 1024", lo.virtual_devices, { cpu = -1 })
  check.raises("virtual_devices: 'lots' is no size", lo.virtual_devices, { cpu = 1, memory = "lots" })
  check.raises("virtual_devices: 3 speeds are given for 2 devices", lo.virtual_devices, { cpu = 2, speed = { 1, 1, 1 } })
  check.raises("virtual_devices: argument 1 must be a table of options, got number", lo.virtual_devices, 4)
  check.raises("option 'link' is { bandwidth = …, latency = … }, got width number", lo.virtual_devices,
    { cpu = 2, link = { width = 3 } })
  check.equal(lo.virtual_devices().cpu, 2)
end)

check.it("a device that is not declared has neither memory nor streams", function()
  lo.virtual_devices{ cpu = 4 }
  local text = "there is no cpu:7; 4 virtual devices are declared: lo.virtual_devices{ cpu = 8 }"

  check.equal(check.raises(text, lo.ones, "x=3", { device = "cpu:7" }).code, "device")
  check.raises(text, function() return lo.ones "x=3":to "cpu:7" end)
  check.raises(text, function() return lo.Diagonal{ lo.ones "x=3" }:to "cpu:7" end)
  check.equal(select(2, lo.device "cpu:7"), "device: " .. text)
end)

check.it("each device has a budget; over it the error lists its tensors, and :close makes room", function()
  lo.virtual_devices{ cpu = 2, memory = "1 MB" }
  lo.memory{ reset_peak = true }
  local kept = lo.ones("x=100000", { device = "cpu:1" }) -- 800 kB
  local e = check.raises("800000 bytes do not fit on cpu:1: 800000 of 1000000 bytes are in use", lo.ones, "x=100000",
    { device = "cpu:1" })

  assert(tostring(e):find("c64 {x=100000}, 800000 bytes", 1, true), tostring(e))
  local memory = lo.memory()["cpu:1"]
  check.equal(memory.live, 800000)
  check.equal(memory.budget, 1000000)
  check.equal(memory.peak, 800000)
  check.equal(memory.largest[1], "c64 {x=100000}, 800000 bytes")
  check.equal(lo.memory()["cpu:0"].live, 0)
  kept:close()
  check.equal(lo.ones("x=100000", { device = "cpu:1" }).device, "cpu:1")
end)

check.it("dead tensors of a full device are collected before a request fails", function()
  lo.virtual_devices{ cpu = 2, memory = "1 MB" }
  for _ = 1, 20 do
    local _ = lo.ones("x=100000", { device = "cpu:1" })
  end
  assert(lo.memory()["cpu:1"].peak <= 1000000)
end)

check.it("peaks of a device start anew where they are asked to", function()
  lo.virtual_devices{ cpu = 2 }
  collectgarbage()
  local x = lo.ones("x=1000", { device = "cpu:1" })
  lo.ones("x=100000", { device = "cpu:1" }):close()
  lo.memory{ reset_peak = true }
  lo.ones("x=500", { device = "cpu:1" }):close()

  check.equal(lo.memory()["cpu:1"].peak - lo.memory()["cpu:1"].live, 4000)
  x:close()
end)

check.it("memory of another device is not combined with the host's, nor read as if it were", function()
  lo.virtual_devices{ cpu = 2 }
  local x = lo.arange "x=4"
  local y = x:to "cpu:1"
  local A = lo.Diagonal{ x }

  check.raises('move one with :to "cpu"', function() return x + y end)
  check.raises('move one with :to "cpu', lo.dot, x, y)
  check.raises("cpu:1", lo.allclose, x, y)
  check.raises("cpu:1", function() x:copy(y) end)
  check.raises("cpu:1", function() x:axpy(1, y) end)
  check.raises('x is on cpu:1 but the operator is on cpu; use x:to "cpu"', A, y)
  check.raises("cpu:1", lo.cg, A, y)
  check.raises("cpu:1", lo.lincomb, { { 2, x }, { 1, y } })
  check.raises("cpu:1", lo.einsum, "x, x -> x", x, y)
end)

check.it("parts of an operator that lie on different devices are named, both of them", function()
  lo.virtual_devices{ cpu = 2 }
  local U, V, s = lo.arange "y=6 r=2", lo.arange "x=5 r=2", lo.arange "r=2"
  local x = lo.arange "x=5"
  local W = lo.Dense{ lo.arange "y=6 x=5":to "cpu:0", "x -> y", name = "W" }
  local d = lo.Diagonal{ lo.arange "x=5":to "cpu:1", "x" }

  check.raises('LowRank: U is on cpu:0 but V is on cpu; use V:to "cpu:0"', lo.LowRank, { U:to "cpu:0", V, "x -> y" })
  check.raises('LowRank: U is on cpu but s is on cpu:1; use s:to "cpu"', lo.LowRank, { U, V, "x -> y", s = s:to "cpu:1" })
  local col = lo.tensor({ 1, 2 }, "e", { dtype = "i64" })
  check.raises('Sparse: value is on cpu:1 but col is on cpu; use col:to "cpu:1"', lo.Sparse,
    { { row = col, col = col, value = lo.ones "e=2":to "cpu:1" }, "x=5 -> y=6" })
  check.raises('Sampling: an index tensor is on cpu but another on cpu:1; use :to "cpu"', lo.Sampling,
    { { col, col:to "cpu:1" }, "y x -> e" })
  -- Whatever device x is on, one of them is elsewhere.
  for _, device in ipairs{ "cpu:0", "cpu:1" } do
    local _, text = pcall(W * d, x:to(device))
    check.equal(tostring(text), device == "cpu:0"
        and 'apply: Diagonal "x=5 -> x=5" is on cpu:1 but Dense \'W\' "x=5 -> y=6" is on cpu:0; '
          .. 'move the operator with A:to "cpu:0", or data between its parts with lo.ToDevice'
      or 'apply: Dense \'W\' "x=5 -> y=6" is on cpu:0 but Diagonal "x=5 -> x=5" is on cpu:1; '
        .. 'move the operator with A:to "cpu:1", or data between its parts with lo.ToDevice')
  end
  check.near((((W * d):to "cpu:1")(x:to "cpu:1"):to "cpu" - (W:to "cpu" * d:to "cpu")(x)):norm(), 0, 0)
end)

check.it("what is computed from a tensor on a device stays there; values come back when asked for", function()
  lo.virtual_devices{ cpu = 2 }
  local y = lo.arange "x=4":to "cpu:1"

  check.equal((2 * y).device, "cpu:1")
  check.equal(y:abs().device, "cpu:1")
  check.equal(y{ x = { 1, 2 } }.device, "cpu:1")
  check.equal(y:sum().re, 6.0)
  check.equal(y{ x = 3 }:item().re, 2.0)
  check.equal(y:totable()[4].re, 3.0)
  assert(tostring(y):find("cpu:1", 1, true), tostring(y))
  local path = os.tmpname() .. ".npy"
  lo.io.write(path, y)
  assert(lo.allclose(lo.io.read(path), y:to "cpu"))
  os.remove(path)
  check.equal(lo.randn("x=3", { device = "cpu:1", seed = 1 }).device, "cpu:1")
  assert(lo.allclose(lo.randn("x=3", { device = "cpu:1", seed = 1 }):to "cpu", lo.randn("x=3", { seed = 1 })))
end)

check.it("operators built from indices and masks on a device are the same there", function()
  lo.virtual_devices{ cpu = 2 }
  local mask = lo.tensor({ true, false, true, true }, "x")
  local at = lo.tensor({ { 1 }, { 3 } }, "s r", { dtype = "i64" })
  local x = lo.arange "x=4"

  for _, build in ipairs{
    function(device) return lo.Sampling{ mask:to(device), "x -> s" } end,
    function(device) return lo.Sampling{ at:to(device), "x -> s", extent = { x = 4 } } end,
  } do
    local there = build "cpu:1":to "cpu:1"
    assert(lo.allclose(there(x:to "cpu:1"):to "cpu", build "cpu"(x)))
  end
end)

check.it("normals of what only selects serve data on any device", function()
  lo.virtual_devices{ cpu = 2 }
  local x = lo.arange "x=5"

  local slice = lo.Slice{ "x=5", range = { x = { 2, 3 } } }
  for _, A in ipairs{ slice, lo.Crop{ "x=5", to = { x = 3 } } } do
    check.equal(A.N.device, nil)
    assert(lo.allclose(A.N(x:to "cpu:1"):to "cpu", A.H(A(x))))
  end
end)

check.it("pinning marks memory of the host", function()
  lo.virtual_devices{ cpu = 2 }
  local x = lo.ones "x=3"

  check.equal(x.is_pinned, false)
  check.equal(x:pin().is_pinned, true)
  check.equal(x{ x = { 1, 2 } }.is_pinned, true)
  check.raises("pin: x is on cpu:1; only memory of the host is pinned", function() x:to "cpu:1":pin() end)
end)

check.it("a timeline returns itself and what the function returns, and passes errors on", function()
  local T, a, b = lo.timeline(function(...) return ... end, 3, "four")

  check.equal(a, 3)
  check.equal(b, "four")
  check.equal(T:check(), true)
  check.equal(#T.nodes, 0)
  check.equal(T:count(), 0)
  check.equal(tostring(T), "nothing was issued")
  check.raises("no luck", lo.timeline, function() error "no luck" end)
  check.raises("timeline: argument 1 (f) must be a function, got number", lo.timeline, 3)
end)

check.it("a timeline holds what an operator on two devices did", function()
  lo.virtual_devices{ cpu = 2 }
  local A = lo.ToDevice{ "cpu:1", "cpu" } * lo.Diagonal{ lo.arange "x=4" }:to "cpu:1" * lo.ToDevice{ "cpu", "cpu:1" }
  local T, y = lo.timeline(function() return A(lo.ones "x=4") end)

  check.equal(y:sum().re, 6.0)
  check.equal(T:check(), true)
  check.equal(T:count{ kind = "copy" }, 2)
  check.equal(T:count{ kind = "copy", source = "cpu", device = "cpu:1" }, 1)
  check.equal(T:count{ stream = "cpu>1", kind = "copy" }, 1)
  assert(T:count{ kind = "compute", device = "cpu:1" } >= 1)
  local copy
  for _, node in ipairs(T.nodes) do
    if node.kind == "copy" and node.device == "cpu:1" then copy = node end
  end
  check.equal(copy.source, "cpu")
  assert(copy.bytes >= 32)
  assert(tostring(T):find("cpu>1", 1, true), tostring(T))
end)

check.it("filters of a timeline name what nodes have", function()
  local T = lo.timeline(function() end)

  check.raises("count: nodes have no 'knid' (did you mean 'kind'?)", T.count, T, { knid = "copy" })
  check.raises("count: 'copies' is no kind; there are record, wait, copy, compute and host", T.count, T, { kind = "copies" })
  check.raises("overlap: 'event' must be a whole number, got string", T.overlap, T, { event = "1" }, {})
  check.raises("device: 'gpu' is not a device", T.count, T, { device = "gpu" })
end)

check.done()
