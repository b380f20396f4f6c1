-- SPDX-License-Identifier: MIT
-- Big buffers and the collector; the budget, 2 GiB, is set by the test's command line.
local lo = require "lunops"
local check = require "check"

check.it("memory stays flat over 5000 temporaries of 64 MiB, in both modes of the collector", function()
  for _, mode in ipairs{ "generational", "incremental" } do
    collectgarbage(mode)
    collectgarbage()
    lo.memory{ reset_peak = true }
    local live = lo.memory().cpu.live
    for _ = 1, 5000 do
      local _ = lo.empty("x=8388608")
    end
    local memory = lo.memory().cpu
    local most = math.max(memory.budget // 4, 1.4 * live) + 64 * 2 ^ 20
    assert(memory.peak <= most, ("%s: peak %d, at most %d"):format(mode, memory.peak, most))
  end
end)

check.it("where memory is full of dead tensors a request succeeds, of live ones it lists them", function()
  local half = ("x=%d"):format(lo.memory().cpu.budget * 6 // 10 // 8)
  for _ = 1, 3 do
    local _ = lo.empty(half)
  end
  collectgarbage()

  local kept = lo.empty(half)
  local here = debug.getinfo(1, "l").currentline - 1
  local e = check.raises("largest live tensors:", lo.empty, half)

  check.equal(e.code, "host_memory")
  assert(tostring(e):find("memory.lua:" .. here, 1, true), tostring(e))
  kept:close()
  check.equal(lo.ones("x=3"):sum().re, 3.0)
end)

check.done()
