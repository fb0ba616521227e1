#!/bin/bash
# Two hosts, each in a network namespace of its own, witness each other's ledgers; forks, rollbacks and
# strangers are refused.
set -euo pipefail
program=$1
recordings=$MAILVIGIL_SOURCE_DIR/tests/recordings
independent=$MAILVIGIL_SOURCE_DIR/tools/verify-evidence
work=$(mktemp -d)
failed=0
children=()
hosts=("mailvigil-a-$$" "mailvigil-b-$$")
addresses=(10.86.47.1 10.86.47.2)

clean_up() {
    for child in "${children[@]}"; do
        kill -TERM "$child" 2>/dev/null && wait "$child" 2>/dev/null || true
    done
    for host in "${hosts[@]}"; do
        ip netns delete "$host" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

complain() {
    echo "$*"
    failed=1
}

# Number of the host; the command.
on() {
    local host=${hosts[$1]}
    shift
    ip netns exec "$host" "$@"
}

# What, status, a pattern that the output has; number of the host, the command.
run() {
    local what=$1 wanted=$2 pattern=$3 status=0
    shift 3
    on "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    if [ "$status" != "$wanted" ] || ! cat "$work/out" "$work/err" | grep -q -- "$pattern"; then
        complain "$what: status $status (wanted $wanted), looked for: $pattern"
        cat "$work/out" "$work/err"
    fi
}

if ! ip netns add "${hosts[0]}" 2>"$work/err"; then
    echo "SKIPPED, LOUDLY: network namespaces need root and the right to make them: $(cat "$work/err")"
    exit 0
fi
ip netns add "${hosts[1]}"
ip link add veth0 netns "${hosts[0]}" type veth peer name veth0 netns "${hosts[1]}"
for n in 0 1; do
    on $n ip link set lo up
    on $n ip address add "${addresses[n]}/24" dev veth0
    on $n ip link set veth0 up
done

# ---------------------------------------------------------------------------- two ledgers, two witnesses

logs=(nc_maildir day)
for n in 0 1; do
    run "ledger $n" 1 'sealed in' $n "$program" replay --host "mx$n" --evidence "$work/ledger$n" \
        "$recordings/${logs[n]}/audit.log.zst"
    on $n "$program" evidence status --evidence "$work/ledger$n" >"$work/status"
    log_keys[n]=$(sed -n 's/^log key *//p' "$work/status")
    epoch_keys[n]=$(sed -n 's/^epoch key *//p' "$work/status")
done

# Number of the host whose witness it is: it watches the other one's ledger.
start_witness() {
    local n=$1
    rm -f "$work/witness$n.vkey"
    ip netns exec "${hosts[n]}" "$program" evidence witness --listen "${addresses[n]}:8647" --state "$work/witness$n" \
        --name "mx$n.example/witness" "${log_keys[1 - n]}" >"$work/witness$n.vkey" 2>"$work/witness$n.err" &
    witnesses[n]=$!
    children+=("${witnesses[n]}")
    for _ in $(seq 100); do
        ! grep -q 'listens on' "$work/witness$n.err" || break
        sleep 0.1
    done
    keys[n]=$(cat "$work/witness$n.vkey")
}

stop_witness() {
    kill -TERM "${witnesses[$1]}"
    wait "${witnesses[$1]}" || complain "witness $1 did not end well"
}

# What, status, pattern; number of the host, its ledger.
anchor() {
    local n=$4
    run "$1" "$2" "$3" "$n" "$program" evidence anchor --evidence "$5" \
        --witness "http://${addresses[1 - n]}:8647" --vkey "${keys[1 - n]}"
}

# What; number of the host.
good() {
    local n=$2
    run "$1" 0 '^verdict  *good' "$n" "$program" evidence verify "$work/ledger$n" \
        --vkey "${epoch_keys[n]}" --witness "${keys[1 - n]}"
    grep -q "$3" "$work/out" || { complain "$1: verify does not say: $3"; cat "$work/out"; }
    run "$1, second verifier" 0 '^good' "$n" "$independent" "$work/ledger$n" --vkey "${epoch_keys[n]}"
}

start_witness 0
start_witness 1
for n in 0 1; do
    anchor "anchor of mx$n" 0 '' $n "$work/ledger$n"
    good "mx$n, witnessed" $n 'cosigned'
done
cp -r "$work/ledger0" "$work/older"

# The ledgers grow, the witnesses start anew in between: they remember.
for n in 0 1; do
    run "more of mx$n" 1 'sealed in' $n "$program" replay --again --host "mx$n" --evidence "$work/ledger$n" \
        "$recordings/day/audit.log.zst"
    stop_witness $((1 - n))
    start_witness $((1 - n))
    anchor "anchor of mx$n, grown" 0 '' $n "$work/ledger$n"
    good "mx$n, grown" $n 'cosigned'
    anchor "anchor of mx$n, again" 0 '' $n "$work/ledger$n"
done

# ---------------------------------------------------------------------------- what is refused

cp -r "$work/older" "$work/fork"
anchor 'a ledger rolled back' 3 'rolled back\|smaller\|older' 0 "$work/older"
run 'the fork grows' 1 'sealed in' 0 "$program" replay --host mx0 --evidence "$work/fork" \
    "$recordings/day/audit.log.zst"
run 'and outgrows what was witnessed' 1 'sealed in' 0 "$program" replay --again --host mx0 --evidence "$work/fork" \
    "$recordings/day/audit.log.zst"
run 'a fork agrees with itself' 0 '^verdict  *good' 0 "$program" evidence verify "$work/fork" --vkey "${epoch_keys[0]}"
anchor 'a fork' 3 'one of both histories is forged' 0 "$work/fork"
run 'a stranger' 3 "does not know this ledger's origin" 0 "$program" evidence anchor --evidence "$work/ledger1" \
    --witness "http://${addresses[1]}:8647" --vkey "${keys[1]}"
run 'a false witness' 3 'no valid cosignature' 0 "$program" evidence anchor --evidence "$work/ledger0" \
    --witness "http://${addresses[1]}:8647" --vkey "${keys[0]}"
good 'mx0, after all of it' 0 'cosigned'

on 1 ip link set veth0 down
anchor 'no way to the witness' 3 'cannot ask the witness' 0 "$work/ledger0"
good 'mx0, without its witness' 0 'cosigned'

stop_witness 0
stop_witness 1
children=()
exit $failed
