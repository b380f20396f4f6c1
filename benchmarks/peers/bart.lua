-- The main job against BART's `pics`: same files, maps, iterations, weights (none) and threads, whole processes in turn.
-- Usage: ./dev bench --peer bart [--pairs N] [--cold] [--size 256] [--coils 8] [--spokes 96] [--samples 512] [--iters 30] [--json FILE]
--        ./dev bench --peer bart --weight density --reach     (T2: time to BART's NRMSE)
--
-- Problem M1: analytic multi-coil radial phantom with exact k-space.  Both NRMSEs are against the band-limited phantom, one real scale
-- fitted.  BART runs as its documentation recommends, `pics -l2 -i30`; its FFTW plans and thread count are its own, on the same cores.
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
  { "iters", 30, "iterations" },
  { "threads", 2, "threads and cores of both" },
  { "pairs", 60, "most pairs to run" },
  { "cold", false, "without FFT wisdom for lunops" },
  { "weight", { "none", "density" }, "weights of lunops' data" },
  { "reach", false, "T2: lunops stops at the first iteration whose NRMSE is at most BART's" },
  { "json", "FILE", "record" },
})
local folder, results, size = given.folder, given.results, given.size

local extent = { y = size, x = size }
local traj = lo.mri.radial{ spokes = given.spokes, samples = given.samples, extent = extent }
local maps = lo.mri.coils{ count = given.coils, extent = extent }
local ksp = lo.mri.phantom{ extent = extent, traj = traj, coils = maps }
local truth = lo.mri.phantom{ extent = extent, sampling = "kspace" }
lo.io.write(folder .. "/m1_ksp.cfl", ksp)
lo.io.write(folder .. "/m1_traj.cfl", traj)
lo.io.write(folder .. "/m1_maps.cfl", maps)

local cores = "taskset -c 0-" .. given.threads - 1 .. " "
local function ours_with(iters)
  return ("%s%s --threads %d --progress off scripts/radial_sense.lua --data %s/m1_ksp.cfl --maps %s/m1_maps.cfl --size %d --iters %d --lambda 0 --weight %s --out %s/m1_lunops >/dev/null"):format(
    cores, given.program, given.threads, folder, folder, size, iters, given.weight, results)
end
local theirs = ("OMP_NUM_THREADS=%d OMP_PROC_BIND=close %sbart pics -l2 -r0 -i%d -t %s/m1_traj %s/m1_ksp %s/m1_maps %s/m1_bart >/dev/null"):format(
  given.threads, cores, given.iters, folder, folder, folder, results)

local function error_of(path)
  return lo.metrics.nrmse(lo.io.read(path, { dims = "y x" }), truth, { scale = "real" })
end
local our_iters = given.iters
if given.reach then
  paired.time(theirs)
  local goal = error_of(results .. "/m1_bart.cfl")
  for iters = 1, given.iters do
    paired.time(ours_with(iters))
    our_iters = iters
    if error_of(results .. "/m1_lunops.npy") <= goal then
      break
    end
  end
end
local ours = ours_with(our_iters)
if given.cold then
  ours = ("rm -rf %s/cold && LUNOPS_CACHE=%s/cold "):format(folder, folder) .. ours
end

local record = paired.compare(ours, theirs, { least = math.min(10, given.pairs), most = given.pairs })
local nrmse = { lunops = error_of(results .. "/m1_lunops.npy"), bart = error_of(results .. "/m1_bart.cfl") }

local low, high = paired.quartiles(record.a)
local low_bart, high_bart = paired.quartiles(record.b)
print(("M1: radial %d x %d, %d coils, %d spokes x %d samples, %d iterations (lunops %d, weight %s), %d threads, %s wisdom"):format(
  size, size, given.coils, given.spokes, given.samples, given.iters, our_iters, given.weight, given.threads, given.cold and "cold" or "warm"))
print(("  lunops  %.3f s  (quartiles %.3f … %.3f)  NRMSE %.4f"):format(paired.median(record.a), low, high, nrmse.lunops))
print(("  BART    %.3f s  (quartiles %.3f … %.3f)  NRMSE %.4f"):format(paired.median(record.b), low_bart, high_bart, nrmse.bart))
print(("  BART / lunops: %.1f  (95 %% interval %.1f … %.1f, %d pairs)"):format(record.ratio, record.low, record.high, #record.a))

if given.json then
  lo.io.write(given.json, {
    name = "recon/M1", peer = "bart pics -l2 -r0 -i" .. given.iters,
    problem = { size = size, coils = given.coils, spokes = given.spokes, samples = given.samples, iterations = given.iters, our_iterations = our_iters, weight = given.weight, dtype = "c64" },
    variant = "whole process", wisdom = given.cold and "cold" or "warm", threads = given.threads,
    seconds = record.a, peer_seconds = record.b, ratio = record.ratio, interval = { record.low, record.high },
    nrmse = nrmse, reference = "band-limited phantom, one real scale fitted", machine = paired.machine(),
  })
end
