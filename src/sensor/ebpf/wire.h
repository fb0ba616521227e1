// What the kernel side (watch.bpf.c) and this side of the wall say to each other: the records of
// the ring, the keys and values of the maps. C, because both sides read it; every struct is free of
// holes and its layout is held by assertions at the end.
#pragma once

// NOLINTBEGIN(readability-identifier-naming, cppcoreguidelines-pro-type-member-init): it is C.

#ifdef __bpf__
#include <linux/types.h>
#define MV_ASSERT_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)
#else
#include <linux/types.h>
#define MV_ASSERT_SIZE(type, size) static_assert(sizeof(struct type) == (size), #type)
#endif

// Limits of the kernel side, each with its reason.
#define MV_DEPTH_MAX 40      // directories between a file and the root of its file system
#define MV_ALIASES_MAX 4     // cached names of one inode that are tried
#define MV_ANCESTORS_MAX 16  // parents recorded at exec
#define MV_COMM_BYTES 16     // TASK_COMM_LEN
#define MV_TTY_BYTES 16
#define MV_ARGUMENT_BYTES 4096  // of a command line
#define MV_NAME_BYTES 256       // NAME_MAX and its end
#define MV_PATH_BYTES 4096      // names of one path
#define MV_TEXT_BYTES 16384     // all texts of one record; a power of two
#define MV_RING_BYTES (8 * 1024 * 1024)
#define MV_PLAN_MAX 262144  // watched directories and files
#define MV_DEVICES_MAX 1024
#define MV_SUMS_MAX 65536     // sums of accesses that are open at one time
#define MV_TAINTED_MAX 16384  // processes that carry mail
#define MV_DERIVED_MAX 16384  // files that those wrote
#define MV_CARRIED_MAX 16     // descriptors that are looked at when a process takes up mail
#define MV_CACHE_SLOTS 4096   // verdicts remembered by each processor
#define MV_FILTER_BITS 65536  // of inodes that may be in the plan themselves; a power of two

// Kinds of records.
enum mv_kind {
    mv_kind_exec = 1,
    mv_kind_fork,
    mv_kind_exit,
    mv_kind_file,
    mv_kind_connect,
    mv_kind_mount,
    mv_kind_denied,
    mv_kind_count
};

// What is watched below a plan entry, and how.
enum mv_watch {
    mv_watch_read = 1,
    mv_watch_write = 2,
    mv_watch_list = 4,   // a directory is opened
    mv_watch_names = 8,  // create, rename, link, unlink
    mv_watch_attribute = 16,
    mv_watch_taint = 32,         // who reads here carries mail
    mv_watch_by_directory = 64,  // accesses are summed by directory
    mv_watch_by_file = 128,      // by file; neither: by directory in cur, new and tmp of a Maildir
    mv_watch_ignore = 256,       // an exception below a watched directory
    mv_watch_boundary = 512,     // a program that does not carry mail on
    mv_watch_derived = 1024,     // a file that a carrier of mail wrote
    mv_watch_block = 2048,       // the device that a watched file system lies on
};

// Ways of touching a file: one sum each.
enum mv_class {
    mv_class_open = 0,  // opened for reading
    mv_class_update,    // opened for reading and writing
    mv_class_write,     // opened for writing
    mv_class_create,
    mv_class_list,
    mv_class_read,   // read or mapped by somebody who did not open it
    mv_class_block,  // the block device below the file system
    mv_class_count
};

// Which hook saw it.
enum mv_hook {
    mv_hook_open = 0,
    mv_hook_openat,
    mv_hook_openat2,
    mv_hook_creat,
    mv_hook_open_by_handle_at,
    mv_hook_pidfd_getfd,
    mv_hook_read,  // page cache
    mv_hook_map,   // page cache, mapped
    mv_hook_fault,
    mv_hook_direct,    // past the page cache
    mv_hook_snapshot,  // was open when the sensor started
    mv_hook_carried,   // was open for writing when its process took up mail
    mv_hook_count
};

// What is watched of a device.
enum mv_device {
    mv_device_trees = 1,  // directories
    mv_device_files = 2,  // single files only
};

// Where an inode has its bit in the filter.
static inline __u64 mv_filter_bit(__u64 inode) {
    return ((inode * 0x9e3779b97f4a7c15ULL) >> 32) & (MV_FILTER_BITS - 1);
}

enum mv_note {
    mv_note_args_cut = 1,
    mv_note_exe_deleted = 2,
    mv_note_exe_memory = 4,     // memfd or another file without a name
    mv_note_disconnected = 8,   // opened by handle: the names do not lead to the root
    mv_note_absolute = 16,      // the names lead to the root of the mount tree, not to a plan entry
    mv_note_by_directory = 32,  // summed by directory
    mv_note_unsummed = 64,      // the table of sums is full: this one stands alone
    mv_note_tainted = 128,
    mv_note_names_cut = 256,
};

struct mv_who {
    __u64 start;  // CLOCK_BOOTTIME of the thread group's leader: with tgid, one process life
    __u64 parent_start;
    __u64 exe_inode;
    __u64 cgroup;
    __u32 exe_device;
    __u32 tgid;
    __u32 tid;
    __u32 parent;
    __u32 user;
    __u32 effective_user;
    __u32 group;
    __u32 login_user;
    __u32 session;
    __u32 exec_number;  // execs of this life so far
    char comm[MV_COMM_BYTES];
};

