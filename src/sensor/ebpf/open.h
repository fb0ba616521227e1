// Opened files: the exits of the calls that open, and of pidfd_getfd, which brings an opened file
// in.
#pragma once

#include "sensor/ebpf/access.h"

static __always_inline struct file* file_of(struct task_struct* task, __s64 number) {
    struct fdtable* table = READ(task, files, fdt);
    struct file* file = NULL;
    if ((__u64)number < READ(table, max_fds)) {
        struct file** files = READ(table, fd);
        bpf_probe_read_kernel(&file, sizeof(file), files + number);
    }
    return file;
}

static __always_inline __u32 class_of(__u32 f_mode, __u32 flags, __u32 mode) {
    if ((mode & S_IFMT) == S_IFDIR) {
        return mv_class_list;
    }
    if (f_mode & FMODE_CREATED) {
        return mv_class_create;
    }
    if ((flags & O_ACCMODE) == O_RDWR) {
        return mv_class_update;
    }
    return (flags & O_ACCMODE) != 0 || (flags & O_TRUNC) ? mv_class_write : mv_class_open;
}

// Unwatched, but the process carries mail and writes it, or the file is one that such a process
// wrote.
static __always_inline void follow_mail(struct access* access, const struct mv_config* settings) {
    if (settings->derived == 0 || (access->file_class == mv_class_list)) {
        return;
    }
    struct mv_plan_key key = {.inode = READ(access->inode, i_ino), .device = access->device};
    struct verdict verdict = {.watch = mv_watch_derived};
    if (access->file_class == mv_class_open) {
        if (may_be_planned(key.inode) && bpf_map_lookup_elem(&derived, &key) != NULL) {
            add(access, &verdict);
        }
        return;
    }
    if ((READ(access->inode, i_mode) & S_IFMT) != S_IFREG) {
        return;
    }
    __u32 tgid = READ(access->task, tgid);
    __u64* start = bpf_map_lookup_elem(&tainted, &tgid);
    if (start != NULL && *start == start_of(access->task)) {
        __u32 one = 1;
        bpf_map_update_elem(&derived, &key, &one, BPF_ANY);
        mark_planned(key.inode);
        add(access, &verdict);
    }
}

// 1: the process takes up mail with it. Not static: as walk().
__noinline int consider_file(__u64 task_address, __u64 file_address, __u32 hook) {
    struct task_struct* task = (struct task_struct*)task_address;
    struct file* file = (struct file*)file_address;
    struct mv_config* settings = settings_of();
    if (settings == NULL || file == NULL) {
        return 0;
    }
    __u32 f_mode = READ(file, f_mode);
    if (f_mode & FMODE_PATH) {
        return 0;
    }
    struct inode* inode = READ(file, f_inode);
    __u32 mode = READ(inode, i_mode);
    struct access access = {.task = task,
                            .inode = inode,
                            .file = file,
                            .device = READ(inode, i_sb, s_dev),
                            .flags = READ(file, f_flags),
                            .hook = hook};
    access.file_class = class_of(f_mode, access.flags, mode);
    if (hook == mv_hook_snapshot && access.file_class == mv_class_create) {
        access.file_class = mv_class_write;
    }
    if (settings->blocks != 0 && (mode & S_IFMT) == S_IFBLK) {
        struct mv_plan_key key = {.inode = READ(inode, i_rdev), .device = 0};
        struct mv_plan_entry* entry = bpf_map_lookup_elem(&plan, &key);
        if (entry != NULL && (entry->watch & mv_watch_block)) {
            struct verdict verdict = {.watch = entry->watch};
            access.file_class = mv_class_block;
            add(&access, &verdict);
        }
        return 0;
    }
    __u32* watched = bpf_map_lookup_elem(&devices, &access.device);
    if (watched == NULL) {
        remember_unwatched(
            READ(file, f_path.dentry, d_parent, d_inode), access.device, settings->epoch, false);
        follow_mail(&access, settings);
        return 0;
    }
    struct verdict verdict = opened_verdict(
        READ(file, f_path.dentry), inode, access.device, *watched == mv_device_trees, settings);
    if (verdict.watch == 0 || (verdict.watch & mv_watch_ignore)) {
        follow_mail(&access, settings);
        return 0;
    }
    if (is_wanted(verdict.watch, access.file_class)) {
        add(&access, &verdict);
    } else {
        follow_mail(&access, settings);
    }
    return takes_up_mail(verdict.watch, access.file_class) ? 1 : 0;
}

