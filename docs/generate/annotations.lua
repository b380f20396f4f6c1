--- Annotations for editors (LuaLS): a file that declares what `require "lunops"` returns and is never run.
local lo = require "lunops"

local M = {}

-- What `returns` starts with, and the type that an editor is told; the first that fits counts.
local result_types = {
  { "^an operator", "lunops.Linop" }, { "^a tensor, operator", "any" }, { "^a tensor", "lunops.Tensor" },
  { "^a new tensor", "lunops.Tensor" }, { "^a view", "lunops.Tensor" }, { "^a copy", "lunops.Tensor" },
  { "^out, or", "lunops.Tensor" }, { "^x and", "lunops.Tensor" }, { "^x$", "lunops.Tensor" },
  { "^a string or nil", "string?" }, { "^a string", "string" }, { "^text", "string|table" },
  { "^an integer or nil", "integer?" }, { "^an integer", "integer" },
  { "^a number, lo", "any" }, { "^a number, or", "number|lunops.Complex" }, { "^a number", "number" },
  { "^a boolean", "boolean" }, { "^a list of strings", "string[]" }, { "^a list of names", "string[]" },
  { "^a list of operators", "lunops.Linop[]" }, { "^a list", "table[]" }, { "^a table", "table" }, { "^a new table", "table" }, { "^an array", "table" },
  { "^two tables", "table?" }, { "^{", "table" },
  { "^a Shape", "lunops.Shape" }, { "^a Signature", "lunops.Signature" }, { "^an Extents", "lunops.Extents" },
  { "^a complex", "lunops.Complex" }, { "^a Stages", "lunops.Stages" }, { "^an iterator", "fun(): integer?" },
  { "^its name", "string?" },
}
local no_result = { nothing = true, never = true, ["nil"] = true }

local operators = { __add = "add", __sub = "sub", __mul = "mul", __div = "div", __pow = "pow", __unm = "unm" }

