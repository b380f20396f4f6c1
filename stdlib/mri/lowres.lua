-- SPDX-License-Identifier: MIT
--- Coil maps from the centre of k-space.
local lo = require "lunops"
local extents = require "lunops.mri.extents"

local M = {}

-- 1/2 (1 + cos(2 pi m / calib)) for |m| < calib/2 about k = 0, else 0.
local function hann(dim, n, calib, dtype)
  local m = extents.centred(dim, n, dtype)
  local inside = lo.lt(m:abs(), calib / 2)
  return lo.where(inside, (m * (2 * math.pi / calib) * lo.i):exp().real * 0.5 + 0.5, 0)
end

-- Dims of a Cartesian k-space without its coils, and the image's names for them.
local function cartesian_dims(ksp)
  local k, image = {}, {}
  for _, dim in ipairs(ksp.dims) do
    if dim ~= "coil" then
      table.insert(k, dim)
      table.insert(image, #dim > 1 and dim:match "^k(.+)$" or dim)
    end
  end
  return k, image
end

--- Centred FFT from an image to its k-space named "ky kx" or, with the image's own names, "y x";
--- then the image's dims, and those of the k-space as text.
---@package
function M.fourier(ksp)
  local k, image = cartesian_dims(ksp)
  local named = table.concat(k, " ")
  for i, dim in ipairs(k) do
    if dim == image[i] then k[i] = dim .. "'" end
  end
  return lo.FFT(("%s -> %s"):format(table.concat(image, " "), table.concat(k, " "))), image, named
end

--- Smooth maps of the coils: images of the windowed centre of k-space over their root sum of
--- squares.
---
---     local ksp = lo.randn("coil=4 ky=16 kx=16", { seed = 1 })
---     print(lo.mri.lowres{ ksp = ksp, calib = 8 }.shape)                  --> coil=4 y=16 x=16
---@param given table  ksp "coil ky kx" (or "coil y x"), or the samples of the operator F; F: a
--- NUFFT; weight: density weights, a tensor or a Diagonal, for F; calib: width of the Hann window
--- in samples (24)
---@return lunops.Tensor maps  "coil y x", or the image dims of F
function M.lowres(given)
  local o = lo.options(given, "lowres", { ksp = false, calib = 24, F = false, weight = false },
    { ksp = "tensor", F = "operator" })
  local ksp = o.ksp or lo.fail("argument", "lowres", "ksp is missing")
  local images, names
  if o.F then
    names = o.F.ishape.dims
    local weighted = ksp
    if o.weight then
      local W = o.weight
      if lo.type(W) == "tensor" then W = lo.Diagonal{ W, tostring(W.names) } end
      weighted = W(ksp)
    end
    images = o.F.H(weighted)
  else
    local F
    F, names = M.fourier(ksp)
    images = F.H(ksp)
  end

  local text = table.concat(names, " ")
  local to_k = lo.FFT(("%s -> k%s"):format(text, text:gsub(" ", " k")))
  local low = to_k(images)
  local real = images.dtype == "c128" and "f64" or "f32"
  for _, dim in ipairs(names) do
    local n = images.extent[dim]
    if o.calib > n then
      local text = "calib = %g is more than the %d samples along %s"
      lo.fail("argument", "lowres", text:format(o.calib, n, dim))
    end
    low = low * hann("k" .. dim, n, o.calib, real):to(low.device)
  end
  low = to_k.H(low)
  local total = low:norm "coil"
  local floor = 0.05 * total:max()
  if not (floor > 0) then
    lo.fail("numeric", "lowres", "the data's centre is zero or not finite")
  end
  return low / lo.where(lo.lt(total, floor), floor, total)
end

return M
