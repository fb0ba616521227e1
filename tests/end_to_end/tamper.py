#!/usr/bin/env python3
"""Ledgers for evidence.sh: taken apart, tampered with, and asked, by docs/evidence-format.md.

usage: tamper.py ACTION FOLDER [ARGUMENT]...
"""
import importlib.machinery
import importlib.util
import io
import json
import os
import random
import shutil
import subprocess
import sys

SOURCE = os.environ["MAILVIGIL_SOURCE_DIR"]
sys.dont_write_bytecode = True


def load(name, path):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(SOURCE, path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


page = load("page", "tests/evidence_verifier/test_verify_evidence.py")   # writes by the page
tool = page.tool                                                         # verifies by the page


def last_log(folder):
    return sorted(name for name in os.listdir(f"{folder}/segments") if name.endswith(".log"))[-1]


def leaves_of(folder):
    """All leaves that can be read, the first one's number and the .log of the last segment."""
    name = last_log(folder)
    first, out = int(name[:20]), []
    try:
        for _, leaf in tool.frames(io.BytesIO(page.read_file(f"{folder}/segments/{name}")), first, name):
            out.append(leaf)
    except tool.Damage:
        pass
    return name, first, out


def write_leaves(folder, change):
    name, first, leaves = leaves_of(folder)
    page.write_file(f"{folder}/segments/{name}", page.Writer.frames(change(leaves)))


def entries(folder):
    """The checkpoints as they stand in `checkpoints`."""
    parts = page.read_file(f"{folder}/checkpoints").split(b"\n\n")
    return [b"\n\n".join(parts[at:at + 2]) + b"\n" for at in range(0, len(parts) - 1, 2)]


def write_entries(folder, made):
    page.write_file(f"{folder}/checkpoints", b"".join(entry + b"\n" for entry in made))
    page.write_file(f"{folder}/checkpoint", made[-1])


def split(folder):
    """Closes the segment at leaf 256, as a writer with smaller segments would."""
    name, first, leaves = leaves_of(folder)
    assert first == 0 and len(leaves) > 256, len(leaves)
    page.write_file(f"{folder}/segments/{name}", page.Writer.frames(leaves[:256]))
    page.write_file(f"{folder}/segments/{256:020}.log", page.Writer.frames(leaves[256:]))
    page.write_file(f"{folder}/tree", page.root(leaves[:256]))


def alter(folder):
    """One word of one record; the frame's check is right again."""
    def change(leaves):
        at = next(at for at, leaf in enumerate(leaves) if b'"mailvigil.class":"access"' in leaf)
        leaves[at] = leaves[at].replace(b'"mailvigil.who":"', b'"mailvigil.who":"not ')
        return leaves
    write_leaves(folder, change)


def remove_record(folder):
    write_leaves(folder, lambda leaves: leaves[:2] + leaves[3:])


def remove_segment(folder):
    for kind in ("log", "zst"):
        if os.path.exists(f"{folder}/segments/{0:020}.{kind}"):
            os.remove(f"{folder}/segments/{0:020}.{kind}")


def remove_checkpoint(folder, which):
    made = entries(folder)
    del made[len(made) // 2 if which == "middle" else -1]
    write_entries(folder, made)


def cut(folder):
    """The end of the records, up to the seal before the last one, and its checkpoint stays."""
    write_leaves(folder, lambda leaves: leaves[:-1])


def forge(folder):
    """A checkpoint of another tree, in the right form, signed by keys of the forger's own."""
    made = entries(folder)
    origin, size, _ = made[-1].decode().split("\n")[:3]
    body = f"{origin}\n{size}\n{page.text64(bytes(32))}\n".encode()
    log, epoch = (page.PrivateKey(origin, bytes([number]) * 32) for number in (1, 2))
    write_entries(folder, made[:-1] + [body + b"\n" + log.line(body) + epoch.line(body)])


def flips(folder, program, vkey, count):
    """One bit at pseudo-random places; both verifiers must find each. Prints how many were tried."""
    chance, undetected, copy = random.Random(23), 0, folder + ".flip"
    names = ["checkpoint", "checkpoints", "tree", "format"]
    names += [f"segments/{name}" for name in sorted(os.listdir(f"{folder}/segments"))]
    weights = [max(os.path.getsize(f"{folder}/{name}"), 2000) for name in names]
    shutil.copytree(folder, copy)
    for _ in range(int(count)):
        name = chance.choices(names, weights)[0]
        good = page.read_file(f"{folder}/{name}")
        bit = chance.randrange(8 * len(good))
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        page.write_file(f"{copy}/{name}", bytes(bad))
        mine = tool.verify_ledger(copy, tool.Key(vkey), []).damages
        its = subprocess.run([program, "evidence", "verify", copy, "--vkey", vkey], capture_output=True, text=True)
        if not mine or its.returncode != 1 or "damage  " not in its.stdout:
            undetected += 1
            print(f"{name}, bit {bit}: not found by {'both' if not mine and its.returncode == 0 else 'one'}: "
                  f"{mine} {its.returncode} {its.stdout} {its.stderr}")
        page.write_file(f"{copy}/{name}", good)
    shutil.rmtree(copy)
    print(f"{count} flipped bits, {undetected} of them not found")
    return undetected == 0


def printed(folder, *files):
    """Whether each finding that was printed, as ndjson, stands in the ledger. A last line may be cut off."""
    sealed = set()
    for name in sorted(os.listdir(f"{folder}/segments")):
        for _, leaf in tool.frames(io.BytesIO(page.read_file(f"{folder}/segments/{name}")), 0, name):
            event = json.loads(leaf)
            if event["mailvigil.class"] == "finding":
                sealed.add((event.get("event.id"), event["mailvigil.title"], *event["mailvigil.evidence"]))
    lines = [line for file in files for line in page.read_file(file).split(b"\n")[:-1]]
    shown = [json.loads(line) for line in lines]
    lost = [event["mailvigil"]["title"] for event in shown
            if (event["event"].get("id"), event["mailvigil"]["title"], *event["mailvigil"]["evidence"]) not in sealed]
    print(f"{len(shown)} findings printed, {len(lost)} of them not in the ledger {' '.join(lost)}")
    return not lost


def feed(source, target, pieces, seconds):
    """Writes a log in pieces, as a daemon does."""
    import time
    data = page.read_file(source)
    step = len(data) // int(pieces) + 1
    with open(target, "ab", buffering=0) as file:
        for at in range(0, len(data), step):
            file.write(data[at:at + step])
            time.sleep(float(seconds) / int(pieces))


if __name__ == "__main__":
    sys.exit(0 if globals()[sys.argv[1]](*sys.argv[2:]) in (None, True) else 1)
