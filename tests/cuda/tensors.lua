-- SPDX-License-Identifier: MIT
-- Tensors on a GPU, made and used as on the host.
local lo = require "lunops"
local check = require "check"

local why = lo.devices().cuda
if why then
  print("skipped: no GPU can be used here (" .. why .. ")")
  return
end
local there = { device = "cuda:0" }

local function same(a, b) check.equal((a:to "cpu" - b):norm(), 0) end

check.it("tensors made on the GPU are those made on the host", function()
  same(lo.zeros("x=3 y=5", there), lo.zeros "x=3 y=5")
  same(lo.ones("x=3 y=5", there), lo.ones "x=3 y=5")
  same(lo.full("x=7", 2.5, there), lo.full("x=7", 2.5))
  same(lo.arange("x=7", there), lo.arange "x=7")
  same(lo.eye("n=5", there), lo.eye "n=5")
  same(lo.tensor({ 1, 2, 3 }, "x", there), lo.tensor({ 1, 2, 3 }, "x"))
  same(lo.rand("x=9 y=7", { seed = 3, device = "cuda:0" }), lo.rand("x=9 y=7", { seed = 3 }))
  local normal = lo.randn("x=9 y=7", { seed = 3, device = "cuda:0" }):to "cpu" - lo.randn("x=9 y=7", { seed = 3 })
  check.near(normal:norm(), 0, 1e-5) -- sine and logarithm of other libraries
  check.equal(lo.zeros_like(lo.ones("x=3", there)).device, "cuda:0")
  check.equal(tostring(lo.ones_like(lo.zeros("x=3", there)):sum()), "3+0i")
end)

check.it("arithmetic, reductions, views and reading single elements work there", function()
  local x = lo.randn("x=6 y=5", { seed = 1 })
  local g = x:to "cuda:0"
  same(g + g, x + x)
  same(2 * g - g, 2 * x - x)
  check.near(((g * g):to "cpu" - x * x):norm() / (x * x):norm(), 0, 1e-6)
  check.near((g:conj():to "cpu" - x:conj()):norm(), 0, 0)
  check.near((g:sum() - x:sum()):abs(), 0, 1e-5)
  check.near(g:norm(), x:norm(), 1e-5)
  same(g{ x = 2 }, x{ x = 2 })
  same(g:permute "y x", x:permute "y x")
  same(g{ x = 2, y = 3 }, x{ x = 2, y = 3 })
  g:set({ x = 1 }, 7)
  x:set({ x = 1 }, 7)
  same(g, x)
end)

check.it("CG tells of an x0 that lies elsewhere, and of the iteration that went wrong", function()
  local N = 2 * lo.Identity{}
  local ok, text = pcall(lo.cg, N, lo.ones("n=3", there), { x0 = lo.ones "n=3" })
  check.equal(ok, false)
  check.equal(tostring(text):find("cg: 'x0' is on cpu and the right-hand side on cuda:0", 1, true) ~= nil, true)
  local bad = lo.Diagonal{ lo.tensor({ 1, 0 / 0 }, "n", { dtype = "c64" }), "n" }:to "cuda:0"
  ok, text = pcall(lo.cg, bad, lo.ones("n=2", there), { iters = 20, tol = false })
  check.equal(ok, false)
  check.equal(tostring(text):find("at iteration 1;", 1, true) ~= nil, true)
end)

check.it("density weights and segments in time are made for data on a GPU", function()
  local traj = lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }
  check.equal(lo.mri.is_radial(traj:to "cuda:0"), true)
  local field = lo.rand("x=8", { dtype = "f64", seed = 1 })
  local t = lo.arange("k=8", { dtype = "f64" }) / 8
  local x = lo.randn("x=8", { dtype = "c128", seed = 2 })
  local A = lo.TimeSegmented{ lo.FFT "x -> k", field, t, segments = 2 }
  local G = lo.TimeSegmented{ lo.FFT "x -> k", field:to "cuda:0", t:to "cuda:0", segments = 2 }
  check.near((G(x:to "cuda:0"):to "cpu" - A(x)):norm(), 0, 1e-12)
end)

check.it("plans tell the time of the GPU, and sums that come in any order", function()
  local traj = lo.mri.radial{ spokes = 40, samples = 64, extent = 64 }
  local maps = lo.randn("coil=4 y=64 x=64", { seed = 1 })
  local A = lo.NUFFT{ traj, "y x -> spoke sample" } * lo.Dense{ maps, "y x -> coil y x" }
  local G = A:to "cuda:0"
  local function told(B, x) return lo.explain(B, x, { format = "table" }) end
  local here, on_gpu = told(A, "y=64 x=64"), told(G, "y=64 x=64")
  check.equal(on_gpu.total.seconds > 0 and on_gpu.total.seconds ~= here.total.seconds, true)
  local image = lo.ones("y=64 x=64", there)
  local data = G(image)
  check.equal(on_gpu.nodes[1].atomic, false)
  check.equal(told(G.H, data).nodes[1].atomic, true)
  check.equal(tostring(lo.explain(G.H, data)):find("  atomic", 1, true) ~= nil, true)
  check.equal(told(A.H, data:to "cpu").nodes[1].atomic, false)
  local fixed = lo.plan(G.H, { deterministic = true, input = data })
  check.equal(tostring(lo.explain(fixed)):find("atomic", 1, true), nil)
  check.equal(lo.devices()["cuda:0"].rates.bytes > 1e10, true)
end)

check.it("tensors are written and read by way of the host", function()
  local x = lo.randn("x=6 y=5", { seed = 1 })
  local path = os.tmpname()
  os.remove(path)
  lo.io.write(path .. ".npy", x:to "cuda:0")
  same(lo.io.read(path .. ".npy", { dims = "x y" }), x)
  os.remove(path .. ".npy")
end)

check.it("tensors on different devices do not mix", function()
  local ok, text = pcall(function() return lo.ones "x=3" + lo.ones("x=3", there) end)
  check.equal(ok, false)
  check.equal(tostring(text):find "cuda:0" ~= nil, true)
end)

check.it("memory that a GPU does not have is an error that leaves it usable", function()
  local held = lo.ones("x=1000", there)
  local ok, text = pcall(lo.zeros, "x=1000000 y=1000000", there)
  check.equal(ok, false)
  check.equal(tostring(text):find "cuda:0" ~= nil, true)
  check.equal(tostring(held:sum()), "1000+0i")
end)

check.done()
