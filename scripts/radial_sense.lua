-- SENSE reconstruction of radial data by conjugate gradients on the normal equations.
-- Usage: lunops radial_sense.lua [--data FILE] [--maps FILE] [--out PREFIX]    (--help explains)
-- Without --data it scans a phantom whose k-space is known exactly.
-- Source: Pruessmann et al., Magn. Reson. Med. 46 (2001) 638.
local lo = require "lunops"
local given = lo.arguments(arg, {
  { "data", "FILE", "measured k-space: BART cfl \"coil spoke sample\", or ISMRMRD" },
  { "traj", "FILE", "its trajectory; default: the data's name with ksp replaced by traj" },
  { "maps", "FILE", "coil maps \"coil y x\"; default: from the centre of k-space" },
  { "size", "N", "matrix of the image; default: the file's, else 256" },
  { "coils", 8, "coils of the phantom" },
  { "spokes", 96, "spokes of the phantom" },
  { "samples", 512, "samples per spoke of the phantom" },
  { "noise", 0.01, "noise of the phantom's samples, relative to the largest pixel" },
  { "seed", 0, "seed of that noise" },
  { "iters", 30, "iterations" },
  { "lambda", "X", "adds lambda/2 |x|^2; default: 0.2 for measured data, 0 for the phantom" },
  { "weight", { "none", "density" }, "weights of the data" },
  { "device", "cpu", "where it runs, such as cuda:0" },
  { "devices", 0, "virtual devices that share the work" },
  { "memory", "SIZE", "what each of them may use, such as 200MB" },
  { "deterministic", false, "the same bits for any devices and memory" },
  { "out", "radial_sense", "prefix of the results" },
  { "report", "FILE.json", "figures of the run" },
})
lo.mri.check_output(given.out, given.report)
if given.device ~= "cpu" and given.devices > 0 then
  lo.fail("argument", "radial_sense", "--device and --devices exclude each other")
end
local stage, began = lo.stages(), lo.now()

stage "read"
local scan = given.data and lo.mri.spokes(given.data, { traj = given.traj })
  or lo.mri.scan{ size = given.size or 256, coils = given.coils, spokes = given.spokes,
    samples = given.samples, noise = given.noise, seed = given.seed }
local ksp, traj = scan.ksp:to(given.device), scan.traj:to(given.device)
local size = given.size or scan.size or 256
local lambda = given.lambda or (given.data and 0.2 or 0)

stage "density"
local weighs_data = given.weight == "density"
local finds_maps = not (given.maps or scan.maps)
local W = (weighs_data or finds_maps)
  and lo.Diagonal{ lo.mri.weights(scan.traj):to(given.device), "spoke sample" }

stage "maps"
local F = lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = size, x = size } }
local maps = given.maps and lo.io.read(given.maps, { dims = "coil y x" }) or scan.maps
  or lo.mri.lowres{ F = F, ksp = ksp, weight = W }
local S = lo.Dense{ maps:to(given.device), "y x -> coil y x" }
local A = F * S

stage "solve"
local N = (weighs_data and A:normal(W) or A.N) + lambda * lo.Identity{}
local b = A.H(weighs_data and W(ksp) or ksp)
if given.devices > 0 or given.deterministic then
  local devices = { given.devices == 0 and given.device or nil }
  if given.devices > 0 then
    lo.virtual_devices{ cpu = given.devices, memory = given.memory }
  end
  for i = 1, given.devices do
    devices[i] = "cpu:" .. i - 1
  end
  N = lo.plan(N, { devices = devices, memory = given.memory, input = b, applications = given.iters,
    deterministic = given.deterministic })
end
print(lo.explain(N, b, { applications = given.iters }))
local x, info = lo.cg(N, b, { iters = given.iters, tol = 1e-6 })
print(info)
for device, peak in pairs(N.measured and N.measured.peak or {}) do
  print(("%s: peak %.1f MB, estimated %.1f MB"):format(device, peak / 1e6, N.estimate.peak[device] / 1e6))
end

stage "write"
x = x:to "cpu"
lo.io.write(given.out .. ".npy", x)
lo.io.write(given.out .. ".png", x)
lo.show(x)

local seconds = stage:report()
seconds.plan, seconds.solve = info.setup_seconds, seconds.solve - info.setup_seconds
seconds.total = lo.now() - began
local nrmse = scan.truth and {
  value = lo.metrics.nrmse(x, scan.truth, { scale = "real" }),
  reference = "band-limited phantom", scale = "real",
}
if nrmse then
  print(("NRMSE %.4f to the %s, one real scale fitted"):format(nrmse.value, nrmse.reference))
end
if given.report then
  local peaks = {}
  for _, name in ipairs{ "cpu", given.device } do
    peaks[name] = lo.memory()[name].peak
  end
  lo.io.write(given.report, {
    iterations = info.iterations, residual = info.history.residual, seconds = seconds,
    peak_bytes = peaks, nrmse = nrmse, extent = { y = size, x = size },
    coils = ksp.extent.coil, spokes = ksp.extent.spoke, lambda = lambda, version = lo.version,
  })
end
