-- SPDX-License-Identifier: MIT
--- Test objects whose k-space is known exactly.
local lo = require "lunops"
local coils = require "lunops.mri.coils"
local extents = require "lunops.mri.extents"

local M = {}

-- Head of Shepp and Logan, IEEE Trans. Nucl. Sci. 21 (1974) 21, table 1: half axes x, y and centre
-- x, y in half fields of view (y upwards), angle in degrees, amplitude; then the amplitudes of
-- Toft's thesis (The Radon Transform, DTU 1996), table B.3, which can be seen without a narrow
-- window.
local head = {
  { 0.69, 0.92, 0, 0, 0, 2, 1 },
  { 0.6624, 0.874, 0, -0.0184, 0, -0.98, -0.8 },
  { 0.11, 0.31, 0.22, 0, -18, -0.02, -0.2 },
  { 0.16, 0.41, -0.22, 0, 18, -0.02, -0.2 },
  { 0.21, 0.25, 0, 0.35, 0, 0.01, 0.1 },
  { 0.046, 0.046, 0, 0.1, 0, 0.01, 0.1 },
  { 0.046, 0.046, 0, -0.1, 0, 0.01, 0.1 },
  { 0.046, 0.023, -0.08, -0.605, 0, 0.01, 0.1 },
  { 0.023, 0.023, 0, -0.606, 0, 0.01, 0.1 },
  { 0.023, 0.046, 0.06, -0.605, 0, 0.01, 0.1 },
}
local amplitude_column = { ["shepp-logan"] = 6, toft = 7 }

local function head_rows(kind, size)
  local column = amplitude_column[kind]
  if not column then
    local text = "kind '%s' is not one of shepp-logan, toft, or a list of ellipses"
    lo.fail("argument", "phantom", text:format(kind))
  end
  if size.z then
    lo.fail("argument", "phantom", "the head is two-dimensional; give a list of ellipsoids")
  end
  local rows = {}
  local hy, hx = size.y / 2, size.x / 2
  for i, e in ipairs(head) do
    -- Rows of the image run downwards, hence the signs.
    rows[i] = { e[column], e[2] * hy, e[1] * hx, -e[4] * hy, e[3] * hx, -math.rad(e[5]) }
  end
  return rows
end

local function listed_rows(list, size)
  local rows = {}
  for i, e in ipairs(list) do
    local o = lo.options(e, "phantom", { amplitude = 1, axes = false, centre = {}, angle = 0 })
    local row = { o.amplitude }
    for _, dim in ipairs(size.dims) do
      row[#row + 1] = o.axes and o.axes[dim]
        or lo.fail("argument", "phantom", ("ellipse %d has no axes.%s"):format(i, dim))
    end
    for _, dim in ipairs(size.dims) do row[#row + 1] = o.centre[dim] or 0 end
    row[#row + 1] = o.angle
    rows[i] = row
  end
  return rows
end

-- k-space at `traj`; with maps, under each of them.
local function kspace(table_of, size, traj, o)
  local shape = extents.text(size)
  if not o.coils then return lo.ellipse_kspace(table_of, traj, shape, { dtype = o.dtype }) end
  local fit, misfit = coils.harmonics_of(o.coils, { harmonics = o.harmonics, period = o.period })
  if misfit > 1e-3 then
    local text = "the coil maps are no sums of harmonics up to %d (misfit %.2g), so their "
      .. "k-space is not exact; make them by lo.mri.coils"
    lo.fail("argument", "phantom", text:format(o.harmonics, misfit))
  end
  local count = 2 * o.harmonics + 1
  local q = {}
  for _, dim in ipairs{ "y", "x" } do
    q[dim] = (lo.arange(("q%s=%d"):format(dim, count), { dtype = "f64" }) - o.harmonics) / o.period
  end
  local shifts = lo.zeros(("qy=%d qx=%d d=2"):format(count, count), { dtype = "f64" })
  local flat = lo.zeros(("qy=%d qx=%d"):format(count, count), { dtype = "f64" })
  shifts:set({ d = 1 }, flat + q.y)
  shifts:set({ d = 2 }, flat + q.x)
  local parts = lo.ellipse_kspace(table_of, traj, shape, { shifts = shifts, dtype = o.dtype })
  local dims = table.concat(traj.dims, " ", 1, #traj.dims - 1)
  fit = fit.dtype == o.dtype and fit or fit:as(o.dtype)
  return lo.einsum(("coil qy qx, qy qx %s -> coil %s"):format(dims, dims), fit, parts)
end

-- Inverse FFT of the exact samples at whole k: what a perfect reconstruction can reach.
local function band_limited(table_of, size, o)
  local text = extents.text(size, "k")
  local grid = lo.zeros(("%s d=%d"):format(text, #size.dims), { dtype = "f64" })
  for i, dim in ipairs(size.dims) do
    grid:set({ d = i }, lo.zeros(text, { dtype = "f64" }) + extents.centred("k" .. dim, size[dim]))
  end
  local names = table.concat(size.dims, " ")
  local F = lo.FFT(("%s -> k%s"):format(names, names:gsub(" ", " k")))
  return F.H(kspace(table_of, size, grid, o))
end

--- A phantom of ellipses: its exact k-space at `traj`, or its image.
---
---     local k = lo.mri.radial{ spokes = 8, samples = 32, extent = 16 }
---     local maps = lo.mri.coils{ count = 4, extent = 16 }
---     local ksp = lo.mri.phantom{ extent = 16, traj = k, coils = maps }
---     print(ksp.shape)                                                 --> coil=4 spoke=8 sample=32
---     print(lo.mri.phantom{ extent = 16, sampling = "area" }.shape)    --> y=16 x=16
---@param given table  extent; kind: "toft" (default), "shepp-logan" (its original, low contrast) or
--- a list of { amplitude =, axes = { y =, x = }, centre = { y =, x = }, angle = } in pixels and
--- radians, axes half lengths, centre relative to index floor(N/2); traj "… d" in cycles, or
--- sampling: "kspace" (band-limited, default), "point", "area" (8 x 8 points per pixel); coils:
--- maps "coil y x" by lo.mri.coils, with their harmonics (3) and period (2); dtype ("c64")
---@return lunops.Tensor samples_or_image
function M.phantom(given)
  local o = lo.options(given, "phantom", {
    extent = false, kind = false, sampling = "kspace", traj = false, coils = false, harmonics = 3,
    period = 2, dtype = "c64",
  }, { traj = "tensor", coils = "tensor" })
  local size = extents.of(o.extent, "phantom")
  local rows = type(o.kind) == "table" and listed_rows(o.kind, size)
    or head_rows(o.kind or "toft", size)
  local table_of = lo.tensor(rows, "ellipse parameter", { dtype = "f64" })
  if o.traj then return kspace(table_of, size, o.traj, o) end
  if o.sampling == "kspace" then return band_limited(table_of, size, o) end
  local points = ({ point = 1, area = 8 })[o.sampling]
  if not points then
    local text = "sampling '%s' is not one of kspace, point, area"
    lo.fail("argument", "phantom", text:format(o.sampling))
  end
  local image = lo.ellipse_image(table_of, extents.text(size),
    { supersample = points, dtype = o.dtype })
  return o.coils and o.coils * image or image
end

return M
