-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

check.it("an ellipse of one pixel is drawn where its centre says", function()
  local image = lo.mri.phantom{
    extent = { y = 4, x = 5 }, sampling = "point",
    kind = { { amplitude = 3, axes = { y = 0.4, x = 0.4 }, centre = { y = -1, x = 2 } } },
  }
  check.equal(image{ y = 2, x = 5 }:item().re, 3)
  check.near(image:norm(), 3, 0)
end)

-- The figures of the specification, for the default phantom.
check.it("on 256 x 256 the band-limited image differs from points by 0.155, from areas by 0.060", function()
  local limited = lo.mri.phantom{ extent = 256 }
  local function off(sampling)
    return lo.metrics.nrmse(limited, lo.mri.phantom{ extent = 256, sampling = sampling })
  end
  check.near(off "point", 0.155, 0.002)
  check.near(off "area", 0.060, 0.001)
end)

check.it("the head stands upright: its three small ellipses are in the lower half", function()
  local image = lo.mri.phantom{ extent = 128, sampling = "point" }
  local spot = image{ y = 64 + 39 + 1, x = 65 }:item().re -- centre 0.606 half fields of view below
  check.near(spot, 0.3, 1e-6)
end)

check.it("coil maps are sums of harmonics with a root sum of squares near 1", function()
  local maps = lo.mri.coils{ extent = 256 }
  check.equal(tostring(maps.shape), "coil=8 y=256 x=256")
  local power = (maps:abs() ^ 2):sum "coil"
  check.near(power:min(), 1, 0.06)
  check.near(power:max(), 1, 0.06)
  local _, misfit = lo.mri.harmonics_of(maps)
  check.near(misfit, 0, 1e-5) -- maps are single precision
end)

check.it("k-space under a flat map is that without coils", function()
  local traj = lo.mri.radial{ spokes = 5, samples = 16, extent = 16 }
  local plain = lo.mri.phantom{ extent = 16, traj = traj }
  local coil = lo.mri.phantom{ extent = 16, traj = traj, coils = lo.ones "coil=1 y=16 x=16" }
  check.near((coil{ coil = 1 } - plain):norm() / plain:norm(), 0, 1e-5)
end)

-- One harmonic shifts k-space; over the object's fine picture the sum under the maps is direct.
check.it("k-space under coil maps is the Fourier sum of map times object", function()
  local n, fine = 16, 16
  local maps = lo.mri.coils{ count = 3, extent = n, dtype = "c128" }
  local fit = lo.mri.harmonics_of(maps)
  local list = { { amplitude = 1, axes = { y = 5, x = 3.5 }, centre = { y = 0.7, x = -1.1 }, angle = 0.4 } }
  local traj = lo.tensor({ { 0, 0 }, { 1.5, -2.25 }, { -4, 3 } }, "sample d", { dtype = "f64" })
  local exact = lo.mri.phantom{ extent = n, kind = list, traj = traj, coils = maps, dtype = "c128" }

  local scaled = { { amplitude = 1, axes = { y = 5 * fine, x = 3.5 * fine }, angle = 0.4,
    centre = { y = 0.7 * fine + fine / 2 - 0.5, x = -1.1 * fine + fine / 2 - 0.5 } } }
  local object = lo.mri.phantom{ extent = n * fine, kind = scaled, sampling = "point", dtype = "c128" }
  for s, k in ipairs(traj:totable()) do
    -- exp(2 pi i (q/2 - k) p/N) over harmonics and fine pixels, p in pixels from index floor(N/2).
    local function waves(dim, component)
      local q = (lo.arange(("q%s=7"):format(dim), { dtype = "f64" }) - 3) / 2 - component
      local p = (lo.arange(("%s=%d"):format(dim, n * fine), { dtype = "f64" }) + 0.5) / fine - 0.5 - n // 2
      local phase = lo.einsum(("q%s, %s -> q%s %s"):format(dim, dim, dim, dim), q, p)
      return (phase * lo.i * (2 * math.pi / n)):exp()
    end
    local sum = lo.einsum("y x, qy y -> qy x", object, waves("y", k[1]))
    sum = lo.einsum("qy x, qx x -> qy qx", sum, waves("x", k[2]))
    local direct = lo.einsum("coil qy qx, qy qx -> coil", fit, sum) / (fine * fine * n)
    -- Edge pixels of the fine picture are all or nothing.
    check.near((exact{ sample = s } - direct):norm() / exact:abs():max(), 0, 1e-2)
  end
end)

check.it("bad phantoms are named", function()
  check.fails("argument", "phantom: kind 'loaf' is not one of shepp-logan, toft, or a list of ellipses",
    function() lo.mri.phantom{ extent = 8, kind = "loaf" } end)
  check.fails("argument", "phantom: sampling 'line' is not one of kspace, point, area",
    function() lo.mri.phantom{ extent = 8, sampling = "line" } end)
  check.fails("argument", "phantom: ellipse 1 has no axes.x",
    function() lo.mri.phantom{ extent = 8, kind = { { axes = { y = 1 } } } } end)
  local traj = lo.mri.radial{ spokes = 2, samples = 8, extent = 8 }
  check.fails("argument", "phantom: the coil maps are no sums of harmonics up to 3", function()
    lo.mri.phantom{ extent = 8, traj = traj, coils = lo.randn("coil=2 y=32 x=32", { seed = 1 }) }
  end)
end)

check.done()
