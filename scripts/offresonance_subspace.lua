-- Two SENSE reconstructions whose models are products of catalogue operators: one corrects for
-- off-resonance by time segments, one finds few coefficients of a time course from frames of a few
-- spokes each. The planner turns both normals into matrices of convolutions.
-- Usage: lunops offresonance_subspace.lua [--size N] [--out PREFIX]                (--help explains)
-- Sources: Fessler et al., IEEE Trans. Signal Process. 53 (2005) 3393; Tamir et al., Magn. Reson.
-- Med. 77 (2017) 180.
local lo = require "lunops"
local given = lo.arguments(arg, {
  { "size", 128, "matrix of the image" },
  { "coils", 6, "coils" },
  { "spokes", 96, "spokes of the scan with off-resonance" },
  { "hertz", 60, "largest off-resonance" },
  { "frames", 32, "frames of the scan with a basis" },
  { "coefs", 3, "basis functions" },
  { "iters", 20, "iterations" },
  { "toeplitz", { "auto", "true", "false" }, "form of the normals; auto: by estimated cost" },
  { "out", "offresonance_subspace", "prefix of the pictures" },
})
local size, forms = given.size, { auto = "auto", ["true"] = true, ["false"] = false }
local function nufft(traj, text)
  return lo.NUFFT{ traj, text, extent = { y = size, x = size }, tol = 1e-6,
    toeplitz = forms[given.toeplitz] }
end
local maps = lo.mri.coils{ count = given.coils, extent = size }
local truth = lo.mri.phantom{ extent = size }

-- The normal as planned against Aᴴ(A x) as written, then conjugate gradients.
local function reconstruct(name, A, y)
  local b = A.H(y)
  print(lo.explain(A.N, b, { applications = given.iters }))
  local simple, plain = A.N(b), A.H(A(b))
  local off = (simple - plain):norm() / plain:norm()
  print(("%s: simplified and plain normals differ by %.1e"):format(name, off))
  assert(off < 1e-5, "the rewritten normal is not the operator's")
  local x, info = lo.cg(A.N, b, { iters = given.iters, tol = 1e-6 })
  print(("%s: %d iterations, residual %.1e"):format(name, info.iterations, info.residual))
  return x
end
local function report(name, x, ref)
  print(("%s: NRMSE %.4f"):format(name, lo.metrics.nrmse(x, ref, { scale = "complex" })))
  lo.io.write(("%s_%s.png"):format(given.out, name), x:abs())
end

-- Off-resonance that grows from edge to edge of the image, over readouts of 8 ms.
local real, samples = { dtype = "f32" }, 2 * size
local traj = lo.mri.radial{ spokes = given.spokes, samples = samples, extent = size }
local t = lo.einsum("spoke, sample -> spoke sample", lo.full("spoke=" .. given.spokes, 8e-3, real),
  lo.arange("sample=" .. samples, real) / samples)
local b0 = lo.einsum("y, x -> y x", lo.full("y=" .. size, given.hertz, real),
  lo.arange("x=" .. size, real) * (2 / size) - 1)
local F = nufft(traj, "y x -> spoke sample")
local S = lo.Dense{ maps, "y x -> coil y x", name = "maps" }
local C, fit = lo.TimeSegmented{ F, b0, t, segments = "auto" }
local y = (lo.TimeSegmented{ F, b0, t, segments = 2 * fit.segments } * S)(truth)
report("uncorrected", reconstruct("uncorrected", F * S, y), truth)
report("corrected", reconstruct("corrected", C * S, y), truth)

-- An image that decays over frames of golden-angle spokes, in a basis of polynomials.
local frames, coefs = given.frames, given.coefs
local golden = lo.mri.radial{ spokes = 8, samples = samples, extent = size, angles = "golden",
  frames = frames }
local time = lo.arange("frame=" .. frames, real) / frames
local course = lo.einsum("frame, y x -> frame y x", (time * -1):exp():as "c64", truth)
local rows = {}
for k = 1, coefs do
  local b = time ^ (k - 1)
  for _, other in ipairs(rows) do b = b - lo.dot(other, b) * other end
  rows[k] = b / b:norm()
end
for k, row in ipairs(rows) do rows[k] = row:totable() end
local basis = lo.tensor(rows, "coef frame", real):permute "frame coef"
local G = nufft(golden, "frame coil y x -> frame coil spoke sample")
local T = lo.Dense{ maps, "frame y x -> frame coil y x", name = "maps" }
local B = lo.Subspace{ basis, "coef y x -> frame y x", orthonormal = true, name = "basis" }
local c = reconstruct("subspace", G * T * B, (G * T)(course))
report("first_frame", B(c){ frame = 1 }, course{ frame = 1 })
report("last_frame", B(c){ frame = frames }, course{ frame = frames })
