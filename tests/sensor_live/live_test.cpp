// The real sensors on this very kernel. Needs root and eBPF; where that is missing the tests are
// skipped and say why.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "live_stage.h"
#include "sensor/ebpf/object.h"
#include "technique.h"

namespace mailvigil::sensor {
namespace {

class LiveTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (const std::string why = LiveStage::obstacle(); !why.empty()) {
            GTEST_SKIP() << "NOT TESTED, the sensors need root and eBPF: " << why;
        }
    }
};

bool is_read(const Seen& seen) {
    return seen.event_class == EventClass::file_open || seen.event_class == EventClass::file_read;
}

std::string described(const std::vector<Seen>& all) {
    std::string text;
    for (const Seen& seen : all) {
        text += fmt::format("{} {} pid {} exe {} path {} count {} args {} {}\n",
                            to_text(seen.event_class),
                            seen.action,
                            seen.pid,
                            seen.executable,
                            seen.path,
                            seen.count,
                            fmt::join(seen.args, " "),
                            seen.message);
    }
    return text;
}

/// A child that shares its parent's memory until it is gone.
void vfork_and_read(const char* path, pid_t* said) {
    const pid_t child = ::vfork();  // NOLINT: it is the point
    if (child == 0) {
        std::array<char, 16> bytes{};
        const int fd = ::open(path, O_RDONLY);
        [[maybe_unused]] const ssize_t count = ::read(fd, bytes.data(), bytes.size());
        ::_exit(0);
    }
    *said = child;
    ::waitpid(child, nullptr, 0);
}

TEST_F(LiveTest, a_reader_is_named_with_what_it_ran) {
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    LiveStage::write_file(mbox, "From a@example.org\n\nhello\n");
    stage.watch();
    ASSERT_EQ(LiveStage::shell("cat " + mbox + " > /dev/null"), 0);
    const auto seen = stage.collect([&](const std::vector<Seen>& all) {
        return std::ranges::any_of(all, [](const Seen& one) {
            return one.event_class == EventClass::process_exit && one.name == "cat";
        });
    });
    const auto open = std::ranges::find_if(
        seen, [&](const Seen& one) { return is_read(one) && one.path == mbox; });
    ASSERT_NE(open, seen.end()) << described(seen);
    EXPECT_EQ(open->executable, "/usr/bin/cat");
    EXPECT_EQ(open->action, "openat");
    const auto exec = std::ranges::find_if(seen, [&](const Seen& one) {
        return one.event_class == EventClass::process_start && one.pid == open->pid &&
               !one.args.empty() && one.args[0] == "cat";
    });
    ASSERT_NE(exec, seen.end()) << described(seen);
    EXPECT_EQ(exec->args, (std::vector<std::string>{"cat", mbox}));
    EXPECT_EQ(exec->entity, open->entity);
    EXPECT_EQ(exec->path, "/usr/bin/cat");
    ASSERT_FALSE(exec->ancestry.empty());
    EXPECT_EQ(exec->ancestry[0], "/usr/bin/dash");
}

