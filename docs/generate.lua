-- Writes what is made from the records of functions: docs/reference/*.md, annotations for editors that understand LuaLS, names for
-- luacheck; and the manual page, from the table of options.
-- Usage: lunops docs/generate.lua           writes the files that changed; `./dev docs` runs it
--        lunops docs/generate.lua --check   writes nothing, exits 1 if a file is not what it would be
local root = arg[0]:match "^(.*)/docs/generate%.lua$" or "."
package.path = root .. "/docs/generate/?.lua;" .. package.path
local json = require "json"
local markdown = require "markdown"
local annotations = require "annotations"
local manual = require "manual"

local function output(option)
  local pipe = assert(io.popen(("'%s' %s"):format(arg[-1], option)))
  local text = pipe:read "a"
  assert(pipe:close(), "lunops " .. option .. " failed")
  return text
end

local records = json.decode(output "--dump-records")

local files = markdown.pages(records)
files["share/lunops/luals/library/lunops.lua"] = annotations.text(records)
files["share/lunops/luacheck.lua"] = annotations.luacheck(records)
files["share/man/man1/lunops.1"] = manual.page(output "--help", (output "--version"):match "^lunops (%S+)")

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local names = {}
for name in pairs(files) do names[#names + 1] = name end
table.sort(names)

-- Pages of topics that no longer exist.
local listing = assert(io.popen(("ls '%s/docs/reference' 2>/dev/null"):format(root)))
local old = {}
for name in listing:lines() do
  if not files["docs/reference/" .. name] then old[#old + 1] = "docs/reference/" .. name end
end
listing:close()

local stale = {}
for _, name in ipairs(names) do
  if read(root .. "/" .. name) ~= files[name] then stale[#stale + 1] = name end
end

if arg[1] == "--check" then
  for _, name in ipairs(stale) do print(name .. " is not what the records say; run ./dev docs") end
  for _, name in ipairs(old) do print(name .. " belongs to no topic; run ./dev docs") end
  os.exit(#stale + #old == 0 and 0 or 1)
end
if #stale > 0 then
  for _, folder in ipairs{ "docs/reference", "share/lunops/luals/library", "share/man/man1" } do
    assert(os.execute(("mkdir -p '%s/%s'"):format(root, folder)))
  end
end
for _, name in ipairs(stale) do
  local file = assert(io.open(root .. "/" .. name, "wb"))
  assert(file:write(files[name]))
  file:close()
  print("wrote " .. name)
end
for _, name in ipairs(old) do
  assert(os.remove(root .. "/" .. name))
  print("removed " .. name)
end
