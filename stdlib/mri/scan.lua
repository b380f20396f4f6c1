-- SPDX-License-Identifier: MIT
--- Radial data from a file, or those of the built-in phantom.
local lo = require "lunops"

local M = {}

--- Radial data with their trajectory: BART's cfl (with `traj`, or the data's name with "ksp"
--- replaced by "traj"), or ISMRMRD, which carries its own.
---
---     local _, why = pcall(lo.mri.spokes, "/no/such/ksp.cfl")
---     print(why.code)                                      --> file
---@param path string
---@param opts? { traj: string? }
---@return table scan  { ksp = "coil spoke sample", traj = "spoke sample d", size = N or nil }
function M.spokes(path, opts)
  local o = lo.options(opts, "spokes", { traj = false })
  local ismrmrd = lo.io.probe(path)
  if ismrmrd and ismrmrd.format == "ismrmrd" then
    local raw = lo.io.raw(path, { as = "spokes" })
    local matrix = raw.header.encoding and raw.header.encoding[1].recon.matrix
    local traj = o.traj and lo.io.read(o.traj, { dims = "spoke sample d", as = "traj" }) or raw.traj
    if not traj then
      lo.fail("format", "spokes", path .. " carries no trajectory; name a file that does")
    end
    return { ksp = raw.data, traj = traj, size = matrix and matrix.x > 0 and matrix.x or nil }
  end
  local ksp = lo.io.read(path, { dims = "coil spoke sample" })
  local other, found = path:gsub("ksp([^/]*)$", "traj%1")
  if not o.traj and found == 0 then
    local text = "%s has no 'ksp' in its name to replace by 'traj'; name the trajectory"
    lo.fail("argument", "spokes", text:format(path))
  end
  return { ksp = ksp, traj = lo.io.read(o.traj or other, { dims = "spoke sample d", as = "traj" }) }
end

--- What a radial scan of the phantom measures, with the maps and the band-limited image to compare
--- with.
---
---     local scan = lo.mri.scan{ size = 16, coils = 2, spokes = 5, samples = 32 }
---     print(scan.ksp.shape, scan.truth.shape)              --> coil=2 spoke=5 sample=32	y=16 x=16
---@param given table  size, coils, spokes, samples; noise s: complex, E|n|^2 = (s max|image|)^2;
--- seed
---@return table scan  { ksp, traj, size, maps, truth }
function M.scan(given)
  local o = lo.options(given, "scan", {
    size = 256, coils = 8, spokes = 96, samples = 512, noise = 0, seed = 0,
  })
  local phantom, coils = require "lunops.mri.phantom".phantom, require "lunops.mri.coils".coils
  local traj = require "lunops.mri.radial".radial{
    spokes = o.spokes, samples = o.samples, extent = o.size,
  }
  local maps = coils{ count = o.coils, extent = o.size }
  local ksp = phantom{ extent = o.size, traj = traj, coils = maps }
  local truth = phantom{ extent = o.size }
  if o.noise > 0 then
    ksp = ksp + lo.randn(ksp.shape, { seed = o.seed }) * (o.noise * truth:abs():max())
  end
  return { ksp = ksp, traj = traj, size = o.size, maps = maps, truth = truth }
end

--- Fails before any work is done if PREFIX.npy or the report could not be written.
---
---     print((select(2, pcall(lo.mri.check_output, "/no/such/folder/x"))).code)       --> file
---@param prefix string
---@param report? string
---@return nil
function M.check_output(prefix, report)
  if report and not report:match "%.json$" then
    lo.fail("argument", "output", ("the report %s must end in .json"):format(report))
  end
  for _, path in ipairs{ prefix .. ".npy", report } do
    local probe = path .. ".check"
    local file, why = io.open(probe, "w")
    if not file then
      lo.fail("file", "output", ("cannot write %s: %s"):format(path, why:gsub("^.*: ", "")))
    end
    file:close()
    os.remove(probe)
  end
end

return M
