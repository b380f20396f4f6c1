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

local function distance(a, b) return (a - b):norm() / b:norm() end

check.it("TimeSegmented: a constant frequency that turns one pixel's ramp moves the image by a pixel", function()
  local F = lo.FFT "y x -> ky kx"
  local t = lo.arange("kx=8", { dtype = "f64" }) - 4
  local b0 = lo.full("y=3 x=8", 1 / 8, { dtype = "f64" })
  local x = lo.randn("y=3 x=8", { dtype = "c128", seed = 1 })
  local moved = F.H(lo.TimeSegmented{ F, b0, t, segments = 1 }(x))
  -- The damping of the fit is 1e-8.
  check.near(distance(moved{ x = { 2, 8 } }, x{ x = { 1, 7 } }), 0, 1e-7)
  check.near(distance(moved{ x = 1 }, x{ x = 8 }), 0, 1e-7)
end)

check.it("TimeSegmented: agrees with the sum over pixels to the error that it tells", function()
  local n = 24
  local k = lo.arange("k=" .. n, { dtype = "f64" }) - n // 2
  local t = (k + n // 2) * 1e-3
  local index = lo.arange("x=" .. n, { dtype = "f64" }) - n // 2
  local b0 = index * 4
  local phase = lo.einsum("k, x -> k x", k, index) / n + lo.einsum("k, x -> k x", t, b0)
  local exact = lo.Dense{ (phase * (-2 * math.pi) * lo.i):exp() / math.sqrt(n), "x -> k" }
  local x = lo.randn("x=" .. n, { dtype = "c128", seed = 1 })
  local before = math.huge
  for _, segments in ipairs{ 2, 4, 6, 8 } do
    local A, info = lo.TimeSegmented{ lo.FFT "x -> k", b0, t, segments = segments }
    check.equal(info.segments, segments)
    check.equal(info.error < before, true)
    before = info.error
    check.near(distance(A(x), exact(x)), 0, 3 * info.error)
  end
  local _, info = lo.TimeSegmented{ lo.FFT "x -> k", b0, t, segments = "auto", tol = 1e-4 }
  check.equal(info.error <= 1e-4 and info.segments > 2 and info.segments < 12, true)
end)

check.it("TimeSegmented: errors name what is wrong", function()
  local F, b0 = lo.FFT "x -> k", lo.arange("x=4", { dtype = "f64" })
  local t = lo.arange("k=4", { dtype = "f64" })
  local function of(code, text, given) check.fails(code, text, function() lo.TimeSegmented(given) end) end
  of("argument", "TimeSegmented: operand 1 (F) must be an operator, got tensor", { b0, b0, t })
  of("dtype", "TimeSegmented: b0 is c64; it must be real, f32 or f64", { F, lo.ones "x=4", t })
  of("argument", "TimeSegmented: segments must be a whole number from 1 to 1024, or \"auto\", got 0", { F, b0, t, segments = 0 })
  of("numeric", "TimeSegmented: 64 segments leave an error of", { F, b0 * 1e3, t * 1.07, segments = "auto", tol = 1e-12 })
end)

check.done()
