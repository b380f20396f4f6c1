-- SPDX-License-Identifier: MIT
-- Rows 15 and 16 of splitting.md, section 13: what tiles hold on other devices.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local points = 20 * 64 * 16  -- bytes of sorted points

check.it("row 15: a tile on another device holds the elements that it needs", function()
  local W, x = lo.randn("m=100 n=10", { dtype = "f32", seed = 1 }), lo.randn("n=10", { dtype = "f32", seed = 2 })
  local A = lo.Dense{ W }
  local function elements(sizes, first)
    local before = m.live "cpu:5"
    local B = lo.batch(A, sizes, { devices = { "cpu:5", "cpu:6" } })
    local y = B(x)
    m.same(y, A(x), 1e-6)
    local found = (m.live "cpu:5" - before) / 4
    check.equal(first, found)
    B = nil
    y = nil
    check.equal(m.live "cpu:5", before)
  end
  elements({ m = { 25, 75 } }, 250)
  elements({ n = { 5, 5 } }, 500)
end)

check.it("row 15: tiles, adjoints and normals share one copy, and equal slices of other operators do", function()
  local A, x = lo.Dense{ lo.randn("m=100 n=10", { seed = 1 }) }, lo.randn("n=10", { seed = 2 })
  local before = m.live "cpu:5"
  local options = { devices = { "cpu:5" } }
  local B, C = lo.batch(A, "m=50", options), lo.batch(2 * A, "m=50", options)
  m.same(B(x), A(x), 1e-5)
  m.same(B.H(A(x)), A.H(A(x)), 1e-5)
  m.same(C(x), 2 * A(x), 1e-5)
  check.equal(m.live "cpu:5" - before, 1000 * 8)
  -- Its normal adds what it makes of them: AᴴA of each tile, 10 x 10.
  m.same(B.N(x), A.N(x), 1e-5)
  check.equal(m.live "cpu:5" - before, (1000 + 2 * 100) * 8)
  B, C = nil, nil
  check.equal(m.live "cpu:5", before)
end)

check.it("row 15: a weight that was written is an error on every device", function()
  local W, x = lo.randn("m=4 n=6", { seed = 1 }), lo.randn("n=6", { seed = 2 })
  local B = lo.batch(lo.Dense{ W }, "m=2", { devices = { "cpu:5", "cpu" } })
  B(x)
  W:fill(1)
  check.raises("weight of Dense was written after construction", B, x)
end)

check.it("row 16: eight tiles on one device upload what they share once", function()
  for _, toeplitz in ipairs{ true, false } do
    local A = m.sense(toeplitz)
    local N = A.N
    local z = N(m.x)
    local before = m.live "cpu:5"
    local B = lo.batch(N, { coil = 1 }, { devices = { "cpu:5" }, resident = true })
    m.same(B(m.x), z, 2 * m.tolerance + m.approximate)
    local once = m.live "cpu:5" - before
    -- The maps, and once for all tiles the kernel of 64 x 64 in f32, or 16 bytes for each point.
    check.equal(once, 8 * 32 * 32 * 8 + (toeplitz and 64 * 64 * 4 or points))
    local requests = lo.memory()["cpu:5"].allocations
    m.same(B(m.x), z, 2 * m.tolerance + m.approximate)
    check.equal(lo.memory()["cpu:5"].allocations, requests)
    check.equal(m.live "cpu:5" - before, once)
    B = nil
    check.equal(m.live "cpu:5", before)
  end
end)

check.it("row 16: an input that is not cut and a sum cross a link once for each device", function()
  local A = m.sense(false)
  local function crossings(B, x, from, to)
    local count = 0
    for _ in lo.explain(B, x):gmatch(("ToDevice +%s %%-> %s "):format(from, to)) do count = count + 1 end
    return count
  end
  local options = { devices = { "cpu:5", "cpu:6" } }
  local joined, added = lo.batch(A, { coil = 1 }, options), lo.batch(A.N, { coil = 1 }, options)
  for _, device in ipairs(options.devices) do
    check.equal(crossings(joined, m.x, "cpu", device), 1)
    check.equal(crossings(joined, m.x, device, "cpu"), 4)
    check.equal(crossings(added, m.x, "cpu", device), 1)
    check.equal(crossings(added, m.x, device, "cpu"), 1)
    -- The adjoint reads what is cut, and adds.
    check.equal(crossings(joined.H, m.y, "cpu", device), 4)
    check.equal(crossings(joined.H, m.y, device, "cpu"), 1)
  end
end)

check.it("row 16: weights that are not resident move for each application", function()
  local A = m.sense(false)
  local function upload(resident)
    local before = m.live "cpu:5"
    local B = lo.batch(A, { coil = 1 }, { devices = { "cpu:5" }, resident = resident })
    m.agrees(B, A, m.x)
    m.same(B(m.x), A(m.x))
    return m.live "cpu:5" - before
  end
  check.equal(upload(true), 8 * 32 * 32 * 8 + points)
  check.equal(upload(false), points)
end)

check.it("parts of placed operators are replaced by their paths", function()
  local W, x = lo.randn("m=4 n=6", { seed = 1 }), lo.randn("n=6", { seed = 2 })
  local B = lo.batch(lo.Dense{ W }, "m=2", { devices = { "cpu:5", "cpu:6" } })
  local parts = B:parts()
  check.equal(parts["1.weight"].device, "cpu")
  local C = B:with{ ["1.weight"] = 2 * W{ m = { 1, 2 } }, ["2.weight"] = 2 * W{ m = { 3, 4 } } }
  m.same(C(x), 2 * B(x), 1e-6)
  check.equal(C.tiles[1].op.device, "cpu:5")
end)

check.it("renamed and conjugated tiled operators work where they were put", function()
  local A, x = lo.Dense{ lo.randn("m=4 n=6", { seed = 1 }) }, lo.randn("n=6", { seed = 2 })
  local B = lo.batch(A, "m=2 n=3", { devices = { "cpu:5", "cpu:6" } })
  m.same(B:conj()(x), A:conj()(x), 1e-5)
  m.same(B.T(A(x)), A.T(A(x)), 1e-5)
  m.same(B:rename{ n = "k" }(x:rename{ n = "k" }), A(x), 1e-5)
  m.same((B.N + 0.5 * lo.Identity{})(x), A.N(x) + 0.5 * x, 1e-5)
  m.same((2 * B)(x), 2 * A(x), 1e-5)
end)

check.done()
