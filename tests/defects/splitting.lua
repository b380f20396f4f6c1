-- SPDX-License-Identifier: MIT
-- Defects of torchlinops that must not happen here (operators.md, section 13): tiles and containers.
local check = require "check"
local lo = require "lunops"
local model = require "model"

-- Σ embed(op(x restricted to the tile's input)) over all tiles.
local function reassembled(A, sizes, x)
  local y = A(x) * 0
  for _, tile in ipairs(lo.split(A, sizes)) do
    local part = next(tile.input) and x(tile.input) or x
    local made = tile.op(part)
    if next(tile.output) then
      local there = y(tile.output)
      y:set(tile.output, there + made)
    else
      y = y + made
    end
  end
  return y
end

local S = lo.Dense{ lo.randn("coil=3 y=4 x=5", { seed = 1 }), "y x -> coil y x" }
local A = lo.FFT "y x -> ky kx" * S

check.it("D4: tiles of adjoints, normals and Toeplitz normals add up to the whole", function()
  local x, y = lo.randn("y=4 x=5", { seed = 2 }), lo.randn("coil=3 ky=4 kx=5", { seed = 3 })
  check.near(model.distance(reassembled(A, "coil=2", x), A(x)), 0, 1e-6)
  check.near(model.distance(reassembled(A.H, "coil=2", y), A.H(y)), 0, 1e-6)
  check.near(model.distance(reassembled(A.N, "coil=2", x), A.N(x)), 0, 1e-6)
  local F = lo.NUFFT{ model.points(40, 20, 1), "x -> s", extent = { x = 20 }, toeplitz = true }
  local T = (F * lo.Dense{ lo.randn("coil=3 x=20", { seed = 4 }), "x -> coil x" }).N
  local v = lo.randn("x=20", { seed = 5 })
  check.near(model.distance(reassembled(T, "coil=2", v), T(v)), 0, 1e-3)
  -- A piece of the adjoint is the adjoint of the piece.
  local piece, other = lo.split(A.H, "coil=2")[2].op, lo.split(A, "coil=2")[2].op.H
  check.equal(piece == other, true)
end)

check.it("D5: a Stack cut along its dim keeps the dim", function()
  local parts = {}
  for i = 1, 3 do parts[i] = lo.Diagonal{ lo.randn("x=4", { seed = i }) } end
  parts.odim = "frame"
  local T = lo.Stack(parts)
  local x = lo.randn("x=4", { seed = 9 })
  for i, tile in ipairs(lo.split(T, "frame=1")) do
    check.equal(tostring(tile.op(x).shape), "frame=1 x=4")
    check.equal(model.distance(tile.op(x), T(x){ frame = { i, i } }), 0)
  end
end)

check.it("D5: a transformed dim of an FFT cannot be cut", function()
  local e = check.raises("cannot be cut along", lo.split, lo.FFT{ "y x -> ky kx", extent = { y = 4, x = 4 } }, "y=2")
  check.raises("FFT", error, e)
end)

check.it("D8: the normal of a diagonal Stack has the shape of its input", function()
  local parts = {}
  for i = 1, 3 do parts[i] = lo.Dense{ lo.randn("m=2 n=4", { seed = i }), "n -> m" } end
  parts.idim, parts.odim, parts.idim_at, parts.odim_at = "frame", "frame", 1, 2
  local T = lo.Stack(parts)
  local x = lo.randn("frame=3 n=4", { seed = 9 })
  check.equal(T(x).names, "m frame")
  check.equal(tostring(T.N(x).shape), "frame=3 n=4")
  check.near(model.distance(T.N(x), T.H(T(x))), 0, 1e-6)
end)

check.it("D17: the normal of operators side by side is linear in their number", function()
  local steps = {}
  for _, count in ipairs{ 2, 4, 8 } do
    local parts = { idim = "n" }
    for i = 1, count do parts[i] = lo.Dense{ lo.randn("m=3 n=4", { seed = i }), "n -> m" } end
    steps[count] = model.steps(lo.Concat(parts).N, ("n=%d"):format(4 * count))
  end
  check.equal(steps[8] - steps[4], 2 * (steps[4] - steps[2]))
end)

check.it("D6: the normal of a tiling over two dims is the normal", function()
  local D = lo.Dense{ lo.randn("m=5 n=7", { seed = 1 }), "n -> m" }
  local B = lo.batch(D, { m = 2, n = 3 })
  local x = lo.randn("n=7", { seed = 2 })
  check.near(model.distance(B(x), D(x)), 0, 1e-6)
  check.near(model.distance(B.N(x), D.N(x)), 0, 1e-6)
  check.near(model.distance(lo.batch(D.N, { n = 3, ["n'"] = 2 })(x), D.N(x)), 0, 1e-6)
end)

check.it("D23: unknown dims of a split are errors that name what there is", function()
  check.raises("no dim 'coils'", lo.split, A, "coils=2")
  check.raises("did you mean 'coil'?", lo.split, A, "coils=2")
  check.raises("extent of 'frame' is unknown; give extent = {frame = …}", lo.batch, lo.FFT{ "frame x -> frame k" }, { frame = 2 })
end)

check.it("D5: tiles of ArrayToBlocks read only what they need", function()
  local B = lo.ArrayToBlocks{ "x -> b k", block = { x = 3 }, stride = { x = 2 }, extent = { x = 12 } }
  local x = lo.randn("x=12", { seed = 1 })
  local tiles = lo.split(B, "b=2")
  check.equal(tiles[1].input.x[1], 1)
  check.equal(tiles[1].input.x[2], 5)
  check.equal(tiles[1].op.extent.x, 5)
  check.near(model.distance(reassembled(B, "b=2", x), B(x)), 0, 0)
end)

check.it("D9: SumReduce and Repeat keep full extents and are each other's adjoint", function()
  local R = lo.SumReduce{ "a b -> a", extent = { b = 3 } }
  local x = lo.tensor({ { 0, 1, 2 }, { 3, 4, 5 } }, "a b")
  check.equal(tostring(R.N(x).shape), "a=2 b=3")
  check.equal(R.N(x){ a = 2, b = 1 }:item().re, 12.0)
  local P = lo.Repeat{ "a -> a b", extent = { b = 3 } }
  check.equal(P.H.H == P, true)
  check.equal(R.H.H == R, true)
  check.equal(tostring(P(lo.ones "a=2").shape), "a=2 b=3")
  check.equal(P.H(P(lo.ones "a=2")):totable()[1].re, 3.0)
end)

check.done()
