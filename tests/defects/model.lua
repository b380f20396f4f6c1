-- SPDX-License-Identifier: MIT
-- What the tests of this folder share: exact transforms to compare with, and distances.
local lo = require "lunops"

local M = {}

--- |a - b| / |b|.
function M.distance(a, b) return (a - b):norm() / b:norm() end

--- The exact transform of "x=n" at points "s d=1" in cycles, as a Dense in c128.
function M.exact(points, n)
  local index = lo.arange("x=" .. n, { dtype = "f64" }) - n // 2
  local phase = lo.einsum("s, x -> s x", points{ d = 1 }, index) * (-2 * math.pi / n)
  return lo.Dense{ (phase * lo.i):exp() / math.sqrt(n), "s x, x -> s" }
end

--- `count` points of "s d=1" all over the k-space of n pixels.
function M.points(count, n, seed)
  local unit = lo.rand(("s=%d d=1"):format(count), { dtype = "f64", seed = seed })
  return (unit - 0.5) * n
end

--- The nodes of a plan, children included, as one list of names.
function M.nodes(A, shape, options)
  local list = {}
  local function visit(node)
    list[#list + 1] = node.name
    for _, child in ipairs(node.children or {}) do visit(child) end
  end
  local given = { format = "table" }
  for name, value in pairs(options or {}) do given[name] = value end
  for _, node in ipairs(lo.explain(A, shape, given).nodes) do visit(node) end
  return list
end

--- Steps of the plan: the numbered lines of the text that lo.explain prints.
function M.steps(A, shape)
  local count = 0
  for _ in (lo.explain(A, shape) .. "\n"):gmatch "\n  %d+ +%u" do count = count + 1 end
  return count
end

return M