struct mv_head {
    __u32 size;  // of the whole record
    __u16 kind;
    __u16 notes;
    __u64 time;  // CLOCK_BOOTTIME
    struct mv_who who;
};

struct mv_ancestor {
    __u64 start;
    __u32 tgid;
    __u32 reserved;
};

// Texts follow: exe and cwd as names (leaf first, each ended by a NUL), the file as named in the
// call, the arguments (NUL-separated), the
// file that standard output is.
struct mv_exec {
    struct mv_head head;
    __u64 standard_inode[3];
    __u32 standard_device[3];
    __u32 standard_mode[3];
    __u32 mount_namespace;
    __u32 pid_namespace;
    __u32 exe_mode;
    __u32 exe_owner;
    char tty[MV_TTY_BYTES];
    struct mv_ancestor ancestors[MV_ANCESTORS_MAX];
    __u16 ancestor_count;
    __u16 exe_bytes;
    __u16 cwd_bytes;
    __u16 file_bytes;
    __u32 argument_bytes;
    __u32 output_bytes;  // names of standard output where that is a file
};

// who is the child.
struct mv_fork {
    struct mv_head head;
};

struct mv_exit {
    struct mv_head head;
    __s32 code;
    __u32 reserved;
};

// Names follow: leaf first, up to the plan entry (or the root, mv_note_absolute), without it.
struct mv_file {
    struct mv_head head;
    __u64 inode;
    __u64 directory_inode;
    __u64 size;
    __u64 writer_inode;  // of mv_class_block: unused
    __u32 device;
    __u32 plan;  // id of the plan entry; 0: none
    __u32 file_class;
    __u32 hook;
    __u32 flags;  // of open(2)
    __u32 mode;
    __u32 owner;
    __u32 links;
    __u32 watch;
    __u32 count;
    __u32 names_bytes;
    __u32 reserved;
};

struct mv_connect {
    struct mv_head head;
    __u32 family;  // 4 or 6
    __u32 protocol;
    __u32 port;
    __u32 reserved;
    __u8 address[16];
};

struct mv_mount {
    struct mv_head head;
    __u32 call;  // 0 mount, 1 move_mount, 2 umount
    __u32 reserved;
};

// A refused open: the file as named in the call and the directory it is relative to (names).
struct mv_denied {
    struct mv_head head;
    __s32 error;
    __u32 hook;
    __u32 flags;
    __u16 base_bytes;
    __u16 file_bytes;
};

// The watch plan: (device, inode) as the kernel has them.
struct mv_plan_key {
    __u64 inode;
    __u32 device;
    __u32 reserved;
};

struct mv_plan_entry {
    __u32 watch;
    __u32 id;
};

// One sum: one program in one life of a process, one directory or file, one way of touching it.
struct mv_sum_key {
    __u64 start;
    __u64 directory_inode;
    __u64 inode;  // 0: summed by directory
    __u32 device;
    __u32 tgid;
    __u32 file_class;
    __u32 exec_number;
};

struct mv_sum {
    __u64 count;
    __u64 reads;  // pages asked for by the process that opened it
    __u64 first;
    __u64 last;
    __u32 told;  // whether a record of it reached the ring
    __u32 reserved;
};

struct mv_config {
    __u32 self;     // tgid whose own accesses are not reported
    __u32 epoch;    // verdicts of another epoch are forgotten
    __u32 files;    // 1: the plan has entries that are not directories
    __u32 derived;  // 1: there are derived files
    __u32 blocks;   // 1: block devices are watched
    __u32 taint;
    __u32 connects;
    __u32 reserved;
};

// Counters, one row for each processor.
struct mv_counts {
    __u64 records[mv_kind_count];
    __u64 dropped[mv_kind_count];
    __u64 sums_full;
    __u64 accesses;  // summed up
    __u64 cache_misses;
    __u64 reserved;
};

// Where the texts of every record that has some begin.
#define MV_TEXT_OFFSET sizeof(struct mv_exec)

MV_ASSERT_SIZE(mv_who, 88);
MV_ASSERT_SIZE(mv_head, 104);
MV_ASSERT_SIZE(mv_ancestor, 16);
MV_ASSERT_SIZE(mv_exec, 104 + 24 + 12 + 12 + 16 + 16 + 256 + 16);
MV_ASSERT_SIZE(mv_fork, 104);
MV_ASSERT_SIZE(mv_exit, 112);
MV_ASSERT_SIZE(mv_file, 104 + 32 + 48);
MV_ASSERT_SIZE(mv_connect, 136);
MV_ASSERT_SIZE(mv_mount, 112);
MV_ASSERT_SIZE(mv_denied, 120);
MV_ASSERT_SIZE(mv_plan_key, 16);
MV_ASSERT_SIZE(mv_plan_entry, 8);
MV_ASSERT_SIZE(mv_sum_key, 40);
MV_ASSERT_SIZE(mv_sum, 40);
MV_ASSERT_SIZE(mv_config, 32);
MV_ASSERT_SIZE(mv_counts, 160);

// NOLINTEND(readability-identifier-naming, cppcoreguidelines-pro-type-member-init)
