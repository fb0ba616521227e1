// A disk that fails now and then, and goes on: what is told to have failed must not be there, and
// what was told must stay true.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "evidence/checkpoint_log.h"
#include "evidence/frame.h"
#include "evidence/ledger.h"
#include "evidence/sealed_segment.h"
#include "evidence/verify.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

using testing::MemoryDisk;
using PowerLoss = MemoryDisk::PowerLoss;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};
const Layout kLayout{"d"};

LedgerOptions small_options() {
    LedgerOptions options;
    options.host = "mx1";
    options.segment_bytes = 20'000;
    options.background_sealing = false;
    return options;
}

void append(Ledger& ledger, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string mailbox = fmt::format("user{}", i);
        Event event;
        event.reset(EventClass::access, kNoon);
        event.set_access_mailbox(mailbox);
        ASSERT_TRUE(ledger.append(event, kNoon));
    }
}

void expect_good(Disk& disk) {
    const auto report = verify(disk, "d", {});
    ASSERT_TRUE(report) << report.error().message;
    for (const Damage& damage : report->damages) {
        ADD_FAILURE() << damage.where << ": " << damage.what;
    }
}

TEST(FailingDiskTest, a_checkpoint_that_failed_is_gone_at_once) {
    for (const char* const what : {"write to", "sync"}) {
        MemoryDisk disk;
        auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
        ASSERT_TRUE(ledger);
        append(**ledger, 5);
        const std::string before = disk.bytes(kLayout.checkpoints());
        disk.fail_next(what, kLayout.checkpoints());
        EXPECT_FALSE((*ledger)->seal(kNoon));
        EXPECT_TRUE((*ledger)->health().stalled);
        EXPECT_EQ(disk.bytes(kLayout.checkpoints()), before) << what;
        ASSERT_TRUE((*ledger)->seal(kNoon));
        ASSERT_TRUE((*ledger)->close(kNoon));
        expect_good(disk);
    }
}

// The seal after it would name the checkpoint before it: a crash must not bring it to light.
TEST(FailingDiskTest, nothing_is_sealed_while_a_failed_checkpoint_cannot_be_cut) {
    for (const Duration later : {Duration{0}, Duration(std::chrono::days(1))}) {
        MemoryDisk disk;
        auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
        ASSERT_TRUE(ledger);
        append(**ledger, 5);
        disk.fail_next("sync", kLayout.checkpoints());
        disk.fail_next("cut", kLayout.checkpoints(), 2);
        EXPECT_FALSE((*ledger)->seal(kNoon + later));
        const std::uint64_t size = (*ledger)->size();
        const std::string next_key = later == Duration{0} ? "" : disk.bytes("d/keys/next.key");
        EXPECT_FALSE((*ledger)->seal(kNoon + later));
        EXPECT_EQ((*ledger)->size(), size);
        EXPECT_EQ(later == Duration{0} ? "" : disk.bytes("d/keys/next.key"), next_key);
        // As if the machine stopped there: the next writer believes what it finds.
        const auto copy = disk.after(PowerLoss::keeps);
        auto next = Ledger::open(*copy, "d", small_options(), kNoon + later);
        ASSERT_TRUE(next) << next.error().message;
        ASSERT_TRUE((*next)->close(kNoon + later));
        expect_good(*copy);
        ASSERT_TRUE((*ledger)->seal(kNoon + later));
        ASSERT_TRUE((*ledger)->close(kNoon + later));
        expect_good(disk);
    }
}

TEST(FailingDiskTest, a_segment_that_was_not_compressed_stops_nothing_and_is_told) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    disk.fail_next("write to", kLayout.sealed(0) + ".new");
    disk.fail_next("write to", kLayout.sealed(256) + ".new");
    append(**ledger, 600);
    ASSERT_TRUE((*ledger)->commit());
    const auto pruned = (*ledger)->prune(256, "age", kNoon);
    ASSERT_TRUE(pruned) << pruned.error().message;
    EXPECT_EQ(*pruned, 256U);
    ASSERT_TRUE((*ledger)->health().uncompressed);
    EXPECT_TRUE((*ledger)->health().uncompressed->contains("input/output error"));
    ASSERT_TRUE((*ledger)->close(kNoon));
    EXPECT_FALSE(disk.exists(kLayout.sealed(256) + ".new"));
    EXPECT_TRUE(disk.bytes(kLayout.log(512)).contains("a closed segment is not compressed"));
    expect_good(disk);
    EXPECT_TRUE(disk.exists(kLayout.log(256)));
    ledger->reset();
    ledger = Ledger::open(disk, "d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    EXPECT_FALSE((*ledger)->health().uncompressed);
    EXPECT_TRUE(disk.exists(kLayout.sealed(256)));
    EXPECT_FALSE(disk.exists(kLayout.log(256)));
    ASSERT_TRUE((*ledger)->close(kNoon));
    expect_good(disk);
}

