-- SPDX-License-Identifier: MIT
--- Radial trajectories.
local lo = require "lunops"
local extents = require "lunops.mri.extents"

local M = {}

local phi = (1 + math.sqrt(5)) / 2

-- Angle from one spoke to the next.
local steps = {
  uniform = function(o) return (o.full and 2 or 1) * math.pi / o.spokes end,
  golden = function() return math.pi / phi end,
  tiny = function(o) return math.pi / (phi + o.n - 1) end,
}

--- Diameters through the centre of k-space, k = (j - floor(S/2)) N/S (sin, cos) in (y, x).
--- Sources: Winkelmann et al., IEEE Trans. Med. Imaging 26 (2007) 68; Wundrak et al. 34 (2015)
--- 1262.
---
---     local k = lo.mri.radial{ spokes = 3, samples = 8, extent = 8, angles = "golden" }
---     print(k.shape)                      --> spoke=3 sample=8 d=2
---@param given table  spokes, samples; extent: N or {y=, x=}; angles: "uniform", "golden" or "tiny"
--- with n (7); full: uniform angles over the whole turn; start: number of the first spoke (0);
--- frames: so many times `spokes`, counted on; centre = false: half a sample towards positive k
---@return lunops.Tensor traj  "spoke sample d" or "frame spoke sample d", f64, cycles per field of
--- view
function M.radial(given)
  local o = lo.options(given, "radial", {
    spokes = false, samples = false, extent = false, angles = "uniform", n = 7, start = 0,
    frames = false, full = false, centre = true,
  })
  local size = extents.of(o.extent, "radial")
  local spokes = extents.count(o.spokes, "radial", "spokes")
  local samples = extents.count(o.samples, "radial", "samples")
  local step = steps[o.angles]
  if not step then
    local text = "angles '%s' is not one of uniform, golden, tiny"
    lo.fail("argument", "radial", text:format(o.angles))
  end

  local which = o.frames and ("frame=%d spoke=%d"):format(o.frames, spokes) or "spoke=" .. spokes
  local angle = (lo.arange(which, { dtype = "f64" }) + o.start) * step(o)
  local turn = (lo.i * angle):exp()
  local along = lo.arange("sample=" .. samples, { dtype = "f64" })
  along = (along - samples // 2 + (o.centre and 0 or 0.5)) / samples

  local names = o.frames and "frame spoke" or "spoke"
  local outer = ("%s, sample -> %s sample"):format(names, names)
  local traj = lo.zeros(("%s sample=%d d=2"):format(which, samples), { dtype = "f64" })
  traj:set({ d = 1 }, lo.einsum(outer, turn.imag, along * size.y))
  traj:set({ d = 2 }, lo.einsum(outer, turn.real, along * size.x))
  return traj
end

return M
