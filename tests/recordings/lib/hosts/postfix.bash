# Runs on the mail host before the recording begins: Postfix, Dovecot with IMAP, POP3, LMTP and Sieve.
set -euo pipefail
postconf -e myhostname=mx1.example.org 'mydestination=example.org, mx1.example.org, localhost' \
    'mynetworks=127.0.0.0/8, 192.0.2.0/24' inet_protocols=ipv4 smtp_dns_support_level=disabled smtp_host_lookup=native \
    smtp_tls_CApath= smtp_tls_security_level=none compatibility_level=3.6 smtpd_tls_security_level=none
newaliases
if [[ $STORE == maildir ]]; then
    postconf -e home_mailbox=Maildir/
    sed -i 's|^mail_location = .*|mail_location = maildir:~/Maildir|' /etc/dovecot/conf.d/10-mail.conf
fi
cat >/etc/dovecot/local.conf <<'CONF'
ssl = no
disable_plaintext_auth = no
protocols = imap pop3 lmtp sieve
CONF
[[ ! -e /etc/dovecot/conf.d/10-ssl.conf ]] || sed -i 's/^ssl\(_cert\|_key\) .*//' /etc/dovecot/conf.d/10-ssl.conf
