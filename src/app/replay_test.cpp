// Replay over files as administrators name them: rotated, packed, empty, vanishing, growing.
#include "app/replay.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "app/configuration.h"
#include "app/knowledge.h"

namespace mailvigil::app {
namespace {

namespace fs = std::filesystem;

const detect::Knowledge& knowledge() {
    static const detect::Knowledge shipped = [] {
        Diagnostics diagnostics;
        Configuration configuration;
        configuration.data = "/nonexistent";
        return load_knowledge(configuration, diagnostics);
    }();
    return shipped;
}

/// root reads bob's mailbox with cat; one audit event, its serial number one higher every ten
/// seconds.
std::string reading(int second, std::string_view node = {}) {
    const std::string at = std::to_string(1795400000 + second);
    const std::string serial = std::to_string(1000 + second / 10);
    const std::string front = node.empty() ? "" : "node=" + std::string(node) + " ";
    const std::string id = "msg=audit(" + at + ".120:" + serial + "): ";
    return front + "type=SYSCALL " + id +
           "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd0 a2=0 a3=0 items=1 "
           "ppid=900 pid=" +
           std::to_string(2000 + second) +
           " auid=1005 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=7 "
           "comm=\"cat\" exe=\"/usr/bin/cat\" key=\"mail\"\n" +
           front + "type=CWD " + id + "cwd=\"/root\"\n" + front + "type=PATH " + id +
           "item=0 name=\"/var/mail/bob\" inode=77 dev=fd:00 mode=0100600 ouid=1001 ogid=8 "
           "rdev=00:00 nametype=NORMAL\n" +
           front + "type=EOE " + id + "\n";
}

class ReplayTest : public ::testing::Test {
  protected:
    ReplayTest() {
        std::string name = (fs::temp_directory_path() / "mailvigil-replay-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        options_.belt.host = "mx1";
        options_.belt.telling = Telling::when_closed;
        hooks_.belt.finding = [this](const Event& event) {
            titles_.emplace_back(event.finding_title());
            hosts_.emplace_back(event.host_name());
            ++found_;
        };
        hooks_.stop = &stop_;
    }

    ~ReplayTest() override { fs::remove_all(folder_); }

    std::string write(const std::string& name, std::string_view text) {
        const std::string path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

    /// With gzip or zstd; empty where the tool is not there.
    std::string pack(const std::string& tool, const std::string& path, const std::string& suffix) {
        const std::string command = tool + " -q -f " + path;
        return std::system(command.c_str()) == 0 ? path + suffix : "";
    }

    ReplaySummary run(std::vector<std::string> files) {
        options_.files = std::move(files);
        titles_.clear();
        hosts_.clear();
        found_ = 0;
        diagnostics_ = {};
        return replay(options_, knowledge(), hooks_, diagnostics_);
    }

    std::string said() const {
        std::string out;
        for (const Diagnostic& diagnostic : diagnostics_.kept()) {
            out += render(diagnostic) + "\n";
        }
        return out;
    }

    fs::path folder_;
    ReplayOptions options_;
    ReplayHooks hooks_;
    Diagnostics diagnostics_;
    std::vector<std::string> titles_;
    std::vector<std::string> hosts_;
    std::atomic<int> found_ = 0;
    std::atomic<bool> stop_ = false;
};

TEST_F(ReplayTest, rotated_and_packed_files_may_be_named_in_any_order) {
    const std::string newest = write("audit.log", reading(30));
    const std::string middle = pack("gzip", write("audit.log.1", reading(20)), ".gz");
    const std::string oldest = pack("zstd --rm", write("audit.log.2", reading(10)), ".zst");
    ASSERT_FALSE(middle.empty() || oldest.empty());
    const ReplaySummary in_order = run({oldest, middle, newest});
    const std::vector<std::string> titles = titles_;
    EXPECT_EQ(in_order.lines, 12U);
    EXPECT_EQ(in_order.belt.events, 3U);
    EXPECT_EQ(said(), "");
    EXPECT_FALSE(titles.empty());
    for (const auto& files : {std::vector{newest, middle, oldest},
                              std::vector{middle, newest, oldest},
                              std::vector{newest, oldest, middle}}) {
        const ReplaySummary summary = run(files);
        EXPECT_EQ(titles_, titles);
        EXPECT_EQ(summary.belt.events, in_order.belt.events);
        EXPECT_EQ(said(), "");
    }
}

TEST_F(ReplayTest, a_file_named_twice_is_read_once) {
    const std::string path = write("audit.log", reading(10));
    const ReplaySummary once = run({path});
    const ReplaySummary twice = run({path, (folder_ / "." / "audit.log").string()});
    EXPECT_EQ(twice.belt.events, once.belt.events);
    EXPECT_TRUE(said().contains("named twice")) << said();
    EXPECT_FALSE(twice.failed);
}

TEST_F(ReplayTest, an_empty_log_beside_another_is_no_failure_but_alone_it_is) {
    const std::string empty = write("audit.log", "");
    const std::string full = write("audit.log.1", reading(10));
    EXPECT_FALSE(run({empty, full}).failed);
    EXPECT_TRUE(said().contains("audit.log: the file is empty")) << said();
    EXPECT_TRUE(run({empty}).failed);
}

TEST_F(ReplayTest, what_cannot_be_read_is_named_once_and_the_rest_is_read) {
    const std::string full = write("audit.log", reading(10));
    const std::string other = write("mail.log", "Nov 23 02:14:07 mx1 postfix/smtpd[1]: hello\n");
    const std::string missing = (folder_ / "missing").string();
    const ReplaySummary summary = run({missing, other, folder_.string(), full});
    EXPECT_TRUE(summary.failed);
    EXPECT_EQ(summary.belt.events, 1U);
    EXPECT_TRUE(said().contains("cannot read " + missing)) << said();
    EXPECT_FALSE(said().contains(missing + ": cannot read")) << said();
    EXPECT_TRUE(said().contains("mail.log: no known log format")) << said();
    EXPECT_TRUE(said().contains("it is a directory")) << said();
}

TEST_F(ReplayTest, a_damaged_archive_is_a_failure) {
    const std::string path = pack("gzip", write("audit.log", reading(10)), ".gz");
    fs::resize_file(path, 12);
    EXPECT_TRUE(run({path}).failed) << said();
    EXPECT_FALSE(said().empty());
}

TEST_F(ReplayTest, a_file_that_vanishes_meanwhile_is_told) {
    const std::string first = write("audit.log.1", reading(10));
    const std::string second = write("audit.log", reading(20));
    hooks_.progress = [&](const ReplayProgress&) { fs::remove(second); };
    const ReplaySummary summary = run({first, second});
    EXPECT_TRUE(summary.failed);
    EXPECT_EQ(summary.belt.events, 1U);
    EXPECT_TRUE(said().contains("it was there a moment ago")) << said();
}

TEST_F(ReplayTest, each_node_of_a_log_is_a_host_of_its_own) {
    const std::string path = write("audit.log", reading(10, "mx1") + reading(11, "mx2"));
    EXPECT_EQ(run({path}).belt.hosts, 2U);
    ASSERT_EQ(hosts_.size(), 2U);
    EXPECT_NE(hosts_[0], hosts_[1]);
}

TEST_F(ReplayTest, hosts_beyond_the_limit_are_counted) {
    std::string text;
    for (std::size_t i = 0; i <= kHostsMax; ++i) {
        text += reading(static_cast<int>(i), "mx" + std::to_string(i));
    }
    const ReplaySummary summary = run({write("audit.log", text)});
    EXPECT_EQ(summary.belt.hosts, kHostsMax);
    EXPECT_EQ(summary.belt.hosts_refused, 1U);
}

TEST_F(ReplayTest, findings_are_filtered_by_time_and_level) {
    const std::string path = write("audit.log", reading(10));
    run({path});
    ASSERT_EQ(titles_.size(), 1U);
    const Timestamp at =
        Timestamp(std::chrono::seconds(1795400010)) + std::chrono::milliseconds(120);
    options_.belt.since = at;
    EXPECT_EQ((run({path}), titles_.size()), 1U);
    options_.belt.since = at + std::chrono::nanoseconds(1);
    EXPECT_EQ((run({path}), titles_.size()), 0U);
    options_.belt.since = {};
    options_.belt.until = at;
    EXPECT_EQ((run({path}), titles_.size()), 0U);
    options_.belt.until = at + std::chrono::nanoseconds(1);
    EXPECT_EQ((run({path}), titles_.size()), 1U);
    options_.belt.until = {};
    options_.belt.level = Level::critical;
    EXPECT_EQ(run({path}).belt.incidents, 0U);
    EXPECT_TRUE(titles_.empty());
}

TEST_F(ReplayTest, a_stop_keeps_what_was_found) {
    const std::string path = write("audit.log", reading(10));
    hooks_.progress = [&](const ReplayProgress&) { stop_ = true; };
    const ReplaySummary summary = run({path, write("audit.log.9", reading(20))});
    EXPECT_TRUE(summary.stopped);
    EXPECT_EQ(summary.belt.events, 1U);
    EXPECT_EQ(titles_.size(), 1U);
}

TEST_F(ReplayTest, a_growing_log_is_followed_through_its_rotation) {
    using namespace std::chrono_literals;
    const std::string path = write("audit.log", reading(10));
    options_.waiting = Waiting::follow;
    options_.belt.telling = Telling::every_update;
    std::atomic<std::uint64_t> bytes = 0;
    hooks_.progress = [&](const ReplayProgress& progress) { bytes = progress.bytes_read; };
    ReplaySummary summary;
    std::thread following([&] { summary = run({path}); });
    const auto read_up_to = [&](std::uint64_t size) {
        for (int i = 0; i < 1000 && bytes != size; ++i) {
            std::this_thread::sleep_for(10ms);
        }
        return bytes == size;
    };
    EXPECT_TRUE(read_up_to(reading(10).size()));
    std::ofstream(path, std::ios::app) << reading(20);
    EXPECT_TRUE(read_up_to(reading(10).size() * 2));
    fs::rename(path, path + ".1");
    write("audit.log", reading(30));
    EXPECT_TRUE(read_up_to(reading(30).size()));
    stop_ = true;
    following.join();
    EXPECT_TRUE(summary.stopped);
    EXPECT_EQ(summary.belt.events, 3U);
    EXPECT_GE(found_, 1);
}

}  // namespace
}  // namespace mailvigil::app
