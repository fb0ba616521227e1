# The kernel's audit, taken for the time of one recording and given back.
# The auditd that writes the log runs inside the recorded host, as on any host; only rules with the host's flag are loaded.

audit_status() { auditctl -s | awk -v key="$1" '$1 == key { print $2 }'; }

# Remembers how audit was, and stops an auditd of this machine.
audit_take() {
    AUDIT_BEFORE=$(auditctl -s) || die "the kernel's audit cannot be reached"
    AUDIT_RULES_BEFORE=$(auditctl -l | grep -v '^No rules' || :)
    AUDITD_BEFORE=$(audit_status pid)
    [[ $(audit_status enabled) != 2 ]] || die "the audit rules of this machine are locked until its next start (enabled 2)"
    if ((AUDITD_BEFORE != 0)); then
        say "this machine's auditd pauses for the time of the recording"
        kill -TERM "$AUDITD_BEFORE"
        wait_for 10 audit_has_no_daemon || die "this machine's auditd does not stop"
    fi
    AUDIT_TAKEN=yes
}
audit_has_no_daemon() { (($(audit_status pid) == 0)); }

audit_give_back() {
    [[ ${AUDIT_TAKEN:-} == yes ]] || return 0
    AUDIT_TAKEN=
    auditctl -D >/dev/null 2>&1 || :
    local key value
    while read -r key value _; do
        case $key in
        enabled) auditctl -e "$value" ;;
        failure) auditctl -f "$value" ;;
        rate_limit) auditctl -r "$value" ;;
        backlog_limit) auditctl -b "$value" ;;
        backlog_wait_time) auditctl --backlog_wait_time "$value" ;;
        esac
    done <<<"$AUDIT_BEFORE" >/dev/null 2>&1
    if [[ -n $AUDIT_RULES_BEFORE ]]; then
        auditctl -R <(printf '%s\n' "$AUDIT_RULES_BEFORE") >/dev/null 2>&1 || warn "this machine's audit rules could not all be loaded again"
    fi
    if ((AUDITD_BEFORE != 0)); then
        service auditd start >/dev/null 2>&1 || warn "this machine's auditd could not be started again"
    fi
}

# The rules of this suite with the host's flag in each.
host_rules() { sed "s/^-a .*[^ ]/& -F pers=$((HOST_FLAG))/" "$SUITE/audit.rules"; }

# capture_start: from here on the mail host is recorded.
capture_start() {
    host_rules | on mail sh -c 'umask 027; cat >/etc/audit/audit.rules'
    on mail sh -c 'cat >/etc/audit/auditd.conf; rm -f /var/log/audit/audit.log*' <<'CONF'
local_events = yes
write_logs = yes
log_file = /var/log/audit/audit.log
log_group = adm
log_format = ENRICHED
name_format = NONE
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 999
max_log_file_action = IGNORE
num_logs = 2
priority_boost = 4
space_left = 75
space_left_action = SYSLOG
admin_space_left = 50
admin_space_left_action = SUSPEND
disk_full_action = SUSPEND
disk_error_action = SUSPEND
q_depth = 2000
overflow_action = SYSLOG
CONF
    # A daemon's login is unset, also when the person who runs this program has one.
    printf '4294967295' >/proc/self/loginuid 2>/dev/null || :
    on mail /usr/sbin/auditd -s enable
    wait_for 10 audit_has_daemon || die "auditd did not start in the host"
    on mail /usr/sbin/auditctl -R /etc/audit/audit.rules >"$WORK/rules.out" 2>&1 || :
    LOST_BEFORE=$(audit_status lost)
    (($(on mail auditctl -l | grep -c key=mailbox) > 0)) || die "the audit rules were not accepted: $(cat "$WORK/rules.out")"
}
audit_has_daemon() { (($(audit_status pid) != 0)); }

# capture_stop: no more records; the log is complete on disk afterwards.
capture_stop() {
    local daemon
    daemon=$(audit_status pid)
    on mail auditctl -D >/dev/null
    wait_for 30 backlog_is_empty || die "the kernel's audit queue does not empty"
    LOST=$(($(audit_status lost) - LOST_BEFORE))
    kill -TERM "$daemon"
    wait_for 20 audit_has_no_daemon || die "auditd in the host does not stop"
    wait_for 20 has_ended "$daemon" || die "auditd in the host does not end"
}
backlog_is_empty() { (($(audit_status backlog) == 0)); }
has_ended() { [[ ! -e /proc/$1 ]]; }
