-- SPDX-License-Identifier: MIT
-- What is said where no GPU can be used: each situation is made by a stand-in for the driver.
-- LUNOPS_PROGRAM is the program, LUNOPS_STAND_IN the folder of the stand-in's libcuda.so.1.
local check = require "check"

local program, stand_in = os.getenv "LUNOPS_PROGRAM", os.getenv "LUNOPS_STAND_IN"

local function run(environment, arguments)
  local command = ("env %s %s %s 2>&1"):format(environment, program, arguments)
  local pipe <close> = io.popen(command)
  return pipe:read "a"
end

--- With the stand-in, `--version` says `brief` and a tensor on cuda:0 is an error with `text`.
local function situation(environment, brief, text)
  environment = ("LD_LIBRARY_PATH=%s %s"):format(stand_in, environment)
  local version = run(environment, "--version")
  if not version:find(brief, 1, true) then error(("--version says\n%sexpected %s"):format(version, brief), 2) end
  local said = run(environment, [[-e 'local lo = require "lunops"; print(select(2, lo.device "cuda:0"))']])
  if not said:find(text, 1, true) then error(("lo.device says\n%sexpected %s"):format(said, text), 2) end
  local devices = run(environment, [[-e 'local d = require "lunops".devices(); print(#d, d.cuda)']])
  check.equal(devices, "1\t" .. brief .. "\n")
end

check.it("a driver that is older than the runtime", function()
  situation("STAND_IN_VERSION=12040", "driver for 12.4 is too old", "the NVIDIA driver serves CUDA 12.4 but lunops was built with ")
end)

check.it("a driver without a GPU", function()
  situation("STAND_IN_INIT=100", "no device", "the NVIDIA driver finds no GPU; use \"cpu\", or look at CUDA_VISIBLE_DEVICES")
end)

check.it("a library and a kernel module of different versions", function()
  situation("STAND_IN_INIT=803", "driver mismatch", "of different versions; restart the machine or install the driver anew")
end)

check.it("the toolkit's stub in place of a driver", function()
  situation("STAND_IN_INIT=34", "the toolkit's stub instead of a driver", "is the CUDA toolkit's stub and no driver")
end)

check.it("no driver at all", function()
  local empty = stand_in:gsub("/stand_in$", "")
  local version = run("LD_LIBRARY_PATH=" .. empty, "--version")
  if not version:find("no driver", 1, true) then return end -- this machine has one
  check.equal(run("", [[-e 'print(require "lunops".devices().cuda)']]), "no driver\n")
  local said = run("", [[-e 'print((select(2, require "lunops".device "cuda:0")))']])
  check.equal(said, 'load: this machine has no NVIDIA driver (libcuda.so.1); use "cpu" or install the driver\n')
end)

check.it("a script that asks for no GPU opens neither module", function()
  local opened = run("LD_DEBUG=files", [[-e 'local lo = require "lunops"; print(lo.ones("x=2"):sum())']])
  check.equal(opened:find("liblunops-cuda", 1, true), nil)
end)

check.it("another error is told with its number", function()
  situation("STAND_IN_INIT=999", "error 999", "CUDA cannot be used here: ")
end)

check.done()
