-- One NUFFT from cfl files to a cfl file: our half of bart_nufft.lua.
-- Usage: lunops bart_nufft_case.lua --direction forward|adjoint --traj FILE --data FILE --out FILE [--size 256] [--tol T] [--runs N]
-- With --runs it prints the median seconds of N applications into a given output instead.
local lo = require "lunops"
local given = lo.arguments(arg, {
  { "direction", { "forward", "adjoint" }, "which transform" },
  { "traj", "FILE", "trajectory" },
  { "data", "FILE", "image or samples" },
  { "out", "FILE", "result" },
  { "size", 256, "matrix" },
  { "tol", 1e-3, "tolerance" },
  { "runs", 0, "applications to time" },
})
local is_adjoint = given.direction == "adjoint"
local traj = lo.io.read(given.traj, { dims = "spoke sample d" })
local F = lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = given.size, x = given.size }, tol = given.tol }
local A = is_adjoint and F.H or F
local x = lo.io.read(given.data, { dims = is_adjoint and "coil spoke sample" or "coil y x" })
local y = A(x)
if given.runs == 0 then
  lo.io.write(given.out, y)
  return
end
local seconds = {}
for i = 1, given.runs do
  local start = lo.now()
  A:apply(x, { out = y })
  seconds[i] = lo.now() - start
end
table.sort(seconds)
print(seconds[(given.runs + 1) // 2])
