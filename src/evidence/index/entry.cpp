#include "evidence/index/entry.h"

#include <fmt/format.h>

#include <algorithm>

#include "evidence/index/database.h"
#include "evidence/index/packing.h"

namespace mailvigil::evidence::index {

namespace {

std::int64_t nanoseconds(Timestamp time) {
    return time.time_since_epoch().count();
}

Timestamp timestamp(std::int64_t time) {
    return Timestamp(std::chrono::nanoseconds(time));
}

std::string first_of(const Event& event, std::initializer_list<Field> fields) {
    for (const Field field : fields) {
        if (!event.text_of(field).empty()) {
            return std::string(event.text_of(field));
        }
    }
    return {};
}

void add_sorted(std::vector<std::string>& to, const std::vector<std::string>& texts) {
    to.insert(to.end(), texts.begin(), texts.end());
    std::ranges::sort(to);
    to.erase(std::ranges::unique(to).begin(), to.end());
}

}  // namespace

Extent extent_of(const Event& event) {
    const bool finding = event.event_class == EventClass::finding;
    Extent extent{.begin = nanoseconds(event.time), .end = nanoseconds(event.time)};
    if (finding && event.has(Field::finding_start)) {
        extent.begin = nanoseconds(event.finding_start());
    }
    // A record of the ledger itself may name the time of what was read.
    if (event.has(Field::finding_end) && event.event_class != EventClass::ledger) {
        extent.end = nanoseconds(event.finding_end());
    }
    return extent;
}

bool touches(const Extent& extent, const TimeSpan& span) {
    return (!span.since || extent.end >= nanoseconds(*span.since)) &&
           (!span.until || extent.begin < nanoseconds(*span.until));
}

Entry entry_of(std::uint64_t leaf, const Event& event) {
    Entry entry;
    entry.leaf = leaf;
    entry.extent = extent_of(event);
    entry.event_class = event.event_class;
    entry.action = event.event_action();
    entry.host = event.host_name();
    entry.level = event.finding_level();
    entry.verdict = event.finding_verdict();
    entry.stage = event.finding_stage();
    entry.title = first_of(event,
                           {Field::finding_title,
                            Field::message,
                            Field::file_path,
                            Field::configuration_key,
                            Field::log_file_path,
                            Field::process_executable,
                            Field::gap_reason});
    entry.who = first_of(event, {Field::finding_who, Field::user_name});
    if (entry.who.empty() && event.has(Field::user_id)) {
        entry.who = fmt::to_string(event.user_id());
    }
    // A prune seal only says which number was the highest.
    const bool prune = event.event_class == EventClass::ledger && entry.action == "prune";
    if (event.has(Field::finding_incident) && !prune) {
        entry.incident = event.finding_incident();
    }
    entry.rule = event.rule_id();
    entry.reason = first_of(event, {Field::event_reason, Field::message});
    entry.mailboxes.assign(event.finding_mailboxes().begin(), event.finding_mailboxes().end());
    if (event.has(Field::file_path)) {
        entry.paths.emplace_back(event.file_path());
    }
    entry.paths.insert(
        entry.paths.end(), event.finding_objects().begin(), event.finding_objects().end());
    std::ranges::sort(entry.paths);
    entry.paths.erase(std::ranges::unique(entry.paths).begin(), entry.paths.end());
    const bool source = event.event_class == EventClass::ledger && entry.action == "source";
    const bool content = event.event_class == EventClass::content && event.content_part() == 0;
    if (source || content) {
        entry.digest = source ? Entry::Digest::source : Entry::Digest::content;
        entry.sha256 = event.file_hash_sha256();
    }
    return entry;
}

EntryRow row_of(const Entry& entry) {
    return {.leaf = entry.leaf,
            .time = timestamp(entry.extent.begin),
            .end = timestamp(entry.extent.end),
            .event_class = to_text(entry.event_class),
            .action = entry.action,
            .host = entry.host,
            .level = entry.level,
            .verdict = entry.verdict,
            .stage = entry.stage,
            .title = entry.title,
            .who = entry.who,
            .incident = entry.incident};
}

std::string join(const std::vector<std::string>& texts) {
    Packer out;
    out.number(texts.size());
    for (const std::string& text : texts) {
        out.text(text);
    }
    return std::string(out.sealed());
}

Result<std::vector<std::string>> split(std::string_view bytes) {
    Unpacker in(bytes);
    const std::uint64_t count = in.number_up_to(bytes.size());
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < count && in.good(); ++i) {
        texts.emplace_back(in.text());
    }
    if (!in.good()) {
        return std::unexpected(damaged());
    }
    return texts;
}

void IncidentBook::add(const Entry& entry) {
    if (!entry.incident) {
        return;
    }
    const bool closing = entry.event_class == EventClass::ledger && entry.action == "close";
    if (closing) {
        // Somebody who closes an incident need not name the host.
        const auto known = entry.host.empty() ? rows_.lower_bound({*entry.incident, {}})
                                              : rows_.find({*entry.incident, entry.host});
        if (known != rows_.end() && known->first.first == *entry.incident) {
            known->second.closed_leaf = entry.leaf;
            known->second.closed_by = entry.who;
            known->second.closed_because = entry.reason;
        }
        return;
    }
    if (entry.event_class != EventClass::finding) {
        return;
    }
    const auto [place, first] = rows_.try_emplace({*entry.incident, entry.host});
    IncidentRow& row = place->second;
    row.number = *entry.incident;
    row.host = entry.host;
    row.rule = entry.rule;
    row.title = entry.title;
    row.level = entry.level;
    row.verdict = entry.verdict;
    row.stage = entry.stage;
    row.who = entry.who;
    add_sorted(row.mailboxes, entry.mailboxes);
    const Timestamp start = timestamp(entry.extent.begin);
    const Timestamp end = timestamp(entry.extent.end);
    row.start = first ? start : std::min(row.start, start);
    row.end = first ? end : std::max(row.end, end);
    ++row.updates;
    row.leaves.push_back(entry.leaf);
}

std::vector<IncidentRow> IncidentBook::rows(const TimeSpan& span) const {
    std::vector<IncidentRow> rows;
    for (const auto& [key, row] : rows_) {
        if (touches({nanoseconds(row.start), nanoseconds(row.end)}, span)) {
            rows.push_back(row);
        }
    }
    return rows;
}

}  // namespace mailvigil::evidence::index
