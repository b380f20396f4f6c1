# SPDX-License-Identifier: MIT
"""Exit codes, streams and argument handling of the program: command_line.py PROGRAM."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop()
FOLDER = tempfile.mkdtemp()


def run(*words, stdin="", **environment):
    return subprocess.run([PROGRAM, *words], input=stdin, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "LUNOPS_INIT": "/dev/null", **environment})


def script(text, name="s.lua"):
    path = os.path.join(FOLDER, name)
    with open(path, "w") as file:
        file.write(text)
    return path


class CommandLine(unittest.TestCase):
    def test_order_of_e_and_l_is_kept_and_the_script_gets_its_own_words(self):
        path = script("print(arg[0] ~= nil, math == math, ...)")
        r = run("-e", "print(1)", "-l", "math", path, "-e", "x")
        self.assertEqual(r.stdout, "1\ntrue\ttrue\t-e\tx\n")
        self.assertEqual(r.returncode, 0)

    def test_negative_arguments_are_what_came_before(self):
        path = script("print(arg[-1], #arg)")
        self.assertEqual(run("-W", path, "a", "b").stdout, "-W\t2\n")

    def test_l_with_a_name(self):
        self.assertEqual(run("-l", "m=math", "-e", "print(m.pi > 3)").stdout, "true\n")

    def test_attached_and_repeated_e(self):
        self.assertEqual(run("-eprint(1)", "-e", "print(2)").stdout, "1\n2\n")

    def test_stdin_is_one_chunk(self):
        self.assertEqual(run(stdin="local a = 1\nprint(a)\n").stdout, "1\n")
        self.assertEqual(run("-", "x", stdin="print(...)").stdout, "x\n")

    def test_a_first_line_with_a_hash_is_skipped(self):
        self.assertEqual(run(script("#!/usr/bin/env lunops\nprint(7)")).stdout, "7\n")

    def test_i_opens_the_prompt_with_the_globals(self):
        r = run("-i", script("x = 5"), stdin="x + 1\n")
        self.assertIn("6\n", r.stdout)

    def test_exit_codes(self):
        self.assertEqual(run("-e", "").returncode, 0)
        self.assertEqual(run("-e", "error 'x'").returncode, 1)
        self.assertEqual(run("--colr", "x").returncode, 2)
        self.assertEqual(run("/no/such/file.lua").returncode, 3)
        self.assertEqual(run(script("x = = 1")).returncode, 3)
        self.assertEqual(run("--memory-limit=1MiB", "-e", "require 'lunops'.zeros 'x=1048576'").returncode, 4)
        self.assertEqual(run("-e", "os.exit(7)").returncode, 7)

    def test_unknown_options_name_the_nearest(self):
        r = run("--colr", "x")
        self.assertIn("unknown option '--colr' (did you mean '--color'?)", r.stderr)
        self.assertEqual(r.stdout, "")
        for option in ("--confined", "--time-limit"):
            self.assertEqual(run(option).returncode, 2)
        self.assertEqual(run("-e").returncode, 2)
        self.assertEqual(run("--threads", "x").returncode, 2)
        self.assertEqual(run("--memory-limit", "6 parsecs").returncode, 2)
        self.assertEqual(run("run").returncode, 2)

    def test_errors_go_to_stderr_with_an_excerpt(self):
        r = run(script("local lo = require 'lunops'\n\nlocal x = lo.zeros('x=3', { dtyp = 1 })\n", "bad.lua"))
        self.assertEqual(r.stdout, "")
        self.assertIn("zeros: unknown option 'dtyp' (did you mean 'dtype'?)", r.stderr)
        self.assertIn("bad.lua:3 in the main chunk", r.stderr)
        self.assertIn("->    3 | local x = lo.zeros", r.stderr)

    def test_an_error_three_calls_deep_shows_the_innermost_line_and_the_way_there(self):
        r = run(script("local lo = require 'lunops'\nlocal function a(x) local y = x * 'b' return y end\n"
                       "local function b(x) local y = a(x) return y end\nlocal function c(x) b(x) end\n"
                       "c(lo.Identity 'x')\n", "deep.lua"))
        self.assertEqual(r.returncode, 1)
        places = [line.split(" ")[2].rsplit("/", 1)[1] for line in r.stderr.splitlines() if "deep.lua:" in line]
        self.assertEqual(places, ["deep.lua:2", "deep.lua:3", "deep.lua:4", "deep.lua:5"])
        self.assertIn("->    2 | local function a(x)", r.stderr)

    def test_failed_output_is_an_error(self):
        with open("/dev/full", "w") as full:
            r = subprocess.run([PROGRAM, "-e", "print(1)"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(r.returncode, 1)

    def test_warnings_are_errors_with_W(self):
        text = "require 'lunops'.warn 'odd'"
        r = run("-e", text)
        self.assertEqual(r.returncode, 0)
        self.assertIn("note:", r.stderr)
        self.assertEqual(run("-W", "-e", text).returncode, 1)

    def test_check_runs_nothing(self):
        path = script("local lo = require 'lunops'\nprint(1)\nlocal A = lo.Dens{ x }\n"
                      "local F = lo.FFT{ 'x -> k', nrom = 1 }\n")
        r = run("--check", path)
        self.assertEqual(r.returncode, 3)
        self.assertEqual(r.stdout, "")
        self.assertEqual(len(r.stderr.splitlines()), 2)
        self.assertIn(":3: lo has no 'Dens' (did you mean 'Dense'?)", r.stderr)

    def test_version_and_help(self):
        self.assertRegex(run("--version").stdout, r"^lunops \d+\.\d+\.\d+ \(Lua 5\.4\.\d+, .*, cpu \w+\)\n$")
        self.assertIn("--memory-limit", run("--help").stdout)

    def test_records_are_json(self):
        import json
        records = json.loads(run("--dump-records").stdout)
        names = [r["name"] for r in records]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("NUFFT", names)
        self.assertTrue(all(r["summary"] and r["example"] for r in records))

    def test_operators_are_listed_with_what_the_tests_found(self):
        lines = run("--list-operators").stdout.splitlines()
        self.assertTrue(any(re.match(r"^FFT +y x -> ky kx +c64 c128 +reference cpu cuda +\d+ law cases$", l) for l in lines))
        self.assertTrue(all(re.search(r" [1-9]\d* law cases$", l) for l in lines))

    def test_lua_init_counts_unless_E(self):
        self.assertEqual(run("-e", "print(x)", LUA_INIT="x = 3").stdout, "3\n")
        self.assertEqual(run("-E", "-e", "print(x)", LUA_INIT="x = 3").stdout, "nil\n")

    def test_arguments_of_a_script(self):
        path = script("local lo = require 'lunops'\nlocal g = lo.arguments(arg, { { 'size', 3, 'matrix' } })\nprint(g.size)")
        self.assertEqual(run(path, "--size", "5").stdout, "5\n")
        r = run(path, "--sise", "5")
        self.assertEqual((r.returncode, r.stdout), (2, ""))
        self.assertIn("did you mean 'size'?", r.stderr)
        r = run(path, "--help")
        self.assertEqual(r.returncode, 0)
        self.assertIn("--size N", r.stdout)

    def test_sigint_ends_a_script_with_130(self):
        for text in ("while true do end", "while true do pcall(function() while true do end end) end",
                     "coroutine.wrap(function() while true do end end)()",
                     "local lo = require 'lunops' while true do local x = lo.ones 'x=100000' end"):
            process = subprocess.Popen([PROGRAM, "-e", "io.stderr:write 'running\\n' " + text],
                                       stderr=subprocess.PIPE, text=True)
            process.stderr.readline()
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=10)
            self.assertEqual(process.returncode, -signal.SIGINT, text)
            self.assertIn("interrupted", errors)

    def test_a_hangup_that_the_parent_ignores_stays_ignored(self):
        text = "io.stderr:write 'running\\n' local t = os.time() while os.time() < t + 2 do end os.exit(9)"
        for ignored, status in ((True, 9), (False, -signal.SIGHUP)):
            process = subprocess.Popen(
                [PROGRAM, "-e", text], stderr=subprocess.PIPE, text=True,
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL))
            process.stderr.readline()
            process.send_signal(signal.SIGHUP)
            process.communicate(timeout=20)
            self.assertEqual(process.returncode, status)

    def test_plain_progress_has_lines_and_off_has_none(self):
        text = "for i in require 'lunops'.progress(20, 'frames') do end"
        self.assertGreater(len(run("--progress=plain", "-e", text).stderr.splitlines()), 5)
        self.assertEqual(run("--progress=off", "-e", text).stderr, "")
        self.assertEqual(run("-e", text).stderr, "")

    def test_colour_only_where_asked(self):
        self.assertNotIn("\033", run("-e", "error 'x'").stderr)
        self.assertIn("\033", run("--color=always", "-e", "error 'x'").stderr)
        self.assertNotIn("\033", run("-e", "error 'x'", FORCE_COLOR="1", NO_COLOR="1").stderr)


if __name__ == "__main__":
    unittest.main()
