-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

local function ones(shape) return lo.ones(shape, { dtype = "f64" }) end
local A, B = lo.Dense{ ones "m=2 n=3" }, lo.Dense{ ones "m=4 n=3" }

check.it("VStack, HStack and BlockDiag are Concats", function()
  check.equal(lo.VStack{ A, B, dim = "m" } == lo.Concat{ A, B, odim = "m" }, true)
  check.equal(lo.HStack{ A, A, dim = "n" } == lo.Concat{ A, A, idim = "n" }, true)
  check.equal(lo.BlockDiag{ A, B, idim = "n", odim = "m" } == lo.Concat{ A, B, idim = "n", odim = "m" }, true)
  local D = lo.Diagonal{ ones "coil=2" }
  check.equal(tostring(lo.BlockDiag{ D, D, dim = "coil" }.signature), "coil=4 -> coil=4")
end)

check.it("they say which dim is missing", function()
  check.raises("VStack: no dim to join along; give dim", function() lo.VStack{ A, B } end)
  check.raises("BlockDiag: no dims to join along", function() lo.BlockDiag{ A, B, idim = "n" } end)
  check.raises("HStack: has one dim; give it as dim", function() lo.HStack{ A, A, idim = "n" } end)
  check.raises("unknown option 'dims'", function() lo.VStack{ A, B, dims = "m" } end)
  check.raises("takes a table", function() lo.VStack(A) end)
  check.raises("Concat: operand 2 must be an operator, got tensor", function() lo.Concat{ A, ones "n=2", odim = "m" } end)
end)

check.it("a Stack has its dim where it is told", function()
  local I = lo.Identity{ "y x", extent = { y = 2, x = 3 } }
  check.equal(tostring(lo.Stack{ I, I, odim = "t" }.oshape), "t=2 y=2 x=3")
  check.equal(tostring(lo.Stack{ I, I, odim = "t", at = 3 }.oshape), "y=2 x=3 t=2")
  local S = lo.Stack{ I, I, idim = "t", odim = "t", at = 2, odim_at = 1 }
  check.equal(tostring(S.signature), "y=2 t=2 x=3 -> t=2 y=2 x=3")
end)

check.done()
