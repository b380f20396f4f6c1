--- The pages of docs/reference: one per topic, one section per record.
local M = {}

local note = "<!-- Made from the records by `./dev docs`; change the records instead. -->\n"

local function slug(topic) return (topic:gsub("[^%w]+", "-")) end

-- The anchor that GitHub makes of a heading.
local function anchor(name) return (name:lower():gsub("[^%w_%- ]", ""):gsub(" ", "-")) end

local function cell(text) return (text:gsub("|", "\\|"):gsub("\n", " ")) end

local function code(text) return text == "" and "" or "`" .. cell(text) .. "`" end

local function row(out, name, text)
  if text ~= "" then out[#out + 1] = ("| %s | %s |"):format(name, text) end
end

local function parameters(out, title, list, has_default)
  if #list == 0 then return end
  out[#out + 1] = ("\n| %s | type | %stext |\n|---|---|%s---|"):format(title,
    has_default and "default | " or "", has_default and "---|" or "")
  for _, p in ipairs(list) do
    local name = code(p.name) .. ((p.required or has_default) and "" or ", optional")
    out[#out + 1] = ("| %s | %s | %s%s |"):format(name, code(p.type),
      has_default and cell(p.default) .. " | " or "",
      cell(p.text) .. ((has_default or p.default == "") and "" or (" (default %s)"):format(cell(p.default))))
  end
end

local function links(see, topic, home)
  local list = {}
  for _, name in ipairs(see) do
    local full = home[name] and name or topic .. "." .. name
    local page = home[full] == topic and "" or slug(home[full]) .. ".md"
    list[#list + 1] = ("[%s](%s#%s)"):format(name, page, anchor(full))
  end
  return table.concat(list, ", ")
end

local function section(out, record, home)
  out[#out + 1] = ("\n## %s\n\n```text\n%s\n```\n\n%s\n"):format(record.name, record.heading, record.summary)
  local facts = {}
  if record.signature then
    row(facts, "dims", code(record.signature))
    row(facts, "`A.H`", cell(record.adjoint))
    row(facts, "`A.N`", cell(record.normal))
    row(facts, "dtypes", record.dtypes)
    row(facts, "backends", record.backends)
  end
  if record.notation ~= record.heading then row(facts, "written", code(record.notation)) end
  row(facts, "returns", cell(record.returns))
  row(facts, "errors", table.concat(record.raises, ", "))
  if record.expected_failures then row(facts, "failure", "`nil`, message, code where failing is an ordinary answer") end
  if record.waits then row(facts, "waits", "until the device has finished") end
  row(facts, "source", cell(record.source))
  if #record.see > 0 then row(facts, "see also", links(record.see, record.topic, home)) end
  out[#out + 1] = "| | |\n|---|---|\n" .. table.concat(facts, "\n")
  local operands = record.operands
  if record.kind == "method" or record.kind == "property" then operands = table.move(operands, 2, #operands, 1, {}) end
  parameters(out, "operand", operands, false)
  parameters(out, "option", record.options, true)
  if record.example ~= "" then out[#out + 1] = "\n```lua\n" .. record.example .. "\n```" end
end

--- Texts by path, docs/reference/README.md among them.
---@param records table  what `lunops --dump-records` says
---@return table files
function M.pages(records)
  local topics, by_topic, home = {}, {}, {}
  for _, record in ipairs(records) do
    home[record.name] = record.topic
    if not by_topic[record.topic] then
      by_topic[record.topic] = {}
      topics[#topics + 1] = record.topic
    end
    table.insert(by_topic[record.topic], record)
  end

  local files = {}
  local index = { "# Reference\n", note, "`help \"FFT\"` shows the same at the prompt, `lunops --list-operators` lists the operators.\n" }
  for _, topic in ipairs(topics) do
    local title = topic:sub(1, 1):upper() .. topic:sub(2)
    local out = { "# " .. title .. "\n\n" .. note:sub(1, -2) }
    local names = {}
    for _, record in ipairs(by_topic[topic]) do
      section(out, record, home)
      local shown = record.kind == "metamethod" and record.notation or record.name
      names[#names + 1] = ("[%s](%s.md#%s)"):format(code(shown), slug(topic), anchor(record.name))
    end
    files["docs/reference/" .. slug(topic) .. ".md"] = table.concat(out, "\n") .. "\n"
    index[#index + 1] = ("* **[%s](%s.md)**: %s"):format(title, slug(topic), table.concat(names, ", "))
  end
  files["docs/reference/README.md"] = table.concat(index, "\n") .. "\n"
  return files
end

return M
