# SPDX-License-Identifier: MIT
"""The prompt in a pseudo-terminal: prompt.py PROGRAM.  Exit 77 (skipped) without pexpect."""
import os
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
    return child.match.group(1).replace("\x1b[?2004l", "").replace("\r", "").strip()


class Prompt(unittest.TestCase):
    def test_values_are_shown_and_locals_survive(self):
        child = start()
        self.assertEqual(entered(child, "local x = 20"), "")
        self.assertEqual(entered(child, "x + 1"), "21")
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

    def press_stops(self, text):
        child = start()
        child.sendline("print('run' .. 'ning') " + text)
        child.expect("running\r\n")
        time.sleep(0.2)
        child.sendintr()
        child.expect("interrupted")
        child.expect("> ")
        self.assertEqual(entered(child, "40 + 2"), "42", text)
        child.close()

    def test_one_press_stops_a_loop(self):
        self.press_stops("while true do end")

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
        child.sendintr()
        child.expect("> ")
        child.sendintr()
        child.expect("Ctrl-D leaves")
        self.assertEqual(entered(child, "1 + 1"), "2")
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
