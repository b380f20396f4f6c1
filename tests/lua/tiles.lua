-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

local A = lo.Dense{ lo.randn "b=2 m=3 n=7", "b m n, b n -> b m" }

check.it("split gives tiles with their places in the grid", function()
  local tiles = lo.split(A, "n=3 m=2")
  check.equal(table.concat(tiles.dims, " "), "n m")
  check.equal(table.concat(tiles.grid, " "), "3 2")
  check.equal(#tiles, 6)
  local tile = tiles:at(1, 1)
  check.equal(table.concat(tile.input.n, "-"), "1-3")
  check.equal(table.concat(tile.output.m, "-"), "1-2")
  check.equal(next(tile.input, next(tile.input)), nil)
  check.equal(table.concat(tiles:at(3, 2).request.n, "-"), "7-7")
  check.equal(table.concat(tiles[5].index, " "), "3 1")
  check.equal(tiles:at(3, 2).op.extent.n, 1)
end)

check.it("a table of sizes follows the dims of the operator", function()
  check.equal(table.concat(lo.split(A, { n = 3, m = { 1, 2 } }).dims, " "), "n m")
  check.equal(table.concat(lo.split(A.N, { m = 2, ["n'"] = 3 }).dims, " "), "n' m")
end)

check.it("a batch dim is cut where its extent is given", function()
  local F = lo.FFT "y x"
  check.equal(#lo.split(F, { coil = 3 }, { extent = { coil = 8 } }), 3)
  check.raises("give extent = {coil = …}", function() return lo.split(F, { coil = 3 }) end)
end)

check.it("batch is the operator, tile by tile", function()
  local W = lo.Dense{ lo.randn("m=5 n=7", { dtype = "c128" }) }
  local B = lo.batch(W, { m = 2, n = 3 })
  local x = lo.randn("n=7", { dtype = "c128" })
  check.equal(#B.children, 9)
  check.equal((B(x) - W(x)):norm() < 1e-13 * W(x):norm(), true)
  check.equal((B.N(x) - W.N(x)):norm() < 1e-13 * W.N(x):norm(), true)
  check.raises("batch: size of 'm' is 0", function() return lo.batch(W, { m = 0 }) end)
end)

check.it("what shifts a dim is cut where only its neighbours know the extent", function()
  local x = lo.randn("x=6", { dtype = "c128", seed = 1 })
  local D = lo.Diagonal{ lo.randn("x=6", { dtype = "c128", seed = 2 }), "x" }
  local F, R = lo.Flip{ "x", dims = "x" }, lo.Rename "x' -> x"
  for _, B in ipairs{ F * D, D * F, D * F * D, F * F * D, F * R * F * D, F * D + D } do
    for _, name in ipairs{ "x", "x'" } do
      local T = lo.batch(B, { [name] = 4 })
      assert(lo.allclose(T(x), B(x)) and lo.allclose(T.H(x), B.H(x)), tostring(B))
    end
  end
  -- The other dims may be open.
  local two = lo.Flip{ "y x", dims = "x" } * lo.Diagonal{ lo.randn("x=6", { seed = 3 }), "y x" }
  local z = lo.randn("y=5 x=6", { seed = 4 })
  assert(lo.allclose(lo.batch(two, { x = 4 })(z), two(z)))
  check.raises("extent of 'x' is unknown", lo.split, F, { x = 4 })
  check.raises("Flip cannot be cut along 'x'; the extent of 'x' is unknown", lo.batch, F, { x = 4 },
    { extent = { x = 6 } })
end)

check.it("a dim of an operator that is renamed to one of the other side stays mixed", function()
  local W = lo.Dense{ lo.randn("m=6 n=6", { dtype = "c128", seed = 1 }) }:rename{ m = "n" }
  local x = lo.randn("n=6", { dtype = "c128", seed = 2 })
  check.equal(tostring(W.signature), "n=6 -> n'=6")
  assert(lo.allclose(lo.batch(W, { n = 4 })(x), W(x)))
  assert(lo.allclose(W.N(x), W.H(W(x))))
end)

check.it("bad sizes and places say what would be right", function()
  check.raises("size of 'n' is 0", function() return lo.split(A, { n = 0 }) end)
  check.raises("add up to 3", function() return lo.split(A, { b = { 1, 2 } }) end)
  check.raises("a whole number or a list", function() return lo.split(A, { b = "x" }) end)
  check.raises("must be a table by dim", function() return lo.split(A, 3) end)
  check.raises("did you mean 'm'", function() return lo.split(A, { ["m'"] = 3 }) end)
  local tiles = lo.split(A, "n=3 m=2")
  check.raises("not within 1 to 3", function() return tiles:at(4, 1) end)
  check.raises("2 axes but 1", function() return tiles:at(4) end)
end)

check.done()
