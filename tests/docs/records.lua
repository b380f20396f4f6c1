-- What is made from the records: the annotations name exactly what the module exports, and every class of operator in the sources has
-- a record and law cases.
-- Usage: lunops tests/docs/records.lua ROOT
local lo = require "lunops"
local root = arg[1]

local failures = 0
local function check(ok, text)
  if ok then return end
  failures = failures + 1
  print("FAILED " .. text)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

-- The file for editors.
local path = root .. "/share/lunops/luals/library/lunops.lua"
local text = read(path)
check(text:match "^%-%-%-@meta lunops\n", "the annotations do not start with ---@meta lunops")
local chunk, why = load(text, "@" .. path, "t")
check(chunk, "the annotations do not parse: " .. tostring(why))
check(chunk and not pcall(chunk), "the annotations can be run")

local declared, classes = {}, {}
for name in text:gmatch "\nfunction lo%.([%w_.]+)" do
  check(not declared[name], name .. " is declared twice")
  declared[name] = true
end
for name in text:gmatch "\n%-%-%-@class (%S+)" do
  check(not classes[name], "class " .. name .. " is declared twice")
  classes[name] = true
end
for name in text:gmatch "lunops%.%u[%w_]*" do
  check(classes[name], "class " .. name .. " is used and not declared")
end

local modules = { io = true, mri = true, metrics = true }
local function is_exported(name)
  local value = lo
  for part in name:gmatch "[^.]+" do
    local ok, field = pcall(function() return value[part] end)
    if not ok or field == nil then return false end
    value = field
  end
  return type(value) == "function"
end
for name in pairs(declared) do
  check(is_exported(name), "lo." .. name .. " is declared and not exported")
  local module = name:match "^(.-)%."
  if module then modules[module] = true end
end
local function check_exports(table_of, prefix)
  for name, value in next, table_of do
    if type(value) == "function" then
      check(declared[prefix .. name], "lo." .. prefix .. name .. " is exported and not declared")
    end
  end
end
check_exports(lo, "")
for module in pairs(modules) do check_exports(lo[module], module .. ".") end

-- Classes of operators: what `kind()` answers in the sources of runtime/linop.  These are made by others, never by a constructor.
local derived = { Normal = true, Plan = true, Tiled = true, pointwise = true, ["NUFFT normal"] = true, ["pruned FFT"] = true }
local known = {}
for _, row in ipairs(lo.operators()) do known[row.name] = row end
local pipe = assert(io.popen(("grep -rhA3 'kind() const noexcept override' '%s/runtime/linop'"):format(root)))
local found = 0
for body in (pipe:read "a" .. "\n"):gmatch "kind%(%) const noexcept override (.-}%s*\n)" do
  for kind in body:gmatch '"([^"]+)"' do
    found = found + 1
    check(known[kind] or derived[kind], "operator class '" .. kind .. "' of runtime/linop has no record")
  end
end
pipe:close()
check(found >= #lo.operators() / 2, "the classes of runtime/linop were not found")
for name, row in pairs(known) do
  check(row.law_cases > 0, name .. " has no law cases")
  check(row.signature ~= "" and row.dtypes ~= "", name .. " has no signature or dtypes")
end

-- The other way round: law cases that belong to no operator.
for _, file in ipairs{ "cases.txt", "recipes.txt" } do
  for line in io.lines(root .. "/tests/laws/" .. file) do
    local name = line:match "^(%a%w*) "
    check(not name or known[name], "law cases of '" .. tostring(name) .. "', which has no record")
  end
end

print(("records: %d operators, %d failed"):format(#lo.operators(), failures))
os.exit(failures == 0 and 0 or 1)
