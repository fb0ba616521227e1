#include "evidence/index_test.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "evidence/index/packing.h"

namespace mailvigil::evidence {

namespace {

TEST(index, answers_from_the_ledger_alone_while_nothing_is_written) {
    IndexedLedger ledger;
    ledger.append(700);
    ledger.commit();
    expect_same_answers(ledger, *ledger.index);
}

TEST(index, answers_from_chunks_and_the_ledgers_end) {
    IndexedLedger ledger;
    ledger.append(900);
    ledger.flush();
    ledger.append(300);
    ledger.flush();
    EXPECT_EQ(ledger.index->waiting(), 0U);
    ledger.append(150);
    ledger.commit();
    EXPECT_EQ(ledger.index->waiting(), 150U);
    expect_same_answers(ledger, *ledger.index);
}

TEST(index, many_small_chunks_become_one_and_answer_the_same) {
    IndexedLedger ledger;
    for (int i = 0; i < 40; ++i) {
        ledger.append(7 + static_cast<std::uint64_t>(i) % 13);
        ledger.flush();
    }
    expect_same_answers(ledger, *ledger.index);
}

TEST(index, writes_no_leaf_that_is_not_durable) {
    IndexedLedger ledger;
    ledger.append(300);
    ledger.commit();
    const std::uint64_t durable = ledger.ledger->durable();
    const Position position = ledger.ledger->position();
    ledger.append(400);
    ASSERT_TRUE(ledger.index->flush(durable, position));
    EXPECT_EQ(ledger.index->waiting(), 400U);
    auto reading = Index::open(ledger.folder, Index::Mode::read);
    ASSERT_TRUE(reading);
    EXPECT_EQ((*reading)->next_leaf(), durable);
    ledger.commit();
    expect_same_answers(ledger, **reading);
    ledger.flush();
    expect_same_answers(ledger, **reading);
    EXPECT_EQ((*reading)->next_leaf(), ledger.ledger->durable());
}

TEST(index, goes_on_after_it_was_closed) {
    IndexedLedger ledger;
    ledger.append(400);
    ledger.flush();
    ledger.append(200);
    ledger.commit();
    ledger.reopen();
    EXPECT_LT(ledger.index->next_leaf(), ledger.ledger->size());
    ASSERT_TRUE(ledger.index->catch_up(*ledger.reader(), {}));
    EXPECT_EQ(ledger.index->next_leaf(), ledger.ledger->size());
    ledger.append(200);
    ledger.flush();
    expect_same_answers(ledger, *ledger.index);
}

TEST(index, a_hole_is_refused) {
    IndexedLedger ledger;
    Event event;
    event.reset(EventClass::access, kStart);
    EXPECT_FALSE(ledger.index->add(ledger.index->next_leaf() + 1, event));
    EXPECT_TRUE(ledger.index->add(ledger.index->next_leaf(), event));
}

TEST(index, built_anew_it_answers_as_the_live_one) {
    IndexedLedger ledger;
    ledger.append(800);
    ledger.flush();
    const std::string live = all_answers(ledger, *ledger.index);
    ASSERT_TRUE(ledger.index->clear());
    EXPECT_EQ(ledger.index->next_leaf(), 0U);
    std::uint64_t progress = 0;
    ASSERT_TRUE(ledger.index->catch_up(*ledger.reader(), [&](std::uint64_t n) { progress = n; }));
    EXPECT_EQ(progress, ledger.ledger->size());
    EXPECT_EQ(all_answers(ledger, *ledger.index), live);
}

TEST(index, of_a_ledger_that_is_another_is_built_anew) {
    IndexedLedger old;
    old.append(500);
    old.flush();
    IndexedLedger young;
    young.append(20);
    young.commit();
    auto index = Index::open(old.folder, Index::Mode::write);
    ASSERT_TRUE(index);
    ASSERT_TRUE((*index)->catch_up(*young.reader(), {}));
    EXPECT_EQ((*index)->next_leaf(), young.ledger->size());
    expect_same_answers(young, **index);
}

TEST(index, of_another_ledger_of_the_same_size_it_is_not_used) {
    IndexedLedger ours;
    ours.append(300);
    ours.commit();
    ours.flush();
    IndexedLedger other;
    other.append(300);
    other.commit();
    EXPECT_NE(ours.ledger->sealed().origin, other.ledger->sealed().origin);
    // To ask, the ledger is read; to write, the index is made anew.
    other.index.reset();
    std::filesystem::copy_file(
        ours.file(), other.file(), std::filesystem::copy_options::overwrite_existing);
    for (const char* const suffix : {"-wal", "-shm"}) {
        std::filesystem::remove(other.file() + suffix);
        if (std::filesystem::exists(ours.file() + suffix)) {
            std::filesystem::copy_file(ours.file() + suffix, other.file() + suffix);
        }
    }
    other.reopen(Index::Mode::read);
    EXPECT_GT(other.index->next_leaf(), 0U);
    expect_same_answers(other, *other.index);
    EXPECT_TRUE(other.index->stale());
    other.reopen();
    EXPECT_TRUE(other.index->catch_up(*other.reader(), {}));
    expect_same_answers(other, *other.index);
    other.reopen(Index::Mode::read);
    expect_same_answers(other, *other.index);
    EXPECT_FALSE(other.index->stale());
}

TEST(index, numbers_of_incidents_outlive_pruning_and_the_index) {
    IndexedLedger ledger;
    Event finding;
    finding.reset(EventClass::finding, kStart);
    finding.set_finding_incident(4711);
    ledger.append(finding);
    for (int round = 0; round < 2; ++round) {
        // The second removal takes the seal of the first with it.
        for (int i = 0; i < 6; ++i) {
            ledger.append(1'000);
            ledger.commit();
        }
        ledger.prune(ledger.ledger->size() - 10);
        EXPECT_GT(ledger.reader()->first(), 1U);
        ASSERT_TRUE(ledger.index->clear());
        ASSERT_TRUE(ledger.index->catch_up(*ledger.reader(), {}));
        EXPECT_EQ(ledger.index->last_incident(*ledger.reader()).value_or(0), 4711U);
        EXPECT_FALSE(std::ranges::any_of(*ledger.index->incidents(*ledger.reader(), {}),
                                         [](const auto& row) { return row.number == 4711; }));
    }
}

TEST(index, more_than_one_full_chunk) {
    IndexedLedger ledger;
    Event event;
    std::uint64_t i = 0;
    while (ledger.ledger->size() < 2 * Index::kChunkLeaves + 1'000) {
        const std::string mailbox = fmt::format("user{}", ++i % 3'001);
        event.reset(EventClass::access, kStart + std::chrono::milliseconds(i));
        event.set_access_mailbox(mailbox);
        event.set_session_id(i % 5'003);
        ledger.append(event);
        if (i % 5'000 == 0) {
            ledger.commit();  // the ledger keeps only so much in memory
        }
    }
    ledger.flush();
    const auto reader = ledger.reader();
    for (const std::uint64_t n : {0, 1, 1'500, 3'000}) {
        std::uint64_t rows = 0;
        ASSERT_TRUE(ledger.index->accesses(
            *reader, fmt::format("user{}", n), {}, [&](const AccessRow&) { ++rows; }));
        EXPECT_EQ(rows, (i - n) / 3'001 + (n == 0 ? 0 : 1));
        std::uint64_t events = 0;
        ASSERT_TRUE(ledger.index->actor(*reader,
                                        {ActorQuery::Kind::session, fmt::to_string(n)},
                                        {},
                                        [&](std::uint64_t, const Event&) { ++events; }));
        EXPECT_EQ(events, (i - n) / 5'003 + (n == 0 ? 0 : 1));
    }
}

TEST(index, pruned_leaves_are_not_told) {
    IndexedLedger ledger;
    ledger.append(1'500);
    ledger.flush();
    ledger.append(1'500);
    ledger.flush();
    // The reader knows first what is gone.
    const auto stays = ledger.ledger->prune(2'000, "retention", kStart + std::chrono::hours(1));
    ASSERT_TRUE(stays);
    ASSERT_GT(*stays, 0U);
    ledger.flush();
    expect_same_answers(ledger, *ledger.index);
    ASSERT_TRUE(ledger.index->prune(*stays));
    expect_same_answers(ledger, *ledger.index);
    ledger.append(500);
    ledger.flush();
    ledger.reopen();
    expect_same_answers(ledger, *ledger.index);
    ASSERT_TRUE(ledger.index->clear());
    ASSERT_TRUE(ledger.index->catch_up(*ledger.reader(), {}));
    expect_same_answers(ledger, *ledger.index);
}

TEST(index, absent_or_foreign_it_is_stale_and_the_ledger_answers) {
    IndexedLedger ledger;
    ledger.append(300);
    ledger.flush();
    EXPECT_FALSE(ledger.index->stale());
    ledger.index.reset();
    struct stat about{};
    ASSERT_EQ(::stat(ledger.file().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    for (const std::string_view bytes :
         {"", "no database at all, but long enough to be looked at"}) {
        std::ofstream(ledger.file(), std::ios::trunc) << bytes;
        auto reading = Index::open(ledger.folder, Index::Mode::read);
        ASSERT_TRUE(reading) << reading.error().message;
        EXPECT_TRUE((*reading)->stale());
        EXPECT_EQ((*reading)->next_leaf(), 0U);
        expect_same_answers(ledger, **reading);
    }
    ASSERT_EQ(::unlink(ledger.file().c_str()), 0);
    ledger.reopen(Index::Mode::read);
    EXPECT_TRUE(ledger.index->stale());
    ledger.reopen(Index::Mode::write);
    EXPECT_FALSE(ledger.index->stale());
    ASSERT_TRUE(ledger.index->catch_up(*ledger.reader(), {}));
    expect_same_answers(ledger, *ledger.index);
}

TEST(index, a_flipped_bit_in_a_part_is_an_error_and_never_a_wrong_answer) {
    IndexedLedger ledger;
    ledger.append(900);
    ledger.flush();
    const std::string right = all_answers(ledger, *ledger.index);
    ledger.index.reset();
    std::mt19937 random(7);
    int noticed = 0;
    for (int round = 0; round < 30; ++round) {
        std::filesystem::copy_file(ledger.file(),
                                   ledger.file() + ".kept",
                                   std::filesystem::copy_options::overwrite_existing);
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open(ledger.file().c_str(), &database), SQLITE_OK);
        const std::string flip = fmt::format(
            "UPDATE part SET bytes = CAST(substr(bytes, 1, {0} % length(bytes)) || x'{1:02x}' ||"
            " substr(bytes, {0} % length(bytes) + 2) AS BLOB)"
            " WHERE id = (SELECT id FROM part ORDER BY id LIMIT 1 OFFSET {2} %"
            " (SELECT count(*) FROM part))",
            random() % 10'000,
            random() % 256,
            random() % 10'000);
        ASSERT_EQ(sqlite3_exec(database, flip.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(database);
        {
            auto reading = Index::open(ledger.folder, Index::Mode::read);
            ASSERT_TRUE(reading);
            const std::string answers = all_answers(ledger, **reading);
            if (answers != right) {
                ++noticed;
                EXPECT_NE(answers.find("`mailvigil evidence reindex`"), std::string::npos);
            }
        }
        std::filesystem::rename(ledger.file() + ".kept", ledger.file());
    }
    EXPECT_GT(noticed, 0);
}

TEST(index, any_damage_to_the_file_is_survived) {
    IndexedLedger ledger;
    ledger.append(500);
    ledger.flush();
    ledger.index.reset();
    std::ifstream in(ledger.file(), std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
        std::string bytes = whole;
        for (int i = 0; i < 20; ++i) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        bytes.resize(round % 5 == 0 ? random() % bytes.size() : bytes.size());
        std::ofstream(ledger.file(), std::ios::trunc | std::ios::binary) << bytes;
        if (auto reading = Index::open(ledger.folder, Index::Mode::read)) {
            EXPECT_FALSE(all_answers(ledger, **reading).empty());
        }
    }
    ledger.reopen();
    ASSERT_TRUE(ledger.index->clear());
    ASSERT_TRUE(ledger.index->catch_up(*ledger.reader(), {}));
    expect_same_answers(ledger, *ledger.index);
}

TEST(index_packing, columns_come_back_whatever_is_in_them) {
    std::mt19937_64 random(3);
    for (const std::size_t count : {0, 1, 2, 3, 7, 8, 9, 255, 1'000}) {
        for (unsigned width = 0; width <= 64; ++width) {
            std::vector<std::uint64_t> values(count);
            for (std::uint64_t& value : values) {
                value = width == 0 ? 5 : random() >> (64 - width);
                value = random() % 50 == 0 ? random() : value;
            }
            std::vector<std::uint64_t> scaled = values;
            for (std::uint64_t& value : scaled) {
                value = value % 1'000 * 1'000'000;
            }
            index::Packer out;
            out.clear();
            out.column(values);
            std::vector<std::uint64_t> kept = scaled;
            out.scaled_column(scaled);
            index::Unpacker in(out.sealed());
            std::vector<std::uint64_t> back;
            in.column(count, back);
            ASSERT_EQ(back, values);
            in.scaled_column(count, back);
            ASSERT_EQ(back, kept);
            ASSERT_TRUE(in.good());
        }
    }
}

TEST(index_packing, no_bytes_make_it_read_beyond_them) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 3'000; ++round) {
        std::string body(random() % 60, '\0');
        for (char& c : body) {
            c = static_cast<char>(random() >> (random() % 8));
        }
        index::Packer out;
        out.clear();
        out.text(body);
        // The length in front goes, the check is made right: only the decoder stands in the way.
        index::Packer raw;
        raw.clear();
        for (const char c : body) {
            raw.number(static_cast<unsigned char>(c) & 0x7FU);
        }
        index::Unpacker in(raw.sealed());
        std::vector<std::uint64_t> values;
        in.column(random() % 300, values);
        in.text();
        in.scaled_column(random() % 300, values);
        in.number();
    }
}

}  // namespace

}  // namespace mailvigil::evidence
