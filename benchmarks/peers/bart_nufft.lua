-- One NUFFT of 8 coils against BART's `nufft` (T5): whole processes from files to files, and the transform alone.
-- Usage: ./dev bench --peer bart-nufft [--pairs N] [--size 256] [--coils 8] [--spokes 96] [--samples 512] [--threads 2] [--json FILE]
--
-- Both read the same cfl files and write one.  Ours runs at a tol whose measured error is at most BART's, which has no choice of accuracy; both
-- errors are relative ones to a NUFFT in double precision at tol 1e-12, after one real scale is fitted.  BART cannot time a transform
-- within a process, so `alone` is the slope of its whole processes: one more set of coils in a dim that the trajectory lacks.
package.path = (arg[0]:match "^(.*)/peers/[^/]*$" or ".") .. "/?.lua;" .. package.path
local lo = require "lunops"
local paired = require "paired"

local given = lo.arguments(arg, {
  { "program", "FILE", "the lunops program" },
  { "folder", "FOLDER", "where data go" },
  { "results", "FOLDER", "where both programs write" },
  { "size", 256, "matrix" },
  { "coils", 8, "coils" },
  { "spokes", 96, "spokes" },
  { "samples", 512, "samples per spoke" },
  { "threads", 2, "threads and cores of both" },
  { "pairs", 60, "most pairs to run" },
  { "sets", 9, "sets of coils in the longer run that gives the slope" },
  { "json", "FILE", "records, one per line" },
})
local folder, results, size = given.folder, given.results, given.size
local extent = { y = size, x = size }
local traj = lo.mri.radial{ spokes = given.spokes, samples = given.samples, extent = extent }
local F = lo.NUFFT{ traj, "y x -> spoke sample", extent = extent, tol = 1e-12 }

local data = {
  forward = lo.randn(("coil=%d y=%d x=%d"):format(given.coils, size, size), { seed = 1 }),
  adjoint = lo.randn(("coil=%d spoke=%d sample=%d"):format(given.coils, given.spokes, given.samples), { seed = 2 }),
}
local exact = { forward = F(data.forward:as "c128"), adjoint = F.H(data.adjoint:as "c128") }
local dims = { forward = "coil spoke sample", adjoint = "coil y x" }
lo.io.write(folder .. "/t5_traj.cfl", traj)
for direction, x in pairs(data) do
  lo.io.write(("%s/t5_%s.cfl"):format(folder, direction), x)
  lo.io.write(("%s/t5_%s_many.cfl"):format(folder, direction),
    lo.randn(("avg=%d %s"):format(given.sets, tostring(x.shape)), { seed = 3 }))
end

local cores = "taskset -c 0-" .. given.threads - 1 .. " "
local case = arg[0]:gsub("bart_nufft", "bart_nufft_case")
local function ours(direction, tol, more)
  return ("%s%s --threads %d %s --direction %s --traj %s/t5_traj.cfl --data %s/t5_%s.cfl --size %d --tol %g --out %s/t5_lunops.cfl %s"):format(
    cores, given.program, given.threads, case, direction, folder, folder, direction, size, tol, results, more or "")
end
local function theirs(direction, many)
  local kind = direction == "adjoint" and ("-a -d %d:%d:1 "):format(size, size) or ""
  return ("OMP_NUM_THREADS=%d OMP_PROC_BIND=close %sbart nufft %s%s/t5_traj %s/t5_%s%s %s/t5_bart >/dev/null"):format(
    given.threads, cores, kind, folder, folder, direction, many and "_many" or "", results)
end

local function error_of(path, direction)
  local got = lo.io.read(path, { dims = dims[direction] }):as "c128"
  local want = exact[direction]
  local scale = lo.dot(got, want).re / lo.dot(got, got).re
  return (got * scale - want):norm() / want:norm()
end

for _, direction in ipairs{ "forward", "adjoint" } do
  paired.time(theirs(direction))
  local their_error, my_error, tol = error_of(results .. "/t5_bart.cfl", direction), math.huge, nil
  for _, try in ipairs{ 3e-2, 1e-2, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 1e-5 } do
    paired.time(ours(direction, try))
    my_error, tol = error_of(results .. "/t5_lunops.cfl", direction), try
    if my_error <= their_error then
      break
    end
  end
  local least = math.min(10, given.pairs)
  local whole = paired.compare(ours(direction, tol), theirs(direction), { least = least, most = given.pairs })

  local pipe = assert(io.popen(ours(direction, tol, "--runs 200")))
  local alone = tonumber(pipe:read "a")
  pipe:close()
  local slopes = {}
  for i = 1, least do
    local one, many = paired.time(theirs(direction)), paired.time(theirs(direction, true))
    slopes[i] = (many - one) / (given.sets - 1)
  end
  local slope = paired.median(slopes)
  print(("%s, %d coils, %d x %d points, %d threads: lunops tol %g, error %.1e; BART error %.1e"):format(
    direction, given.coils, given.spokes, given.samples, given.threads, tol, my_error, their_error))
  print(("  whole process  lunops %.1f ms, BART %.1f ms; BART / lunops %.1f  (95 %% interval %.1f … %.1f, %d pairs)"):format(
    1e3 * paired.median(whole.a), 1e3 * paired.median(whole.b), whole.ratio, whole.low, whole.high, #whole.a))
  print(("  transform      lunops %.2f ms, BART %.1f ms; BART / lunops %.1f"):format(1e3 * alone, 1e3 * slope, slope / alone))
  if given.json then
    local file = assert(io.open(given.json, "a"))
    file:write((lo.json({
      name = "nufft_" .. direction .. "_against_bart",
      problem = { size = size, coils = given.coils, spokes = given.spokes, samples = given.samples, dtype = "c64", tol = tol },
      seconds = whole.a, peer_seconds = whole.b, ratio = whole.ratio, interval = { whole.low, whole.high },
      alone = { seconds = alone, peer_seconds = slope, peer_slopes = slopes, ratio = slope / alone },
      error = my_error, peer_error = their_error, reference = "NUFFT in c128 at tol 1e-12, one real scale fitted",
      threads = given.threads, machine = paired.machine(),
    }):gsub("%s*\n%s*", " ")), "\n")
    file:close()
  end
end
