-- SPDX-License-Identifier: MIT
-- Rows 1 to 11 of splitting.md, section 13: what is cut and put together again is the whole.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local function range(r) return ("%d-%d"):format(r[1], r[2]) end

local function dense(shape, seed, text)
  return lo.Dense{ lo.randn(shape, { dtype = "c128", seed = seed }), text }
end
local function draw(shape, seed) return lo.randn(shape, { dtype = "c128", seed = seed }) end

check.it("row 1: tiles of the Dense of section 2, and tile (1,2) is the sub-matrix", function()
  local W = lo.randn("b=2 m=3 n=7", { seed = 1 })
  local A = lo.Dense{ W, "b m n, b n -> b m" }
  local tiles = lo.split(A, "n=3 m=2")
  local found = {}
  for i, tile in ipairs(tiles) do
    local e = tile.op.extent
    found[i] = ("%d %d %d at n %s m %s"):format(e.b, e.m, e.n, range(tile.input.n), range(tile.output.m))
  end
  check.equal(table.concat(found, "; "), "2 2 3 at n 1-3 m 1-2; 2 1 3 at n 1-3 m 3-3; "
    .. "2 2 3 at n 4-6 m 1-2; 2 1 3 at n 4-6 m 3-3; 2 2 1 at n 7-7 m 1-2; 2 1 1 at n 7-7 m 3-3")

  local small = lo.split(A, "n=2 m=1")
  check.equal(table.concat(small.grid, " "), "4 3")
  local x = lo.randn("b=2 n=2", { seed = 2 })
  local part = lo.Dense{ W{ n = { 1, 2 }, m = { 2, 2 } }, "b m n, b n -> b m" }
  m.same(small:at(1, 2).op(x), part(x), 1e-6)
end)

