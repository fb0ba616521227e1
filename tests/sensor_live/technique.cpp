#include "technique.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace mailvigil::sensor {

namespace {

constexpr unsigned kSqPoll = 2;  // IORING_SETUP_SQPOLL

int open_plain(const std::string& path, int flags = O_RDONLY) {
    return ::open(path.c_str(), flags);
}

/// A child that does it, and reads nothing else.
pid_t reader(const std::function<void()>& body) {
    return LiveStage::in_child(body);
}

void send_descriptor(int socket, int fd) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    [[maybe_unused]] const ssize_t sent = ::sendmsg(socket, &message, 0);
}

int receive_descriptor(int socket) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    [[maybe_unused]] const ssize_t received = ::recvmsg(socket, &message, 0);
    int fd = -1;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
        std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    }
    return fd;
}

/// Somebody else opens and passes the descriptor; the reader only uses it.
pid_t passed(const std::string& mbox, int flags, const std::function<void(int)>& use) {
    return reader([&] {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
            return;
        }
        const pid_t opener = ::fork();
        if (opener == 0) {
            send_descriptor(ends[1], open_plain(mbox, flags));
            ::_exit(0);
        }
        const int fd = receive_descriptor(ends[0]);
        ::waitpid(opener, nullptr, 0);
        use(fd);
    });
}

int null_output() {
    return ::open("/dev/null", O_WRONLY);
}

void read_direct(int fd) {
    void* aligned = nullptr;
    if (::posix_memalign(&aligned, 4096, 4096) == 0) {
        [[maybe_unused]] const ssize_t bytes = ::read(fd, aligned, 4096);
        std::free(aligned);
    }
}

void splice_out(int fd) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) == 0) {
        ::splice(fd, nullptr, ends[1], nullptr, 4096, 0);
    }
}

void send_out(int fd) {
    ::sendfile(null_output(), fd, nullptr, 4096);
}

void copy_out(LiveStage& stage, int fd) {
    const int out = ::open((stage.root() + "/copied").c_str(), O_WRONLY | O_CREAT, 0600);
    ::copy_file_range(fd, nullptr, out, nullptr, 4096, 0);
}

pid_t open_32bit([[maybe_unused]] const std::string& mbox) {
#ifdef __x86_64__
    return reader([&] {
        // The 32-bit table takes pointers below 4 GiB only.
        void* low = ::mmap(
            nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        std::memcpy(low, mbox.c_str(), mbox.size() + 1);
        constexpr long kOpen = 5;
        long fd = kOpen;
        // NOLINTNEXTLINE(hicpp-no-assembler)
        __asm__ volatile("int $0x80"
                         : "+a"(fd)
                         : "b"(low), "c"(0L), "d"(0L)
                         : "memory", "r8", "r9", "r10", "r11");
        read_all(static_cast<int>(fd));
    });
#else
    return 0;
#endif
}

struct Handle {
    alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> bytes{};

    file_handle* get() { return reinterpret_cast<file_handle*>(bytes.data()); }
};

pid_t by_handle(LiveStage& stage, const std::string& mbox, bool cold) {
    Handle handle;
    handle.get()->handle_bytes = MAX_HANDLE_SZ;
    int mount = 0;
    if (::name_to_handle_at(AT_FDCWD, mbox.c_str(), handle.get(), &mount, 0) != 0) {
        return 0;
    }
    const int root = ::open(stage.root().c_str(), O_RDONLY | O_DIRECTORY);
    if (cold) {
        ::sync();
        std::ofstream("/proc/sys/vm/drop_caches") << "2\n";
    }
    const pid_t pid = reader([&] { read_all(::open_by_handle_at(root, handle.get(), O_RDONLY)); });
    ::close(root);
    return pid;
}

pid_t taken_with_pidfd(const std::string& mbox) {
    return reader([&] {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) {
            return;
        }
        const pid_t opener = ::fork();
        if (opener == 0) {
            const int fd = open_plain(mbox);
            [[maybe_unused]] const ssize_t bytes = ::write(ends[1], &fd, sizeof(fd));
            ::pause();
            ::_exit(0);
        }
        int theirs = -1;
        [[maybe_unused]] const ssize_t bytes = ::read(ends[0], &theirs, sizeof(theirs));
        const int process = static_cast<int>(::syscall(SYS_pidfd_open, opener, 0));
        const int fd = static_cast<int>(::syscall(SYS_pidfd_getfd, process, theirs, 0));
        ::kill(opener, SIGKILL);
        ::waitpid(opener, nullptr, 0);
        read_all(fd);
    });
}

