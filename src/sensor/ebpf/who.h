// Who acts: taken from the task itself, so that a process that is gone a moment later keeps its
// name.
#pragma once

#include "sensor/ebpf/maps.h"

static __always_inline __u64 start_of(struct task_struct* task) {
    return READ(task, group_leader, start_boottime);
}

static __always_inline void take_head(struct mv_head* head, struct task_struct* task) {
    struct mv_who* who = &head->who;
    struct task_struct* parent = READ(task, real_parent);
    struct cred* cred = (struct cred*)READ(task, cred);
    struct file* exe = READ(task, mm, exe_file);
    head->notes = 0;
    head->time = bpf_ktime_get_boot_ns();
    who->start = start_of(task);
    who->parent_start = start_of(parent);
    who->exe_inode = 0;
    who->exe_device = 0;
    if (exe != NULL) {
        who->exe_inode = READ(exe, f_inode, i_ino);
        who->exe_device = READ(exe, f_inode, i_sb, s_dev);
    }
    who->cgroup = READ(task, cgroups, dfl_cgrp, kn, id);
    who->tgid = READ(task, tgid);
    who->tid = READ(task, pid);
    who->parent = READ(parent, tgid);
    who->user = READ(cred, uid.val);
    who->effective_user = READ(cred, euid.val);
    who->group = READ(cred, gid.val);
    // Kernels without CONFIG_AUDIT have neither.
    who->login_user = 0xffffffff;
    who->session = 0xffffffff;
    if (bpf_core_field_exists(task->loginuid)) {
        who->login_user = READ(task, loginuid.val);
        who->session = READ(task, sessionid);
    }
    who->exec_number = READ(task, self_exec_id);
    bpf_core_read(&who->comm, sizeof(who->comm), &task->comm);
}

static __always_inline struct task_struct* current_task(void) {
    return (struct task_struct*)bpf_get_current_task();
}

// Whether the current task's accesses are worth looking at.
static __always_inline bool is_foreign(const struct mv_config* settings, __u32 tgid) {
    return tgid != 0 && tgid != settings->self;
}
