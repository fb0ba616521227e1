#!/usr/bin/env python3
"""tools/verify-evidence against ledgers that are written here, by docs/evidence-format.md, with no code of mailvigil.

usage: test_verify_evidence.py [unittest options]; MAILVIGIL_SOURCE_DIR names the repository (default: two folders up)
"""
import base64
import collections
import contextlib
import copy
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("MAILVIGIL_SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("verify_evidence", os.path.join(SOURCE, "tools/verify-evidence"))
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("verify_evidence", LOADER))
LOADER.exec_module(tool)
tool.PATIENCE = 0                                        # no writer is at work here

ORIGIN = "mx1.example/mailvigil/0c1d55cb5d8e4a7eb02a7f2a3f9a1f00"


def text64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


def crc32c(data):
    """Bit by bit: another way than the table of the tool."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    return crc ^ 0xFFFFFFFF


def root(leaves):
    """RFC 6962 section 2.1, as it is written there."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root(leaves[:half]) + root(leaves[half:]))


def path(index, leaves):
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return path(index, leaves[:half]) + [root(leaves[half:])]
    return path(index - half, leaves[half:]) + [root(leaves[:half])]


def jcs(members):
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class PrivateKey:
    """RFC 8032 section 5.1.5 and 5.1.6."""

    def __init__(self, name, seed):
        expanded = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(expanded[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix, self.name, self.public = expanded[32:], name, self.times_base(self.scalar)
        raw = b"\1" + self.public
        self.id = sha256(name.encode() + b"\n" + raw)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{text64(raw)}"

    @staticmethod
    def times_base(scalar):
        x, y, z, _ = tool.point_times(scalar, tool.BASE)
        x, y = x * pow(z, -1, tool.P) % tool.P, y * pow(z, -1, tool.P) % tool.P
        return (y | (x & 1) << 255).to_bytes(32, "little")

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % tool.L
        first = self.times_base(r)
        h = int.from_bytes(hashlib.sha512(first + self.public + message).digest(), "little") % tool.L
        return first + ((r + h * self.scalar) % tool.L).to_bytes(32, "little")

    def line(self, body):
        return f"\u2014 {self.name} {text64(self.id + self.sign(body))}\n".encode()


Sealed = collections.namedtuple("Sealed", "size root text epoch")


class Writer:
    """A ledger by the page, in memory; write() makes the folder."""

    def __init__(self):
        self.leaves, self.checkpoints, self.bounds, self.packed, self.both = [], [], [0], set(), set()
        self.kept, self.first, self.seconds, self.day, self.keys = {}, 0, 0, 1, 1
        self.counts = collections.Counter()
        self.log, self.epoch = self.new_key(), self.new_key()
        self.first_key = self.epoch
        self.seal("genesis", **{"mailvigil.ledger.origin": ORIGIN, "mailvigil.ledger.log_vkey": self.log.vkey,
                                "mailvigil.ledger.vkey": self.epoch.vkey})

    def new_key(self):
        self.keys += 1
        return PrivateKey(ORIGIN, sha256(b"seed %d" % self.keys))

    def add(self, members):
        self.seconds += 1
        now = f"2026-03-{self.day:02}T{self.seconds // 3600:02}:{self.seconds // 60 % 60:02}:{self.seconds % 60:02}.000000000Z"
        self.leaves.append(jcs({"@timestamp": now, **members}))

    def event(self, kind="access", **members):
        self.counts[kind] += 1
        self.add({"mailvigil.class": kind, "message": f"event {len(self.leaves)} \u00e9\u20ac\U0001f4e8\x7f\n", **members})

    def seal(self, action, sign=True, **members):
        if action != "genesis":
            members["mailvigil.ledger.size"] = self.checkpoints[-1].size
            members["mailvigil.ledger.root"] = text64(self.checkpoints[-1].root)
        counts = [f"{kind}={number}" for kind, number in sorted(self.counts.items())]
        self.counts.clear()
        self.add({"mailvigil.class": "ledger", "event.action": action, "mailvigil.ledger.counts": counts, **members})
        if sign:
            self.sign()

    def sign(self):
        top = root(self.leaves)
        body = f"{ORIGIN}\n{len(self.leaves)}\n{text64(top)}\n".encode()
        self.checkpoints.append(Sealed(len(self.leaves), top, body + b"\n" + self.log.line(body) + self.epoch.line(body),
                                       self.epoch))

    def cosign(self):
        line = "\u2014 witness.example " + text64(b"wit1" + bytes(8) + bytes(64)) + "\n"
        self.checkpoints.append(self.checkpoints[-1]._replace(text=self.checkpoints[-1].text + line.encode()))

    def rotate(self, sign=True):
        self.day, self.seconds, new = self.day + 1, 0, self.new_key()
        self.seal("key", sign, **{"mailvigil.ledger.vkey": new.vkey})
        self.epoch = new

    def fill(self, size):
        while len(self.leaves) < size:
            if len(self.leaves) % 50 == 49:
                self.seal("heartbeat")
            else:
                self.event("finding" if len(self.leaves) % 7 == 0 else "access")

    def close_segment(self):
        assert len(self.leaves) % 256 == 0
        self.bounds.append(len(self.leaves))

    def proof(self, index):
        sealed = next(sealed for sealed in self.checkpoints if sealed.size > index)
        nodes = "".join(text64(node) + "\n" for node in path(index, self.leaves[:sealed.size]))
        return f"c2sp.org/tlog-proof@v1\nextra {text64(self.leaves[index])}\nindex {index}\n{nodes}\n".encode() + sealed.text

    def prune(self, first):
        self.seal("prune", **{"mailvigil.ledger.first": first, "event.reason": "older than 90 days"})
        for number in range(first):
            leaf = json.loads(self.leaves[number])
            if leaf["mailvigil.class"] == "ledger" and leaf["event.action"] in ("genesis", "key"):
                self.kept[number] = self.proof(number)
        self.first = first

    @staticmethod
    def frames(leaves):
        return b"".join(head + struct.pack("<I", crc32c(head + leaf)) + leaf
                        for leaf in leaves for head in [struct.pack("<I", len(leaf))])

    @staticmethod
    def zstd(data):
        return subprocess.run(["zstd", "-qc", f"--stream-size={len(data)}"], input=data, stdout=subprocess.PIPE, check=True).stdout

    @classmethod
    def compressed(cls, first, leaves, extra=b""):
        blocks = [cls.zstd(cls.frames(leaves[at:at + 256])) + extra for at in range(0, len(leaves), 256)]
        length = 28 + 4 * len(blocks)
        tail = struct.pack("<IIQI", 0x184D2A5E, length - 8, first, len(blocks))
        tail += b"".join(struct.pack("<I", len(block)) for block in blocks) + struct.pack("<I", length)
        return b"".join(blocks) + tail + struct.pack("<I", crc32c(b"".join(blocks) + tail))

    def write(self, folder):
        for name in ("segments", "kept", "keys"):
            os.makedirs(os.path.join(folder, name))
        put = lambda name, data: write_file(os.path.join(folder, name), data)
        put("format", b"mailvigil evidence 1\n")
        put("checkpoint", self.checkpoints[-1].text)
        put("checkpoints", b"".join(sealed.text + b"\n" for sealed in self.checkpoints))
        put("tree", b"".join(root(self.leaves[at:at + 256]) for at in range(0, self.bounds[-1], 256)))
        for first, end in zip(self.bounds, self.bounds[1:] + [len(self.leaves)]):
            leaves, name = self.leaves[first:end], f"segments/{first:020}"
            if first < self.first:
                continue
            if first in self.packed | self.both:
                put(name + ".zst", self.compressed(first, leaves))
            if first not in self.packed:
                put(name + ".log", self.frames(leaves))
        for number, proof in self.kept.items():
            put(f"kept/{number:020}.tlog-proof", proof)


def write_file(name, data):
    with open(name, "wb") as file:
        file.write(data)


def read_file(name):
    with open(name, "rb") as file:
        return file.read()


def full_ledger():
    """Segments: 0 .zst, 512 .log and .zst, 768 open. Keys at 300 and 600, a crash at 700."""
    writer = Writer()
    writer.seal("start")
    writer.event("configuration", **{"file.path#base64": text64(b"/tmp/\xff"), "file.size": 2**53 - 1, "file.inode": str(2**60)})
    writer.fill(300)
    writer.rotate()
    writer.cosign()
    writer.fill(512)
    writer.close_segment()
    writer.fill(600)
    writer.rotate()
    writer.fill(700)
    writer.seal("heartbeat", sign=False)
    writer.seal("start", sign=False, message="killed twice")
    writer.seal("start", message="the seals of leaves 700 and 701 were not signed")
    writer.fill(768)
    writer.close_segment()
    writer.fill(900)
    writer.event("ledger", **{"event.action": "close"})
    writer.seal("stop")
    writer.packed, writer.both = {0}, {512}
    return writer


def small_ledger():
    writer = Writer()
    writer.event()
    writer.seal("stop")
    return writer


class LedgerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        cls.scratch = tempfile.mkdtemp(prefix="verify_evidence.", dir=base)
        cls.full, cls.made = full_ledger(), os.path.join(cls.scratch, "full")
        cls.full.write(cls.made)
        cls.short, cls.cut = copy.deepcopy(cls.full), os.path.join(cls.scratch, "pruned")
        cls.short.prune(512)
        cls.short.seal("stop")
        cls.short.write(cls.cut)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.scratch)

    def setUp(self):
        self.folder = os.path.join(self.scratch, "ledger")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def given(self, made):
        """The folder to tamper with: a copy of a folder, or what a writer writes."""
        shutil.rmtree(self.folder, True)
        if isinstance(made, Writer):
            made.write(self.folder)
        else:
            shutil.copytree(made, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def edit(self, name, change):
        write_file(self.path(name), change(read_file(self.path(name))))

    def verify(self, vkey=None, anchors=()):
        """What the tool says, as one line for each damage."""
        key = tool.Key(self.full.first_key.vkey if vkey is None else vkey)
        anchors = [(f"seen{number}", size, top, None) for number, (size, top) in enumerate(anchors)]
        return [f"{where}: {what}" for where, what in tool.verify_ledger(self.folder, key, anchors).damages]

    def good(self, **options):
        self.assertEqual(self.verify(**options), [])

    def noted(self, *texts):
        """No damage, but a note."""
        self.good()
        notes = "\n".join(tool.verify_ledger(self.folder, None, []).notes)
        for text in texts:
            self.assertIn(text, notes)

    def bad(self, *places, **options):
        damages = self.verify(**options)
        self.assertTrue(damages, f"found nothing; expected {places}")
        for place in places:
            self.assertTrue(any(place in damage for damage in damages), f"{place!r} is not in {damages}")


class GoodTest(LedgerTest):
    def test_ledgers_by_the_page(self):
        anchors = [(sealed.size, sealed.root) for sealed in self.full.checkpoints[::5]]
        for made in (small_ledger(), self.made, self.cut):
            self.given(made)
            self.good(anchors=anchors if isinstance(made, str) else ())

    def test_states_that_are_no_damage(self):
        writer = small_ledger()
        writer.event()
        self.given(writer)
        self.good()                                     # a leaf that is not sealed yet
        self.edit("segments/" + "0" * 20 + ".log", lambda data: data[:-1])
        self.noted(f"segments/{0:020}.log, leaf 3, byte", "not whole")
        self.edit("segments/" + "0" * 20 + ".log", lambda data: data[:-200])
        self.bad(f"segments/{0:020}.log, leaf 2, byte", "is cut off")
        writer = copy.deepcopy(self.short)
        writer.first = 0
        self.given(writer)
        self.good()                                     # killed between the prune seal and the removal
        writer = Writer()
        writer.fill(255)
        writer.seal("heartbeat")
        writer.close_segment()
        self.given(writer)
        self.good()                                     # an open segment without a leaf

    def test_command(self):
        def run(*arguments):
            done = subprocess.run([sys.executable, tool.__file__, *arguments], capture_output=True, text=True)
            return done.returncode, done.stdout
        seen, proof = os.path.join(self.scratch, "seen"), os.path.join(self.scratch, "proof")
        key, log, last = self.full.first_key.vkey, self.full.log.vkey, self.full.checkpoints[-1]
        write_file(seen, last.text)
        status, said = run(self.made, "--vkey", key, "--anchor", seen)
        self.assertEqual((status, said.split(":")[0]), (0, "good"), said)
        self.assertEqual(run(self.cut, "--anchor", seen)[0], 0)
        self.assertEqual(run(self.made, "--vkey", log), (1, f"damage: segments/{0:020}.zst, leaf 0: genesis does not "
                                                             "name the verifier key that was given\n"))
        write_file(proof, self.full.proof(17))
        self.assertEqual(run("--proof", proof, "--vkey", key, "--log-vkey", log),
                         (0, f"leaf 17 of {ORIGIN}, sealed in the tree of 50 leaves:\n{self.full.leaves[17].decode()}\n"))
        self.assertEqual(run("--proof", proof, "--vkey", log)[0], 1)
        self.assertEqual(run("--proof", proof, "--vkey", key, "--log-vkey", key)[0], 1)
        write_file(proof, self.full.proof(17).replace(b"index 17", b"index 16"))
        self.assertEqual(run("--proof", proof, "--vkey", key)[0], 1)
        for wrong in ([], ["/nowhere"], [self.made, "--vkey", "x"], [self.made, "--anchor", proof], ["--proof", proof]):
            self.assertEqual(run(*wrong)[0], 2, wrong)

    def test_chain_of_keys(self):
        """A proof of a later day, and the first key only."""
        def said(*options):
            done = subprocess.run([sys.executable, tool.__file__, "--proof", proof, *options], capture_output=True, text=True)
            return done.returncode, done.stdout
        proof, first = os.path.join(self.scratch, "late"), self.full.first_key.vkey
        at = self.full.checkpoints[-1].size - 2
        write_file(proof, self.full.proof(at))
        self.assertEqual(said("--vkey", first)[0], 1)
        self.assertEqual(said("--vkey", self.full.epoch.vkey)[0], 0)
        os.mkdir(proof + ".keys")
        self.addCleanup(shutil.rmtree, proof + ".keys")
        self.assertIn("has no proof of genesis", said("--vkey", first)[1])
        for number in (0, 300, 600):
            write_file(f"{proof}.keys/{number:020}.tlog-proof", self.full.proof(number))
        self.assertEqual(said("--vkey", first, "--log-vkey", self.full.log.vkey)[0], 0)
        self.assertIn("does not name the verifier key", said("--vkey", self.full.epoch.vkey)[1])
        write_file(proof, self.full.proof(17))          # signed by the first key, whatever comes later
        self.assertEqual(said("--vkey", first)[0], 0)
        write_file(proof, self.full.proof(at))
        os.remove(f"{proof}.keys/{300:020}.tlog-proof")
        self.assertIn("is not of the epoch key", said("--vkey", first)[1])

    def test_plain_ed25519(self):
        key = PrivateKey("a", bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))
        signature = key.sign(b"\xaf\x82")                # RFC 8032 section 7.1, test 3
        self.assertEqual(key.public.hex(), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
        self.assertEqual(signature.hex()[:32], "6291d657deec24024827e69c3abe01a3")
        for verify in (tool.ed25519, tool.ed25519_plain):
            self.assertTrue(verify(key.public, b"\xaf\x82", signature))
            self.assertFalse(verify(key.public, b"\xaf\x83", signature))
            self.assertFalse(verify(bytes([2] + [0] * 31), b"", signature))
            large = int.from_bytes(signature[32:], "little") + tool.L
            self.assertFalse(verify(key.public, b"\xaf\x82", signature[:32] + large.to_bytes(32, "little")))


class TamperTest(LedgerTest):
    """Each by one who edits files and fixes every check that needs no key; then by one who has some keys."""

    def leaves_changed(self, change, *places, made=None):
        writer = copy.deepcopy(made or self.full)
        change(writer.leaves)
        self.given(writer)
        self.bad(*places)

    def test_leaves(self):
        self.leaves_changed(lambda leaves: leaves.pop(810), "checkpoints, size", "a leaf was altered")
        self.leaves_changed(lambda leaves: leaves.insert(810, leaves[810]), "first among those from 800 to 849")
        self.leaves_changed(lambda leaves: leaves.pop(), "size 902, but there are 901 leaves", "the end is missing")
        self.leaves_changed(lambda leaves: leaves.__setitem__(810, leaves[810].replace(b"event", b"evenT")), "800 to 849")
        self.leaves_changed(lambda leaves: leaves.__setitem__(slice(810, 812), leaves[811:809:-1]), "800 to 849")

        def swap(leaves):
            leaves[17], leaves[18] = leaves[18], leaves[17]
        self.leaves_changed(swap, "a leaf was altered, first among those from 2 to 49")
        self.leaves_changed(lambda leaves: leaves.append(leaves[-1]), "seal names a checkpoint of size 900",
                            "the last seal has no checkpoint")

    def test_segments(self):
        for made in (self.made, self.cut):
            for name in sorted(os.listdir(os.path.join(made, "segments"))):
                both = f"{512:020}" in name
                self.given(made)
                os.remove(self.path("segments/" + name))
                self.good() if both else self.bad("segments")
                for change in (lambda data: data + b"\0", lambda data: data[:-1], lambda data: data[1:], lambda data: b"",
                               lambda data: data + data, lambda data: data[:len(data) // 2]):
                    self.given(made)
                    self.edit("segments/" + name, change)
                    emptied = f"{768:020}" in name and not os.path.getsize(self.path("segments/" + name))
                    if f"{768:020}" in name and read_file(self.path("segments/" + name)).endswith(b"\0"):
                        self.noted("not whole")          # part of a frame that is not sealed
                        continue
                    self.bad("the end is missing" if emptied else "segments/" + name[:20])
                self.given(made)
                os.rename(self.path("segments/" + name), self.path(f"segments/{2048:020}.{name[21:]}"))
                self.bad("segments")
        self.given(self.made)
        os.remove(self.path(f"segments/{512:020}.log"))
        os.remove(self.path(f"segments/{512:020}.zst"))
        self.bad(f"segments/{768:020}.log: does not begin at leaf 512")
        self.given(self.made)
        os.rename(self.path(f"segments/{0:020}.zst"), self.path("x"))
        os.symlink(self.path("x"), self.path(f"segments/{0:020}.zst"))
        self.bad(f"segments/{0:020}.zst: cannot be read")
        os.remove(self.path(f"segments/{0:020}.zst"))
        os.mkfifo(self.path(f"segments/{0:020}.zst"))
        self.bad(f"segments/{0:020}.zst: is no plain file")
        self.given(self.made)
        write_file(self.path("segments/.hidden"), b"")
        self.bad("segments/.hidden: does not belong here")

    def test_compressed_segments(self):
        name = f"segments/{0:020}.zst"
        skippable = struct.pack("<II", 0x184D2A50, 4) + b"hide"
        for data in (Writer.compressed(0, self.full.leaves[:512], skippable), Writer.compressed(1, self.full.leaves[:512]),
                     Writer.compressed(0, self.full.leaves[:511]), Writer.compressed(0, self.full.leaves[:256]),
                     Writer.compressed(0, self.full.leaves[:512], subprocess.run(
                         ["zstd", "-qc"], input=b"", stdout=subprocess.PIPE, check=True).stdout)):
            self.given(self.made)
            write_file(self.path(name), data)
            self.bad("segments/")
        bomb = subprocess.run("head -c 300000000 /dev/zero | zstd -qc --stream-size=300000000", shell=True, stdout=subprocess.PIPE, check=True).stdout
        tail = struct.pack("<IIQIII", 0x184D2A5E, 24, 0, 1, len(bomb), 32)
        write_file(self.path(name), bomb + tail + struct.pack("<I", crc32c(bomb + tail)))
        self.bad(f"{name}, block 0: does not hold 256 leaves")
        self.given(self.made)
        other = self.full.leaves[512:768]
        other[3] = other[3].replace(b"event", b"evenT")
        write_file(self.path(f"segments/{512:020}.zst"), Writer.compressed(512, other))
        self.bad(f"segments/{512:020}.zst, leaf 515: is not as in the .log")

    def checkpoints_changed(self, change, *places, made=None):
        writer = copy.deepcopy(made or self.full)
        change(writer.checkpoints)
        self.given(writer)
        self.bad(*places)

    def test_checkpoints(self):
        for number in range(0, len(self.full.checkpoints) - 1, 4):
            size = self.full.checkpoints[number].size
            if [sealed.size for sealed in self.full.checkpoints].count(size) == 1:
                self.checkpoints_changed(lambda sealed, at=number: sealed.pop(at), f"leaf {size}" if size == 1 else "seal")
        self.checkpoints_changed(lambda sealed: sealed.pop(), "the last seal has no checkpoint")
        self.checkpoints_changed(lambda sealed: sealed.append(sealed[3]), "comes after 902")
        self.checkpoints_changed(lambda sealed: sealed.__setitem__(slice(5, 7), sealed[6:4:-1]), "checkpoints, size")
        for change in (lambda data: data + b"\n", lambda data: data[:-1], lambda data: data[:-40], lambda data: b"",
                       lambda data: data.replace(b"\n50\n", b"\n050\n"), lambda data: data.replace(b"\n\n", b"\n", 1),
                       lambda data: data + b"x" * 9_000_000, lambda data: b"\n" * 1_000_000):
            self.given(self.made)
            self.edit("checkpoints", change)
            self.bad("checkpoint")
        for change in (lambda data: b"", lambda data: data + b"\n", lambda data: self.full.checkpoints[-2].text):
            self.given(self.made)
            self.edit("checkpoint", change)
            self.bad("checkpoint: is not the last one of `checkpoints`")
        def cosigned_twice(sealed):
            at = next(at for at in range(1, len(sealed)) if sealed[at].size == sealed[at - 1].size)
            sealed.insert(at + 1, sealed[at - 1])
        self.checkpoints_changed(cosigned_twice, "stands there again without a signature that it had")
        self.given(self.made)
        os.remove(self.path("checkpoint"))
        self.bad("checkpoint: cannot be read")

    def test_signatures(self):
        def resigned(number, *keys):
            def change(sealed):
                body = sealed[number].text.split(b"\n\n")[0] + b"\n"
                sealed[number] = sealed[number]._replace(text=body + b"\n" + b"".join(key.line(body) for key in keys))
            return change
        log, other, epochs = self.full.log, PrivateKey(ORIGIN, bytes(32)), [sealed.epoch for sealed in self.full.checkpoints]
        self.checkpoints_changed(resigned(3, log), "signature 2 is not of the epoch key")
        self.checkpoints_changed(resigned(3, epochs[3], log), "signature 1 is not of the log key")
        self.checkpoints_changed(resigned(3, log, other), "signature 2 is not of the epoch key")
        self.checkpoints_changed(resigned(3, other, epochs[3]), "signature 1 is not of the log key")
        self.checkpoints_changed(resigned(3, log, epochs[-1]), "signature 2 is not of the epoch key")
        self.checkpoints_changed(resigned(-1, log, epochs[0]), "signature 2 is not of the epoch key")
        self.checkpoints_changed(resigned(3, log, epochs[3], other), "a third signature")
        at = epochs.index(epochs[-1])                    # the first one of the last key: the key seal itself is not its own
        self.checkpoints_changed(resigned(at - 1, log, epochs[at]), "signature 2 is not of the epoch key")

    def test_tree(self):
        for change in (lambda data: data[:-32], lambda data: data + bytes(32), lambda data: data[:-1], lambda data: b"",
                       lambda data: data + b"\0", lambda data: data[32:] + data[:32]):
            for made in (self.made, self.cut):
                self.given(made)
                self.edit("tree", change)
                self.bad("tree")

    def test_pruned(self):
        genesis, key = (f"kept/{number:020}.tlog-proof" for number in (0, 300))
        for name, place in ((genesis, "no proof of genesis"), (key, "is not of the epoch key")):
            self.given(self.cut)
            os.remove(self.path(name))
            self.bad(place)
        for name in (genesis, key):
            for change in (lambda data: data + b"\n", lambda data: data[:-2], lambda data: b"", lambda data: b"\n" + data,
                           lambda data: data.replace(b"index ", b"index 0"), lambda data: data.replace(b"extra ", b"extra A")):
                self.given(self.cut)
                self.edit(name, change)
                self.bad(name)
        self.given(self.cut)
        write_file(self.path(key), self.full.proof(17))
        self.bad(key)
        self.given(self.cut)
        write_file(self.path(f"kept/{50:020}.tlog-proof"), self.full.proof(50))
        self.bad(f"kept/{50:020}.tlog-proof: is not of leaf 50")
        self.given(self.made)                            # more is removed than the newest prune seal says, or without one
        os.remove(self.path(f"segments/{0:020}.zst"))
        for name in (genesis, key):
            shutil.copy(os.path.join(self.cut, name), self.path(name))
        self.bad("segments: begin at leaf 512, but prune seals permit 0 at most")
        writer = copy.deepcopy(self.full)                # a prune seal that nobody signed
        writer.prune(512)
        writer.checkpoints.pop()
        self.given(writer)
        self.bad("the last seal has no checkpoint", "prune seals permit 0 at most")
        writer = copy.deepcopy(self.short)               # a checkpoint of the time that is gone
        writer.checkpoints.pop([sealed.size for sealed in writer.checkpoints].index(301))
        writer.checkpoints.pop([sealed.size for sealed in writer.checkpoints].index(301))
        self.given(writer)
        self.bad(f"{key}: its checkpoint is not in `checkpoints`")

    def test_kept_key_of_another_tree(self):
        """The roots of `tree` must be those that the kept proofs rest on, though the leaves are gone."""
        writer = copy.deepcopy(self.full)
        writer.leaves[17] = writer.leaves[17].replace(b"event", b"evenT")
        writer.checkpoints = [sealed for sealed in writer.checkpoints if sealed.size < 500]
        writer.leaves = writer.leaves[:512]
        writer.bounds = [0, 512]
        writer.prune(512)
        writer.kept = self.short.kept
        self.given(writer)
        self.bad(f"kept/{300:020}.tlog-proof: its path is not that of the roots in `tree`")

    def test_older_copy(self):
        writer = copy.deepcopy(self.full)
        last = writer.checkpoints[-1]
        writer.checkpoints.pop()
        writer.leaves = writer.leaves[:writer.checkpoints[-1].size]
        self.given(writer)
        self.good()
        self.bad("anchor seen0", "this is an older copy", anchors=[(last.size, last.root)])
        self.bad("its root is not that of the anchor seen0", anchors=[(50, bytes(32))])
        self.bad("no checkpoint here is of its size 51", anchors=[(51, bytes(32))])

    def test_another_ledger(self):
        self.given(self.made)
        self.bad("genesis does not name the verifier key that was given", vkey=PrivateKey(ORIGIN, bytes(32)).vkey)
        for change in (lambda data: data[:-1], lambda data: data + b"\n", lambda data: data.replace(b"1", b"2")):
            self.given(self.made)
            self.edit("format", change)
            self.bad("format")

    def test_key_seal_that_the_old_key_never_signed(self):
        """Who has the log key of all days and no old epoch key: a key seal as if the writer was killed before it signed."""
        writer = Writer()
        writer.fill(60)
        writer.checkpoints = [sealed for sealed in writer.checkpoints if sealed.size <= 50]
        writer.leaves = writer.leaves[:50]
        writer.counts.clear()
        writer.rotate(sign=False)
        writer.seal("start", message="the seal of leaf 50 was not signed")
        self.given(writer)
        self.bad("signature 2 is not of the epoch key")

    def test_second_genesis(self):
        writer = Writer()
        writer.fill(10)
        other = writer.new_key()
        writer.seal("genesis", **{"mailvigil.ledger.origin": ORIGIN, "mailvigil.ledger.log_vkey": writer.log.vkey,
                                  "mailvigil.ledger.vkey": other.vkey})
        writer.epoch = other
        writer.seal("stop")
        self.given(writer)
        self.bad("a second genesis", "signature 2 is not of the epoch key")

    def test_seals(self):
        def sealed(change):
            writer = Writer()
            writer.fill(10)
            change(writer)
            self.given(writer)
        for action, place in (("x", "with the action x"), ("close", "which it ends at, is no seal")):
            sealed(lambda writer, action=action: writer.seal(action))
            self.bad(place)
        sealed(lambda writer: (writer.seal("heartbeat", sign=False), writer.seal("heartbeat")))
        self.good()                                      # the checkpoint found no room, and the writer went on
        sealed(lambda writer: (writer.seal("heartbeat"), writer.seal("heartbeat"), writer.checkpoints.pop(-2)))
        self.bad("leaf 11: the seal names a checkpoint of size 11, but the one before it in `checkpoints` is of size 1")
        sealed(lambda writer: (writer.counts.update(access=1), writer.seal("stop")))
        self.noted("the seal counts")                    # for readers; the tree binds the leaves
        sealed(lambda writer: (writer.event(), writer.sign()))
        self.bad("leaf 10, which it ends at, is no seal")
        for first in (1, 256, "0", -256):
            sealed(lambda writer, first=first: writer.seal("prune", **{"mailvigil.ledger.first": first}))
            self.bad("the prune seal does not name a leaf")

    def test_leaves_that_are_none(self):
        good = {"@timestamp": "2026-03-01T00:00:00.000000000Z", "mailvigil.class": "access"}
        for name, value in (("b", 1.5), ("b", 2**53), ("b", None), ("b", True), ("b", {}), ("b", [1]), ("b", [["x"]]),
                            ("b#base64", "eA=="), ("b#base64", "/w"), ("b#base64", "/x=="), ("b#base64", 1),
                            ("@timestamp", "2026-03-01T00:00:00Z"),
                            ("mailvigil.class", ["ledger"]), ("event.action", ["genesis"])):
            with self.subTest(name=name, value=value):
                leaf = jcs({**good, name: value})
                if name == "event.action":
                    tool.parse_leaf(leaf)
                    continue
                with self.assertRaises(ValueError):
                    tool.parse_leaf(leaf)
        text = jcs(good)
        for leaf in (text + b"\n", b" " + text, text.replace(b",", b", "), text[:-1] + b',"z":1,"z":1}',
                     b"[]", b"{", b"", b"\xff", text[:-1] + b',"a":1}', b"[" * 60000,
                     text[:-1] + b',"z":"\\u0041"}', text[:-1] + b',"z":"\\ud800"}',
                     text[:-1] + b',"z":-0}', text[:-1] + b',"z":1e3}', text[:-1] + b',"z":NaN}', text[:-1] + b',"z":"\\/"}',
                     text[:-1] + b',"z":' + b"9" * 50000 + b"}", text[:-1] + b',"z":' + b"[" * 50000 + b"}"):
            with self.assertRaises(ValueError):
                tool.parse_leaf(leaf)
        tool.parse_leaf(jcs({**good, "b": -(2**53 - 1), "c": [], "d#base64": ["eA==", "/w=="]}))
        # RFC 8785 sorts by UTF-16: U+1F4E8 before U+FB33.
        tool.parse_leaf(text[:-1] + ',"\U0001f4e8":1,"\ufb33":2}'.encode())


class FlipTest(LedgerTest):
    def flips(self, name, positions):
        data = bytearray(read_file(self.path(name)))
        with open(self.path(name), "r+b", buffering=0) as file:
            for position in positions:
                byte, bit = divmod(position, 8)
                file.seek(byte)
                file.write(bytes([data[byte] ^ 1 << bit]))
                self.assertTrue(self.verify(), f"{name}: bit {bit} of byte {byte} is missed")
                file.seek(byte)
                file.write(data[byte:byte + 1])

    def files(self):
        return sorted(os.path.relpath(os.path.join(place, name), self.folder)
                      for place, _, names in os.walk(self.folder) for name in names)

    def test_every_bit_of_a_small_ledger(self):
        self.given(small_ledger())
        for name in self.files():
            self.flips(name, range(8 * os.path.getsize(self.path(name))))
        self.good()

    def test_some_bits_of_every_file(self):
        chance = random.Random(4)
        for made in (self.made, self.cut):
            self.given(made)
            for name in self.files():
                bits = 8 * os.path.getsize(self.path(name))
                if name == "checkpoints":               # but those of cosignatures of witnesses that nobody named
                    hidden = read_file(self.path(name)).index(b"\xe2\x80\x94 witness")
                    bits = 8 * hidden
                self.flips(name, chance.sample(range(bits), min(bits, 8)))
            self.good()

    def test_garbage_makes_no_crash(self):
        chance = random.Random(5)
        self.given(self.cut)
        for name in self.files():
            whole = read_file(self.path(name))
            for _ in range(6):
                data = bytearray(whole)
                for _ in range(chance.randrange(1, 20)):
                    at, length = chance.randrange(len(data) + 1), chance.randrange(40)
                    data[at:at + length] = chance.choice([chance.randbytes(length), whole[at // 2:][:length], b"", b"\n"])
                write_file(self.path(name), data)
                with contextlib.redirect_stdout(io.StringIO()):
                    self.verify()
            write_file(self.path(name), whole)


if __name__ == "__main__":
    unittest.main()
