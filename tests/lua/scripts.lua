-- SPDX-License-Identifier: MIT
local lo = require "lunops"
local check = require "check"

check.it("try turns ordinary failures into results and lets others pass", function()
  local x, message, code = lo.try(lo.io.read, "/no/such/file.npy")
  check.equal(x, nil)
  assert(message:find "/no/such/file.npy")
  check.equal(code, "file")
  check.raises("must be a string", lo.try, lo.io.read, 3)
  check.equal(select("#", lo.try(function() return 1, nil, 3 end)), 3)
end)

check.it("every device that is listed can be used, and others say why not", function()
  local devices = lo.devices()
  check.equal(devices[1], "cpu")
  for _, name in ipairs(devices) do check.equal(lo.device(name), name) end
  local none, message, code = lo.device("cuda:" .. #devices - 1)
  check.equal(none, nil)
  assert(#message > 0 and #code > 0)
end)

check.it("probe answers, read raises", function()
  check.equal(select(3, lo.io.probe "/no/such/file"), "file")
  check.raises("/no/such/file", lo.io.read, "/no/such/file")
end)

check.it("a scope frees two of three tensors, and all when it raises", function()
  local before = lo.memory().cpu.live
  local kept = lo.scope(function()
    local a, b = lo.ones "x=1024", lo.ones "x=1024"
    return a + b
  end)
  check.equal(lo.memory().cpu.live - before, kept.bytes)

  local ok, e = pcall(lo.scope, function()
    local _ = lo.ones "x=1024" + kept
    error "mine"
  end)
  check.equal(ok, false)
  assert(e:find "mine")
  check.equal(lo.memory().cpu.live - before, kept.bytes)
end)

check.it("fail raises an error as the library does", function()
  check.fails("shape", "crop: too small", function()
    lo.fail("shape", "crop", "too small")
  end)
  check.raises("'nonsense' is no code of an error", lo.fail, "nonsense", "crop", "text")
  check.raises("fail: argument 3 (text) must be a string, got nil", lo.fail, "shape", "crop")
end)

check.it("options fills in defaults and refuses unknown names and wrong types", function()
  local o = lo.options({ tol = 1e-6, F = lo.Identity "x" }, "f", { tol = 1e-4, iters = 5, F = false })
  check.equal(o.iters, 5)
  check.equal(o.tol, 1e-6)
  check.equal(o.F.kind, "Identity")
  check.raises("f: unknown option 'tl' (did you mean 'tol'?)", lo.options, { tl = 1 }, "f", { tol = 1 })
  check.raises("f: option 'tol' must be a number, got string", lo.options, { tol = "a" }, "f", { tol = 1 })
  check.equal(lo.options(nil, "f", { a = 1 }).a, 1)
  local kinds = { ksp = "tensor", F = "operator" }
  local defaults = { ksp = false, F = false }
  check.fails("argument", "f: option 'ksp' must be of type tensor, got number",
    function() lo.options({ ksp = 3 }, "f", defaults, kinds) end)
  check.fails("argument", "f: option 'F' must be of type operator, got tensor",
    function() lo.options({ F = lo.ones "x=1" }, "f", defaults, kinds) end)
  check.equal(lo.options({ F = lo.Identity "x", ksp = false }, "f", defaults, kinds).ksp, false)
  check.equal(lo.options({ a = false }, "f", { a = 1 }).a, false)
end)

check.it("arguments read numbers, choices, flags and placeholders", function()
  local given = lo.arguments({ "--size=12", "--fast", "--weight", "density" }, {
    { "data", "FILE" }, { "size", 256 }, { "noise", 0.5 }, { "fast", false }, { "weight", { "none", "density" } },
  })
  check.equal(given.size, 12)
  check.equal(given.fast, true)
  check.equal(given.weight, "density")
  check.equal(given.noise, 0.5)
  check.equal(given.data, nil)
end)

check.it("json writes lists, objects and null", function()
  check.equal(lo.json({ 1, 2.5, "a\"b" }), '[1, 2.5, "a\\"b"]')
  check.equal(lo.json{ a = 0 / 0 }, '{\n  "a": null\n}')
  check.raises("a tensor has no form in JSON", lo.json, { lo.ones "x=1" })
end)

check.it("warnings are kept once per place and text", function()
  lo.warnings()
  for _ = 1, 3 do lo.warn "twice is too often" end
  local all = lo.warnings()
  check.equal(#all, 1)
  check.equal(all[1].text, "twice is too often")
end)

check.it("a scope keeps what it returns, also in a table", function()
  local a, b
  local r = lo.scope(function()
    a, b = lo.ones "x=1", lo.ones "x=2"
    return { kept = b, n = 3 }
  end)
  check.equal(r.kept.count, 2)
  check.raises("made inside lo.scope and not returned", function() return a:sum() end)
end)

check.it("nested scopes close their own", function()
  local inner
  local outer = lo.scope(function()
    inner = lo.scope(function() return lo.ones "x=4" end)
    return lo.ones "x=5"
  end)
  check.equal(outer.count, 5)
  check.raises("made inside lo.scope", function() return inner:sum() end)
end)

check.it("stages add up by name", function()
  local stage = lo.stages()
  stage "a" stage "b" stage "a"
  local seconds = stage:report()
  assert(seconds.a >= 0 and seconds.b >= 0)
end)

check.it("cg reports what it did", function()
  local M = lo.Dense{ lo.tensor({ { 4, 1 }, { 1, 3 } }, "m n", { dtype = "f64" }), "m n, n -> m" }
  local A = M:rename{ m = "n'" }
  local seen = {}
  local x, info = lo.cg(A, lo.tensor({ 1, 2 }, "n", { dtype = "f64" }), {
    tol = 1e-12, on_iteration = function(it) seen[#seen + 1] = it.residual end,
  })
  check.near(x:totable()[1], 0.09090909090909091, 1e-12)
  check.equal(#seen, info.iterations)
  check.equal(#info.history.residual, info.iterations + 1)
  check.equal(info.converged, true)
  check.raises("cg: unknown option 'itrs' (did you mean 'iters'?)", lo.cg, A, x, { itrs = 3 })
end)

check.it("progress counts and passes through", function()
  local sum = 0
  for i in lo.progress(4, "frames") do sum = sum + i end
  check.equal(sum, 10)
end)

check.done()
