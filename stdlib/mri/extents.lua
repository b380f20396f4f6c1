-- SPDX-License-Identifier: MIT
--- How recipes are told sizes.
local lo = require "lunops"

local M = {}

--- Extents of a picture from `256` or `{ y = 256, x = 200 }` (and z), with the list of its dims.
---
---     local size = require "lunops.mri.extents".of(64)
---     print(size.y, size.x, table.concat(size.dims, " "))     --> 64	64	y x
---@return table size  {y =, x =, dims = {"y", "x"}}
---@package
function M.of(extent, name)
  if not extent then
    lo.fail("argument", name, "extent is missing; write extent = 256 or { y =, x = }")
  end
  if type(extent) == "number" then extent = { y = extent, x = extent } end
  local size = { dims = {} }
  for _, dim in ipairs{ "z", "y", "x" } do
    local n = extent[dim]
    if n then
      size[dim] = M.count(n, name, "extent." .. dim)
      table.insert(size.dims, dim)
    end
  end
  if not (size.y and size.x) then lo.fail("argument", name, "extent needs y and x") end
  return size
end

--- A whole number of at least 1, or an error that names the option.
---@package
function M.count(value, name, option)
  local n = value and math.tointeger(value)
  if not n or n < 1 then
    local text = "%s must be a whole number of at least 1, got %s"
    lo.fail("argument", name, text:format(option, value and tostring(value) or "nothing"))
  end
  return n
end

--- "y=256 x=200", or with a prefix before each name.
---@package
function M.text(size, prefix)
  local parts = {}
  for i, dim in ipairs(size.dims) do parts[i] = ("%s%s=%d"):format(prefix or "", dim, size[dim]) end
  return table.concat(parts, " ")
end

--- Index minus floor(N/2) along one dim.
---@package
function M.centred(dim, n, dtype)
  return lo.arange(("%s=%d"):format(dim, n), { dtype = dtype or "f64" }) - n // 2
end

return M
