#include "event/event.h"

namespace mailvigil {

std::string_view to_text(EventClass event_class) {
    constexpr std::string_view kNames[] = {
        "process_start",
        "process_exit",
        "file_open",
        "file_read",
        "file_write",
        "file_create",
        "file_rename",
        "file_link",
        "file_unlink",
        "file_attribute",
        "image_load",
        "network_connection",
        "session",
        "service",
        "configuration",
        "mail_log",
        "gap",
        "finding",
    };
    static_assert(std::size(kNames) == static_cast<std::size_t>(EventClass::finding) + 1);
    return kNames[static_cast<std::size_t>(event_class)];
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
