-- SPDX-License-Identifier: MIT
-- Deterministic operators (splitting.md, section 10): the bits do not depend on how they are cut, or on where the
-- tiles run.  Rows 27 to 29 of section 13.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local function options(more)
  local made = { deterministic = true }
  for k, v in pairs(more or {}) do made[k] = v end
  return made
end

--- The results of `make(options)` on x have the same bits for the host and 1 to 8 devices.
local function one_result(x, cuts, more, make)
  local first
  for _, cut in ipairs(cuts) do
    for _, devices in ipairs{ 0, 1, 2, 3, 4, 8 } do
      local given = options(more)
      if devices > 0 then given.devices = m.devices(devices) end
      local bits = m.bits(make(cut, given)(x))
      first = first or bits
      if bits ~= first then error(("other bits with %d devices"):format(devices), 2) end
    end
  end
end

local coils = { { coil = 8 }, { coil = 1 }, { coil = 2 }, { coil = 3 }, { coil = 4 }, { coil = 5 }, { coil = { 5, 3 } } }

check.it("row 27: one result for any tiles of coils, devices, threads and prefetch", function()
  local A = m.sense()
  for _, case in ipairs{ { A.N, m.x }, { A.H, m.y }, { A, m.x }, { m.sense(false).N, m.x }, { m.sense(true).N, m.x } } do
    local op, x = case[1], case[2]
    one_result(x, coils, {}, function(cut, given) return lo.batch(op, cut, given) end)
    local first
    for _, threads in ipairs{ 1, 2, 3 } do
      for prefetch = 0, 2 do
        lo.threads(threads)
        local B = lo.batch(op, { coil = 2 }, options{ devices = m.devices(2), prefetch = prefetch })
        local bits = m.bits(B(x))
        first = first or bits
        check.equal(bits == first, true)
      end
    end
    lo.threads(2)
    -- The tree only orders the sums: without it the result is the same to rounding.
    m.same(lo.batch(op, { coil = 3 }, { deterministic = true })(x), op(x), m.approximate)
  end
end)

check.it("row 27: a sum with a term that lacks the dim, a placed term, and modes", function()
  local A = m.sense(true)
  local sum = A.N + 0.25 * lo.Identity{}
  one_result(m.x, coils, {}, function(cut, given) return lo.batch(sum, cut, given) end)
  one_result(m.x, coils, {}, function(cut, given) return lo.batch(A, cut, given).N end)
  one_result(m.x, coils, {}, function(cut, given) return lo.batch(A.N, cut, given).H end)
  one_result(m.y, coils, {}, function(cut, given) return lo.batch(A, cut, given).H end)
end)

check.it("levels of tiles give the bits of one", function()
  local N = m.sense().N
  local whole = m.bits(lo.batch(N, { coil = 8 }, options())(m.x))
  local two = { lo.BatchSpec{ { coil = 4 }, devices = { "cpu:0", "cpu:1" }, deterministic = true }, lo.BatchSpec{ { coil = 3 } } }
  check.equal(m.bits(lo.batch(N, two)(m.x)) == whole, true)
  two[2] = lo.BatchSpec{ { coil = 1 }, devices = { ["cpu:0"] = { "cpu:0", "cpu:2" }, ["cpu:1"] = { "cpu:1", "cpu:3" } } }
  check.equal(m.bits(lo.batch(N, two)(m.x)) == whole, true)
  check.raises("level 2 has deterministic, which holds for all levels; give it in the first", lo.batch, N,
    { { coil = 4 }, lo.BatchSpec{ { coil = 2 }, deterministic = true } })
end)

check.it("row 28: spokes have one leaf, unless leaves are given", function()
  local A = m.sense(true)
  check.raises("'spoke' cannot be the reduction dim: NUFFT", lo.batch, A.N, { spoke = 5 }, { deterministic = "spoke" })
  check.raises("'spoke' is summed within the leaves of 'coil', the reduction dim, and cannot be cut beside it; cut "
    .. "'coil', or choose deterministic = \"spoke\"", lo.batch, A.N, { spoke = 5 }, options())
  check.raises("'spoke' is summed within the operator, in one leaf", lo.batch, m.nufft().H, { spoke = 5 }, options())
  local cuts = { { spoke = 5 }, { spoke = 10 }, { spoke = 20 }, { spoke = 7 } }
  local more = { leaves = { spoke = 4 } }
  for _, case in ipairs{ { A.N, m.x }, { m.sense(false).N, m.x }, { A.H, m.y }, { m.nufft().H, m.y } } do
    one_result(case[2], cuts, more, function(cut, given) return lo.batch(case[1], cut, given) end)
  end
  local moved = lo.batch(A.N, { spoke = 7 }, options(more))
  assert(lo.explain(moved, m.x):find("tiles along spoke moved to bounds of its leaves of 5", 1, true))
  m.same(moved(m.x), A.N(m.x), m.approximate)
end)

