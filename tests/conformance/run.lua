-- Runs the conformance cases whose functions exist, and keeps the list of the others honest.
-- Usage: lunops tests/conformance/run.lua [--list]      (--list prints the names of the cases that are not yet run)
--
-- A case is "not yet" if its source names a function of `lo` or an option that does not exist; not_yet.txt beside this file must hold
-- exactly the names of those cases, so a case can neither be forgotten nor quietly dropped.
local lo = require "lunops"

local folder = arg[0]:match "^(.*)/[^/]*$" or "."
local cases_path = folder .. "/cases.lua"

local lines = {}
for line in io.lines(cases_path) do
  lines[#lines + 1] = line
end

local function exists(path)
  local value = lo
  for part in path:gmatch "[^.]+" do
    local ok, field = pcall(function()
      return value[part]
    end)
    if not ok or field == nil then
      return false
    end
    value = field
  end
  return true
end

-- The first function of `lo` that the case needs and that is missing, or nil.
local function missing(f)
  local info = debug.getinfo(f, "S")
  local text = table.concat(lines, "\n", info.linedefined, info.lastlinedefined)
  if info.linedefined == info.lastlinedefined then
    text = text:match "function%(lo.*" or text
  end
  for path in text:gmatch "%f[%w_]lo%.([%a_][%w_.]*)" do
    if not exists(path) then
      return "lo." .. path
    end
  end
  return nil
end

local function read(path, dims)
  return lo.io.read(folder .. "/" .. path, { dims = dims })
end

local function to_double(x)
  if x.dtype == "f32" then
    return x:as "f64"
  elseif x.dtype == "c64" then
    return x:as "c128"
  elseif x.dtype == "f64" or x.dtype == "c128" then
    return x
  end
  return x:as "f64"
end

local function distance(got, want, case)
  if type(want) == "boolean" then
    return got == want and 0 or math.huge, 0
  end
  if type(want) == "number" then
    if type(got) ~= "number" then
      got = got.re or got:item()
    end
    return math.abs(got - want), math.abs(want)
  end
  if type(got) == "number" then
    got = lo.full("", got)
  end
  if tostring(got.names) ~= tostring(want.names) or got.count ~= want.count then
    error(("result is {%s}, expected {%s}"):format(tostring(got.shape), tostring(want.shape)), 0)
  end
  got, want = to_double(got), to_double(want)
  return (got - want):norm(), want:norm()
end

local failures, passed, pending = {}, 0, {}

local function check(case, what, got, want)
  local off, size = distance(got, want, case)
  local bound = (case.rtol or 0) * size + (case.atol or 0)
  if not (off <= bound) then
    error(("%s: off by %.3g, allowed %.3g"):format(what, off, bound), 0)
  end
end

local function run_case(case)
  if case.operator then
    local A = case.operator(lo, read)
    check(case, "A(x)", A(read(case.x, case.x_dims)), read(case.y, case.y_dims))
    check(case, "A.H(v)", A.H(read(case.v, case.y_dims)), read(case.adjoint_of_v, case.x_dims))
    if case.normal_of_x then
      check(case, "A.N(x)", A.N(read(case.x, case.x_dims)), read(case.normal_of_x, case.x_dims))
    end
  else
    local want = case.expect
    if type(want) == "string" then
      want = read(want, case.dims)
    end
    check(case, "result", case.run(lo, read), want)
  end
end

local function run_text(case)
  local got = case.run(lo)
  if got ~= case.expect then
    error(("got %s, expected %s"):format(tostring(got), tostring(case.expect)), 0)
  end
end

local set = dofile(cases_path)
local function run_all(list, run, prefix)
  for _, case in ipairs(list) do
    local name = prefix .. case.name
    local lacks = missing(case.operator or case.run)
    if lacks then
      pending[#pending + 1] = name
    else
      local ok, why = pcall(run, case)
      if ok then
        passed = passed + 1
      elseif tostring(why):match "unknown option" then
        pending[#pending + 1] = name
      else
        failures[#failures + 1] = name .. ": " .. tostring(why)
      end
    end
  end
end
run_all(set.cases, run_case, "")
run_all(set.text, run_text, "text/")

if arg[1] == "--list" then
  print(table.concat(pending, "\n"))
  os.exit(0)
end

local listed, is_pending = {}, {}
for name in io.lines(folder .. "/not_yet.txt") do
  listed[name] = true
end
for _, name in ipairs(pending) do
  is_pending[name] = true
  if not listed[name] then
    failures[#failures + 1] = name .. ": cannot run and is not listed in not_yet.txt"
  end
end
for name in pairs(listed) do
  if not is_pending[name] then
    failures[#failures + 1] = name .. ": listed in not_yet.txt but its functions exist"
  end
end

table.sort(failures)
for _, text in ipairs(failures) do
  print("FAILED " .. text)
end
print(("conformance: %d passed, %d failed, %d not yet"):format(passed, #failures, #pending))
os.exit(#failures == 0 and 0 or 1)
