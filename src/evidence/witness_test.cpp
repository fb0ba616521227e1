#include "evidence/witness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "evidence/lines.h"
#include "evidence/memory_disk.h"
#include "evidence/vectors_test.h"

namespace mailvigil::evidence {

namespace {

const std::string kOrigin = "mx1.example/mailvigil/00000000000000000000000000000001";
const std::string kFolder = "/witness";
const Timestamp kNow = Timestamp(std::chrono::seconds(1'800'000'000));

SignerKey log_key() {
    return signer_of(kOrigin, KeyType::ed25519, std::string(32, '\x01'));
}

SignerKey epoch_key() {
    return signer_of(kOrigin, KeyType::ed25519, std::string(32, '\x02'));
}

SignerKey witness_key() {
    return signer_of("witness.example/w", KeyType::cosignature, std::string(32, '\x03'));
}

/// A log in memory that can be made to tell another story.
struct TestLog {
    MemoryTree tree;

    explicit TestLog(std::string_view salt = {}) : tree(made_leaves(40, salt)) {}

    Checkpoint checkpoint(std::uint64_t size) {
        Checkpoint made =
            make_checkpoint(kOrigin, {.size = size, .root = root_of(tree, size).value()});
        EXPECT_TRUE(sign(made.note, log_key()));
        EXPECT_TRUE(sign(made.note, epoch_key()));
        return made;
    }

    AddCheckpoint request(std::uint64_t old_size, std::uint64_t size) {
        return {.old_size = old_size,
                .path = consistency_path(tree, old_size, size).value(),
                .checkpoint = checkpoint(size)};
    }
};

Result<Witness> open_on(Disk& disk) {
    return Witness::open(disk, kFolder, witness_key(), {log_key().verifier()});
}

/// "200", "409 7" and the like; a 200 must bear a valid cosignature.
std::string answer(Witness& witness, const AddCheckpoint& request) {
    const WitnessResponse response = witness.add_checkpoint(render(request), kNow);
    if (response.status == 200) {
        const auto accepted =
            accept_response(200, response.body, request.checkpoint, witness.verifier());
        EXPECT_TRUE(accepted) << accepted.error().message;
        EXPECT_EQ(cosignature_time(accepted->cosigned.note, witness.verifier()), 1'800'000'000U);
    }
    if (response.status == 409) {
        EXPECT_EQ(response.content_type, "text/x.tlog.size");
        return fmt::format("409 {}", response.body.substr(0, response.body.size() - 1));
    }
    return fmt::format("{}", response.status);
}

TEST(witness, the_example_of_a_request_is_read_and_answered) {
    const auto& vectors = tlog_vectors();
    const AddCheckpoint request = parse_add_checkpoint(vectors.request_example).value();
    EXPECT_EQ(request.old_size, 3U);
    EXPECT_EQ(request.checkpoint.head.size, 7U);
    EXPECT_EQ(render(request), vectors.request_example);

    MemoryDisk disk;
    auto witness =
        Witness::open(disk,
                      kFolder,
                      signer_of(vectors.witness_name, KeyType::cosignature, vectors.witness_seed),
                      {parse_vkey(vectors.log_vkey).value()});
    ASSERT_TRUE(witness);
    AddCheckpoint first{.old_size = 0,
                        .path = {},
                        .checkpoint = parse_checkpoint(vectors.checkpoints.at(3)).value()};
    EXPECT_EQ(answer(*witness, first), "200");
    EXPECT_EQ(answer(*witness, request), "200");
    const std::string hash = render_hex(as_text(sha256(vectors.origin)));
    EXPECT_EQ(parse_checkpoint(witness->newest(hash).value())->head, request.checkpoint.head);
    EXPECT_EQ(witness->newest(render_hex(as_text(sha256("x")))), std::nullopt);
}

TEST(witness, a_log_that_grows_is_cosigned) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    EXPECT_EQ(answer(witness, log.request(0, 0)), "200");
    std::uint64_t before = 0;
    for (const std::uint64_t size : {1U, 2U, 7U, 8U, 8U, 31U, 40U}) {
        EXPECT_EQ(answer(witness, log.request(before, size)), "200") << size;
        before = size;
    }
}

TEST(witness, a_size_that_is_not_the_recorded_one_is_answered_with_that) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    EXPECT_EQ(answer(witness, log.request(5, 9)), "409 0");
    EXPECT_EQ(answer(witness, log.request(0, 9)), "200");
    EXPECT_EQ(answer(witness, log.request(0, 12)), "409 9");
    EXPECT_EQ(answer(witness, log.request(10, 12)), "409 9");
    EXPECT_EQ(answer(witness, log.request(9, 12)), "200");
}

TEST(witness, a_second_history_is_refused) {
    MemoryDisk disk;
    TestLog log;
    TestLog fork("fork");
    Witness witness = open_on(disk).value();
    ASSERT_EQ(answer(witness, log.request(0, 10)), "200");
    EXPECT_EQ(answer(witness, fork.request(10, 10)), "422");
    EXPECT_EQ(answer(witness, fork.request(10, 20)), "422");
    EXPECT_EQ(answer(witness, log.request(5, 5)), "409 10");
    EXPECT_EQ(answer(witness, log.request(0, 5)), "409 10");
    AddCheckpoint back = log.request(5, 5);
    back.old_size = 10;
    EXPECT_EQ(answer(witness, back), "400");
    // Nothing of that left a trace.
    EXPECT_EQ(answer(witness, log.request(10, 20)), "200");
}

TEST(witness, a_proof_must_be_the_right_one) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    AddCheckpoint needless = log.request(0, 10);
    needless.path.push_back(leaf_hash(""));
    EXPECT_EQ(answer(witness, needless), "422");
    ASSERT_EQ(answer(witness, log.request(0, 10)), "200");

    const AddCheckpoint good = log.request(10, 21);
    AddCheckpoint longer = good;
    longer.path.push_back(leaf_hash(""));
    EXPECT_EQ(answer(witness, longer), "422");
    AddCheckpoint shorter = good;
    shorter.path.pop_back();
    EXPECT_EQ(answer(witness, shorter), "422");
    for (std::size_t i = 0; i < good.path.size(); ++i) {
        AddCheckpoint changed = good;
        changed.path[i][0] ^= 1;
        EXPECT_EQ(answer(witness, changed), "422");
    }
    AddCheckpoint same = log.request(10, 10);
    same.path.push_back(leaf_hash(""));
    EXPECT_EQ(answer(witness, same), "422");
    EXPECT_EQ(answer(witness, good), "200");
}

TEST(witness, an_empty_tree_has_one_root) {
    MemoryDisk disk;
    Witness witness = open_on(disk).value();
    AddCheckpoint request{.old_size = 0, .path = {}, .checkpoint = make_checkpoint(kOrigin, {})};
    ASSERT_TRUE(sign(request.checkpoint.note, log_key()));
    EXPECT_EQ(answer(witness, request), "422");
}

TEST(witness, only_the_known_key_counts_and_must_verify) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    const AddCheckpoint good = log.request(0, 4);

