#!/usr/bin/env python3
"""Drive Chromium by lines on standard input, over its debugging pipe: browser.py FOLDER

Each line is a command and its argument; each is answered by a line: "ok", with what was asked for
behind it, or "failed" and why. FOLDER takes the browser's profile.

    open URL           and wait until it is loaded
    until EXPRESSION   wait until it is true in the page, 30 s at most
    show EXPRESSION    its value as JSON
    console            everything that the page or the browser complained about so far, as JSON
    view WIDTH SCHEME  the window's width and "light" or "dark"
    shot FILE          a picture of the whole page
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time

LIMIT_S = 30


class Failed(Exception):
    pass


class Browser:
    def __init__(self, folder):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            sys.exit("missing tool: chromium")
        theirs_in, self.out = os.pipe()
        self.back, theirs_out = os.pipe()

        def place():
            # The pipe is 3 and 4, whatever numbers it has here.
            a, b = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             "--user-data-dir=" + os.path.join(folder, "profile"), "--remote-debugging-pipe"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=place, close_fds=False)
        os.close(theirs_in)
        os.close(theirs_out)
        self.rest, self.number, self.session, self.said = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log"):
            self.call(part + ".enable")

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.back, 1 << 20)
            if not piece:
                raise Failed("the browser has ended")
            self.rest += piece
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            self.note(answer)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failed(answer["error"]["message"])
                return answer["result"]

    def note(self, event):
        params = event.get("params", {})
        if event.get("method") == "Log.entryAdded":
            self.said.append(params["entry"]["text"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.said.append(params["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif event.get("method") == "Runtime.consoleAPICalled":
            self.said.append(" ".join(str(a.get("value", "")) for a in params["args"]))

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise Failed(result["exceptionDetails"]["exception"].get("description", "an exception"))
        return result["result"].get("value")

    # -- commands --

    def open(self, url):
        self.call("Page.navigate", url=url)
        return self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def until(self, expression):
        end = time.monotonic() + LIMIT_S
        while not self.value(expression):
            if time.monotonic() > end:
                raise Failed("never true: " + expression)
            time.sleep(0.05)
        return ""

    def show(self, expression):
        return json.dumps(self.value(expression))

    def console(self, _):
        return json.dumps(self.said)

    def view(self, argument):
        width, scheme = argument.split()
        self.call("Emulation.setDeviceMetricsOverride", width=int(width), height=900, deviceScaleFactor=1,
                  mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return ""

    def shot(self, path):
        shown = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as out:
            out.write(base64.b64decode(shown["data"]))
        return ""


def main():
    browser = Browser(sys.argv[1])
    try:
        for line in sys.stdin:
            command, _, argument = line.rstrip("\n").partition(" ")
            try:
                print("ok", getattr(browser, command)(argument), flush=True)
            except Failed as failure:
                print("failed", str(failure).replace("\n", " "), flush=True)
    finally:
        browser.process.terminate()
        browser.process.wait()


if __name__ == "__main__":
    main()
