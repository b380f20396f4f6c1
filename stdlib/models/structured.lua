-- SPDX-License-Identifier: MIT
--- Matrices whose entries repeat the elements of an array, as low-rank methods build them.
local lo = require "lunops"

local M = {}

local function words(shape)
  local list = {}
  for _, d in ipairs(shape.dims) do list[#list + 1] = d end
  return list
end

-- The sides of a signature as lists of names, the second of which has two.
local function sides(name, text, example)
  if type(text) ~= "string" then
    lo.fail("argument", name, "operand 1 (text) must be a string, got " .. lo.type(text))
  end
  local signature = lo.signature(text)
  local input, output = words(signature.ishape), words(signature.oshape)
  if #output ~= 2 or not text:find("->", 1, true) then
    lo.fail("shape", name, ('"%s" has %d output dims; it has two, as in "%s"'):format(text, #output, example))
  end
  return input, output, signature
end

--- A Hankel matrix of a line: y[i, j] = x[i + j].
---
---     local H = lo.Hankel{ "x=4 -> row col", rows = 2 }
---     print(H(lo.arange "x=4").shape)                      --> row=2 col=3
---@operand text string  "x -> row col"
---@field rows integer  rows of the matrix; it has N - rows + 1 columns
---@field extent? table  extents of dims of the signature; that of the line is needed
---@field name? string  shown by print, trace and explain
---@field batch? boolean  false closes the signature (true)
---@signature x -> row col
---@adjoint sums along the antidiagonals
---@normal Diagonal of how often each element occurs
---@return lunops.Linop
---@raises shape argument
---@see ArrayToBlocks
function M.Hankel(given)
  local o = lo.options(given, "Hankel", { rows = false, extent = false, name = false, batch = true },
    { rows = "number", extent = "table", name = "string", batch = "boolean" })
  local input, _, signature = sides("Hankel", o[1], "x -> row col")
  if #input ~= 1 then
    lo.fail("shape", "Hankel", ('"%s" has %d input dims; a line has one'):format(o[1], #input))
  end
  local x = input[1]
  local n = (o.extent or {})[x] or signature.ishape.extent[x]
  if not n then
    lo.fail("shape", "Hankel", ("extent of '%s' is unknown; give extent = {%s = …}"):format(x, x))
  end
  local rows = o.rows
  if not rows or rows ~= math.floor(rows) or rows < 1 or rows > n then
    local text = "rows is %s; it is an integer from 1 to the extent of '%s', %d"
    lo.fail("argument", "Hankel", text:format(tostring(rows or nil), x, n))
  end
  -- Row i is the block from i, as long as the matrix is wide.
  return lo.ArrayToBlocks{
    o[1], block = { [x] = n - rows + 1 }, stride = { [x] = 1 },
    extent = o.extent or nil, name = o.name or nil, batch = o.batch,
  }
end

return M
