"""Makes the stored log from what auditd wrote: store.py AUDIT.LOG END FLAG, the result goes to stdout, counts to stderr.

Two traces of how the recording was made are taken out, everything else stays byte for byte:
  * the host's personality flag in SYSCALL records ("per=..."), and the build suffix of the kernel's release;
  * records that userspace programs outside the host sent to the kernel (their pid never started a program in the host),
    and what came after END, when the audit rules were taken away again.
"""
import collections
import re
import sys

path, end, flag = sys.argv[1], float(sys.argv[2]), int(sys.argv[3], 0)
STAMP = re.compile(rb"^type=(\S+) msg=audit\((\d+\.\d+):(\d+)\):")
PID = re.compile(rb"\bpid=(\d+)")
PPID = re.compile(rb"\bppid=(\d+) pid=(\d+)")
PERSONALITY = b" per=%x" % flag
OWN = {b"DAEMON_START", b"DAEMON_END", b"CONFIG_CHANGE"}

records = []
events = collections.defaultdict(list)
with open(path, "rb") as file:
    for line in file:
        match = STAMP.match(line)
        if not match:
            sys.exit(f"not an audit record: {line!r}")
        kind, when, serial = match.groups()
        event = (float(when), serial, kind in (b"DAEMON_START", b"DAEMON_END"))
        records.append((event, kind, line))
        events[event].append((kind, line))

host = set()
for lines in events.values():
    for kind, line in lines:
        if kind == b"SYSCALL" and PERSONALITY in line:
            host.update(PPID.search(line).groups())


def belongs(event):
    lines = events[event]
    kinds = {kind for kind, _ in lines}
    if event[0] > end and b"DAEMON_END" not in kinds:
        return False
    return bool(kinds & OWN) or any(
        PERSONALITY in line or ((pid := PID.search(line)) and pid.group(1) in host) for _, line in lines)


verdict = {event: belongs(event) for event in events}
kept = collections.Counter()
dropped = collections.Counter()
for event, kind, line in records:
    (kept if verdict[event] else dropped)[kind.decode()] += 1
    if not verdict[event]:
        continue
    line = line.replace(PERSONALITY, b"", 1)
    if kind == b"DAEMON_START":
        line = re.sub(rb"kernel=(\d+\.\d+\.\d+)\S*", rb"kernel=\1", line)
    sys.stdout.buffer.write(line)

show = " ".join(f"{kind}={count}" for kind, count in sorted(kept.items()))
print(f"kept {show}; left out {dict(dropped)}", file=sys.stderr)
