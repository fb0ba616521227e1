// Accesses to watched files: summed in the kernel by process life, directory (or file) and class.
// The first of a sum is sent at once; the program reads the counts later, and at the process's end.
#pragma once

#include "sensor/ebpf/verdict.h"

struct access {
    struct task_struct* task;
    struct inode* inode;
    struct file* file;  // NULL: only the inode is known
    __u32 device;
    __u32 file_class;
    __u32 flags;
    __u32 hook;
};

// cur, new or tmp: the directories of a Maildir, where files are opened once each.
static __always_inline bool is_maildir_part(struct dentry* directory) {
    const unsigned char* name = READ(directory, d_name.name);
    char text[4] = {};
    bpf_probe_read_kernel(text, sizeof(text), name);
    return text[3] == 0 && ((text[0] == 'c' && text[1] == 'u' && text[2] == 'r') ||
                            (text[0] == 'n' && text[1] == 'e' && text[2] == 'w') ||
                            (text[0] == 't' && text[1] == 'm' && text[2] == 'p'));
}

static __always_inline bool sums_by_directory(const struct verdict* verdict, __u32 file_class) {
    if (file_class == mv_class_list || file_class == mv_class_block || verdict->dentry == NULL ||
        (verdict->watch & (mv_watch_by_file | mv_watch_derived)) || verdict->disconnected) {
        return false;
    }
    return (verdict->watch & mv_watch_by_directory) ||
           is_maildir_part(READ(verdict->dentry, d_parent));
}

// Names from the file up to the plan's entry, without it, into the scratch's text. Not static: as
// walk().
__noinline __u32 put_names(__u64 from, __u32 device, __u32 use) {
    struct scratch* scratch = scratch_space(use);
    if (scratch == NULL) {
        return 0;
    }
    struct climb* climb = &scratch->climb;
    climb->dentry = (struct dentry*)from;
    climb->at = 0;
#pragma clang loop unroll(disable)
    for (int i = 0; i < MV_DEPTH_MAX; i++) {
        struct dentry* dentry = climb->dentry;
        struct inode* inode = READ(dentry, d_inode);
        struct dentry* parent = READ(dentry, d_parent);
        if (inode != NULL && plan_entry(device, inode) != NULL) {
            break;
        }
        if (climb->at > MV_PATH_BYTES - MV_NAME_BYTES) {
            scratch->file.head.notes |= mv_note_names_cut;
            break;
        }
        if (parent == dentry) {
            break;
        }
        climb->at = put_name(scratch, climb->at, dentry);
        climb->dentry = parent;
    }
    return climb->at;
}

static __always_inline void fill_file(struct scratch* scratch,
                                      const struct access* access,
                                      const struct verdict* verdict) {
    struct mv_file* file = &scratch->file;
    take_head(&file->head, access->task);
    file->inode = READ(access->inode, i_ino);
    file->directory_inode = 0;
    file->size = READ(access->inode, i_size);
    file->writer_inode = 0;
    file->device = access->device;
    file->plan = verdict->id;
    file->file_class = access->file_class;
    file->hook = access->hook;
    file->flags = access->flags;
    file->mode = READ(access->inode, i_mode);
    file->owner = READ(access->inode, i_uid.val);
    file->links = READ(access->inode, i_nlink);
    file->watch = verdict->watch;
    file->count = 1;
    file->reserved = 0;
    if (verdict->dentry != NULL) {
        file->directory_inode = READ(verdict->dentry, d_parent, d_inode, i_ino);
    }
    if (verdict->disconnected) {
        file->head.notes |= mv_note_disconnected;
    }
}

static __always_inline bool tell(const struct access* access,
                                 const struct verdict* verdict,
                                 __u32 notes) {
    __u32 use = access->hook == mv_hook_snapshot ? scratch_of_iterator : scratch_of_events;
    struct scratch* scratch = scratch_space(use);
    if (scratch == NULL) {
        return false;
    }
    struct mv_file* file = &scratch->file;
    fill_file(scratch, access, verdict);
    file->head.notes |= notes;
    if (verdict->id == 0 && access->file != NULL) {
        file->head.notes |= mv_note_absolute;
        file->names_bytes = put_path(address_of(READ(access->file, f_path.mnt)),
                                     address_of(READ(access->file, f_path.dentry)),
                                     0,
                                     use);
    } else {
        file->names_bytes = verdict->dentry == NULL
                                ? 0
                                : put_names(address_of(verdict->dentry), access->device, use);
    }
    __u32 bytes = file->names_bytes & MV_TEXT_MASK;
    return send(&file->head, mv_kind_file, offsetof(struct scratch, text) + bytes);
}

