--- Reads JSON as `lunops --dump-records` writes it.
local M = {}

local escapes = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }

local function fail(text, at, what)
  error(("json: %s at byte %d: %s"):format(what, at, text:sub(at, at + 20)), 0)
end

local read_value

local function read_string(text, at)
  local parts, start = {}, at + 1
  while true do
    local stop = text:find('["\\]', start)
    if not stop then fail(text, at, "a string does not end") end
    parts[#parts + 1] = text:sub(start, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local c = text:sub(stop + 1, stop + 1)
    if c == "u" then
      parts[#parts + 1] = utf8.char(tonumber(text:sub(stop + 2, stop + 5), 16))
      start = stop + 6
    else
      parts[#parts + 1] = escapes[c] or c
      start = stop + 2
    end
  end
end

-- A list or an object: `item` reads one element into the result.
local function read_items(text, at, close, item)
  local result = {}
  at = text:find("%S", at + 1)
  while text:sub(at, at) ~= close do
    at = item(result, at)
    at = text:find("%S", at)
    if text:sub(at, at) == "," then at = text:find("%S", at + 1) end
  end
  return result, at + 1
end

function read_value(text, at)
  local c = text:sub(at, at)
  if c == '"' then return read_string(text, at) end
  if c == "[" then
    return read_items(text, at, "]", function(list, from)
      local value, after = read_value(text, from)
      list[#list + 1] = value
      return after
    end)
  end
  if c == "{" then
    return read_items(text, at, "}", function(object, from)
      local key, after = read_string(text, from)
      after = text:find("%S", text:find(":", after, true) + 1)
      object[key], after = read_value(text, after)
      return after
    end)
  end
  for word, value in pairs{ ["true"] = true, ["false"] = false } do
    if text:sub(at, at + #word - 1) == word then return value, at + #word end
  end
  local number = text:match("^-?[%d.eE+-]+", at)
  if not number then fail(text, at, "no value") end
  return tonumber(number), at + #number
end

function M.decode(text)
  return (read_value(text, assert(text:find "%S", "json: nothing to read")))
end

return M
