#!/bin/bash
# A recording becomes a ledger that two verifiers agree on, `evidence verify` and tools/verify-evidence, which
# shares no code with it. Then each way to tamper with it, two writers, disks that are full or
# read-only, and a writer that is killed at any moment.
set -euo pipefail
program=$1
recordings=$MAILVIGIL_SOURCE_DIR/tests/recordings
tamper=$MAILVIGIL_SOURCE_DIR/tests/end_to_end/tamper.py
independent=$MAILVIGIL_SOURCE_DIR/tools/verify-evidence
work=$(mktemp -d)
disk=$work/disk
mkdir "$disk"
failed=0
mounted=0
children=()

clean_up() {
    for child in "${children[@]}"; do
        kill -KILL "$child" 2>/dev/null && wait "$child" 2>/dev/null || true
    done
    [ "$mounted" = 0 ] || umount "$disk" || umount -l "$disk"
    rm -rf "$work"
}
trap clean_up EXIT

complain() {
    echo "$*"
    failed=1
}

# What, status, a pattern that the output has; the command.
run() {
    local what=$1 wanted=$2 pattern=$3 status=0
    shift 3
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    if [ "$status" != "$wanted" ] || ! cat "$work/out" "$work/err" | grep -q -- "$pattern"; then
        complain "$what: status $status (wanted $wanted), looked for: $pattern"
        cat "$work/out" "$work/err"
    fi
}

# What; patterns of the one and of the other verifier; the folder and what both are given.
damaged() {
    local what=$1 pattern=$2 other=$3
    shift 3
    run "$what" 1 "^damage .*$pattern" "$program" evidence verify "$@"
    run "$what, second verifier" 1 "^damage: .*$other" "$independent" "$@"
}

good() {
    local what=$1
    shift
    run "$what" 0 '^verdict  *good' "$program" evidence verify "$@"
    run "$what, second verifier" 0 '^good: ' "$independent" "$@"
}

