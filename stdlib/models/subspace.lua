-- SPDX-License-Identifier: MIT
--- Models of signals that change over frames.
local lo = require "lunops"

local M = {}

-- How far basis functions may be from orthonormal, by precision.
local allowed = { f32 = 1e-4, c64 = 1e-4, f64 = 1e-10, c128 = 1e-10 }

-- |Bᴴ B - I|, the norm over all pairs of basis functions.
local function misfit(basis)
  local frame, coef = basis.dims[1], basis.dims[2]
  local pairs_of = ("%s %s, %s %s' -> %s %s'"):format(frame, coef, frame, coef, coef, coef)
  local gram = lo.einsum(pairs_of, basis:conj(), basis:rename{ [coef] = coef .. "'" })
  local one = lo.eye(("%s=%d"):format(coef, basis.extent[coef]), { dtype = basis.dtype })
  return (gram - one):norm()
end

--- Time courses as sums of few basis functions: y[frame] = Σ basis[frame, coef] x[coef].
---
---     local basis = lo.tensor({ { 1, 0 }, { 1, 1 } }, "frame coef", { dtype = "f32" })
---     local B = lo.Subspace{ basis, "coef y -> frame y" }
---     local x = lo.tensor({ { 1 }, { 2 } }, "coef y", { dtype = "f32" })
---     print(B(x):totable()[1][1], B(x):totable()[2][1])    --> 1.0	3.0
---@operand basis lunops.Tensor  "frame coef"
---@operand text string  "coef y x -> frame y x"
---@field orthonormal? boolean  checks that it is, to 1e-4 in single and 1e-10 in double precision (false)
---@field extent? table  extents of dims of the signature
---@field name? string  shown by print, trace and explain
---@field batch? boolean  false closes the signature (true)
---@signature coef y x -> frame y x
---@adjoint the conjugate basis, summed over frame
---@normal one Dense over coef; with a transform that keeps frame, coef × coef Toeplitz kernels
---@return lunops.Linop
---@raises shape argument numeric
---@see Dense
function M.Subspace(given)
  local o = lo.options(given, "Subspace", {
    orthonormal = false, extent = false, name = false, batch = true,
  }, { orthonormal = "boolean", extent = "table", name = "string" })
  local basis, text = o[1], o[2]
  if lo.type(basis) ~= "tensor" then
    lo.fail("argument", "Subspace", "operand 1 (basis) must be a tensor, got " .. lo.type(basis))
  end
  if type(text) ~= "string" then
    lo.fail("argument", "Subspace", "operand 2 (text) must be a string, got " .. lo.type(text))
  end
  if basis.ndim ~= 2 or basis.names == "" then
    local found = "the basis is {%s}; it has two named dims, frames and coefficients"
    lo.fail("shape", "Subspace", found:format(basis.shape))
  end
  if o.orthonormal then
    local off, bound = misfit(basis), allowed[basis.dtype]
    if not (off <= bound) then
      local found = "the basis is not orthonormal: |BᴴB - I| = %.1e, allowed %.0e"
      lo.fail("numeric", "Subspace", found:format(off, bound))
    end
  end
  return lo.Dense{
    basis, text, extent = o.extent or nil, name = o.name or nil, batch = o.batch,
  }
end

return M
