"""Let allocations of a command fail: out_of_memory.py [OPTION…] SHIM FOLDER COMMAND…

The command runs in a fresh copy of FOLDER each time, while one allocation fails, or that one and all
after it. It has to end by itself, and then either as it always does, with the same output and files,
or with a status of 70, one line that says why, and no file but whole ones, old or new.

SHIM is what fail_alloc.c became. Options:
  --status N     another status that may be: an error that is told in one line
  --spare LIST   libraries whose allocations do not fail
  --then COMMAND has to succeed after each failure
"""
import argparse
import collections
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile

EACH = 50  # the first ones, one by one; then in steps of a quarter
LASTING = 4  # of as many one is tried with all later ones, too
NEVER = 1 << 30
BUDGET_S = 30  # of a command that takes milliseconds
LINE = b"perfgate: error: out of memory\n"


def read_files(folder):
    found = {}
    for path, folders, names in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")  # its own format: what --then is for
        for name in names:
            with open(os.path.join(path, name), "rb") as f:
                found[os.path.relpath(os.path.join(path, name), folder)] = f.read()
    return found


class Sweep:
    def __init__(self, options, folder):
        self.options = options
        self.copy = os.path.join(folder, "copy")
        control = os.path.join(folder, "control")
        with open(control, "wb") as f:
            f.write(bytes(16))
        with open(control, "r+b") as f:
            self.control = mmap.mmap(f.fileno(), 16)
        self.env = dict(os.environ, LD_PRELOAD=options.shim, FAIL_ALLOC=control,
                        FAIL_ALLOC_SPARE="libhiredis " + options.spare)
        self.old = read_files(options.folder)
        self.ends = collections.Counter()
        self.usual = self.run(NEVER, False)
        self.count = NEVER - self.left

    def run(self, after, lasting):
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.options.folder, self.copy, symlinks=True)
        self.control[:] = struct.pack("iiii", 0, after, 0, lasting)
        done = subprocess.run(self.options.command, cwd=self.copy, env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=BUDGET_S)
        self.left = struct.unpack("iiii", self.control[:])[1]
        self.control[:8] = bytes(8)
        return done.returncode, done.stdout, done.stderr, read_files(self.copy)

    def complaint(self, status, output, errors, files):
        """What is wrong with that end of the command, or None."""
        usual_status, usual_output, _, whole = self.usual
        everything = output + errors + b"".join(files[name] for name in files if files[name] != self.old.get(name))
        if b"canary" in everything:
            return "a secret is shown"
        if status == usual_status:
            return None if (output, files) == (usual_output, whole) else "ends as usual, with another outcome"
        torn = [name for name in files if files[name] not in (whole.get(name), self.old.get(name))]
        lost = [name for name in self.old if name not in files]
        if torn or lost:
            return f"left behind: {torn}, lost: {lost}"
        if status == 70 and errors.endswith(LINE) and errors.count(b": error: ") == 1:
            return None
        if status in self.options.status and errors.count(b": error: ") == 1:
            return None
        return f"status {status}"

    def check(self, after, lasting):
        end = self.run(after, lasting)
        self.ends[end[0]] += 1
        why = self.complaint(*end)
        if not why and self.options.then and end[0] != self.usual[0]:
            then = subprocess.run(self.options.then, shell=True, cwd=self.copy, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=BUDGET_S)
            why = then.returncode and f"afterwards: {then.stdout.decode()}{then.stderr.decode()}"
        if why:
            print(f"allocation {after} of {self.count}{' and all later ones' if lasting else ''}: {why}\n"
                  f"{end[2].decode(errors='replace')}", file=sys.stderr)
        return not why


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--status", type=int, action="append", default=[])
    parser.add_argument("--spare", default="")
    parser.add_argument("--then")
    parser.add_argument("shim")
    parser.add_argument("folder")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(parser.parse_args(), folder)
        if sweep.usual[0] == 70 or sweep.count < EACH:
            sys.exit(f"status {sweep.usual[0]}, {sweep.count} allocations: {sweep.usual[2].decode()}")
        good, tried, after = True, 0, 1
        while after <= sweep.count:
            good = sweep.check(after, False) and good
            if tried % LASTING == 0:
                good = sweep.check(after, True) and good
            tried += 1
            after += 1 if after < EACH else after // 4
        print(f"{sweep.count} allocations; status and how often: {sorted(sweep.ends.items())}")
        sys.exit(not good)


main()
