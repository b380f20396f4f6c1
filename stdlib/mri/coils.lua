-- SPDX-License-Identifier: MIT
--- Coil maps that are sums of few harmonics, so that k-space under them is exact.
local lo = require "lunops"
local extents = require "lunops.mri.extents"

local M = {}

-- exp(2 pi i q n / (period N)), |q| <= harmonics, n from the centre: "qx x" if `q` is "qx".
local function basis(q, dim, n, o)
  local count = 2 * o.harmonics + 1
  local numbers = lo.arange(("%s=%d"):format(q, count), { dtype = "f64" }) - o.harmonics
  local at = extents.centred(dim, n) * (2 * math.pi / (o.period * n))
  return (lo.i * lo.einsum(("%s, %s -> %s %s"):format(q, dim, q, dim), numbers, at)):exp()
end

-- Least squares of `maps` in the harmonics of one dim; `dims` are the others, which come first.
local function project(maps, dim, dims, o)
  local q = "q" .. dim
  local e = basis(q, dim, maps.extent[dim], o)
  local primed = basis(q .. "'", dim, maps.extent[dim], o):conj()
  local gram = lo.einsum(("%s' %s, %s %s -> %s' %s"):format(q, dim, q, dim, q, q), primed, e)
  local onto = ("%s %s, %s -> %s %s"):format(q, dim, maps.names, dims, q)
  local right = lo.einsum(onto, e:conj(), maps)
  local fit = lo.cg(lo.Dense{ gram, ("%s' %s, %s -> %s'"):format(q, q, q, q) }, right,
    { batch = dims, tol = 1e-13, iters = 60 })
  return fit, e
end

--- Coefficients of maps "coil y x" in harmonics of `period` fields of view, by least squares.
---
---     local maps = lo.mri.coils{ count = 4, extent = 32 }
---     print(lo.mri.harmonics_of(maps).shape)              --> coil=4 qy=7 qx=7
---@return lunops.Tensor coefficients  "coil qy qx", c128
---@return number misfit  |sum of harmonics - maps| / |maps|
---@return lunops.Tensor sums  the sums of harmonics, "coil y x"
function M.harmonics_of(maps, opts)
  local o = lo.options(opts, "harmonics_of", { harmonics = 3, period = 2 })
  local wide = maps.dtype == "c128" and maps or maps:as "c128"
  local rows, ey = project(wide, "y", "coil x", o)
  local fit, ex = project(rows, "x", "coil qy", o)
  local again = lo.einsum("qx x, coil qy qx -> coil qy x", ex, fit)
  again = lo.einsum("qy y, coil qy x -> coil y x", ey, again)
  return fit, (again - wide):norm() / wide:norm(), again
end

--- Maps of a ring of coils: 1/distance, phase by angle, root sum of squares 1, fitted by harmonics;
--- the fit is the map.
---
---     local maps = lo.mri.coils{ count = 4, extent = { y = 32, x = 24 } }
---     print(maps.shape, maps.dtype)                       --> coil=4 y=32 x=24	c64
---@param given table  count (8), extent, radius of the ring in half fields of view (1.5), harmonics
--- (3), period in fields of view (2), dtype ("c64")
---@return lunops.Tensor maps  "coil y x"
function M.coils(given)
  local o = lo.options(given, "coils", {
    count = 8, extent = false, radius = 1.5, harmonics = 3, period = 2, dtype = "c64",
  })
  local size = extents.of(o.extent, "coils")
  local count = extents.count(o.count, "coils", "count")
  local shape = ("coil=%d y=%d x=%d"):format(count, size.y, size.x)
  -- Positions x + iy in half fields of view, seen from each coil; coils stand half a step off the
  -- axes.
  local angle = (lo.arange("coil=" .. count, { dtype = "f64" }) + 0.5) * (2 * math.pi / count)
  local x = extents.centred("x", size.x, "c128") * (2 / size.x)
  local y = extents.centred("y", size.y, "c128") * (2 / size.y) * lo.i
  local one = lo.ones("x=" .. size.x, { dtype = "c128" })
  local at = lo.zeros(shape, { dtype = "c128" }) + x + lo.einsum("y, x -> y x", y, one)
  local from = at - (lo.i * angle):exp() * o.radius
  local maps = from / from:abs() ^ 2
  maps = maps / maps:norm "coil"
  local _, _, fit = M.harmonics_of(maps, { harmonics = o.harmonics, period = o.period })
  return o.dtype == "c128" and fit or fit:as(o.dtype)
end

return M
