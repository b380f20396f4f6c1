-- SPDX-License-Identifier: MIT
-- Rows 13, 14 and 36 of splitting.md, section 13: which tile runs where, and what the sides look like.
local check = require "check"
local lo = require "lunops"
local m = require "model"

local function draw(shape, seed) return lo.randn(shape, { dtype = "c128", seed = seed }) end

-- A grid of rows x columns tiles of one element; its devices as digits, row by row.
local function devices_of(rows, columns, options)
  local A = lo.Dense{ draw(("m=%d n=%d"):format(rows, columns), 1) }
  local tiles = lo.batch(A, "m=1 n=1", options).tiles
  local lines = {}
  for i = 1, rows do
    local line = {}
    for j = 1, columns do line[j] = tiles:at(i, j).device:sub(5) end
    lines[i] = table.concat(line, " ")
  end
  return table.concat(lines, ", ")
end

-- cpu:1 … for 1 …, nested.
local function matrix(values)
  if type(values) == "number" then return "cpu:" .. values end
  local made = {}
  for i, v in ipairs(values) do made[i] = matrix(v) end
  return made
end

check.it("row 13: a device matrix repeats along each axis and is cut off", function()
  local function placed(values, rows, columns)
    local found
    local texts = m.warnings(function()
      found = devices_of(rows, columns, { device_matrix = matrix(values) })
    end)
    return found, table.concat(texts, "; ")
  end
  local function line(values, count)
    local A = lo.Diagonal{ draw(("k=%d"):format(count), 1) }
    local found = {}
    local texts = m.warnings(function()
      for i, t in ipairs(lo.batch(A, "k=1", { device_matrix = matrix(values) }).tiles) do
        found[i] = t.device:sub(5)
      end
    end)
    return table.concat(found, " "), table.concat(texts, "; ")
  end
  local found, warned = line({ 1, 2, 3 }, 4)
  check.equal(found, "1 2 3 1")
  check.equal(warned, "")
  found, warned = line({ 1, 2, 3, 4 }, 2)
  check.equal(found, "1 2")
  check.equal(warned, "no tile goes to cpu:3, cpu:4")
  check.equal(placed({ 1, 2 }, 3, 5), "1 2 1 2 1, 1 2 1 2 1, 1 2 1 2 1")
  check.equal(placed({ { 1, 2 }, { 3, 4 } }, 4, 4), "1 2 1 2, 3 4 3 4, 1 2 1 2, 3 4 3 4")
  check.equal(placed({ { 1 }, { 2 } }, 4, 2), "1 1, 2 2, 1 1, 2 2")
  found, warned = placed({ 1, 2, 3 }, 3, 1)
  check.equal(found, "1, 1, 1")
  check.equal(warned, "no tile goes to cpu:2, cpu:3")
  check.raises("batch: device_matrix is ragged: along axis 2 one list has 2 and another 1; give lists of equal lengths",
    placed, { { 1, 2 }, { 3 } }, 2, 2)
  check.raises("batch: device_matrix has 3 axes but 2 dims are cut; give at most one axis for each cut dim",
    placed, { { { 1 } } }, 2, 2)
end)

check.it("row 13: a list goes round over the tiles in row-major order", function()
  local list = { devices = { "cpu:1", "cpu:2", "cpu:3" } }
  check.equal(devices_of(3, 1, list), "1, 2, 3")
  check.equal(devices_of(2, 3, list), "1 2 3, 1 2 3")
  check.equal(devices_of(2, 2, list), "1 2, 3 1")
  check.raises("batch: devices and device_matrix are both given; give the list, or the exact places", devices_of, 2, 2,
    { devices = { "cpu:1" }, device_matrix = { "cpu:1" } })
end)