-- The type and the text of a result; several are parted by "; " in recipes.
local function results(record)
  local text = record.returns
  if no_result[text] then return {} end
  for _, pair in ipairs(result_types) do
    if text:find(pair[1]) then return { pair[2] .. " # " .. text } end
  end
  local list = {}
  for part in (text .. "; "):gmatch "(.-); " do
    local kind, rest = part:match "^(%S+)%s*(.*)$"
    local is_type = kind:find "^lunops%.%u" or kind == "number" or kind == "boolean" or kind == "string" or kind == "table"
    list[#list + 1] = is_type and (kind .. (rest == "" and "" or " # " .. rest)) or "any # " .. part
  end
  return list
end

local function type_of(parameter) return parameter.type:find "^{" and "table" or parameter.type end

local function text_of(parameter)
  local text = parameter.text:gsub("\n", " ")
  if parameter.default ~= "" then text = ("%s (default %s)"):format(text, parameter.default) end
  return text
end

local is_operator = {}
for _, row in ipairs(lo.operators()) do is_operator[row.name] = true end

local function class_name(record)
  local name = record.name:gsub("^%l", string.upper):gsub("[.:](%a)", function(c) return c:upper() end)
  -- lo.rearrange and lo.Rearrange
  if name ~= record.name and is_operator[name] then name = name .. "Function" end
  return "lunops." .. name .. "Options"
end

-- Names that Lua would not take as a parameter.
local keywords = { ["end"] = true, ["repeat"] = true, ["function"] = true, ["in"] = true, ["not"] = true }
local function parameter_name(name)
  return keywords[name] and name .. "_" or name
end

local function comment(out, text) out[#out + 1] = "--- " .. text:gsub("\n", "\n--- ") end

-- The table of options, and for operators the operands in its array part.
local function options_class(out, record, with_operands)
  out[#out + 1] = "\n---@class " .. class_name(record)
  for i, p in ipairs(with_operands and record.operands or {}) do
    out[#out + 1] = ("---@field [%d]%s %s %s"):format(i, p.required and "" or "?", type_of(p), text_of(p))
  end
  for _, p in ipairs(record.options) do
    out[#out + 1] = ("---@field %s? %s %s"):format(p.name, type_of(p), text_of(p))
  end
end

local function described(out, record)
  comment(out, record.summary)
  if record.signature then
    comment(out, ("\nDims `%s`; `A.H`: %s; `A.N`: %s."):format(record.signature, record.adjoint, record.normal))
  end
  if record.example ~= "" then comment(out, "\n```lua\n" .. record.example .. "\n```") end
end

local function constructor(out, record)
  options_class(out, record, true)
  out[#out + 1] = ""
  described(out, record)
  local first = record.operands[1]
  local bare = first and first.type == "string" and (not record.operands[2] or not record.operands[2].required)
  out[#out + 1] = ("---@param given %s%s"):format(class_name(record), bare and "|string" or "")
  out[#out + 1] = "---@return lunops.Linop"
  out[#out + 1] = ("function lo.%s(given) end"):format(record.name)
end

-- A function of `owner` ("lo.", "Tensor:"); `skip` operands are its self.
local function callable(out, record, owner, skip)
  if #record.options > 0 then options_class(out, record, false) end
  out[#out + 1] = ""
  described(out, record)
  local names = {}
  for i = skip + 1, #record.operands do
    local p = record.operands[i]
    names[#names + 1] = parameter_name(p.name)
    out[#out + 1] = ("---@param %s%s %s %s"):format(parameter_name(p.name), p.required and "" or "?", type_of(p), text_of(p))
  end
  if #record.options > 0 then
    names[#names + 1] = "options"
    out[#out + 1] = "---@param options? " .. class_name(record)
  end
  for _, result in ipairs(results(record)) do out[#out + 1] = "---@return " .. result end
  out[#out + 1] = ("function %s%s(%s) end"):format(owner, record.name:match "[^.:]+$", table.concat(names, ", "))
end

local function class(out, name, members)
  out[#out + 1] = "\n---@class lunops." .. name
  for _, record in ipairs(members) do
    local member = record.name:match "[^.:]+$"
    if record.kind == "property" then
      local result = results(record)[1] or "any"
      out[#out + 1] = ("---@field %s %s"):format(member, (result:gsub("#.*$", "")) .. record.summary)
    elseif operators[member] then
      local own = "lunops." .. name
      if member == "__unm" then
        out[#out + 1] = ("---@operator unm: %s"):format(own)
      elseif name == "Linop" and member == "__mul" then
        out[#out + 1] = "---@operator mul(lunops.Tensor): lunops.Tensor"
        out[#out + 1] = "---@operator mul(lunops.Linop|number|lunops.Complex): lunops.Linop"
      else
        out[#out + 1] = ("---@operator %s(%s|number|lunops.Complex): %s"):format(operators[member], own, own)
      end
    elseif member == "__call" and name == "Linop" then
      out[#out + 1] = "---@operator call(lunops.Tensor): lunops.Tensor"
    elseif member == "__call" then
      out[#out + 1] = "---@operator call: any"
    end
  end
  out[#out + 1] = ("local %s = {}"):format(name)
  for _, record in ipairs(members) do
    if record.kind == "method" then callable(out, record, name .. ":", 1) end
  end
end

--- The text of the file.
---@param records table  what `lunops --dump-records` says
---@return string
function M.text(records)
  local out = {
    "---@meta lunops",
    "-- SPDX-License-Identifier: MIT",
    "-- For editors; made from the records by `./dev docs`.",
    "error \"lunops.lua declares types for editors; require 'lunops' finds the module itself\"",
  }
  local types, members, modules, known = {}, {}, {}, {}
  for _, record in ipairs(records) do
    local owner = record.name:match "^(%a+)[.:]"
    if owner and owner:find "^%u" then
      if not members[owner] then
        types[#types + 1], members[owner] = owner, {}
      end
      table.insert(members[owner], record)
    elseif owner and not known[owner] then
      known[owner] = true
      modules[#modules + 1] = owner
    end
  end
  table.move({
    "\n---@class lunops.Error  what failures raise; acts as its text",
    "---@field code string", "---@field message string", "---@field operation string", "---@field where string",
  }, 1, 5, #out + 1, out)
  for _, name in ipairs(types) do class(out, name, members[name]) end
  out[#out + 1] = "\n---@class lunops"
  out[#out + 1] = "---@field i lunops.Complex the imaginary unit"
  out[#out + 1] = "---@field version string"
  out[#out + 1] = "local lo = {}"
  for _, name in ipairs(modules) do out[#out + 1] = ("lo.%s = {}"):format(name) end
  for _, record in ipairs(records) do
    if record.kind == "constructor" then
      constructor(out, record)
    elseif record.kind == "function" then
      callable(out, record, "lo." .. (record.name:match "^(.*%.)[^.]+$" or ""), 0)
    end
  end
  out[#out + 1] = "\nreturn lo\n"
  return table.concat(out, "\n")
end

--- A standard for luacheck in which `lo` and what the prompt adds are known, field by field.
---@param records table
---@return string
function M.luacheck(records)
  local fields, inner, modules = { "i", "version" }, {}, {}
  for _, record in ipairs(records) do
    if record.kind == "function" or record.kind == "constructor" then
      local module, name = record.name:match "^(.-)%.(.+)$"
      if not module then
        fields[#fields + 1] = record.name
      elseif inner[module] then
        table.insert(inner[module], name)
      else
        inner[module], modules[#modules + 1] = { name }, module
      end
    end
  end
  table.sort(fields)
  table.sort(modules)
  local function list(names, indent)
    local out, line = {}, indent
    for _, name in ipairs(names) do
      local item = ("%s = {},"):format(name)
      if #line + #item > 110 then
        out[#out + 1], line = line, indent
      end
      line = line .. (line == indent and "" or " ") .. item
    end
    out[#out + 1] = line
    return table.concat(out, "\n")
  end
  local out = { "-- SPDX-License-Identifier: MIT", "-- For luacheck, `std = \"lua54+lunops\"`: stds.lunops = dofile \"luacheck.lua\"; made by `./dev docs`.",
    "return {", "  read_globals = {", "    ans = {}, help = {},", "    lo = {", "      fields = {", list(fields, "        ") }
  for _, module in ipairs(modules) do
    table.sort(inner[module])
    out[#out + 1] = ("        %s = {\n          fields = {\n%s\n          },\n        },"):format(module, list(inner[module], "            "))
  end
  table.move({ "      },", "    },", "  },", "}", "" }, 1, 5, #out + 1, out)
  return table.concat(out, "\n")
end

return M
