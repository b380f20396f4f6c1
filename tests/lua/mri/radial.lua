-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

check.it("the first uniform spoke lies along x, with k = 0 at index floor(S/2)", function()
  local k = lo.mri.radial{ spokes = 2, samples = 4, extent = 8 }:totable()
  for j = 1, 4 do
    check.near(k[1][j][1], 0, 1e-15)
    check.near(k[1][j][2], (j - 3) * 2, 1e-15)
    check.near(k[2][j][1], (j - 3) * 2, 1e-15) -- the second is turned by 90 degrees, along y
  end
end)

check.it("an extent per dim scales each component by its own", function()
  local k = lo.mri.radial{ spokes = 2, samples = 4, extent = { y = 12, x = 8 } }:totable()
  check.near(k[1][4][2], 2, 1e-15)
  check.near(k[2][4][1], 3, 1e-15)
end)

check.it("frames go on where the last one stopped", function()
  local all = lo.mri.radial{ spokes = 6, samples = 4, extent = 4, angles = "golden" }
  local framed = lo.mri.radial{ spokes = 3, frames = 2, samples = 4, extent = 4, angles = "golden" }
  check.equal(tostring(framed.shape), "frame=2 spoke=3 sample=4 d=2")
  check.near((framed{ frame = 2 } - all{ spoke = { 4, 6 } }):norm(), 0, 1e-13)
end)

check.it("bad options of radial are named", function()
  check.fails("argument", "radial: extent is missing; write extent = 256 or { y =, x = }",
    function() lo.mri.radial{ spokes = 2, samples = 4 } end)
  check.fails("argument", "radial: spokes must be a whole number of at least 1, got 2.5",
    function() lo.mri.radial{ spokes = 2.5, samples = 4, extent = 4 } end)
  check.fails("argument", "radial: angles 'gold' is not one of uniform, golden, tiny",
    function() lo.mri.radial{ spokes = 2, samples = 4, extent = 4, angles = "gold" } end)
  check.fails("argument", "radial: unknown option 'spoke' (did you mean 'spokes'?)",
    function() lo.mri.radial{ spoke = 2, samples = 4, extent = 4 } end)
end)

check.done()
