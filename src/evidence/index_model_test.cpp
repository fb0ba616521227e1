// The model that index_test.h promises.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "event/canonical.h"
#include "evidence/index_test.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {

namespace {

using Lines = std::vector<std::string>;

// One for each way a text can be unkind.
const std::string kNul("a\0b", 3);
const std::string kInvalid = "\xFF\xFE/x";
const std::string kLong(9'000, 'L');

std::vector<std::string> mailboxes() {
    std::vector<std::string> names = {kNul, kInvalid, kLong, "say \"hi\"\\", "\n", "bob@mx1"};
    for (int i = 0; i < 12; ++i) {
        names.push_back(fmt::format("user{}", i));
    }
    return names;
}

std::int64_t ns(Timestamp time) {
    return time.time_since_epoch().count();
}

std::string number(std::optional<std::uint64_t> value) {
    return value ? fmt::to_string(*value) : "-";
}

std::string line_of(const AccessRow& row) {
    return fmt::format("{} {} {} {}|{}|{}|{}|{}|{}|{}|{}|{}|{} {} {} {} {}",
                       row.leaf,
                       ns(row.first),
                       ns(row.last),
                       row.host,
                       row.mailbox,
                       row.access_class,
                       row.verdict,
                       row.reason,
                       row.who,
                       row.executable,
                       row.script,
                       row.store,
                       number(row.session),
                       number(row.pid),
                       number(row.bytes),
                       number(row.incident),
                       row.count);
}

std::string line_of(const EntryRow& row) {
    return fmt::format("{} {} {} {}|{}|{}|{}|{}|{}|{}|{} {}",
                       row.leaf,
                       ns(row.time),
                       ns(row.end),
                       row.event_class,
                       row.action,
                       row.host,
                       row.level,
                       row.verdict,
                       row.stage,
                       row.title,
                       row.who,
                       number(row.incident));
}

std::string line_of(const IncidentRow& row) {
    return fmt::format("{} {}|{}|{}|{}|{}|{}|{}|{} {} {} {} {} {}|{}|{}",
                       row.number,
                       row.host,
                       row.rule,
                       row.title,
                       row.level,
                       row.verdict,
                       row.stage,
                       row.who,
                       fmt::join(row.mailboxes, ","),
                       ns(row.start),
                       ns(row.end),
                       row.updates,
                       fmt::join(row.leaves, ","),
                       number(row.closed_leaf),
                       row.closed_by,
                       row.closed_because);
}

std::optional<std::uint64_t> number_in(const Event& event, Field field) {
    return event.has(field) ? std::optional(event.number_of(field)) : std::nullopt;
}

std::string who_of(const Event& event) {
    if (event.has(Field::finding_who)) {
        return std::string(event.finding_who());
    }
    return event.has(Field::user_name) ? std::string(event.user_name())
           : event.has(Field::user_id) ? fmt::to_string(event.user_id())
                                       : "";
}

bool in_span(const Event& event, const TimeSpan& span) {
    const Timestamp begin =
        event.event_class == EventClass::finding && event.has(Field::finding_start)
            ? event.finding_start()
            : event.time;
    const Timestamp end = event.has(Field::finding_end) ? event.finding_end() : event.time;
    return (!span.since || end >= *span.since) && (!span.until || begin < *span.until);
}

/// All leaves, one by one.
void scan(IndexedLedger& ledger, const std::function<void(std::uint64_t, const Event&)>& visit) {
    const auto reader = ledger.reader();
    const auto batch = std::make_unique<EventBatch>();
    const auto read =
        reader->read(reader->first(), UINT64_MAX, [&](std::uint64_t leaf, std::string_view bytes) {
            batch->clear();
            EXPECT_TRUE(decode_canonical(bytes, *batch));
            visit(leaf, batch->events().front());
            return true;
        });
    EXPECT_TRUE(read);
}

struct Sorted {
    std::int64_t time;
    std::uint64_t leaf;
    std::string line;

    auto operator<=>(const Sorted&) const = default;
};

Lines lines_of(std::vector<Sorted> rows) {
    std::ranges::sort(rows);
    Lines lines;
    for (Sorted& row : rows) {
        lines.push_back(std::move(row.line));
    }
    return lines;
}

Lines model_accesses(IndexedLedger& ledger, std::string_view mailbox, const TimeSpan& span) {
    std::vector<Sorted> rows;
    scan(ledger, [&](std::uint64_t leaf, const Event& event) {
        if (event.event_class != EventClass::access || event.access_mailbox() != mailbox ||
            !in_span(event, span)) {
            return;
        }
        const std::string reason = fmt::format("{}", fmt::join(event.finding_reasons(), "; "));
        const std::string who = who_of(event);
        AccessRow row;
        row.leaf = leaf;
        row.first = event.time;
        row.last = event.has(Field::finding_end) ? event.finding_end() : event.time;
        row.host = event.host_name();
        row.mailbox = event.access_mailbox();
        row.access_class = event.access_class();
        row.verdict = event.finding_verdict();
        row.reason = reason;
        row.who = who;
        row.executable = event.process_executable();
        row.script = event.process_script();
        row.store = event.file_path();
        row.session = number_in(event, Field::session_id);
        row.pid = number_in(event, Field::process_pid);
        row.bytes = number_in(event, Field::file_size);
        row.incident = number_in(event, Field::finding_incident);
        row.count = event.finding_accesses();
        rows.push_back({ns(row.first), leaf, line_of(row)});
    });
    return lines_of(std::move(rows));
}

Lines index_accesses(IndexedLedger& ledger,
                     Index& index,
                     std::string_view mailbox,
                     const TimeSpan& span) {
    Lines lines;
    const auto reader = ledger.reader();
    const auto asked = index.accesses(
        *reader, mailbox, span, [&](const AccessRow& row) { lines.push_back(line_of(row)); });
    return asked ? lines : Lines{asked.error().message};
}

bool is_actor(const Event& event, const ActorQuery& query) {
    const auto is = [&](Field field) {
        return event.has(field) && fmt::to_string(event.number_of(field)) == query.text;
    };
    const auto says = [&](Field field) {
        return event.has(field) && event.text_of(field) == query.text;
    };
    switch (query.kind) {
        case ActorQuery::Kind::user:
            return is(Field::user_id) || is(Field::login_user_id) || says(Field::user_name) ||
                   says(Field::login_user_name);
        case ActorQuery::Kind::session:
            return is(Field::session_id);
        case ActorQuery::Kind::process:
            return is(Field::process_pid) || says(Field::process_entity_id);
    }
    return false;
}

Lines model_actor(IndexedLedger& ledger, const ActorQuery& query, const TimeSpan& span) {
    Lines lines;
    scan(ledger, [&](std::uint64_t leaf, const Event& event) {
        const bool asked =
            event.event_class == EventClass::access || event.event_class == EventClass::finding;
        if (asked && in_span(event, span) && is_actor(event, query)) {
            lines.push_back(fmt::to_string(leaf));
        }
    });
    return lines;
}

Lines index_actor(IndexedLedger& ledger,
                  Index& index,
                  const ActorQuery& query,
                  const TimeSpan& span) {
    Lines lines;
    const auto reader = ledger.reader();
    const auto asked = index.actor(*reader, query, span, [&](std::uint64_t leaf, const Event&) {
        lines.push_back(fmt::to_string(leaf));
    });
    return asked ? lines : Lines{asked.error().message};
}

Lines model_entries(IndexedLedger& ledger,
                    const TimeSpan& span,
                    std::optional<std::string_view> path) {
    std::vector<Sorted> rows;
    scan(ledger, [&](std::uint64_t leaf, const Event& event) {
        const auto objects = event.finding_objects();
        const bool about = !path || event.file_path() == *path ||
                           std::ranges::find(objects, *path) != objects.end();
        if (event.event_class == EventClass::access || !about || !in_span(event, span)) {
            return;
        }
        std::string title;
        for (const Field field : {Field::finding_title,
                                  Field::message,
                                  Field::file_path,
                                  Field::configuration_key,
                                  Field::log_file_path,
                                  Field::process_executable,
                                  Field::gap_reason}) {
            title = title.empty() ? std::string(event.text_of(field)) : title;
        }
        const std::string who = who_of(event);
        const bool finding = event.event_class == EventClass::finding;
        EntryRow row;
        row.leaf = leaf;
        row.time = finding ? event.finding_start() : event.time;
        row.end = event.has(Field::finding_end) ? event.finding_end() : event.time;
        row.event_class = to_text(event.event_class);
        row.action = event.event_action();
        row.host = event.host_name();
        row.level = event.finding_level();
        row.verdict = event.finding_verdict();
        row.stage = event.finding_stage();
        row.title = title;
        row.who = who;
        if (event.event_action() != "prune") {
            row.incident = number_in(event, Field::finding_incident);
        }
        rows.push_back({ns(row.time), leaf, line_of(row)});
    });
    return lines_of(std::move(rows));
}

Lines index_entries(IndexedLedger& ledger,
                    Index& index,
                    const TimeSpan& span,
                    std::optional<std::string_view> path) {
    Lines lines;
    const auto reader = ledger.reader();
    const auto asked = index.entries(
        *reader, span, path, [&](const EntryRow& row) { lines.push_back(line_of(row)); });
    return asked ? lines : Lines{asked.error().message};
}

Lines model_incidents(IndexedLedger& ledger, const TimeSpan& span) {
    std::map<std::uint64_t, IncidentRow> rows;
    scan(ledger, [&](std::uint64_t leaf, const Event& event) {
        if (event.event_class == EventClass::ledger && event.event_action() == "close") {
            if (const auto row = rows.find(event.finding_incident()); row != rows.end()) {
                row->second.closed_leaf = leaf;
                row->second.closed_by = who_of(event);
                row->second.closed_because = event.event_reason();
            }
        }
        if (event.event_class != EventClass::finding) {
            return;
        }
        IncidentRow& row = rows[event.finding_incident()];
        row.start =
            row.updates == 0 ? event.finding_start() : std::min(row.start, event.finding_start());
        row.end = std::max(row.end, event.finding_end());
        row.number = event.finding_incident();
        row.host = event.host_name();
        row.rule = event.rule_id();
        row.title = event.finding_title();
        row.level = event.finding_level();
        row.verdict = event.finding_verdict();
        row.stage = event.finding_stage();
        row.who = who_of(event);
        std::set<std::string> names(row.mailboxes.begin(), row.mailboxes.end());
        for (const std::string_view name : event.finding_mailboxes()) {
            names.emplace(name);
        }
        row.mailboxes.assign(names.begin(), names.end());
        row.leaves.push_back(leaf);
        ++row.updates;
    });
    Lines lines;
    for (const auto& [key, row] : rows) {
        if ((!span.since || row.end >= *span.since) && (!span.until || row.start < *span.until)) {
            lines.push_back(line_of(row));
        }
    }
    return lines;
}

Lines index_incidents(IndexedLedger& ledger, Index& index, const TimeSpan& span) {
    const auto reader = ledger.reader();
    const auto rows = index.incidents(*reader, span);
    Lines lines;
    for (const IncidentRow& row : rows.value_or(std::vector<IncidentRow>())) {
        lines.push_back(line_of(row));
    }
    return rows ? lines : Lines{rows.error().message};
}

template <class T>
std::string said(const Result<std::optional<T>>& answer) {
    return answer ? number(*answer) : answer.error().message;
}

/// Mailboxes, digests and the last incident.
Lines model_rest(IndexedLedger& ledger) {
    std::set<std::string> names;
    std::map<std::string, std::uint64_t> digests;
    std::uint64_t incident = 0;
    scan(ledger, [&](std::uint64_t leaf, const Event& event) {
        if (event.event_class == EventClass::access) {
            names.emplace(event.access_mailbox());
        }
        incident = std::max(incident, event.finding_incident());
        if (event.event_class == EventClass::content && event.content_part() == 0) {
            digests.try_emplace("content " + std::string(event.file_hash_sha256()), leaf);
        }
        if (event.event_action() == "source") {
            digests.try_emplace("source " + std::string(event.file_hash_sha256()), leaf);
        }
    });
    Lines lines(names.begin(), names.end());
    for (int i = 0; i < 12; ++i) {
        for (const std::string kind : {"source ", "content "}) {
            const auto found = digests.find(kind + fmt::format("{:064x}", i));
            lines.push_back(found == digests.end() ? "-" : fmt::to_string(found->second));
        }
    }
    lines.push_back(fmt::to_string(incident));
    return lines;
}

Lines index_rest(IndexedLedger& ledger, Index& index) {
    const auto reader = ledger.reader();
    const auto names = index.mailboxes(*reader);
    Lines lines = names ? *names : Lines{names.error().message};
    for (int i = 0; i < 12; ++i) {
        const std::string hex = fmt::format("{:064x}", i);
        lines.push_back(said(index.source(*reader, hex)));
        lines.push_back(said(index.content(*reader, hex)));
    }
    const auto last = index.last_incident(*reader);
    lines.push_back(last ? fmt::to_string(*last) : last.error().message);
    return lines;
}

/// Calls `ask` with spans that cut through the ledger's time, some of them right at an event.
void each_span(IndexedLedger& ledger, const std::function<void(const TimeSpan&)>& ask) {
    std::vector<Timestamp> times;
    scan(ledger, [&](std::uint64_t, const Event& event) { times.push_back(event.time); });
    ask({});
    const Timestamp a = times[times.size() / 3];
    const Timestamp b = times[times.size() / 2];
    ask({.since = a, .until = b});
    ask({.since = b, .until = {}});
    ask({.since = {}, .until = a});
    ask({.since = b, .until = a});
}

const std::vector<ActorQuery>& actors() {
    using Kind = ActorQuery::Kind;
    static const std::vector<ActorQuery> kActors = {{Kind::user, "root"},
                                                    {Kind::user, "0"},
                                                    {Kind::user, "1003"},
                                                    {Kind::user, kInvalid},
                                                    {Kind::session, "7"},
                                                    {Kind::session, "no"},
                                                    {Kind::process, "104"},
                                                    {Kind::process, "105-1700"},
                                                    {Kind::process, "odd id"},
                                                    {Kind::process, "99999"},
                                                    {Kind::user, ""}};
    return kActors;
}

}  // namespace

IndexedLedger::IndexedLedger() : disk(std::make_unique<testing::MemoryDisk>()) {
    char name[] = "/tmp/mailvigil-index-XXXXXX";
    folder = ::mkdtemp(name);
    LedgerOptions options;
    options.host = "mx1.example";
    options.segment_bytes = 200'000;
    options.background_sealing = false;
    index = std::move(*Index::open(folder, Index::Mode::write));
    ledger = std::move(*Ledger::open(*disk, "d", options, now_));
    // What opening the ledger appended.
    EXPECT_TRUE(index->catch_up(*reader(), {}));
    ledger->on_append = [this](std::uint64_t leaf, const Event& event) {
        const auto added = index->add(leaf, event);
        EXPECT_TRUE(added) << added.error().message;
    };
}

IndexedLedger::~IndexedLedger() {
    std::filesystem::remove_all(folder);
}

std::unique_ptr<LedgerReader> IndexedLedger::reader() {
    return std::move(*LedgerReader::open(*disk, "d"));
}

void IndexedLedger::append(const Event& event) {
    EXPECT_TRUE(ledger->append(event, now_));
}

void IndexedLedger::append_access() {
    static const std::vector<std::string> kNames = mailboxes();
    const auto pick = [this](std::uint64_t n) { return random_() % n; };
    Event event;
    event.reset(EventClass::access, now_ - std::chrono::milliseconds(pick(30'000)));
    if (pick(20) != 0) {
        event.set_finding_end(event.time + std::chrono::milliseconds(pick(9'000)) +
                              std::chrono::nanoseconds(pick(50) == 0 ? 1 : 0));
    }
    event.set_access_mailbox(kNames[std::min(pick(kNames.size()), pick(kNames.size()))]);
    event.set_access_class(pick(3) == 0 ? "change" : "read");
    event.set_host_name(pick(2) == 0 ? "mx1" : "mx2");
    event.set_finding_verdict("service");
    const std::string_view reasons[] = {"first", kInvalid};
    event.set_finding_reasons(std::span(reasons).first(pick(3)));
    const std::uint64_t pid = 100 + pick(20);
    const std::string entity = pick(9) == 0 ? "odd id" : fmt::format("{}-1700", pid + pick(2));
    event.set_process_entity_id(entity);
    if (pick(3) != 0) {
        event.set_process_pid(pick(100) == 0 ? UINT64_MAX : pid);
    }
    if (pick(2) == 0) {
        event.set_user_name(pick(30) == 0 ? std::string_view(kInvalid) : "root");
    }
    if (pick(2) == 0) {
        event.set_user_id(pick(2) * 1'003);
    }
    if (pick(4) == 0) {
        event.set_login_user_id(pick(3) * 1'003);
        event.set_session_id(pick(12));
        event.set_file_size(random_() >> pick(64));
    }
    if (pick(10) == 0) {
        event.set_finding_who("root, really operator1");
    }
    event.set_process_executable(pick(5) == 0 ? "/usr/bin/cat" : "/usr/lib/dovecot/imap");
    event.set_process_script(pick(5) == 0 ? std::string_view(kNul) : "");
    event.set_file_path("/var/mail/x");
    event.set_finding_accesses(pick(1'000));
    append(event);
}

void IndexedLedger::append_finding() {
    const auto pick = [this](std::uint64_t n) { return random_() % n; };
    Event event;
    event.reset(EventClass::finding, now_);
    event.set_finding_start(now_ - std::chrono::seconds(pick(60)));
    event.set_finding_end(now_ + std::chrono::seconds(pick(5)));
    event.set_finding_incident(1 + pick(9));
    event.set_finding_title(pick(2) == 0 ? "somebody reads mail" : std::string_view(kNul));
    event.set_finding_level("high");
    event.set_rule_id("AN1310");
    event.set_host_name("mx1");
    event.set_user_name("root");
    const std::string_view names[] = {"bob", "alice", kInvalid};
    event.set_finding_mailboxes(std::span(names).first(pick(4)));
    event.set_finding_objects(std::span(names).last(pick(4)));
    append(event);
}

void IndexedLedger::append_other() {
    const auto pick = [this](std::uint64_t n) { return random_() % n; };
    const std::string hex = fmt::format("{:064x}", pick(9));
    Event event;
    event.reset(pick(2) == 0 ? EventClass::content : EventClass::configuration, now_);
    event.set_file_path(pick(3) == 0 ? "/etc/postfix/main.cf" : std::string_view(kLong));
    event.set_file_hash_sha256(hex);
    event.set_content_part(pick(3));
    if (pick(3) == 0) {
        event.reset(EventClass::ledger, now_);
        const bool close = pick(2) == 0;
        event.set_event_action(close ? "close" : "source");
        event.set_event_reason("known job");
        event.set_user_name("operator1");
        event.set_file_hash_sha256(hex);
        if (close) {
            event.set_finding_incident(1 + pick(9));
        }
    }
    append(event);
}

void IndexedLedger::append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        now_ += std::chrono::milliseconds(random_() % 500);
        const std::uint64_t kind = random_() % 100;
        kind < 94 ? append_access() : kind < 97 ? append_finding() : append_other();
    }
}

void IndexedLedger::commit() {
    ASSERT_TRUE(ledger->commit());
}

void IndexedLedger::flush() {
    commit();
    const auto flushed = index->flush(ledger->durable(), ledger->position());
    ASSERT_TRUE(flushed) << flushed.error().message;
}

void IndexedLedger::prune(std::uint64_t first) {
    const auto stays = ledger->prune(first, "retention", now_);
    ASSERT_TRUE(stays) << stays.error().message;
    ASSERT_TRUE(index->prune(*stays));
}

void IndexedLedger::reopen(Index::Mode mode) {
    index.reset();
    auto opened = Index::open(folder, mode);
    ASSERT_TRUE(opened) << opened.error().message;
    index = std::move(*opened);
}

void expect_same_answers(IndexedLedger& ledger, Index& index) {
    each_span(ledger, [&](const TimeSpan& span) {
        for (const std::string& mailbox : mailboxes()) {
            ASSERT_EQ(index_accesses(ledger, index, mailbox, span),
                      model_accesses(ledger, mailbox, span));
        }
        for (const ActorQuery& actor : actors()) {
            ASSERT_EQ(index_actor(ledger, index, actor, span), model_actor(ledger, actor, span))
                << actor.text;
        }
        for (const auto path : {std::optional<std::string_view>(),
                                {"/etc/postfix/main.cf"},
                                {std::string_view(kLong)},
                                {"bob"},
                                {"nothing"}}) {
            ASSERT_EQ(index_entries(ledger, index, span, path), model_entries(ledger, span, path));
        }
        ASSERT_EQ(index_incidents(ledger, index, span), model_incidents(ledger, span));
    });
    ASSERT_EQ(index_rest(ledger, index), model_rest(ledger));
}

std::string all_answers(IndexedLedger& ledger, Index& index) {
    Lines all;
    const auto add = [&](const Lines& lines) { all.insert(all.end(), lines.begin(), lines.end()); };
    for (const std::string& mailbox : mailboxes()) {
        add(index_accesses(ledger, index, mailbox, {}));
    }
    for (const ActorQuery& actor : actors()) {
        add(index_actor(ledger, index, actor, {}));
    }
    add(index_entries(ledger, index, {}, {}));
    add(index_incidents(ledger, index, {}));
    add(index_rest(ledger, index));
    return fmt::format("{}", fmt::join(all, "\n"));
}

}  // namespace mailvigil::evidence
