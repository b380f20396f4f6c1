-- SPDX-License-Identifier: MIT
-- Row 32 of splitting.md, section 13: for every operator of the catalogue, whole and tiled, the peak of memory that its
-- plan expects is the one that is measured.
local check = require "check"
local lo = require "lunops"
local m = require "model"

lo.virtual_devices{ cpu = 8 }

local function draw(shape, seed, dtype) return lo.randn(shape, { seed = seed, dtype = dtype }) end

local n = 512 -- images of 2 MiB, times 8 of a batch
local image, images = "y=512 x=512", "b=8 y=512 x=512"
-- Two entries in each of `rows` rows.
local function sparse(rows, columns)
  local start, column = { 1 }, {}
  for i = 1, rows do
    start[i + 1] = 2 * i + 1
    column[2 * i - 1], column[2 * i] = i % columns + 1, (i + 77) % columns + 1
    if column[2 * i - 1] > column[2 * i] then
      column[2 * i - 1], column[2 * i] = column[2 * i], column[2 * i - 1]
    end
  end
  return {
    rowptr = lo.tensor(start, "p", { dtype = "i32" }), col = lo.tensor(column, "k", { dtype = "i32" }),
    value = draw(("k=%d"):format(2 * rows), 1),
  }
end
local function points(count)
  return (lo.rand("s=" .. count .. " d=2", { dtype = "f64", seed = 1 }) - 0.5) * n
end
local function identity(v) return v end
local weights = {}
for i = 1, 4 do weights[i] = lo.Dense{ draw("m=1000 n=500", i) } end

-- By name: the operator, its input, and dims that it can be cut along, with the extents of batch dims.
local catalogue = {
  Identity = { lo.Identity "y x", images },
  Zero = { lo.Zero{ "y x -> k", extent = { k = 1000000 } }, image },
  Scalar = { lo.Scalar{ 2 }, images },
  Diagonal = { lo.Diagonal{ draw(images, 1) }, images, { b = 2 } },
  Dense = { lo.Dense{ draw("c=8 y=512 x=512", 1), "y x -> c y x" }, image, { c = 2 } },
  LowRank = { lo.LowRank{ draw("m=40000 r=20", 1), draw("n=40000 r=20", 2), "n -> m" }, "b=4 n=40000" },
  Sparse = { lo.Sparse{ sparse(200000, 200000), "x=200000 -> row=200000" }, "b=4 x=200000" },
  Kronecker = { lo.Kronecker{ lo.Dense{ draw("p=600 y=512", 1) }, lo.Dense{ draw("q=600 x=512", 2) } }, image },
  Pad = { lo.Pad{ "y x", to = { y = 1024, x = 1024 } }, images },
  Crop = { lo.Crop{ "y x", to = { y = 400, x = 400 } }, images },
  PadDim = { lo.PadDim{ "y x", to = { y = 1024, x = 1024 } }, images },
  Truncate = { lo.Truncate{ "y x", to = { y = 400, x = 400 } }, images },
  Rename = { lo.Rename "y x -> u v", images },
  Permute = { lo.Permute "b y x -> x b y", images },
  Rearrange = { lo.Rearrange "b y x -> b (y x)", images },
  SumReduce = { lo.SumReduce "b y x -> y x", images },
  Repeat = { lo.Repeat{ "y x -> b y x", extent = { b = 8 } }, image },
  Slice = { lo.Slice{ "y x", range = { y = { 3, 400 } } }, images },
  Embed = { lo.Embed{ "y x", range = { y = { 3, 400 } }, extent = { y = n } }, "b=8 y=398 x=512" },
  Flip = { lo.Flip{ "y x", dims = "x" }, images },
  Roll = { lo.Roll{ "y x", shift = { x = 5 } }, images },
  Sampling = { lo.Sampling{ lo.gt(lo.rand(image, { seed = 1, dtype = "f32" }), 0.5), "y x -> s" }, images },
  ArrayToBlocks = { lo.ArrayToBlocks{ "y=512 x=512 -> by bx ky kx", block = { y = 16, x = 16 }, stride = { y = 8, x = 8 } }, image,
    { by = 10 } },
  BlocksToArray = { lo.BlocksToArray{ "by bx ky kx -> y=512 x=512", block = { y = 16, x = 16 }, stride = { y = 8, x = 8 } },
    "by=63 bx=63 ky=16 kx=16" },
  Real = { lo.Real "y x", images },
  Imag = { lo.Imag "y x", images },
  Conj = { lo.Conj "y x", images },
  Cast = { lo.Cast{ "y x", to = "c128" }, images },
  FFT = { lo.FFT "y x -> ky kx", images, { b = 2 }, { b = 8 } },
  Interpolate = { lo.Interpolate{ points(200000), "y x -> s", extent = { y = n, x = n }, kernel = "linear", width = 2 }, image,
    { s = 50000 } },
  Gridding = { lo.Gridding{ points(200000), "s -> y x", extent = { y = n, x = n }, kernel = "linear", width = 2 }, "s=200000" },
  NUFFT = { lo.NUFFT{ points(200000), "y x -> s", extent = { y = n, x = n } }, images, { b = 2 }, { b = 8 } },
  Convolution = { lo.Convolution{ draw("y=5 x=5", 1), "y x" }, images, { b = 3 }, { b = 8 } },
  Wavelet = { lo.Wavelet{ "y x", family = "db4", levels = 3, extent = { y = n, x = n } }, images },
  FiniteDifference = { lo.FiniteDifference "x", images },
  Gradient = { lo.Gradient{ "y x" }, images },
  Laplacian = { lo.Laplacian "y x", images },
  Chain = { lo.FFT "y x -> ky kx" * lo.Dense{ draw("c=8 y=512 x=512", 1), "y x -> c y x" }, image, { c = 3 } },
  Add = { lo.FFT "y x -> ky kx" * lo.Diagonal{ draw(image, 1) } + lo.Rename "y x -> ky kx" * lo.Diagonal{ draw(image, 2) },
    images },
  Concat = { lo.Concat{ odim = "m", table.unpack(weights) }, "b=500 n=500", { m = 600 } },
  Stack = { lo.Stack{ odim = "k", table.unpack(weights) }, "b=500 n=500", { k = 1 } },
  Custom = { lo.Custom{ "...", check = false, apply = identity, adjoint = identity }, images },
  Trace = { lo.Trace{ "..." }, "y=8 x=8" },
  Breakpoint = { lo.Breakpoint{ "..." }, "y=8 x=8" },
  Sleep = { lo.Sleep{ "...", seconds = 0 }, images },
  ToDevice = { lo.ToDevice{ "cpu", "cpu:1" }, images },
  VStack = { lo.VStack{ dim = "m", table.unpack(weights) }, "b=500 n=500" },
  HStack = { lo.HStack{ dim = "n", table.unpack(weights) }, "b=500 n=2000" },
  BlockDiag = { lo.BlockDiag{ idim = "n", odim = "m", table.unpack(weights) }, "b=500 n=2000" },
  Hankel = { lo.Hankel{ "x=4000 -> row col", rows = 1000 }, "x=4000" },
  Casorati = { lo.Casorati{ "coil=4 ky=128 kx=128 -> window patch", window = { ky = 6, kx = 6 } }, "coil=4 ky=128 kx=128" },
  Subspace = { lo.Subspace{ draw("frame=40 coef=4", 1), "coef y x -> frame y x" }, "coef=4 y=256 x=256", { frame = 7 } },
  TimeSegmented = {
    (lo.TimeSegmented{
      lo.NUFFT{ points(50000), "y x -> s", extent = { y = 256, x = 256 } },
      lo.randn("y=256 x=256", { seed = 1, dtype = "f32" }), lo.rand("s=50000", { seed = 2, dtype = "f32" }), segments = 4,
    }), "y=256 x=256",
  },
}

