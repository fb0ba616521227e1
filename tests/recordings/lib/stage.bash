# The stage of a recording: one mail host, and the machines around it, each with a network, a host name and a root
# file system of its own. They share one bridge that is connected to nothing else: no packet leaves the machine.

declare -A ADDRESS=(
    [mail]=192.0.2.10       # mx1: the host that is recorded
    [backup]=192.0.2.30     # the organisation's backup and control machine
    [client]=198.51.100.7   # where people, and the intruder, sit
    [sink]=203.0.113.9      # the intruder's drop
)
declare -A MACHINE_NAME=([mail]=mx1 [backup]=backup [client]=desk [sink]=drop)

# Every process of the mail host carries this personality flag (it changes nothing on Linux, and children inherit it).
# Audit rules can ask for it, so exactly that host is recorded and nothing else of this machine.
HOST_FLAG=0x2000000

declare -A PID=()           # machine -> the process that holds its namespaces and its root

# new_namespaces KEY UNSHARE-OPTION...
new_namespaces() {
    local key=$1; shift
    unshare --mount --propagation private "$@" sleep infinity &
    PID[$key]=$!
    wait_for 5 is_apart "${PID[$key]}" || die "no namespace could be made"
}
is_apart() {
    [[ $(cat "/proc/$1/comm") == sleep && $(readlink "/proc/$1/ns/net") != $(readlink /proc/self/ns/net) ]]
}

# machine_up KEY KIND FROM: namespaces, address, name and root file system of one machine.
machine_up() {
    local key=$1 kind=$2 from=$3 pid
    new_namespaces "$key" --net --uts
    pid=${PID[$key]}
    ip link add "p$pid" type veth peer name eth0 netns "$pid"
    ip link set "p$pid" netns "${PID[wire]}"
    nsenter -t "${PID[wire]}" -n ip link set "p$pid" master wire up
    nsenter -t "$pid" -n -u sh -c "hostname ${MACHINE_NAME[$key]}; ip link set lo up; ip addr add ${ADDRESS[$key]}/24 dev eth0
        ip link set eth0 up; ip route add default dev eth0"
    PARTS=$LIB/parts nsenter -t "$pid" -m -u -n bash "$LIB/mount-root.bash" "$WORK/$key.pid" "$kind" "$from" ||
        die "the root file system of ${MACHINE_NAME[$key]} could not be mounted"
    PID[$key]=$(cat "$WORK/$key.pid")
}

stage_up() {
    local flavour=$1 key
    new_namespaces wire --net
    nsenter -t "${PID[wire]}" -n sh -c 'ip link add wire type bridge; ip link set wire up'
    cp --sparse=always "$(root_image "$flavour")" "$WORK/mail.img"
    mkdir "$WORK/base"
    mount -o loop,ro "$(root_image base)" "$WORK/base"
    machine_up mail image "$WORK/mail.img"
    for key in backup client sink; do
        machine_up "$key" overlay "$WORK/base"
    done
}

# on KEY COMMAND...: runs on a machine without being recorded.
on() {
    local key=$1; shift
    nsenter -t "${PID[$key]}" -m -u -n -r -w env -i "${PLAIN_ENVIRONMENT[@]}" "$@"
}
PLAIN_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PLAIN_ENVIRONMENT=(HOME=/root TERM=dumb LC_ALL=C.UTF-8 "PATH=$PLAIN_PATH")