check.it("row 2: A by coil, by ragged spokes, by both, by a list, and whole", function()
  local A = m.sense()
  m.everywhere(function(options)
    for _, sizes in ipairs{ { coil = 2 }, { spoke = 6 }, { coil = 2, spoke = 6 }, { coil = { 5, 3 } }, { coil = 100 } } do
      local B = lo.batch(A, sizes, options)
      m.same(B(m.x), A(m.x))
      m.same(B.H(m.y), A.H(m.y))
    end
  end)
  check.equal(#lo.batch(A, { spoke = 6 }).children, 4)
  check.equal(#lo.batch(A, { coil = 100 }).children, 1)
end)

check.it("row 3: adjoints and normals, Toeplitz and not, before and after they are cut", function()
  for _, toeplitz in ipairs{ true, false } do
    local A = m.sense(toeplitz)
    local y, z = A.H(m.y), A.N(m.x)
    m.everywhere(function(options)
      for _, sizes in ipairs{ { coil = 3 }, { spoke = 7 }, { coil = 4, spoke = 10 } } do
        m.same(lo.batch(A.H, sizes, options)(m.y), y)
        m.same(lo.batch(A.N, sizes, options)(m.x), z, m.tolerance + m.approximate)
        local B = lo.batch(A, sizes, options)
        m.same(B.H(m.y), y)
        m.same(B.N(m.x), z, m.tolerance + m.approximate)
        m.same(B.N.H(m.x), z, m.tolerance + m.approximate)
      end
    end)
  end
end)

check.it("row 4: a matrix by both sides, with normals of normals, at no more than twice its tiles", function()
  local A, x = dense("m=4 n=6", 1, "n -> m"), draw("n=6", 2)
  m.everywhere(function(options)
    local B = lo.batch(A, { m = 2, n = 3 }, options)
    m.agrees(B, A, x, 1e-13)
    m.same(B.N.N(x), A.N.N(x), 1e-13)
  end)
  local calls = 0
  local C = lo.Custom{
    "n=6 -> m=4", name = "counted", cuts = "n m", check = false,
    apply = function(v) calls = calls + 1; return A(v) end,
    adjoint = function(v) calls = calls + 1; return A.H(v) end,
    split = function(cut)
      local part = A
      local sizes = {}
      for _, tile in ipairs(lo.split(A, { n = 3, m = 2 })) do
        if tile.request.n[1] == cut.n[1] and tile.request.m[1] == cut.m[1] then part = tile.op end
      end
      return {
        apply = function(v) calls = calls + 1; return part(v) end,
        adjoint = function(v) calls = calls + 1; return part.H(v) end,
      }, sizes
    end,
  }
  local B = lo.batch(C, { m = 2, n = 3 })
  local z = B.N(x)
  m.same(z, A.N(x), 1e-13)
  check.equal(#B.children, 4)
  assert(calls <= 2 * 4, ("%d calls for 4 tiles"):format(calls))
end)

check.it("row 5: the normal of a matrix by n, by n', by both, by m", function()
  local A, x = dense("m=6 n=4", 1, "n -> m"), draw("n=4", 2)
  local N = A.N
  m.everywhere(function(options)
    for _, sizes in ipairs{ { n = 2 }, { ["n'"] = 3 }, { n = 2, ["n'"] = 3 }, { m = 4 } } do
      local B = lo.batch(N, sizes, options)
      m.same(B(x), N(x), 1e-13)
      m.same(B.H(x), N(x), 1e-13)
      m.same(B.N(x), N(N(x)), 1e-13)
    end
  end)
  local columns, rows = lo.split(N, { n = 2 }), lo.split(N, { ["n'"] = 3 })
  check.equal(range(columns[2].input.n), "3-4")
  check.equal(next(columns[2].output), nil)
  check.equal(range(rows[2].output["n'"]), "4-4")
  check.equal(next(rows[2].input), nil)
  local sums = lo.split(N, { m = 4 })
  check.equal(next(sums[1].input), nil)
  check.equal(next(sums[1].output), nil)
end)

check.it("row 6: a Stack by its dim and by another, with its dim in different places", function()
  local parts = { idim = "t", odim = "t", idim_at = 1, odim_at = 2 }
  for i = 1, 4 do parts[i] = dense("m=3 n=5", i, "n -> m") end
  local S, x = lo.Stack(parts), draw("t=4 n=5", 9)
  check.equal(tostring(S(x).shape), "m=3 t=4")
  m.everywhere(function(options)
    for _, sizes in ipairs{ { t = 1 }, { t = 2 }, { t = 3 }, { m = 2 }, { n = 2, t = 3 } } do
      m.agrees(lo.batch(S, sizes, options), S, x, 1e-13)
    end
  end)
end)

check.it("row 7: Concats over their parts, whole ones as they are, empty ones dropped", function()
  local P, Q = dense("m=3 n=4", 1, "n -> m"), dense("m=3 n=4", 2, "n -> m")
  local x = draw("n=4", 3)
  local V = lo.Concat{ P, Q, odim = "m" }
  check.equal(lo.split(V, { m = { 3, 3 } })[1].op == P, true)
  local H, wide = lo.Concat{ P, Q, idim = "n" }, draw("n=8", 4)
  local D = lo.Concat{ P, Q, idim = "n", odim = "m" }
  m.everywhere(function(options)
    for _, sizes in ipairs{ { m = { 3, 3 } }, { m = { 2, 4 } }, { m = 2 } } do
      m.agrees(lo.batch(V, sizes, options), V, x, 1e-13)
      m.agrees(lo.batch(D, sizes, options), D, wide, 1e-13)
    end
    for _, sizes in ipairs{ { n = { 4, 4 } }, { n = 3 }, { n = 3, m = 2 } } do
      m.agrees(lo.batch(H, sizes, options), H, wide, 1e-13)
    end
  end)
  local tiles = lo.split(D, "n=4 m=3")
  check.equal(#tiles, 2)
  check.equal(tiles:at(1, 2), nil)
end)

check.it("row 8: blocks read the range that they need, and overlaps are added", function()
  local B = lo.ArrayToBlocks{ "x=32 -> count k", block = { x = 8 }, stride = { x = 4 } }
  local found = {}
  for i, tile in ipairs(lo.split(B, { count = 1 })) do found[i] = range(tile.input.x) end
  check.equal(table.concat(found, " "), "1-8 5-12 9-16 13-20 17-24 21-28 25-32")
  local x = draw("x=32", 1)
  m.everywhere(function(options)
    for _, size in ipairs{ 1, 2, 3 } do
      m.agrees(lo.batch(B, { count = size }, options), B, x, 1e-13)
      m.agrees(lo.batch(B.H, { count = size }, options), B.H, B(x), 1e-13)
      local out = draw("x=32", 2)
      local expected = B.H(B(x)) * 2 + out * 3
      lo.batch(B.H, { count = size }, options):apply(B(x), { out = out, alpha = 2, beta = 3 })
      m.same(out, expected, 1e-13)
    end
  end)
end)

check.it("row 9: what moves elements narrows the other side", function()
  local x = draw("y=6 x=8", 1)
  local known = { y = 6, x = 8 }
  local cases = {
    { lo.Pad{ "y x", to = { x = 12 }, extent = known }, { "x", "x'" } },
    { lo.Crop{ "y x", to = { x = 4 }, extent = known }, { "x", "x'" } },
    { lo.Rename "y x=8 -> y z", { "x", "z" } },
    { lo.Flip{ "y x", dims = "x", extent = known }, { "x", "x'" } },
    { lo.Slice{ "y x", range = { x = { 3, 6 } }, extent = known }, { "x", "x'" } },
    { lo.Rearrange{ "y (a b) -> a b y", extent = { y = 6, a = 4, b = 2 } }, { "a" }, "y=6 a_b=8" },
    { lo.FiniteDifference{ "y x", dim = "x", extent = known }, { "x'" } },
  }
  for _, case in ipairs(cases) do
    local A = case[1]
    local v = case[3] and draw(case[3], 1) or x
    m.everywhere(function(options)
      for _, name in ipairs(case[2]) do
        m.agrees(lo.batch(A, { [name] = 2 }, options), A, v, 1e-13)
      end
    end)
  end
end)

check.it("row 10: what a normal is regularised with is counted once", function()
  local A = m.sense(false)
  local R = A.N + 0.1 * lo.Identity{}
  local z = R(m.x)
  local S = dense("coil=3 y=4 x=5", 1, "y x -> coil y x")
  local D = dense("k=6 y=4 x=5", 2, "y x -> k")
  local L = D.N + 2 * lo.Identity{}
  local v = draw("y=4 x=5", 3)
  m.everywhere(function(options)
    local B = lo.batch(R, { coil = 3 }, options)
    m.same(B(m.x), z)
    m.same(B.H(m.x), z)
    for _, sizes in ipairs{ { y = 2 }, { ["y'"] = 3 }, { y = 2, ["y'"] = 3 }, { k = 4 } } do
      m.agrees(lo.batch(L, sizes, options), L, v, 1e-13)
    end
    m.agrees(lo.batch(S.N + lo.Identity{}, { coil = 1 }, options), S.N + lo.Identity{}, v, 1e-13)
  end)
end)

check.it("row 11: only the Diagonal on the side that is cut is cut", function()
  local D = lo.Diagonal{ draw("k=6", 1), "k" }
  local G = dense("k'=6 k=6", 2, "k -> k'")
  local A, x = D * G * D, draw("k=6", 3)
  m.everywhere(function(options)
    for _, sizes in ipairs{ { k = 4 }, { ["k'"] = 4 }, { k = 4, ["k'"] = 2 } } do
      m.agrees(lo.batch(A, sizes, options), A, x, 1e-13)
    end
  end)
  local tile = lo.split(A, { k = 4 })[2].op
  check.equal(tile.children[1].extent.k, 6)
  check.equal(tile.children[3].extent.k, 2)
end)

check.done()