-- Bytes that no plan knows: of tensors that functions make, and of the row table, which is no memory of the pool.
local unknown = { Custom = 8 * 8 * n * n, Sparse = 3.3e6 }

--- What a plan of `op` expects and what its first application takes agree on every device.
local function agrees(name, op, x)
  collectgarbage()
  collectgarbage()
  local P = lo.plan(op, { input = x })
  local y = P(x)
  for device, measured in pairs(P.measured.peak) do
    local estimated = P.estimate.peak[device] or 0
    -- Small problems: pages, and what kernels need while they are made.
    local allowed = math.max(0.1 * measured, 2 ^ 20) + (unknown[name] or 0)
    if math.abs(estimated - measured) > allowed then
      error(("%s on %s: %.0f bytes estimated, %.0f measured"):format(name, device, estimated, measured), 2)
    end
  end
  y:close()
end

check.it("row 32: every operator of the catalogue, whole", function()
  local wrong = {}
  for _, entry in ipairs(lo.operators()) do
    local name = type(entry) == "table" and entry.name or entry
    local case = catalogue[name]
    if case == nil then error("no data for " .. name) end
    local ok, e = pcall(agrees, name, case[1], draw(case[2], 1))
    if not ok then wrong[#wrong + 1] = tostring(e) end
  end
  check.equal(table.concat(wrong, "\n"), "")
end)

check.it("row 32: tiled, on the base and on devices", function()
  local wrong = {}
  for name, case in pairs(catalogue) do
    for _, devices in ipairs(case[3] and { {}, { "cpu:5" }, { "cpu:6", "cpu:7" } } or {}) do
      local options = { devices = #devices > 0 and devices or nil, extent = case[4] }
      local ok, e = pcall(agrees, name .. " in tiles on " .. #devices, lo.batch(case[1], case[3], options), draw(case[2], 1))
      if not ok then wrong[#wrong + 1] = tostring(e) end
    end
  end
  check.equal(table.concat(wrong, "\n"), "")
end)

check.done()
