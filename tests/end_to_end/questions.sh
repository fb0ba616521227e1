#!/bin/bash
# A recorded day becomes a ledger; every question is asked, a case is handed over and verified, and
# tampering is named.
set -uo pipefail
unset COLUMNS
export LC_ALL=C.UTF-8
program=$1
day=$MAILVIGIL_SOURCE_DIR/tests/recordings/day/audit.log.zst
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ledger=$work/ledger
failed=0

# What, status, a pattern that its output has; the command.
run() {
    local what=$1 wanted=$2 pattern=$3
    shift 3
    "$program" "$@" >"$work/out" 2>"$work/err" </dev/null
    local status=$?
    if [ "$status" != "$wanted" ] || ! cat "$work/out" "$work/err" | grep -q -- "$pattern"; then
        echo "$what: status $status (wanted $wanted), looked for: $pattern"
        cat "$work/out" "$work/err"
        failed=1
    fi
}

ask() { run "$@" --evidence "$ledger"; }

run 'replay' 1 'sealed in' replay --host mx1 --evidence "$ledger" "$day"

ask 'who' 0 '^next  *mailvigil incident show 1' who ceo
ask 'who, folded' 0 ', [0-9]* times' who ceo
ask 'who, sealed' 0 '^sealed  *all of it' who ceo
ask 'who of a path' 0 'collection' who /home/fin/Maildir
ask 'who changed a file' 0 'path of mail was changed' who /etc/postfix/master.cf --output ndjson
ask 'who, near name' 3 'did you mean "ceo"' who ceoo
ask 'who, nothing in the span' 0 'no access to "ceo"' who ceo --until 2020-01-01
ask 'what a user did' 0 '"incident":1' what operator1 --output ndjson
ask 'what a session did' 0 '^next  *mailvigil incident show 1' what session:53
ask 'what nobody did' 0 'nothing is known' what uid:4242
COLUMNS=80 ask 'what an actor did, the accesses too' 0 'touched ceo · access read 7× · session 53' what operator1
[ "$(grep -c exfiltrate "$work/out")" = 1 ] || { echo 'what: a finding is told twice'; failed=1; }
COLUMNS=80 ask 'who, in a block a record' 0 '^yesterday.*root (operator1, ssh)  collection\|^20.*root (operator1, ssh)  collection' who fin
COLUMNS=120 ask 'who, in columns' 0 'tar  *read 7×  *collection  *53  *198.51.100.99  *incident 1' who fin
ask 'all words on an incident' 0 stage what session:53 --all --output ndjson
[ "$(grep -c exfiltrate "$work/out")" -gt 1 ] || { echo 'what --all: a word is missing'; failed=1; }
ask 'timeline, the clock of the ledger' 0 '^sealed today' timeline
ask 'timeline, the clocks for programs' 0 '"clock":"ledger"' timeline --output ndjson
# On any terminal: no column starves, no line is too long.
for width in 80 120; do
    for question in 'who ceo' 'what operator1' 'timeline' 'incident list'; do
        COLUMNS=$width ask "$question in $width columns" 0 'yesterday\|20' $question
        wide=$(grep -v '^next\|^  *keep' "$work/out" | wc -L)
        [ "$wide" -le "$width" ] || { echo "$question: $wide of $width columns"; failed=1; }
    done
done
ask 'timeline' 0 'Mail of 2 people' timeline --output ndjson
ask 'incident list' 0 '3 incidents, 3 of them not closed' incident list
ask 'incident show' 0 'mailvigil evidence export --incident 1' incident show 1
ask 'incident show, what its processes ran' 0 '^lineage .*: tar -czf ' incident show 1
ask 'incident show, unknown' 3 'there is no incident 99' incident show 99
ask 'status' 0 '^epoch key' evidence status
run 'verify' 0 '^verdict  *good' evidence verify "$ledger"

# The same rows and names in all forms for programs.
for question in 'who ceo' 'what operator1' 'timeline' 'incident list'; do
    for form in json ndjson csv; do
        ask "$question as $form" 0 record $question --output $form
        cp "$work/out" "$work/rows.$form"
    done
    objects=$(grep -c '"record":' "$work/rows.ndjson")
    [ "$objects" = "$(grep -c '"record":' "$work/rows.json")" ] || { echo "$question: json"; failed=1; }
    [ "$((objects + 1))" = "$(wc -l <"$work/rows.csv")" ] || { echo "$question: csv"; failed=1; }
done

# One record, to be checked without the ledger.
first_key=$("$program" evidence status --evidence "$ledger" | sed -n 's/^epoch key *//p')
log_key=$("$program" evidence status --evidence "$ledger" | sed -n 's/^log key *//p')
ask 'prove' 0 '^index 20$' evidence prove 20
ask 'prove, how to get the chain of keys' 0 'FILE.keys' evidence prove 20
ask 'prove into a file' 0 '20.tlog-proof.keys' evidence prove 20 -o "$work/20.tlog-proof"
ask 'prove into it again' 3 'is there already' evidence prove 20 -o "$work/20.tlog-proof"
run 'verify a proof' 0 'good: record 20' evidence verify --proof "$work/20.tlog-proof" --vkey "$first_key"
run 'a proof, another key' 1 'does not begin' evidence verify --proof "$work/20.tlog-proof" --vkey "$log_key"
sed 's/^index 20$/index 21/' "$work/20.tlog-proof" >"$work/21.tlog-proof"
run 'no chain' 3 'the chain of keys' evidence verify --proof "$work/21.tlog-proof" --vkey "$first_key"
cp -r "$work/20.tlog-proof.keys" "$work/21.tlog-proof.keys"
run 'a forged proof' 1 'does not lead' evidence verify --proof "$work/21.tlog-proof" --vkey "$first_key"

