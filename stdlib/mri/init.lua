-- SPDX-License-Identifier: MIT
--- Recipes for magnetic resonance imaging: trajectories, phantoms, coil maps, weights,
--- reconstructions. Conventions: trajectories are f64 in cycles per field of view, "… d" with
--- components in the order of the image's dims; maps are "coil y x"; a weight is the area of
--- k-space that a sample stands for, in cells of 1/FOV. All functions are pure.
local lo = require "lunops"

local M = {}

-- Where each function lives; a module is loaded when one of its functions is first used.
local home = {
  radial = "radial", phantom = "phantom", coils = "coils", harmonics_of = "coils", ramp = "ramp",
  density = "density", is_radial = "density", lowres = "lowres", sense = "sense", weights = "sense",
  nufft = "sense", rss = "combine", combine = "combine", scan = "scan", check_output = "scan",
  spokes = "scan",
}

return setmetatable(M, {
  __index = function(self, name)
    local module = home[name]
    if not module then
      local known = {}
      for known_name in pairs(home) do table.insert(known, known_name) end
      table.sort(known)
      local list = table.concat(known, " ")
      lo.fail("argument", "lunops.mri", ("no function '%s'; there are %s"):format(name, list))
    end
    local f = require("lunops.mri." .. module)[name]
    rawset(self, name, f)
    return f
  end,
})
