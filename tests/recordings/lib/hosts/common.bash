# Runs on the mail host before the recording begins: people, names, keys and services that every flavour has.
# STORE (mbox or maildir): where mail is kept. Stdin is not read; $1 is the public key of everybody's ssh login.
set -euo pipefail

PEOPLE=(alice bob ceo fin hr operator1)

echo mx1 >/etc/hostname
cat >/etc/hosts <<'HOSTS'
127.0.0.1     localhost
192.0.2.10    mx1.example.org mx1
192.0.2.30    backup.example.org backup
198.51.100.7  desk.example.org desk
203.0.113.9   drop.evil.example evil.example
HOSTS
# Nobody answers there, at once.
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
echo example.org >/etc/mailname
printf 'postmaster: root\nroot: operator1\n' >/etc/aliases

for person in "${PEOPLE[@]}"; do
    useradd --create-home --shell /bin/bash --password '*' "$person"
    install -d -m 700 -o "$person" -g "$person" "/home/$person/.ssh"
    printf '%s\n' "$1" >"/home/$person/.ssh/authorized_keys"
    chown "$person:$person" "/home/$person/.ssh/authorized_keys"
    printf '%s:correct-%s-horse\n' "$person" "$person" | chpasswd
done
usermod -aG sudo operator1
echo 'operator1 ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/operators
chmod 440 /etc/sudoers.d/operators
useradd --uid 5000 --home-dir /var/vmail --create-home --shell /usr/sbin/nologin vmail
install -d /usr/local/lib /usr/local/sbin /opt /var/backups /etc/systemd/system

# No kernel messages: they are this machine's, not the host's.
sed -i '/imklog/d' /etc/rsyslog.conf
# Without systemd, packages restart their services only where a policy allows it.
printf '#!/bin/sh\nexit 0\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
rm -f /etc/cron.d/e2scrub_all

cat >/etc/init.d/rc <<'RC'
#!/bin/sh
# Starts the services of this host.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /
/usr/sbin/rsyslogd
for service in cron ssh dovecot postfix exim4 sendmail; do
    if [ -x /etc/init.d/$service ]; then /etc/init.d/$service start; fi
done
touch /run/booted
RC
chmod 755 /etc/init.d/rc
