-- SPDX-License-Identifier: MIT
--- One image from those of several coils.
local lo = require "lunops"

local M = {}

--- Root sum of squares over `coil`.
---
---     print(lo.mri.rss(lo.ones "coil=4 y=1 x=2"):totable()[1][1])        --> 2.0
function M.rss(images) return images:norm "coil" end

--- Sum of the images weighted by conj(maps), over `coil`.
function M.combine(images, maps) return (maps:conj() * images):sum "coil" end

return M