check.it("row 29: extents around the number of leaves, in all precisions", function()
  for _, n in ipairs{ 1, 3, 7, 64, 65, 100 } do
    for _, dtype in ipairs{ "c64", "f32", "c128" } do
      local A = lo.Dense{ lo.randn(("m=9 n=%d"):format(n), { dtype = dtype, seed = n }) }
      local x = lo.randn(("n=%d"):format(n), { dtype = dtype, seed = n + 1 })
      local first
      for _, size in ipairs{ 1, 2, 3, 5, 8, 33, 64, 100 } do
        for _, devices in ipairs{ 0, 3 } do
          local given = options{ devices = devices > 0 and m.devices(devices) or nil }
          local bits = m.bits(lo.batch(A, { n = size }, given)(x))
          first = first or bits
          check.equal(bits == first, true)
        end
      end
      m.same(lo.batch(A, { n = 4 }, options())(x), A(x), dtype == "c128" and 1e-12 or 1e-5)
    end
  end
end)

check.it("cuts along kept and joined dims beside the reduction dim change no bits", function()
  local A = lo.Dense{ lo.randn("frame=6 m=10 n=12", { seed = 4 }), "frame m n, frame n -> frame m" }
  local x = lo.randn("frame=6 n=12", { seed = 5 })
  local cuts = { { n = 12 }, { n = 5, frame = 2 }, { n = 4, m = 3 }, { n = 1, m = 10, frame = 5 } }
  one_result(x, cuts, {}, function(cut, given) return lo.batch(A, cut, given) end)
  local B = lo.batch(A, { m = 3, n = 4 }, options())
  check.raises("sums here over its tiles along 'm', in an order that depends on their sizes", B.H, A(x))
end)

check.it("a tile that is no node of the tree is several", function()
  local N = m.sense().N
  local function sizes(cut)
    local list = {}
    for i, tile in ipairs(lo.batch(N, cut, options()).tiles) do list[i] = tile.request.coil[1] .. "-" .. tile.request.coil[2] end
    return table.concat(list, " ")
  end
  check.equal(sizes{ coil = 2 }, "1-2 3-4 5-6 7-8")
  check.equal(sizes{ coil = { 5, 3 } }, "1-4 5-5 6-6 7-8")
  check.equal(sizes{ coil = 3 }, "1-2 3-3 4-4 5-6 7-8")
  -- Nodes of one tile stay together: {5, 3} on two devices.
  local tiles = lo.batch(N, { coil = { 5, 3 } }, options{ devices = m.devices(2) }).tiles
  local places = {}
  for i, tile in ipairs(tiles) do places[i] = tile.device end
  check.equal(table.concat(places, " "), "cpu:0 cpu:0 cpu:1 cpu:1")
end)

check.it("plans: one result for any budget, devices and number of applications in between", function()
  local A = m.sense(true)
  local first
  for _, given in ipairs{
    {}, { devices = m.devices(1) }, { devices = m.devices(2) }, { devices = m.devices(3) },
    { devices = m.devices(4) }, { devices = m.devices(8) }, { devices = m.devices(2), memory = "0.6 MB" },
    { devices = m.devices(1), objective = "memory" }, { devices = m.devices(2), deterministic = "coil" },
  } do
    local P = lo.plan(A.N, options(given))
    local bits = m.bits(lo.cg(P, A.H(m.y), { iters = 6, tol = 0 }))
    first = first or bits
    check.equal(bits == first, true)
  end
end)

check.it("products of weighted normals, of which one alone is cut by coil", function()
  local W = lo.Diagonal{ lo.rand("spoke=20 sample=64", { seed = 9 }), "spoke sample" }
  for _, toeplitz in ipairs{ true, false } do
    local A = W * m.sense(toeplitz)
    for _, op in ipairs{ A.N * A.N, A.N.N, A.N } do
      local expected = op(m.x)
      one_result(m.x, { { coil = 8 }, { coil = 2 }, { coil = 3 }, { coil = 1 } }, {}, function(cut, given)
        local B = lo.batch(op, cut, given)
        m.same(B(m.x), expected, 4 * m.approximate)
        return B
      end)
    end
  end
end)

check.it("row 35: extents 0 and 1", function()
  for _, shape in ipairs{ "m=0 n=6", "m=4 n=0", "m=1 n=6", "m=4 n=1" } do
    local A = lo.Dense{ lo.randn(shape, { seed = 3 }) }
    local x = lo.randn(("n=%d"):format(A.extent.n), { seed = 4 })
    for _, op in ipairs{ A, A.N } do
      one_result(x, { { n = 1 }, { n = 6 } }, {}, function(cut, given)
        return lo.batch(op, op == A and cut or { m = cut.n }, given)
      end)
      m.same(lo.plan(op, { deterministic = true })(x), op(x), 1e-5)
    end
  end
end)