    AddCheckpoint epoch_only = good;
    epoch_only.checkpoint.note.signatures.erase(epoch_only.checkpoint.note.signatures.begin());
    EXPECT_EQ(answer(witness, epoch_only), "403");

    AddCheckpoint bad = good;
    bad.checkpoint.note.signatures[0].bytes[9] ^= 4;
    EXPECT_EQ(answer(witness, bad), "403");

    AddCheckpoint bad_and_good = good;
    bad_and_good.checkpoint.note.signatures.push_back(bad.checkpoint.note.signatures[0]);
    EXPECT_EQ(answer(witness, bad_and_good), "403");

    AddCheckpoint bad_epoch = good;
    bad_epoch.checkpoint.note.signatures[1].bytes[9] ^= 4;
    EXPECT_EQ(answer(witness, bad_epoch), "200");

    AddCheckpoint stranger{.old_size = 0,
                           .path = {},
                           .checkpoint = make_checkpoint("elsewhere", good.checkpoint.head)};
    ASSERT_TRUE(sign(stranger.checkpoint.note, log_key()));
    EXPECT_EQ(answer(witness, stranger), "404");
}

TEST(witness, a_malformed_request_is_refused) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    const std::string good = render(log.request(0, 4));
    const std::string rest = good.substr(good.find('\n'));
    std::string long_proof = "old 0";
    for (std::size_t i = 0; i <= kWitnessPathMax; ++i) {
        long_proof += "\n" + render_hash(leaf_hash(""));
    }
    for (const std::string& body : {
             std::string(),
             std::string("\n"),
             rest.substr(1),
             "old" + rest,
             "old 00" + rest,
             "old  0" + rest,
             "old -1" + rest,
             "old 0 " + rest,
             "old 0\r" + rest,
             "Old 0" + rest,
             "old 18446744073709551616" + rest,
             "old 0\nAAAA" + rest,
             "old 0\n" + rest,
             "old 0" + rest.substr(1),
             long_proof + rest,
             good + "\n",
             good.substr(0, good.size() - 1),
             std::string(kWitnessBodyBytesMax + 1, 'x'),
             good + std::string(kWitnessBodyBytesMax, '\n'),
         }) {
        EXPECT_EQ(witness.add_checkpoint(body, kNow).status, 400) << body.substr(0, 200);
    }
    EXPECT_EQ(witness.add_checkpoint(good, kNow).status, 200);
}