// Every row of the evasion matrix: who really read, by whatever way.
TEST_F(LiveTest, every_way_of_reading_is_seen_and_attributed) {
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    LiveStage::write_file(mbox, std::string(27 * 1024, 'x'));
    ASSERT_EQ(::link(mbox.c_str(), (stage.root() + "/old_link").c_str()), 0);
    struct stat facts{};
    ASSERT_EQ(::stat(mbox.c_str(), &facts), 0);
    stage.watch();
    std::string table = fmt::format("{:36} {:10} {}\n", "technique", "result", "how");
    for (const Technique& technique : techniques()) {
        stage.settle(std::chrono::milliseconds(60));
        const pid_t reader = technique.play(stage, mbox);
        if (reader == 0) {
            table += fmt::format("{:36} {:10} cannot be played here\n", technique.name, "-");
            continue;
        }
        const bool raw = technique.name == "raw block device" ||
                         technique.name == "image file of the file system";
        const auto touches = [&](const Seen& one) {
            return is_read(one) && (raw ? one.path == stage.device() || one.path == stage.image()
                                        : one.path == mbox || one.inode == facts.st_ino);
        };
        const auto by_reader = [&](const Seen& one) {
            return touches(one) && one.pid == static_cast<std::uint64_t>(reader);
        };
        const auto seen =
            stage.collect([&](const auto& all) { return std::ranges::any_of(all, by_reader); },
                          std::chrono::milliseconds(500));
        const auto hit = std::ranges::find_if(seen, by_reader);
        const bool other = std::ranges::any_of(seen, touches);
        table +=
            fmt::format("{:36} {:10} {}\n",
                        technique.name,
                        hit != seen.end() ? "seen"
                        : other           ? "other pid"
                                          : "missed",
                        hit != seen.end()
                            ? fmt::format("{} as {} by {}", hit->action, hit->path, hit->executable)
                            : std::string(technique.missed_because));
        EXPECT_EQ(hit != seen.end(), technique.missed_because.empty()) << technique.name << "\n"
                                                                       << described(seen);
    }
    fmt::print("{}", table);
}

