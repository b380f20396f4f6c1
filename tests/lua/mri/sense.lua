-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

-- Problem P1 of the specification: its figures, 10 % above.
local function p1()
  local extent = 256
  local scan = lo.mri.scan{ size = extent, coils = 8, spokes = 96, samples = 512, noise = 0 }
  return scan
end

check.it("P1: 0.086 without weights, 0.051 with density weights", function()
  local scan = p1()
  local plain = lo.mri.sense{ ksp = scan.ksp, traj = scan.traj, maps = scan.maps, tol = false }
  check.near(lo.metrics.nrmse(plain, scan.truth), 0.086, 0.0086)
  local weighted = lo.mri.sense{
    ksp = scan.ksp, traj = scan.traj, maps = scan.maps, weight = "density", tol = false,
  }
  check.near(lo.metrics.nrmse(weighted, scan.truth), 0.051, 0.0051)
end)

check.it("one coil with map 1 and all of k-space gives the inverse FFT", function()
  local image = lo.randn("y=8 x=9", { seed = 1 })
  local ksp = lo.FFT "y x -> ky kx"(image)
  local got = lo.mri.sense{ ksp = lo.zeros "coil=1 ky=8 kx=9" + ksp, maps = lo.ones "coil=1 y=8 x=9" }
  check.near((got - image):norm() / image:norm(), 0, 1e-6)
end)

check.it("zeros are missing samples only through the mask", function()
  local maps = lo.mri.coils{ count = 4, extent = 32 }
  local truth = lo.mri.phantom{ extent = 32 }
  local ksp = lo.FFT "y x -> ky kx"(maps * truth)
  ksp{ ky = { 2, -1, 4 } }:fill(0)
  local guided = lo.mri.sense{ ksp = ksp, mask = "auto", maps = maps, iters = 60 }
  local misled = lo.mri.sense{ ksp = ksp, maps = maps, iters = 60 }
  check.equal(lo.metrics.nrmse(guided, truth) < 0.02, true)
  check.equal(lo.metrics.nrmse(misled, truth) > 0.1, true)
end)

check.it("lambda adds lambda/2 |x|^2: twice the identity and lambda 2 halve the image", function()
  local ksp = lo.randn("coil=1 ky=6 kx=6", { seed = 3 })
  local ones = lo.ones "coil=1 y=6 x=6"
  local plain = lo.mri.sense{ ksp = ksp, maps = ones }
  local shrunk = lo.mri.sense{ ksp = ksp, maps = ones, lambda = 1 }
  check.near((shrunk * 2 - plain):norm() / plain:norm(), 0, 1e-6)
end)

check.it("low-resolution maps explain the coil images, Cartesian and radial", function()
  local n = 64
  local maps = lo.mri.coils{ count = 6, extent = n }
  local truth = lo.mri.phantom{ extent = n, sampling = "area" }
  local images = maps * truth
  local traj = lo.mri.radial{ spokes = 101, samples = 2 * n, extent = n }
  local F = lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = n, x = n } }
  local W = lo.Diagonal{ lo.mri.weights(traj), "spoke sample" }
  for _, low in ipairs{
    lo.mri.lowres{ ksp = lo.FFT "y x -> ky kx"(images) },
    lo.mri.lowres{ ksp = F(images), F = F, weight = W },
  } do
    local explained = low * lo.mri.combine(images, low)
    -- Maps of 24 samples' resolution cannot follow the object's edge.
    check.near((explained - images):norm() / images:norm(), 0, 0.12)
    check.equal(low:norm "coil":max() < 1 + 1e-5, true)
  end
end)

check.it("results do not depend on the data's scale", function()
  local scan = lo.mri.scan{ size = 32, coils = 4, spokes = 24, samples = 64 }
  local one = lo.mri.sense{ ksp = scan.ksp, traj = scan.traj, extent = 32 }
  -- A power of two changes no bit of the mantissas.
  local tiny = lo.mri.sense{ ksp = scan.ksp * 2 ^ -30, traj = scan.traj, extent = 32 }
  check.near((tiny * 2 ^ 30 - one):norm() / one:norm(), 0, 1e-6)
end)

check.it("bad input of sense is named", function()
  local scan = lo.mri.scan{ size = 16, coils = 2, spokes = 6, samples = 32 }
  local function fails(change, text, code)
    local given = { ksp = scan.ksp, traj = scan.traj, maps = scan.maps }
    for name, value in pairs(change) do given[name] = value end
    check.fails(code or "argument", text, function() lo.mri.sense(given) end)
  end
  fails({ traj = lo.mri.radial{ spokes = 7, samples = 32, extent = 16 } },
    "sense: data {coil=2 spoke=6 sample=32} and trajectory {spoke=7 sample=32 d=2} do not belong together", "shape")
  fails({ maps = scan.maps * 0 }, "sense: the maps are all zero", "numeric")
  fails({ ksp = scan.ksp * 0 }, "sense: the data {coil=2 spoke=6 sample=32} are all zero", "numeric")
  fails({ ksp = scan.ksp * (0 / 0) }, "sense: the data {coil=2 spoke=6 sample=32} have NaN or infinite values", "numeric")
  fails({ lambda = -1 }, "sense: lambda is -1; it must be 0 or more")
  fails({ weight = lo.zeros("spoke=6 sample=32", { dtype = "f32" }) }, "sense: the weights are all zero", "numeric")
  fails({ ksp = 3 }, "sense: option 'ksp' must be of type tensor, got number")
  fails({ wieght = 1 }, "sense: unknown option 'wieght' (did you mean 'weight'?)")
  check.fails("argument", "lowres: calib = 24 is more than the 8 samples along y",
    function() lo.mri.lowres{ ksp = lo.ones "coil=2 ky=8 kx=8" } end)
end)

check.done()
