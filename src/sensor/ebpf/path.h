// Names: a path as the kernel has it, leaf first, each name ended by a NUL, into the scratch's
// text.
#pragma once

#include "sensor/ebpf/who.h"

#define MV_TEXT_MASK (MV_TEXT_BYTES / 2 - 1)

// Appends the entry's own name; the offset behind it.
static __always_inline __u32 put_name(struct scratch* scratch, __u32 at, struct dentry* dentry) {
    const unsigned char* name = READ(dentry, d_name.name);
    at &= MV_TEXT_MASK;
    long size = bpf_probe_read_kernel_str(scratch->text + at, MV_NAME_BYTES, name);
    return size > 0 ? at + (__u32)size : at;
}

static __always_inline struct mount* mount_of(struct vfsmount* mount) {
    return (struct mount*)((char*)mount - bpf_core_field_offset(struct mount, mnt));
}

// One step up: through the mount when at its root. False: the top is reached.
static __always_inline bool climb_step(struct scratch* scratch, struct climb* climb) {
    struct dentry* dentry = climb->dentry;
    struct mount* mount = climb->mount;
    if (dentry == climb->mount_root) {
        struct mount* above = READ(mount, mnt_parent);
        if (above == mount || above == NULL) {
            return false;
        }
        climb->dentry = READ(mount, mnt_mountpoint);
        climb->mount = above;
        climb->mount_root = READ(above, mnt.mnt_root);
        return true;
    }
    struct dentry* parent = READ(dentry, d_parent);
    if (climb->at - climb->start > MV_PATH_BYTES - MV_NAME_BYTES) {
        return false;
    }
    climb->at = put_name(scratch, climb->at, dentry);
    climb->dentry = parent;
    return parent !=
           dentry;  // else a file without a place in the tree: memfd, pipe, detached mount
}

// Appends all names up to the root of the mount tree to the scratch's text; the offset behind them.
// Not static: the verifier looks at it once.
__noinline __u32 put_path(__u64 vfsmount, __u64 dentry, __u32 at, __u32 use) {
    struct scratch* scratch = scratch_space(use);
    if (scratch == NULL) {
        return 0;
    }
    struct climb* climb = &scratch->climb;
    climb->mount = mount_of((struct vfsmount*)vfsmount);
    climb->mount_root = READ(climb->mount, mnt.mnt_root);
    climb->dentry = (struct dentry*)dentry;
    climb->at = at & MV_TEXT_MASK;
    climb->start = at & MV_TEXT_MASK;
#pragma clang loop unroll(disable)
    for (int i = 0; i < MV_DEPTH_MAX; i++) {
        if (!climb_step(scratch, climb)) {
            break;
        }
    }
    return climb->at;
}
