-- SPDX-License-Identifier: MIT
-- Rows 12 and 35 of splitting.md, section 13: what cannot be cut, and data at the edge of what is allowed.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local function draw(shape, seed) return lo.randn(shape, { dtype = "c128", seed = seed }) end

check.it("row 12: one error each, at the call, that says what could be cut", function()
  local A = m.sense()
  check.raises("batch: NUFFT {y=32, x=32 -> spoke=20, sample=64} cannot be cut along its image dim 'y'; "
    .. "it can be cut along spoke, sample, and along batch dims", lo.batch, A, { y = 16 })
  local F = lo.FFT{ "y x -> ky kx", extent = { y = 8, x = 8 } }
  check.raises("batch: FFT {y=8, x=8 -> ky=8, kx=8} cannot be cut along its input dim 'y'; it can be cut along batch dims",
    lo.batch, F, { y = 4 })
  check.raises("(y x -> coil spoke sample); did you mean 'coil'?", lo.batch, A, { coils = 2 })
  check.raises("batch: no dim 'coils' in ", lo.batch, A, { coils = 2 })
  check.raises("batch: extent of 'frame' is unknown; give extent = {frame = …}", lo.batch, A, { frame = 2 })
  local C = lo.Custom{ "n=4 -> m=4", name = "mine", apply = function(x) return x:rename{ n = "m" } end }
  check.raises("batch: Custom 'mine' ", lo.batch, C, { n = 2 })
  check.raises("batch: sizes of 'coil' add up to 7 but its extent is 8", lo.batch, A, { coil = { 5, 2 } })
  check.raises("batch: size of 'coil' is 0; a size is at least 1", lo.batch, A, { coil = 0 })
  m.same(lo.batch(A, { coil = 3 })(m.x), A(m.x))
end)

check.it("row 12: options that are wrong are named", function()
  local A = lo.Dense{ draw("m=4 n=6", 1) }
  local function fails(text, options) check.raises(text, lo.batch, A, { m = 2 }, options) end
  fails("batch: option 'devices' is an empty list; name at least one device", { devices = {} })
  fails("'gpu' is not a device; write \"cpu\", \"cuda:0\", or \"cpu:0\" for a virtual device", { devices = { "gpu" } })
  fails("batch: option 'devices' holds names of devices, got a number", { devices = { 1 } })
  fails("batch: prefetch is -1; give from 0 to 64 tiles", { prefetch = -1 })
  fails("option 'resident'", { resident = "no" })
  fails("unknown option 'device'", { device = "cpu:1" })
  fails("batch: device_matrix has an empty list", { device_matrix = {} })
  check.raises("batch: option 'devices' is a list of devices or a table from device to list, not both", lo.batch, A,
    { m = 2 }, { devices = { "cpu:1", ["cpu:2"] = "cpu:1" } })
  m.same(lo.batch(A, { m = 2 })(draw("n=6", 2)), A(draw("n=6", 2)), 1e-13)
end)

check.it("row 35: NaN goes where it goes in the whole", function()
  local A, x = lo.Dense{ draw("m=4 n=6", 1) }, draw("n=6", 2)
  x:set({ n = 5 }, 0 / 0)
  m.everywhere(function(options)
    for _, sizes in ipairs{ "m=2", "n=2", "m=3 n=4" } do
      local y = lo.batch(A, sizes, options)(x)
      for i = 1, 4 do
        local v = y{ m = i }:item().re
        check.equal(v ~= v, true)
      end
    end
    local D = lo.Diagonal{ draw("n=6", 3) }
    local y = lo.batch(D, "n=2", options)(x)
    for i = 1, 6 do
      local v = y{ n = i }:item().re
      check.equal(v ~= v, i == 5)
    end
  end)
end)

check.it("row 35: extents of 0 and 1, cut and not", function()
  m.everywhere(function(options)
    for _, shape in ipairs{ { 1, 6 }, { 4, 1 }, { 1, 1 }, { 0, 6 }, { 4, 0 } } do
      local A = lo.Dense{ draw(("b=2 m=%d n=%d"):format(shape[1], shape[2]), 1), "b m n, b n -> b m" }
      local x = draw(("b=2 n=%d"):format(shape[2]), 2)
      for _, sizes in ipairs{ "m=2", "n=2", "b=1", "m=1 n=1" } do
        m.agrees(lo.batch(A, sizes, options), A, x, 1e-13)
      end
    end
  end)
end)

check.it("row 35: permuted and strided views", function()
  local A = lo.Dense{ draw("b=3 m=4 n=6", 1), "b m n, b n -> b m" }
  local x = draw("n=6 b=3", 2):permute "b n"
  local wide = draw("b=3 n=12", 3){ n = { 2, 12, 2 } }
  m.everywhere(function(options)
    for _, sizes in ipairs{ "b=2", "m=3", "n=4", "b=2 m=2 n=2" } do
      local B = lo.batch(A, sizes, options)
      m.same(B(x), A(x), 1e-13)
      m.same(B(wide), A(wide), 1e-13)
      local out = draw("m=4 b=3", 4):permute "b m"
      B:apply(x, { out = out })
      m.same(out, A(x), 1e-13)
    end
  end)
end)

check.done()
