-- SPDX-License-Identifier: MIT
-- What the tests of this folder share (splitting.md, section 13): the model A, virtual devices, and what equal means.
local check = require "check"
local lo = require "lunops"

local M = {}

--- The names of `count` virtual devices.
function M.devices(count)
  local list = {}
  for i = 1, count do list[i] = ("cpu:%d"):format(i - 1) end
  return list
end

--- Points of 20 spokes with 64 samples over an image of 32 x 32, in cycles.
local function radial()
  local spokes, samples, n = 20, 64, 32
  local k = {}
  for s = 1, spokes do
    k[s] = {}
    for i = 1, samples do
      local angle, r = math.pi * (s - 1) * 0.618, (i - 1 - samples / 2) / samples * n
      k[s][i] = { r * math.sin(angle), r * math.cos(angle) }
    end
  end
  return lo.tensor(k, "spoke sample d", { dtype = "f64" })
end

M.points = radial()
M.maps = lo.randn("coil=8 y=32 x=32", { seed = 1 })
M.x = lo.randn("y=32 x=32", { seed = 2 })
M.y = lo.randn("coil=8 spoke=20 sample=64", { seed = 3 })

--- The NUFFT of the model.
function M.nufft(toeplitz)
  return lo.NUFFT{
    M.points, "y x -> spoke sample", extent = { y = 32, x = 32 }, toeplitz = toeplitz,
  }
end

--- SENSE: coil=8, y=x=32, spoke=20, sample=64, c64.
function M.sense(toeplitz) return M.nufft(toeplitz) * lo.Dense{ M.maps, "y x -> coil y x" } end

--- |a - b| / |b|.
function M.distance(a, b) return (a - b):norm() / math.max(b:norm(), 1e-30) end

-- L10: 4 * 32 epsilon (1 + log2 n) for 12,000 numbers in single precision; forms that are not exact
-- differ by what they promise (tol = 1e-4) on top.
M.tolerance, M.approximate = 2.2e-4, 4e-4

--- Both tensors have the same dims and nearly the same values.
function M.same(a, b, tolerance)
  check.equal(tostring(a.shape), tostring(b.shape))
  local d = M.distance(a, b)
  if not (d <= (tolerance or M.tolerance)) then error(("not equal: distance %.3g"):format(d), 2) end
end

--- The values of a tensor as bytes, for results that must be equal to the last bit.
function M.bits(t)
  local path = os.tmpname()
  lo.io.write(path .. ".npy", t:to "cpu")
  local file = assert(io.open(path .. ".npy", "rb"))
  local bytes = file:read "a"
  file:close()
  os.remove(path .. ".npy")
  os.remove(path)
  return bytes
end

--- B, B.H, B.N and B.N.H agree with those of A.
function M.agrees(B, A, x, tolerance)
  local y = A(x)
  M.same(B(x), y, tolerance)
  M.same(B.H(y), A.H(y), tolerance)
  M.same(B.N(x), A.N(x), tolerance)
  M.same(B.N.H(x), A.N(x), tolerance)
end

--- f(options) for tiles on the host and on 1, 2, 3, 4 and 8 devices; "at cpu:…" is put in front of errors.
function M.everywhere(f)
  f({})
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local ok, e = pcall(f, { devices = M.devices(count) })
    if not ok then error(("on %d devices: %s"):format(count, tostring(e)), 2) end
  end
end

--- The options with the extents of batch dims added.
function M.with(options, more)
  local made = {}
  for k, v in pairs(options) do made[k] = v end
  for k, v in pairs(more) do made[k] = v end
  return made
end

--- Live bytes on a device, after a collection.
function M.live(device)
  collectgarbage()
  collectgarbage()
  local memory = lo.memory()[device]
  return memory and memory.live or 0
end

--- What f warns of, as a list of texts.
function M.warnings(f)
  lo.warnings()
  f()
  local texts = {}
  for i, w in ipairs(lo.warnings()) do texts[i] = w.text end
  return texts
end

return M
