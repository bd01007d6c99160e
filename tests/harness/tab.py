#!/usr/bin/env python3
"""Type into an interactive shell as a person does, with Tab behind each line.

tab.py SHELL [ARGUMENT...] <LINES

The first line sets the shell up and makes its prompt "READY> " (written so that its echo is
not taken for the prompt). Each line after it is typed at a prompt, then Tab, then Enter; a
line that begins with "!" gets no Tab. Ends with 1 when a prompt does not come in 20 s each;
what the terminal showed goes to standard error then.
"""

import os
import pty
import select
import signal
import sys
import time

PROMPT = b"READY> "


class Terminal:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        self.shown = b""
        self.read_from = 0

    def read(self, deadline):
        """More of what is shown; False at the end or when the time is up."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)

    def await_prompt(self):
        deadline = time.monotonic() + 20
        while True:
            at = self.shown.find(PROMPT, self.read_from)
            if at >= 0:
                self.read_from = at + len(PROMPT)
                return
            if not self.read(deadline):
                sys.stderr.buffer.write(self.shown + b"\n")
                sys.exit("no prompt")

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        self.type("exit\r")
        deadline = time.monotonic() + 20
        while self.read(deadline):
            pass
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def main():
    setup, *lines = sys.stdin.read().splitlines()
    terminal = Terminal(sys.argv[1:])
    terminal.type(setup + "\r")
    for line in lines:
        terminal.await_prompt()
        terminal.type(line[1:] + "\r" if line.startswith("!") else line + "\t\r")
    terminal.await_prompt()
    terminal.close()


main()
