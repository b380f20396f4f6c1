--- Paired timing of two commands as whole processes, and the statistics that go with it.
-- Source of the interval: percentile bootstrap (Efron, Ann. Statist. 7 (1979) 1) of the median of the pairwise ratios.
local lo = require "lunops"

local M = {}

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local n = #sorted
  return n % 2 == 1 and sorted[(n + 1) // 2] or (sorted[n // 2] + sorted[n // 2 + 1]) / 2
end
M.median = median

function M.quartiles(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local function at(q)
    return sorted[math.max(1, math.min(#sorted, math.floor(q * (#sorted - 1) + 1.5)))]
  end
  return at(0.25), at(0.75)
end

-- 95 % interval of the median.
function M.interval(list)
  local state = 12345
  local function draw(n)
    state = (1103515245 * state + 12345) & 0x7fffffff
    return (state >> 8) % n + 1
  end
  local medians = {}
  for round = 1, 1000 do
    local sample = {}
    for i = 1, #list do
      sample[i] = list[draw(#list)]
    end
    medians[round] = median(sample)
  end
  table.sort(medians)
  return medians[25], medians[975]
end

--- Wall seconds of one command, from exec to exit.
function M.time(command)
  local start = lo.now()
  local ok, kind, status = os.execute(command)
  local seconds = lo.now() - start
  if not ok then
    error(("'%s' failed (%s %s)"):format(command, tostring(kind), tostring(status)), 0)
  end
  return seconds
end

--- Runs A and B in turn (A B B A …) until the interval of the median ratio B/A is within 5 % or `most` pairs are done.
---@return table record { a = {seconds…}, b = {…}, ratio = median of B/A, low =, high = }
function M.compare(a, b, options)
  local least, most = options.least or 10, options.most or 60
  M.time(a)
  M.time(b)
  local record = { a = {}, b = {}, ratios = {} }
  for pair = 1, most do
    local first, second
    if pair % 2 == 1 then
      first, second = M.time(a), M.time(b)
    else
      second, first = M.time(b), M.time(a)
    end
    record.a[pair], record.b[pair] = first, second
    record.ratios[pair] = second / first
    if pair >= least then
      record.low, record.high = M.interval(record.ratios)
      record.ratio = median(record.ratios)
      if record.high - record.low <= 0.1 * record.ratio then
        break
      end
    end
  end
  return record
end

--- What a record needs to know of the machine; unknown figures are absent.
function M.machine()
  local function read(command)
    local pipe = io.popen(command .. " 2>/dev/null")
    local text = pipe and pipe:read "a" or ""
    if pipe then
      pipe:close()
    end
    text = text:gsub("%s+$", "")
    return text ~= "" and text or nil
  end
  return {
    cpu = read "sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1",
    cores = tonumber(read "nproc"),
    load = tonumber((read "cut -d' ' -f1 /proc/loadavg")),
    system = read "uname -sr",
    compiler = read "c++ --version | head -n 1",
    commit = read "git rev-parse --short HEAD",
    dirty = read "git status --porcelain --untracked-files=no | head -n 1" ~= nil,
    date = read "date -u +%Y-%m-%dT%H:%MZ",
    lunops = lo.version,
  }
end

return M
