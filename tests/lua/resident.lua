-- SPDX-License-Identifier: MIT
-- Where copies of weights stay, and what happens where they do not fit (splitting.md sections 3, 4, 8).
local lo = require "lunops"
local check = require "check"

local function live(device)
  collectgarbage()
  local row = lo.memory()[device]
  return row and row.live or 0
end

check.it("weights stay on a device that has room for them, and pass through one that has not", function()
  local D = lo.Diagonal{ lo.randn("a=8 n=16384", { seed = 1 }), "a n" }  -- 1 MiB
  local x = lo.randn("a=8 n=16384", { seed = 2 })
  local function run(memory, resident)
    lo.virtual_devices{ cpu = 1, memory = memory }
    local before = live "cpu:0"
    local B = lo.batch(D, { a = 1 }, { devices = { "cpu:0" }, resident = resident })
    local y = B(x)
    assert((y - D(x)):norm() == 0)
    return live "cpu:0" - before
  end
  check.equal(run("4 MB"), 2 ^ 20)
  check.equal(run("4 MB", "auto"), 2 ^ 20)
  check.equal(run("4 MB", false), 0)
  check.equal(run("900 kB", "auto"), 0)
  check.equal(run("1300 kB"), 0)  -- room for the weights, but not for the tiles beside them
  check.raises("do not fit on cpu:0", run, "900 kB", true)
end)

check.it("kernels of Convolution and values of Sparse pass through a device as other weights do", function()
  lo.virtual_devices{ cpu = 2 }
  local C = lo.Convolution{ lo.randn("x=129", { seed = 3 }), "x", boundary = "circular", method = "fft",
    extent = { x = 512 } }
  local i32 = { dtype = "i32" }
  local S = lo.Sparse{
    { row = lo.tensor({ 1, 2, 3, 3 }, "k", i32), col = lo.tensor({ 4, 1, 2, 3 }, "k", i32),
      value = lo.randn("k=4", { seed = 4 }) },
    "x=512 -> row=3",
  }
  local u = lo.randn("b=4 x=512", { seed = 5 })
  for _, A in ipairs{ C, S } do
    local function kept(resident)
      local before = live "cpu:1"
      local B = lo.batch(A, { b = 1 },
        { devices = { "cpu:1" }, resident = resident, extent = { b = 4 } })
      assert((B(u) - A(u)):norm() <= 1e-6 * A(u):norm())
      assert((B.H(A(u)) - A.H(A(u))):norm() <= 1e-6 * A.H(A(u)):norm())
      return live "cpu:1" - before
    end
    assert(kept(true) > 0)
    check.equal(kept(false), 0)
  end
end)

check.it("copies of weights that no plan uses go before a request is refused", function()
  lo.virtual_devices{ cpu = 1, memory = "4500 kB" }
  local D = lo.Diagonal{ lo.randn("n=100000", { dtype = "f32", seed = 6 }), "n" }
  local B = lo.batch(D, { n = 100000 }, { devices = { "cpu:0" }, resident = true })
  B(lo.randn("n=100000", { dtype = "f64", seed = 7 }))  -- a copy in f64
  check.equal(live "cpu:0", 800000)
  for name in ("abcdefgh"):gmatch "." do  -- plans of an operator are the eight last used
    B(lo.randn(name .. "=1 n=100000", { dtype = "f32", seed = 8 }))
  end
  check.equal(live "cpu:0", 1200000)
  local large = lo.zeros("m=475000", { dtype = "f64", device = "cpu:0" })
  check.equal(live "cpu:0", 400000 + 3800000)
  large = nil
  collectgarbage()
  local u = lo.randn("n=100000", { dtype = "f64", seed = 7 })
  assert((B(u) - D(u)):norm() == 0)
  check.raises("largest live tensors", lo.zeros, "m=600000", { dtype = "f64", device = "cpu:0" })
end)

check.done()
