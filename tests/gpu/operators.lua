-- SPDX-License-Identifier: MIT
-- One operator of each kind on a device beside the same on the host: forward, adjoint, normal, and a solver.
-- Small, since compute-sanitizer runs it too, which takes a hundred times as long.
-- Usage: lunops tests/gpu/operators.lua [--device cuda:0]
local lo = require "lunops"
local given = lo.arguments(arg, { { "device", "cuda:0", "the device" } })

-- Sums in another order, and for NUFFTs another order of points within a tile.
local tolerance = { c64 = 1e-5, c128 = 1e-12 }
local tried, wrong = 0, 0

local function difference(a, b)
  local size = b:norm()
  return (a:to "cpu" - b):norm() / (size > 0 and size or 1)
end

local function tell(name, what, error, allowed)
  tried = tried + 1
  -- NaN is no number below the tolerance.
  if not (error <= allowed) then
    wrong = wrong + 1
    print(("WRONG %s, %s: %.1e, allowed %.0e"):format(name, what, error, allowed))
  end
end

--- `make(dtype, real)` gives an operator on the host.
local function compare(name, input, make, allowed)
  for _, dtype in ipairs{ "c64", "c128" } do
    local A = make(dtype, dtype == "c64" and "f32" or "f64")
    local x = lo.randn(input, { seed = 1, dtype = dtype })
    local limit = allowed or tolerance[dtype]
    -- Weights move with the operator; one without runs where its input is.
    local B = A:to(given.device)
    local y = A(x)
    tell(name .. " " .. dtype, "forward", difference(B(x:to(given.device)), y), limit)
    tell(name .. " " .. dtype, "adjoint", difference(B.H(y:to(given.device)), A.H(y)), limit)
    tell(name .. " " .. dtype, "normal", difference(B.N(x:to(given.device)), A.N(x)), allowed or 2 * limit)
  end
end

local function random(shape, dtype, seed)
  return lo.randn(shape, { seed = seed or 2, dtype = dtype })
end

compare("FFT", "coil=2 y=12 x=15", function() return lo.FFT "y x -> ky kx" end)
compare("FFT, three dims", "z=4 y=6 x=8", function() return lo.FFT "z y x -> kz ky kx" end)
compare("Dense, coil maps", "y=9 x=16", function(t) return lo.Dense{ random("coil=3 y=9 x=16", t), "y x -> coil y x" } end)
compare("Dense, matrix", "n=17", function(t) return lo.Dense{ random("m=5 n=17", t), "n -> m" } end)
compare("Diagonal", "coil=2 y=5 x=7", function(t) return lo.Diagonal{ random("y=5 x=7", t), "y x" } end)
compare("LowRank", "n=9", function(t) return lo.LowRank{ random("m=7 rank=2", t), random("n=9 rank=2", t), "n -> m" } end)
compare("SENSE by FFT", "y=12 x=16", function(t)
  return lo.FFT "y x -> ky kx" * lo.Dense{ random("coil=4 y=12 x=16", t), "y x -> coil y x" }
end)
compare("Pad", "y=5 x=6", function() return lo.Pad{ "y x -> y' x'", to = { y = 8, x = 9 }, extent = { y = 5, x = 6 } } end)
compare("Rearrange", "y=6 x=5", function() return lo.Rearrange "y x -> x y" end)
compare("Sampling", "x=9", function()
  return lo.Sampling{ { lo.tensor({ 2, 2, 4, 9 }, "sample", { dtype = "i32" }) }, "x=9 -> sample" }
end)
compare("Sparse", "x=3", function(_, real)
  local whole = { dtype = "i32" }
  return lo.Sparse{
    { rowptr = lo.tensor({ 1, 2, 4 }, "p", whole), col = lo.tensor({ 2, 1, 3 }, "k", whole),
      value = lo.tensor({ 2, 1, 3 }, "k", { dtype = real }) },
    "x=3 -> row=2",
  }
end)
compare("ArrayToBlocks", "y=13 x=12", function()
  return lo.ArrayToBlocks{ "y=13 x=12 -> by bx ky kx", block = { y = 4, x = 4 }, stride = { y = 3, x = 2 } }
end)
compare("FiniteDifference", "y=7 x=8", function() return lo.FiniteDifference "x" end)
compare("Gradient", "y=7 x=8", function() return lo.Gradient{ "y x" } end)
compare("Laplacian", "y=7 x=8", function() return lo.Laplacian "y x" end)
compare("Convolution, direct", "y=10 x=11", function(t)
  return lo.Convolution{ random("y=3 x=3", t), "y x", method = "direct", extent = { y = 10, x = 11 } }
end)
compare("Convolution, FFT", "y=20 x=21", function(t)
  return lo.Convolution{ random("y=9 x=7", t), "y x", method = "fft", extent = { y = 20, x = 21 } }
end)
compare("Wavelet", "y=16 x=18", function() return lo.Wavelet{ "y x", family = "db4", levels = 2, extent = { y = 16, x = 18 } } end)
compare("Interpolate", "y=12 x=12", function(_, real)
  local at = lo.rand("sample=40 d=2", { seed = 3, dtype = real }) * 10 + 1
  return lo.Interpolate{ at, "y x -> sample", extent = { y = 12, x = 12 }, kernel = "linear", width = 2 }
end)

local k2 = lo.mri.radial{ spokes = 9, samples = 32, extent = 16 }
compare("NUFFT, two dims", "coil=3 y=16 x=16", function(t)
  return lo.NUFFT{ k2, "y x -> spoke sample", extent = { y = 16, x = 16 }, tol = t == "c64" and 1e-4 or 1e-9, toeplitz = false }
end, 1e-5)
local k3 = (lo.rand("sample=200 d=3", { seed = 4, dtype = "f64" }) - 0.5) * 8
compare("NUFFT, three dims", "z=8 y=8 x=8", function(t)
  return lo.NUFFT{ k3, "z y x -> sample", extent = { z = 8, y = 8, x = 8 }, tol = t == "c64" and 1e-4 or 1e-9, toeplitz = false }
end, 1e-5)
local function sense(t)
  return lo.NUFFT{ k2, "y x -> spoke sample", extent = { y = 16, x = 16 }, toeplitz = true }
    * lo.Dense{ random("coil=3 y=16 x=16", t), "y x -> coil y x" }
end
-- Kernel and gridding each keep to the tolerance of the NUFFT, 1e-4.
compare("SENSE, Toeplitz", "y=16 x=16", sense, 1e-3)

for _, dtype in ipairs{ "c64", "c128" } do
  local A = lo.FFT "y x -> ky kx" * lo.Dense{ random("coil=4 y=12 x=16", dtype), "y x -> coil y x" }
  local N, b = A.N + 0.5 * lo.Identity{}, random("y=12 x=16", dtype, 5)
  local host = lo.cg(N, b, { iters = 10, tol = 0 })
  local there = lo.cg(N:to(given.device), b:to(given.device), { iters = 10, tol = 0 })
  -- Ten iterations magnify what one application differs by.
  tell("conjugate gradients " .. dtype, "image", difference(there, host), 100 * tolerance[dtype])
end
for _, sum in ipairs{ "sum", "norm", "max" } do
  local x = random("y=37 x=41", "f64")
  local host, there = x[sum](x), x:to(given.device)[sum](x:to(given.device))
  tell("reduction", sum, math.abs(there - host) / math.abs(host), 1e-12)
end

print(("%d comparisons of %s with the host, %d wrong"):format(tried, given.device, wrong))
os.exit(wrong == 0)