# A copy of the ledger to tamper with; then tamper.py, where asked.
copy=$work/copy
tampered() {
    rm -rf "$copy"
    cp -r "$ledger" "$copy"
    [ $# = 0 ] || python3 "$tamper" "$1" "$copy" "${@:2}"
}

# ---------------------------------------------------------------------------- a ledger, and questions

ledger=$work/small
run 'replay' 1 'sealed in' "$program" replay --host mx1 --evidence "$ledger" "$recordings/nc_maildir/audit.log.zst"
run 'who' 0 'incident 1' "$program" who fin --evidence "$ledger"
for words in 'root (operator1, ssh' 'tar .*collection'; do
    grep -q "$words" "$work/out" || complain "who does not say: $words"
done
"$program" evidence status --evidence "$ledger" >"$work/status"
vkey=$(sed -n 's/^epoch key *//p' "$work/status")
log_key=$(sed -n 's/^log key *//p' "$work/status")
good 'a ledger' "$ledger" --vkey "$vkey"

for record in 0 7 15; do
    proof=$work/$record.tlog-proof
    run "prove $record" 0 '' "$program" evidence prove "$record" --evidence "$ledger" -o "$proof"
    [ -e "$proof.keys/00000000000000000000.tlog-proof" ] || complain "proof $record has no chain of keys"
    run "proof $record" 0 "good: record $record " "$program" evidence verify --proof "$proof" --vkey "$vkey"
    run "proof $record, and the log key alone" 1 '^damage' \
        "$program" evidence verify --proof "$proof" --vkey "$log_key"
    run "proof $record, second verifier" 0 "^leaf $record of mx1/" \
        "$independent" --proof "$proof" --vkey "$vkey" --log-vkey "$log_key"
done
sed -i 's/^index 15$/index 14/' "$proof"
run 'a forged proof' 1 '^damage' "$program" evidence verify --proof "$proof" --vkey "$vkey"
run 'a forged proof, second verifier' 1 'tlog-proof' "$independent" --proof "$proof" --vkey "$vkey"

# More records, then the segment is closed at leaf 256; the next writer compresses it.
ledger=$work/ledger
run 'replay of a day' 1 'sealed in' "$program" replay --host mx1 --evidence "$ledger" "$recordings/day/audit.log.zst"
"$program" evidence status --evidence "$ledger" >"$work/status"
vkey=$(sed -n 's/^epoch key *//p' "$work/status")
cp -r "$ledger" "$work/older"
run 'the same log again' 3 'again' "$program" replay --host mx1 --evidence "$ledger" "$recordings/day/audit.log.zst"
run 'again' 1 'sealed in' "$program" replay --again --host mx1 --evidence "$ledger" "$recordings/day/audit.log.zst"
python3 "$tamper" split "$ledger"
good 'a closed segment' "$ledger" --vkey "$vkey"
run 'one more log' 1 'sealed in' "$program" replay --host mx1 --evidence "$ledger" "$recordings/nc_maildir/audit.log.zst"
[ -e "$ledger/segments/00000000000000000000.zst" ] || complain 'the closed segment was not compressed'
cp "$ledger/checkpoint" "$work/anchor"
good 'a compressed segment' "$ledger" --vkey "$vkey" --anchor "$work/anchor"

# ---------------------------------------------------------------------------- tampering

tampered alter
damaged 'an altered record, its check made right' 'are not what it signed' 'a leaf was altered' "$copy"
tampered remove_record
damaged 'a removed record' 'is signed, but\|are not what it signed\|missing' 'another\|the end is missing\|no seal' "$copy"
tampered remove_segment
damaged 'a removed segment' 'kept: the proofs of the keys\|missing' 'segments: begin at leaf 256' "$copy"
tampered remove_checkpoint middle
damaged 'a removed checkpoint' 'a checkpoint is missing\|that is missing' 'the seal names a checkpoint' "$copy"
tampered remove_checkpoint last
damaged 'the last checkpoint removed' 'checkpoint' 'the last seal has no checkpoint' "$copy"
tampered cut
damaged 'a cut tail' 'missing' 'the end is missing' "$copy"
tampered forge
damaged 'a forged checkpoint' 'sign' 'is not of the log key' "$copy"
good 'an older copy agrees with itself' "$work/older" --vkey "$vkey"
damaged 'an older copy, and what was seen elsewhere' 'anchor\|size' 'this is an older copy' "$work/older" --anchor "$work/anchor"
damaged 'another ledger in its place' 'key' 'does not name the verifier key' "$work/small" --vkey "$vkey"
tampered
rm -r "$copy/keys"
cp -r "$work/small/keys" "$copy/keys"
good 'private keys are no evidence' "$copy" --vkey "$vkey"
run 'the keys of another ledger' 3 'not the keys of this ledger' \
    "$program" incident close 1 --reason x --by me --evidence "$copy"
good 'a refused writer changes nothing' "$copy" --vkey "$vkey" --anchor "$work/anchor"
python3 "$tamper" flips "$ledger" "$program" "$vkey" 40 || failed=1

# ---------------------------------------------------------------------------- what is no damage, and pruning

tampered
cp "$copy/segments/00000000000000000000.zst" "$copy/segments/00000000000000000256.zst.new"
good 'a draft' "$copy" --vkey "$vkey"
printf 'abc' >>"$copy/segments/$(ls "$copy/segments" | grep 'log$' | tail -1)"
good 'part of a record that is not sealed' "$copy" --vkey "$vkey"
grep -q 'not whole' "$work/out" || complain 'the second verifier does not note part of a record'
run 'part of a record is told' 0 '3 bytes behind the last' "$program" evidence verify "$copy"
run 'a writer after it' 1 'sealed in' \
    "$program" replay --again --host mx1 --evidence "$copy" "$recordings/nc_maildir/audit.log.zst"
good 'after the writer mended it' "$copy" --vkey "$vkey" --anchor "$work/anchor"
run 'prune' 0 'record 256 is the first that stays' \
    "$program" evidence prune --keep-bytes 1 --reason 'older than 90 days' --evidence "$copy"
good 'a pruned ledger' "$copy" --vkey "$vkey" --anchor "$work/anchor"
grep -q 'pruned up to leaf 256: older than 90 days' "$work/out" || complain 'the second verifier does not tell of the pruning'
run 'a pruning is told' 0 '^pruned .*records before 256 .*older than 90 days' "$program" evidence verify "$copy"
run 'what nobody has seen is told' 0 '^unanchored' "$program" evidence verify "$copy" --anchor "$work/anchor"
run 'for programs' 0 '"name":"verdict","value":"good"' "$program" evidence verify "$copy" --output ndjson
witness=$(python3 -c 'import base64, hashlib
key = bytes([4]) + hashlib.sha256(b"nobody").digest()
name = "witness.example"
print(f"{name}+{hashlib.sha256(name.encode() + bytes([10]) + key).hexdigest()[:8]}+{base64.b64encode(key).decode()}")')
run 'a witness that never signed' 1 '^damage .*witness.example' "$program" evidence verify "$copy" --witness "$witness"
"$program" incident list --output ndjson --evidence "$ledger" >"$work/before"
python3 - "$work/before" "$copy" "$program" <<'EOF' || failed=1
import json, subprocess, sys
highest = max(json.loads(line)["incident"] for line in open(sys.argv[1]))
leaf = subprocess.run([sys.argv[3], "evidence", "reindex", "--evidence", sys.argv[2]], capture_output=True, text=True)
log = open(sorted(__import__("glob").glob(f"{sys.argv[2]}/segments/*.log"))[-1], "rb").read()
seal = log[log.rindex(b'"event.action":"prune"'):]
number = int(seal.split(b'"mailvigil.incident":')[1].split(b",")[0])
if number < 1 or leaf.returncode:
    sys.exit(f"the prune seal names incident {number} of {highest}: {leaf}")
EOF

# ---------------------------------------------------------------------------- two writers

mkfifo "$work/never"
sleep 60 >"$work/never" & # holds the other end open
children+=($!)
"$program" replay --host mx1 --evidence "$ledger" - <"$work/never" >/dev/null 2>"$work/first.err" &
first=$!
children+=("$first")
for _ in $(seq 100); do
    flock -n "$ledger/lock" true || break
    sleep 0.1
done
run 'a second writer' 3 'held by another mailvigil' \
    "$program" replay --again --host mx1 --evidence "$ledger" "$recordings/nc_maildir/audit.log.zst"
run 'reading beside a writer' 0 'collection' "$program" who fin --evidence "$ledger"
kill -KILL "$first"
wait "$first" 2>/dev/null || true
run 'the next writer' 1 'sealed in' \
    "$program" replay --again --host mx1 --evidence "$ledger" "$recordings/nc_maildir/audit.log.zst"
good 'after a writer was killed that waited' "$ledger" --vkey "$vkey" --anchor "$work/anchor"

# ---------------------------------------------------------------------------- verifying beside a writer

ledger=$work/in_use
for _ in 1 2 3 4; do zstd -q -d -c "$recordings/nc_maildir/audit.log.zst" "$recordings/day/audit.log.zst"; done >"$work/busy.log"
: >"$work/growing.log"
"$program" replay --follow --host mx1 --evidence "$ledger" "$work/growing.log" >/dev/null 2>"$work/writer.err" &
writer=$!
children+=("$writer")
for _ in $(seq 100); do
    [ ! -e "$ledger/format" ] || break
    sleep 0.1
done
python3 "$tamper" feed "$work/busy.log" "$work/growing.log" 400 8 &
feeder=$!
before=$(grep -c mailvigil/ "$ledger/checkpoints")
times=0
while kill -0 "$feeder" 2>/dev/null; do
    good "verification $times beside a writer" "$ledger"
    times=$((times + 1))
done
wait "$feeder"
after=$(grep -c mailvigil/ "$ledger/checkpoints")
[ "$((after - before))" -ge 9 ] || complain "the writer beside whom it was verified sealed too little: $before to $after lines"
kill -TERM "$writer"
wait "$writer" || true
good 'after the writer stopped' "$ledger"
echo "$times verifications by each verifier beside a writer that made $(((after - before) / 3)) checkpoints"

# ---------------------------------------------------------------------------- damage, and questions

ledger=$work/ledger
tampered
segment=$copy/segments/$(ls "$copy/segments" | grep log | tail -1)
truncate -s $(($(stat -c %s "$segment") / 2)) "$segment"
for question in 'who fin' 'timeline'; do
    # shellcheck disable=SC2086
    run "$question of a ledger whose end is cut" 3 'were sealed' "$program" $question --evidence "$copy"
    ! grep -q 'all of it' "$work/out" || complain "$question says that all is sealed"
done
rm -f "$copy/index.sqlite"*
run 'who without an index' 3 'were sealed' "$program" who fin --evidence "$copy"
run 'reindex' 3 'were sealed' "$program" evidence reindex --evidence "$copy"
tampered
printf '\377' | dd of="$segment" bs=1 seek=$(($(stat -c %s "$segment") / 2)) conv=notrunc status=none
run 'who of a ledger with a bad record' 3 'damaged' "$program" who fin --evidence "$copy"
run 'reindex of it' 3 'damaged' "$program" evidence reindex --evidence "$copy"

# ---------------------------------------------------------------------------- read-only and full disks

if ! mount -t tmpfs -o size=8m tmpfs "$disk" 2>"$work/err"; then
    echo "SKIPPED, LOUDLY: disks that are read-only or full: mount needs root and the right to mount: $(cat "$work/err")"
else
    mounted=1
    cp -r "$work/small" "$disk/ledger"
    mount -o remount,ro "$disk"
    for folder in ledger new; do
        run "a read-only disk, $folder" 3 'Read-only file system' \
            "$program" replay --again --host mx1 --evidence "$disk/$folder" "$recordings/nc_maildir/audit.log.zst"
    done
    run 'verify on a read-only disk' 0 '^verdict  *good' "$program" evidence verify "$disk/ledger"
    run 'who on a read-only disk' 0 'collection' "$program" who fin --evidence "$disk/ledger"
    umount "$disk"
    mounted=0

    "$program" replay --host mx1 --output ndjson "$recordings/day/audit.log.zst" >"$work/wanted" 2>/dev/null || true
    for room in 150 180 220 400; do
        mount -t tmpfs -o "size=${room}k" tmpfs "$disk"
        mounted=1
        status=0
        "$program" replay --host mx1 --output ndjson --evidence "$disk/ledger" "$recordings/day/audit.log.zst" \
            >"$work/findings" 2>"$work/err" || status=$?
        rm -rf "$work/full"
        cp -r "$disk/ledger" "$work/full"
        umount "$disk"
        mounted=0
        [ "$(wc -l <"$work/findings")" = "$(wc -l <"$work/wanted")" ] || complain "a disk of $room kB: it stopped detecting"
        case $status in
            1)
                grep -q 'sealed in' "$work/err" || complain "a disk of $room kB: not sealed, but status 1"
                good "a disk of $room kB" "$work/full"
                python3 "$tamper" printed "$work/full" "$work/findings" || failed=1
                ;;
            3)
                for words in 'detection goes on' 'No space left' 'not in it'; do
                    grep -q "$words" "$work/err" || { complain "a disk of $room kB does not say: $words"; cat "$work/err"; }
                done
                # With room again, the next writer goes on.
                run "a disk of $room kB, with room again" 1 'sealed in' \
                    "$program" replay --again --host mx1 --evidence "$work/full" "$recordings/nc_maildir/audit.log.zst"
                good "a disk of $room kB, with room again" "$work/full"
                ;;
            *) complain "a disk of $room kB: status $status"; cat "$work/err" ;;
        esac
        echo "a disk of $room kB: status $status"
    done
