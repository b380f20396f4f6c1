-- SPDX-License-Identifier: MIT
--- Density compensation for radial sampling, in cells of 1/FOV.
local lo = require "lunops"

local M = {}

-- From the first to the last sample of each spoke, and the distance of neighbours.
local function direction(traj)
  local along = (traj{ sample = -1 } - traj{ sample = 1 }) / (traj.extent.sample - 1)
  return along, along:norm "d"
end

--- Whether a trajectory consists of straight, evenly sampled spokes through the centre.
---
---     print(lo.mri.is_radial(lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }))      --> true
---@param traj lunops.Tensor
---@return boolean
function M.is_radial(traj)
  local names = tostring(traj.names)
  if (names ~= "spoke sample d" and names ~= "frame spoke sample d") or traj.extent.d ~= 2
    or traj.extent.sample < 3 then
    return false
  end
  local along, spacing = direction(traj)
  local shortest, longest = spacing:min(), spacing:max()
  if not (shortest > 0) then return false end
  local outer = names == "spoke sample d" and "spoke d, sample -> spoke sample d"
    or "frame spoke d, sample -> frame spoke sample d"
  local number = lo.arange("sample=" .. traj.extent.sample, { dtype = traj.dtype, device = traj.device })
  local start = lo.einsum(outer, traj{ sample = 1 }, number * 0 + 1)
  -- A twentieth of a sample's distance allows for files in single precision and small delays.
  local bend = (traj - start - lo.einsum(outer, along, number)):norm "d"
  return bend:max() < 0.05 * shortest and traj:norm "d":min "sample":max() < longest
end

-- Mean gap to the two angular neighbours; diameters have angles modulo pi.
local function gaps(directions)
  local order, angle, gap = {}, {}, {}
  for i, d in ipairs(directions) do
    angle[i] = math.atan(d[1], d[2]) % math.pi
    order[i] = i
  end
  table.sort(order, function(a, b) return angle[a] < angle[b] end)
  local count = #order
  for i, spoke in ipairs(order) do
    local before, after = order[(i - 2) % count + 1], order[i % count + 1]
    local back, ahead = angle[spoke] - angle[before], angle[after] - angle[spoke]
    gap[spoke] = (back % math.pi + ahead % math.pi) / 2
  end
  if count == 1 then gap[1] = math.pi end
  if count == 2 then gap[1], gap[2] = math.pi / 2, math.pi / 2 end
  return gap
end

--- Area of k-space that each sample of a radial trajectory stands for: |k| dk dtheta, at the centre
--- pi (dk/2)^2 / spokes.
---
---     local k = lo.mri.radial{ spokes = 10, samples = 16, extent = 16 }
---     local w = lo.mri.density{ traj = k }
---     print(w.shape, w.dtype)                              --> spoke=10 sample=16	f64
---@param given table  traj "spoke sample d" or "frame spoke sample d"; kind: "radial" or "golden"
--- (spokes at any angles: each gets its own gap); dtype (that of traj)
---@return lunops.Tensor weight  "spoke sample" or "frame spoke sample"
function M.density(given)
  local o = lo.options(given, "density", { traj = false, kind = "radial", dtype = false },
    { traj = "tensor", dtype = "string" })
  if not o.traj then lo.fail("argument", "density", "traj is missing") end
  if o.kind ~= "radial" and o.kind ~= "golden" then
    lo.fail("argument", "density", ("kind '%s' is not one of radial, golden"):format(o.kind))
  end
  local traj = o.traj
  if not M.is_radial(traj) then
    local text = "the trajectory {%s} has no straight spokes through the centre; use lo.mri.ramp"
    lo.fail("argument", "density", text:format(traj.shape))
  end
  local along, spacing = direction(traj)
  local gap
  if traj.dims[1] == "frame" then
    local frames = along:totable()
    for i, frame in ipairs(frames) do frames[i] = gaps(frame) end
    gap = lo.tensor(frames, "frame spoke", { dtype = traj.dtype })
  else
    gap = lo.tensor(gaps(along:totable()), "spoke", { dtype = traj.dtype })
  end
  local radius = traj:norm "d"
  local centre = radius * 0 + spacing ^ 2 * (math.pi / 4 / traj.extent.spoke)
  local weight = lo.where(lo.lt(radius, radius * 0 + spacing / 4), centre, radius * (spacing * gap))
  return o.dtype and weight.dtype ~= o.dtype and weight:as(o.dtype) or weight
end

return M
