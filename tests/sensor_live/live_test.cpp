// The real sensors on this very kernel. Needs root and eBPF; where that is missing the tests are
// skipped and say why.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "live_stage.h"
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

}  // namespace
}  // namespace mailvigil::sensor