/// Runs `body` in a child that says by a shared word which process is the reader.
pid_t told_by_child(const std::function<void(pid_t* said)>& body) {
    auto* said = static_cast<pid_t*>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    *said = 0;
    LiveStage::in_child([&] { body(said); });
    const pid_t pid = *said;
    ::munmap(said, 4096);
    return pid;
}

pid_t inherited(const std::string& mbox) {
    return told_by_child([&](pid_t* said) {
        const int fd = open_plain(mbox);
        const pid_t child = ::fork();
        if (child == 0) {
            *said = ::getpid();
            ::dup2(fd, 0);
            ::dup2(null_output(), 1);
            ::execlp("cat", "cat", nullptr);
            ::_exit(127);
        }
        ::waitpid(child, nullptr, 0);
    });
}

pid_t at_once(const std::string& mbox) {
    return told_by_child([&](pid_t* said) {
        const pid_t child = ::fork();
        if (child == 0) {
            *said = ::getpid();
            std::array<char, 16> bytes{};
            const int fd = open_plain(mbox);
            [[maybe_unused]] const ssize_t count = ::read(fd, bytes.data(), bytes.size());
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    });
}

pid_t from_memory(const std::string& mbox) {
    return reader([&] {
        const int program = ::memfd_create("x", 0);
        const int cat = ::open("/bin/cat", O_RDONLY);
        std::array<char, 65536> bytes{};
        for (ssize_t count = ::read(cat, bytes.data(), bytes.size()); count > 0;
             count = ::read(cat, bytes.data(), bytes.size())) {
            [[maybe_unused]] const ssize_t written =
                ::write(program, bytes.data(), static_cast<std::size_t>(count));
        }
        ::dup2(null_output(), 1);
        std::string name = "dovecot";
        std::string path = mbox;
        std::array<char*, 3> args = {name.data(), path.data(), nullptr};
        std::array<char*, 1> nothing = {nullptr};
        ::fexecve(program, args.data(), nothing.data());
        ::_exit(127);
    });
}

pid_t by_overlay(LiveStage& stage, const std::string& mbox) {
    const std::string top = stage.root() + "/over";
    for (const char* part : {"", "/upper", "/work", "/all"}) {
        std::filesystem::create_directories(top + part);
    }
    const std::string options =
        fmt::format("lowerdir={},upperdir={}/upper,workdir={}/work", stage.mail(), top, top);
    if (::mount("overlay", (top + "/all").c_str(), "overlay", 0, options.c_str()) != 0) {
        return 0;
    }
    const std::string name = std::filesystem::path(mbox).filename().string();
    const pid_t pid = reader([&] { read_all(open_plain(top + "/all/" + name)); });
    ::umount2((top + "/all").c_str(), MNT_DETACH);
    return pid;
}

pid_t by_bind(LiveStage& stage, const std::string& mbox) {
    const std::string other = stage.root() + "/elsewhere";
    std::filesystem::create_directories(other);
    if (::mount(stage.mail().c_str(), other.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        return 0;
    }
    const std::string name = std::filesystem::path(mbox).filename().string();
    const pid_t pid = reader([&] { read_all(open_plain(other + "/" + name)); });
    ::umount2(other.c_str(), MNT_DETACH);
    return pid;
}

pid_t by_copied_image(LiveStage& stage, const std::string& mbox) {
    const std::string copy = stage.image() + ".copy";
    const std::string place = stage.image() + ".place";
    std::filesystem::create_directories(place);
    ::sync();
    if (LiveStage::shell(fmt::format(
            "cp {} {} && mount -o loop,ro,noload {} {}", stage.image(), copy, copy, place)) != 0) {
        return 0;
    }
    const std::string name = std::filesystem::path(mbox).filename().string();
    const pid_t pid = reader([&] { read_all(open_plain(place + "/mail/" + name)); });
    LiveStage::shell("umount " + place);
    std::filesystem::remove(copy);
    return pid;
}

std::vector<Technique> make_techniques() {
    using Stage = LiveStage;
    return {
        {"open",
         [](Stage&, const auto& mbox) {
             return reader(
                 [&] { read_all(static_cast<int>(::syscall(SYS_open, mbox.c_str(), 0))); });
         },
         ""},
        {"openat",
         [](Stage&, const auto& mbox) {
             return reader([&] { read_all(::openat(AT_FDCWD, mbox.c_str(), O_RDONLY)); });
         },
         ""},
        {"openat2",
         [](Stage&, const auto& mbox) {
             return reader([&] {
                 const open_how how{};
                 read_all(static_cast<int>(
                     ::syscall(SYS_openat2, AT_FDCWD, mbox.c_str(), &how, sizeof(how))));
             });
         },
         ""},
        {"int 0x80 open", [](Stage&, const auto& mbox) { return open_32bit(mbox); }, ""},
        {"io_uring openat and read",
         [](Stage&, const auto& mbox) { return reader([&] { uring_read(mbox.c_str(), 0); }); },
         ""},
        {"io_uring with SQPOLL",
         [](Stage&, const auto& mbox) {
             return reader([&] { uring_read(mbox.c_str(), kSqPoll); });
         },
         ""},
        {"open_by_handle_at, warm",
         [](Stage& stage, const auto& mbox) { return by_handle(stage, mbox, false); },
         ""},
        {"open_by_handle_at, cold",
         [](Stage& stage, const auto& mbox) { return by_handle(stage, mbox, true); },
         ""},
        {"hard link, older than the watch",
         [](Stage& stage, const auto&) {
             return reader([&] { read_all(open_plain(stage.root() + "/old_link")); });
         },
         ""},
        {"hard link, made now",
         [](Stage& stage, const auto& mbox) {
             return reader([&] {
                 const std::string link = stage.root() + "/new_link";
                 [[maybe_unused]] const int made = ::link(mbox.c_str(), link.c_str());
                 read_all(open_plain(link));
                 ::unlink(link.c_str());
             });
         },
         ""},
        {"symbolic link",
         [](Stage& stage, const auto& mbox) {
             const std::string link = stage.root() + "/symbolic";
             [[maybe_unused]] const int made = ::symlink(mbox.c_str(), link.c_str());
             return reader([&] { read_all(open_plain(link)); });
         },
         ""},
        {"/proc/PID/root",
         [](Stage&, const auto& mbox) {
             return reader([&] { read_all(open_plain("/proc/self/root" + mbox)); });
         },
         ""},
        {"O_PATH, then /proc/self/fd",
         [](Stage&, const auto& mbox) {
             return reader([&] {
                 const int place = open_plain(mbox, O_PATH);
                 read_all(open_plain(fmt::format("/proc/self/fd/{}", place)));
             });
         },
         ""},
        {"bind mount", by_bind, ""},
        {"chroot",
         [](Stage& stage, const auto& mbox) {
             return reader([&] {
                 const std::string inside = mbox.substr(stage.root().size());
                 if (::chroot(stage.root().c_str()) == 0) {
                     read_all(open_plain(inside));
                 }
             });
         },
         ""},
        {"passed descriptor, read",
         [](Stage&, const auto& mbox) { return passed(mbox, O_RDONLY, read_all); },
         ""},
        {"passed descriptor, mmap",
         [](Stage&, const auto& mbox) { return passed(mbox, O_RDONLY, read_mapped); },
         ""},
        {"passed descriptor, sendfile",
         [](Stage&, const auto& mbox) { return passed(mbox, O_RDONLY, send_out); },
         ""},
        {"passed descriptor, splice",
         [](Stage&, const auto& mbox) { return passed(mbox, O_RDONLY, splice_out); },
         ""},
        {"passed descriptor, copy_file_range",
         [](Stage& stage, const auto& mbox) {
             return passed(mbox, O_RDONLY, [&](int fd) { copy_out(stage, fd); });
         },
         ""},
        {"passed descriptor, O_DIRECT",
         [](Stage&, const auto& mbox) { return passed(mbox, O_RDONLY | O_DIRECT, read_direct); },
         ""},
        {"pidfd_getfd", [](Stage&, const auto& mbox) { return taken_with_pidfd(mbox); }, ""},
        {"O_DIRECT",
         [](Stage&, const auto& mbox) {
             return reader([&] { read_direct(open_plain(mbox, O_RDONLY | O_DIRECT)); });
         },
         ""},
        {"mmap",
         [](Stage&, const auto& mbox) { return reader([&] { read_mapped(open_plain(mbox)); }); },
         ""},
        {"inherited over fork and exec",
         [](Stage&, const auto& mbox) { return inherited(mbox); },
         ""},
        {"moved out, then read",
         [](Stage& stage, const auto& mbox) {
             const std::string out = stage.root() + "/moved_out";
             LiveStage::in_child(
                 [&] { [[maybe_unused]] int r = ::rename(mbox.c_str(), out.c_str()); });
             stage.settle();
             const pid_t pid = reader([&] { read_all(open_plain(out)); });
             LiveStage::in_child(
                 [&] { [[maybe_unused]] int r = ::rename(out.c_str(), mbox.c_str()); });
             return pid;
         },
         ""},
        {"directory moved out, then read",
         [](Stage& stage, const auto& mbox) {
             const std::string out = stage.root() + "/mail_moved";
             const std::string name = std::filesystem::path(mbox).filename().string();
             LiveStage::in_child(
                 [&] { [[maybe_unused]] int r = ::rename(stage.mail().c_str(), out.c_str()); });
             const pid_t pid = reader([&] { read_all(open_plain(out + "/" + name)); });
             LiveStage::in_child(
                 [&] { [[maybe_unused]] int r = ::rename(out.c_str(), stage.mail().c_str()); });
             return pid;
         },
         ""},
        {"lower layer of an overlay", by_overlay, ""},
        {"program in a memfd", [](Stage&, const auto& mbox) { return from_memory(mbox); }, ""},
        {"false name",
         [](Stage&, const auto& mbox) {
             return reader([&] {
                 ::prctl(PR_SET_NAME, "dovecot");
                 read_all(open_plain(mbox));
             });
         },
         ""},
        {"fork, read, exit at once", [](Stage&, const auto& mbox) { return at_once(mbox); }, ""},
        {"raw block device",
         [](Stage& stage, const auto&) {
             return reader([&] {
                 std::array<char, 4096> bytes{};
                 [[maybe_unused]] const ssize_t count =
                     ::read(open_plain(stage.device()), bytes.data(), bytes.size());
             });
         },
         ""},
        {"image file of the file system",
         [](Stage& stage, const auto&) {
             return reader([&] {
                 std::array<char, 4096> bytes{};
                 [[maybe_unused]] const ssize_t count =
                     ::read(open_plain(stage.image()), bytes.data(), bytes.size());
             });
         },
         ""},
        {"copy of the image, mounted",
         by_copied_image,
         "it is another file system; the copying and the mount are told"},
    };
}

}  // namespace

void read_all(int fd) {
    std::array<char, 4096> bytes{};
    while (::read(fd, bytes.data(), bytes.size()) > 0) {
    }
}

void read_mapped(int fd) {
    const void* at = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at != MAP_FAILED) {
        [[maybe_unused]] const volatile char first = *static_cast<const volatile char*>(at);
    }
}

const std::vector<Technique>& techniques() {
    static const std::vector<Technique> kAll = make_techniques();
    return kAll;
}

}  // namespace mailvigil::sensor
