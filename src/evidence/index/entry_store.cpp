#include "evidence/index/entry_store.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace mailvigil::evidence::index {

namespace {

constexpr std::string_view kColumns =
    "leaf, since, until, class, action, host, level, verdict, stage, title, who, incident, rule,"
    " reason, mailboxes";

}  // namespace

Result<EntryStore> EntryStore::open(Database& database) {
    EntryStore store;
    store.reach_ =
        TRY(database.prepare("SELECT first, next, leaf, segment, position, last_incident, origin"
                             " FROM reach"));
    store.set_reach_ = TRY(database.prepare(
        "UPDATE reach SET first = ?, next = ?, leaf = ?, segment = ?, position = ?,"
        " last_incident = ?, origin = ?"));
    store.add_ = TRY(database.prepare(
        fmt::format("INSERT INTO entry({}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", kColumns)));
    store.add_object_ = TRY(database.prepare("INSERT INTO object(path, leaf) VALUES(?, ?)"));
    store.add_digest_ =
        TRY(database.prepare("INSERT INTO digest(kind, sha256, leaf) VALUES(?, ?, ?)"));
    store.prune_ = TRY(database.prepare("DELETE FROM entry WHERE leaf < ?"));
    store.prune_objects_ = TRY(database.prepare("DELETE FROM object WHERE leaf < ?"));
    store.prune_digests_ = TRY(database.prepare("DELETE FROM digest WHERE leaf < ?"));
    store.by_time_ = TRY(database.prepare(
        fmt::format("SELECT {} FROM entry WHERE leaf >= ?1 AND until >= ?2 AND since <= ?3"
                    " ORDER BY since, leaf",
                    kColumns)));
    store.by_path_ = TRY(database.prepare(
        fmt::format("SELECT {} FROM entry WHERE leaf >= ?1 AND until >= ?2 AND since <= ?3"
                    " AND leaf IN (SELECT leaf FROM object WHERE path = ?4) ORDER BY since, leaf",
                    kColumns)));
    store.of_incidents_ = TRY(database.prepare(fmt::format(
        "SELECT {} FROM entry WHERE leaf >= ?1 AND incident IS NOT NULL ORDER BY leaf", kColumns)));
    store.digest_ = TRY(
        database.prepare("SELECT leaf FROM digest WHERE kind = ?1 AND sha256 = ?2 AND leaf >= ?3"
                         " ORDER BY leaf LIMIT 1"));
    return store;
}

Result<Reach> EntryStore::reach() {
    const bool there = TRY(reach_.step());
    const Reach reach{.first = reach_.number(0),
                      .next = reach_.number(1),
                      .position = {.leaf = reach_.number(2),
                                   .segment = reach_.number(3),
                                   .offset = reach_.number(4)},
                      .last_incident = reach_.number(5),
                      .origin = std::string(reach_.bytes(6))};
    reach_.reset();
    return there ? Result<Reach>(reach) : std::unexpected(damaged());
}

Result<void> EntryStore::set_reach(const Reach& reach) {
    return set_reach_.bind(1, reach.first)
        .bind(2, reach.next)
        .bind(3, reach.position.leaf)
        .bind(4, reach.position.segment)
        .bind(5, reach.position.offset)
        .bind(6, reach.last_incident)
        .bind(7, std::string_view(reach.origin))
        .run();
}

Result<void> EntryStore::add(const Entry& entry) {
    const std::string mailboxes = join(entry.mailboxes);
    TRY(add_.bind(1, entry.leaf)
            .bind(2, entry.extent.begin)
            .bind(3, entry.extent.end)
            .bind(4, std::uint64_t{std::to_underlying(entry.event_class)})
            .bind(5, std::string_view(entry.action))
            .bind(6, std::string_view(entry.host))
            .bind(7, std::string_view(entry.level))
            .bind(8, std::string_view(entry.verdict))
            .bind(9, std::string_view(entry.stage))
            .bind(10, std::string_view(entry.title))
            .bind(11, std::string_view(entry.who))
            .bind(12, entry.incident)
            .bind(13, std::string_view(entry.rule))
            .bind(14, std::string_view(entry.reason))
            .bind(15, std::string_view(mailboxes))
            .run());
    for (const std::string& path : entry.paths) {
        TRY(add_object_.bind(1, std::string_view(path)).bind(2, entry.leaf).run());
    }
    if (entry.digest != Entry::Digest::none) {
        TRY(add_digest_.bind(1, std::uint64_t{std::to_underlying(entry.digest)})
                .bind(2, std::string_view(entry.sha256))
                .bind(3, entry.leaf)
                .run());
    }
    return {};
}

Result<void> EntryStore::prune(std::uint64_t first) {
    TRY(prune_.bind(1, first).run());
    TRY(prune_objects_.bind(1, first).run());
    return prune_digests_.bind(1, first).run();
}

Result<Entry> EntryStore::entry_at(const Statement& row) {
    Entry entry;
    entry.leaf = row.number(0);
    entry.extent = {.begin = row.integer(1), .end = row.integer(2)};
    const std::uint64_t event_class = row.number(3);
    if (event_class > std::to_underlying(EventClass::ledger)) {
        return std::unexpected(damaged());
    }
    entry.event_class = static_cast<EventClass>(event_class);
    entry.action = row.bytes(4);
    entry.host = row.bytes(5);
    entry.level = row.bytes(6);
    entry.verdict = row.bytes(7);
    entry.stage = row.bytes(8);
    entry.title = row.bytes(9);
    entry.who = row.bytes(10);
    entry.incident = row.optional_number(11);
    entry.rule = row.bytes(12);
    entry.reason = row.bytes(13);
    entry.mailboxes = TRY(split(row.bytes(14)));
    return entry;
}

Result<void> EntryStore::entries(std::uint64_t first,
                                 const TimeSpan& span,
                                 std::optional<std::string_view> path,
                                 const std::function<bool(const Entry&)>& visit) {
    using Limits = std::numeric_limits<std::int64_t>;
    const std::int64_t until = span.until ? span.until->time_since_epoch().count() : Limits::max();
    if (span.until && until == Limits::min()) {
        return {};
    }
    Statement& found = path ? by_path_ : by_time_;
    found.bind(1, first)
        .bind(2, span.since ? span.since->time_since_epoch().count() : Limits::min())
        .bind(3, span.until ? until - 1 : until);
    if (path) {
        found.bind(4, *path);
    }
    Result<void> result;
    while (TRY(found.step())) {
        const auto entry = entry_at(found);
        if (!entry) {
            result = std::unexpected(entry.error());
        }
        if (!entry || !visit(*entry)) {
            break;
        }
    }
    found.reset();
    return result;
}

Result<void> EntryStore::of_incidents(std::uint64_t first,
                                      const std::function<void(const Entry&)>& visit) {
    of_incidents_.bind(1, first);
    Result<void> result;
    while (result && TRY(of_incidents_.step())) {
        const auto entry = entry_at(of_incidents_);
        if (entry) {
            visit(*entry);
        } else {
            result = std::unexpected(entry.error());
        }
    }
    of_incidents_.reset();
    return result;
}

Result<std::optional<std::uint64_t>> EntryStore::digest(Entry::Digest kind,
                                                        std::string_view sha256,
                                                        std::uint64_t first) {
    digest_.bind(1, std::uint64_t{std::to_underlying(kind)}).bind(2, sha256).bind(3, first);
    const bool there = TRY(digest_.step());
    const auto leaf = there ? std::optional(digest_.number(0)) : std::nullopt;
    digest_.reset();
    return leaf;
}

}  // namespace mailvigil::evidence::index
