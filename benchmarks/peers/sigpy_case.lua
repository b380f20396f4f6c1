--- One operator, timed on request: our half of the comparison with sigpy.
-- Usage: lunops --threads N sigpy_case.lua --operator CODE --input FILE --idims D --output FILE --odims D
-- CODE is Lua that returns an operator; it sees `lo` and `read(path, dims)`.  FILEs are .npy: data of the input and of the output side.
-- Prints a JSON line about the plan, then answers lines of standard input with JSON lines:
--   forward N | adjoint N          seconds of N applications into a given output, one by one
--   save forward|adjoint FILE      the result of the last one as .npy
--   quit
local lo = require "lunops"
local given = lo.arguments(arg, {
  { "operator", "CODE", "Lua that returns an operator" },
  { "input", "FILE", "data of the input side" },
  { "idims", "DIMS", "their names" },
  { "output", "FILE", "data of the output side" },
  { "odims", "DIMS", "their names" },
})

local function answer(record)
  io.write((lo.json(record):gsub("%s*\n%s*", " ")), "\n")
  io.stdout:flush()
end

local environment = setmetatable({
  lo = lo,
  read = function(path, dims)
    return lo.io.read(path, { dims = dims })
  end,
}, { __index = _G })

local A = assert(load("return " .. given.operator, "=operator", "t", environment))()
local sides = {
  forward = { A = A, x = lo.io.read(given.input, { dims = given.idims }) },
  adjoint = { A = A.H, x = lo.io.read(given.output, { dims = given.odims }) },
}

local start = lo.now()
for _, side in pairs(sides) do
  side.y = side.A(side.x)
end
answer { planning_seconds = lo.now() - start, threads = lo.threads(), lunops = lo.version }

for line in io.lines() do
  local command, rest = line:match "^(%a+)%s*(.*)$"
  if command == "quit" then
    break
  elseif command == "save" then
    local direction, path = rest:match "^(%a+)%s+(.+)$"
    lo.io.write(path, sides[direction].y)
    answer { saved = path }
  else
    local side, seconds = sides[command], {}
    for i = 1, tonumber(rest) do
      local from = lo.now()
      side.A:apply(side.x, { out = side.y })
      seconds[i] = lo.now() - from
    end
    answer { seconds = seconds }
  end
end
