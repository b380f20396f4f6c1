-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): devices, gradients.
local check = require "check"
local lo = require "lunops"
local model = require "model"

local there = "cpu:1"

-- Bytes that f adds on the other device; f's result stays alive.
local function added(f)
  collectgarbage()
  local memory = lo.memory()[there]
  local before = memory and memory.live or 0
  local kept = f()
  return lo.memory()[there].live - before, kept
end

check.it("D7: a part of a weight on another device holds its own elements only", function()
  local w = lo.randn("m=100 n=10", { seed = 1 })
  local A = lo.Dense{ w{ m = { 1, 25 } }, "m n, n -> m" }
  local tiles = lo.split(lo.Dense{ w, "m n, n -> m" }, { n = 5 })

  check.equal(added(function() return A:to(there) end), 250 * 8)
  check.equal(added(function() return tiles[2].op:to(there) end), 500 * 8)
end)

check.it("D24: the weights of every part of an operator move together", function()
  local F = lo.NUFFT{ model.points(12, 6, 6), "x -> s", extent = { x = 6 } }
  local S = lo.Dense{ lo.randn("coil=2 x=6", { seed = 1 }), "x -> coil x" }
  local A = 2 * lo.Diagonal{ lo.rand("s=12", { dtype = "f32", seed = 2 }), "s" } * F * S
    + lo.Diagonal{ lo.rand("s=12", { dtype = "f32", seed = 3 }), "s" } * F * S
  local x = lo.randn("x=6", { seed = 4 })

  for _, B in ipairs{ A, A.N, A.N + 0.1 * lo.Identity "x", lo.VStack{ A, A, dim = "coil" } } do
    local moved = B:to(there)
    local function all_there(op)
      assert(op.device == nil or op.device == there, tostring(op) .. " stayed on " .. tostring(op.device))
      for _, child in ipairs(op.children) do all_there(child) end
    end
    all_there(moved)
    local y = moved(x:to(there))
    check.equal(y.device, there)
    assert(lo.allclose(y:to "cpu", B(x), { rtol = 1e-4, atol = 1e-5 }))
  end
end)

check.it("D27: normals of chains that change device compute where they say", function()
  local S = lo.Dense{ lo.randn("m=5 n=3", { seed = 1 }), "m n, n -> m" }
  local A = lo.ToDevice{ there, "cpu" } * S:to(there) * lo.ToDevice{ "cpu", there }
  local x = lo.randn("n=3", { seed = 2 })

  assert(lo.allclose(A.N(x), S.N(x), { rtol = 1e-5 }))
  assert(lo.allclose((A.N + lo.Identity "n").H(x), S.N(x) + x, { rtol = 1e-5 }))
  check.equal(A.N(x).device, "cpu")
end)

check.it("D29: weights have gradients through A, A.H and A.N", function()
  local w = lo.randn("m=4 n=3", { dtype = "c128", seed = 1 })
  local x = lo.randn("n=3", { dtype = "c128", seed = 2 })
  local h = lo.randn("m=4 n=3", { dtype = "c128", seed = 3 })
  local A = lo.Dense{ w, "m n, n -> m" }
  local step = 1e-5
  local cases = {
    { function(B) return B end, x },
    { function(B) return B.H end, A(x) },
    { function(B) return B.N end, x },
  }
  for _, case in ipairs(cases) do
    local seen, input = case[1], case[2]
    local v = lo.randn(seen(A)(input).shape, { dtype = "c128", seed = 4 })
    local function f(t) return lo.dot(v, seen(A:with{ weight = w + t * h })(input)).re end
    local _, g = seen(A):vjp(input, v)
    local slope, difference = lo.dot(g.weight, h).re, (f(step) - f(-step)) / (2 * step)
    assert(math.abs(slope - difference) < 1e-6 * math.max(1, math.abs(slope)))
  end
end)

check.done()
