-- SPDX-License-Identifier: MIT
local check = require "check"
local lo = require "lunops"

local function fails(code, text, given)
  check.fails(code, text, function() lo.Subspace(given) end)
end

check.it("Subspace: the example of the catalogue", function()
  local basis = lo.tensor({ { 1, 0 }, { 1, 1 } }, "frame coef", { dtype = "f32" })
  local frames = lo.Subspace{ basis, "coef -> frame" }(lo.tensor({ 1, 2 }, "coef", { dtype = "f32" }))
  check.equal(frames:totable()[1], 1.0)
  check.equal(frames:totable()[2], 3.0)
end)

check.it("Subspace: a basis that is not orthonormal is told by how much", function()
  local basis = lo.tensor({ { 1, 0 }, { 0, 1 }, { 0, 0 } }, "frame coef", { dtype = "f32" })
  local text = "coef y -> frame y"
  lo.Subspace{ basis, text, orthonormal = true }
  fails("numeric", "Subspace: the basis is not orthonormal: |BᴴB - I| = 1.1e+01, allowed 1e-04", { basis * 3, text, orthonormal = true })
end)

check.it("Subspace: errors name what is wrong", function()
  fails("argument", "Subspace: operand 1 (basis) must be a tensor, got string", { "coef -> frame" })
  fails("argument", "Subspace: operand 2 (text) must be a string, got nil", { lo.ones "frame=2 coef=1" })
  fails("shape", "Subspace: the basis is {frame=2}; it has two named dims, frames and coefficients", { lo.ones "frame=2", "coef -> frame" })
  fails("argument", "Subspace: unknown option 'orthonormed' (did you mean 'orthonormal'?)", { lo.ones "frame=2 coef=1", "coef -> frame", orthonormed = true })
end)

check.done()
