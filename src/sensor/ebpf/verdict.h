// Whether a file is watched: its device, then a verdict remembered by inode, then the walk to the
// root of its file system, at each step asking the plan.
#pragma once

#include "sensor/ebpf/path.h"

struct verdict {
    __u32 watch;
    __u32 id;
    struct dentry* dentry;  // the name that led to it
    bool disconnected;
};

static __always_inline struct mv_plan_entry* plan_entry(__u32 device, struct inode* inode) {
    struct mv_plan_key key = {.inode = READ(inode, i_ino), .device = device};
    return bpf_map_lookup_elem(&plan, &key);
}

// The nearest entry of the plan at or above the dentry: its id above, what it watches below. Not
// static: the verifier looks at it once.
__noinline __u64 walk(__u64 from, __u32 device) {
    struct dentry* dentry = (struct dentry*)from;
#pragma clang loop unroll(disable)
    for (int i = 0; i < MV_DEPTH_MAX; i++) {
        struct inode* inode = READ(dentry, d_inode);
        if (inode != NULL) {
            struct mv_plan_entry* entry = plan_entry(device, inode);
            if (entry != NULL) {
                return (__u64)entry->id << 32 | entry->watch;
            }
        }
        struct dentry* parent = READ(dentry, d_parent);
        if (parent == dentry) {
            break;
        }
        dentry = parent;
    }
    return 0;
}

static __always_inline bool is_disconnected(struct dentry* dentry) {
    return READ(dentry, d_parent) == dentry && READ(dentry, d_sb, s_root) != dentry;
}

static __always_inline struct verdict_slot* slot_of(__u64 inode) {
    __u32 at = (__u32)((inode * 0x9e3779b97f4a7c15ULL) >> 40) & (MV_CACHE_SLOTS - 1);
    return bpf_map_lookup_elem(&verdicts, &at);
}

static __always_inline bool holds(
    const struct verdict_slot* slot, __u64 inode, __u32 device, __u32 generation, __u32 epoch) {
    return slot->inode == inode && slot->device == device && slot->generation == generation &&
           slot->epoch == epoch;
}

static __always_inline struct dentry* first_alias(struct inode* inode) {
    struct hlist_node* node = READ(inode, i_dentry.first);
    return node == NULL ? NULL
                        : (struct dentry*)((char*)node - bpf_core_field_offset(struct dentry, d_u));
}

static __always_inline struct dentry* next_alias(struct dentry* dentry) {
    struct hlist_node* node = READ(dentry, d_u.d_alias.next);
    return node == NULL ? NULL
                        : (struct dentry*)((char*)node - bpf_core_field_offset(struct dentry, d_u));
}

static __always_inline void remember_unwatched(struct inode* inode,
                                               __u32 device,
                                               __u32 epoch,
                                               bool of_reads) {
    __u64 number = READ(inode, i_ino);
    number = of_reads ? ~number : number;
    struct verdict_slot* slot = slot_of(number);
    if (slot != NULL) {
        slot->inode = number;
        slot->device = device;
        slot->generation = READ(inode, i_generation);
        slot->watch = 0;
        slot->id = 0;
        slot->epoch = epoch;
    }
}

// Whether a verdict is remembered, and it says that nothing is watched there. `inode` is of a type
// that the verifier knows: its members are loaded, not copied.
static __always_inline bool is_known_unwatched(struct inode* inode,
                                               bool of_reads,
                                               const struct mv_config* settings) {
    __u64 number = of_reads ? ~(__u64)inode->i_ino : inode->i_ino;
    struct verdict_slot* slot = slot_of(number);
    return slot != NULL && slot->watch == 0 &&
           holds(slot, number, inode->i_sb->s_dev, inode->i_generation, settings->epoch);
}

// The verdict on a dentry's directory, remembered for it: files of a Maildir are opened once each.
static __always_inline __u64 directory_verdict(struct dentry* directory,
                                               __u32 device,
                                               __u32 epoch) {
    struct inode* inode = READ(directory, d_inode);
    __u64 number = READ(inode, i_ino);
    __u32 generation = READ(inode, i_generation);
    struct verdict_slot* slot = slot_of(number);
    if (slot == NULL) {
        return 0;
    }
    if (holds(slot, number, device, generation, epoch)) {
        return (__u64)slot->id << 32 | slot->watch;
    }
    __u64 found = walk(address_of(directory), device);
    slot->inode = number;
    slot->device = device;
    slot->generation = generation;
    slot->watch = (__u32)found;
    slot->id = found >> 32;
    slot->alias = 0;
    slot->epoch = epoch;
    return found;
}

