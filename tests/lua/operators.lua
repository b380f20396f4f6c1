-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

local I = lo.Identity "x"
local A = 2 * I
local x = lo.ones "x=3"

check.it("the adjoint of the adjoint is the operator itself", function()
  check.equal(rawequal(A.H, A.H), true)
  check.equal(A.H.H == A, true)
  check.equal(rawequal(A.H.H, A), true)
  collectgarbage()
  check.equal(rawequal(A.H.H, A), true)
end)

-- Each cell of the table of binary operators is a value or its own message.
local z, t, n = lo.complex(0, 1), x, 3
check.it("numbers, complex numbers and tensors combine", function()
  for _, a in ipairs{ n, z, t } do
    for _, b in ipairs{ n, z, t } do
      local _ = a + b, a - b, a * b, a / b
    end
  end
  check.equal(t ^ 2 ~= nil, true)
end)

check.it("operators combine with numbers and operators", function()
  check.equal((A + I)(x):sum().re, 9.0)
  check.equal((A - I)(x):sum().re, 3.0)
  check.equal((A * I)(x):sum().re, 6.0)
  check.equal((n * A)(x):sum().re, 18.0)
  check.equal((A * z)(x):sum(), lo.complex(0, 6))
  check.equal((A / 2)(x):sum().re, 3.0)
  check.equal((A ^ 2)(x):sum().re, 12.0)
  check.equal((-A)(x):sum().re, -6.0)
  check.equal((A * x):sum().re, 6.0)
end)

check.it("every other cell says what to write", function()
  check.raises("cannot add operator {x} -> {x} and the number 3; write 3*lo.Identity{}", function() return A + 3 end)
  check.raises("write 3*lo.Identity{}", function() return 3 - A end)
  check.raises("write lo.complex(0, 1)*lo.Identity{}", function() return A + z end)
  check.raises("the tensor {x=3}", function() return A + x end)
  check.raises("the tensor {x=3}", function() return x - A end)
  check.raises("an operator acts on what stands to its right", function() return x * A end)
  check.raises("cannot divide operators", function() return A / A end)
  check.raises("lo.cg", function() return 3 / A end)
  check.raises("lo.Diagonal{ 1/w } * A", function() return A / x end)
  check.raises("by 0", function() return A / 0 end)
  check.raises("lo.cg", function() return A ^ -1 end)
  check.raises("exponent", function() return A ^ z end)
  check.raises("exponent", function() return A ^ A end)
  check.raises("exponent", function() return 2 ^ A end)
  check.raises("composed with A * B", function() return A .. I end)
  check.raises("operators have no order", function() return A < I end)
  check.raises("no length", function() return #A end)
  check.raises("A.children", function() return A[1] end)
  check.raises("the right operand is a string", function() return A * "x" end)
end)

check.it("constructors check operands and options", function()
  check.raises("Diagonal: operand 1 (weight) is missing", lo.Diagonal, {})
  check.raises("Dense: operand 1 (weight) must be a tensor, got string", lo.Dense, { "x" })
  check.raises("FFT: unknown option 'nrm' (did you mean 'norm'?)", lo.FFT, { "x -> k", nrm = "ortho" })
  check.raises("FFT: option 'centred' must be a boolean, got string", lo.FFT, { "x -> k", centred = "no" })
  check.raises("Identity: takes 1 operand, got 2", lo.Identity, { "x", "y" })
end)

check.it("the table given to a constructor is neither kept nor changed", function()
  local given = { "x -> k", extent = { x = 4 } }
  lo.FFT(given)
  check.equal(given[1], "x -> k")
  check.equal(given.extent.x, 4)
end)

check.it("properties are read-only snapshots", function()
  local F = lo.FFT{ "y x -> ky kx", extent = { y = 4 } }
  check.equal(F.extent.y, 4)
  check.equal(F.extent.x, nil)
  check.raises("'coli'", function() return F.extent "coli" end)
  check.equal(table.concat(F.dims, " "), "y x ky kx")
  check.equal(F.kind, "FFT")
  check.raises("read-only", function() F.H = 1 end)
end)

check.it("apply writes into given memory", function()
  local out = lo.full("x=3", 5)
  local same = A:apply(x, { out = out, alpha = 2, beta = 1 })
  check.equal(rawequal(same, out) or same:sum().re == 27.0, true)
  check.equal(out:sum().re, 27.0)
  check.raises("beta needs", function() return A:apply(x, { beta = 1 }) end)
end)

check.it("ten thousand operators leave no boxes behind", function()
  for _ = 1, 10000 do local B = (2 * lo.Identity "x").H.N.H end
  collectgarbage() collectgarbage()
  assert(lo.memory().lua < 16e6)
end)

check.it("a loop of conjugate gradients written in Lua stays below the limit", function()
  -- 64 MiB temporaries; the script's budget is set by the test's command line.
  local n = 64 * 2 ^ 20 // 8
  local M = lo.Diagonal{ lo.full(("x=%d"):format(n), 2, { dtype = "f32" }) }
  local b = lo.ones(("x=%d"):format(n))
  local r, p, v = b:clone(), b:clone(), lo.zeros_like(b)
  for _ = 1, 40 do
    local q = M(p)
    v, r, p = v + p * 0.5, r - q * 0.5, p + q * 0
  end
  local memory = lo.memory().cpu
  assert(memory.peak <= math.max(memory.limit, memory.budget // 4) + 64 * 2 ^ 20,
    ("peak %d, limit %d"):format(memory.peak, memory.limit))
end)

check.it("a Trace sees what goes through it, not what rules have scaled", function()
  local seen
  local T = lo.Trace{ "x", fn = function(x) seen = x:norm() end }
  local D = lo.Diagonal{ lo.tensor({ 3, 4 }, "x", { dtype = "f64" }) }
  local x = lo.ones("x=2", { dtype = "f64" })
  for _, A in ipairs{ T * (2 * D), T * (D + D), 7 * T * (2 * D) } do
    A(x)
    check.near(seen, 10, 1e-12)
  end
  (7 * T * D)(x)
  check.near(seen, 5, 1e-12)
end)

check.done()
