#include "output/courier.h"

#include <fmt/format.h>

#include <charconv>

#include "event/canonical.h"
#include "evidence/layout.h"

namespace mailvigil::output {

namespace {

/// So much is handed over at once; what is collected but not yet delivered is held in memory.
constexpr std::size_t kMessageBytesMax = std::size_t{1} << 20U;
constexpr std::chrono::seconds kRetryFirst{1};
constexpr std::chrono::seconds kRetryLast{60};

/// "leaf segment offset\n"
std::string render_cursor(const evidence::Position& position) {
    return fmt::format("{} {} {}\n", position.leaf, position.segment, position.offset);
}

Result<evidence::Position> parse_cursor(std::string_view text, const std::string& path) {
    evidence::Position position;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::uint64_t* number : {&position.leaf, &position.segment, &position.offset}) {
        const auto [next, error] = std::from_chars(at, end, *number);
        if (error != std::errc() || next == end || (*next != ' ' && *next != '\n')) {
            return fail(ErrorCode::malformed,
                        fmt::format("{}: not a place in a ledger; remove it, and delivery begins "
                                    "at the ledger's end",
                                    path));
        }
        at = next + 1;
    }
    return position;
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

}  // namespace

Courier::Courier(evidence::Disk& disk, const Sink& sink, std::string target, CourierOptions options)
    : disk_(disk), sink_(sink), target_(std::move(target)), options_(std::move(options)) {}

Courier::~Courier() = default;

Result<std::unique_ptr<Courier>> Courier::create(evidence::Disk& disk,
                                                 const Sink& sink,
                                                 std::string target,
                                                 CourierOptions options) {
    std::unique_ptr<Courier> courier(
        new Courier(disk, sink, std::move(target), std::move(options)));
    const CourierOptions& with = courier->options_;
    courier->reader_ = TRY(evidence::LedgerReader::open(disk, with.ledger));
    if (disk.exists(with.cursor)) {
        const std::string text = TRY(disk.read(with.cursor));
        courier->position_ = TRY(parse_cursor(text, with.cursor));
    } else {
        courier->position_ = TRY(courier->reader_->read_on({}, [](auto, auto) { return true; }));
        TRY(evidence::replace_file(
            disk, folder_of(with.cursor), with.cursor, render_cursor(courier->position_)));
    }
    courier->health_.next = courier->position_.leaf;
    return courier;
}

Result<void> Courier::collect(std::uint64_t durable, evidence::Position& position) {
    EventBatch batch;
    position = TRY(reader_->read_on(position, [&](std::uint64_t leaf, std::string_view bytes) {
        batch.clear();
        // What can't be decoded a later version wrote.
        if (decode_canonical(bytes, batch)) {
            take(batch.events().front(), leaf);
        }
        return leaf + 1 < durable && messages_.size() < kMessageBytesMax;
    }));
    return {};
}

void Courier::take(const Event& event, std::uint64_t leaf) {
    if (event.event_class == EventClass::gap ||
        (event.event_class == EventClass::finding &&
         parse_level(event.finding_level()) >= options_.level)) {
        sink_.render(event, leaf, messages_);
        ++message_count_;
    }
}

Result<void> Courier::hand_over() {
    if (messages_.empty()) {
        return {};
    }
    if (delivery_ == nullptr) {
        delivery_ = TRY(sink_.open(target_));
    }
    if (Result<void> done = delivery_->deliver(messages_); !done) {
        delivery_.reset();
        return done;
    }
    return {};
}

Result<void> Courier::carry(std::uint64_t durable) {
    while (position_.leaf < durable) {
        evidence::Position after = position_;
        messages_.clear();
        message_count_ = 0;
        TRY(collect(durable, after));
        TRY(hand_over());
        if (after == position_) {
            break;
        }
        position_ = after;
        // A cursor that lags behind only delivers again.
        if (message_count_ > 0) {
            TRY(evidence::replace_file(
                disk_, folder_of(options_.cursor), options_.cursor, render_cursor(position_)));
        }
        const std::scoped_lock lock(mutex_);
        health_.delivered += message_count_;
        health_.next = position_.leaf;
    }
    return {};
}

void Courier::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Courier::notify(std::uint64_t durable) {
    {
        const std::scoped_lock lock(mutex_);
        durable_ = std::max(durable_, durable);
    }
    woken_.notify_one();
}

CourierHealth Courier::health() const {
    const std::scoped_lock lock(mutex_);
    return health_;
}

void Courier::run(const std::stop_token& stop) {
    std::chrono::seconds retry = kRetryFirst;
    for (;;) {
        std::uint64_t durable = 0;
        {
            std::unique_lock lock(mutex_);
            if (health_.trouble) {
                woken_.wait_for(lock, stop, retry, [] { return false; });
                retry = std::min(retry * 2, kRetryLast);
            } else {
                woken_.wait(lock, stop, [&] { return durable_ > position_.leaf; });
            }
            durable = durable_;
        }
        const Result<void> carried = carry(durable);
        const std::scoped_lock lock(mutex_);
        if (carried) {
            health_.trouble.reset();
            retry = kRetryFirst;
        } else {
            health_.trouble = carried.error().message;
        }
        if (stop.stop_requested()) {
            return;
        }
    }
}

}  // namespace mailvigil::output
