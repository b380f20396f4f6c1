--- The manual page, from what `lunops --help` lists.
local M = {}

local function escaped(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n%.", "\n\\&."))
end

--- The text of lunops.1.
---@param help string  what `lunops --help` prints
---@param version string
---@return string
function M.page(help, version)
  local summary, options = help:match "^(.-)\n.-Options:\n(.*)$"
  local out = {
    ".\\\" Made by `./dev docs` from the table of options.",
    (".TH LUNOPS 1 \"\" \"lunops %s\" \"User Commands\""):format(version),
    ".SH NAME", "lunops \\- " .. escaped(summary:sub(1, 1):lower() .. summary:sub(2):gsub("%.$", "")),
    ".SH SYNOPSIS", ".B lunops", "[options] [script [arguments]]",
    ".SH DESCRIPTION",
    "Without a script: the prompt where input is a terminal, else the text on standard input.",
    "A script's own options are not interpreted; they are in", ".I arg", "and", ".IR ... .",
    ".SH OPTIONS",
  }
  -- "  -e TEXT        run TEXT"; the text may stand on the next line.
  for line in options:gmatch "[^\n]+" do
    local name, text = line:match "^  (%-.-)%s%s+(.*)$"
    if not name then name = line:match "^  (%-.*)$" end
    if name then
      local word = name:gsub("TEXT:{(.-)}", function(choices) return (choices:gsub(",", "|")) end)
      word = word:gsub(":%u.*$", ""):gsub("^(%-%w),", "%1, ")
      out[#out + 1] = ".TP\n.B " .. escaped(word)
    end
    text = text or (not name and line:match "^%s+(.*)$")
    if text then out[#out + 1] = escaped(text) end
  end
  local status = {
    { "0", "success" }, { "1", "uncaught error, or output that failed" }, { "2", "usage" }, { "3", "cannot read or parse" },
    { "4", "device or memory" }, { "130", "interrupted" },
  }
  out[#out + 1] = ".SH EXIT STATUS"
  for _, pair in ipairs(status) do out[#out + 1] = (".TP\n.B %s\n%s"):format(pair[1], pair[2]) end
  return table.concat(out, "\n") .. "\n"
end

return M
