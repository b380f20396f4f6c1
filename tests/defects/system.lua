-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): interpolation, devices, threads, gradients.
local check = require "check"
local lo = require "lunops"
local model = require "model"

check.it("D3: nearest mode has the scale of the interpolating one, and a Toeplitz normal", function()
  local points = model.points(60, 16, 1)
  local exact = model.exact(points, 16)
  local x = lo.randn("x=16", { dtype = "c128", seed = 2 })
  local before = math.huge
  -- The nearest point of a grid of P cells is up to half a cell off: the error falls as 1/P.
  for _, grid in ipairs{ 64, 256, 1024 } do
    local F = lo.NUFFT{ points, "x -> s", extent = { x = 16 }, mode = "nearest", grid = { x = grid } }
    local off = model.distance(F(x), exact(x))
    assert(off < 0.5 * before and off < 60 / grid, ("grid %d: error %.2e"):format(grid, off))
    before = off
    local T = lo.NUFFT{
      points, "x -> s", extent = { x = 16 }, mode = "nearest", grid = { x = grid }, toeplitz = true,
    }
    check.near(model.distance(T.N(x), F.H(F(x))), 0, 1e-10)
  end
end)

check.it("D25: a radial interpolation kernel is not offered, integer widths are taken", function()
  local locs = lo.tensor({ { 1.25 }, { 2.5 } }, "s d", { dtype = "f64" })
  check.raises("kernel", lo.Interpolate, { locs, "x -> s", extent = { x = 6 }, width = 4, kernel = "radial" })
  local x = lo.randn("x=6", { dtype = "c128", seed = 1 })
  local whole = lo.Interpolate{ locs, "x -> s", extent = { x = 6 }, width = 4, kernel = "linear" }
  local real = lo.Interpolate{ locs, "x -> s", extent = { x = 6 }, width = 4.0, kernel = "linear" }
  check.equal(model.distance(whole(x), real(x)), 0)
end)

check.it("D7: a tile on another device holds the elements that it needs", function()
  local A = lo.Diagonal{ lo.randn("x=1000", { seed = 1 }) }
  local D = lo.Dense{ lo.randn("m=1000 n=10", { seed = 2 }), "n -> m" }
  local x, v = lo.randn("x=1000", { seed = 3 }):to "cpu:1", lo.randn("n=10", { seed = 4 }):to "cpu:1"
  local function added(tile, input)
    local function live()
      collectgarbage()
      collectgarbage()
      return lo.memory()["cpu:1"].live
    end
    local before = live()
    local there = tile.op:to "cpu:1"
    local y = there(input)
    return live() - before - y.bytes
  end
  check.equal(added(lo.split(A, "x=250")[2], x{ x = { 251, 500 } }:clone()), 250 * 8)
  check.equal(added(lo.split(D, "m=250")[2], v), 250 * 10 * 8)
end)

check.it("D24: all weights of an operator move together", function()
  local k = lo.randn("x=3", { seed = 1 })
  local A = lo.FFT "x -> k" * lo.Convolution{ k, "x" } * lo.Diagonal{ lo.randn("x=8", { seed = 2 }) }
  local x = lo.randn("x=8", { seed = 3 })
  local there = A:to "cpu:1"
  local y = there(x:to "cpu:1")
  check.equal(y.device, "cpu:1")
  check.near(model.distance(y:to "cpu", A(x)), 0, 1e-6)
  check.equal(A.device, "cpu")
end)

check.it("D27: the threads of a sum wait for each other, in its normal too", function()
  local terms = {}
  for i = 1, 6 do
    terms[i] = lo.FFT "y x -> ky kx" * lo.Diagonal{ lo.randn("y=64 x=64", { seed = i }) }
  end
  local A, x = lo.Add(terms), lo.randn("y=64 x=64", { seed = 9 })
  local threads = lo.threads()
  lo.threads(1)
  local y, n = A(x), A.N(x)
  lo.threads(4)
  for _ = 1, 50 do
    check.equal(model.distance(A(x), y), 0)
    check.equal(model.distance(A.N(x), n), 0)
  end
  lo.threads(threads)
end)

check.it("D29: weights have gradients through A, A.H and A.N", function()
  local w = lo.randn("x=6", { dtype = "c128", seed = 1 })
  local h = lo.randn("x=6", { dtype = "c128", seed = 2 })
  local forms = {
    function(A) return A end, function(A) return A.H end, function(A) return A.N end,
  }
  for _, form in ipairs(forms) do
    local function of(weight) return form(lo.FFT "x=6 -> k" * lo.Diagonal{ weight }) end
    local A = of(w)
    local x = lo.randn(A.ishape, { dtype = "c128", seed = 3 })
    local v = lo.randn(A(x).shape, { dtype = "c128", seed = 4 })
    local gx, gw = A:vjp(x, v)
    check.near(model.distance(gx, A.H(v)), 0, 1e-12)
    local _, g = next(gw)
    local function f(weight) return lo.dot(v, of(weight)(x)).re end
    local step = 1e-5
    local slope = (f(w + step * h) - f(w - step * h)) / (2 * step)
    check.near(lo.dot(g, h).re, slope, 1e-6 * math.abs(slope))
  end
end)

check.done()
