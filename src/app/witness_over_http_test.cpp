#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <optional>
#include <thread>

#include "app/anchoring.h"
#include "app/witness_client.h"
#include "app/witness_server.h"
#include "base/base64.h"
#include "base/fd.h"
#include "evidence/ledger.h"
#include "evidence/ledger_reader.h"
#include "testing/memory_disk.h"

namespace mailvigil::app {

namespace {

using evidence::KeyType;
using evidence::Ledger;
using evidence::SignerKey;
using evidence::Witness;
using testing::MemoryDisk;

const Timestamp kNow = Timestamp(std::chrono::seconds(1'800'000'000));

/// A ledger, a witness that knows it, and the line between them.
struct Pair {
    MemoryDisk ledger_disk;
    MemoryDisk witness_disk;
    std::unique_ptr<Ledger> ledger;
    std::optional<Witness> witness;
    std::unique_ptr<WitnessServer> server;

    explicit Pair(const std::string& prefix = {}) {
        ledger = Ledger::open(ledger_disk, "/ledger", {.background_sealing = false}, kNow).value();
        start(prefix);
    }

    void start(const std::string& prefix = {}, unsigned threads = 4, std::size_t queue_max = 64) {
        auto key = load_witness_key(witness_disk, "/witness", "w.example/1").value();
        witness =
            Witness::open(witness_disk, "/witness", std::move(key), {ledger->log_key()}).value();
        server = WitnessServer::start(*witness,
                                      {.prefix = prefix,
                                       .threads = threads,
                                       .queue_max = queue_max,
                                       .timeout = std::chrono::seconds(1)})
                     .value();
    }

    [[nodiscard]] std::string url() const {
        return fmt::format("http://127.0.0.1:{}", server->port());
    }

    Result<evidence::Checkpoint> anchored(const std::string& path = {}) {
        return anchor(
            *ledger, ledger_disk, "/ledger", {.url = url() + path, .witness = witness->verifier()});
    }
};

/// Empty: no connection.
Fd connect_to(std::uint16_t port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const bool connected =
        ::connect(fd.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    return connected ? std::move(fd) : Fd();
}

/// What comes back for raw bytes, until the server closes or falls silent.
std::string exchange(std::uint16_t port, std::string_view bytes) {
    const Fd fd = connect_to(port);
    if (!fd) {
        return "no connection";
    }
    ::send(fd.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string answer;
    char buffer[4096];
    for (ssize_t got = 1; got > 0;) {
        got = ::recv(fd.number(), buffer, sizeof buffer, 0);
        answer.append(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return answer;
}

std::string status_line(const std::string& answer) {
    return answer.substr(0, answer.find('\r'));
}

TEST(witness_over_http, a_ledger_is_anchored_again_and_again) {
    Pair pair;
    for (int i = 0; i < 4; ++i) {
        const auto cosigned = pair.anchored();
        ASSERT_TRUE(cosigned) << cosigned.error().message;
        EXPECT_EQ(cosigned->head, pair.ledger->sealed().head);
        EXPECT_EQ(check(pair.ledger->sealed().note, pair.witness->verifier()),
                  evidence::SignatureCheck::valid);
        ASSERT_TRUE(pair.ledger->seal(kNow + std::chrono::minutes(i)));
    }
}

TEST(witness_over_http, a_prefix_belongs_to_the_address) {
    Pair pair("/wit.ness");
    EXPECT_TRUE(pair.anchored("/wit.ness"));
    EXPECT_TRUE(pair.anchored("/wit.ness/"));
    EXPECT_FALSE(pair.anchored("/wit-ness"));
    EXPECT_FALSE(pair.anchored());
}

TEST(witness_over_http, a_client_that_forgot_what_was_cosigned_asks_from_there) {
    Pair pair;
    ASSERT_TRUE(pair.anchored());
    ASSERT_TRUE(pair.ledger->seal(kNow));
    const auto reader = evidence::LedgerReader::open(pair.ledger_disk, "/ledger").value();
    const auto cosigned = ask_witness({.url = pair.url(),
                                       .witness = pair.witness->verifier(),
                                       .checkpoint = pair.ledger->sealed(),
                                       .old_size = 0},
                                      *reader);
    ASSERT_TRUE(cosigned) << cosigned.error().message;
    EXPECT_EQ(cosigned->head, pair.ledger->sealed().head);
}

TEST(witness_over_http, a_witness_that_was_restarted_goes_on) {
    Pair pair;
    ASSERT_TRUE(pair.anchored());
    pair.server.reset();
    EXPECT_FALSE(ask_witness({.url = "http://127.0.0.1:1",
                              .witness = pair.witness->verifier(),
                              .checkpoint = pair.ledger->sealed()},
                             *evidence::LedgerReader::open(pair.ledger_disk, "/ledger").value()));
    pair.witness.reset();
    pair.start();
    ASSERT_TRUE(pair.ledger->seal(kNow));
    EXPECT_TRUE(pair.anchored());
}

TEST(witness_over_http, a_ledger_that_was_restored_from_an_older_copy_is_noticed) {
    Pair pair;
    ASSERT_TRUE(pair.anchored());
    const auto copy = pair.ledger_disk.after(MemoryDisk::PowerLoss::forgets);
    ASSERT_TRUE(pair.ledger->seal(kNow));
    ASSERT_TRUE(pair.ledger->seal(kNow));
    ASSERT_TRUE(pair.anchored());

    const auto again = Ledger::open(*copy, "/ledger", {.background_sealing = false}, kNow).value();
    const AnchorOptions options{.url = pair.url(), .witness = pair.witness->verifier()};
    const auto smaller = anchor(*again, *copy, "/ledger", options);
    ASSERT_FALSE(smaller);
    EXPECT_TRUE(smaller.error().message.contains("its end is gone")) << smaller.error().message;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(again->seal(kNow));
    }
    const auto forked = anchor(*again, *copy, "/ledger", options);
    ASSERT_FALSE(forked);
    EXPECT_TRUE(forked.error().message.contains("422")) << forked.error().message;
}

TEST(witness_over_http, a_key_of_somebody_else_is_not_believed) {
    Pair pair;
    const auto other = SignerKey::generate("w.example/1", KeyType::cosignature).value();
    const auto refused = anchor(*pair.ledger,
                                pair.ledger_disk,
                                "/ledger",
                                {.url = pair.url(), .witness = other.verifier()});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.contains("no valid cosignature"));
}

TEST(witness_over_http, what_is_no_address_is_refused) {
    Pair pair;
    const auto reader = evidence::LedgerReader::open(pair.ledger_disk, "/ledger").value();
    for (const char* url : {"",
                            "127.0.0.1:8647",
                            "ftp://127.0.0.1",
                            "http://",
                            "http://a b",
                            "http://a/?x",
                            "http://u@a/",
                            "http://127.0.0.1:99999999999999999999/",
                            "http://127.0.0.1:0/",
                            "http://[::1/"}) {
        EXPECT_FALSE(ask_witness({.url = url,
                                  .witness = pair.witness->verifier(),
                                  .checkpoint = pair.ledger->sealed(),
                                  .timeout = std::chrono::seconds(1)},
                                 *reader))
            << url;
    }
}

TEST(witness_over_http, monitors_get_the_newest_checkpoint) {
    Pair pair;
    const std::string path = fmt::format("GET /{}/checkpoint HTTP/1.1\r\nConnection: close\r\n\r\n",
                                         render_hex(as_text(sha256(pair.ledger->sealed().origin))));
    EXPECT_EQ(status_line(exchange(pair.server->port(), path)), "HTTP/1.1 404 Not Found");
    ASSERT_TRUE(pair.anchored());
    const std::string answer = exchange(pair.server->port(), path);
    EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
    EXPECT_TRUE(answer.contains(pair.ledger->sealed().note.text));
}

TEST(witness_over_http, hostile_requests_are_refused_and_the_witness_lives) {
    Pair pair;
    const std::string post = "POST /add-checkpoint HTTP/1.1\r\nConnection: close\r\n";
    const std::string huge(evidence::kWitnessBodyBytesMax + 4096, 'x');

    const struct {
        std::string bytes;
        std::string_view status;
    } kRows[] = {
        {post + "Content-Length: 3\r\n\r\nold", "HTTP/1.1 400 Bad Request"},
        {post + fmt::format("Content-Length: {}\r\n\r\n{}", huge.size(), huge),
         "HTTP/1.1 413 Payload Too Large"},
        {post + fmt::format(
                    "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", huge.size(), huge),
         "HTTP/1.1 413 Payload Too Large"},
        {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", ""},
        {post + "Content-Length: 99999999999999999999999\r\n\r\n", ""},
        {post + "Range: bytes=99999999999999999999999-\r\nContent-Length: 0\r\n\r\n", ""},
        {post + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nold", ""},
        {"GET /add-checkpoint HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 Not Found"},
        {"GET /../../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 Not Found"},
        {"GET /%zz%00 HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 Not Found"},
        {"nonsense\r\n\r\n", ""},
        {"", ""},
    };

    for (const auto& row : kRows) {
        if (row.bytes.empty()) {
            continue;
        }
        const std::string status = status_line(exchange(pair.server->port(), row.bytes));
        if (!row.status.empty()) {
            EXPECT_EQ(status, row.status) << row.bytes.substr(0, 120);
        } else {
            EXPECT_FALSE(status.contains(" 200 ")) << row.bytes.substr(0, 120);
        }
    }
    EXPECT_TRUE(pair.anchored());
}

TEST(witness_over_http, who_sends_too_slowly_or_too_much_is_cut_off) {
    Pair pair;
    const Fd slow = connect_to(pair.server->port());
    ASSERT_TRUE(slow);
    const auto began = std::chrono::steady_clock::now();
    // A byte now and then keeps each single read alive.
    bool open = true;
    for (int i = 0; i < 100 && open; ++i) {
        open = ::send(slow.number(), "G", 1, MSG_NOSIGNAL) == 1;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_FALSE(open);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
    std::string lines = "GET / HTTP/1.1\r\n";
    while (lines.size() < 4 * evidence::kWitnessBodyBytesMax) {
        lines += "X: " + std::string(1000, 'x') + "\r\n";
    }
    EXPECT_FALSE(exchange(pair.server->port(), lines + "\r\n").contains(" 200 "));
    EXPECT_TRUE(pair.anchored());
}

TEST(witness_over_http, more_connections_than_may_wait_are_turned_away) {
    Pair pair;
    pair.server.reset();
    pair.witness.reset();
    pair.start({}, 1, 1);
    // The first takes the one thread, the second the one place to wait.
    std::vector<Fd> idle;
    for (int i = 0; i < 2; ++i) {
        idle.push_back(connect_to(pair.server->port()));
        ASSERT_TRUE(idle.back());
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(status_line(exchange(pair.server->port(), "")), "HTTP/1.1 503 Service Unavailable");
    idle.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(pair.anchored());
}

TEST(witness_over_http, what_was_pruned_past_the_witness_is_told_with_what_to_do) {
    Pair pair;
    ASSERT_TRUE(pair.anchored());
    pair.ledger->close(kNow).value();
    pair.ledger =
        Ledger::open(
            pair.ledger_disk, "/ledger", {.segment_bytes = 1, .background_sealing = false}, kNow)
            .value();
    for (int i = 0; i < 600; ++i) {
        ASSERT_TRUE(pair.ledger->seal(kNow));
    }
    ASSERT_GT(pair.ledger->prune(500, "age", kNow).value(), 0U);
    const auto refused = pair.anchored();
    ASSERT_FALSE(refused);
    for (const std::string_view part :
         {"cosigned this ledger up to size", "is pruned", "What to do"}) {
        EXPECT_TRUE(refused.error().message.contains(part)) << refused.error().message;
    }
}

TEST(witness_over_http, many_at_once_get_one_history) {
    Pair pair;
    const auto checkpoint = pair.ledger->sealed();
    std::atomic<int> cosigned = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                const auto reader =
                    evidence::LedgerReader::open(pair.ledger_disk, "/ledger").value();
                cosigned += ask_witness({.url = pair.url(),
                                         .witness = pair.witness->verifier(),
                                         .checkpoint = checkpoint},
                                        *reader)
                                .has_value();
            });
        }
    }
    EXPECT_EQ(cosigned, 8);
}

TEST(witness_over_http, an_address_in_use_is_an_error) {
    Pair pair;
    const std::uint16_t port = pair.server->port();
    const auto second = WitnessServer::start(*pair.witness, {.port = port});
    ASSERT_FALSE(second);
    EXPECT_TRUE(
        second.error().message.contains(fmt::format("cannot listen on 127.0.0.1:{}", port)));
    EXPECT_FALSE(WitnessServer::start(*pair.witness, {.address = "192.0.2.1", .port = 8647}));
}

}  // namespace

}  // namespace mailvigil::app
