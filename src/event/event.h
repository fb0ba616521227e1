// Event, the one noun of the belt: whatever a sensor, an adapter or an analytic has to say is an
// Event. Its fields are the rows of fields.def; each has an accessor of its name,
// `has(Field::name)` and `set_name(value)`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/time.h"

namespace mailvigil {

enum class EventClass : std::uint8_t {
    process_start,  ///< exec, or a fork where the source tells
    process_exit,
    file_open,  ///< opened for reading (or a directory for listing)
    file_read,
    file_write,  ///< opened for writing, or written
    file_create,
    file_rename,
    file_link,
    file_unlink,
    file_attribute,      ///< mode, owner, times, extended attributes
    image_load,          ///< a file mapped executable, a kernel module loaded
    network_connection,  ///< connect, datagram, or bind
    session,             ///< login, logout, sudo, su, cron, authentication
    service,             ///< a unit of the service manager started or stopped
    configuration,       ///< a setting changed
    mail_log,            ///< a line of a mail daemon's log
    gap,                 ///< telemetry was lost
    finding,             ///< what an analytic concluded
    access,              ///< one process life, one mailbox, one way of touching it: a sum
    content,             ///< what a configuration file or a script held
    ledger,              ///< the evidence ledger on itself: seals, closings, logs that were read
};

/// The wire name of the class, e.g. "file_open".
std::string_view to_text(EventClass event_class);

/// The class of that wire name.
std::optional<EventClass> parse_event_class(std::string_view name);

enum class Field : std::uint8_t {
#define FIELD(id, type, unit, ecs, ocsf, sigma, meaning) id,
#include "event/fields.def"
#undef FIELD
};

enum class FieldType : std::uint8_t { text, texts, number, integer, address, time };

/// One row of fields.def.
struct FieldRow {
    Field field;
    FieldType type;
    std::string_view name;
    std::string_view unit;
    std::string_view ecs;
    std::string_view ocsf;
    std::string_view sigma;
    std::string_view meaning;
};

/// All rows, in the order of fields.def; the row of a Field is at its number.
std::span<const FieldRow> field_rows();

inline constexpr std::size_t kFieldCount = 0
#define FIELD(id, type, unit, ecs, ocsf, sigma, meaning) +1
#include "event/fields.def"
#undef FIELD
    ;

/// A view of one event. Texts are borrowed from the EventBatch that holds it (or from the adapter's
/// current chunk) and die with that batch. An absent text reads as empty, an absent number as 0;
/// has() tells the difference.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): slots_ says why.
class Event {
  public:
    EventClass event_class = EventClass::gap;
    Timestamp time{};

    /// Makes it an event of that class and time with no field set.
    void reset(EventClass new_class, Timestamp new_time) {
        event_class = new_class;
        time = new_time;
        present_ = {};
    }

    [[nodiscard]] bool has(Field field) const {
        const auto n = static_cast<unsigned>(field);
        return ((present_[n / 64] >> (n % 64)) & 1U) != 0;
    }

    /// Bit n % 64 of word n / 64: the field of number n is there.
    [[nodiscard]] std::span<const std::uint64_t> present_bits() const { return present_; }

    void remove(Field field) {
        const auto n = static_cast<unsigned>(field);
        present_[n / 64] &= ~(std::uint64_t{1} << (n % 64));
    }

#define MAILVIGIL_TYPE_text std::string_view
#define MAILVIGIL_TYPE_texts std::span<const std::string_view>
#define MAILVIGIL_TYPE_number std::uint64_t
#define MAILVIGIL_TYPE_integer std::int64_t
#define MAILVIGIL_TYPE_address IpAddress
#define MAILVIGIL_TYPE_time Timestamp
#define FIELD(id, type, unit, ecs, ocsf, sigma, meaning)                            \
    [[nodiscard]] MAILVIGIL_TYPE_##type id() const { return type##_of(Field::id); } \
    void set_##id(MAILVIGIL_TYPE_##type value) { put(Field::id, value); }
#include "event/fields.def"
#undef FIELD

    // Access by field number, for code that works on the whole table: formats, codec, rules.
    [[nodiscard]] std::string_view text_of(Field field) const {
        return has(field) ? std::string_view(slot(field).text.data, slot(field).text.size)
                          : std::string_view();
    }

    [[nodiscard]] std::span<const std::string_view> texts_of(Field field) const {
        return has(field) ? std::span(slot(field).texts.data, slot(field).texts.size)
                          : std::span<const std::string_view>();
    }

    [[nodiscard]] std::uint64_t number_of(Field field) const {
        return has(field) ? slot(field).number : 0;
    }

    [[nodiscard]] std::int64_t integer_of(Field field) const {
        return has(field) ? slot(field).integer : 0;
    }

    [[nodiscard]] IpAddress address_of(Field field) const {
        return has(field) ? IpAddress{slot(field).address} : IpAddress{};
    }

    [[nodiscard]] Timestamp time_of(Field field) const {
        return has(field) ? Timestamp(std::chrono::nanoseconds(slot(field).integer)) : Timestamp{};
    }

    void put(Field field, std::string_view value) {
        mark(field).text = {value.data(), value.size()};
    }

    void put(Field field, std::span<const std::string_view> value) {
        mark(field).texts = {value.data(), value.size()};
    }

    void put(Field field, std::uint64_t value) { mark(field).number = value; }

    void put(Field field, std::int64_t value) { mark(field).integer = value; }

    void put(Field field, const IpAddress& value) { mark(field).address = value.bytes; }

    void put(Field field, Timestamp value) {
        mark(field).integer = value.time_since_epoch().count();
    }

  private:
    // Left uninitialised until a field is set: an event of twenty fields should not pay for eighty.
    union Slot {
        struct {
            const char* data;
            std::size_t size;
        } text;

        struct {
            const std::string_view* data;
            std::size_t size;
        } texts;

        std::uint64_t number;
        std::int64_t integer;
        std::array<std::uint8_t, 16> address;
    };

    [[nodiscard]] const Slot& slot(Field field) const {
        return slots_[static_cast<unsigned>(field)];
    }

    Slot& mark(Field field) {
        const auto n = static_cast<unsigned>(field);
        present_[n / 64] |= std::uint64_t{1} << (n % 64);
        return slots_[n];
    }

    std::array<std::uint64_t, (kFieldCount + 63) / 64> present_{};
    std::array<Slot, kFieldCount> slots_;
};

}  // namespace mailvigil
