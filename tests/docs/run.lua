-- Executes the code blocks of Markdown files, so that no example in the documentation is wrong.
-- Usage: lunops tests/docs/run.lua PROGRAM ROOT FILE…
--
-- `lua` blocks run as scripts of their own in a scratch folder; what they print must equal the texts after `-->`, in order, where `…`
-- matches anything and numbers may differ by 1e-4 relative.  A block opened by ```lua continued runs after the `lua` blocks before it on its page.  `sh` blocks run line by line in the project's folder; `./dev test` and `./dev bench` lines are
-- checked against `./dev help` instead, as they would run this test again or take minutes.  Other blocks need an info string `text`.
local program, root = arg[1], arg[2]
local failures, passed = {}, 0

local function quote(s)
  return "'" .. s:gsub("'", "'\\''") .. "'"
end

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo \"\nstatus $?\""))
  local text = pipe:read "a"
  pipe:close()
  local output, status = text:match "^(.*)\nstatus (%d+)%s*$"
  return output, tonumber(status)
end

local function same_text(got, want)
  if want:find "…" then
    local pattern = "^" .. want:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("…", ".*") .. "$"
    return got:find(pattern) ~= nil
  end
  if got == want then
    return true
  end
  local number = "[-+]?%d+%.?%d*[eE]?[-+]?%d*"
  if got:gsub(number, "#") ~= want:gsub(number, "#") then
    return false
  end
  local expected = want:gmatch(number)
  for text in got:gmatch(number) do
    local a, b = tonumber(text), tonumber(expected())
    if not a or not b or math.abs(a - b) > 1e-4 * math.max(math.abs(a), math.abs(b)) + 1e-12 then
      return false
    end
  end
  return true
end

local function trim(s)
  return (s:gsub("^%s+", ""):gsub("%s+$", ""))
end

local scratch = assert(os.getenv "LUNOPS_DOCS_SCRATCH", "LUNOPS_DOCS_SCRATCH names the scratch folder")

local function run_lua(text)
  local path = scratch .. "/block.lua"
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local output, status = capture(("cd %s && %s block.lua"):format(quote(scratch), quote(program)))
  if status ~= 0 then
    return "exit " .. tostring(status) .. ":\n" .. output
  end
  local wanted, got = {}, {}
  for want in text:gmatch "%-%->([^\n]*)" do
    wanted[#wanted + 1] = trim(want)
  end
  for line in output:gmatch "[^\n]+" do
    got[#got + 1] = trim(line)
  end
  if #wanted == 0 then
    return nil
  end
  local at = 1
  for _, want in ipairs(wanted) do
    while got[at] and not same_text(got[at], want) do
      at = at + 1
    end
    if not got[at] then
      return ("expected the output %q in:\n%s"):format(want, output)
    end
    at = at + 1
  end
  return nil
end

local function run_sh(text)
  for line in text:gmatch "[^\n]+" do
    line = trim(line:gsub("%s+#.*$", ""))
    if line:match "^%./dev test" or line:match "^%./dev bench" then
      local help = capture(("cd %s && ./dev help"):format(quote(root)))
      if not help:find(line:match "^%./dev (%a+)", 1, true) then
        return "unknown command: " .. line
      end
    elseif line ~= "" and not line:match "^#" then
      line = line:gsub("^%./dev ", "./dev --no-install "):gsub("^lunops ", quote(program) .. " ")
      local output, status = capture(("cd %s && %s"):format(quote(root), line))
      if status ~= 0 then
        return ("%s\nexit %s:\n%s"):format(line, tostring(status), output)
      end
    end
  end
  return nil
end

for i = 3, #arg do
  local path = arg[i]
  local number, start, kind, block, before = 0, 0, nil, {}, ""
  for line in io.lines(path) do
    number = number + 1
    local fence = line:match "^```([%a ]*)"
    if kind and line:match "^```%s*$" then
      local text = table.concat(block, "\n") .. "\n"
      local why
      if kind == "lua" then
        why, before = run_lua(text), text
      elseif kind == "lua continued" then
        why, before = run_lua(before .. text), before .. text
      elseif kind == "sh" then
        why = run_sh(text)
      elseif kind ~= "text" then
        why = ("a block of kind '%s' is not executed; use lua, sh or text"):format(kind)
      end
      if why then
        failures[#failures + 1] = ("%s:%d: %s"):format(path, start, why)
      else
        passed = passed + 1
      end
      kind, block = nil, {}
    elseif kind then
      block[#block + 1] = line
    elseif fence then
      kind, start = fence, number
    end
  end
end

for _, text in ipairs(failures) do
  print("FAILED " .. text)
end
print(("docs: %d passed, %d failed"):format(passed, #failures))
os.exit(#failures == 0 and 0 or 1)
