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

void read_all(int fd) {
    std::array<char, 4096> bytes;
    while (::read(fd, bytes.data(), bytes.size()) > 0) {
    }
}

[[maybe_unused]] void read_path(const char* path) {
    const int fd = ::open(path, O_RDONLY);
    read_all(fd);
    ::close(fd);
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

}  // namespace
}  // namespace mailvigil::sensor
