// mailvigil what: all that an actor touched: a user, a session, a process.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/question.h"
#include "cli/accesses.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using evidence::ActorQuery;

constexpr auto kColumns = access_columns("touched", output::Shown::always);

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

/// What an actor did: accesses folded as `who` folds them, and of each incident the last word; in
/// order of time. The leaves come nearly in that order: an access is sealed when its process is
/// done with the mailbox.
class Deeds {
  public:
    Deeds(const Question& question, bool everything)
        : question_(question),
          everything_(everything),
          folding_(question.for_people() && !everything),
          table_(standard_table(question.form, kColumns)),
          fold_([this](const app::Access& access) {
              rows_.emplace(access.first, access_row(access, question_.now));
          }) {}

    void take(std::uint64_t leaf, const Event& event) {
        last_leaf = std::max(last_leaf, leaf);
        ++records;
        if (event.has(Field::finding_incident)) {
            incident = event.finding_incident();
        }
        if (event.event_class == EventClass::access) {
            accesses_.push_back(app::keep(leaf, event));
        } else {
            take_finding(leaf, event);
        }
        if (accesses_.size() == kSortedMax) {
            tell_accesses();
        }
    }

    void finish() {
        for (auto& [number, finding] : findings_) {
            rows_.emplace(finding.first, std::move(finding.second));
        }
        tell_accesses();
        table_.finish();
    }

    [[nodiscard]] std::uint64_t rows() const { return table_.rows(); }

    std::uint64_t records = 0;
    std::uint64_t last_leaf = 0;
    std::optional<std::uint64_t> incident;

  private:
    /// So many accesses are held to be put in order.
    static constexpr std::size_t kSortedMax = app::AccessFold::kWaitingMax;

    using Timed = std::pair<Timestamp, output::Row>;

    void take_finding(std::uint64_t leaf, const Event& event) {
        const Timestamp first =
            event.has(Field::finding_start) ? event.finding_start() : event.time;
        output::Row row = finding_row(leaf, event, question_.now);
        if (everything_ || !event.has(Field::finding_incident)) {
            rows_.emplace(first, std::move(row));
        } else {
            // Of an incident that grew the last word is enough.
            findings_.insert_or_assign({std::string(event.host_name()), event.finding_incident()},
                                       Timed(first, std::move(row)));
        }
    }

    void tell_accesses() {
        std::ranges::stable_sort(accesses_, {}, &app::Access::first);
        for (app::Access& access : accesses_) {
            if (folding_) {
                fold_.add(std::move(access));
            } else {
                rows_.emplace(access.first, access_row(access, question_.now));
            }
        }
        fold_.finish();
        accesses_.clear();
        for (auto& [time, row] : rows_) {
            table_.add(std::move(row));
        }
        rows_.clear();
    }

    const Question& question_;
    bool everything_;
    bool folding_;
    output::Table table_;
    std::vector<app::Access> accesses_;
    std::map<std::pair<std::string, std::uint64_t>, Timed> findings_;  ///< by host and incident
    std::multimap<Timestamp, output::Row> rows_;
    app::AccessFold fold_;
};

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
    Deeds deeds(*question, arguments.has("--all"));
    const auto done = folder->index().actor(
        folder->ledger(), *query, question->span, [&](std::uint64_t leaf, const Event& event) {
            deeds.take(leaf, event);
        });
    if (!done) {
        return complain_of(done.error());
    }
    deeds.finish();
    if (deeds.rows() == 0) {
        complain(fmt::format("nothing is known of \"{}\" in this span", *asked));
        return Exit::nothing_found;
    }
    if (!question->for_people()) {
        return Exit::nothing_found;
    }
    end_of_rows();
    note("in all",
         fmt::format("{} in {} · days and times are UTC",
                     output::render_count(deeds.rows(), "row"),
                     output::render_count(deeds.records, "record")));
    if (!tell_grounds(*folder, question->span, deeds.last_leaf)) {
        return Exit::failure;
    }
    note("next",
         app::asked_of(folder->path(),
                       deeds.incident
                           ? fmt::format("mailvigil incident show {}", *deeds.incident)
                           : fmt::format("mailvigil evidence prove {}", deeds.last_leaf)));
    return Exit::nothing_found;
}

constexpr Option kOptions[] = {
    {"ACTOR",
     OptionKind::positional,
     "",
     "alice, uid:1007, session:12, process:ENTITY or pid:4711"},
    kSinceOption,
    kUntilOption,
    {"--all", OptionKind::flag, "", "fold nothing; also earlier words on an incident"},
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
