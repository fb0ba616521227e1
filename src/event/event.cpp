#include "event/event.h"

#include <algorithm>
#include <iterator>

namespace mailvigil {

namespace {

constexpr std::string_view kNames[] = {
    "process_start", "process_exit",   "file_open",     "file_read",
    "file_write",    "file_create",    "file_rename",   "file_link",
    "file_unlink",   "file_attribute", "image_load",    "network_connection",
    "session",       "service",        "configuration", "mail_log",
    "gap",           "finding",        "access",        "content",
    "ledger",
};
static_assert(std::size(kNames) == static_cast<std::size_t>(EventClass::ledger) + 1);

}  // namespace

std::string_view to_text(EventClass event_class) {
    return kNames[static_cast<std::size_t>(event_class)];
}

std::optional<EventClass> parse_event_class(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == std::end(kNames)) {
        return std::nullopt;
    }
    return static_cast<EventClass>(found - std::begin(kNames));
}

std::span<const FieldRow> field_rows() {
    static constexpr FieldRow kRows[] = {
#define FIELD(id, type, unit, ecs, ocsf, sigma, meaning) \
    {Field::id, FieldType::type, #id, unit, ecs, ocsf, sigma, meaning},
#include "event/fields.def"
#undef FIELD
    };
    return kRows;
}

}  // namespace mailvigil
