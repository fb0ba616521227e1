// Newline-delimited JSON in the names of the Elastic Common Schema, nested: one event a line. Names
// of our own stand below "mailvigil". The names come from event/fields.def.
#include <algorithm>
#include <vector>

#include "base/escape.h"
#include "base/json.h"
#include "event/vocabulary.h"
#include "output/format/roster.h"

namespace mailvigil::output::format {

namespace {

constexpr std::string_view kEcsVersion = "8.11.0";

/// The field table in the order of its ECS names, so that objects can be written in one pass.
std::vector<const FieldRow*> rows_by_ecs_name() {
    std::vector<const FieldRow*> rows;
    for (const FieldRow& row : field_rows()) {
        rows.push_back(&row);
    }
    // By path component: a dot sorts before every character of a name.
    const auto path_less = [](const FieldRow* a, const FieldRow* b) {
        return std::ranges::lexicographical_compare(
            a->ecs,
            b->ecs,
            {},
            [](char c) { return c == '.' ? '\x01' : c; },
            [](char c) { return c == '.' ? '\x01' : c; });
    };
    std::ranges::sort(rows, path_less);
    return rows;
}

std::vector<std::string_view> split(std::string_view name) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t dot = name.find('.');
        parts.push_back(name.substr(0, dot));
        if (dot == std::string_view::npos) {
            return parts;
        }
        name.remove_prefix(dot + 1);
    }
}

/// Opens and closes objects as dotted names come by in order.
class Nesting {
  public:
    explicit Nesting(JsonWriter& json) : json_(json) {}

    void key(std::string_view dotted) {
        const std::vector<std::string_view> parts = split(dotted);
        std::size_t same = 0;
        while (same < open_.size() && same + 1 < parts.size() && open_[same] == parts[same]) {
            ++same;
        }
        close_to(same);
        for (std::size_t i = same; i + 1 < parts.size(); ++i) {
            json_.key(parts[i]).begin_object();
            open_.push_back(parts[i]);
        }
        json_.key(parts.back());
    }

    void close_to(std::size_t depth) {
        while (open_.size() > depth) {
            json_.end_object();
            open_.pop_back();
        }
    }

  private:
    JsonWriter& json_;
    std::vector<std::string_view> open_;
};

/// ECS keeps ids of users and inodes as keywords, but process ids as numbers.
bool is_keyword(const FieldRow& row) {
    return row.unit == "id" && row.type == FieldType::number &&
           (row.ecs.ends_with(".id") || row.ecs == "file.uid" || row.ecs == "file.inode");
}

void write_value(const Event& event, const FieldRow& row, JsonWriter& json) {
    switch (row.type) {
        case FieldType::text:
            json.value(event.text_of(row.field));
            break;
        case FieldType::texts:
            json.begin_array();
            for (const std::string_view text : event.texts_of(row.field)) {
                json.value(text);
            }
            json.end_array();
            break;
        case FieldType::number:
            if (is_keyword(row)) {
                json.value(std::to_string(event.number_of(row.field)));
            } else {
                json.value(event.number_of(row.field));
            }
            break;
        case FieldType::integer:
            json.value(event.integer_of(row.field));
            break;
        case FieldType::address:
            json.value(mailvigil::render(event.address_of(row.field)));
            break;
        case FieldType::time:
            json.value(render_utc(event.time_of(row.field)));
            break;
    }
}

/// What ECS wants of every event and no source says: derived from the class.
struct Category {
    std::string_view kind = "event";
    std::string_view category;
    std::string_view type;
};

Category category_of(const Event& event) {
    switch (event.event_class) {
        case EventClass::process_start:
            return {"event", "process", "start"};
        case EventClass::process_exit:
            return {"event", "process", "end"};
        case EventClass::file_create:
            return {"event", "file", "creation"};
        case EventClass::file_unlink:
            return {"event", "file", "deletion"};
        case EventClass::file_open:
        case EventClass::file_read:
            return {"event", "file", "access"};
        case EventClass::file_write:
        case EventClass::file_rename:
        case EventClass::file_link:
        case EventClass::file_attribute:
            return {"event", "file", "change"};
        case EventClass::image_load:
            return {"event", "library", "start"};
        case EventClass::network_connection:
            return {"event", "network", "connection"};
        case EventClass::session:
            return {"event", "session", "info"};
        case EventClass::service:
        case EventClass::configuration:
            return {"event", "configuration", "change"};
        case EventClass::mail_log:
            return {"event", "email", "info"};
        case EventClass::gap:
            return {"pipeline_error", "host", "error"};
        case EventClass::access:
            return {"event", "email", "access"};
        case EventClass::content:
            return {"event", "configuration", "info"};
        case EventClass::ledger:
            return {"event", "host", "info"};
        case EventClass::finding:
            break;
    }
    return {event.has(Field::finding_incident) ? "alert" : "event",
            event.rule_id() == "AN0473" ? "configuration" : "email",
            event.rule_id() == "AN0473" ? "change" : "access"};
}

std::uint64_t severity_of(std::string_view level) {
    // The numbers that Elastic's rules use for the same words.
    constexpr std::uint64_t kSeverity[] = {1, 21, 47, 73, 99};
    const auto parsed = parse_level(level);
    return parsed ? kSeverity[static_cast<std::size_t>(*parsed)] : 0;
}

void render(const Event& event, const Medium& /*medium*/, std::string& out) {
    static const std::vector<const FieldRow*> kRows = rows_by_ecs_name();
    JsonWriter json;
    json.begin_object();
    json.key("@timestamp").value(render_utc(event.time));
    json.key("ecs").begin_object().key("version").value(kEcsVersion).end_object();
    const Category category = category_of(event);
    Nesting nesting(json);
    bool in_event = false;
    for (const FieldRow* row : kRows) {
        if (!in_event && row->ecs.starts_with("event.")) {
            in_event = true;
            nesting.key("event.kind");
            json.value(category.kind);
            nesting.key("event.module");
            json.value("mailvigil");
            nesting.key("event.category");
            json.begin_array().value(category.category).end_array();
            nesting.key("event.type");
            json.begin_array().value(category.type).end_array();
            if (event.has(Field::finding_level)) {
                nesting.key("event.severity");
                json.value(severity_of(event.finding_level()));
            }
        }
        if (event.has(row->field)) {
            nesting.key(row->ecs);
            write_value(event, *row, json);
        }
    }
    nesting.close_to(0);
    json.end_object();
    out += json.take();
    out += '\n';
}

}  // namespace

extern const Format ndjson{.name = "ndjson",
                           .summary = "one JSON object a line, nested, Elastic Common Schema names",
                           .for_people = false,
                           .render = render};

}  // namespace mailvigil::output::format