// A refused open: which file is only in the call's arguments. The name is what the program said.
// Not static: as walk().
__noinline int tell_denied(__u64 task_address, __s64 result, __u32 hook) {
    struct task_struct* task = (struct task_struct*)task_address;
    struct scratch* scratch = scratch_space(scratch_of_events);
    struct pt_regs* registers = (struct pt_regs*)bpf_task_pt_regs(bpf_get_current_task_btf());
    if (scratch == NULL || registers == NULL) {
        return 0;
    }
    struct mv_denied* denied = &scratch->denied;
    take_head(&denied->head, task);
    denied->error = -result;
    denied->hook = hook;
    bool plain = hook == mv_hook_open || hook == mv_hook_creat;
    const char* name = (const char*)(plain ? registers->di : registers->si);
    int directory = plain ? AT_FDCWD : (int)registers->di;
    denied->flags = hook == mv_hook_creat  ? O_CREAT | O_WRONLY | O_TRUNC
                    : hook == mv_hook_open ? registers->si
                                           : registers->dx;
    if (hook == mv_hook_openat2) {
        __u64 flags = 0;
        bpf_probe_read_user(&flags, sizeof(flags), (void*)registers->dx);
        denied->flags = flags;
    }
    __u32 at = 0;
    struct vfsmount* mount = READ(task, fs, pwd.mnt);
    struct dentry* dentry = READ(task, fs, pwd.dentry);
    struct file* base = directory == AT_FDCWD ? NULL : file_of(task, directory);
    if (base != NULL) {
        mount = READ(base, f_path.mnt);
        dentry = READ(base, f_path.dentry);
    }
    at = put_path(address_of(mount), address_of(dentry), 0, scratch_of_events);
    denied->base_bytes = at;
    at &= MV_TEXT_MASK;
    long size = bpf_probe_read_user_str(scratch->text + at, MV_PATH_BYTES, name);
    denied->file_bytes = size > 0 ? size : 0;
    at = (at + denied->file_bytes) & (MV_TEXT_BYTES - 1);
    send(&denied->head, mv_kind_denied, offsetof(struct scratch, text) + at);
    return 0;
}

// Nearly every opened file: plain, of one name, for reading, in a directory where nothing is
// watched.
static __always_inline bool is_plainly_unwatched(struct file* file,
                                                 const struct mv_config* settings) {
    struct inode* inode = file->f_inode;
    return (inode->i_mode & S_IFMT) == S_IFREG && inode->i_nlink == 1 &&
           (file->f_flags & O_ACCMODE) == 0 &&
           is_known_unwatched(file->f_path.dentry->d_parent->d_inode, false, settings) &&
           !may_be_planned(inode->i_ino);
}

static __always_inline int on_open(struct sys_exit_context* context, __u32 hook) {
    struct mv_config* settings = settings_of();
    bool refused = context->result == -EACCES || context->result == -EPERM;
    if (settings == NULL || (context->result < 0 && !refused)) {
        return 0;
    }
    struct task_struct* task = current_task();
    if (!is_foreign(settings, bpf_get_current_pid_tgid() >> 32)) {
        return 0;
    }
    if (refused) {
        return hook > mv_hook_creat ? 0 : tell_denied(address_of(task), context->result, hook);
    }
    struct file* file = file_of(task, context->result);
    if (file != NULL && bpf_rdonly_cast &&
        is_plainly_unwatched(bpf_rdonly_cast(file, bpf_core_type_id_kernel(struct file)),
                             settings)) {
        return 0;
    }
    // Called from here and not from within: the stacks of nested calls add up.
    if (consider_file(address_of(task), address_of(file), hook) != 0) {
        take_up_mail(address_of(task));
    }
    return 0;
}

SEC("tp/syscalls/sys_exit_open")

int exit_open(struct sys_exit_context* context) {
    return on_open(context, mv_hook_open);
}

SEC("tp/syscalls/sys_exit_openat")

int exit_openat(struct sys_exit_context* context) {
    return on_open(context, mv_hook_openat);
}

SEC("tp/syscalls/sys_exit_openat2")

int exit_openat2(struct sys_exit_context* context) {
    return on_open(context, mv_hook_openat2);
}

SEC("tp/syscalls/sys_exit_creat")

int exit_creat(struct sys_exit_context* context) {
    return on_open(context, mv_hook_creat);
}

SEC("tp/syscalls/sys_exit_open_by_handle_at")

int exit_open_by_handle_at(struct sys_exit_context* context) {
    return on_open(context, mv_hook_open_by_handle_at);
}

SEC("tp/syscalls/sys_exit_pidfd_getfd")

int exit_pidfd_getfd(struct sys_exit_context* context) {
    return on_open(context, mv_hook_pidfd_getfd);
}

// What is open already when the sensor starts.
SEC("iter/task_file")

int open_files(struct bpf_iter__task_file* context) {
    // Read and not loaded: the verifier wants plain numbers for consider_file().
    struct task_struct* task = NULL;
    struct file* file = NULL;
    bpf_probe_read_kernel(&task, sizeof(task), &context->task);
    bpf_probe_read_kernel(&file, sizeof(file), &context->file);
    struct mv_config* settings = settings_of();
    if (task == NULL || file == NULL || settings == NULL ||
        !is_foreign(settings, READ(task, tgid))) {
        return 0;
    }
    consider_file(address_of(task), address_of(file), mv_hook_snapshot);
    return 0;
}
