-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): devices, gradients.
local check = require "check"
local lo = require "lunops"
local model = require "model"

local there = "cpu:1"
lo.virtual_devices{ cpu = 2 }

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
  local D = lo.Diagonal{ lo.randn("x=1000", { seed = 2 }) }
  check.equal(added(function() return lo.split(D, "x=250")[2].op:to(there) end), 250 * 8)
end)

check.it("D24: the weights of every part of an operator move together", function()
  local F = lo.NUFFT{ model.points(12, 6, 6), "x -> s", extent = { x = 6 } }
  local S = lo.Dense{ lo.randn("coil=2 x=6", { seed = 1 }), "x -> coil x" }
  local A = 2 * lo.Diagonal{ lo.rand("s=12", { dtype = "f32", seed = 2 }), "s" } * F * S
    + lo.Diagonal{ lo.rand("s=12", { dtype = "f32", seed = 3 }), "s" } * F * S
  local C = lo.FFT "x -> s" * lo.Convolution{ lo.randn("x=3", { seed = 5 }), "x" }
  local x = lo.randn("x=6", { seed = 4 })

  for _, B in ipairs{ C, A, A.N, A.N + 0.1 * lo.Identity "x", lo.VStack{ A, A, dim = "coil" } } do
    local moved = B:to(there)
    local function all_there(op)
      assert(op.device == nil or op.device == there, tostring(op) .. " stayed on " .. tostring(op.device))
      for _, child in ipairs(op.children) do all_there(child) end
    end
    all_there(moved)
    local y = moved(x:to(there))
    check.equal(y.device, there)
    check.equal(B.device, "cpu")
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
  local function random(shape, seed) return lo.randn(shape, { dtype = "c128", seed = seed }) end
  local models = {
    { random("m=4 n=3", 1), "weight", function(w) return lo.Dense{ w, "m n, n -> m" } end },
    { random("x=6", 1), "2.weight", function(w) return lo.FFT "x=6 -> k" * lo.Diagonal{ w } end },
  }
  local forms = {
    function(A) return A end, function(A) return A.H end, function(A) return A.N end,
  }
  local step = 1e-5
  for _, model in ipairs(models) do
    local w, path, build = table.unpack(model)
    local A, h = build(w), random(w.shape, 3)
    for _, form in ipairs(forms) do
      local B = form(A)
      local x = random(B.ishape, 2)
      local v = random(B(x).shape, 4)
      local function f(t) return lo.dot(v, form(A:with{ [path] = w + t * h })(x)).re end
      local gx, g = B:vjp(x, v)
      assert(lo.allclose(gx, B.H(v), { rtol = 1e-12 }))
      local slope, difference = lo.dot(g[path], h).re, (f(step) - f(-step)) / (2 * step)
      assert(math.abs(slope - difference) < 1e-6 * math.max(1, math.abs(slope)))
    end
  end
end)

check.done()
