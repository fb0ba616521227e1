# Runs in a machine's new mount namespace: makes a root file system its own, and leaves a process there that holds it.
#   mount-root.bash PIDFILE image FILE      its own copy of an image, writable (the mail host: a real ext4)
#   mount-root.bash PIDFILE overlay FOLDER  a mounted base image with a layer in memory above it (the other machines)
# PARTS: the folder of this suite's programs, seen at /mnt/parts by the other machines.
set -euo pipefail
pid_file=$1 kind=$2 from=$3
root=$(mktemp -d)
case $kind in
image) mount -o loop,noatime "$from" "$root" ;;
overlay)
    mount -t tmpfs tmpfs "$root"
    mkdir "$root/upper" "$root/work"
    mount -t overlay -o "lowerdir=$from,upperdir=$root/upper,workdir=$root/work" overlay "$root"
    mkdir -p "$root/mnt/parts"
    mount --bind "$PARTS" "$root/mnt/parts"
    ;;
esac
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
mkdir -p "$root/dev/pts" "$root/dev/shm" "$root/run/lock" "$root/run/sshd" "$root/run/user"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount -t devpts -o gid=5,mode=620,ptmxmode=666,newinstance devpts "$root/dev/pts"
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r name major minor <<<"$node"
    mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mkdir -p "$root/mnt/before"
exec 3>"$pid_file"
cd "$root"
pivot_root . mnt/before
exec chroot . bash -c '
    umask 022
    cd /
    sleep infinity </dev/null >/dev/null 2>&1 3>&- &
    echo $! >&3
    umount -l /mnt/before
    rmdir /mnt/before
'
