-- SPDX-License-Identifier: MIT
-- Operators that read and write by index, as Lua gives them: indices count from 1.
local lo = require "lunops"
local check = require "check"

local i32 = { dtype = "i32" }

check.it("Sampling takes indices from 1, lists of tensors, and masks", function()
  local idx = lo.tensor({ { 1, 2 }, { 3, 4 } }, "s d", i32)
  local S = lo.Sampling{ idx, "y=3 x=4 -> s" }
  local T = lo.Sampling{ { lo.tensor({ 1, 3 }, "s", i32), lo.tensor({ 2, 4 }, "s", i32) }, "y=3 x=4 -> s" }
  local x = lo.arange "y=3 x=4"
  check.equal(S(x):sum().re, 12.0)
  check.equal(lo.allclose(S(x), T(x)), true)
  local M = lo.Sampling{ lo.gt(lo.arange("x=4", { dtype = "f32" }), 1), "x -> s" }
  check.equal(M.extent.s, 2)
end)

check.it("Kronecker refuses a third operand", function()
  check.raises("Kronecker: takes 2 operands, got 3", function()
    lo.Kronecker{ lo.Identity "a", lo.Identity "b", lo.Identity "c" }
  end)
end)

check.it("Sampling names the index that lies outside as it was written", function()
  local idx = lo.tensor({ { 1 }, { 5 } }, "s d", i32)
  check.raises("index 5 of 'x' at {s=2} is outside 1…4", function()
    lo.Sampling{ idx, "x=4 -> s" }
  end)
  check.raises("indices are i32 or i64", function()
    lo.Sampling{ lo.ones("s=1 d=1", { dtype = "f32" }), "x=4 -> s" }
  end)
  check.raises("operand 1 must be a tensor or a list of tensors, got", function()
    lo.Sampling{ 3, "x=4 -> s" }
  end)
end)

check.it("Sparse takes its entries by name", function()
  local entries = {
    row = lo.tensor({ 2, 1, 1 }, "k", i32),
    col = lo.tensor({ 3, 1, 2 }, "k", i32),
    value = lo.tensor({ 1, 2, 3 }, "k", { dtype = "c64" }),
  }
  local A = lo.Sparse{ entries, "x -> r", extent = { x = 3, r = 2 } }
  check.equal(A(lo.ones "x=3"):sum().re, 6.0)
  check.raises("unknown entry 'vlaue' (did you mean 'value'?)", function()
    lo.Sparse{ { row = entries.row, col = entries.col, vlaue = entries.value }, "x=3 -> r=2" }
  end)
  check.raises("'value' must be a tensor, got nothing", function()
    lo.Sparse{ { row = entries.row, col = entries.col }, "x=3 -> r=2" }
  end)
end)

check.it("blocks count themselves", function()
  local B = lo.ArrayToBlocks{ "x=6 -> b k", block = { x = 3 }, stride = { x = 1 } }
  local counts = B:multiplicity()
  check.equal(tostring(counts.shape), "x=6")
  check.equal(counts:sum(), 12.0)
  check.raises("tail is 'padd'", function()
    lo.ArrayToBlocks{ "x=6 -> b k", block = { x = 3 }, stride = { x = 1 }, tail = "padd" }
  end)
end)

check.it("Hankel: the example of the catalogue, and what does not fit", function()
  local H = lo.Hankel{ "x -> row col", rows = 2, extent = { x = 4 } }
  local y = H(lo.tensor({ 1, 2, 3, 4 }, "x", { dtype = "f32" })):totable()
  check.equal(table.concat(y[1], " "), "1.0 2.0 3.0")
  check.equal(table.concat(y[2], " "), "2.0 3.0 4.0")
  local x = lo.tensor({ 1, 2, 3, 4 }, "x", { dtype = "f32" })
  check.equal(table.concat(H.N(x):totable(), " "), "1.0 4.0 6.0 4.0")
  check.equal(H.N.kind, "Diagonal")
  check.fails("shape", "Hankel: extent of 'x' is unknown; give extent = {x = …}", function()
    lo.Hankel{ "x -> row col", rows = 2 }
  end)
  check.fails("argument", "Hankel: rows is 5; it is an integer from 1 to the extent of 'x', 4", function()
    lo.Hankel{ "x=4 -> row col", rows = 5 }
  end)
  check.fails("shape", 'Hankel: "y x=4 -> row col" has 2 input dims; a line has one', function()
    lo.Hankel{ "y x=4 -> row col", rows = 2 }
  end)
end)

check.it("Casorati: columns are the blocks of all coils, positions run row by row", function()
  local C = lo.Casorati{ "coil=2 ky=4 kx=5 -> window patch", window = { ky = 3, kx = 2 } }
  local x = lo.arange("coil=2 ky=4 kx=5", { dtype = "f32" })
  local y = C(x)
  check.equal(tostring(y.shape), "window=8 patch=12")
  check.equal(table.concat(y:totable()[2], " "), "1.0 2.0 6.0 7.0 11.0 12.0 21.0 22.0 26.0 27.0 31.0 32.0")
  check.near((C.N(x) - C.H(y)):norm(), 0, 1e-3)
  local plan = tostring(lo.explain(C.N))
  check.equal(plan:find("R13 ArrayToBlocks normal -> Diagonal", 1, true) ~= nil, true)
  check.fails("shape", "Casorati: window: no dim 'kz' on the input of \"coil ky kx -> window patch\"", function()
    lo.Casorati{ "coil ky kx -> window patch", window = { kz = 2 } }
  end)
  check.fails("argument", "Casorati: give window, the extents of a block by dim", function()
    lo.Casorati{ "coil ky kx -> window patch" }
  end)
end)

check.done()
