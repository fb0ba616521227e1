# Runs on the mail host before the recording begins: Sendmail with Debian's configuration, listening on the network.
set -euo pipefail
sed -i -e "s/, Addr=127.0.0.1//" -e "s/^DOMAIN(.*debian-mta.*/&\ndefine(\`confDOMAIN_NAME', \`mx1.example.org')dnl\nFEATURE(\`accept_unresolvable_domains')dnl\nFEATURE(\`nocanonify')dnl/" /etc/mail/sendmail.mc
# There are no name servers.
sed -i 's/^hosts.*/hosts\tfiles/' /etc/mail/service.switch
printf 'example.org\nmx1.example.org\nlocalhost\n' >/etc/mail/local-host-names
printf 'Connect:192.0.2\tRELAY\nConnect:127.0.0.1\tRELAY\n' >>/etc/mail/access
(cd /etc/mail && make >/dev/null 2>&1) || (cd /etc/mail && make)
newaliases >/dev/null
