// Reads, by whatever way: the page cache tells which inode is read and who reads. Sees what no open
// shows: passed and inherited descriptors, mappings, io_uring, 32-bit calls, lower layers of
// overlays.
#pragma once

#include "sensor/ebpf/access.h"

static __always_inline int on_read(struct inode* inode, __u32 hook) {
    struct mv_config* settings = settings_of();
    if (settings == NULL || inode == NULL || is_known_unwatched(inode, true, settings)) {
        return 0;
    }
    __u32 device = READ(inode, i_sb, s_dev);
    __u32* watched = bpf_map_lookup_elem(&devices, &device);
    if (watched == NULL) {
        remember_unwatched(inode, device, settings->epoch, true);
        return 0;
    }
    struct verdict verdict = cached_verdict(inode, device, *watched == mv_device_trees, settings);
    if (!(verdict.watch & mv_watch_read) || (verdict.watch & mv_watch_ignore)) {
        return 0;
    }
    struct task_struct* task = current_task();
    __u32 mode = READ(inode, i_mode);
    if (!is_foreign(settings, bpf_get_current_pid_tgid() >> 32) ||
        (READ(task, flags) & PF_KTHREAD) || (mode & S_IFMT) != S_IFREG) {
        return 0;
    }
    struct access access = {
        .task = task, .inode = inode, .device = device, .file_class = mv_class_read, .hook = hook};
    if (!was_opened(&access, &verdict)) {
        add(&access, &verdict);
        if (takes_up_mail(verdict.watch, mv_class_read)) {
            take_up_mail(address_of(task));
        }
    }
    return 0;
}

SEC("tp_btf/mm_filemap_get_pages")

int BPF_PROG(on_get_pages, struct address_space* mapping) {
    return on_read(mapping->host, mv_hook_read);
}

SEC("tp_btf/mm_filemap_map_pages")

int BPF_PROG(on_map_pages, struct address_space* mapping) {
    return on_read(mapping->host, mv_hook_map);
}

SEC("tp_btf/mm_filemap_fault")

int BPF_PROG(on_fault, struct address_space* mapping) {
    return on_read(mapping->host, mv_hook_fault);
}

SEC("tp_btf/iomap_dio_rw_begin")

int BPF_PROG(on_direct, struct kiocb* request, struct iov_iter* iter) {
    if (READ(iter, data_source) != 0) {
        return 0;
    }
    return on_read(request->ki_filp->f_inode, mv_hook_direct);
}
