-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

check.it("nrmse of [1, 1] against [1, 0] is 1", function()
  check.near(lo.metrics.nrmse(lo.tensor({ 1, 1 }, "x"), lo.tensor({ 1, 0 }, "x")), 1, 1e-15)
end)

check.it("a complex factor is fitted out, a real one only where it is real", function()
  local x = lo.randn("x=50", { seed = 2 })
  check.near(lo.metrics.nrmse(x * lo.complex(0, 2), x, { scale = "complex" }), 0, 1e-6)
  check.near(lo.metrics.nrmse(x * -3, x, { scale = "real" }), 0, 1e-6)
  check.near(lo.metrics.nrmse(x * lo.i, x, { scale = "real" }), 1, 1e-6)
end)

check.it("a mask chooses the pixels that count", function()
  local x, ref = lo.tensor({ 1, 5 }, "x"), lo.tensor({ 1, 0 }, "x")
  check.near(lo.metrics.nrmse(x, ref, { mask = lo.tensor({ true, false }, "x") }), 0, 0)
end)

check.it("bad input of nrmse is named", function()
  local x = lo.tensor({ 1, 1 }, "x")
  check.fails("numeric", "nrmse: the reference is zero", function() lo.metrics.nrmse(x, x * 0) end)
  check.fails("argument", "nrmse: scale 'best' is not one of none, real, complex",
    function() lo.metrics.nrmse(x, x, { scale = "best" }) end)
  check.fails("shape", "nrmse: the image {x=2} and the reference {x=3} differ in shape",
    function() lo.metrics.nrmse(x, lo.tensor({ 1, 1, 1 }, "x")) end)
end)

check.done()
