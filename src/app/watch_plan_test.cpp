#include "app/watch_plan.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace mailvigil::app {
namespace {

namespace fs = std::filesystem;

class WatchPlanTest : public ::testing::Test {
  protected:
    WatchPlanTest() {
        std::string name = (fs::temp_directory_path() / "mailvigil-plan-XXXXXX").string();
        host_ = ::mkdtemp(name.data());
    }

    ~WatchPlanTest() override { fs::remove_all(host_); }

    void folder(const std::string& path) { fs::create_directories(host_ + path); }

    void file(const std::string& path) {
        folder(fs::path(path).parent_path());
        std::ofstream(host_ + path) << "x";
    }

    void ask(const std::string& pattern, WatchFor what) {
        patterns_.emplace_back(host_ + pattern, what);
    }

    /// "/var/mail children=reads subtree=changes", one a line; what lies above the host is left
    /// out.
    [[nodiscard]] std::string plan() const {
        std::string out;
        for (const WatchRoot& root : watch_plan(patterns_).roots) {
            if (!root.path.starts_with(host_)) {
                continue;
            }
            out += root.path.substr(host_.size());
            for (const auto& [name, what] :
                 {std::pair("children", root.children), std::pair("subtree", root.subtree)}) {
                if (what) {
                    out += std::string(" ") + name +
                           (*what == WatchFor::reads ? "=reads" : "=changes");
                }
            }
            out += "\n";
        }
        return out;
    }

    std::string host_;
    std::vector<WatchPattern> patterns_;
};

TEST_F(WatchPlanTest, takes_a_store_with_all_below_it) {
    folder("/home/alice/Maildir/new");
    folder("/home/bob");
    ask("/home/{user}/Maildir/**", WatchFor::reads);
    // Bob has no Maildir yet, and Carol no home.
    EXPECT_EQ(plan(),
              "/home children=changes\n"
              "/home/alice/Maildir subtree=reads\n"
              "/home/bob children=changes\n");
}

TEST_F(WatchPlanTest, watches_the_folder_of_a_file) {
    file("/etc/postfix/main.cf");
    file("/var/mail/alice");
    ask("/etc/postfix/main.cf", WatchFor::changes);
    ask("/var/mail/{user}", WatchFor::reads);
    EXPECT_EQ(plan(),
              "/etc/postfix children=changes\n"
              "/var/mail children=reads\n");
}

TEST_F(WatchPlanTest, says_nothing_twice) {
    file("/var/mail/vhosts/example.org/alice/new/1");
    folder("/var/mail-old");
    ask("/var/mail/**", WatchFor::reads);
    ask("/var/mail/vhosts/{domain}/{user}/**", WatchFor::reads);
    ask("/var/mail/vhosts/{domain}/{user}/new/**", WatchFor::changes);
    ask("/var/mail-old/**", WatchFor::changes);
    EXPECT_EQ(plan(),
              "/var/mail subtree=reads\n"
              "/var/mail-old subtree=changes\n");
}

TEST_F(WatchPlanTest, asks_for_more_below_where_more_is_asked) {
    folder("/etc/mail/users");
    ask("/etc/mail/**", WatchFor::changes);
    ask("/etc/mail/users/**", WatchFor::reads);
    EXPECT_EQ(plan(),
              "/etc/mail subtree=changes\n"
              "/etc/mail/users subtree=reads\n");
}

TEST_F(WatchPlanTest, waits_where_nothing_is_yet) {
    folder("/srv");
    ask("/srv/vmail/{user}/**", WatchFor::reads);
    ask("/opt/vmail/**", WatchFor::reads);
    EXPECT_EQ(plan(),
              " children=changes\n"
              "/srv children=changes\n");
}

}  // namespace
}  // namespace mailvigil::app
