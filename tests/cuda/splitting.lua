-- SPDX-License-Identifier: MIT
-- Work split over GPUs: as many virtual ones as asked for share those that there are.
local lo = require "lunops"
local check = require "check"

local why = lo.devices().cuda
if why then
  print("skipped: no GPU can be used here (" .. why .. ")")
  return
end

local maps = lo.randn("coil=8 y=16 x=12", { seed = 1 })
local A = lo.FFT "y x -> ky kx" * lo.Dense{ maps, "y x -> coil y x" }
local x = lo.randn("y=16 x=12", { seed = 2 })
local k = A(x)

local function distance(a, b) return (a:to "cpu" - b):norm() / b:norm() end

local function names(count)
  local list = {}
  for i = 1, count do list[i] = "cuda:" .. i - 1 end
  return list
end

check.it("tiles on 1, 2, 4 and 8 GPUs give what the host gives: forward, adjoint and normal", function()
  for _, count in ipairs{ 1, 2, 4, 8 } do
    lo.virtual_devices{ cuda = count }
    check.equal(#lo.devices(), 1 + count)
    for _, base in ipairs{ "cpu", "cuda:0" } do
      local B = lo.batch(A, "coil=1", { devices = names(count), base = base })
      local there, k_there = x:to(base), k:to(base)
      check.near(distance(B(there), k), 0, 1e-6) -- rounding of c64, sums over coils
      check.near(distance(B.H(k_there), A.H(k)), 0, 1e-6)
      check.near(distance(B.N(there), A.N(x)), 0, 1e-6)
    end
  end
end)

check.it("estimates of memory hold while points are sorted and kernels made", function()
  lo.virtual_devices{ cuda = 1 }
  local function estimate(N, image, dtype)
    local P = lo.plan(N:to "cuda:0", { devices = { "cuda:0" }, base = "cuda:0", dtype = dtype })
    P(image:to "cuda:0")
    for _, figure in ipairs{ "peak", "building" } do
      local bytes = P.measured[figure]["cuda:0"]
      check.near(P.estimate[figure]["cuda:0"], bytes, 0.1 * bytes) -- runs of tiles that are cut
    end
  end
  for _, options in ipairs{
    { toeplitz = true }, { toeplitz = false }, { toeplitz = false, dtype = "c128" },
  } do
    local traj = lo.mri.radial{ spokes = 150, samples = 96, extent = { y = 48, x = 48 } }
    local F = lo.NUFFT{ traj, "y x -> spoke sample", extent = { y = 48, x = 48 },
      toeplitz = options.toeplitz }
    estimate(F.N, lo.randn("y=48 x=48", { seed = 2, dtype = options.dtype }), options.dtype)
  end
  local line = lo.randn("sample=20000 d=1", { seed = 3, dtype = "f64" })
  estimate(lo.NUFFT{ line, "x -> sample", extent = { x = 300 }, toeplitz = false }.N,
    lo.randn("x=300", { seed = 4 }))
end)

check.it("with deterministic = true the bits do not depend on the number of GPUs", function()
  local first
  for _, count in ipairs{ 1, 2, 4 } do
    lo.virtual_devices{ cuda = count }
    local y = lo.batch(A, { coil = 2 }, { devices = names(count), base = "cuda:0", deterministic = true }).N(x:to "cuda:0")
    first = first or y:to "cpu"
    check.equal((y:to "cpu" - first):norm(), 0)
  end
end)

check.it("each wait has its record and each read its write; copies run beside compute", function()
  lo.virtual_devices{ cuda = 2 }
  for _, peer in ipairs{ true, false } do
    lo.virtual_devices{ cuda = 2, peer = peer }
    local B = lo.batch(A, "coil=1", { devices = names(2), base = "cuda:0" })
    local there = x:to "cuda:0"
    B.N(there)
    local T = lo.timeline(function() return B.N(there) end)
    check.equal(T:check(), true)
    local link = "cuda:0>cuda:1"
    check.equal(tostring(T):find(link, 1, true) ~= nil, peer)
    check.near(distance(B.N(there), A.N(x)), 0, 1e-6)
  end
end)

check.it("a timeline tells when the work of GPUs ran: in order along streams, after what it waits for", function()
  lo.virtual_devices{ cuda = 2 }
  local B = lo.batch(A, "coil=1", { devices = names(2), base = "cuda:0" })
  local there = x:to "cuda:0"
  B.N(there)
  local T, y = lo.timeline(function() return B.N(there) end)
  local ends, records = {}, {}
  -- Clocks of different GPUs are tied to that of the host to some microseconds.
  local tied = 1e-3
  for _, node in ipairs(T.nodes) do
    if node.stream ~= "cpu" then
      check.equal(node.start > 0 and node.stop >= node.start, true)
      check.equal(node.start >= (ends[node.stream] or 0), true)
      ends[node.stream] = node.stop
    end
    if node.kind == "record" then records[node.event] = node.stop end
    if node.kind == "wait" then check.equal(node.start > records[node.event] - tied, true) end
  end
  local share = T:overlap({ kind = "compute", device = "cuda:0" }, { kind = "compute", device = "cuda:1" })
  check.equal(share >= 0 and share <= 1, true)
  check.equal(T:count{ kind = "compute", device = "cuda:1" } > 0, true)
  check.equal(tostring(T):find("cuda:1", 1, true) ~= nil, true)
  check.near(distance(y, A.N(x)), 0, 1e-6)
end)

check.it("functions of the user at the end of a tile hand their result on when it is there", function()
  lo.virtual_devices{ cuda = 3 }
  local function double(v) return v * 2 end
  local twice = lo.Custom{ "c x -> c x", extent = { c = 6, x = 3 }, cuts = "c", apply = double, adjoint = double,
    split = function() return { apply = double, adjoint = double } end }
  local ones = lo.ones "c=6 x=3"
  local B = lo.batch(twice, { c = 2 }, { devices = names(3) })
  for _ = 1, 3 do
    check.near(distance(B(ones), 2 * ones), 0, 0)
    check.near(distance(B.H(ones), 2 * ones), 0, 0)
    check.near(distance(B.N(ones), 4 * ones), 0, 0)
  end
end)

check.it("gradients pass through tiles on GPUs", function()
  lo.virtual_devices{ cuda = 2 }
  local D = lo.Dense{ maps, "y x -> coil y x" }
  local gx, gw = lo.batch(D, "coil=2"):vjp(x, D(x))
  for _, base in ipairs{ "cpu", "cuda:0" } do
    local B = lo.batch(D, "coil=2", { devices = names(2), base = base })
    local bx, bw = B:vjp(x:to(base), B(x:to(base)))
    check.near(distance(bx, gx), 0, 1e-6)
    for path, gradient in pairs(bw) do check.near(distance(gradient, gw[path]), 0, 1e-6) end
  end
end)

check.it("a plan keeps to the memory of each GPU", function()
  lo.virtual_devices{ cuda = 2, memory = "150 kB" }
  local P = lo.plan(A.N, { devices = names(2), memory = "150 kB", input = x })
  check.near(distance(P(x), A.N(x)), 0, 1e-6)
  for device, peak in pairs(P.measured.peak) do
    if device ~= "cpu" and peak > 150e3 then error(device .. " took " .. peak .. " bytes") end
  end
end)

check.it("a device that there is not is an error that tells how many there are", function()
  lo.virtual_devices{ cuda = 2 }
  local _, text = pcall(lo.zeros, "x=3", { device = "cuda:2" })
  check.equal(tostring(text):find("there is no cuda:2; this machine has 2 CUDA device(s)", 1, true) ~= nil, true)
end)

check.done()
