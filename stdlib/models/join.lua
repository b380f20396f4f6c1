-- SPDX-License-Identifier: MIT
--- Operators side by side, by the names that matrices have.
local lo = require "lunops"

local M = {}

-- Concat along `dim`, as the input's, the output's, or both.
local function join(given, name, is_input, is_output)
  if type(given) ~= "table" then
    lo.fail("argument", name, ("takes a table { A, B, dim = \"m\" }, got %s"):format(lo.type(given)))
  end
  local o = lo.options(given, name, { dim = false, idim = false, odim = false, name = false },
    { dim = "string", idim = "string", odim = "string", name = "string" })
  local both = is_input and is_output
  if not both and (o.idim or o.odim) then
    lo.fail("argument", name, "has one dim; give it as dim")
  end
  local idim, odim = o.idim or o.dim, o.odim or o.dim
  if (is_input and not idim) or (is_output and not odim) then
    local text = both and "no dims to join along; give dim, or idim and odim"
      or "no dim to join along; give dim"
    lo.fail("argument", name, text)
  end
  local all = { idim = is_input and idim or nil, odim = is_output and odim or nil,
    name = o.name or nil }
  for i, A in ipairs(o) do all[i] = A end
  return lo.Concat(all)
end

--- Operators on one input, their outputs joined along a dim: Concat with odim.
---
---     local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=4 n=3" }
---     print(lo.VStack{ A, B, dim = "m" }.oshape)           --> m=6
---@operand A lunops.Linop  the first of the operators
---@field dim string  dim of the outputs
---@field name? string  shown by print, trace and explain
---@signature n -> m
---@adjoint the adjoints in a row
---@normal the sum of the normals
---@return lunops.Linop
---@raises shape argument
---@see Concat
function M.VStack(given) return join(given, "VStack", false, true) end

--- Operators in a row: the input is divided along a dim, their outputs are added; Concat with idim.
---
---     local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=2 n=4" }
---     print(lo.HStack{ A, B, dim = "n" }.ishape)           --> n=7
---@operand A lunops.Linop  the first of the operators
---@field dim string  dim of the inputs
---@field name? string  shown by print, trace and explain
---@signature n -> m
---@adjoint the adjoints stacked
---@normal A.H * A
---@return lunops.Linop
---@raises shape argument
---@see Concat
function M.HStack(given) return join(given, "HStack", true, false) end

--- Operators along a diagonal: each takes its part of the input and makes its part of the output.
---
---     local A, B = lo.Dense{ lo.ones "m=2 n=3" }, lo.Dense{ lo.ones "m=2 n=4" }
---     print(lo.BlockDiag{ A, B, idim = "n", odim = "m" }.oshape)   --> m=4
---@operand A lunops.Linop  the first of the operators
---@field dim? string  a dim that all keep
---@field idim? string  dim of the inputs (dim)
---@field odim? string  dim of the outputs (dim)
---@field name? string  shown by print, trace and explain
---@signature n -> m
---@adjoint the adjoints along a diagonal
---@normal the normals along a diagonal
---@return lunops.Linop
---@raises shape argument
---@see Concat
function M.BlockDiag(given) return join(given, "BlockDiag", true, true) end

return M
