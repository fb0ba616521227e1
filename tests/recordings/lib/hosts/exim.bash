# Runs on the mail host before the recording begins: Exim with Debian's configuration for an internet site.
set -euo pipefail
delivery=mail_spool
[[ $STORE != maildir ]] || delivery=maildir_home
cat >/etc/exim4/update-exim4.conf.conf <<CONF
dc_eximconfig_configtype='internet'
dc_other_hostnames='example.org : mx1.example.org'
dc_local_interfaces='0.0.0.0'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='true'
dc_relay_nets='192.0.2.0/24'
dc_smarthost=''
CFILEMODE='644'
dc_use_split_config='true'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='$delivery'
CONF
echo 'MAIN_HARDCODE_PRIMARY_HOSTNAME = mx1.example.org' >/etc/exim4/conf.d/main/00_local_names
update-exim4.conf
[[ ! -e /etc/dovecot/conf.d/10-ssl.conf ]] || sed -i 's/^ssl\(_cert\|_key\) .*//' /etc/dovecot/conf.d/10-ssl.conf
printf 'ssl = no\ndisable_plaintext_auth = no\n' >/etc/dovecot/local.conf
