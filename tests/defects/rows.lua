-- SPDX-License-Identifier: MIT
-- Every row of the list of defects (operators.md, section 13) has a test of its name.
-- Usage: lunops tests/defects/rows.lua FILE…
local check = require "check"

check.it("each of the rows D1 to D30 is a test", function()
  local seen = {}
  for _, path in ipairs(arg) do
    for line in io.lines(path) do
      local row = line:match '^check%.it%("D(%d+): '
      if row then seen[tonumber(row)] = true end
    end
  end
  for row = 1, 30 do
    if not seen[row] then error(("D%d has no test"):format(row)) end
  end
end)

check.done()
