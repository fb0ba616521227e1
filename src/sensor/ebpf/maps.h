// The maps, and the ring: what is sent quietly (no wake-up until a quarter is full), and counted
// when there is no room.
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sensor/ebpf/kernel.h"
#include "sensor/ebpf/wire.h"

// A pointer that was read, as one whose type the verifier knows; kernels before 6.2 have it not.
extern void* bpf_rdonly_cast(const void* pointer, __u32 type) __ksym __weak;

// READ(task, mm, exe_file) is task->mm->exe_file. The object is compiled twice: with loads of known
// types, a few times faster, and for kernels that cannot do that with copies by a helper. `source`
// may be an expression of our own, which must not be relocated.
#ifdef MV_TYPED
#define TYPED(source)                                                                            \
    ({                                                                                           \
        __typeof__(source) from_ = (source);                                                     \
        (__typeof__(source))bpf_rdonly_cast(from_, bpf_core_type_id_kernel(__typeof__(*from_))); \
    })
#define READ_1(source, a) TYPED(source)->a
#define READ_2(source, a, b) TYPED(source)->a->b
#define READ_3(source, a, b, c) TYPED(source)->a->b->c
#define READ_4(source, a, b, c, d) TYPED(source)->a->b->c->d
#define READ_OF(_1, _2, _3, _4, name, ...) name
#define READ(source, ...) READ_OF(__VA_ARGS__, READ_4, READ_3, READ_2, READ_1)(source, __VA_ARGS__)
#else
#define READ(source, ...)                    \
    ({                                       \
        __typeof__(source) from_ = (source); \
        BPF_CORE_READ(from_, ##__VA_ARGS__); \
    })
#endif

// The address alone, which functions that are verified once take.
static __always_inline __u64 address_of(const void* pointer) {
    __u64 address = 0;
    bpf_probe_read_kernel(&address, sizeof(address), &pointer);
    return address;
}

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, MV_RING_BYTES);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MV_PLAN_MAX);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct mv_plan_key);
    __type(value, struct mv_plan_entry);
} plan SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MV_DEVICES_MAX);
    __type(key, __u32);
    __type(value, __u32);
} devices SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MV_SUMS_MAX);
    __type(key, struct mv_sum_key);
    __type(value, struct mv_sum);
} sums SEC(".maps");

// Processes that carry mail: tgid to the start of its life.
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, MV_TAINTED_MAX);
    __type(key, __u32);
    __type(value, __u64);
} tainted SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, MV_DERIVED_MAX);
    __type(key, struct mv_plan_key);
    __type(value, __u32);
} derived SEC(".maps");

struct verdict_slot {
    __u64 inode;
    __u32 device;
    __u32 generation;
    __u32 epoch;
    __u32 watch;
    __u32 id;
    __u32 alias;  // which cached name led to the verdict
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, MV_CACHE_SLOTS);
    __type(key, __u32);
    __type(value, struct verdict_slot);
} verdicts SEC(".maps");

// A bit for each inode that is in the plan or derived itself, and for some that are not: most files
// are told apart by it without a search.
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, MV_FILTER_BITS / 64);
    __type(key, __u32);
    __type(value, __u64);
} filter SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mv_counts);
} counts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, __u32);
    __type(value, struct mv_config);
} config SEC(".maps");

// Where a path is climbed: in a map and not on the stack, because the verifier then takes every
// value for unknown, finds all turns of the loop alike and is done after one.
struct climb {
    struct dentry* dentry;
    struct mount* mount;
    struct dentry* mount_root;
    __u32 at;
    __u32 start;
};

// Where a record is put together: larger than a stack. One for programs that run to their end on
// their processor, one for the iterator, which may be interrupted by them.
enum scratch_use { scratch_of_events, scratch_of_iterator, scratch_count };

struct scratch {
    union {
        struct mv_head head;
        struct mv_exec exec;
        struct mv_file file;
        struct mv_denied denied;
    };

    char text[MV_TEXT_BYTES];
    struct climb climb;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, scratch_count);
    __type(key, __u32);
    __type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct mv_config* settings_of(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&config, &zero);
}

static __always_inline bool may_be_planned(__u64 inode) {
    __u32 bit = mv_filter_bit(inode);
    __u32 word = bit / 64;
    __u64* bits = bpf_map_lookup_elem(&filter, &word);
    return bits == NULL || (*bits >> (bit % 64) & 1);
}

static __always_inline void mark_planned(__u64 inode) {
    __u32 bit = mv_filter_bit(inode);
    __u32 word = bit / 64;
    __u64* bits = bpf_map_lookup_elem(&filter, &word);
    if (bits != NULL) {
        __sync_fetch_and_or(bits, 1ULL << (bit % 64));
    }
}

static __always_inline struct mv_counts* counters(void) {
    __u32 zero = 0;
    return bpf_map_lookup_elem(&counts, &zero);
}

static __always_inline struct scratch* scratch_space(__u32 use) {
    return bpf_map_lookup_elem(&scratches, &use);
}

// A wake-up costs ten times what the record does.
static __always_inline __u64 ring_flags(void) {
    return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > MV_RING_BYTES / 4 ? BPF_RB_FORCE_WAKEUP
                                                                           : BPF_RB_NO_WAKEUP;
}

// Sends the record that starts with `head` and is `size` bytes long; false: it was lost and
// counted.
static __always_inline bool send(struct mv_head* head, __u32 kind, __u32 size) {
    struct mv_counts* row = counters();
    head->size = size;
    head->kind = kind;
    bool sent = bpf_ringbuf_output(&ring, head, size, ring_flags()) == 0;
    if (row != NULL && kind < mv_kind_count) {
        if (sent) {
            row->records[kind]++;
        } else {
            row->dropped[kind]++;
        }
    }
    return sent;
}

_Static_assert(offsetof(struct scratch, text) == MV_TEXT_OFFSET, "texts begin where wire.h says");
