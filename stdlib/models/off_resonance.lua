-- SPDX-License-Identifier: MIT
--- Off-resonance during the readout, by time segmentation.
local lo = require "lunops"

local M = {}

local BINS = 128       -- of the histogram of frequencies
local DAMPING = 1e-8   -- of the fit, relative to its largest eigenvalue's bound
local MOST = 64        -- segments that "auto" tries

-- Centres and counts of the bins that hold values of b0, as "h" in f64.
local function histogram(b0)
  local low, high = b0:min(), b0:max()
  if low == high then return lo.full("h=1", low, { dtype = "f64" }), lo.ones("h=1", { dtype = "f64" }) end
  local width = (high - low) / BINS
  local centres, counts, below = {}, {}, 0
  for h = 1, BINS do
    local up_to = h == BINS and b0.count or lo.lt(b0, low + h * width):sum()
    if up_to > below then
      centres[#centres + 1] = low + (h - 0.5) * width
      counts[#counts + 1] = up_to - below
    end
    below = up_to
  end
  return lo.tensor(centres, "h", { dtype = "f64" }), lo.tensor(counts, "h", { dtype = "f64" })
end

-- exp(-2πi f t) for frequencies over one dim and times over others.
local function turns(frequency, time)
  local text = ("%s, %s -> %s %s"):format(frequency.names, time.names, frequency.names, time.names)
  return (lo.einsum(text, frequency, time) * (-2 * math.pi) * lo.i):exp()
end

-- The inverse of a Hermitian positive matrix of n rows of complex scalars, by Gauss and Jordan.
local function inverse(rows, n)
  for i = 1, n do
    for j = 1, n do rows[i][n + j] = lo.complex(i == j and 1 or 0, 0) end
  end
  for k = 1, n do
    local pivot = rows[k][k]
    for j = k, 2 * n do rows[k][j] = rows[k][j] / pivot end
    for i = 1, n do
      local factor = rows[i][k]
      if i ~= k then
        for j = k, 2 * n do rows[i][j] = rows[i][j] - factor * rows[k][j] end
      end
    end
  end
  local result = {}
  for i = 1, n do result[i] = table.move(rows[i], n + 1, 2 * n, 1, {}) end
  return result
end

-- Weights b "seg …" of the segments at times t, their times τ "seg", and the error of the fit: root
-- mean square over pixels and samples.
local function fit(frequency, count, t, segments)
  local first, last = t:min(), t:max()
  local step = segments > 1 and (last - first) / (segments - 1) or 0
  local start = segments > 1 and first or (first + last) / 2
  local tau = lo.arange("seg=" .. segments, { dtype = "f64" }) * step + start
  local at_tau, at_t = turns(frequency, tau), turns(frequency, t)
  local weighted = at_tau:conj() * count
  local rows = lo.einsum("h seg, h seg' -> seg seg'", weighted, at_tau:rename{ seg = "seg'" }):totable()
  for i = 1, segments do rows[i][i] = rows[i][i] + DAMPING * segments * count:sum() end
  local solved = lo.tensor(inverse(rows, segments), "seg seg'", { dtype = "c128" })
  local names = t.names
  local right = lo.einsum(("h seg, h %s -> seg %s"):format(names, names), weighted, at_t)
  local b = lo.einsum(("seg seg', seg' %s -> seg %s"):format(names, names), solved, right:rename{ seg = "seg'" })
  local off = at_t - lo.einsum(("h seg, seg %s -> h %s"):format(names, names), at_tau, b)
  local energy = ((off:abs() ^ 2) * count):sum()
  return b, tau, math.sqrt(energy / (count:sum() * t.count))
end

local function needs(value, position, what, kind)
  if lo.type(value) ~= kind then
    local text = "operand %d (%s) must be %s %s, got %s"
    local article = kind:find "^[aeiou]" and "an" or "a"
    lo.fail("argument", "TimeSegmented", text:format(position, what, article, kind, lo.type(value)))
  end
end

--- A transform whose samples are taken at times t of a readout during which frequencies b0 turn
--- the phase: y(k_j) = Σ_l b_l(t_j) F[x exp(-2πi b0 τ_l)](k_j), with τ_l evenly spaced over t and
--- b_l fitted to the histogram of b0.
--- Source: Fessler et al., IEEE Trans. Signal Process. 53 (2005) 3393.
---
---     local F = lo.FFT "x -> k"
---     local t = lo.arange("k=8", { dtype = "f64" }) - 4
---     local b0 = lo.full("x=8", 1 / 8, { dtype = "f64" })
---     local A, info = lo.TimeSegmented{ F, b0, t, segments = 1 }
---     local x = lo.zeros("x=8", { dtype = "c128" })
---     x:set({ x = 3 }, lo.ones("", { dtype = "c128" }))
---     print(("%.6f"):format(F.H(A(x)){ x = 4 }:item().re))            --> 1.000000
---@operand F lunops.Linop  from an image to samples, such as a NUFFT
---@operand b0 lunops.Tensor  frequencies in Hz over dims of the image, real
---@operand t lunops.Tensor  times in seconds over dims of the samples, real
---@field segments? integer|string  number of segments, or "auto": the fewest that reach tol (6)
---@field tol? number  root mean square error of the phase factor that "auto" reaches (1e-3)
---@field dim? string  the dim of the segments (seg)
---@field name? string  shown by print, trace and explain
---@signature y x -> spoke sample
---@adjoint the sum over segments of the adjoints
---@normal Toeplitz with segments × segments kernels, or the product, by cost
---@return lunops.Linop A
---@return table info  { segments, error, tau }
---@raises argument shape numeric
---@see NUFFT Subspace
function M.TimeSegmented(given)
  local o = lo.options(given, "TimeSegmented", {
    segments = false, tol = 1e-3, dim = "seg", name = false,
  }, { name = "string" })
  local F, b0, t = o[1], o[2], o[3]
  needs(F, 1, "F", "operator")
  needs(b0, 2, "b0", "tensor")
  needs(t, 3, "t", "tensor")
  local segments = o.segments or 6
  local is_count = math.type(segments) == "integer" and segments >= 1 and segments <= 1024
  if segments ~= "auto" and not is_count then
    local text = "segments must be a whole number from 1 to 1024, or \"auto\", got %s"
    lo.fail("argument", "TimeSegmented", text:format(tostring(segments)))
  end
  for _, real in ipairs{ { b0, "b0" }, { t, "t" } } do
    if real[1].dtype ~= "f32" and real[1].dtype ~= "f64" then
      lo.fail("dtype", "TimeSegmented", ("%s is %s; it must be real, f32 or f64"):format(real[2], real[1].dtype))
    end
  end

  local dtype = F.dtype or (b0.dtype == "f64" and "c128" or "c64")
  -- The fit is small work for the host; what is applied lies where the field map does.
  local device = b0.device
  local field, time = b0:to "cpu":as "f64", t:to "cpu":as "f64"
  local frequency, count = histogram(field)
  local b, tau, off
  if segments == "auto" then
    segments = 0
    repeat
      segments = segments + 1
      b, tau, off = fit(frequency, count, time, segments)
    until off <= o.tol or segments == MOST
    if off > o.tol then
      local text = "%d segments leave an error of %.1e, more than tol = %.1e"
      lo.fail("numeric", "TimeSegmented", text:format(segments, off, o.tol))
    end
  else
    b, tau, off = fit(frequency, count, time, segments)
  end

  local image, samples = F.ishape.names, F.oshape.names
  local phase = turns(tau, field)
  local rename = { seg = o.dim }
  local C = lo.Dense{ phase:rename(rename):as(dtype):to(device), ("%s -> %s %s"):format(image, o.dim, image), name = "phases" }
  local B = lo.Dense{ b:rename(rename):as(dtype):to(device), ("%s %s -> %s"):format(o.dim, samples, samples), name = "segments" }
  local A = lo.Chain{ B, F, C, name = o.name or nil }
  return A, { segments = segments, error = off, tau = tau }
end

return M
