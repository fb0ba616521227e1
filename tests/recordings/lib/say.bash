# Messages, and the end of the program in words.
# Sourced by record and by the parts that run inside a host.

say()  { printf 'record: %s\n' "$*" >&2; }
warn() { printf 'record: warning: %s\n' "$*" >&2; }
die()  { printf 'record: error: %s\n' "$*" >&2; exit 1; }

# wait_for SECONDS COMMAND...: true as soon as COMMAND is, false when the time is over.
wait_for() {
    local ends=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < ends)) || return 1
        sleep 0.2
    done
}
