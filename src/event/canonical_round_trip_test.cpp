// What was rendered comes back, and what is broken does not: over every field, and over texts cut
// and flipped at every place.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "event/canonical.h"

using namespace std::string_view_literals;

namespace mailvigil {

namespace {

constexpr std::string_view kTexts[] = {""sv,
                                       "a"sv,
                                       "seven b"sv,
                                       "eight by"sv,
                                       "/usr/lib/dovecot/imap"sv,
                                       "\0"sv,
                                       "\x7f"sv,
                                       "\x1f\x0b\b\t\n\f\r"sv,
                                       "\"\\\"\\"sv,
                                       "1234567\""sv,
                                       "12345678\\"sv,
                                       "\xc3\xa9t\xc3\xa9"sv,
                                       "\xe2\x80\xa8\xe2\x80\xa9"sv,
                                       "\xf0\x9f\x93\xac"sv,
                                       "\xef\xbf\xbf"sv,
                                       "\xff"sv,
                                       "text \xed\xa0\x80 surrogate"sv,
                                       "\xc0\x80"sv,
                                       "cut \xe2\x80"sv};

constexpr std::uint64_t kNumbers[] = {0,
                                      1,
                                      9,
                                      10,
                                      4711,
                                      (std::uint64_t{1} << 53) - 1,
                                      std::uint64_t{1} << 53,
                                      (std::uint64_t{1} << 53) + 1,
                                      std::uint64_t{1} << 63,
                                      std::numeric_limits<std::uint64_t>::max()};

constexpr const char* kAddresses[] = {
    "0.0.0.0", "255.255.255.255", "192.0.2.17", "::", "::1", "2001:db8::ff", "fe80::1:2:3:4"};

std::string render(const Event& event) {
    std::string text;
    render_canonical(event, text);
    return text;
}

bool same_value(const Event& a, const Event& b, const FieldRow& row) {
    return a.has(row.field) == b.has(row.field) &&
           (row.type != FieldType::text || a.text_of(row.field) == b.text_of(row.field)) &&
           (row.type != FieldType::texts ||
            std::ranges::equal(a.texts_of(row.field), b.texts_of(row.field))) &&
           (row.type != FieldType::number || a.number_of(row.field) == b.number_of(row.field)) &&
           (row.type != FieldType::integer || a.integer_of(row.field) == b.integer_of(row.field)) &&
           (row.type != FieldType::address || a.address_of(row.field) == b.address_of(row.field)) &&
           (row.type != FieldType::time || a.time_of(row.field) == b.time_of(row.field));
}

/// Fails unless the event comes back, value by value, and renders to the same bytes.
void expect_round_trip(const Event& event) {
    static const auto kBatch = std::make_unique<EventBatch>();
    kBatch->clear();
    const std::string text = render(event);
    const auto decoded = decode_canonical(text, *kBatch);
    ASSERT_TRUE(decoded) << decoded.error().message << "\n" << text;
    const Event& again = kBatch->events()[0];
    EXPECT_EQ(again.event_class, event.event_class);
    EXPECT_EQ(again.time, event.time);
    for (const FieldRow& row : field_rows()) {
        EXPECT_TRUE(same_value(event, again, row)) << row.name << " of " << text;
    }
    EXPECT_EQ(render(again), text);
}

/// Sets fields to values that are chosen by the numbers it is given.
class Filler {
  public:
    explicit Filler(std::uint64_t seed) : random_(seed) {}

    /// A number below `limit`.
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

    void set(const FieldRow& row, Event& event) {
        switch (row.type) {
            case FieldType::text:
                event.put(row.field, text());
                break;
            case FieldType::texts:
                event.put(row.field, texts());
                break;
            case FieldType::number:
                event.put(row.field, number());
                break;
            case FieldType::integer:
                event.put(row.field, static_cast<std::int64_t>(number()));
                break;
            case FieldType::address:
                event.put(row.field, address());
                break;
            case FieldType::time:
                event.put(row.field, time());
                break;
        }
    }

    Timestamp time() {
        return Timestamp(std::chrono::nanoseconds(static_cast<std::int64_t>(number())));
    }

    /// The values so far are no longer needed.
    void forget() { arena_.clear(); }

  private:
    std::string_view text() {
        std::string text;
        for (std::size_t pieces = below(4); pieces > 0; --pieces) {
            text += below(2) == 0 ? kTexts[below(15)] : kTexts[below(std::size(kTexts))];
        }
        return arena_.copy(text);
    }

    std::span<const std::string_view> texts() {
        const auto texts = arena_.array<std::string_view>(below(5));
        std::ranges::generate(texts, [&] { return text(); });
        return texts;
    }

    std::uint64_t number() {
        const std::uint64_t number = random_() >> below(64);
        return below(2) == 0 ? kNumbers[below(std::size(kNumbers))] : number;
    }

    IpAddress address() {
        IpAddress address = *parse_address(kAddresses[below(std::size(kAddresses))]);
        for (std::uint8_t& byte : address.bytes) {
            byte = below(4) == 0 ? static_cast<std::uint8_t>(random_()) : byte;
        }
        return address;
    }