check.it("what a tree cannot add is refused, and runs whole", function()
  local K = lo.Concat{
    lo.Dense{ lo.randn("p=3 n=5", { seed = 1 }) }, lo.Dense{ lo.randn("p=4 n=8", { seed = 2 }) }, idim = "n", odim = "p",
  }
  local x = lo.randn("n=13", { seed = 3 })
  one_result(x, { { p = 7 }, { p = 3 }, { p = 1 } }, {}, function(cut, given) return lo.batch(K, cut, given) end)
  check.raises("in parts that write different places", lo.batch, K, { n = 4 }, options())
  local P = lo.Dense{ lo.randn("p=4 n=20", { seed = 1 }), "n -> p" } * lo.Pad{ "n", to = { n = 20 }, extent = { n = 17 } }
  check.raises("'n'' cannot be the reduction dim: parts of", lo.batch, P, { ["n'"] = 4 }, { deterministic = "n'" })
  for _, op in ipairs{ lo.FiniteDifference{ "y x -> y x'", dim = "x", extent = { y = 6, x = 5 } }, lo.Laplacian{ "y x", extent = { y = 6, x = 5 } } } do
    local z = lo.randn("y=6 x=5", { seed = 4 })
    m.same(lo.plan(op, { deterministic = true, devices = { "cpu:0" } })(z), op(z), 1e-6)
  end
end)

check.it("cuts that take a normal apart, or cut differences, are refused", function()
  local D = lo.FiniteDifference{ "y x -> y x'", dim = "x", extent = { y = 6, x = 5 } }
  check.raises("'x'' is on the output of differences of neighbours", lo.batch, D, { ["x'"] = 2 }, options())
  local A = lo.Dense{ lo.randn("m=1000 n=7", { seed = 1 }) }
  local x = lo.randn("n=7", { seed = 2 })
  check.raises("'n'' is on the output alone, and cutting it takes a normal apart", lo.batch, A.N, { ["n'"] = 4 }, options())
  local first = m.bits(lo.plan(A.N, options())(x))
  check.equal(m.bits(lo.plan(A.N, options{ objective = "memory" })(x)) == first, true)
  check.equal(m.bits(lo.batch(A.N, { m = 100 }, options())(x)) == first, true)
end)

check.it("alpha and beta act on the value, on the host and on devices", function()
  local sum = lo.Dense{ lo.randn("m=5 n=1", { seed = 6 }) } + lo.Dense{ lo.randn("m=5 n=1", { seed = 7 }) }
  local x, y = lo.randn("n=1", { seed = 8 }), lo.randn("m=5", { seed = 9 })
  local first
  for devices = 0, 2 do
    local into = 1 * y
    local B = lo.batch(sum, { n = 1 }, options{ devices = devices > 0 and m.devices(devices) or nil })
    B:apply(x, { out = into, alpha = 3, beta = -2 })
    first = first or m.bits(into)
    check.equal(m.bits(into) == first, true)
  end
end)

check.it("row 24: one result however tiles and their children run side by side", function()
  local A = lo.Dense{ lo.randn("frame=6 m=10 n=12", { seed = 4 }), "frame m n, frame n -> frame m" }
  local x = lo.randn("frame=6 n=12", { seed = 5 })
  local first
  for _, threaded in ipairs{ true, false, "auto" } do
    for _, workers in ipairs{ 1, 2, 4 } do
      local B = lo.batch(A, { n = 4, frame = 1 }, options())
      B.threaded, B.num_workers = threaded, workers
      for _ = 1, 5 do
        local bits = m.bits(B(x))
        first = first or bits
        check.equal(bits == first, true)
      end
    end
  end
end)

check.it("alpha and beta act once", function()
  local A = lo.Dense{ lo.randn("m=5 n=9", { seed = 6 }) }
  local x, y = lo.randn("n=9", { seed = 7 }), lo.randn("m=5", { seed = 8 })
  local first
  for _, size in ipairs{ 1, 2, 4, 9 } do
    local into = 1 * y
    lo.batch(A, { n = size }, options()):apply(x, { out = into, alpha = 3, beta = -2 })
    first = first or m.bits(into)
    check.equal(m.bits(into) == first, true)
    m.same(into, 3 * A(x) - 2 * y, 1e-5)
  end
end)

check.it("options that make no sense are errors", function()
  local A = m.sense()
  check.raises("option 'leaves' orders the sums of deterministic operators; add deterministic = true", lo.batch, A.N,
    { coil = 2 }, { leaves = { coil = 4 } })
  check.raises("leaves of 'spoke' are 0; give at least 1", lo.batch, A.N, { coil = 2 }, options{ leaves = { spoke = 0 } })
  check.raises("the reduction dim is 'coil' but leaves are given of 'spoke'", lo.batch, A.N, { coil = 2 },
    { deterministic = "coil", leaves = { spoke = 2 } })
  check.raises("no dim 'coils' in", lo.batch, A.N, { coil = 2 }, { deterministic = "coils" })
  check.raises("'frame' is kept by", lo.batch, lo.Dense{ lo.ones "frame=2 m=2 n=2", "frame m n, frame n -> frame m" },
    { frame = 1 }, { deterministic = "frame" })
  check.raises("option 'deterministic' must be a string or boolean, got number", lo.batch, A.N, { coil = 2 }, { deterministic = 3 })
end)

check.done()