TEST(witness, what_was_cosigned_survives_a_restart) {
    MemoryDisk disk;
    TestLog log;
    {
        Witness witness = open_on(disk).value();
        ASSERT_EQ(answer(witness, log.request(0, 6)), "200");
        EXPECT_FALSE(open_on(disk)) << "two witnesses on one folder";
    }
    const auto survived = disk.after(MemoryDisk::PowerLoss::forgets);
    Witness witness = open_on(*survived).value();
    EXPECT_EQ(answer(witness, log.request(0, 9)), "409 6");
    EXPECT_EQ(answer(witness, log.request(6, 9)), "200");
}

TEST(witness, a_cosignature_is_never_released_before_its_record_is_durable) {
    using enum MemoryDisk::PowerLoss;
    std::size_t released = 0;
    std::size_t refused = 0;
    for (const auto loss : {forgets, keeps, tears, fills_zeros}) {
        for (std::uint64_t changes = 0; changes < 12; ++changes) {
            MemoryDisk disk;
            TestLog log;
            Witness witness = open_on(disk).value();
            ASSERT_EQ(answer(witness, log.request(0, 6)), "200");
            disk.fail_after(changes, changes % 3 * 40);
            const std::string said = answer(witness, log.request(6, 11));
            ASSERT_TRUE(said == "200" || said == "500") << said;
            (said == "200" ? released : refused) += 1;

            const auto survived = disk.after(loss);
            auto again = open_on(*survived);
            ASSERT_TRUE(again) << again.error().message;
            const std::string then = answer(*again, log.request(0, 12));
            if (said == "200") {
                EXPECT_EQ(then, "409 11");
            } else {
                EXPECT_TRUE(then == "409 6" || then == "409 11") << then;
            }
            // Whichever it is, there is a way on.
            const std::uint64_t recorded = then == "409 6" ? 6 : 11;
            EXPECT_EQ(answer(*again, log.request(recorded, 12)), "200");
        }
    }
    EXPECT_GT(released, 0U);
    EXPECT_GT(refused, 0U);
}

TEST(witness, after_a_full_disk_it_goes_on) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    ASSERT_EQ(answer(witness, log.request(0, 6)), "200");
    disk.set_capacity(700);
    EXPECT_EQ(answer(witness, log.request(6, 11)), "500");
    disk.set_capacity(std::nullopt);
    EXPECT_EQ(answer(witness, log.request(6, 13)), "200");
}

