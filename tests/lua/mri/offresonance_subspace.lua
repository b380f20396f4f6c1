-- SPDX-License-Identifier: MIT
-- The script of the models with segments and a basis, run as a user runs it. LUNOPS_PROGRAM is the
-- program, LUNOPS_SCRIPTS the folder of the scripts.
local check = require "check"

local program, scripts = os.getenv "LUNOPS_PROGRAM", os.getenv "LUNOPS_SCRIPTS"
local folder = os.tmpname()
os.remove(folder)
os.execute("mkdir " .. folder)
local small = " --size 32 --coils 3 --spokes 24 --frames 8 --iters 15"

-- Exit status and what was written to both streams.
local function run(arguments)
  local text = ("%s --progress off %s/offresonance_subspace.lua %s --out %s/a >%s/log 2>&1")
  local _, _, status = os.execute(text:format(program, scripts, small .. arguments, folder, folder))
  local file <close> = io.open(folder .. "/log")
  return status, file:read "a"
end

local function number(log, pattern)
  return tonumber(log:match(pattern) or error("no '" .. pattern .. "' in\n" .. log))
end

check.it("the planner couples segments and coefficients by kernels, and the script finds them right", function()
  local status, log = run " --toeplitz true"
  check.equal(status, 0)
  for _, line in ipairs{ "R15 NUFFT normal with Dense 'segments' -> ", "R15 NUFFT normal with Dense 'basis' -> 3 x 3 Toeplitz" } do
    if not log:find(line, 1, true) then error("explain does not say: " .. line .. "\n" .. log) end
  end
  for _, name in ipairs{ "uncorrected", "corrected", "subspace" } do
    -- tol = 1e-6 of the transforms on both sides
    check.near(number(log, name .. ": simplified and plain normals differ by (%S+)"), 0, 1e-5)
  end
end)

check.it("segments correct what off-resonance does to the image, in both forms", function()
  for _, form in ipairs{ "true", "false" } do
    local status, log = run(" --toeplitz " .. form)
    check.equal(status, 0)
    local before = number(log, "uncorrected: NRMSE (%S+)")
    check.near(number(log, "\ncorrected: NRMSE (%S+)") / before, 0, 0.5)
  end
end)

check.it("it writes a picture of every image", function()
  for _, name in ipairs{ "uncorrected", "corrected", "first_frame", "last_frame" } do
    assert(io.open(("%s/a_%s.png"):format(folder, name))):close()
  end
end)

os.execute("rm -r " .. folder)
check.done()
