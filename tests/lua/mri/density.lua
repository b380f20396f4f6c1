-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

check.it("weights add up to the area of the sampled disc", function()
  for _, angles in ipairs{ "uniform", "golden", "tiny" } do
    local n, samples = 64, 128
    local traj = lo.mri.radial{ spokes = 55, samples = samples, extent = n, angles = angles }
    local weight = lo.mri.density{ traj = traj, kind = "golden" }
    -- One end of each diameter lacks a sample, the other has it: sums of |k| dk are those of the
    -- disc.
    local dk, reach = n / samples, n / 2
    check.near(weight:sum() / (math.pi * (reach ^ 2 + dk ^ 2 / 4)), 1, 1e-4)
  end
end)

check.it("each frame has the gaps of its own spokes", function()
  local traj = lo.mri.radial{ spokes = 4, frames = 2, samples = 8, extent = 8, angles = "golden" }
  local both = lo.mri.density{ traj = traj }
  for frame = 1, 2 do
    local alone = lo.mri.density{ traj = traj{ frame = frame } }
    check.near((both{ frame = frame } - alone):norm(), 0, 1e-12)
  end
end)

check.it("straight spokes are radial, others are not", function()
  local traj = lo.mri.radial{ spokes = 7, samples = 16, extent = 16 }
  check.equal(lo.mri.is_radial(traj), true)
  check.equal(lo.mri.is_radial(traj:as "f32"), true)
  check.equal(lo.mri.is_radial(traj + lo.randn(traj.shape, { seed = 1, dtype = "f64" })), false)
  check.equal(lo.mri.is_radial(traj + 20), false) -- not through the centre
  check.fails("argument", "density: the trajectory {spoke=7 sample=16 d=2} has no straight spokes through the centre; use lo.mri.ramp",
    function() lo.mri.density{ traj = traj + 20 } end)
end)

check.it("one and two spokes share the half turn", function()
  for spokes = 1, 2 do
    local traj = lo.mri.radial{ spokes = spokes, samples = 8, extent = 8 }
    local weight = lo.mri.density{ traj = traj }
    check.near(weight{ spoke = 1, sample = 8 }:item(), 3 * math.pi / spokes, 1e-12)
  end
end)

check.it("the ramp is |k|, and a quarter of the spacing at the centre", function()
  local weight = lo.mri.ramp(lo.mri.radial{ spokes = 1, samples = 4, extent = 4 }):totable()[1]
  check.near(weight[1], 2, 1e-15)
  check.near(weight[3], 0.25, 1e-15)
end)

check.it("gridding with these weights gives the image back", function()
  local n = 128
  local traj = lo.mri.radial{ spokes = 201, samples = 2 * n, extent = n }
  local F = lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = n, x = n } }
  local weighted = lo.mri.density{ traj = traj, dtype = "f32" } * lo.mri.phantom{ extent = n, traj = traj }
  local image = F.H(weighted)
  -- The corners of k-space are not sampled: compare with the image without them.
  local G = lo.FFT "y x -> ky kx"
  local flat = lo.zeros("ky=128 kx=128", { dtype = "f32" })
  local ky, kx = lo.arange("ky=128", { dtype = "f32" }) - n / 2, lo.arange("kx=128", { dtype = "f32" }) - n / 2
  local disc = lo.lt(flat + ky ^ 2 + kx ^ 2, (n / 2) ^ 2)
  local reference = G.H(disc * G(lo.mri.phantom{ extent = n }))
  check.near(lo.metrics.nrmse(image, reference, { scale = "real" }), 0, 0.03)
end)

check.done()
