-- SPDX-License-Identifier: MIT
--- One image from those of several coils.
local lo = require "lunops"

local M = {}

--- Root sum of squares over `coil`.
---
---     print(lo.mri.rss(lo.ones "coil=4 y=1 x=2"):totable()[1][1])        --> 2.0
---@param images lunops.Tensor  "coil …"
---@return lunops.Tensor image
function M.rss(images) return images:norm "coil" end

--- Sum of the images weighted by conj(maps), over `coil`.
---
---     local ones = lo.ones "coil=4 x=2"
---     print(lo.mri.combine(ones, ones):totable()[1])                     --> 4+0i
---@param images lunops.Tensor  "coil …"
---@param maps lunops.Tensor  "coil …"
---@return lunops.Tensor image
function M.combine(images, maps) return (maps:conj() * images):sum "coil" end

return M
