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

check.it("threaded and num_workers may be read and written, and pass on", function()
  local S = lo.Stack{ A, A, odim = "t", threaded = false, num_workers = 2 }
  check.equal(S.threaded, false)
  check.equal(S.num_workers, 2)
  S.threaded = "auto"
  check.equal(S.threaded, "auto")
  S.threaded = true
  check.equal(S.H.threaded, true)
  check.equal(S.N.threaded, true)
  check.equal(lo.split(S, "n=2")[1].op.threaded, true)
  S.num_workers = 0
  check.equal(S.H.num_workers, 0)
  check.equal((A + A).threaded, "auto")
  check.equal(A.threaded, nil)
  check.raises("threaded: it is true, false or", function() S.threaded = 1 end)
  check.raises("is not from 0", function() S.num_workers = -1 end)
  check.raises("has no children that could run side by side", function() A.threaded = true end)
  check.raises("is read-only: cannot set 'kind'", function() S.kind = "x" end)
  check.raises("option 'threaded' is true, false or", function() lo.Add{ A, A, threaded = "yes" } end)
end)

check.it("results do not depend on them", function()
  local parts = {}
  for i = 1, 8 do parts[i] = lo.Dense{ lo.randn("m=40 n=300", { seed = i }) } end
  parts.odim = "m"
  local C = lo.Concat(parts)
  local x = lo.randn "n=300"
  local y, z = C(x), C.N(x)
  for _, threaded in ipairs{ true, false, "auto" } do
    for workers = 0, 3 do
      C.threaded, C.num_workers = threaded, workers
      check.equal((C(x) - y):norm(), 0.0)
      -- A sum: in which of two places its terms are rounded first depends on the settings.
      check.near((C.N(x) - z):norm() / z:norm(), 0, 1e-6)
    end
  end
end)

check.done()
