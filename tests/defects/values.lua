-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): values, weights, errors.
local check = require "check"
local lo = require "lunops"
local model = require "model"

check.it("D10: Zero returns the output's own shape", function()
  local Z = lo.Zero{ "n -> m k", extent = { m = 2, k = 3 } }
  local y = Z(lo.ones "n=3")
  check.equal(tostring(y.shape), "m=2 k=3")
  check.equal(y:norm(), 0.0)
  check.equal(tostring(lo.Zero{ "n -> m k", extent = { n = 3 } }.H(y).shape), "n=3")
end)

check.it("D14: complex scalars multiply operators, and are kept in double", function()
  local A = lo.i * lo.Identity "x"
  check.equal(A(lo.ones "x=1"):item(), lo.i)
  check.equal((2 * A * lo.i)(lo.ones "x=1"):item(), lo.complex(-2, 0))
  -- 1/3 in single precision is 1e-8 off.
  local third = (1 / 3 * lo.Identity "x")(lo.ones("x=1", { dtype = "c128" }))
  check.equal(third:item().re, 1 / 3)
end)

check.it("D15: a Diagonal's weight meets a dim by name and never widens the result", function()
  local w = lo.tensor({ 1, 2, 3 }, "a")
  local D = lo.Diagonal{ w, "a b" }
  check.equal(tostring(D(lo.ones "a=3 b=1").shape), "a=3 b=1")
  check.raises("extent of 'b'", function() return lo.Diagonal{ w:rename{ a = "b" }, "a b" }(lo.ones "a=3 b=1") end)
end)

check.it("D15: the caller's table of a constructor stays as it was", function()
  local given = { lo.tensor({ 1, 2, 3 }, "a"), "a b", extent = { b = 2 }, name = "w" }
  local extent = given.extent
  lo.Diagonal(given)
  check.equal(#given, 2)
  check.equal(given[2], "a b")
  check.equal(rawequal(given.extent, extent), true)
  check.equal(next(extent), "b")
  check.equal(next(extent, "b"), nil)
end)

check.it("D19: an adjoint or normal in use raises once a weight has been written", function()
  local w = lo.tensor({ 1, 2 }, "x")
  local A = lo.Diagonal{ w, "x", name = "maps" }
  local H, N = A.H, A.N
  local x = lo.ones "x=2"
  H(x)
  N(x)
  w:scale(2)
  for _, op in ipairs{ A, H, N } do
    check.raises("weight of Diagonal 'maps' was written after construction; build a new operator", op, x)
  end
end)

check.it("D20: a clone is independent of its original, and operators have no copies", function()
  local x = lo.tensor({ 1, 2 }, "x")
  local y = x:clone()
  y:scale(5)
  check.equal(x:totable()[2], lo.complex(2, 0))
  local A = lo.Diagonal{ x }
  check.raises("clone", function() return A:clone() end)
  check.raises("copy", function() return A:copy() end)
end)

check.it("D21: composing and renaming leave the operators of the caller as they were", function()
  local F = lo.FFT "y x -> ky kx"
  local S = lo.Dense{ lo.randn("coil=2 y=3 x=4", { seed = 1 }), "y x -> coil y x" }
  local A = F * S
  local R = A:rename{ coil = "channel", y = "row" }
  check.equal(tostring(F.signature), "y x -> ky kx")
  check.equal(tostring(S.signature), "y=3 x=4 -> coil=2 y=3 x=4")
  check.equal(tostring(A.signature), "y=3 x=4 -> coil=2 ky=3 kx=4")
  check.equal(tostring(R.signature), "row=3 x=4 -> channel=2 ky=3 kx=4")
  for i, child in ipairs(A.children) do check.equal(child == ({ F, S })[i] or child == ({ S, F })[i], true) end
  check.equal(S(lo.ones "y=3 x=4").names, "coil y x")
end)

check.it("D22: names are taken as written, normals have distinct names, swaps swap", function()
  check.equal(lo.shape "Nx1 Ny A10 k_z".ndim, 4)
  check.equal(lo.shape "Nx1 Ny A10 k_z".names, "Nx1 Ny A10 k_z")
  check.equal(lo.ones("Nx1=1 Ny=1 A10=1 k_z=1").shape.names, "Nx1 Ny A10 k_z")

  local function N(text) return tostring(lo.signature(text).N) end
  check.equal(N "a a1 -> c", "a a1 -> a' a1'")
  check.equal(N "a b -> b c", "a b -> a' b")
  local G = lo.Dense{ lo.randn("k'=3 k=3", { seed = 1 }), "k -> k'" }
  local D = lo.Diagonal{ lo.randn("k=3", { seed = 2 }) }
  check.equal(tostring((D * G * D).signature), "k=3 -> k'=3")

  local swapped = lo.Dense{ lo.randn("c=4 b=3 a=2", { seed = 1 }), "a b -> b c" }:rename{ a = "b", b = "a" }
  check.equal(tostring(swapped.signature), "b=2 a=3 -> a=3 c=4")
end)

check.it("D23: empty containers and unknown extents are documented errors", function()
  check.raises("Chain: operand 1 (A) is missing", lo.Chain, {})
  check.raises("Add: operand 1 (A) is missing", lo.Add, {})
  check.raises("extent of 'm' is unknown; give extent = {m = …}", function()
    return lo.Zero "n -> m"(lo.ones "n=2")
  end)
  check.raises("did you mean 'coil'", function() return lo.ones("coil=2 x=2"){ coill = 1 } end)
end)

check.it("D26: eight tiny terms are no slower than their parts, and threads are kept", function()
  local function threads()
    for line in io.lines "/proc/self/status" do
      local count = line:match "^Threads:%s*(%d+)"
      if count then return tonumber(count) end
    end
  end
  local terms = {}
  for i = 1, 8 do terms[i] = lo.Diagonal{ lo.randn("x=16", { seed = i }) } end
  local A, x = lo.Add(terms), lo.randn("x=16", { seed = 9 })
  local y = A(x)
  local before = threads()
  local function seconds(f, count)
    local best = math.huge
    for _ = 1, 5 do
      local began = lo.now()
      for _ = 1, count do f() end
      best = math.min(best, (lo.now() - began) / count)
    end
    return best
  end
  local sum = seconds(function() A:apply(x, { out = y }) end, 200)
  check.equal(threads(), before)
  -- The threads that torchlinops starts for each call cost it 1026 µs; here the whole is tens of µs.
  assert(sum < 500e-6, ("%.0f µs for eight terms of 16 elements"):format(sum * 1e6))
end)

check.it("D28: conjugate gradients are finite at the solution and for b = 0", function()
  local A = lo.Diagonal{ lo.tensor({ 1, 2, 4 }, "x") }
  local b = lo.tensor({ 1, 2, 4 }, "x")
  local x, info = lo.cg(A, b, { x0 = lo.ones "x=3", iters = 5 })
  check.equal(model.distance(x, lo.ones "x=3"), 0)
  check.equal(info.converged, true)
  local zero, zero_info = lo.cg(A, lo.zeros "x=3", { iters = 5 })
  check.equal(zero:norm(), 0.0)
  check.equal(zero_info.converged, true)
end)

check.done()
