// Somebody edits the files of a ledger. Each way of it must be found, and named.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "evidence/frame.h"
#include "evidence/layout.h"
#include "evidence/ledger.h"
#include "evidence/segment_scan.h"
#include "evidence/verify.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {
namespace {

using testing::MemoryDisk;

constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                          std::chrono::hours(12)};
const Layout kLayout{"d"};

void append(Ledger& ledger, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string mailbox = fmt::format("user{}", i);
        Event event;
        event.reset(EventClass::access, kNoon);
        event.set_access_mailbox(mailbox);
        ASSERT_TRUE(ledger.append(event, kNoon));
    }
}

/// Three segments (two of them sealed), a key rotation, nine checkpoints.
std::unique_ptr<MemoryDisk> make_ledger(std::vector<Checkpoint>* anchors = nullptr) {
    auto disk = std::make_unique<MemoryDisk>();
    LedgerOptions options;
    options.host = "mx1";
    options.segment_bytes = 20'000;
    options.background_sealing = false;
    auto ledger = Ledger::open(*disk, "d", options, kNoon);
    EXPECT_TRUE(ledger);
    for (int round = 0; round < 6; ++round) {
        append(**ledger, 100);
        EXPECT_TRUE((*ledger)->seal(kNoon + std::chrono::hours(round * 4)));
        if (anchors != nullptr) {
            anchors->push_back((*ledger)->sealed());
        }
    }
    EXPECT_TRUE((*ledger)->close(kNoon + std::chrono::hours(21)));
    return disk;
}

std::string damages_of(Disk& disk, const VerifyOptions& options = {}) {
    const auto report = verify(disk, "d", options);
    std::string all = report ? "" : report.error().message;
    for (const Damage& damage : report ? report->damages : std::vector<Damage>()) {
        all += damage.where + ": " + damage.what + "\n";
    }
    return all;
}

void expect_found(Disk& disk, std::string_view named, const VerifyOptions& options = {}) {
    const std::string all = damages_of(disk, options);
    EXPECT_NE(all.find(named), std::string::npos) << "wanted: " << named << "\nfound: " << all;
}

TEST(TamperTest, the_untouched_ledger_is_good) {
    std::vector<Checkpoint> anchors;
    const auto disk = make_ledger(&anchors);
    EXPECT_EQ(damages_of(*disk, {.anchors = anchors}), "");
}

TEST(TamperTest, every_flipped_bit_of_every_file_but_segments_is_found) {
    const auto disk = make_ledger();
    std::uint64_t flips = 0;
    for (const std::string& path : {kLayout.format(), kLayout.checkpoint(), kLayout.tree()}) {
        std::string& bytes = disk->bytes(path);
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit, ++flips) {
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
            ASSERT_NE(damages_of(*disk), "") << path << " bit " << bit;
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        }
    }
    fmt::print("{} flips\n", flips);
}

TEST(TamperTest, every_flipped_bit_of_checkpoints_is_found) {
    MemoryDisk small;
    MemoryDisk* disk = &small;
    auto ledger = Ledger::open(small, "d", {}, kNoon);
    ASSERT_TRUE(ledger);
    ASSERT_TRUE((*ledger)->close(kNoon));
    std::string& bytes = small.bytes(kLayout.checkpoints());
    const std::size_t end = bytes.size();
    for (std::size_t bit = 0; bit < end * 8; ++bit) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        ASSERT_NE(damages_of(*disk), "") << "byte " << bit / 8 << " bit " << bit % 8;
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    }
    fmt::print("{} flips\n", end * 8);
}

/// Scanning a segment finds a flip by itself, or hashes to other roots: then no checkpoint fits.
TEST(TamperTest, every_flipped_bit_of_a_segment_is_found) {
    const auto disk = make_ledger();
    const std::vector<SegmentName> segments = *list_segments(*disk, kLayout);
    ASSERT_EQ(segments.size(), 3U);
    std::uint64_t flips = 0;
    for (const SegmentName& segment : {segments[0], segments[2]}) {
        const bool last = segment.has_log;
        const SegmentScan good = scan_segment(*disk, kLayout, segment, last, {});
        ASSERT_TRUE(good.damages.empty());
        std::string& bytes =
            disk->bytes(last ? kLayout.log(segment.first) : kLayout.sealed(segment.first));
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit, ++flips) {
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
            const SegmentScan scan = scan_segment(*disk, kLayout, segment, last, {});
            const bool found = !scan.damages.empty() || scan.leaves != good.leaves ||
                               scan.block_roots != good.block_roots || scan.rest != good.rest;
            ASSERT_TRUE(found) << "segment " << segment.first << " bit " << bit;
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        }
    }
    fmt::print("{} flips\n", flips);
}

