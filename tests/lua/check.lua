-- SPDX-License-Identifier: MIT
-- The runner of Lua tests: check.it("sentence", function() … end); check.done() at the end of a file.
local check = {}

local passed, failed = 0, 0
local is_done = false

-- A file that forgets check.done() would pass whatever its tests find.
setmetatable(check, {
  __gc = function()
    if is_done then return end
    io.stderr:write("the file ended without check.done()\n")
    os.exit(1)
  end,
})

function check.it(sentence, f)
  if is_done then error("a test stands after check.done(): " .. sentence, 2) end
  local ok, message = xpcall(f, function(e) return debug.traceback(tostring(e), 2) end)
  if ok then
    passed = passed + 1
  else
    failed = failed + 1
    io.stderr:write("FAILED: ", sentence, "\n  ", (message:gsub("\n", "\n  ")), "\n")
  end
end

function check.equal(found, expected)
  if found ~= expected then
    error(("expected %s, found %s"):format(tostring(expected), tostring(found)), 2)
  end
end

-- A number within `tolerance` of what is expected.
function check.near(found, expected, tolerance)
  if not (math.abs(found - expected) <= tolerance) then
    error(("expected %.17g, found %.17g"):format(expected, found), 2)
  end
end

-- f must raise an error whose text contains `text`, plainly.
function check.raises(text, f, ...)
  local ok, e = pcall(f, ...)
  if ok then error("no error was raised; expected: " .. text, 2) end
  if not tostring(e):find(text, 1, true) then
    error(("expected an error with\n  %s\nfound\n  %s"):format(text, tostring(e)), 2)
  end
  return e
end

-- f must raise a lunops.Error with this code whose text begins with `text`, placed in the test
-- itself and not in a module of ours.
function check.fails(code, text, f, ...)
  local e = check.raises(text, f, ...)
  check.equal(type(e) == "table" and e.code, code)
  check.equal(tostring(e):sub(1, #text), text)
  local here = debug.getinfo(2, "S").short_src
  check.equal(e.where:sub(1, #here + 1), here .. ":")
end

function check.done()
  is_done = true
  print(("%d passed, %d failed"):format(passed, failed))
  if failed > 0 or passed == 0 then os.exit(1, true) end
end

return check