    std::mt19937_64 random_;
    Arena arena_;
};

Event event_of(EventClass event_class) {
    Event event;
    event.reset(event_class, Timestamp(std::chrono::nanoseconds(1'795'400'047'120'000'000)));
    return event;
}

TEST(canonical_round_trip, of_every_field_with_every_extreme_value) {
    for (const FieldRow& row : field_rows()) {
        Event event = event_of(EventClass::access);
        if (row.type == FieldType::text) {
            for (const std::string_view text : kTexts) {
                event.put(row.field, text);
                expect_round_trip(event);
            }
        } else if (row.type == FieldType::texts) {
            for (std::size_t first = 0; first < std::size(kTexts); ++first) {
                event.put(row.field, std::span(kTexts).first(first));
                expect_round_trip(event);
                event.put(row.field, std::span(kTexts).subspan(first, 1));
                expect_round_trip(event);
            }
        } else if (row.type == FieldType::address) {
            for (const char* address : kAddresses) {
                event.put(row.field, *parse_address(address));
                expect_round_trip(event);
            }
        } else {
            for (const std::uint64_t number : kNumbers) {
                for (const std::uint64_t value : {number, ~number + 1}) {
                    if (row.type == FieldType::number) {
                        event.put(row.field, value);
                    } else if (row.type == FieldType::integer) {
                        event.put(row.field, static_cast<std::int64_t>(value));
                    } else {
                        event.put(
                            row.field,
                            Timestamp(std::chrono::nanoseconds(static_cast<std::int64_t>(value))));
                    }
                    expect_round_trip(event);
                }
            }
        }
    }
}

TEST(canonical_round_trip, of_every_class) {
    for (auto number = 0U; number <= static_cast<unsigned>(EventClass::ledger); ++number) {
        expect_round_trip(event_of(static_cast<EventClass>(number)));
    }
}

TEST(canonical_round_trip, of_an_event_with_all_fields) {
    Filler filler(1);
    for (int i = 0; i < 100; ++i) {
        Event event = event_of(EventClass::finding);
        for (const FieldRow& row : field_rows()) {
            filler.set(row, event);
        }
        expect_round_trip(event);
    }
}

TEST(canonical_round_trip, of_random_events) {
    Filler filler(20'261'123);
    for (int i = 0; i < 10'000 && !HasFailure(); ++i) {
        Event event = event_of(static_cast<EventClass>(
            filler.below(static_cast<std::size_t>(EventClass::ledger) + 1)));
        event.time = filler.time();
        for (std::size_t fields = filler.below(20); fields > 0; --fields) {
            filler.set(field_rows()[filler.below(kFieldCount)], event);
        }
        expect_round_trip(event);
        filler.forget();
    }
}

/// One with each type of value, and each way in which a text may stand.
std::string text_of_all_kinds() {
    Event event = event_of(EventClass::access);
    static constexpr std::string_view kArgs[] = {"cat", "", "\"\n"};
    static constexpr std::string_view kAncestry[] = {"/bin/sh", "\xff"};
    event.set_message("\x01 \\ \xe2\x82\xac \xf0\x9f\x93\xac");
    event.set_process_args(kArgs);
    event.set_process_ancestry(kAncestry);
    event.set_process_pid(4711);
    event.set_process_exit_code(std::numeric_limits<std::int64_t>::min());
    event.set_source_ip(*parse_address("2001:db8::1"));
    event.set_destination_ip(*parse_address("192.0.2.1"));
    event.set_file_changed(Timestamp{});
    event.set_user_name("\xff");
    return render(event);
}

TEST(canonical_round_trip, a_text_cut_anywhere_is_refused) {
    const std::string text = text_of_all_kinds();
    const auto batch = std::make_unique<EventBatch>();
    for (std::size_t size = 0; size < text.size(); ++size) {
        const std::vector<char> exact(text.begin(), text.begin() + static_cast<long>(size));
        EXPECT_FALSE(decode_canonical({exact.data(), exact.size()}, *batch))
            << text.substr(0, size);
        batch->clear();
    }
    EXPECT_TRUE(decode_canonical(text, *batch));
}

TEST(canonical_round_trip, what_is_accepted_with_a_flipped_bit_is_another_event) {
    const std::string text = text_of_all_kinds();
    const auto batch = std::make_unique<EventBatch>();
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        std::string flipped = text;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        if (decode_canonical(flipped, *batch)) {
            EXPECT_NE(render(batch->events()[0]), text) << flipped;
        }
        batch->clear();
    }
}

TEST(canonical_round_trip, a_zero_byte_anywhere_is_refused) {
    const std::string text = text_of_all_kinds();
    const auto batch = std::make_unique<EventBatch>();
    for (std::size_t at = 0; at <= text.size(); ++at) {
        std::string longer = text;
        longer.insert(at, 1, '\0');
        EXPECT_FALSE(decode_canonical(longer, *batch)) << at;
        batch->clear();
    }
}

}  // namespace

}  // namespace mailvigil
