-- SPDX-License-Identifier: MIT
-- Tiles that are cut again (splitting.md, sections 1 and 3): along inner dims that some of them lack, and along dims
-- of unknown extent.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local function draw(shape, seed) return lo.randn(shape, { dtype = "c128", seed = seed }) end
local function dense(shape, seed, form) return lo.Dense{ draw(shape, seed), form } end

-- Sums whose terms are cut along an inner dim of their own each, p or q, and products of them.
local P, Q = dense("p=4 n=5", 1, "n -> p"), dense("q=4 n=5", 2, "n -> q")
local sum = dense("p=4 n=5", 3, "p -> n") * P + dense("q=4 n=5", 4, "q -> n") * Q
local D = lo.Diagonal{ draw("n=5", 5) }
local sums = {
  sum = sum, normals = P.N + Q.N, product = sum * D, adjoint = (D * sum).H, normal = (sum * D).N,
  regularised = P.N + Q.N + 2 * lo.Identity{}, two = (P.N + lo.Identity{}) * (Q.N + lo.Identity{}),
}
local x = draw("n=5", 6)

-- 10^-12: sums of at most 100 products in double precision.
local function agree(A, B, v)
  m.same(B(v), A(v), 1e-12)
  m.same(B.H(A(v)), A.H(A(v)), 1e-12)
  m.same(B.N(v), A.N(v), 1e-12)
end

check.it("what lacks an inner dim is in the first tile alone", function()
  -- By hand: (1 + 2 + 3 + 4) n from p, (5 + 6) n from q.
  local a = lo.Dense{ lo.tensor({ 1, 2, 3, 4 }, "p", { dtype = "f64" }), "p, n -> p n" }
  local b = lo.Dense{ lo.tensor({ 5, 6 }, "q", { dtype = "f64" }), "q, n -> q n" }
  local A = (lo.SumReduce{ "p n -> n", extent = { p = 4 } } * a
    + lo.SumReduce{ "q n -> n", extent = { q = 2 } } * b) * lo.Identity{ "n=1" }
  local one = lo.ones("n=1", { dtype = "f64" })
  for _, B in ipairs{ lo.batch(A, { { p = 2 }, { q = 1 } }), lo.batch(lo.batch(A, { p = 2 }), { q = 1 }) } do
    check.equal(B(one):item(), 21)
  end
end)

check.it("tiles list the inner dims that they have", function()
  local tiles = lo.split(sums.product, { p = 2 })
  local function names(op)
    local list = {}
    for i, d in ipairs(op.inner) do list[i] = tostring(d) end
    return table.concat(list, " ")
  end
  check.equal(names(tiles[1].op):find("q", 1, true) ~= nil, true)
  check.equal(names(tiles[2].op):find("q", 1, true), nil)
  check.raises("extent of 'q' is unknown", lo.split, tiles[2].op, { q = 2 })
end)

check.it("sums are cut along the inner dim of one term, then of the other", function()
  for _, A in pairs(sums) do
    agree(A, lo.batch(lo.batch(A, { p = 2 }), { q = 2 }), x)
    agree(A, lo.batch(lo.batch(A, { q = 3 }), { p = 1, q = 2 }), x)
    m.everywhere(function(options)
      agree(A, lo.batch(A, { { p = 2 }, lo.BatchSpec{ { q = 3 }, devices = options.devices } }), x)
    end)
    agree(A, lo.batch(A, { { q = 3 }, { p = { 1, 3 } }, { q = 1 } }), x)
  end
end)

check.it("a level of a wrong size, or of a dim that nothing has, is an error", function()
  check.raises("batch: size of 'q' is 0; a size is at least 1", lo.batch, sums.normals, { { p = 2 }, { q = 0 } })
  check.raises("batch: no dim 'pq' in ", lo.batch, sums.normals, { { p = 2 }, { pq = 1 } })
end)

check.it("tiles reach over what their parts write where nothing else tells the extent", function()
  local M = lo.Rename "x' -> x" * dense("x'=16 x=16", 7, "x' x, b x -> b x'")
  local z = draw("b=3 x=16", 8)
  for _, first in ipairs{ { x = 8 }, { ["x''"] = 5 }, { x = 8, ["x''"] = 8 } } do
    for _, again in ipairs{ { ["x''"] = 1 }, { ["x''"] = 6 }, { x = 3 }, { x = 3, ["x''"] = 7 } } do
      local B = lo.batch(lo.batch(M, first), again)
      agree(M, B, z)
      agree(M, lo.batch(B, { x = 5, ["x''"] = 9 }), z)
    end
  end
end)

check.it("normals of tiles are cut along what the tiles were joined along", function()
  local S = dense("coil=5 n=4", 9, "n -> coil n")
  local E = dense("m=6 k=3", 10, "k -> m") * dense("k=3 n=4", 11, "n -> k")
  local v = draw("n=4", 12)
  for _, sizes in ipairs{ { coil = 2 }, { coil = 2, n = 3 } } do
    local B = lo.batch(S, sizes)
    for _, again in ipairs{ { coil = 1 }, { coil = 3 }, { coil = 4, n = 2 } } do
      agree(S.N, lo.batch(B.N, again), v)
    end
  end
  local B = lo.batch(E, { m = 4 })
  for _, again in ipairs{ { m = 3 }, { m = 5, k = 2 }, { k = 1 }, { n = 3, m = 2 } } do
    agree(E.N, lo.batch(B.N, again), v)
  end
end)

check.it("gradients of tiles are those of the whole, cut as its weights are", function()
  local w = lo.randn("m=4 n=6", { dtype = "c128", seed = 21 })
  local A = lo.Dense{ w }
  local x, v = lo.randn("n=6", { dtype = "c128", seed = 22 }), lo.randn("m=4", { dtype = "c128", seed = 23 })
  local gx, gw = A:vjp(x, v)
  local B = lo.batch(A, { m = 3 })
  local tiled_x, tiled = B:vjp(x, v)
  assert(lo.allclose(tiled_x, gx))
  assert(lo.allclose(tiled["1.weight"], gw.weight{ m = { 1, 3 } }))
  assert(lo.allclose(tiled["2.weight"], gw.weight{ m = { 4, 4 } }))
end)

check.done()