TEST(witness, a_record_that_was_tampered_with_is_not_taken_for_an_empty_one) {
    MemoryDisk disk;
    TestLog log;
    {
        Witness witness = open_on(disk).value();
        ASSERT_EQ(answer(witness, log.request(0, 6)), "200");
    }
    const std::string path =
        fmt::format("{}/{}.checkpoint", kFolder, render_hex(as_text(sha256(kOrigin))));
    const std::string good = disk.read(path).value();
    for (std::size_t at = 0; at < good.size(); at += 7) {
        disk.bytes(path) = good;
        disk.bytes(path)[at] ^= 1;
        const auto witness = open_on(disk);
        // Of the log's own signature nothing depends here.
        EXPECT_TRUE(!witness || at >= good.find("— ")) << at;
    }
    disk.bytes(path) = good.substr(0, good.size() / 2);
    EXPECT_FALSE(open_on(disk));
    disk.bytes(path) = "";
    EXPECT_FALSE(open_on(disk));
}

TEST(witness, keys_of_the_wrong_kind_are_refused) {
    MemoryDisk disk;
    EXPECT_FALSE(Witness::open(disk, kFolder, log_key(), {}));
    EXPECT_FALSE(Witness::open(disk, kFolder, witness_key(), {witness_key().verifier()}));
}

TEST(witness, a_clock_before_1970_cosigns_nothing) {
    MemoryDisk disk;
    TestLog log;
    Witness witness = open_on(disk).value();
    EXPECT_EQ(witness.add_checkpoint(render(log.request(0, 4)), Timestamp()).status, 500);
}

TEST(accept_response, takes_the_cosignature_and_ignores_strangers) {
    TestLog log;
    const Checkpoint checkpoint = log.checkpoint(4);
    const VerifierKey key = witness_key().verifier();
    Note cosigned = checkpoint.note;
    ASSERT_TRUE(sign(cosigned, witness_key(), 1'700'000'000));
    const std::string good = render(cosigned.signatures.back());
    const std::string stranger = render(cosigned.signatures.front());

    const auto accepted = accept_response(200, stranger + good, checkpoint, key);
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(accepted->retry_from, std::nullopt);
    EXPECT_EQ(render(accepted->cosigned), render(checkpoint) + good);

    // Asked again, the newer one stands in for the older.
    Note later = checkpoint.note;
    ASSERT_TRUE(sign(later, witness_key(), 1'700'000'060));
    const std::string newer = render(later.signatures.back());
    EXPECT_EQ(render(accept_response(200, newer, accepted->cosigned, key)->cosigned),
              render(checkpoint) + newer);

    std::string flipped = good;
    flipped[flipped.size() - 20] ^= 1;
    Note timeless = checkpoint.note;
    ASSERT_TRUE(sign(timeless, witness_key(), 0));
    for (const std::string& body : {std::string(),
                                    std::string("\n"),
                                    stranger,
                                    flipped,
                                    good.substr(0, good.size() - 1),
                                    good + "\n",
                                    good + "thank you\n",
                                    render(timeless.signatures.back()),
                                    std::string(kWitnessBodyBytesMax + 1, 'x')}) {
        EXPECT_FALSE(accept_response(200, body, checkpoint, key)) << body;
    }
    EXPECT_FALSE(accept_response(200, good, log.checkpoint(5), key));
}

TEST(accept_response, says_from_where_to_try_again) {
    TestLog log;
    const Checkpoint checkpoint = log.checkpoint(4);
    const VerifierKey key = witness_key().verifier();
    EXPECT_EQ(accept_response(409, "3\n", checkpoint, key)->retry_from, 3U);
    EXPECT_EQ(accept_response(409, "4\n", checkpoint, key)->retry_from, 4U);
    for (const char* body : {"", "3", "03\n", "3\n\n", "three\n", "-1\n"}) {
        EXPECT_FALSE(accept_response(409, body, checkpoint, key)) << body;
    }
    const auto beyond = accept_response(409, "5\n", checkpoint, key);
    ASSERT_FALSE(beyond);
    EXPECT_TRUE(beyond.error().message.contains("its end is gone")) << beyond.error().message;
    for (const int status : {100, 201, 302, 400, 403, 404, 422, 500, 0, -1}) {
        EXPECT_FALSE(accept_response(status, "3\n", checkpoint, key)) << status;
    }
}

}  // namespace

}  // namespace mailvigil::evidence
