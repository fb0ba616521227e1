#include "app/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/fd.h"

namespace mailvigil::app {

namespace {

std::unexpected<Error> refused(std::string_view what) {
    return fail(ErrorCode::unsupported, fmt::format("{}: {}", what, std::strerror(errno)));
}

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t kWrite = kWriteFile | LANDLOCK_ACCESS_FS_MAKE_REG |
                                 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                 LANDLOCK_ACCESS_FS_REMOVE_DIR;
/// All of Landlock's first version; later rights that the kernel knows of are not asked for.
constexpr std::uint64_t kHandled = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;

Result<void> allow(const Fd& ruleset, const std::string& path, std::uint64_t rights) {
    const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!file) {
        return {};
    }
    struct stat status{};
    if (::fstat(file.number(), &status) != 0) {
        return refused(path);
    }
    landlock_path_beneath_attr rule{};
    rule.parent_fd = file.number();
    rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & (kReadFile | kWriteFile);
    if (::syscall(SYS_landlock_add_rule, ruleset.number(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) !=
        0) {
        return refused(fmt::format("landlock, {}", path));
    }
    return {};
}

}  // namespace

Result<void> become_user(const std::string& name) {
    errno = 0;
    const passwd* user = ::getpwnam(name.c_str());
    if (user == nullptr) {
        return errno == 0 ? fail(ErrorCode::unknown, fmt::format("there is no user \"{}\"", name))
                          : refused(fmt::format("cannot look up the user \"{}\"", name));
    }
    const uid_t uid = user->pw_uid;
    const gid_t gid = user->pw_gid;
    if (::initgroups(name.c_str(), gid) != 0 || ::setresgid(gid, gid, gid) != 0 ||
        ::setresuid(uid, uid, uid) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return refused(fmt::format("cannot become the user \"{}\"", name));
    }
    if (uid != 0 && ::setuid(0) == 0) {
        return fail(ErrorCode::unsupported, "the rights of root could be taken back");
    }
    return {};
}

Result<void> confine_files(const FileRights& rights) {
    landlock_ruleset_attr handled{};
    handled.handled_access_fs = kHandled;
    const Fd ruleset(static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled.handled_access_fs), 0)));
    if (!ruleset) {
        return refused("landlock");
    }
    for (const std::string& path : rights.readable) {
        TRY(allow(ruleset, path, kRead));
    }
    for (const std::string& path : rights.writable) {
        TRY(allow(ruleset, path, kRead | kWrite));
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0) {
        return refused("landlock");
    }
    return {};
}

Result<void> confine_calls() {
    const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                   &seccomp_release);
    if (filter == nullptr) {
        return fail(ErrorCode::unsupported, "seccomp: no filter could be made");
    }
    constexpr const char* kRefused[] = {
        "execve",
        "execveat",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
        "kcmp",
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "io_uring_setup",
        "mount",
        "umount2",
        "move_mount",
        "open_tree",
        "fsopen",
        "fsmount",
        "pivot_root",
        "chroot",
        "unshare",
        "setns",
        "init_module",
        "finit_module",
        "delete_module",
        "kexec_load",
        "kexec_file_load",
        "reboot",
        "swapon",
        "swapoff",
        "keyctl",
        "add_key",
        "request_key",
        "open_by_handle_at",
        "mknod",
        "mknodat",
        "settimeofday",
        "clock_settime",
        "clock_adjtime",
        "adjtimex",
        "sethostname",
        "acct",
        "quotactl",
        "syslog",
        "personality",
    };
    for (const char* name : kRefused) {
        const int call = seccomp_syscall_resolve_name(name);
        if (call != __NR_SCMP_ERROR &&
            seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0) != 0) {
            return fail(ErrorCode::unsupported, fmt::format("seccomp: no rule for {}", name));
        }
    }
    // The journal and the service manager listen on unix sockets; nothing else is spoken to.
    if (seccomp_rule_add(filter.get(),
                         SCMP_ACT_ERRNO(EPERM),
                         SCMP_SYS(socket),
                         1,
                         SCMP_A0(SCMP_CMP_NE, AF_UNIX)) != 0) {
        return fail(ErrorCode::unsupported, "seccomp: no rule for socket");
    }
    if (const int error = seccomp_load(filter.get()); error != 0) {
        return fail(ErrorCode::unsupported, fmt::format("seccomp: {}", std::strerror(-error)));
    }
    return {};
}

}  // namespace mailvigil::app
