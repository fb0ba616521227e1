// Lives of processes: exec with everything that is known of one, fork, exit.
#pragma once

#include "sensor/ebpf/path.h"

static __always_inline __u32 pid_namespace_of(struct task_struct* task) {
    struct pid* pid = READ(task, thread_pid);
    __u32 level = READ(pid, level);
    struct upid upid = {};
    if (level > 32) {
        return 0;
    }
    __u64 at =
        bpf_core_field_offset(struct pid, numbers) + (__u64)level * bpf_core_type_size(struct upid);
    struct pid_namespace* space = NULL;
    bpf_probe_read_kernel(
        &space, sizeof(space), (char*)pid + at + bpf_core_field_offset(struct upid, ns));
    (void)upid;
    return READ(space, ns.inum);
}

// Standard input, output and error: which pipe or file they are.
static __always_inline void take_standard(struct mv_exec* exec, struct task_struct* task) {
    struct fdtable* table = READ(task, files, fdt);
    struct file** files = READ(table, fd);
    __u32 limit = READ(table, max_fds);
#pragma unroll
    for (__u32 i = 0; i < 3; i++) {
        struct file* file = NULL;
        exec->standard_inode[i] = 0;
        exec->standard_device[i] = 0;
        exec->standard_mode[i] = 0;
        if (i < limit) {
            bpf_probe_read_kernel(&file, sizeof(file), files + i);
        }
        if (file != NULL) {
            exec->standard_inode[i] = READ(file, f_inode, i_ino);
            exec->standard_device[i] = READ(file, f_inode, i_sb, s_dev);
            exec->standard_mode[i] = READ(file, f_inode, i_mode);
        }
    }
}

static __always_inline void take_ancestors(struct mv_exec* exec, struct task_struct* task) {
    struct task_struct* at = task;
    __u16 count = 0;
#pragma clang loop unroll(disable)
    for (int i = 0; i < MV_ANCESTORS_MAX; i++) {
        at = READ(at, real_parent);
        __u32 tgid = READ(at, tgid);
        if (tgid == 0) {
            break;
        }
        exec->ancestors[i].start = start_of(at);
        exec->ancestors[i].tgid = tgid;
        exec->ancestors[i].reserved = 0;
        count++;
    }
    exec->ancestor_count = count;
}

SEC("tp_btf/sched_process_exec")

int BPF_PROG(on_exec, struct task_struct* task, int old_pid, struct linux_binprm* binprm) {
    struct scratch* scratch = scratch_space(scratch_of_events);
    if (scratch == NULL) {
        return 0;
    }
    struct mv_exec* exec = &scratch->exec;
    take_head(&exec->head, task);
    struct file* exe = READ(binprm, file);
    struct inode* inode = READ(exe, f_inode);
    exec->head.who.exe_inode = READ(inode, i_ino);
    exec->head.who.exe_device = READ(inode, i_sb, s_dev);
    exec->exe_mode = READ(inode, i_mode);
    exec->exe_owner = READ(inode, i_uid.val);
    if (READ(inode, i_nlink) == 0) {
        exec->head.notes |= mv_note_exe_deleted;
    }
    struct dentry* dentry = READ(exe, f_path.dentry);
    if (READ(dentry, d_parent) == dentry) {
        exec->head.notes |= mv_note_exe_memory;
    }
    exec->mount_namespace = READ(task, nsproxy, mnt_ns, ns.inum);
    exec->pid_namespace = pid_namespace_of(task);
    struct tty_struct* tty = READ(task, signal, tty);
    exec->tty[0] = 0;
    if (tty != NULL) {
        bpf_core_read_str(&exec->tty, sizeof(exec->tty), &tty->name);
    }
    take_standard(exec, task);
    take_ancestors(exec, task);

    __u32 at =
        put_path(address_of(READ(exe, f_path.mnt)), address_of(dentry), 0, scratch_of_events);
    exec->exe_bytes = at;
    __u32 next = put_path(address_of(READ(task, fs, pwd.mnt)),
                          address_of(READ(task, fs, pwd.dentry)),
                          at,
                          scratch_of_events);
    exec->cwd_bytes = next - at;
    at = next & MV_TEXT_MASK;
    long size = bpf_probe_read_kernel_str(scratch->text + at, 1024, READ(binprm, filename));
    exec->file_bytes = size > 0 ? size : 0;
    at += exec->file_bytes;
    at &= MV_TEXT_MASK;
    unsigned long from = READ(task, mm, arg_start);
    unsigned long bytes = READ(task, mm, arg_end) - from;
    if (bytes > MV_ARGUMENT_BYTES - 1) {
        bytes = MV_ARGUMENT_BYTES - 1;
        exec->head.notes |= mv_note_args_cut;
    }
    __u32 wanted = bytes & (MV_ARGUMENT_BYTES - 1);
    if (bpf_probe_read_user(scratch->text + at, wanted, (void*)from) != 0) {
        wanted = 0;
        exec->head.notes |= mv_note_args_cut;
    }
    exec->argument_bytes = wanted;
    at += wanted;
    exec->output_bytes = 0;
    if ((exec->standard_mode[1] & S_IFMT) == S_IFREG && at <= MV_TEXT_MASK) {
        struct file** files = READ(task, files, fdt, fd);
        struct file* output = NULL;
        bpf_probe_read_kernel(&output, sizeof(output), files + 1);
        __u32 end = put_path(address_of(READ(output, f_path.mnt)),
                             address_of(READ(output, f_path.dentry)),
                             at,
                             scratch_of_events);
        exec->output_bytes = end - at;
        at = end;
    }
    at &= MV_TEXT_BYTES - 1;
    send(&exec->head, mv_kind_exec, offsetof(struct scratch, text) + at);
    return 0;
}

SEC("tp_btf/sched_process_fork")

int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
    if (READ(child, pid) != READ(child, tgid)) {
        return 0;
    }
    struct mv_fork fork = {};
    take_head(&fork.head, child);
    send(&fork.head, mv_kind_fork, sizeof(fork));
    __u32 from = READ(parent, tgid);
    if (bpf_map_lookup_elem(&tainted, &from) != NULL) {
        __u32 tgid = fork.head.who.tgid;
        __u64 start = fork.head.who.start;
        bpf_map_update_elem(&tainted, &tgid, &start, BPF_ANY);
    }
    return 0;
}

SEC("tp_btf/sched_process_exit")

int BPF_PROG(on_exit, struct task_struct* task) {
    if (READ(task, signal, live.counter) != 0 || (READ(task, flags) & PF_KTHREAD)) {
        return 0;
    }
    struct mv_exit exit = {};
    take_head(&exit.head, task);
    exit.code = READ(task, exit_code);
    send(&exit.head, mv_kind_exit, sizeof(exit));
    __u32 tgid = exit.head.who.tgid;
    bpf_map_delete_elem(&tainted, &tgid);
    return 0;
}