TEST(TamperTest, a_ledger_cut_at_any_byte_is_found) {
    MemoryDisk disk;
    auto ledger = Ledger::open(disk, "d", {}, kNoon);
    ASSERT_TRUE(ledger);
    append(**ledger, 20);
    ASSERT_TRUE((*ledger)->close(kNoon));
    std::string& bytes = disk.bytes(kLayout.log(0));
    const std::string whole = bytes;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        bytes.resize(size);
        ASSERT_NE(damages_of(disk).find("its end is missing"), std::string::npos) << size;
        bytes = whole;
    }
    fmt::print("{} cuts\n", whole.size());
}

TEST(TamperTest, a_record_removed_from_the_open_segment_is_found) {
    const auto disk = make_ledger();
    std::string& bytes = disk->bytes(kLayout.log(512));
    bytes.erase(0, kFrameHeaderBytes + u32_at(bytes, 0));
    expect_found(*disk, "are not what it signed");
}

TEST(TamperTest, a_record_altered_with_a_new_check_is_found) {
    const auto disk = make_ledger();
    std::string& bytes = disk->bytes(kLayout.log(512));
    FrameReader frames(bytes);
    std::string_view leaf;
    ASSERT_TRUE(frames.next(leaf));
    std::string altered(leaf);
    altered[altered.find("user") + 1] = 'z';
    std::string forged;
    append_frame(altered, forged);
    bytes.replace(0, forged.size(), forged);
    expect_found(*disk, "are not what it signed");
}

TEST(TamperTest, a_removed_segment_is_found) {
    for (const std::uint64_t first : {0, 256}) {
        const auto disk = make_ledger();
        disk->forget(kLayout.sealed(first));
        expect_found(*disk, first == 0 ? "no record says that they were pruned" : "are missing");
    }
    const auto disk = make_ledger();
    disk->forget(kLayout.log(512));
    expect_found(*disk, "its end is missing");
}

TEST(TamperTest, segments_that_changed_places_are_found) {
    const auto disk = make_ledger();
    std::swap(disk->bytes(kLayout.sealed(0)), disk->bytes(kLayout.sealed(256)));
    expect_found(*disk, "the file says that it begins with record 256");
}

TEST(TamperTest, any_removed_checkpoint_is_found) {
    const auto whole = make_ledger();
    const std::string before = whole->bytes(kLayout.checkpoints());
    std::vector<std::string> entries;
    for (std::size_t at = 0; at < before.size();) {
        const std::size_t end = before.find("\n\n", before.find("\n\n", at) + 2) + 2;
        entries.push_back(before.substr(at, end - at));
        at = end;
    }
    ASSERT_GE(entries.size(), 9U);
    for (std::size_t gone = 0; gone < entries.size(); ++gone) {
        std::string rest;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            rest += i == gone ? "" : entries[i];
        }
        whole->bytes(kLayout.checkpoints()) = rest;
        const std::string& newest =
            entries[gone + 1 == entries.size() ? gone - 1 : entries.size() - 1];
        whole->bytes(kLayout.checkpoint()) = newest.substr(0, newest.size() - 1);
        EXPECT_NE(damages_of(*whole), "") << gone;
    }
}

