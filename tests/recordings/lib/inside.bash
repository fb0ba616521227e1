# What a scenario's `prepare` and `run` may call. They run on the mail host as root, without being recorded themselves;
# recorded is what the host's own daemons do: sshd and its logins, cron and its jobs, the mail server and its children.
set -euo pipefail
cd /root

fail() { printf 'scenario: %s\n' "$*" >&2; exit 1; }

# at MACHINE COMMAND...: a command on client, sink or backup. Its home is /root, this suite's programs are in /mnt/parts.
at() {
    local pid=PID_$1; shift
    nsenter -t "${!pid}" -m -u -n -r -w env -i HOME=/root TERM=xterm LC_ALL=C.UTF-8 PATH="$PATH" "$@"
}

wait_until() {                       # wait_until SECONDS COMMAND...
    local what=$* ends=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < ends)) || fail "waited in vain: $what"
        sleep 0.3
    done
}

# Logins from the client machine over ssh.
SSH_OPTIONS=(-q -o BatchMode=yes -o ConnectTimeout=10)
ssh_as() {                           # ssh_as USER COMMAND: one command, no terminal
    local user=$1; shift
    at client timeout 120 ssh "${SSH_OPTIONS[@]}" "$user@mx1" "$@" </dev/null
}
ssh_typed() {                        # ssh_typed USER <<LINES: an interactive login, the lines are typed one after the other
    local line
    {
        sleep 1
        while IFS= read -r line; do
            case $line in
            '#sleep '*) sleep "${line#'#sleep '}" ;;
            *) printf '%s\r' "$line"; sleep "${TYPING:-0.8}" ;;
            esac
        done
        printf 'exit\r'
        sleep 0.5
    } | at client timeout 120 ssh -tt "${SSH_OPTIONS[@]}" "$1@mx1" || :
}

# Mail that comes from outside by SMTP.
mail_in() { at client python3 /mnt/parts/mailer.py mx1 "$@"; }     # mail_in FROM TO SUBJECT
# Mail already in the mailboxes when the recording begins.
seed_mail() {                        # seed_mail USER COUNT
    python3 - "$STORE" "$1" "${2:-3}" <<'PYTHON'
import os, pwd, sys, time
store, user, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
entry = pwd.getpwnam(user)
mail_group = __import__("grp").getgrnam("mail").gr_gid
def text(n):
    return (f"Return-Path: <partner{n}@example.net>\nReceived: from desk.example.org by mx1.example.org\n"
            f"From: partner{n}@example.net\nTo: {user}@example.org\nSubject: figures {n} for {user}\n"
            f"Message-ID: <{n}.{user}@example.net>\nDate: Mon, 02 Mar 2026 09:0{n % 10}:00 +0000\n\n"
            f"The confidential figures {n} for {user}.\n" + "line of the report\n" * 40)
if store == "mbox":
    path = f"/var/mail/{user}"
    with open(path, "a") as box:
        for n in range(count):
            box.write(f"From partner{n}@example.net  Mon Mar  2 09:0{n % 10}:00 2026\n{text(n)}\n")
    os.chown(path, entry.pw_uid, mail_group)
    os.chmod(path, 0o660)
else:
    base = f"/home/{user}/Maildir"
    for folder in ("", "/cur", "/new", "/tmp"):
        os.makedirs(base + folder, mode=0o700, exist_ok=True)
        os.chown(base + folder, entry.pw_uid, entry.pw_gid)
    for n in range(count):
        path = f"{base}/cur/{1772442000 + n}.M{n}P77.mx1:2,S"
        with open(path, "w") as message:
            message.write(text(n))
        os.chown(path, entry.pw_uid, entry.pw_gid)
        os.chmod(path, 0o600)
PYTHON
}
in_store() {                         # in_store USER TEXT: has this text arrived in the mailbox?
    if [[ $STORE == mbox ]]; then grep -q -- "$2" "/var/mail/$1"; else grep -rq -- "$2" "/home/$1/Maildir"; fi
}

# The intruder's drop, and the backup machine.
drop_holds() { wait_until 20 at sink grep -rqaF -- "$1" /srv/drop; }
drop_opens() { at sink sh -c 'mkdir -p /srv/drop; setsid python3 /mnt/parts/drop.py /srv/drop </dev/null >/srv/drop.log 2>&1 &'
    wait_until 10 at sink bash -c ': </dev/tcp/127.0.0.1/9999'; }

# The time of a crontab line ("minute hour") that comes next, far enough ahead for the host to be up.
next_minute() { date -d "+${1:-20} seconds +1 minute" '+%-M %-H'; }

# The same key opens ssh from another machine too: key_for backup
key_for() {
    at "$1" install -d -m 700 /root/.ssh
    at client cat /root/.ssh/id_ed25519 | at "$1" sh -c 'umask 077; cat >/root/.ssh/id_ed25519
        printf "Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n" >/root/.ssh/config'
}
# The drop takes ssh as user "drop" with this public key: drop_ssh_opens FILE.pub
drop_ssh_opens() {
    at sink sh -c 'useradd -m -s /bin/bash -p "*" drop; install -d -m 755 /home/drop/.ssh; cat >/home/drop/.ssh/authorized_keys
        mkdir -p /srv/drop; chmod 777 /srv/drop; /usr/sbin/sshd -o UsePAM=no' <"$1"
}
# A file of this suite comes to the mail host by scp, as its user would bring it: bring FILE USER NAME
bring() { at client scp "${SSH_OPTIONS[@]}" "/mnt/parts/$1" "$2@mx1:$3"; }
# A job of the host's own cron, once, at the next full minute: cron_job NAME USER COMMAND (in prepare)
cron_job() { printf 'PATH=%s\n%s * * * %s %s\n' "$PATH" "$(next_minute 12)" "$2" "$3" >"/etc/cron.d/$1"; }
# A program of the administrator's own, from stdin: local_program NAME
local_program() { cat >"/usr/local/sbin/$1"; chmod 755 "/usr/local/sbin/$1"; }
