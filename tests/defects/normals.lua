-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): normals.
local check = require "check"
local lo = require "lunops"
local model = require "model"

check.it("D1: the Toeplitz normal agrees with the exact Gram for every N and oversampling", function()
  for n = 8, 70 do
    for _, oversamp in ipairs{ 1.25, 1.5, 2 } do
      local points = model.points(2 * n, n, n)
      local exact = model.exact(points, n)
      local F = lo.NUFFT{
        points, "x -> s", extent = { x = n }, width = 8, oversamp = oversamp, toeplitz = true,
      }
      local x = lo.randn("x=" .. n, { dtype = "c128", seed = 1 })
      local forward = model.distance(F(x), exact(x))
      local normal = model.distance(F.N(x), exact.H(exact(x)))
      -- The tolerances of a kernel of 8 cells: 1e-4 at 1.25, less above; a wrong grid gives 0.3.
      local text = ("N = %d, oversampling %g: forward %.1e, normal %.1e"):format(n, oversamp, forward, normal)
      assert(forward < 2e-4 and normal < 4e-4, text)
    end
  end
end)

check.it("D2: a coil-sized Diagonal inside a Toeplitz normal makes one kernel per coil", function()
  local points = model.points(40, 20, 1)
  local F = lo.NUFFT{ points, "x -> s", extent = { x = 20 }, toeplitz = true }
  local kept = {}
  for _, coils in ipairs{ 2, 4, 8 } do
    local W = lo.Diagonal{ lo.rand(("coil=%d s=40"):format(coils), { dtype = "f32", seed = 1 }), "coil s" }
    local N = F.H * W * F
    local x = lo.randn(("coil=%d x=20"):format(coils), { seed = 2 })
    local table_of = lo.explain(N, x.shape, { format = "table" })
    assert(table_of.rewritten[1]:find "Toeplitz", table_of.rewritten[1])
    kept[coils] = table_of.total.persistent
    check.near(model.distance(N(x), F.H(W(F(x)))), 0, 1e-3)
  end
  check.equal(kept[4], 2 * kept[2])
  check.equal(kept[8], 4 * kept[2])
end)

check.it("D11: cropping to equal extents has the identity as its normal", function()
  for _, at in ipairs{ "start", "centre", "end" } do
    local C = lo.Crop{ "x=5", to = { x = 5 }, at = at }
    local x = lo.randn("x=5", { seed = 1 })
    check.equal(model.distance(C.N(x), x), 0)
    check.equal(model.distance(C(x), x), 0)
  end
end)

check.it("D12: the normal of an auto-shaped Dense in a chain can be applied", function()
  local W = lo.Dense{ lo.tensor({ { 1, 2, 3, 4, 5 }, { 0, 1, 0, 1, 0 }, { 2, 0, 0, 0, 1 } }) }
  local D = lo.Diagonal{ lo.tensor({ 1, 2, 1, 1, 3 }, "n") }
  local N = (W * D).N
  local x = lo.tensor({ 1, 0, 2, 0, 1 }, "n")
  -- W D x = W (1, 0, 2, 0, 3) = (22, 0, 5); D Wᴴ of it is the result.
  check.equal(N(x).names, "n")
  local expected = { 32, 88, 66, 88, 345 }
  for i, value in ipairs(N(x):totable()) do check.near(value.re, expected[i], 1e-3) end
end)

check.it("D13: with every norm .H is the adjoint and .N its product with the operator", function()
  for _, norm in ipairs{ "ortho", "backward", "forward" } do
    for _, inverse in ipairs{ false, true } do
      local F = lo.FFT{ "x -> k", norm = norm, inverse = inverse }
      local x = lo.randn("x=6", { dtype = "c128", seed = 1 })
      local y = lo.randn("k=6", { dtype = "c128", seed = 2 })
      local left, right = lo.dot(F(x), y), lo.dot(x, F.H(y))
      check.near((left - right):abs(), 0, 1e-12)
      check.near(model.distance(F.N(x), F.H(F(x))), 0, 1e-14)
    end
  end
  local x = lo.ones("x=4", { dtype = "c128" })
  check.near(model.distance(lo.FFT{ "x", norm = "backward" }.N(x), 4 * x), 0, 1e-14)
end)

check.it("D16: the normal of a Dense that shrinks stays a pair", function()
  local wide = lo.Dense{ lo.randn("m=10 n=1000", { seed = 1 }), "n -> m" }
  local tall = lo.Dense{ lo.randn("m=1000 n=10", { seed = 1 }), "n -> m" }
  check.equal(model.steps(wide.N, "n=1000"), 2)
  check.equal(model.steps(tall.N, "n=10"), 1)
end)

check.it("D17: the plan of the normal of a sum is linear in the terms", function()
  local steps = {}
  for _, count in ipairs{ 2, 4, 8, 16 } do
    local terms = {}
    for i = 1, count do
      terms[i] = lo.Dense{ lo.randn("m=3 n=4", { seed = i }), "n -> m" } * lo.Diagonal{ lo.randn("n=4", { seed = -i }) }
    end
    steps[count] = model.steps(lo.Add(terms).N, "n=4")
  end
  assert(steps[16] - steps[8] == 2 * (steps[8] - steps[4]), ("%d %d %d"):format(steps[4], steps[8], steps[16]))
  assert(steps[8] - steps[4] == 2 * (steps[4] - steps[2]))
end)

check.it("D18: dims that a Dense keeps stay kept in its normal", function()
  local A = lo.Dense{ lo.randn("c'=3 c=2", { seed = 1 }), "c' c, c x -> c' x" }
  check.equal(tostring(A.N.signature), "c=2 x -> c'=2 x")
  local x = lo.randn("c=2 x=5", { seed = 2 })
  check.equal(tostring(A.N(x).shape), "c=2 x=5")
  check.near(model.distance(A.N(x), A.H(A(x))), 0, 1e-6)
end)

check.it("D30: the adjoint of a renamed normal keeps its names", function()
  local A = lo.Dense{ lo.randn("m=3 n=2", { seed = 1 }), "n -> m" }
  local N = A.N:rename{ n = "k" }
  check.equal(tostring(N.signature), "k=2 -> k'=2")
  check.equal(tostring(N.H.signature), "k=2 -> k'=2")
  check.equal(N.H == N, true)
  check.equal(tostring(N.H(lo.ones "k=2").shape), "k=2")
end)

check.done()