# A case, handed over.
ask 'export' 0 '^written' evidence export --incident 1 --to "$work/case"
run 'import' 0 'verdict  *good' evidence import "$work/case" --vkey "$first_key"
run 'import, another key' 1 'log key' evidence import "$work/case" --vkey "$log_key"
(cd "$work/case" && sha256sum --quiet -c sha256sums) || failed=1
run 'import, the page anew' 0 'made anew from the proved records' \
    evidence import "$work/case" --vkey "$first_key" --report "$work/page.html"
grep -q 'Mail of 2 people' "$work/page.html" || failed=1
run 'import, no page over another' 3 'is there already' \
    evidence import "$work/case" --vkey "$first_key" --report "$work/page.html"
ask 'export, again' 3 'cannot make the folder' evidence export --incident 1 --to "$work/case"
ask 'export of a span' 0 '^written' evidence export --since 2026-11-23 --to "$work/span"
cp -r "$work/case" "$work/forged"
sed -i '2s/ceo/cfo/' "$work/forged/records.ndjson"
run 'a forged case' 1 'another record' evidence import "$work/forged" --vkey "$first_key"

# Closing is sealed; the checkpoint from before still holds.
cp "$ledger/checkpoint" "$work/anchor"
ask 'close' 0 'is closed by A. Berg' incident close 2 --reason 'restore test' --by 'A. Berg'
ask 'close again' 3 'closed already' incident close 2 --reason again --by me
ask 'closed' 0 '^closed  *by A. Berg: restore test' incident show 2
run 'verify with an anchor' 0 'agreeing up to size' evidence verify "$ledger" --anchor "$work/anchor"
ask 'reindex' 0 'made anew' evidence reindex
ask 'after reindex' 0 '2 of them not closed' incident list

# Anchors come from a syslog that other hosts and anybody write to.
other=$work/other
run 'another ledger' 1 'sealed in' replay --host mx2 --evidence "$other" "$day"
anchor_line() { echo "Nov 24 mailvigil checkpoint $(base64 -w0 <"$1/checkpoint")"; }
{ anchor_line "$other"; anchor_line "$ledger"; echo 'mailvigil checkpoint x'; } >"$work/syslog"
sed 's/^\(—.*\)..$/\1AA/' "$ledger/checkpoint" >"$work/forged-checkpoint"
echo "mailvigil checkpoint $(base64 -w0 <"$work/forged-checkpoint")" >>"$work/syslog"
run 'anchors of others' 0 '1 checkpoint of other ledgers left out' evidence verify "$ledger" --anchor "$work/syslog"
grep -q 'not signed by its log key' "$work/err" || { echo 'a forged anchor is not told'; failed=1; }
grep -q '1 line left out: broken' "$work/err" || { echo 'a broken anchor is not told'; failed=1; }
grep -q '^verdict  *good' "$work/out" || { echo 'anchors of others are no damage'; failed=1; }
run 'no anchor of this ledger' 3 'no checkpoint that was given is of this ledger' \
    evidence verify "$ledger" --anchor "$other/checkpoint"

# Two hosts that witness each other, as docs/witness.md has it.
log_key_of() { "$program" evidence status --evidence "$1" | sed -n 's/^log key *//p'; }
witness() { # NAME, the ledger that it is for
    : >"$work/$1.err"
    "$program" evidence witness --state "$work/$1" --name "$1/witness" --listen 127.0.0.1:0 "$(log_key_of "$2")" \
        >"$work/$1.key" 2>"$work/$1.err" &
    witnesses="$witnesses $!"
    for _ in $(seq 100); do
        port=$(sed -n 's/.*on port //p' "$work/$1.err")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    echo "the witness $1 does not start"
    failed=1
}
witnesses=
witness mx1 "$other"
run 'mx2 anchors at mx1' 0 'leaves cosigned by mx1/witness' \
    evidence anchor --evidence "$other" --witness "http://127.0.0.1:$port" --vkey "$(cat "$work/mx1.key")"
witness mx2 "$ledger"
run 'mx1 anchors at mx2' 0 'leaves cosigned by mx2/witness' \
    evidence anchor --evidence "$ledger" --witness "http://127.0.0.1:$port" --vkey "$(cat "$work/mx2.key")"
kill $witnesses
wait $witnesses
ask 'verify with the witness' 0 '^cosigned  *up to size [1-9]' evidence verify --witness "$(cat "$work/mx2.key")"
ask 'a witness in the status' 0 'not verified here' evidence status

# What was read is recorded at its end; a reading that was broken off may be done again.
run 'the same log again' 3 'is in the ledger already' replay --evidence "$ledger" "$day"
# So is what came from a pipe.
"$program" replay --host mx1 --level critical --until 2020-01-01 --evidence "$work/piped" <"$day" \
    >"$work/out" 2>"$work/err"
"$program" timeline --class ledger --output ndjson --evidence "$work/piped" >"$work/out" 2>&1
grep -q '"what":"standard input".*"action":"source"' "$work/out" || { cat "$work/out"; failed=1; }

ask 'prune' 0 '^pruned  *nothing' evidence prune --before now --reason retention

# One bit, and a ledger that was cut.
cp -r "$ledger" "$work/bit"
printf 'X' | dd of="$work/bit/segments/00000000000000000000.log" bs=1 seek=3000 conv=notrunc 2>/dev/null
run 'one byte changed' 1 '^damage' evidence verify "$work/bit"
cp -r "$ledger" "$work/cut"
truncate -s 30000 "$work/cut/segments/00000000000000000000.log"
run 'a ledger cut short' 1 '^damage' evidence verify "$work/cut" --anchor "$work/anchor"

exit $failed
