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
---@see ArrayToBlocks Casorati
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

--- Blocks of an array as the columns of a matrix: window runs over the positions of the blocks, patch
--- over the other dims and the offsets in a block.
---
---     local C = lo.Casorati{ "coil=2 ky=8 kx=8 -> window patch", window = { ky = 6, kx = 6 } }
---     print(C.oshape)                                      --> window=9 patch=72
---@operand text string  "coil ky kx -> window patch"
---@field window table  extents of a block by dim
---@field extent? table  extents of dims of the signature
---@field name? string  shown by print, trace and explain
---@field batch? boolean  false closes the signature (true)
---@signature coil ky kx -> window patch
---@adjoint sums the blocks, each at its place
---@normal Diagonal of the number of blocks over each element
---@return lunops.Linop
---@raises shape argument
---@see ArrayToBlocks Rearrange Hankel
function M.Casorati(given)
  local o = lo.options(given, "Casorati", { window = false, extent = false, name = false, batch = true },
    { window = "table", extent = "table", name = "string", batch = "boolean" })
  local example = "coil ky kx -> window patch"
  local input, output, signature = sides("Casorati", o[1], example)
  if not o.window or next(o.window) == nil then
    lo.fail("argument", "Casorati", "give window, the extents of a block by dim")
  end
  local known = {}
  for _, dim in ipairs(input) do known[dim] = true end
  for dim in pairs(o.window) do
    if not known[dim] then
      local text = 'window: no dim \'%s\' on the input of "%s"'
      lo.fail("shape", "Casorati", text:format(dim, o[1]))
    end
  end
  -- Inner names that meet none of the string's.
  local function inner(dim, ending)
    local name = dim .. ending
    while known[name] or name == output[1] or name == output[2] do name = name .. "_" end
    return name
  end
  local counts, offsets, others, stride = {}, {}, {}, {}
  for _, dim in ipairs(input) do
    if o.window[dim] then
      counts[#counts + 1], offsets[#offsets + 1] = inner(dim, "_at"), inner(dim, "_in")
      stride[dim] = 1
    else
      others[#others + 1] = dim
    end
  end
  local function join(...)
    local all = {}
    for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
    return table.concat(all, " ")
  end
  local blocks = join(counts, others, offsets)
  local extent = {}
  for _, dim in ipairs(input) do extent[dim] = signature.ishape.extent[dim] end
  for dim, n in pairs(o.extent or {}) do extent[dim] = n end
  local cut = lo.ArrayToBlocks{
    join(input) .. " -> " .. blocks, block = o.window, stride = stride, extent = extent, batch = o.batch,
  }
  local pattern = ("%s -> %s=(%s) %s=(%s)"):format(blocks, output[1], join(counts), output[2], join(others, offsets))
  -- The adjoint splits the two dims again.
  local members = {}
  for _, dim in ipairs(input) do
    local n, w = extent[dim], o.window[dim]
    if not w then
      members[dim] = n
    else
      members[inner(dim, "_in")] = w
      if n then members[inner(dim, "_at")] = n - w + 1 end
    end
  end
  return lo.Chain{ lo.Rearrange{ pattern, extent = members }, cut, name = o.name or nil }
end

return M
