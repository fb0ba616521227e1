// Changes of the tree that old verdicts do not know of: renames and links end the epoch, mounts are
// told.
#pragma once

#include "sensor/ebpf/who.h"

static __always_inline int end_epoch(const struct sys_exit_context* context) {
    struct mv_config* settings = settings_of();
    if (settings != NULL && context->result == 0) {
        __sync_fetch_and_add(&settings->epoch, 1);
    }
    return 0;
}

SEC("tp/syscalls/sys_exit_rename")

int exit_rename(struct sys_exit_context* context) {
    return end_epoch(context);
}

SEC("tp/syscalls/sys_exit_renameat")

int exit_renameat(struct sys_exit_context* context) {
    return end_epoch(context);
}

SEC("tp/syscalls/sys_exit_renameat2")

int exit_renameat2(struct sys_exit_context* context) {
    return end_epoch(context);
}

SEC("tp/syscalls/sys_exit_link")

int exit_link(struct sys_exit_context* context) {
    return end_epoch(context);
}

SEC("tp/syscalls/sys_exit_linkat")

int exit_linkat(struct sys_exit_context* context) {
    return end_epoch(context);
}

static __always_inline int tell_mount(const struct sys_exit_context* context, __u32 call) {
    struct mv_mount mount = {.call = call};
    if (context->result != 0) {
        return 0;
    }
    take_head(&mount.head, current_task());
    send(&mount.head, mv_kind_mount, sizeof(mount));
    return end_epoch(context);
}

SEC("tp/syscalls/sys_exit_mount")

int exit_mount(struct sys_exit_context* context) {
    return tell_mount(context, 0);
}

SEC("tp/syscalls/sys_exit_move_mount")

int exit_move_mount(struct sys_exit_context* context) {
    return tell_mount(context, 1);
}

SEC("tp/syscalls/sys_exit_umount")

int exit_umount(struct sys_exit_context* context) {
    return tell_mount(context, 2);
}
