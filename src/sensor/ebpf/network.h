// Ways out: TCP connections however they are made, and where datagrams go.
#pragma once

#include "sensor/ebpf/who.h"

static __always_inline void tell_connect(struct mv_connect* connect) {
    struct mv_config* settings = settings_of();
    if (settings == NULL || settings->connects == 0 || connect->port == 0) {
        return;
    }
    struct task_struct* task = current_task();
    if (!is_foreign(settings, bpf_get_current_pid_tgid() >> 32)) {
        return;
    }
    take_head(&connect->head, task);
    send(&connect->head, mv_kind_connect, sizeof(*connect));
}

SEC("tp_btf/inet_sock_set_state")

int BPF_PROG(on_tcp_state, const struct sock* sock, int old_state, int new_state) {
    if (new_state != TCP_SYN_SENT) {
        return 0;
    }
    struct mv_connect connect = {.protocol = 6};
    __u16 family = READ(sock, __sk_common.skc_family);
    connect.port = __builtin_bswap16(READ(sock, __sk_common.skc_dport));
    if (family == AF_INET) {
        connect.family = 4;
        __u32 address = READ(sock, __sk_common.skc_daddr);
        __builtin_memcpy(connect.address, &address, sizeof(address));
    } else if (family == AF_INET6) {
        connect.family = 6;
        bpf_core_read(&connect.address, 16, &sock->__sk_common.skc_v6_daddr);
    } else {
        return 0;
    }
    tell_connect(&connect);
    return 0;
}

static __always_inline int on_datagram(struct bpf_sock_addr* context, __u32 family) {
    struct mv_connect connect = {.family = family, .protocol = 17};
    if (context->protocol != 17) {
        return 1;
    }
    connect.port = __builtin_bswap16(context->user_port);
    if (family == 4) {
        __u32 address = context->user_ip4;
        __builtin_memcpy(connect.address, &address, sizeof(address));
    } else {
        __u32 address[4] = {
            context->user_ip6[0], context->user_ip6[1], context->user_ip6[2], context->user_ip6[3]};
        __builtin_memcpy(connect.address, address, sizeof(address));
    }
    tell_connect(&connect);
    return 1;
}

SEC("cgroup/connect4")

int udp_connect4(struct bpf_sock_addr* context) {
    return on_datagram(context, 4);
}

SEC("cgroup/connect6")

int udp_connect6(struct bpf_sock_addr* context) {
    return on_datagram(context, 6);
}

SEC("cgroup/sendmsg4")

int udp_send4(struct bpf_sock_addr* context) {
    return on_datagram(context, 4);
}

SEC("cgroup/sendmsg6")

int udp_send6(struct bpf_sock_addr* context) {
    return on_datagram(context, 6);
}
