// The parts of the sensor room that need no kernel.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "sensor/ebpf/program_table.h"
#include "sensor/ebpf/sum_book.h"
#include "sensor/feed/roster.h"
#include "sensor/inode_search.h"
#include "sensor/mount_table.h"
#include "sensor/name_event.h"
#include "sensor/process_table.h"
#include "sensor/watch_plan.h"

namespace mailvigil::sensor {
namespace {

using namespace std::string_literals;

class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "vigil-XXXXXX").string();
        path_ = std::filesystem::canonical(::mkdtemp(pattern.data())).string();
    }

    ~Folder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string at(std::string_view name) const {
        return path_ + "/" + std::string(name);
    }

    [[nodiscard]] std::string file(std::string_view name) const {
        std::ofstream(at(name)) << "x";
        return at(name);
    }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

FileKey key_of(const std::string& path) {
    struct stat facts{};
    ::stat(path.c_str(), &facts);
    return {facts.st_ino, kernel_device(facts.st_dev)};
}

mv_who who(std::uint32_t pid, std::uint64_t start, std::uint32_t parent = 1) {
    mv_who row{};
    row.tgid = row.tid = pid;
    row.start = start;
    row.parent = parent;
    return row;
}

/// A pid beyond PID_MAX_LIMIT: nothing of /proc answers for it.
constexpr std::uint32_t kNobody = 5'000'000;

TEST(MountTableTest, optional_fields_and_escaped_blanks_are_read) {
    const auto mounts = parse_mounts(
        "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:3 - ext3 /dev/root rw\n"
        "nonsense\n"
        "40 35 0:21 / /proc rw - proc proc rw\n");
    ASSERT_EQ(mounts.size(), 2U);
    EXPECT_EQ(mounts[0].point, "/mnt 2");
    EXPECT_EQ(mounts[0].root, "/mnt1");
    EXPECT_EQ(mounts[0].type, "ext3");
    EXPECT_EQ(mounts[0].source, "/dev/root");
    EXPECT_EQ(mounts[1].point, "/proc");
}

TEST(ProcessTableTest, names_are_joined_from_the_root) {
    EXPECT_EQ(join_names("alice\0mail\0var\0"s), "/var/mail/alice");
    EXPECT_EQ(join_names("alice\0mail"s), "/mail/alice");
    EXPECT_EQ(join_names(""), "");
}

TEST(ProcessTableTest, a_fork_runs_what_its_parent_runs_until_its_exec) {
    ProcessTable table;
    Image shell;
    shell.executable = "/bin/sh";
    table.exec(who(kNobody, 100), std::move(shell));
    const Life& child = table.fork(who(kNobody + 1, 200, kNobody));
    EXPECT_EQ(table.image(child).executable, "/bin/sh");
    EXPECT_TRUE(child.attributed);
    Image cat;
    cat.executable = "/bin/cat";
    table.exec(who(kNobody + 1, 200, kNobody), std::move(cat));
    EXPECT_EQ(table.image(*table.find(kNobody + 1)).executable, "/bin/cat");
    EXPECT_EQ(table.image(*table.find(kNobody)).executable, "/bin/sh");
    EXPECT_EQ(table.parent(*table.find(kNobody + 1)), table.find(kNobody));
}

TEST(ProcessTableTest, a_pid_that_is_given_again_is_another_life) {
    ProcessTable table;
    Image shell;
    shell.executable = "/bin/sh";
    table.exec(who(kNobody, 100), std::move(shell));
    const Life& other = table.touch(who(kNobody, 900, kNobody + 7));
    EXPECT_EQ(table.image(other).executable, "");
    EXPECT_FALSE(other.attributed);
    EXPECT_EQ(table.unattributed(), 1U);
}

TEST(ProcessTableTest, an_ended_life_is_known_for_a_while) {
    ProcessTable table;
    table.exec(who(kNobody, 100), {});
    table.exit(who(kNobody, 100), 1000);
    table.sweep(1000 + ProcessTable::kKeptNs - 1);
    EXPECT_NE(table.find(kNobody), nullptr);
    table.sweep(1000 + ProcessTable::kKeptNs);
    EXPECT_EQ(table.find(kNobody), nullptr);
}

TEST(ProcessTableTest, one_life_more_than_the_table_holds_replaces_nobody_that_lives) {
    ProcessTable table;
    for (std::uint32_t i = 0; i < ProcessTable::kLivesMax; ++i) {
        table.exec(who(kNobody + i, 100), {});
    }
    EXPECT_EQ(table.size(), ProcessTable::kLivesMax);
    Image extra;
    extra.executable = "/bin/extra";
    const Life& life = table.exec(who(kNobody - 1, 100), std::move(extra));
    EXPECT_EQ(table.image(life).executable, "/bin/extra");
    EXPECT_EQ(table.size(), ProcessTable::kLivesMax);
    EXPECT_NE(table.find(kNobody), nullptr);
}