fi

# ---------------------------------------------------------------------------- kill -9

ledger=$work/killed
zstd -q -d -c "$recordings/day/audit.log.zst" >"$work/day.log"
RANDOM=9
points=0
for point in $(seq 15); do
    rm -f "$work/growing.log"
    : >"$work/growing.log"
    "$program" replay --again --follow --host mx1 --output ndjson --evidence "$ledger" "$work/growing.log" \
        >"$work/shown.$point" 2>"$work/err" &
    writer=$!
    children+=("$writer")
    python3 "$tamper" feed "$work/day.log" "$work/growing.log" 20 0.8 &
    feeder=$!
    sleep "$((RANDOM % 16 / 10)).$((RANDOM % 10))"
    if kill -KILL "$writer" 2>/dev/null; then
        points=$((points + 1))
    else
        complain "point $point: the writer had ended"
        cat "$work/err"
    fi
    wait "$writer" 2>/dev/null || true
    wait "$feeder"
    run "start after kill $point" 1 'sealed in' \
        "$program" replay --again --host mx1 --evidence "$ledger" "$recordings/nc_maildir/audit.log.zst"
    run "verify after kill $point" 0 '^verdict  *good' "$program" evidence verify "$ledger"
done
"$program" evidence status --evidence "$ledger" >"$work/status"
good "after $points kills" "$ledger" --vkey "$(sed -n 's/^epoch key *//p' "$work/status")"
python3 "$tamper" printed "$ledger" "$work"/shown.* || failed=1
echo "$points kills"

exit $failed
