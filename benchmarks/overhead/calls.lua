-- T11 and T13: what a call from Lua costs, and the start of the program, also with 1000 files in the working folder.
-- Usage: lunops benchmarks/overhead/calls.lua --program FILE --folder FOLDER [--json FILE] [--quick]
package.path = (arg[0]:match "^(.*)/overhead/[^/]*$" or ".") .. "/?.lua;" .. package.path
local lo = require "lunops"
local paired = require "paired"
local given = lo.arguments(arg, {
  { "program", "FILE", "the lunops program" },
  { "folder", "FOLDER", "where scratch files go" },
  { "json", "FILE", "records, appended" },
  { "quick", false, "a short run" },
})
local rounds, calls = given.quick and 2 or 11, given.quick and 2000 or 200000
local records = {}

-- Seconds per call, the empty loop taken off; the first round warms up.
local function per_call(name, must, f)
  local seconds = {}
  for round = 0, rounds do
    local start = lo.now()
    for _ = 1, calls do
    end
    local empty = lo.now() - start
    start = lo.now()
    f(calls)
    seconds[round] = (lo.now() - start - empty) / calls
  end
  local low, high = paired.quartiles(seconds)
  records[#records + 1] = { name = "lua/" .. name, seconds = seconds, median = paired.median(seconds), quartiles = { low, high }, warm_up = 1 }
  print(("%-28s %8.3f us  (must %g us)"):format(name, paired.median(seconds) * 1e6, must))
end

local x = lo.ones "x=16"
local y = lo.zeros "x=16"
local A = lo.Diagonal{ lo.ones "x=16", "x" }
per_call("bound function", 1, function(n)
  local now = lo.now
  for _ = 1, n do
    now()
  end
end)
per_call("x.extent.x", 0.2, function(n)
  for _ = 1, n do
    local _ = x.extent.x
  end
end)
per_call("A(x), 16 elements", 5, function(n)
  for _ = 1, n do
    local _ = A(x)
  end
end)
per_call("A:apply into out", 5, function(n)
  local options = { out = y }
  for _ = 1, n do
    A:apply(x, options)
  end
end)

local function start_up(name, folder)
  local times = {}
  for i = 1, given.quick and 5 or 61 do
    times[i] = paired.time(("cd %s && exec %s -e ''"):format(folder, given.program))
  end
  table.remove(times, 1)
  local low, high = paired.quartiles(times)
  records[#records + 1] = { name = "start/" .. name, seconds = times, median = paired.median(times), quartiles = { low, high }, warm_up = 1 }
  print(("%-28s %8.2f ms  (must 20 ms; quartiles %.2f … %.2f, shell included)"):format(name, paired.median(times) * 1e3, low * 1e3, high * 1e3))
end
start_up("lunops -e ''", given.folder)
local crowded = given.folder .. "/crowded"
os.execute(("mkdir -p %s && cd %s && for i in $(seq 1000); do : > file_$i.dat; done"):format(crowded, crowded))
start_up("in a folder of 1000 files", crowded)

if given.json then
  local machine = paired.machine()
  local file = assert(io.open(given.json, "a"))
  for _, record in ipairs(records) do
    record.threads, record.device, record.compiler = lo.threads(), "cpu " .. (machine.cpu or "unknown"), machine.compiler
    record.commit, record.dirty, record.date = machine.commit, machine.dirty, machine.date
    file:write(lo.json(record), "\n")
  end
  file:close()
end
