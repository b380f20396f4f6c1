-- SPDX-License-Identifier: MIT
-- Law cases of the operators that the stdlib makes, run by lo.check in every dtype that they take.
-- Usage: lunops tests/laws/recipes.lua            runs them and prints what tests/laws/recipes.txt must hold
--        lunops tests/laws/recipes.lua --check F  exits 1 if a law fails or F holds anything else
local lo = require "lunops"

local dtypes = { "f32", "f64", "c64", "c128" }

-- With weights in the precision that is being tried.
local precision
local function segmented(F, b0, t, segments)
  local is_double = precision == "f64" or precision == "c128"
  return (lo.TimeSegmented{ F, is_double and b0 or b0:as "f32", t, segments = segments })
end

-- By operator: { name, function(draw) → operator, shape of the input where the operator does not know it }.
local cases = {
  VStack = {
    { "two matrices", function(draw)
      return lo.VStack{ lo.Dense{ draw "m=2 n=3" }, lo.Dense{ draw "m=4 n=3" }, dim = "m" }
    end },
  },
  HStack = {
    { "two matrices", function(draw)
      return lo.HStack{ lo.Dense{ draw "m=2 n=3" }, lo.Dense{ draw "m=2 n=1" }, dim = "n" }
    end },
  },
  BlockDiag = {
    { "two matrices", function(draw)
      return lo.BlockDiag{ lo.Dense{ draw "m=2 n=3" }, lo.Dense{ draw "m=1 n=2" }, idim = "n", odim = "m" }
    end },
    { "a dim that all keep", function(draw)
      return lo.BlockDiag{ lo.Diagonal{ draw "coil=2 x=3" }, lo.Diagonal{ draw "coil=1 x=3" }, dim = "coil" }
    end },
  },
  Subspace = {
    { "two coefficients", function(draw) return lo.Subspace{ draw "frame=3 coef=2", "coef y x -> frame y x" } end, "coef=2 y=4 x=5" },
    { "one coefficient, dims between", function(draw) return lo.Subspace{ draw "t=4 c=1", "y c x -> y t x" } end, "y=2 c=1 x=3" },
    { "an empty image", function(draw) return lo.Subspace{ draw "frame=3 coef=2", "coef x -> frame x" } end, "coef=2 x=0" },
    { "under an FFT of each frame", function(draw)
      return lo.FFT "y x -> ky kx" * lo.Subspace{ draw "frame=3 coef=2", "coef y x -> frame y x" }
    end, "coef=2 y=4 x=5" },
  },
  Casorati = {
    { "two coils", function()
      return (lo.Casorati{ "coil=2 ky=4 kx=5 -> window patch", window = { ky = 3, kx = 2 } })
    end },
    { "a dim of the window in front, one block", function()
      return (lo.Casorati{ "x=3 coil=2 -> w p", window = { x = 3 } })
    end },
  },
  Hankel = {
    { "two rows", function() return (lo.Hankel{ "x=5 -> row col", rows = 2 }) end },
    { "one column", function() return (lo.Hankel{ "x=3 -> row col", rows = 3 }) end },
  },
  TimeSegmented = {
    { "two segments of an FFT", function()
      local b0 = lo.rand("y=3 x=4", { dtype = "f64", seed = 1 })
      return segmented(lo.FFT "y x -> ky kx", b0, lo.arange("kx=4", { dtype = "f64" }), 2)
    end },
    { "one segment of a NUFFT", function()
      local k = lo.rand("spoke=2 sample=5 d=1", { dtype = "f64", seed = 1 }) * 4
      local F = lo.NUFFT{ k, "x -> spoke sample", extent = { x = 6 } }
      return segmented(F, lo.rand("x=6", { dtype = "f64", seed = 2 }), lo.arange("sample=5", { dtype = "f64" }), 1)
    end },
  },
}

local function takes(name, case, dtype)
  local seed = 0
  precision = dtype
  local function draw(shape)
    seed = seed + 1
    return lo.randn(shape, { dtype = dtype, seed = seed })
  end
  local ok, why = pcall(function()
    return lo.check(case[2](draw), { dtype = dtype, input = case[3] })
  end)
  if ok then return true end
  if type(why) == "table" and why.code == "dtype" then return false end
  error(("%s, %s, %s: %s"):format(name, case[1], dtype, tostring(why)), 0)
end

local names = {}
for name in pairs(cases) do names[#names + 1] = name end
table.sort(names)
local lines = { "# operator of the stdlib, number of law cases, dtypes; made by `./dev docs`" }
for _, name in ipairs(names) do
  local taken = {}
  for _, dtype in ipairs(dtypes) do
    local is_taken = false
    for _, case in ipairs(cases[name]) do is_taken = takes(name, case, dtype) or is_taken end
    if is_taken then taken[#taken + 1] = dtype end
  end
  lines[#lines + 1] = ("%s %d %s"):format(name, #cases[name], table.concat(taken, ","))
end
local text = table.concat(lines, "\n") .. "\n"

if arg[1] ~= "--check" then
  io.write(text)
else
  local file = assert(io.open(arg[2]))
  local found = file:read "a"
  file:close()
  if found ~= text then
    io.stderr:write(arg[2], " is not what the law cases of recipes are; run ./dev docs\n")
    os.exit(1)
  end
end
