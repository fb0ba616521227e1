// The kernel's types, as far as watch.bpf.c reads them: only the members that it uses. Where they
// really lie is put in when the object is loaded (CO-RE), from the running kernel's own
// description.
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    __u32 val;
} kuid_t;

typedef struct {
    __u32 val;
} kgid_t;

typedef struct {
    int counter;
} atomic_t;

struct hlist_node {
    struct hlist_node *next, **pprev;
};

struct hlist_head {
    struct hlist_node* first;
};

struct hlist_bl_node {
    struct hlist_bl_node *next, **pprev;
};

struct qstr {
    union {
        struct {
            __u32 hash;
            __u32 len;
        };

        __u64 hash_len;
    };

    const unsigned char* name;
};

struct super_block {
    __u32 s_dev;
    struct dentry* s_root;
};

struct inode {
    __u16 i_mode;
    kuid_t i_uid;
    struct super_block* i_sb;
    unsigned long i_ino;
    unsigned int i_nlink;
    __u32 i_rdev;
    __s64 i_size;
    __u32 i_generation;
    struct hlist_head i_dentry;
};

struct dentry {
    struct hlist_bl_node d_hash;
    struct dentry* d_parent;
    struct qstr d_name;
    struct inode* d_inode;
    struct super_block* d_sb;

    union {
        struct hlist_node d_alias;
    } d_u;
};

struct vfsmount {
    struct dentry* mnt_root;
};

struct mount {
    struct mount* mnt_parent;
    struct dentry* mnt_mountpoint;
    struct vfsmount mnt;
};

struct path {
    struct vfsmount* mnt;
    struct dentry* dentry;
};

struct file {
    unsigned int f_mode;
    unsigned int f_flags;
    struct inode* f_inode;
    struct path f_path;
};

struct fdtable {
    unsigned int max_fds;
    struct file** fd;
};

struct files_struct {
    struct fdtable* fdt;
};

struct fs_struct {
    struct path pwd;
};

struct address_space {
    struct inode* host;
};

struct kiocb {
    struct file* ki_filp;
};

struct iov_iter {
    __u8 data_source;  // 0: a read
};

struct mm_struct {
    unsigned long arg_start, arg_end;
    struct file* exe_file;
};

struct tty_struct {
    char name[64];
};

struct signal_struct {
    atomic_t live;
    struct tty_struct* tty;
};

struct cred {
    kuid_t uid;
    kgid_t gid;
    kuid_t euid;
};

struct ns_common {
    unsigned int inum;
};

struct mnt_namespace {
    struct ns_common ns;
};

struct nsproxy {
    struct mnt_namespace* mnt_ns;
};

struct pid_namespace {
    struct ns_common ns;
};

struct upid {
    int nr;
    struct pid_namespace* ns;
};

struct pid {
    unsigned int level;
    struct upid numbers[1];
};

struct kernfs_node {
    __u64 id;
};

struct cgroup {
    struct kernfs_node* kn;
};

struct css_set {
    struct cgroup* dfl_cgrp;
};

struct task_struct {
    unsigned int flags;
    int pid;
    int tgid;
    int exit_code;
    __u64 start_boottime;
    __u64 self_exec_id;
    struct task_struct* real_parent;
    struct task_struct* group_leader;
    struct mm_struct* mm;
    struct files_struct* files;
    struct fs_struct* fs;
    struct signal_struct* signal;
    const struct cred* cred;
    struct nsproxy* nsproxy;
    struct pid* thread_pid;
    struct css_set* cgroups;
    kuid_t loginuid;
    unsigned int sessionid;
    char comm[16];
};

struct linux_binprm {
    struct file* file;
    const char* filename;
};

struct in6_addr {
    union {
        __u8 u6_addr8[16];
    } in6_u;
};

struct sock_common {
    __u16 skc_family;
    __u16 skc_dport;
    __u32 skc_daddr;
    struct in6_addr skc_v6_daddr;
};

struct sock {
    struct sock_common __sk_common;
    __u16 sk_protocol;
};

struct seq_file;

struct bpf_iter_meta {
    struct seq_file* seq;
    __u64 session_id;
    __u64 seq_num;
};

struct bpf_iter__task_file {
    struct bpf_iter_meta* meta;
    struct task_struct* task;
    __u32 fd;
    struct file* file;
};

// Registers that hold the first four arguments of a system call; x86-64.
struct pt_regs {
    unsigned long di, si, dx, r10;
};

#pragma clang attribute pop

// What a syscall tracepoint hands over (events/syscalls/*/format); not a type of the kernel's.
struct sys_exit_context {
    __u64 header;
    __u64 number;  // only the low half is written
    __s64 result;
};

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFREG 0100000
#define S_IFIFO 0010000
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
#define O_ACCMODE 3
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_TRUNC 01000
#define PF_KTHREAD 0x00200000
#define AT_FDCWD (-100)
#define EPERM 1
#define EACCES 13
#define TCP_SYN_SENT 2
#define AF_INET 2
#define AF_INET6 10
