// mailvigil who: the access ledger of a mailbox, or who changed a file of the configuration.
#include <fmt/format.h>

#include <algorithm>

#include "app/question.h"
#include "base/escape.h"
#include "base/suggest.h"
#include "cli/accesses.h"
#include "cli/command/roster.h"
#include "cli/entries.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

using app::Access;
using output::Shown;

constexpr auto kColumns = access_columns("mailbox", Shown::to_programs);
constexpr auto kColumnsOfPath = access_columns("mailbox", Shown::always);

struct Answer {
    app::AccessTotals totals;
    std::optional<std::uint64_t> incident;
    std::optional<std::uint64_t> notable;  ///< record of the last access that is not routine
};

/// The accesses to mailboxes, with a path only to stores there.
Result<Answer> answer(app::EvidenceFolder& folder,
                      const Question& question,
                      const std::vector<std::string>& mailboxes,
                      std::string_view path,
                      bool folding) {
    Answer answer;
    output::Table table =
        standard_table(question.form, mailboxes.size() > 1 ? kColumnsOfPath : kColumns);
    const auto show = [&](const Access& access) { table.add(access_row(access, question.now)); };
    app::AccessFold fold(show);
    for (const std::string& mailbox : mailboxes) {
        TRY(folder.index().accesses(
            folder.ledger(), mailbox, question.span, [&](const evidence::AccessRow& row) {
                if (!path.empty() && !app::paths_touch(row.store, path)) {
                    return;
                }
                Access access = app::keep(row);
                answer.totals.add(access);
                // Of several the worst is what to look at next.
                const bool worse = tone_of(access.verdict) == output::Tone::alarming;
                if (access.incident && (worse || !answer.incident)) {
                    answer.incident = access.incident;
                }
                if (!app::is_routine(access)) {
                    answer.notable = access.leaf;
                }
                folding ? fold.add(std::move(access)) : show(access);
            }));
        fold.finish();
    }
    table.finish();
    return answer;
}

void tell_totals(const Answer& answer) {
    std::vector<std::string> verdicts;
    verdicts.reserve(answer.totals.by_verdict.size());
    for (const auto& [verdict, count] : answer.totals.by_verdict) {
        verdicts.push_back(fmt::format("{} {}", count, verdict));
    }
    note("in all",
         fmt::format("{} in {}: {} · days and times are UTC",
                     output::render_count(answer.totals.accesses, "access"),
                     output::render_count(answer.totals.records, "record"),
                     fmt::join(verdicts, ", ")));
}

Exit show(app::EvidenceFolder& folder,
          const Question& question,
          const std::vector<std::string>& mailboxes,
          std::string_view path,
          bool all) {
    const auto told = answer(folder, question, mailboxes, path, question.for_people() && !all);
    if (!told) {
        return complain_of(told.error());
    }
    const std::string named(path.empty() ? std::string_view(mailboxes.front()) : path);
    if (told->totals.records == 0) {
        complain(
            fmt::format("no access to \"{}\" in this span; without --since and --until the "
                        "whole ledger is asked",
                        named));
        return Exit::nothing_found;
    }
    if (!question.for_people()) {
        return Exit::nothing_found;
    }
    end_of_rows();
    tell_totals(*told);
    if (!tell_grounds(folder, question.span, told->totals.last_leaf)) {
        return Exit::failure;
    }
    if (told->incident) {
        note("next",
             app::asked_of(folder.path(),
                           fmt::format("mailvigil incident show {}", *told->incident)));
    } else if (told->notable) {
        note("next",
             app::asked_of(folder.path(),
                           fmt::format("mailvigil evidence prove {}", *told->notable)));
    } else {
        note("next",
             app::asked_of(folder.path(),
                           fmt::format("mailvigil who {} --all", shell_quote(named))));
    }
    return Exit::nothing_found;
}

/// No mailbox of that name, and no path either.
Exit unknown_mailbox(const std::string& asked, const std::vector<std::string>& known) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    complain(fmt::format("nothing is known of a mailbox or path \"{}\"{}{}",
                         asked,
                         did_you_mean(asked, names),
                         known.empty() ? " (the ledger has no access to any mailbox)"
                                       : " (mailvigil timeline shows what there is)"));
    return Exit::failure;
}

Exit run(const Arguments& arguments) {
    const auto question = read_question(arguments);
    const auto asked = arguments.value("MAILBOX|PATH");
    if (question && !asked) {
        complain("name a mailbox or a path: mailvigil who hr");
    }
    if (!question || !asked) {
        return Exit::usage;
    }
    auto folder = app::EvidenceFolder::open(evidence::posix_disk(), question->folder);
    if (!folder) {
        return complain_of(folder.error());
    }
    const auto known = folder->index().mailboxes(folder->ledger());
    if (!known) {
        return complain_of(known.error());
    }
    const bool all = arguments.has("--all");
    if (std::ranges::binary_search(*known, *asked)) {
        return show(*folder, *question, {*asked}, {}, all);
    }
    if (asked->starts_with('/')) {
        const auto mailboxes = app::mailboxes_at(*folder, *asked);
        if (!mailboxes) {
            return complain_of(mailboxes.error());
        }
        if (!mailboxes->empty()) {
            return show(*folder, *question, *mailboxes, *asked, all);
        }
        const auto shown = show_entries(
            *folder, *question, {.path = *asked, .everything = true, .event_class = {}});
        if (!shown) {
            return complain_of(shown.error());
        }
        if (shown->rows > 0) {
            return tell_below_entries(*folder, *question, *shown);
        }
    }
    return unknown_mailbox(*asked, *known);
}

constexpr Option kOptions[] = {
    {"MAILBOX|PATH", OptionKind::positional, "", "a mailbox, a mail store, or mail configuration"},
    kSinceOption,
    kUntilOption,
    {"--all", OptionKind::flag, "", "do not fold what the mail service and the owner did"},
    kOutputOption,
    kEvidenceOption,
};

}  // namespace

extern const Command who{.name = "who",
                         .summary = "who touched a mailbox, with what, and whether that was normal",
                         .example = "mailvigil who hr --since yesterday",
                         .options = kOptions,
                         .run = run};

}  // namespace mailvigil::cli::command