TEST_F(LiveTest, five_hundred_readers_that_exit_at_once_keep_their_identity) {
    constexpr std::size_t kReaders = 500;
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    LiveStage::write_file(mbox, "From a@example.org\n");
    stage.watch();
    std::set<std::uint64_t> readers;
    auto* pids = static_cast<pid_t*>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    const pid_t parent = LiveStage::in_child([&] {
        for (std::size_t i = 0; i < kReaders; ++i) {
            vfork_and_read(mbox.c_str(), pids + i);
        }
    });
    for (std::size_t i = 0; i < kReaders; ++i) {
        readers.insert(static_cast<std::uint64_t>(pids[i]));
    }
    ::munmap(pids, 4096);
    std::set<std::uint64_t> complete;
    const auto seen = stage.collect(
        [](const auto& all) {
            return static_cast<std::size_t>(std::ranges::count_if(all, is_read)) >= kReaders;
        },
        std::chrono::milliseconds(10'000));
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    for (const Seen& one : seen) {
        const bool whole = is_read(one) && one.path == mbox && one.executable == self &&
                           one.parent == static_cast<std::uint64_t>(parent) && !one.name.empty() &&
                           !one.entity.empty();
        if (whole && readers.contains(one.pid)) {
            complete.insert(one.pid);
        }
    }
    EXPECT_EQ(readers.size(), kReaders);
    EXPECT_EQ(complete.size(), kReaders);
    fmt::print("{} readers that exit at once: {} with full identity\n", kReaders, complete.size());
}

TEST_F(LiveTest, a_burst_of_reads_is_counted_to_the_last_one) {
    constexpr std::uint64_t kReads = 200'000;
    constexpr std::uint64_t kFiles = 200;
    LiveStage stage;
    const std::string cur = stage.mail() + "/alice/cur/";
    std::filesystem::create_directories(cur);
    for (std::uint64_t i = 0; i < kFiles; ++i) {
        LiveStage::write_file(cur + std::to_string(i), "mail");
    }
    stage.watch();
    const auto began = std::chrono::steady_clock::now();
    const auto pid = static_cast<std::uint64_t>(LiveStage::in_child([&] {
        std::vector<std::string> paths;
        paths.reserve(kFiles);
        for (std::uint64_t i = 0; i < kFiles; ++i) {
            paths.push_back(cur + std::to_string(i));
        }
        for (std::uint64_t i = 0; i < kReads; ++i) {
            std::array<char, 16> bytes{};
            const int fd = ::open(paths[i % kFiles].c_str(), O_RDONLY);
            [[maybe_unused]] const ssize_t count = ::read(fd, bytes.data(), bytes.size());
            ::close(fd);
        }
    }));
    const auto took = std::chrono::steady_clock::now() - began;
    const auto seen = stage.collect(
        [&](const auto& all) {
            return std::ranges::any_of(all, [&](const Seen& one) {
                return one.event_class == EventClass::process_exit && one.pid == pid;
            });
        },
        std::chrono::milliseconds(10'000));
    std::uint64_t counted = 0;
    std::size_t events = 0;
    std::uint64_t lost = 0;
    for (const Seen& one : seen) {
        if (is_read(one) && one.pid == pid && one.path.starts_with(cur)) {
            counted += one.count;
            ++events;
        }
        lost += one.lost;
    }
    EXPECT_EQ(counted, kReads);
    EXPECT_EQ(lost, 0U);
    fmt::print("{} reads in {} ms: {} counted, in {} events, {} lost\n",
               kReads,
               std::chrono::duration_cast<std::chrono::milliseconds>(took).count(),
               counted,
               events,
               lost);
}

TEST_F(LiveTest, what_the_ring_has_no_room_for_is_a_gap_and_still_counted) {
    constexpr std::uint64_t kFiles = 24'000;
    LiveStage stage(160);
    const std::string spool = stage.mail() + "/spool/";
    std::filesystem::create_directories(spool);
    for (std::uint64_t i = 0; i < kFiles; ++i) {
        LiveStage::write_file(spool + std::to_string(i), "x");
    }
    stage.watch();
    // Nobody looks while it happens.
    const auto pid = static_cast<std::uint64_t>(LiveStage::in_child([&] {
        for (std::uint64_t i = 0; i < kFiles; ++i) {
            ::close(::open((spool + std::to_string(i)).c_str(), O_RDONLY));
        }
    }));
    const auto seen = stage.settle(std::chrono::milliseconds(5000));
    std::uint64_t counted = 0;
    std::uint64_t lost = 0;
    for (const Seen& one : seen) {
        counted += is_read(one) && one.pid == pid ? one.count : 0;
        lost += one.event_class == EventClass::gap ? one.lost : 0;
    }
    EXPECT_EQ(counted, kFiles);
    EXPECT_GT(lost, 0U);
    fmt::print("{} files in a ring without room: {} records lost, {} accesses counted\n",
               kFiles,
               lost,
               counted);
}

TEST_F(LiveTest, changes_are_told_with_their_author_who_is_gone) {
    LiveStage stage;
    stage.watch();
    const std::string a = stage.mail() + "/a";
    const std::string b = stage.mail() + "/b";
    const auto did = [&](const std::string& line) {
        stage.settle(std::chrono::milliseconds(50));
        EXPECT_EQ(LiveStage::shell(line), 0) << line;
        return stage.settle(std::chrono::milliseconds(200));
    };
    const auto expect = [&](const std::vector<Seen>& seen,
                            EventClass event_class,
                            const std::string& path,
                            const std::string& target,
                            const std::string& program) {
        const bool found = std::ranges::any_of(seen, [&](const Seen& one) {
            return one.event_class == event_class && one.path == path && one.target == target &&
                   one.executable == program && !one.entity.empty();
        });
        EXPECT_TRUE(found) << to_text(event_class) << " " << path << "\n" << described(seen);
    };
    expect(did("touch " + a), EventClass::file_create, a, "", "/usr/bin/touch");
    expect(did("sh -c 'echo x >> " + a + "'"), EventClass::file_write, a, "", "/usr/bin/dash");
    expect(did("chmod 600 " + a), EventClass::file_attribute, a, "", "/usr/bin/chmod");
    expect(did("mv " + a + " " + b), EventClass::file_rename, a, b, "/usr/bin/mv");
    expect(did("ln " + b + " " + a), EventClass::file_link, b, a, "/usr/bin/ln");
    expect(did("rm " + a), EventClass::file_unlink, a, "", "/usr/bin/rm");
    expect(did("ln " + b + " " + stage.root() + "/out"),
           EventClass::file_link,
           b,
           stage.root() + "/out",
           "/usr/bin/ln");
    expect(did("mkdir " + a), EventClass::file_create, a, "", "/usr/bin/mkdir");
    expect(did("ln -s /etc/passwd " + stage.mail() + "/s"),
           EventClass::file_create,
           stage.mail() + "/s",
           "/etc/passwd",
           "/usr/bin/ln");
}

TEST_F(LiveTest, mail_is_followed_into_the_files_that_its_reader_writes) {
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    const std::string loot = stage.root() + "/loot";
    LiveStage::write_file(mbox, "From a@example.org\n");
    stage.watch();
    const auto told =
        [&](const std::vector<Seen>& seen, EventClass event_class, std::string_view exe) {
            return std::ranges::any_of(seen, [&](const Seen& one) {
                return one.event_class == event_class && one.path == loot && one.executable == exe;
            });
        };
    ASSERT_EQ(LiveStage::shell("cat " + mbox + " > " + loot), 0);
    auto seen = stage.settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(told(seen, EventClass::file_write, "/usr/bin/cat")) << described(seen);
    ASSERT_EQ(LiveStage::shell("head -1 " + loot + " > /dev/null"), 0);
    seen = stage.settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(told(seen, EventClass::file_open, "/usr/bin/head")) << described(seen);
}

TEST_F(LiveTest, mail_is_followed_through_pipes) {
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    const std::string loot = stage.root() + "/loot";
    LiveStage::write_file(mbox, "From a@example.org\n");
    stage.watch();
    ASSERT_EQ(LiveStage::shell("cat " + mbox + " | tr a b | gzip > " + loot), 0);
    const auto seen = stage.settle(std::chrono::milliseconds(200));
    const auto at = [&](EventClass event_class) {
        return std::ranges::find_if(seen, [&](const Seen& one) {
            return one.event_class == event_class && one.executable == "/usr/bin/gzip" &&
                   (event_class != EventClass::file_write || one.path == loot);
        });
    };
    EXPECT_NE(at(EventClass::file_write), seen.end()) << described(seen);
    EXPECT_LT(at(EventClass::file_write), at(EventClass::process_exit)) << described(seen);
}

TEST_F(LiveTest, who_was_refused_is_told) {
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    LiveStage::write_file(mbox, "From a@example.org\n");
    std::filesystem::permissions(mbox, std::filesystem::perms::owner_read);
    std::filesystem::permissions(std::filesystem::path(stage.root()).parent_path(),
                                 std::filesystem::perms::all);
    stage.watch();
    const auto pid = static_cast<std::uint64_t>(LiveStage::in_child([&] {
        constexpr uid_t kNobody = 65534;
        if (::chdir(stage.mail().c_str()) == 0 && ::setuid(kNobody) == 0) {
            ::close(::open("./alice", O_RDONLY));
        }
    }));
    const auto seen = stage.settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(std::ranges::any_of(seen, [&](const Seen& one) {
        return one.pid == pid && one.event_class == EventClass::file_open && one.path == mbox &&
               one.outcome == "failure" && one.user == 65534;
    })) << described(seen);
}

TEST_F(LiveTest, a_plan_is_changed_while_running) {
    LiveStage stage;
    const std::string other = stage.root() + "/other";
    std::filesystem::create_directories(other);
    LiveStage::write_file(other + "/file", "text");
    stage.watch();
    const auto is_told = [&] {
        EXPECT_EQ(LiveStage::shell("cat " + other + "/file > /dev/null"), 0);
        const auto seen = stage.settle(std::chrono::milliseconds(200));
        return std::ranges::any_of(
            seen, [&](const Seen& one) { return is_read(one) && one.path == other + "/file"; });
    };
    EXPECT_FALSE(is_told());
    ASSERT_TRUE(stage.sensors().set_plan(
        {.places = {{.path = stage.mail()}, {.path = other}}, .boundaries = {}}));
    EXPECT_TRUE(is_told());
    ASSERT_TRUE(stage.sensors().set_plan({.places = {{.path = stage.mail()}}, .boundaries = {}}));
    EXPECT_FALSE(is_told());
}

TEST_F(LiveTest, connections_and_mounts_are_told) {
    LiveStage stage;
    stage.watch();
    const auto connect = [](int type, std::uint16_t port) {
        return static_cast<std::uint64_t>(LiveStage::in_child([&] {
            const int fd = ::socket(AF_INET, type, 0);
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(port);
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            [[maybe_unused]] const int result =
                ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
        }));
    };
    const std::uint64_t tcp = connect(SOCK_STREAM, 9);
    const std::uint64_t udp = connect(SOCK_DGRAM, 10);
    auto seen = stage.settle(std::chrono::milliseconds(200));
    const auto is_told = [&](std::uint64_t pid, std::uint64_t port) {
        return std::ranges::any_of(seen, [&](const Seen& one) {
            return one.event_class == EventClass::network_connection && one.pid == pid &&
                   one.port == port;
        });
    };
    EXPECT_TRUE(is_told(tcp, 9)) << described(seen);
    EXPECT_TRUE(is_told(udp, 10)) << described(seen);
    const std::string point = stage.root() + "/point";
    std::filesystem::create_directories(point);
    ASSERT_EQ(LiveStage::shell("mount -t tmpfs none " + point), 0);
    seen = stage.settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(std::ranges::any_of(seen, [&](const Seen& one) {
        return one.event_class == EventClass::configuration && one.path == point &&
               one.executable == "/usr/bin/mount";
    })) << described(seen);
    LiveStage::shell("umount " + point);
}

TEST_F(LiveTest, a_file_system_mounted_below_a_watched_directory_is_watched) {
    LiveStage stage;
    const std::string point = stage.mail() + "/bob";
    std::filesystem::create_directories(point);
    stage.watch();
    ASSERT_EQ(LiveStage::shell("mount -t tmpfs none " + point + " && echo x > " + point + "/box"),
              0);
    stage.settle(std::chrono::milliseconds(200));
    ASSERT_EQ(LiveStage::shell("cat " + point + "/box > /dev/null"), 0);
    const auto seen = stage.settle(std::chrono::milliseconds(200));
    EXPECT_TRUE(std::ranges::any_of(seen, [&](const Seen& one) {
        return is_read(one) && one.path == point + "/box" && one.executable == "/usr/bin/cat";
    })) << described(seen);
    EXPECT_EQ(LiveStage::shell("umount " + point), 0);
}

TEST_F(LiveTest, what_is_open_and_running_at_start_is_told) {
    LiveStage stage;
    const std::string mbox = stage.mail() + "/alice";
    LiveStage::write_file(mbox, "From a@example.org\n");
    const pid_t holder = ::fork();
    if (holder == 0) {
        ::open(mbox.c_str(), O_RDONLY);
        ::pause();
        ::_exit(0);
    }
    ::usleep(50'000);
    stage.watch();
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
    const auto& seen = stage.first_seen();
    const auto mine = [&](const Seen& one) {
        return one.pid == static_cast<std::uint64_t>(holder);
    };
    EXPECT_TRUE(std::ranges::any_of(seen, [&](const Seen& one) {
        return mine(one) && one.action == "was running" && !one.args.empty();
    }));
    EXPECT_TRUE(std::ranges::any_of(seen, [&](const Seen& one) {
        return mine(one) && one.action == "was open" && one.path == mbox;
    })) << described(seen);
}

TEST_F(LiveTest, the_object_for_older_kernels_loads_as_well) {
    const auto object = ebpf::Object::load(ebpf::Object::Kind::plain);
    ASSERT_TRUE(object) << object.error().message;
    for (const Limitation& missing : (*object)->limitations()) {
        ADD_FAILURE() << missing.what << ": " << missing.consequence;
    }
}

TEST_F(LiveTest, nothing_stays_in_the_kernel) {
    const auto programs = [] {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
            std::error_code error;
            const std::string to = std::filesystem::read_symlink(entry.path(), error).string();
            count +=
                to.contains("bpf") || to.contains("fanotify") || to.contains("perf_event") ? 1 : 0;
        }
        return count;
    };
    const std::size_t before = programs();
    {
        LiveStage stage;
        stage.watch();
        EXPECT_GT(programs(), before);
    }
    EXPECT_EQ(programs(), before);
}

}  // namespace
}  // namespace mailvigil::sensor
