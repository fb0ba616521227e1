#include "app/shortening.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "event/canonical.h"

namespace mailvigil::app {

namespace {

std::size_t bytes_of(const Event& event, const FieldRow& row) {
    std::size_t bytes = 0;
    if (row.type == FieldType::text) {
        bytes = event.text_of(row.field).size();
    } else if (row.type == FieldType::texts) {
        for (const std::string_view text : event.texts_of(row.field)) {
            bytes += text.size() + 1;  // a comma and quotes, for which six times one is enough
        }
    }
    return bytes;
}

/// The longest list that has elements to lose; null: none.
const FieldRow* longest_list(const Event& event) {
    const FieldRow* found = nullptr;
    std::size_t most = 0;
    for (const FieldRow& row : field_rows()) {
        if (row.type == FieldType::texts && event.texts_of(row.field).size() > 2 &&
            bytes_of(event, row) > most) {
            found = &row;
            most = bytes_of(event, row);
        }
    }
    return found;
}

/// What was cut of each field so far.
using Cut = std::map<Field, std::size_t>;

void halve_list(Event& event, Field field, Cut& cut, Arena& arena) {
    const auto texts = event.texts_of(field);
    // The last element tells of a cut before.
    const std::size_t there = cut.contains(field) ? texts.size() - 1 : texts.size();
    const std::size_t stays = there / 2;
    cut[field] += there - stays;
    const auto views = arena.array<std::string_view>(stays + 1);
    std::copy_n(texts.begin(), stays, views.begin());
    views[stays] = arena.copy(fmt::format("and {} more", cut[field]));
    event.put(field, std::span<const std::string_view>(views));
}

/// At most half of it, up to the beginning of a character.
std::string_view half_of(std::string_view text) {
    std::size_t end = text.size() / 2;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

void halve_text(Event& event, Field field, Arena& arena) {
    event.put(field, arena.copy(fmt::format("{}…", half_of(event.text_of(field)))));
}

/// Each element of a list that can't lose another element.
void halve_elements(Event& event, Field field, Arena& arena) {
    const auto texts = event.texts_of(field);
    const auto views = arena.array<std::string_view>(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        views[i] = arena.copy(fmt::format("{}…", half_of(texts[i])));
    }
    event.put(field, std::span<const std::string_view>(views));
}

const FieldRow* longest_of_all(const Event& event) {
    const FieldRow* found = nullptr;
    for (const FieldRow& row : field_rows()) {
        if (event.has(row.field) &&
            (found == nullptr || bytes_of(event, row) > bytes_of(event, *found))) {
            found = &row;
        }
    }
    return found;
}

}  // namespace

bool surely_fits(const Event& event, std::size_t bytes_max) {
    constexpr std::size_t kEscaped = 6;       // \u001f
    constexpr std::size_t kMemberBytes = 64;  // name, quotes, and any number or time
    std::size_t bytes = 2 * kMemberBytes;
    for (const FieldRow& row : field_rows()) {
        if (event.has(row.field)) {
            bytes += kMemberBytes + kEscaped * bytes_of(event, row);
        }
    }
    return bytes <= bytes_max;
}

bool is_shortened(std::string_view text) {
    return text.ends_with("…") || (text.starts_with("and ") && text.ends_with(" more"));
}

void shorten(Event& event, std::size_t bytes_max, Arena& arena) {
    Cut cut;
    for (std::string text;;) {
        text.clear();
        render_canonical(event, text);
        if (text.size() <= bytes_max) {
            return;
        }
        const FieldRow* list = longest_list(event);
        const FieldRow* all = longest_of_all(event);
        if (list != nullptr && 2 * bytes_of(event, *list) >= bytes_of(event, *all)) {
            halve_list(event, list->field, cut, arena);
        } else if (all->type == FieldType::texts) {
            halve_elements(event, all->field, arena);
        } else {
            halve_text(event, all->field, arena);
        }
    }
}

}  // namespace mailvigil::app
