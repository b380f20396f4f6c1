-- SPDX-License-Identifier: MIT
-- Rows 24 and 25 of splitting.md, section 13: children side by side, their settings, and the bits of their results.
local check = require "check"
local lo = require "lunops"
local m = require "model"

lo.threads(4)

-- How often what is done a hundred times, and a thousand; a sanitizer has time for less.
local many = tonumber(os.getenv "LUNOPS_TEST_REPEATS") or 1000
local some = math.max(many // 10, 3)

local function draw(shape, seed) return lo.randn(shape, { seed = seed }) end

local function threads()
  local status = assert(io.open "/proc/self/status"):read "a"
  return tonumber(status:match "Threads:%s*(%d+)")
end

--- Containers of five children, joined and added, with an input for each.
local function containers()
  local ffts, dense = {}, {}
  for i = 1, 5 do
    -- With an end of its own on both sides, so that no term has anything to take out of the sum.
    ffts[i] = lo.Dense{ draw("m=6 ky=12", i), "m ky, ky kx -> m kx" } * lo.FFT "y x -> ky kx"
      * lo.Diagonal{ draw("y=12 x=13", i) }
    dense[i] = lo.Dense{ draw("m=30 n=200", i) }
  end
  local image, n = draw("y=12 x=13", 7), draw("n=200", 8)
  local whole = lo.Dense{ draw("m=40 n=200", 9) }
  return {
    { "Add", lo.Add{ table.unpack(ffts) }, image },
    { "Add of Dense", lo.Add{ table.unpack(dense) }, n },
    { "Concat", lo.Concat{ odim = "m", table.unpack(dense) }, n },
    { "Stack", lo.Stack{ odim = "k", table.unpack(ffts) }, image },
    { "Tiled", lo.batch(whole, { m = 7 }), n },
    { "Tiled, added", lo.batch(whole, { n = 33 }), n },
  }
end

check.it("row 24: one setting gives one result to the last bit, and all settings nearly the same", function()
  for _, case in ipairs(containers()) do
    local name, A, x = table.unpack(case)
    local modes = { { A, x }, { A.H, A(x) }, { A.N, x } }
    local first = {}
    for _, threaded in ipairs{ false, true, "auto" } do
      for _, workers in ipairs{ 1, 2, 4 } do
        A.threaded, A.num_workers = threaded, workers
        for k, mode in ipairs(modes) do
          local op, input = table.unpack(mode)
          local y = op(input)
          first[k] = first[k] or y
          m.same(y, first[k], 1e-6)
          local bits = m.bits(y)
          for _ = 1, some do
            op:apply(input, { out = y })
          end
          assert(m.bits(y) == bits, ("%s, threaded %s, %d workers"):format(name, tostring(threaded), workers))
        end
      end
    end
  end
end)

check.it("row 24: settings are read back, and reach adjoints, normals and tiles", function()
  for _, case in ipairs(containers()) do
    local A = case[2]
    for _, threaded in ipairs{ true, false, "auto" } do
      for _, workers in ipairs{ 0, 1, 2, 4 } do
        A.threaded, A.num_workers = threaded, workers
        for _, op in ipairs{ A, A.H, A.T, A:conj(), A.N } do
          check.equal(op.threaded, threaded)
          check.equal(op.num_workers, workers)
        end
      end
    end
    A.threaded, A.num_workers = true, 3
    if case[1] == "Concat" or case[1] == "Stack" then
      local tile = lo.split(A, case[1] == "Stack" and "k=2" or "n=50"):at(1).op
      check.equal(tile.threaded, true)
      check.equal(tile.num_workers, 3)
      -- One object: what is written to one is read of the other.
      tile.num_workers = 2
      check.equal(A.num_workers, 2)
    end
  end
  local given = lo.Add{ lo.Identity "x", lo.Diagonal{ draw("x=3", 1) }, threaded = true, num_workers = 2 }
  check.equal(given.threaded, true)
  check.equal(given.num_workers, 2)
end)

--- How many steps are issued, and their workspace: children side by side are one step, or write partial results.
local function steps(A, shape)
  local x = draw(shape, 9)
  local T = lo.timeline(function() return A(x) end)
  return ("%d steps, %d bytes"):format(T:count{ kind = "compute" },
    lo.explain(A, shape, { format = "table" }).total.workspace)
end

check.it("row 24: eight tiny Diagonals run one after another, eight large children side by side", function()
  local tiny, small, large = {}, {}, {}
  for i = 1, 8 do
    tiny[i] = lo.FFT "x -> k" * lo.Diagonal{ draw("x=8", i) }
    small[i] = lo.Dense{ draw("m=20 x=50", i) }
    large[i] = lo.Dense{ draw("m=1000 x=50", i) }  -- 100 us, and too few results to be shared out
  end
  for _, case in ipairs{
    { lo.Stack{ odim = "s", table.unpack(tiny) }, "x=8", false },
    { lo.Stack{ odim = "s", table.unpack(small) }, "x=50", false },
    { lo.Add(small), "x=50", false },
    { lo.Stack{ odim = "s", table.unpack(large) }, "x=50", true },
    { lo.Add(large), "x=50", true },
  } do
    local A, shape, is_threaded = table.unpack(case)
    A.threaded = false
    local alone = steps(A, shape)
    A.threaded = true
    local together = steps(A, shape)
    A.threaded = "auto"
    assert(together ~= alone, alone)
    check.equal(steps(A, shape), is_threaded and together or alone)
  end
end)

check.it("row 24: no thread is made after the first application", function()
  local cases = containers()
  for _, case in ipairs(cases) do
    case[2].threaded = true
    case[2](case[3])
  end
  local before = threads()
  for _ = 1, 20 do
    for _, case in ipairs(cases) do
      local _ = case[2](case[3])
    end
  end
  check.equal(threads(), before)
end)

check.it("row 25: a child that stands twice in a sum runs twice at once, a thousand times with the same bits", function()
  local B = lo.FFT "y x -> ky kx" * lo.Diagonal{ draw("y=12 x=13", 1) }
  local x = draw("y=12 x=13", 2)
  local twice = lo.Add{ B, B, threaded = true }
  m.same(twice(x), 2 * B(x), 1e-6)
  -- Equal terms are one, so that only what differs around the child keeps both.
  local apart = lo.Add{ lo.Sleep{ "...", seconds = 2e-5 } * B, B, lo.Sleep{ "...", seconds = 1e-5 } * B, threaded = true }
  local together = steps(apart, "y=12 x=13")
  apart.threaded = false
  assert(steps(apart, "y=12 x=13") ~= together)  -- settings hold for what rewriting makes of a sum
  apart.threaded = true
  for _, A in ipairs{ twice, apart, apart.N, lo.Stack{ odim = "s", threaded = true, B, B } } do
    local y = A(x)
    local bits = m.bits(y)
    for i = 1, many do
      A:apply(x, { out = y })
      if i % 10 == 0 then assert(m.bits(y) == bits) end
    end
  end
end)

check.it("row 25: a shared child on several devices at once", function()
  lo.virtual_devices{ cpu = 8 }
  local W, x = draw("m=20 n=30", 1), draw("n=30", 2)
  local B = lo.Dense{ W }
  for _, count in ipairs{ 1, 2, 3, 4, 8 } do
    local terms = {}
    for i = 1, count do
      local device = ("cpu:%d"):format(i - 1)
      terms[i] = lo.ToDevice{ device, "cpu" } * B:to(device) * lo.ToDevice{ "cpu", device }
      terms[count + i] = terms[i]
    end
    local A = lo.Add(terms)
    local y = A(x)
    m.same(y, 2 * count * B(x), 1e-6)
    local bits = m.bits(y)
    for _ = 1, some do A:apply(x, { out = y }) end
    assert(m.bits(y) == bits)
  end
end)

check.done()