// Adds to the sum; tells of it when it is new.
static __always_inline void add(const struct access* access, const struct verdict* verdict) {
    struct mv_sum_key key = {.start = start_of(access->task),
                             .device = access->device,
                             .tgid = READ(access->task, tgid),
                             .exec_number = READ(access->task, self_exec_id),
                             .file_class = access->file_class};
    __u32 notes = 0;
    if (sums_by_directory(verdict, access->file_class)) {
        key.directory_inode = READ(verdict->dentry, d_parent, d_inode, i_ino);
        notes |= mv_note_by_directory;
    } else {
        key.inode = READ(access->inode, i_ino);
    }
    __u64 now = bpf_ktime_get_boot_ns();
    struct mv_counts* row = counters();
    if (row != NULL) {
        row->accesses++;
    }
    struct mv_sum* sum = bpf_map_lookup_elem(&sums, &key);
    if (sum == NULL) {
        struct mv_sum fresh = {.first = now, .last = now};
        bpf_map_update_elem(&sums, &key, &fresh, BPF_NOEXIST);
        sum = bpf_map_lookup_elem(&sums, &key);
    }
    if (sum == NULL) {
        if (row != NULL) {
            row->sums_full++;
        }
        tell(access, verdict, notes | mv_note_unsummed);
        return;
    }
    __sync_fetch_and_add(&sum->count, 1);
    sum->last = now;
    // Two processors may both find it untold: then it is told twice, which the reader of it knows.
    if (sum->told == 0) {
        sum->told = 1;
        if (!tell(access, verdict, notes)) {
            sum->told = 0;
        }
    }
}

// Whether the process opened what it now reads: then the reading is no news.
static __always_inline bool was_opened(const struct access* access, const struct verdict* verdict) {
    struct mv_sum_key key = {.start = start_of(access->task),
                             .device = access->device,
                             .tgid = READ(access->task, tgid),
                             .exec_number = READ(access->task, self_exec_id),
                             .file_class = mv_class_open};
    if (sums_by_directory(verdict, mv_class_open)) {
        key.directory_inode = READ(verdict->dentry, d_parent, d_inode, i_ino);
    } else {
        key.inode = READ(access->inode, i_ino);
    }
    struct mv_sum* sum = bpf_map_lookup_elem(&sums, &key);
    if (sum == NULL) {
        key.file_class = mv_class_update;
        sum = bpf_map_lookup_elem(&sums, &key);
    }
    if (sum == NULL) {
        return false;
    }
    __sync_fetch_and_add(&sum->reads, 1);
    return true;
}

// Files that the process holds open for writing when it takes up mail: what it writes them with now
// may be mail.
static __always_inline void tell_open_files(struct task_struct* task) {
    struct fdtable* table = READ(task, files, fdt);
    struct file** files = READ(table, fd);
    __u32 limit = READ(table, max_fds);
#pragma clang loop unroll(disable)
    for (__u32 i = 0; i < MV_CARRIED_MAX; i++) {
        struct file* file = NULL;
        if (i >= limit) {
            break;
        }
        bpf_probe_read_kernel(&file, sizeof(file), files + i);
        if (file == NULL || !(READ(file, f_mode) & FMODE_WRITE)) {
            continue;
        }
        struct inode* inode = READ(file, f_inode);
        __u32 type = READ(inode, i_mode) & S_IFMT;
        __u32 one = 1;
        if (type != S_IFREG) {
            continue;
        }
        struct access access = {.task = task,
                                .inode = inode,
                                .file = file,
                                .device = READ(inode, i_sb, s_dev),
                                .file_class = mv_class_write,
                                .flags = READ(file, f_flags),
                                .hook = mv_hook_carried};
        struct verdict verdict = {.watch = mv_watch_derived};
        struct mv_plan_key key = {.inode = READ(inode, i_ino), .device = access.device};
        bpf_map_update_elem(&derived, &key, &one, BPF_ANY);
        mark_planned(key.inode);
        add(&access, &verdict);
    }
}

// From now on the process carries mail; programs that the plan names as boundaries do not. Not
// static: as walk().
__noinline int take_up_mail(__u64 task_address) {
    struct task_struct* task = (struct task_struct*)task_address;
    struct mv_config* settings = settings_of();
    if (settings == NULL || settings->taint == 0) {
        return 0;
    }
    __u32 tgid = READ(task, tgid);
    __u64 start = start_of(task);
    __u64* known = bpf_map_lookup_elem(&tainted, &tgid);
    if (known != NULL && *known == start) {
        return 0;
    }
    struct inode* exe = READ(task, mm, exe_file, f_inode);
    if (exe != NULL) {
        struct mv_plan_entry* entry = plan_entry(READ(exe, i_sb, s_dev), exe);
        if (entry != NULL && (entry->watch & mv_watch_boundary)) {
            return 0;
        }
    }
    bpf_map_update_elem(&tainted, &tgid, &start, BPF_ANY);
    settings->derived = 1;
    tell_open_files(task);
    return 0;
}

static __always_inline bool is_wanted(__u32 watch, __u32 file_class) {
    switch (file_class) {
        case mv_class_open:
        case mv_class_read:
            return watch & mv_watch_read;
        case mv_class_update:
            return watch & (mv_watch_read | mv_watch_write);
        case mv_class_list:
            return watch & mv_watch_list;
        default:
            return watch & mv_watch_write;
    }
}

static __always_inline bool takes_up_mail(__u32 watch, __u32 file_class) {
    return (watch & mv_watch_taint) &&
           (file_class == mv_class_open || file_class == mv_class_update ||
            file_class == mv_class_read);
}
