// mailvigil what: all that an actor touched: a user, a session, a process.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using evidence::ActorQuery;
using output::Shown;

constexpr std::size_t kObjectsShownMax = 3;

constexpr output::Column kColumns[] = {{.name = "when", .fit = output::Fit::keeps},
                                       {.name = "until", .shown = Shown::to_programs},
                                       {.name = "class", .shown = Shown::to_programs},
                                       {.name = "who"},
                                       {.name = "with"},
                                       {.name = "touched"},
                                       {.name = "access"},
                                       {.name = "verdict", .fit = output::Fit::keeps},
                                       {.name = "why"},
                                       {.name = "count", .shown = Shown::to_programs},
                                       {.name = "bytes", .shown = Shown::to_programs},
                                       {.name = "incident", .shown = Shown::to_programs},
                                       {.name = "session", .shown = Shown::to_programs},
                                       {.name = "pid", .shown = Shown::to_programs},
                                       {.name = "host", .shown = Shown::to_programs},
                                       {.name = "record", .shown = Shown::to_programs}};

/// "alice", "uid:1007", "session:12", "process:ENTITY", "pid:4711".
std::optional<ActorQuery> parse_actor(std::string_view text) {
    constexpr std::pair<std::string_view, ActorQuery::Kind> kForms[] = {
        {"user:", ActorQuery::Kind::user},
        {"uid:", ActorQuery::Kind::user},
        {"session:", ActorQuery::Kind::session},
        {"process:", ActorQuery::Kind::process},
        {"pid:", ActorQuery::Kind::process}};
    const bool numeric_form =
        text.starts_with("uid:") || text.starts_with("session:") || text.starts_with("pid:");
    ActorQuery query{.kind = ActorQuery::Kind::user, .text = std::string(text)};
    for (const auto& [form, kind] : kForms) {
        if (text.starts_with(form)) {
            query = {.kind = kind, .text = std::string(text.substr(form.size()))};
        }
    }
    const bool digits = query.text.find_first_not_of("0123456789") == std::string::npos;
    if (query.text.empty() || (numeric_form && !digits)) {
        complain(
            fmt::format("\"{}\" is no actor such as alice, uid:1007, session:12, "
                        "process:4711-1795400010120 or pid:4711",
                        text));
        return {};
    }
    return query;
}

std::vector<std::string> objects_of(const Event& event) {
    if (event.has(Field::access_mailbox)) {
        return {std::string(event.access_mailbox())};
    }
    for (const Field field : {Field::finding_mailboxes, Field::finding_objects}) {
        const auto texts = event.texts_of(field);
        if (!texts.empty()) {
            return {texts.begin(), texts.end()};
        }
    }
    return event.has(Field::file_path) ? std::vector{std::string(event.file_path())}
                                       : std::vector<std::string>();
}

std::optional<std::uint64_t> number(const Event& event, Field field) {
    return event.has(field) ? std::optional(event.number_of(field)) : std::nullopt;
}

std::string who_of(const Event& event) {
    for (const Field field : {Field::finding_who, Field::user_name}) {
        if (event.has(field)) {
            return std::string(event.text_of(field));
        }
    }
    return event.has(Field::user_id) ? fmt::format("uid {}", event.user_id()) : "";
}

output::Row row_of(std::uint64_t leaf, const Event& event, Timestamp now) {
    const Timestamp first = event.has(Field::finding_start) ? event.finding_start() : event.time;
    const Timestamp last = event.has(Field::finding_end) ? event.finding_end() : event.time;
    const bool finding = event.event_class == EventClass::finding;
    const auto count = number(event, Field::finding_accesses);
    const auto bytes = number(event, Field::file_size);
    output::Cell touched;
    const std::vector<std::string> objects = objects_of(event);
    touched.value = objects;
    if (objects.size() > kObjectsShownMax) {
        touched.text = fmt::format("{} and {} more",
                                   fmt::join(std::span(objects).first(kObjectsShownMax), ", "),
                                   objects.size() - kObjectsShownMax);
    }
    output::Cell access = cell(finding ? event.finding_stage() : event.access_class());
    if (!finding) {
        access.text = access_text(event.access_class(), count.value_or(1), bytes);
    }
    const std::string reason = finding
                                   ? std::string(event.finding_title())
                                   : fmt::format("{}", fmt::join(event.finding_reasons(), "; "));
    output::Cell why = cell(reason);
    const auto incident = number(event, Field::finding_incident);
    if (incident) {
        why.text = fmt::format("incident {}: {}", *incident, reason);
    }
    return {cell(first, output::render_moment(first, last, now)),
            cell(last),
            cell(to_text(event.event_class)),
            cell(who_of(event)),
            cell(program_name(event.process_executable(), event.process_script())),
            touched,
            access,
            cell(event.finding_verdict(), tone_of(event.finding_verdict())),
            why,
            cell(count),
            cell(bytes),
            cell(incident),
            cell(number(event, Field::session_id)),
            cell(number(event, Field::process_pid)),
            cell(event.host_name()),
            cell(leaf)};
}

Exit run(const Arguments& arguments) {
    const auto question = read_question(arguments);
    const auto asked = arguments.value("ACTOR");
    if (question && !asked) {
        complain("name an actor: alice, uid:1007, session:12, process:ENTITY or pid:4711");
    }
    const auto query = question && asked ? parse_actor(*asked) : std::nullopt;
    if (!query) {
        return Exit::usage;
    }
    auto folder = app::EvidenceFolder::open(evidence::posix_disk(), question->folder);
    if (!folder) {
        return complain_of(folder.error());
    }
    std::uint64_t last_leaf = 0;
    std::optional<std::uint64_t> incident;
    output::Table table = standard_table(question->form, kColumns);
    const auto visit = [&](std::uint64_t leaf, const Event& event) {
        last_leaf = std::max(last_leaf, leaf);
        if (event.has(Field::finding_incident)) {
            incident = event.finding_incident();
        }
        table.add(row_of(leaf, event, question->now));
    };
    const auto done = folder->index().actor(folder->ledger(), *query, question->span, visit);
    if (!done) {
        return complain_of(done.error());
    }
    table.finish();
    if (table.rows() == 0) {
        complain(fmt::format("nothing is known of \"{}\" in this span", *asked));
        return Exit::nothing_found;
    }
    if (!question->for_people()) {
        return Exit::nothing_found;
    }
    end_of_rows();
    note("in all",
         fmt::format("{} · days and times are UTC", output::render_count(table.rows(), "record")));
    if (!tell_grounds(*folder, question->span, last_leaf)) {
        return Exit::failure;
    }
    note("next",
         incident ? fmt::format("mailvigil incident show {}", *incident)
                  : fmt::format("mailvigil evidence prove {}", last_leaf));
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"ACTOR",
     OptionKind::positional,
     "",
     "alice, uid:1007, session:12, process:ENTITY or pid:4711"},
    kSinceOption,
    kUntilOption,
    kOutputOption,
    kEvidenceOption,
};

}  // namespace

extern const Command what{.name = "what",
                          .summary = "all that a user, a session or a process touched",
                          .example = "mailvigil what session:12 --since 02:00",
                          .options = kOptions,
                          .run = run};

}  // namespace mailvigil::cli::command
