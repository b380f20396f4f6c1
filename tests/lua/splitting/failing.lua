-- SPDX-License-Identifier: MIT
-- Row 34 of splitting.md, section 13: applications that fail or are stopped end with one error, leave nothing behind,
-- and the next one works.  Allocations that fail are in tests/unit/plan/failing.cpp.
local check = require "check"
local lo = require "lunops"
local m = require "model"

lo.virtual_devices{ cpu = 8 }

--- Live bytes of all devices, after a collection.
local function live()
  local sum = 0
  for _, name in ipairs(lo.devices()) do sum = sum + m.live(name) end
  return sum
end

-- A function that fails at one of its calls, between work on all devices.
local calls, bad
local function model()
  local function apply(x)
    calls = calls + 1
    if calls == bad then error "the probe broke" end
    return 2 * x
  end
  local C = lo.Custom{ "n -> n", check = false, apply = apply, adjoint = apply }
  return lo.Diagonal{ lo.randn("b=8 n=50", { seed = 1 }) } * C * lo.Sleep{ "...", seconds = 1e-4 }
end
local x = lo.randn("b=8 n=50", { seed = 2 })

check.it("row 34: a function that fails in tile 3 of 8 is one error with tile and device", function()
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local devices = m.devices(count)
    local A = model()
    local B = lo.batch(A, { b = 1 }, { devices = devices, extent = { b = 8 } })
    calls, bad = 0, nil
    local expected = A(x)
    m.same(B(x), expected, 1e-6)
    local before = live()
    for tile = 1, 8 do
      calls, bad = 0, tile
      local where = ("in tile b %d..%d on %s"):format(tile, tile, devices[(tile - 1) % count + 1])
      local e = check.raises("the probe broke", B, x)
      assert(tostring(e):find(where, 1, true), ("expected '%s' in\n%s"):format(where, tostring(e)))
      check.equal(select(2, tostring(e):gsub("in tile ", "")), 1)
      check.equal(live(), before)
      -- Those that stand behind it were not begun.
      check.equal(calls, tile)
      bad = nil
      m.same(B(x), expected, 1e-6)
    end
    bad = nil
    m.same(B.H(x), A.H(x), 1e-6)
  end
end)

check.it("row 34: errors of nested tiles name both, those of plans too", function()
  local A = model()
  local devices = { ["cpu:0"] = { "cpu:2", "cpu:3" }, ["cpu:1"] = { "cpu:4", "cpu:5" } }
  local B = lo.batch(A, {
    lo.BatchSpec{ { b = 4 }, devices = { "cpu:0", "cpu:1" }, extent = { b = 8 } },
    lo.BatchSpec{ { b = 1 }, devices = devices },
  })
  calls, bad = 0, nil
  m.same(B(x), A(x), 1e-6)
  calls, bad = 0, 6
  check.raises("in tile b 5..8 on cpu:1, b 2..2 on cpu:5", B, x)
  bad = nil
  m.same(B(x), A(x), 1e-6)
end)

check.it("row 34: a progress function that returns false, or fails, stops the application once", function()
  local A = lo.Sleep{ "...", seconds = 1e-3 } * lo.Dense{ lo.randn("m=8 n=60", { seed = 3 }) }
  local v = lo.randn("n=60", { seed = 4 })
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local stop, how, told = nil, nil, 0
    local B = lo.batch(A, { m = 1 }, {
      devices = m.devices(count),
      progress = function(done)
        told = told + 1
        if done == stop then
          if how == "error" then error "no more" end
          return false
        end
        return true
      end,
    })
    m.same(B(v), A(v), 1e-6)
    check.equal(told, 8)
    local before = live()
    for _, after in ipairs{ 1, 3, 8 } do
      stop, how, told = after, "false", 0
      local e = check.raises("interrupted by the progress function after tile m ", B, v)
      check.equal(e.code, "interrupted")
      check.equal(told, after)
      check.equal(live(), before)
      how, told = "error", 0
      check.raises("no more", B, v)
      check.equal(told, after)
      stop = nil
      m.same(B(v), A(v), 1e-6)
    end
  end
end)

check.it("row 34: a device that has too little memory is one error with its name, and the others go on", function()
  lo.virtual_devices{ cpu = 8, memory = "1 MB" }
  local A, v = lo.Dense{ lo.randn("m=1000 n=400", { seed = 5 }) }, lo.randn("n=400", { seed = 6 })
  local before = live()
  local B = lo.batch(A, { m = 500 }, { devices = { "cpu:1", "cpu:2" }, resident = true })  -- 1.6 MB each
  local e = check.raises("do not fit on cpu:1", B, v)
  check.equal(e.code, "host_memory")
  B = nil
  check.equal(live(), before)
  local C = lo.batch(A, { m = 100 }, { devices = m.devices(8) })
  m.same(C(v), A(v), 1e-5)
  lo.virtual_devices{ cpu = 8 }
end)

check.done()