/// Leaves, checkpoints and tree of an earlier moment agree with each other: only who saw a later
/// checkpoint can tell.
TEST(TamperTest, a_rolled_back_copy_is_found_by_an_anchor) {
    std::vector<Checkpoint> anchors;
    MemoryDisk disk;
    LedgerOptions options;
    options.background_sealing = false;
    auto ledger = Ledger::open(disk, "d", options, kNoon);
    ASSERT_TRUE(ledger);
    append(**ledger, 10);
    ASSERT_TRUE((*ledger)->seal(kNoon));
    const auto copy = disk.after(MemoryDisk::PowerLoss::keeps);
    append(**ledger, 10);
    ASSERT_TRUE((*ledger)->seal(kNoon));
    anchors.push_back((*ledger)->sealed());
    EXPECT_EQ(damages_of(*copy), "");
    expect_found(*copy, "rolled back or cut", {.anchors = anchors});
    // Going on from the copy makes another history.
    auto fork = Ledger::open(*copy, "d", options, kNoon);
    ASSERT_TRUE(fork);
    append(**fork, 30);
    ASSERT_TRUE((*fork)->close(kNoon));
    EXPECT_EQ(damages_of(*copy), "");
    EXPECT_NE(damages_of(*copy, {.anchors = anchors}), "");
}

TEST(TamperTest, a_checkpoint_forged_with_another_key_is_found) {
    const auto disk = make_ledger();
    std::string& all = disk->bytes(kLayout.checkpoints());
    const auto newest = parse_checkpoint(disk->bytes(kLayout.checkpoint()));
    ASSERT_TRUE(newest);
    Checkpoint forged = make_checkpoint(newest->origin, newest->head);
    for (int i = 0; i < 2; ++i) {
        const auto key = SignerKey::generate(newest->origin, KeyType::ed25519);
        ASSERT_TRUE(sign(forged.note, *key));
    }
    all.replace(all.size() - render(*newest).size() - 1, std::string::npos, render(forged) + "\n");
    disk->bytes(kLayout.checkpoint()) = render(forged);
    expect_found(*disk, "not signed by the log key");
    expect_found(*disk, "not signed by the key of its day");
}

/// Root of today holds the log key and can make an epoch key of his own, but not the signature of
/// an erased one: he cuts the ledger back and names his key in a seal that looks like that of a
/// writer who was killed.
TEST(TamperTest, a_key_that_its_predecessor_did_not_sign_has_no_effect) {
    MemoryDisk disk;
    LedgerOptions options;
    options.background_sealing = false;
    {
        auto ledger = Ledger::open(disk, "d", options, kNoon);
        ASSERT_TRUE(ledger);
        append(**ledger, 10);
        ASSERT_TRUE((*ledger)->seal(kNoon));
    }
    const auto log_key = SignerKey::parse(
        disk.bytes("d/keys/log.key").substr(0, disk.bytes("d/keys/log.key").find('\n')));
    ASSERT_TRUE(log_key);
    const auto sealed = parse_checkpoint(disk.bytes(kLayout.checkpoint()));
    const auto own = SignerKey::generate(sealed->origin, KeyType::ed25519);
    std::string& log = disk.bytes(kLayout.log(0));
    // His leaves, written with the ledger's own tools.
    const auto add = [&](std::string_view action, const std::string& vkey) {
        std::string root;
        const std::string note = disk.bytes(kLayout.checkpoint());
        root = note.substr(note.find('\n', note.find('\n') + 1) + 1, 44);
        // Members in the order of canonical JSON.
        const std::string key =
            vkey.empty() ? "" : fmt::format(R"(,"mailvigil.ledger.vkey":"{}")", vkey);
        const std::string leaf =
            fmt::format(R"({{"@timestamp":"2026-11-24T00:00:00.000000000Z","event.action":"{}",)"
                        R"("mailvigil.class":"ledger","mailvigil.ledger.root":"{}",)"
                        R"("mailvigil.ledger.size":{}{}}})",
                        action,
                        root,
                        sealed->head.size,
                        key);
        append_frame(leaf, log);
    };
    add("key", render(own->verifier()));
    add("start", "");
    Frontier tree;
    FrameReader frames(log);
    std::string_view leaf;
    while (frames.next(leaf)) {
        tree.append(leaf_hash(leaf));
    }
    Checkpoint forged = make_checkpoint(sealed->origin, {tree.size(), tree.root()});
    ASSERT_TRUE(sign(forged.note, *log_key));
    ASSERT_TRUE(sign(forged.note, *own));
    disk.bytes(kLayout.checkpoints()) += render(forged) + "\n";
    disk.bytes(kLayout.checkpoint()) = render(forged);
    expect_found(disk, "not signed by the key of its day");
}

}  // namespace
}  // namespace mailvigil::evidence
