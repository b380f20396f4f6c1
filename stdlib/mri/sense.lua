-- SPDX-License-Identifier: MIT
--- SENSE: least squares with known coil maps.
local lo = require "lunops"
local density = require "lunops.mri.density"
local ramp = require "lunops.mri.ramp"
local low = require "lunops.mri.lowres"

local M = {}

local function check_data(ksp)
  local size = ksp:norm()
  if size ~= size or size == math.huge then
    lo.fail("numeric", "sense", ("the data {%s} have NaN or infinite values"):format(ksp.shape))
  end
  if size == 0 then
    lo.fail("numeric", "sense", ("the data {%s} are all zero"):format(ksp.shape))
  end
end

--- Density weights of a trajectory, in cells where it is radial, else its ramp; f32 or as asked.
---
---     local k = lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }
---     print(lo.mri.weights(k).shape)                       --> spoke=5 sample=8
---@param traj lunops.Tensor  "… d"
---@param dtype? string
---@return lunops.Tensor weight
function M.weights(traj, dtype)
  local weight = density.is_radial(traj) and density.density{ traj = traj } or ramp.ramp(traj)
  dtype = dtype or "f32"
  return weight.dtype == dtype and weight or weight:as(dtype)
end

--- NUFFT of images "y x" of this extent at a trajectory "… d".
---
---     local k = lo.mri.radial{ spokes = 5, samples = 8, extent = 8 }
---     print(lo.mri.nufft(k, { y = 8, x = 8 }).ishape)      --> y=8 x=8
---@param traj lunops.Tensor  "… d", cycles per field of view
---@param extent table  by dim, with or without z
---@param opts? { tol: number? }  (1e-4)
---@return lunops.Linop F
function M.nufft(traj, extent, opts)
  local o = lo.options(opts, "nufft", { tol = 1e-4 })
  local dims = table.concat(traj.dims, " ", 1, #traj.dims - 1)
  local text = (extent.z and "z y x" or "y x") .. " -> " .. dims
  return lo.NUFFT{ traj, text, extent = extent, tol = o.tol }
end

local function check_trajectory(ksp, traj)
  local got = table.concat(ksp.dims, " ")
  local dims = table.concat(traj.dims, " ", 1, #traj.dims - 1)
  local matches = got == "coil " .. dims
  for i = 1, #traj.dims - 1 do
    local dim = traj.dims[i]
    matches = matches and ksp.extent[dim] == traj.extent[dim]
  end
  if not matches then
    local text = "data {%s} and trajectory {%s} do not belong together; data are coil and the dims "
      .. "of the trajectory but its last"
    lo.fail("shape", "sense", text:format(ksp.shape, traj.shape))
  end
end

-- The operator from an image to the data of one coil.
local function sampling(o)
  if o.traj then
    check_trajectory(o.ksp, o.traj)
    local extent = o.extent or o.maps and { y = o.maps.extent.y, x = o.maps.extent.x }
      or lo.fail("argument", "sense", "extent is missing; without maps it cannot be guessed")
    if type(extent) == "number" then extent = { y = extent, x = extent } end
    return M.nufft(o.traj, extent)
  end
  local F, _, names = low.fourier(o.ksp)
  if not o.mask then return F end
  local mask = o.mask
  if mask == "auto" then mask = lo.gt(o.ksp:norm "coil", 0) end
  return lo.Diagonal{ mask:as(o.ksp.dtype == "c128" and "f64" or "f32"), names } * F
end

local function maps_of(o, F)
  local maps = o.maps
  if not maps then
    local weight = o.traj and M.weights(o.traj) or nil
    return low.lowres{ ksp = o.ksp, F = o.traj and F or nil, weight = weight, calib = o.calib }
  end
  if maps:norm() == 0 then lo.fail("numeric", "sense", "the maps are all zero") end
  return maps
end

--- Minimises 1/2 |A x - y|_W^2 + lambda/2 |x|^2, A = F S or mask FFT S, by conjugate gradients.
--- Source: Pruessmann et al., Magn. Reson. Med. 46 (2001) 638.
---
---     local maps = lo.mri.coils{ count = 4, extent = 16 }
---     local traj = lo.mri.radial{ spokes = 20, samples = 32, extent = 16 }
---     local ksp = lo.mri.phantom{ extent = 16, coils = maps, traj = traj }
---     local image, info = lo.mri.sense{ ksp = ksp, traj = traj, maps = maps }
---     print(image.shape)                                   --> y=16 x=16
---@param given table  ksp "coil spoke sample" with traj "spoke sample d", or "coil ky kx" (or "coil
--- y x") with mask (a tensor, or "auto": where data are not 0); maps "coil y x" (by lowres, with
--- calib = 24, if absent); weight: "density", weights or a Diagonal; lambda (0); extent of the
--- image, for traj without maps; iters (30); tol of cg (1e-6)
---@return lunops.Tensor image
---@return table info  of cg
function M.sense(given)
  local o = lo.options(given, "sense", {
    ksp = false, traj = false, mask = false, maps = false, weight = false, lambda = 0, iters = 30,
    tol = 1e-6, extent = false, calib = 24,
  }, { ksp = "tensor", traj = "tensor", maps = "tensor" })
  if not o.ksp then lo.fail("argument", "sense", "ksp is missing") end
  if not (o.lambda >= 0) then
    lo.fail("argument", "sense", ("lambda is %g; it must be 0 or more"):format(o.lambda))
  end
  check_data(o.ksp)
  local F = sampling(o)
  local S = lo.Dense{ maps_of(o, F), "y x -> coil y x" }
  local A = F * S

  local W = o.weight
  if W == "density" then
    W = M.weights(o.traj or lo.fail("argument", "sense", "weight = \"density\" needs traj"))
  end
  if lo.type(W) == "tensor" then
    if W:norm() == 0 then lo.fail("numeric", "sense", "the weights are all zero") end
    W = lo.Diagonal{ W, tostring(W.names) }
  end
  local N = W and A:normal(W) or A.N
  if o.lambda > 0 then N = N + o.lambda * lo.Identity{} end
  return lo.cg(N, A.H(W and W(o.ksp) or o.ksp), { iters = o.iters, tol = o.tol })
end

return M