// For an opened file: its own entry, its directory's verdict, its other names.
static __always_inline struct verdict opened_verdict(struct dentry* dentry,
                                                     struct inode* inode,
                                                     __u32 device,
                                                     bool has_trees,
                                                     const struct mv_config* settings) {
    struct verdict verdict = {.dentry = dentry};
    if (settings->files != 0 && may_be_planned(READ(inode, i_ino))) {
        struct mv_plan_entry* entry = plan_entry(device, inode);
        if (entry != NULL) {
            verdict.watch = entry->watch;
            verdict.id = entry->id;
            return verdict;
        }
    }
    if (!has_trees) {
        remember_unwatched(READ(dentry, d_parent, d_inode), device, settings->epoch, false);
        return verdict;
    }
    __u32 mode = READ(inode, i_mode);
    struct dentry* parent = READ(dentry, d_parent);
    bool is_directory = (mode & S_IFMT) == S_IFDIR;
    if (parent == dentry && !is_directory) {
        // Opened by handle with nothing cached: it could be any file of this file system.
        verdict.disconnected = is_disconnected(dentry);
        verdict.watch = verdict.disconnected ? mv_watch_read | mv_watch_write | mv_watch_taint : 0;
        return verdict;
    }
    __u64 found = directory_verdict(is_directory ? dentry : parent, device, settings->epoch);
    if (found == 0 && !is_directory && READ(inode, i_nlink) > 1) {
        struct dentry* alias = first_alias(inode);
#pragma clang loop unroll(disable)
        for (int i = 0; i < MV_ALIASES_MAX && alias != NULL; i++) {
            found = walk(address_of(alias), device);
            if (found != 0) {
                verdict.dentry = alias;
                break;
            }
            alias = next_alias(alias);
        }
    }
    verdict.watch = (__u32)found;
    verdict.id = found >> 32;
    return verdict;
}

// For a file of the page cache, of which only the inode is known: by any of its cached names.
static __always_inline struct verdict cached_verdict(struct inode* inode,
                                                     __u32 device,
                                                     bool has_trees,
                                                     const struct mv_config* settings) {
    struct verdict verdict = {};
    __u64 number = READ(inode, i_ino);
    __u32 generation = READ(inode, i_generation);
    // One set of slots serves both questions; the generation of a read is told apart by a bit.
    struct verdict_slot* slot = slot_of(~number);
    if (slot == NULL) {
        return verdict;
    }
    if (!holds(slot, ~number, device, generation, settings->epoch)) {
        struct mv_plan_entry* entry = plan_entry(device, inode);
        __u64 found = entry == NULL ? 0 : (__u64)entry->id << 32 | entry->watch;
        __u32 index = 0;
        struct dentry* alias = first_alias(inode);
#pragma clang loop unroll(disable)
        for (int i = 0; i < MV_ALIASES_MAX && alias != NULL && found == 0 && has_trees; i++) {
            found = walk(address_of(alias), device);
            if (found == 0 && is_disconnected(alias)) {
                found = mv_watch_read | mv_watch_taint;
            }
            index = i;
            alias = next_alias(alias);
        }
        slot->inode = ~number;
        slot->device = device;
        slot->generation = generation;
        slot->watch = (__u32)found;
        slot->id = found >> 32;
        slot->alias = index;
        slot->epoch = settings->epoch;
        struct mv_counts* row = counters();
        if (row != NULL) {
            row->cache_misses++;
        }
    }
    verdict.watch = slot->watch;
    verdict.id = slot->id;
    if (verdict.watch == 0) {
        return verdict;
    }
    struct dentry* alias = first_alias(inode);
    __u32 index = slot->alias;
#pragma clang loop unroll(disable)
    for (int i = 0; i < MV_ALIASES_MAX - 1 && alias != NULL && (__u32)i < index; i++) {
        alias = next_alias(alias);
    }
    verdict.dentry = alias;
    verdict.disconnected = verdict.id == 0;
    return verdict;
}