TEST(FailingDiskTest, drafts_of_private_keys_are_erased_by_the_next_writer) {
    MemoryDisk disk;
    {
        auto ledger = Ledger::open(disk, "d", small_options(), kNoon);
        ASSERT_TRUE((*ledger)->close(kNoon));
    }
    for (const char* const name : {"d/keys/next.key.new", "d/keys/log.key.new"}) {
        ASSERT_TRUE((*disk.open_append(name))->append("PRIVATE+KEY"));
    }
    ASSERT_TRUE(Ledger::open(disk, "d", small_options(), kNoon));
    EXPECT_FALSE(disk.exists("d/keys/next.key.new"));
    EXPECT_FALSE(disk.exists("d/keys/log.key.new"));
}

TEST(FailingDiskTest, a_new_ledger_that_was_told_of_survives_with_its_folder) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "var/d", small_options(), kNoon);
    ASSERT_TRUE(ledger);
    const auto survivor = disk.after(PowerLoss::forgets);
    const auto report = verify(*survivor, "var/d", {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->good());
    EXPECT_EQ(report->sealed, 1U);
}

/// Rewrites the list of blocks of a sealed segment; its check stays right.
TEST(FailingDiskTest, a_forged_list_of_blocks_is_refused_before_memory_is_taken) {
    MemoryDisk disk;
    const std::string path = kLayout.sealed(0);
    const auto refused = [&](std::uint64_t claimed, std::uint32_t block) {
        std::string table;
        const std::uint64_t length = 28 + 4 * claimed;
        append_u32(0x184D2A5E, table);
        append_u32(static_cast<std::uint32_t>(length - 8), table);
        append_u64(0, table);
        append_u32(static_cast<std::uint32_t>(claimed), table);
        for (std::uint64_t i = 0; i < claimed; ++i) {
            append_u32(block, table);
        }
        append_u32(static_cast<std::uint32_t>(length), table);
        append_u32(0, table);
        (void)disk.make_folder(kLayout.segments());
        (void)disk.remove(path);
        const std::string body(std::min<std::uint64_t>(claimed * block, 100'000'000), '\0');
        EXPECT_TRUE((*disk.open_append(path))->append(body + table));
        return !read_sealed_table(disk, path);
    };
    EXPECT_FALSE(refused(kSegmentBlocksMax, 1));
    EXPECT_TRUE(refused(kSegmentBlocksMax + 1, 1));
    EXPECT_TRUE(refused(0, 1));
    EXPECT_TRUE(refused(1, 0));
    EXPECT_FALSE(refused(1, 15'792'136));
    EXPECT_TRUE(refused(1, 15'792'137));
}

class PlainFileTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = "/tmp/mailvigil-disk-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }

    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
    Disk& disk_ = posix_disk();
};

TEST_F(PlainFileTest, neither_links_nor_pipes_nor_folders_are_opened) {
    ASSERT_TRUE((*disk_.open_append(folder_ + "/real"))->append("bytes"));
    EXPECT_EQ(disk_.read(folder_ + "/real").value_or(""), "bytes");
    EXPECT_EQ(disk_.read(folder_ + "/real", 3, UINT64_MAX >> 1U).value_or(""), "es");
    EXPECT_EQ(disk_.read(folder_ + "/real", 9, 9).value_or("?"), "");
    std::filesystem::create_symlink(folder_ + "/real", folder_ + "/link");
    ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
    std::filesystem::create_directory(folder_ + "/folder");
    for (const char* const name : {"/link", "/pipe", "/folder"}) {
        const std::string path = folder_ + name;
        EXPECT_FALSE(disk_.read(path)) << name;
        EXPECT_FALSE(disk_.read(path, 0, 1)) << name;
        EXPECT_FALSE(disk_.size(path)) << name;
        EXPECT_FALSE(disk_.open_append(path)) << name;
        EXPECT_FALSE(disk_.lock(path)) << name;
        EXPECT_FALSE(disk_.erase(path)) << name;
    }
    EXPECT_EQ(disk_.read(folder_ + "/real").value_or(""), "bytes");
}

TEST_F(PlainFileTest, a_whole_file_is_read_up_to_its_limit_and_no_further) {
    const std::string path = folder_ + "/file";
    ASSERT_TRUE((*disk_.open_append(path))->append("12345"));
    EXPECT_EQ(read_whole(disk_, path, 5).value_or(""), "12345");
    const auto refused = read_whole(disk_, path, 4);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::limit);
    EXPECT_TRUE(refused.error().message.contains(path));
    // Sparse: has the size, not the blocks.
    ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(kWholeFileBytesMax + 1)), 0);
    EXPECT_EQ(disk_.read(path).error().code, ErrorCode::limit);
}

TEST(LayoutTest, the_folder_of_a_folder) {
    EXPECT_EQ(parent_of("/var/lib/evidence"), "/var/lib");
    EXPECT_EQ(parent_of("/var/lib/evidence//"), "/var/lib");
    EXPECT_EQ(parent_of("/var"), "/");
    EXPECT_EQ(parent_of("d"), ".");
    EXPECT_EQ(parent_of("d/e"), "d");
}

}  // namespace
}  // namespace mailvigil::evidence
