-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): interpolation, threads.
local check = require "check"
local lo = require "lunops"
local model = require "model"
lo.virtual_devices{ cpu = 2 }

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

check.done()