check.it("row 13: a BatchSpec is not changed by use, and options are written once", function()
  local A, x = lo.Dense{ draw("m=4 n=6", 1) }, draw("n=6", 2)
  local spec = lo.BatchSpec{ { m = 2 }, devices = { "cpu:1", "cpu:2" } }
  local before = tostring(spec)
  check.equal(before, "BatchSpec m=2, devices cpu:1, cpu:2")
  local first = lo.batch(A, spec)
  local second = lo.batch(A, spec)
  check.equal(tostring(spec), before)
  check.equal(first == second, true)
  m.same(second(x), A(x), 1e-13)
  -- Sizes that the caller changes later are not those of the spec.
  local sizes = { m = 2 }
  local own = lo.BatchSpec{ sizes }
  sizes.m = 1
  check.equal(#lo.batch(A, own).children, 2)
  check.raises("option 'devices' is in the first spec and in the call; give it once", lo.batch, A, spec,
    { devices = { "cpu:1" } })
  check.raises("BatchSpec: unknown option 'device' (did you mean 'devices'?)", lo.BatchSpec, { { m = 2 }, device = "cpu:1" })
  check.raises("BatchSpec: takes one table", lo.BatchSpec, { m = 2 })
end)

check.it("row 14: three levels of specs, each tile where the rules put it", function()
  local A = m.sense(false)
  local levels = {
    lo.BatchSpec{ { spoke = 10 }, devices = { "cpu:0", "cpu:2" } },
    lo.BatchSpec{
      { coil = 4 }, devices = { ["cpu:0"] = { "cpu:0", "cpu:1" }, ["cpu:2"] = { "cpu:2", "cpu:3" } },
    },
    lo.BatchSpec{ { coil = 2 } },  -- a dim may be cut again
  }
  local B = lo.batch(A, levels)
  m.agrees(B, A, m.x)
  m.agrees(lo.batch(A.N, levels), A.N, m.x, 2 * m.tolerance)
  check.equal(B.device, "cpu")
  local found = {}
  for _, node in ipairs(B.tiles) do
    for _, gpu in ipairs(node.op.tiles) do
      for _, tile in ipairs(gpu.op.tiles) do
        check.equal(tile.op.device, tile.device)
        found[#found + 1] = node.device:sub(5) .. gpu.device:sub(5) .. tile.device:sub(5)
      end
    end
  end
  check.equal(table.concat(found, " "), "000 000 011 011 222 222 233 233")
  check.raises("level 2 has base = \"cpu:1\", but the base of its tiles is where the level above puts them",
    lo.batch, A, { lo.BatchSpec{ { coil = 4 } }, lo.BatchSpec{ { coil = 2 }, base = "cpu:1" } })
  check.raises("batch: devices has no list for cpu:2, where the operator that is cut lies; it has lists for cpu:0",
    lo.batch, A, { levels[1], lo.BatchSpec{ { coil = 4 }, devices = { ["cpu:0"] = { "cpu:1" } } } })
end)

check.it("row 14: batch dims may be cut at each level", function()
  local F, x = lo.FFT "y x -> ky kx", draw("frame=8 y=4 x=4", 1)
  local B = lo.batch(F, {
    lo.BatchSpec{ { frame = 5 }, extent = { frame = 8 }, devices = { "cpu:0", "cpu:1" } },
    lo.BatchSpec{ { frame = 2 } },
  })
  m.agrees(B, F, x, 1e-13)
  check.equal(#B.children[1].children, 3)
  check.equal(#B.children[2].children, 2)
end)

check.it("the base is where the weights are, or where it is asked for", function()
  local W, x = draw("m=4 n=6", 1), draw("n=6", 2)
  local A = lo.Dense{ W }
  local B = lo.batch(A:to "cpu:1", { m = 2 }, { devices = { "cpu:1", "cpu:2" } })
  check.equal(B.device, "cpu:1")
  check.equal(B(x:to "cpu:1").device, "cpu:1")
  m.same(B(x:to "cpu:1"):to "cpu", A(x), 1e-13)
  local C = lo.batch(A, { n = 2 }, { base = "cpu:3", devices = { "cpu:3", "cpu:2" } })
  check.equal(C.device, "cpu:3")
  m.same(C(x:to "cpu:3"):to "cpu", A(x), 1e-13)
  check.raises("apply: x is on cpu but the base of Tiled is cpu:3; use x:to \"cpu:3\"", C, x)
  check.raises("has tiles on devices of their own", C.to, C, "cpu:1")
  -- What changes device itself cannot run elsewhere.
  local T = lo.ToDevice{ "cpu:1", "cpu" } * A:to "cpu:1" * lo.ToDevice{ "cpu", "cpu:1" }
  check.raises("batch: the tile m 1..2 on cpu:2 cannot run there: x is on cpu:2 but ToDevice takes data from cpu to cpu:1",
    lo.batch, T, { m = 2 }, { devices = { "cpu:2" } })
end)

check.it("results are written with alpha and beta, whatever is joined or added", function()
  local A, x = lo.Dense{ draw("m=5 n=7", 1) }, draw("n=7", 2)
  for _, sizes in ipairs{ "m=2", "n=3", "m=2 n=3", "n=2 m=2" } do
    for _, list in ipairs{ { "cpu:0" }, { "cpu", "cpu:0" }, { "cpu:0", "cpu" }, { "cpu:0", "cpu:1", "cpu:2" } } do
      local B = lo.batch(A, sizes, { devices = list })
      local out = draw("m=5", 3)
      local expected = 2 * A(x) + 3 * out
      B:apply(x, { out = out, alpha = 2, beta = 3 })
      m.same(out, expected, 1e-13)
      local fresh = lo.full("m=5", 0 / 0, { dtype = "c128" })
      B:apply(x, { out = fresh })
      m.same(fresh, A(x), 1e-13)
    end
  end
end)

check.it("tiles of operators made of functions run where they are put", function()
  local seen = {}
  local A = lo.Custom{
    "n -> n", check = false,
    apply = function(x) seen[#seen + 1] = x.device; return 2 * x end,
    adjoint = function(y) return 2 * y end,
  }
  local x = draw("b=4 n=3", 1)
  local B = lo.batch(A, { b = 2 }, { devices = { "cpu:0", "cpu:1" }, extent = { b = 4 } })
  m.same(B(x), 2 * x, 1e-15)
  check.equal(table.concat(seen, " "), "cpu:0 cpu:0 cpu:1 cpu:1")
end)

check.it("progress is told after each tile, and stops the application where it returns false", function()
  local A, x = lo.Dense{ draw("m=6 n=6", 1) }, draw("n=6", 2)
  local told = {}
  local stop_after
  local function progress(done, total, tile)
    told[#told + 1] = ("%d/%d %s"):format(done, total, tile)
    return done ~= stop_after
  end
  local B = lo.batch(A, { m = 2 }, { devices = { "cpu:0", "cpu:1" }, progress = progress })
  m.same(B(x), A(x), 1e-13)
  -- In the order in which they end.
  local counts, tiles = {}, {}
  for i, text in ipairs(told) do counts[i], tiles[i] = text:match "^(%S+) (.*)" end
  table.sort(tiles)
  check.equal(table.concat(counts, " "), "1/3 2/3 3/3")
  check.equal(table.concat(tiles, ", "), "m 1..2 on cpu:0, m 3..4 on cpu:1, m 5..6 on cpu:0")
  local before = m.live "cpu:1"
  stop_after = 2
  local e = check.raises("interrupted by the progress function after tile m ", B, x)
  check.equal(e.code, "interrupted")
  check.equal(m.live "cpu:1", before)
  stop_after = nil
  m.same(B(x), A(x), 1e-13)
  m.same(B.H(A(x)), A.H(A(x)), 1e-13)
end)

check.it("what is printed is the nested Concat and Add", function()
  local A = lo.Dense{ draw("m=4 n=6", 1) }
  local B = lo.batch(A, "n=3 m=2", { devices = { "cpu:0", "cpu:1" } })
  local lines = {}
  for line in (lo.explain(B, "n=6") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  assert(lines[1]:find("base cpu", 1, true), lines[1])
end)

check.it("row 36: placements of every kind of cut, exchanged under .H", function()
  local A = lo.Dense{ draw("b=2 m=4 n=6", 1), "b m n, b n -> b m" }
  local function text(B)
    local list = {}
    for i, p in ipairs(B.placement) do list[i] = ("%s: %s -> %s"):format(p.dim, p.input, p.output) end
    return table.concat(list, "; ")
  end
  local B = lo.batch(A, "b=1 m=2 n=3")
  check.equal(text(B), "b: shard b -> shard b; m: replicate -> shard m; n: shard n -> partial")
  check.equal(text(B.H), "b: shard b -> shard b; m: shard m -> partial; n: replicate -> shard n")
  check.equal(text(lo.batch(A.N, "m=2")), "m: replicate -> partial")
  check.equal(text(lo.batch(A.N, "m=2").H), "m: replicate -> partial")
  check.equal(text(lo.batch(A, "b=1 m=2").N), "b: shard b -> shard b; m: replicate -> partial")
  check.equal(text(lo.batch(lo.FFT "y x", "c=2", { extent = { c = 4 } })), "c: shard c -> shard c")
  check.equal(A.placement, nil)
  check.equal(A.tiles, nil)
end)

check.done()
