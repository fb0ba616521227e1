# Root file systems: one ext4 image a mail server, built once from Debian 12 packages and kept in the cache.
# A host of a recording runs on a copy of such an image, so no recording sees what another one left.

ROOT_FLAVOURS=(postfix exim sendmail)

root_image() { printf '%s/%s.img\n' "$CACHE" "$1"; }

# The words of a package list, comments removed.
packages_of() { sed 's/#.*//' "$LIB/packages/$1" | tr -s ' \n' ' '; }

# What an image was made from: its package lists. Another list, another image.
root_key() { cat "$LIB/packages/base" "$LIB/packages/$1" | sha256sum | cut -c1-16; }

# The Debian mirror that this machine's own apt uses.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' |
        head -n 1 | grep . || die "apt knows no Debian 12 (bookworm) main archive: run apt-get update"
}

# with_image IMAGE COMMAND...: the image is mounted at $MOUNTED while COMMAND runs.
with_image() {
    local image=$1 rc=0; shift
    MOUNTED=$(mktemp -d "$CACHE/mounted.XXXXXX")
    mount -o loop,noatime "$image" "$MOUNTED"
    ("$@") || rc=$?
    umount -R "$MOUNTED"
    rmdir "$MOUNTED"
    return "$rc"
}

# Installs a package list inside the mounted image. The downloaded packages are shared by all images, outside of them.
install_inside() {
    local list=$1
    mkdir -p "$CACHE/debs/partial"
    cat /etc/resolv.conf >"$MOUNTED/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$MOUNTED/usr/sbin/policy-rc.d"
    chmod 755 "$MOUNTED/usr/sbin/policy-rc.d"
    printf 'force-unsafe-io\n' >"$MOUNTED/etc/dpkg/dpkg.cfg.d/unsafe-io"
    apt-config dump | grep -i '^Acquire::.*proxy' >"$MOUNTED/etc/apt/apt.conf.d/90proxy" || :
    mount --bind "$CACHE/debs" "$MOUNTED/var/cache/apt/archives"
    mount -t proc proc "$MOUNTED/proc"
    mount --bind /dev/pts "$MOUNTED/dev/pts"
    debconf_answers | chroot "$MOUNTED" debconf-set-selections
    # shellcheck disable=SC2046
    # A process namespace of its own: daemons that a package starts in spite of policy-rc.d end with it.
    unshare --pid --fork --kill-child chroot "$MOUNTED" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        sh -c 'apt-get -qq update && apt-get -qq -y -o APT::Keep-Downloaded-Packages=true install --no-install-recommends "$@"' \
        sh $(packages_of "$list") || return 1
    umount "$MOUNTED/proc" "$MOUNTED/dev/pts" "$MOUNTED/var/cache/apt/archives"
    rm -f "$MOUNTED/etc/apt/apt.conf.d/90proxy" "$MOUNTED/usr/sbin/policy-rc.d" "$MOUNTED/etc/resolv.conf"
}

debconf_answers() {
    cat <<'ANSWERS'
postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string example.org
ANSWERS
}

debootstrap_inside() { debootstrap --variant=minbase --include=debconf,apt,ca-certificates bookworm "$MOUNTED" "$(debian_mirror)"; }

# The apt sources of Debian's own archives only, in the image.
sources_inside() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Component: main' \
        'Architecture: amd64' 2>/dev/null | grep -E ' bookworm(-updates|-security)? main$' | sort -u >"$MOUNTED/etc/apt/sources.list"
}

build_base() {
    local image=$1
    truncate -s 6G "$image.new"
    mkfs.ext4 -q -O '^has_journal' -m 0 -E lazy_itable_init=1 "$image.new"
    with_image "$image.new" debootstrap_inside && with_image "$image.new" sources_inside &&
        with_image "$image.new" install_inside base && mv "$image.new" "$image"
}

# ensure_root FLAVOUR: builds the image when it is not there, or was made from other lists.
ensure_root() {
    local flavour=$1 image key
    [[ " ${ROOT_FLAVOURS[*]} " == *" $flavour "* ]] || die "no root file system is named $flavour (there are: ${ROOT_FLAVOURS[*]})"
    image=$(root_image "$flavour")
    key=$(root_key "$flavour")
    [[ -f $image && $(cat "$image.key" 2>/dev/null) == "$key" ]] && return
    local base base_key
    base=$(root_image base)
    base_key=$(sha256sum <"$LIB/packages/base" | cut -c1-16)
    if [[ ! -f $base || $(cat "$base.key" 2>/dev/null) != "$base_key" ]]; then
        say "building the base root file system (once; its log is $CACHE/base.log)"
        rm -f "$base.new"
        build_base "$base" >"$CACHE/base.log" 2>&1 || die "the base root file system could not be built, see $CACHE/base.log"
        printf '%s\n' "$base_key" >"$base.key"
    fi
    say "building the $flavour root file system (once; its log is $CACHE/$flavour.log)"
    cp --sparse=always "$base" "$image.new"
    with_image "$image.new" install_inside "$flavour" >"$CACHE/$flavour.log" 2>&1 ||
        die "the $flavour root file system could not be built, see $CACHE/$flavour.log"
    mv "$image.new" "$image"
    printf '%s\n' "$key" >"$image.key"
}
