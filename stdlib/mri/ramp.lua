-- SPDX-License-Identifier: MIT
--- The ramp |k|.
local lo = require "lunops"

local M = {}

--- Ramp weights |k| of a 2-D radial trajectory, not scaled to cells: see `density`.
---
---     local k = lo.mri.radial{ spokes = 2, samples = 4, extent = 4 }
---     print(lo.mri.ramp(k){ spoke = 1 }:totable()[1])      --> 2.0
---@param traj lunops.Tensor  "spoke sample d", f32 or f64, cycles per field of view
---@param opts? { spacing: number? }  distance of samples along a spoke, in cycles (default 1)
---@return lunops.Tensor weight  "spoke sample", in the precision of traj
function M.ramp(traj, opts)
  local spacing = lo.options(opts, "ramp", { spacing = 1 }).spacing
  local radius = traj:norm "d"
  -- All spokes share the disc of radius spacing/2 at the centre; its area gives spacing/4.
  return lo.where(lo.lt(radius, spacing / 4), spacing / 4, radius)
end

return M
