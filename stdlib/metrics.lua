-- SPDX-License-Identifier: MIT
--- How far an image is from its reference.
local lo = require "lunops"

local M = {}

-- Equal precision and, where a mask is given, only its pixels; how many pixels those are.
local function prepared(name, x, ref, mask)
  if x.count ~= ref.count or tostring(x.names) ~= tostring(ref.names) then
    local text = "the image {%s} and the reference {%s} differ in shape"
    lo.fail("shape", name, text:format(x.shape, ref.shape))
  end
  local function wide(t) return t:as(t.dtype:sub(1, 1) == "c" and "c128" or "f64") end
  x, ref = wide(x), wide(ref)
  local count = ref.count
  if mask then
    x, ref = mask * x, mask * ref
    count = mask:as "f64":sum()
  end
  return x, ref, count
end

-- The factor s that makes s x nearest to ref.
local function factor(x, ref, scale)
  if scale == "none" then return 1 end
  local power = x:norm() ^ 2
  if power == 0 then return 0 end
  local product = lo.dot(x, ref) / power
  if scale == "complex" or type(product) == "number" then return product end
  return product.re
end

local function is_complex(x) return x.dtype:sub(1, 1) == "c" end

--- |s x - ref| / |ref|, s the best factor of the kind asked for.
---
---     local x, ref = lo.tensor({ 1, 1 }, "x"), lo.tensor({ 1, 0 }, "x")
---     print(lo.metrics.nrmse(x, ref))                      --> 1.0
---@param x lunops.Tensor
---@param ref lunops.Tensor
---@param opts? table  scale: "none" (default), "real", "complex"; mask: pixels that count; norm:
--- "l2" or, for real data, "range" and "mean": root mean square error over max - min, over the
--- mean, of ref
---@return number
function M.nrmse(x, ref, opts)
  local o = lo.options(opts, "nrmse", { scale = "none", mask = false, norm = "l2" },
    { mask = "tensor" })
  if not ({ none = 1, real = 1, complex = 1 })[o.scale] then
    lo.fail("argument", "nrmse", ("scale '%s' is not one of none, real, complex"):format(o.scale))
  end
  local count, size
  local range = o.norm == "range" and not is_complex(ref) and ref:max() - ref:min()
  x, ref, count = prepared("nrmse", x, ref, o.mask)
  local off = (x * factor(x, ref, o.scale) - ref):norm()
  if o.norm == "l2" then
    size = ref:norm()
  elseif o.norm == "range" or o.norm == "mean" then
    if is_complex(ref) then
      lo.fail("dtype", "nrmse", ("norm '%s' needs real data; pass x:abs()"):format(o.norm))
    end
    off = off / math.sqrt(count)
    size = range or math.abs(ref:sum() / count)
  else
    lo.fail("argument", "nrmse", ("norm '%s' is not one of l2, range, mean"):format(o.norm))
  end
  if size == 0 then lo.fail("numeric", "nrmse", "the reference is zero") end
  return off / size
end

--- Peak signal to noise ratio in dB; peak: max |ref| unless given.
---
---     local ref = lo.tensor({ 1, 0 }, "x", { dtype = "f32" })
---     print(lo.metrics.psnr(ref * 0.9, ref) > 20)          --> true
---@param x lunops.Tensor
---@param ref lunops.Tensor
---@param opts? { peak: number? }
---@return number decibels
function M.psnr(x, ref, opts)
  local o = lo.options(opts, "psnr", { peak = false }, { peak = "number" })
  local peak = o.peak or ref:abs():max()
  local wide, reference, count = prepared("psnr", x, ref)
  if peak == 0 then lo.fail("numeric", "psnr", "the reference is zero") end
  return 20 * math.log(peak * math.sqrt(count) / (wide - reference):norm(), 10)
end

--- Signal to noise ratio |ref| / |x - ref| in dB.
---
---     local ref = lo.tensor({ 3, 4 }, "x", { dtype = "f32" })
---     print(lo.metrics.snr(ref * 1.25, ref) > 12)          --> true
---@param x lunops.Tensor
---@param ref lunops.Tensor
---@return number decibels
function M.snr(x, ref)
  local wide, reference = prepared("snr", x, ref)
  local size = reference:norm()
  if size == 0 then lo.fail("numeric", "snr", "the reference is zero") end
  return 20 * math.log(size / (wide - reference):norm(), 10)
end

--- Mean absolute error.
---
---     local ref = lo.tensor({ 3, 4 }, "x", { dtype = "f32" })
---     print(lo.metrics.mae(ref + 0.5, ref))                --> 0.5
---@param x lunops.Tensor
---@param ref lunops.Tensor
---@return number
function M.mae(x, ref)
  local wide, reference = prepared("mae", x, ref)
  return (wide - reference):abs():mean()
end

return M
