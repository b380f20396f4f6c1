-- SPDX-License-Identifier: MIT
-- Whether two images are the same to a tolerance, relative to the first.
-- Usage: lunops tests/gpu/same_image.lua FIRST.npy SECOND.npy TOLERANCE
local lo = require "lunops"

local first = lo.io.read(arg[1], { dims = "y x" })
local second = lo.io.read(arg[2], { dims = "y x" })
local allowed = tonumber(arg[3])
local difference = (second - first):norm() / first:norm()
print(("%s differs from %s by %.2e, allowed %.0e"):format(arg[2], arg[1], difference, allowed))
os.exit(difference <= allowed)
