#!/bin/bash
# The program among others: closed pipes, full disks, signals, standard input, growing files.
set -uo pipefail
program=$1
day=$MAILVIGIL_SOURCE_DIR/tests/recordings/day/audit.log.zst
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

expect() {  # what, wanted, got
    if [ "$2" != "$3" ]; then
        echo "$1: wanted $2, got $3"
        failed=1
    fi
}

# Waits until the file holds the text; at most 20 s.
await() {
    for _ in $(seq 400); do
        grep -q "$2" "$1" 2>/dev/null && return 0
        sleep 0.05
    done
    echo "never seen in $1: $2"
    failed=1
}

# Waits for a process of ours; one that does not end within 20 s is ended.
status_of() {
    ( sleep 20; kill -KILL "$1" 2>/dev/null ) &
    local watchdog=$!
    wait "$1"
    local status=$?
    kill "$watchdog" 2>/dev/null
    wait "$watchdog" 2>/dev/null
    return $status
}

"$program" replay --output ndjson "$day" 2>"$work/err" | head -n 1 >"$work/out"
expect 'a reader that went away: status' 1 "${PIPESTATUS[0]}"
expect 'a reader that went away: lines' 1 "$(wc -l <"$work/out")"

for arguments in "replay $day" 'list fields' '--help' '--version' 'replay --help'; do
    "$program" $arguments >/dev/full 2>"$work/err"
    expect "full disk, $arguments: status" 3 $?
    grep -q 'cannot write to standard output: ' "$work/err"
    expect "full disk, $arguments: message" 0 $?
done

"$program" replay /nonexistent/audit.log 2>/dev/full
expect 'standard error full: status' 3 $?

zstd -q -d -c "$day" >"$work/audit.log"
"$program" replay "$work/audit.log" >"$work/by_name" 2>/dev/null
expect 'by name: status' 1 $?
"$program" replay <"$work/audit.log" >"$work/by_input" 2>/dev/null
expect 'standard input: status' 1 $?
cmp "$work/by_name" "$work/by_input" || failed=1
zstd -q -c "$work/audit.log" | "$program" replay - >"$work/by_input" 2>/dev/null
cmp "$work/by_name" "$work/by_input" || failed=1

split -n l/3 --numeric-suffixes=1 -a 1 "$work/audit.log" "$work/part."
gzip -k "$work/part.2"
"$program" replay "$work/part.3" "$work/part.2.gz" "$work/part.1" >"$work/by_parts" 2>/dev/null
cmp "$work/by_name" "$work/by_parts" || failed=1

: >"$work/growing.log"
"$program" replay --follow --output ndjson "$work/growing.log" >"$work/out" 2>"$work/err" &
follower=$!
cat "$work/audit.log" >>"$work/growing.log"
await "$work/out" '"mailvigil"'
mv "$work/growing.log" "$work/growing.log.1"
: >"$work/growing.log"
kill -INT "$follower"
status_of "$follower"
expect 'Ctrl-C while following: status' 1 $?
await "$work/err" 'incidents\? of the asked level'

"$program" replay --follow "$work/growing.log" >"$work/out" 2>"$work/err" &
follower=$!
await "/proc/$follower/status" '^SigCgt:.*[2367abef][0-9a-f]*$'
sleep 0.3
kill -TERM "$follower"
status_of "$follower"
expect 'SIGTERM with nothing found: status' 0 $?

exit $failed