TEST(PlanBookTest, the_nearest_place_counts_and_exceptions_do_not) {
    const Folder folder;
    std::filesystem::create_directories(folder.at("mail/alice/tmp"));
    PlanBook book;
    book.set({.places = {{.path = folder.at("mail/")},
                         {.path = folder.at("mail/alice"), .what = watch::kRead},
                         {.path = folder.at("mail/alice/tmp"), .what = watch::kIgnore}},
              .boundaries = {}});
    const auto path_of = [&](std::string_view path) {
        const PlanPlace* place = book.find(path);
        return place == nullptr ? std::string() : place->path;
    };
    EXPECT_EQ(path_of(folder.at("mail/bob")), folder.at("mail"));
    EXPECT_EQ(path_of(folder.at("mail/alice/cur/1")), folder.at("mail/alice"));
    EXPECT_EQ(path_of(folder.at("mail/alice/tmp/1")), "");
    EXPECT_EQ(path_of(folder.at("mailbox")), "");
    EXPECT_EQ(path_of(folder.path()), "");
    EXPECT_EQ(book.find(key_of(folder.at("mail"))), &book.places().front());
    EXPECT_EQ(book.path_of(1), folder.at("mail"));
    EXPECT_EQ(book.path_of(0), "");
    EXPECT_EQ(book.path_of(1000), "");
}

TEST(PlanBookTest, a_place_behind_a_symbolic_link_keeps_the_name_that_was_asked_for) {
    const Folder folder;
    std::filesystem::create_directories(folder.at("real"));
    std::filesystem::create_directory_symlink(folder.at("real"), folder.at("link"));
    PlanBook book;
    book.set({.places = {{.path = folder.at("link")}}, .boundaries = {}});
    EXPECT_EQ(book.plan_name(folder.at("real/alice")), folder.at("link/alice"));
    EXPECT_NE(book.find(std::string_view(folder.at("real/alice"))), nullptr);
}

TEST(PlanBookTest, files_with_second_names_are_places_of_their_own) {
    const Folder folder;
    std::filesystem::create_directories(folder.at("mail"));
    const std::string box = folder.file("mail/box");
    ASSERT_EQ(::link(box.c_str(), folder.at("elsewhere").c_str()), 0);
    PlanBook book;
    book.set({.places = {{.path = folder.at("mail")}}, .boundaries = {}});
    const PlanPlace* found = book.find(key_of(folder.at("elsewhere")));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->path, box);
    EXPECT_TRUE(found->derived);
}

TEST(PlanBookTest, a_place_that_comes_into_being_is_noticed) {
    const Folder folder;
    PlanBook book;
    book.set({.places = {{.path = folder.at("mail")}}, .boundaries = {}});
    EXPECT_FALSE(book.moved());
    std::filesystem::create_directories(folder.at("mail"));
    EXPECT_TRUE(book.moved());
    book.refresh();
    EXPECT_FALSE(book.moved());
}

TEST(InodeSearchTest, finds_the_watched_name_and_no_other) {
    const Folder folder;
    std::filesystem::create_directories(folder.at("mail/alice"));
    const std::string box = folder.file("mail/alice/box");
    const std::string other = folder.file("other");
    PlanBook book;
    book.set({.places = {{.path = folder.at("mail")}}, .boundaries = {}});
    std::string path;
    EXPECT_EQ(find_by_inode(book, key_of(box), path), InodeSearch::found);
    EXPECT_EQ(path, box);
    EXPECT_EQ(find_by_inode(book, key_of(other), path), InodeSearch::elsewhere);
    EXPECT_EQ(find_by_inode(book, key_of(box), path, box), InodeSearch::elsewhere);
}

TEST(SumBookTest, sums_of_a_process_are_taken_in_the_order_in_which_they_began) {
    ebpf::SumBook book;
    mv_file file{};
    file.head.who = who(7, 100);
    for (std::uint64_t inode = 1; inode <= 3; ++inode) {
        file.inode = inode;
        EXPECT_TRUE(book.add(ebpf::key_of(file), {.file = file, .path = {}, .executable = {}}));
        EXPECT_FALSE(book.add(ebpf::key_of(file), {.file = file, .path = {}, .executable = {}}));
    }
    file.inode = 2;
    book.remove(ebpf::key_of(file));
    const auto keys = book.take(7, 100);
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].inode, 1U);
    EXPECT_EQ(keys[1].inode, 3U);
    EXPECT_TRUE(book.take(7, 100).empty());
    EXPECT_NE(book.find(keys[0]), nullptr);
}

TEST(ProgramTableTest, programs_are_named_once_and_say_what_is_missing_without_them) {
    std::set<std::string_view> names;
    for (const ebpf::ProgramRow& row : ebpf::program_rows()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.consequence.empty()) << row.name;
    }
}

TEST(FeedRosterTest, every_sensor_says_what_it_sees) {
    for (const Sensor* sensor : feed::roster()) {
        EXPECT_FALSE(sensor->summary.empty());
        EXPECT_FALSE(sensor->capabilities.empty()) << sensor->name;
    }
}

}  // namespace
}  // namespace mailvigil::sensor
