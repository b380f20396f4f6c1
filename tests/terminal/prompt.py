# SPDX-License-Identifier: MIT
"""The prompt in a pseudo-terminal: prompt.py PROGRAM.  Exit 77 (skipped) without pexpect."""
import os
import re
import signal
import sys
import tempfile
import time
import unittest

try:
    import pexpect
except ImportError:
    print("skipped: python3-pexpect is not installed")
    sys.exit(77)

PROGRAM = sys.argv.pop()


def start(*words, **environment):
    env = {**os.environ, "TERM": "xterm", "LUNOPS_INIT": "/dev/null", "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null"}
    env.update(environment)
    child = pexpect.spawn(PROGRAM, list(words), env=env, encoding="utf-8", timeout=20, dimensions=(24, 100))
    child.expect("> ")
    return child


def entered(child, line):
    """What an entry shows, without its echo."""
    child.sendline(line)
    child.expect_exact(line)
    child.expect("\r\n(.*?)(\x1b\\[\\?2004h)?> $")
    return re.sub("\x1b\\[[?0-9]*[a-z]|\r", "", child.match.group(1)).strip()


class Prompt(unittest.TestCase):
    def test_values_are_shown_and_locals_survive(self):
        child = start()
        self.assertEqual(entered(child, "local x = 20"), "")
        self.assertEqual(entered(child, "x + 1").splitlines()[0], "21")
        self.assertEqual(entered(child, "x + 2"), "22")
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        self.assertEqual(child.exitstatus, 0)

    def test_an_unfinished_entry_goes_on(self):
        child = start()
        child.sendline("for i = 1, 2 do")
        child.expect(">> ")
        child.sendline("print(i * 10) end")
        child.expect("10\r\n20\r\n")
        child.close()

    def test_a_breakpoint_opens_a_prompt_inside_the_application(self):
        child = start()
        entered(child, 'lo = require "lunops"')
        entered(child, "x = 'mine'")
        child.sendline("A = lo.Breakpoint{ 'x', label = 'here' }; y = (2 * A)(lo.ones 'x=3')")
        child.expect_exact("here, forward {x=3}; x and mode are there, Ctrl-D goes on")
        child.expect("> ")
        self.assertEqual(entered(child, "x:sum()"), "3+0i")
        self.assertEqual(entered(child, "mode"), '"forward"')
        self.assertIn("oops", entered(child, "error 'oops'"))
        self.assertEqual(entered(child, "A.kind"), '"Breakpoint"')
        child.sendeof()
        child.expect("> ")
        self.assertEqual(entered(child, "y:sum()"), "6+0i")
        self.assertEqual(entered(child, "x"), '"mine"')
        child.sendeof()
        child.expect(pexpect.EOF)
        child.close()
        self.assertEqual(child.exitstatus, 0)

    def press_stops(self, text):
        child = start()
        child.sendline("print('run' .. 'ning') " + text)
        child.expect("running\r\n")
        time.sleep(0.2)
        child.sendintr()
        child.expect("interrupted")
        child.expect("> ")
        child.sendline("40 + 2")
        child.expect_exact("40 + 2")
        self.assertNotIn("Ctrl-D", child.before)  # the press is used up
        child.expect("42\r\n")
        child.close()

    def test_one_press_stops_a_loop(self):
        self.press_stops("while true do end")

    def test_one_press_stops_a_function_of_a_custom_operator(self):
        self.press_stops(
            "lo = require 'lunops' A = lo.Custom{ 'x -> x', apply = function(x) while true do end end, check = false } "
            "lo.cg(A, lo.ones 'x=2')"
        )

    def test_one_press_stops_a_loop_in_pcall(self):
        self.press_stops("while true do pcall(function() while true do end end) end")

    def test_one_press_stops_a_coroutine(self):
        self.press_stops("coroutine.wrap(function() while true do end end)()")

    def test_one_press_stops_a_solver(self):
        self.press_stops("D = lo.Diagonal{ lo.rand('x=1048576', { dtype = 'f64' }) } "
                         "lo.cg(D, lo.ones('x=1048576', { dtype = 'f64' }), { iters = 1000000, tol = false })")

    def test_ctrl_c_clears_the_line_and_never_leaves(self):
        child = start()
        child.send("abc")
        child.expect_exact("abc")  # the terminal drops what is unread when Ctrl-C comes
        child.sendintr()
        child.expect("> ")
        child.sendintr()
        child.expect("Ctrl-D leaves")
        self.assertEqual(entered(child, "1 + 1"), "2")
        child.close()

    def test_a_paste_of_several_lines_is_one_entry(self):
        child = start()
        child.send("\x1b[200~for i = 1, 2 do\n\n\n  print('row ' .. i)\nend\x1b[201~")
        child.send("\r")
        child.expect_exact("row 1\r\nrow 2\r\n")
        self.assertNotIn(">> ", child.before)
        child.close()

    def test_a_pasted_transcript_loses_its_prompts(self):
        child = start()
        child.send("\x1b[200~> y = (3 *\n>> 14)\nold output\n> print(y * 2)\x1b[201~\r")
        child.expect("84\r\n.*> $")
        self.assertEqual(entered(child, "y + 1"), "43")
        child.close()

    def test_alt_enter_inserts_a_line_end(self):
        child = start()
        child.send("print('o' .. 'ne')\x1b\rprint('t' .. 'wo')\r")
        child.expect_exact("one\r\ntwo\r\n")
        child.close()

    def test_the_terminal_is_sane_after_sigterm(self):
        child = start()
        child.send("abc")
        child.expect_exact("abc")
        child.kill(signal.SIGTERM)
        child.expect(pexpect.EOF)
        self.assertIn("\x1b[?2004l", child.before)  # bracketed paste is switched off
        child.close()
        self.assertEqual(child.signalstatus, signal.SIGTERM)

    def test_a_stopped_prompt_goes_on(self):
        child = start()
        child.send("20 + ")
        child.expect_exact("20 + ")
        child.send("\x1a")
        deadline = time.time() + 10
        while time.time() < deadline:
            with open("/proc/%d/stat" % child.pid) as file:
                if file.read().rsplit(") ", 1)[1][0] == "T":
                    break
            time.sleep(0.02)
        else:
            self.fail("Ctrl-Z did not stop the program")
        child.kill(signal.SIGCONT)
        child.expect_exact("20 + ")  # redrawn, in raw mode again
        child.send("22\r")
        child.expect("42\r\n")
        child.close()

    def test_entries_above_a_second_tell_their_time(self):
        child = start()
        self.assertNotRegex(entered(child, "1 + 1"), r"\d s$")
        text = "local t = os.clock() while os.clock() < t + 1.1 do end print 'worked'"
        self.assertRegex(entered(child, text), r"worked\n1\.\d\d s$")
        child.close()

    def test_a_plain_terminal_has_the_same_session(self):
        child = start(TERM="dumb")
        child.sendline("6 * 7")
        child.expect("42\r\n> ")
        child.sendintr()
        child.expect("> ")
        child.sendline("1 + 2")
        child.expect("3\r\n> ")
        child.close()

    def test_a_broken_startup_file_is_shown_and_the_prompt_starts(self):
        handle, path = tempfile.mkstemp(suffix=".lua")
        os.write(handle, b"error 'broken'")
        os.close(handle)
        child = pexpect.spawn(PROGRAM, ["--init", path], encoding="utf-8", timeout=20)
        child.expect("broken")
        child.expect("> ")
        child.close()
        os.remove(path)


if __name__ == "__main__":
    unittest.main()
