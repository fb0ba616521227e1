#include "app/question.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/person.h"

namespace mailvigil::app {

namespace {

using std::chrono::days;
using std::chrono::floor;

/// What routine accesses have in common where one line is enough for them.
std::string likeness(const Access& access) {
    constexpr char kSeparator = '\0';
    std::string key;
    for (const std::string* part : {&access.host,
                                    &access.mailbox,
                                    &access.verdict,
                                    &access.who,
                                    &access.from,
                                    &access.executable,
                                    &access.script,
                                    &access.access_class,
                                    &access.reason}) {
        key += *part;
        key += kSeparator;
    }
    return key;
}

void fold(Access& into, const Access& access) {
    into.first = std::min(into.first, access.first);
    into.last = std::max(into.last, access.last);
    into.count += access.count;
    into.folded += access.folded;
    if (access.bytes) {
        into.bytes = into.bytes.value_or(0) + *access.bytes;
    }
    if (into.session != access.session) {
        into.session.reset();
    }
    if (into.pid != access.pid) {
        into.pid.reset();
    }
    if (into.store != access.store) {
        into.store.clear();
    }
}

}  // namespace

Access keep(const evidence::AccessRow& row) {
    Person person = read_person(row.who);
    return {.leaf = row.leaf,
            .first = row.first,
            .last = row.last,
            .host = std::string(row.host),
            .mailbox = std::string(row.mailbox),
            .access_class = std::string(row.access_class),
            .verdict = std::string(row.verdict),
            .reason = std::string(row.reason),
            .who = std::move(person.who),
            .from = std::move(person.from),
            .executable = std::string(row.executable),
            .script = std::string(row.script),
            .store = std::string(row.store),
            .session = row.session,
            .pid = row.pid,
            .bytes = row.bytes,
            .incident = row.incident,
            .count = row.count};
}

Access keep(std::uint64_t leaf, const Event& event) {
    const auto number = [&](Field field) {
        return event.has(field) ? std::optional(event.number_of(field)) : std::nullopt;
    };
    Person person = person_of(event);
    return {.leaf = leaf,
            .first = event.time,
            .last = event.has(Field::finding_end) ? event.finding_end() : event.time,
            .host = std::string(event.host_name()),
            .mailbox = std::string(event.access_mailbox()),
            .access_class = std::string(event.access_class()),
            .verdict = std::string(event.finding_verdict()),
            .reason = fmt::format("{}", fmt::join(event.finding_reasons(), "; ")),
            .who = std::move(person.who),
            .from = std::move(person.from),
            .executable = std::string(event.process_executable()),
            .script = std::string(event.process_script()),
            .store = std::string(event.file_path()),
            .session = person.session,
            .pid = number(Field::process_pid),
            .bytes = number(Field::file_size),
            .incident = number(Field::finding_incident),
            .count = event.finding_accesses()};
}

bool is_routine(const Access& access) {
    return !access.incident && (access.verdict == "service" || access.verdict == "owner");
}

void AccessFold::add(Access access) {
    if (!waiting_.empty() && (waiting_.size() >= kWaitingMax ||
                              floor<days>(waiting_.front().first) != floor<days>(access.first))) {
        finish();
    }
    if (is_routine(access)) {
        const auto [found, fresh] = routine_.try_emplace(likeness(access), waiting_.size());
        if (!fresh) {
            return fold(waiting_[found->second], access);
        }
    }
    waiting_.push_back(std::move(access));
}

void AccessFold::finish() {
    for (const Access& access : waiting_) {
        visit_(access);
    }
    waiting_.clear();
    routine_.clear();
}

void AccessTotals::add(const Access& access) {
    records += access.folded;
    accesses += access.count;
    by_verdict[access.verdict.empty() ? "unknown" : access.verdict] += access.count;
    last_leaf = std::max(last_leaf, access.leaf);
}

bool paths_touch(std::string_view a, std::string_view b) {
    while (a.size() > 1 && a.ends_with('/')) {
        a.remove_suffix(1);
    }
    while (b.size() > 1 && b.ends_with('/')) {
        b.remove_suffix(1);
    }
    if (a.empty() || b.empty()) {
        return false;
    }
    const std::string_view outer = a.size() < b.size() ? a : b;
    const std::string_view inner = a.size() < b.size() ? b : a;
    return inner.starts_with(outer) &&
           (inner.size() == outer.size() || outer == "/" || inner[outer.size()] == '/');
}

Result<std::vector<std::string>> mailboxes_at(EvidenceFolder& folder, std::string_view path) {
    std::vector<std::string> found;
    for (const std::string& mailbox : TRY(folder.index().mailboxes(folder.ledger()))) {
        bool touches = false;
        TRY(folder.index().accesses(
            folder.ledger(), mailbox, {}, [&](const evidence::AccessRow& row) {
                touches = touches || paths_touch(row.store, path);
            }));
        if (touches) {
            found.push_back(mailbox);
        }
    }
    return found;
}

Result<Gaps> gaps_within(EvidenceFolder& folder, const evidence::TimeSpan& span) {
    Gaps gaps;
    const auto visit = [&](const evidence::EntryRow& row) {
        if (row.event_class != to_text(EventClass::gap)) {
            return;
        }
        if (++gaps.count <= kGapsToldMax) {
            gaps.told.push_back(fmt::format(
                "{} (record {})", row.title.empty() ? row.action : row.title, row.leaf));
        }
    };
    TRY(folder.index().entries(folder.ledger(), span, std::nullopt, visit));
    return gaps;
}

}  // namespace mailvigil::app
