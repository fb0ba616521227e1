// mailvigil evidence import: verifies a case bundle offline and tells what it says.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "app/case_bundle.h"
#include "base/escape.h"
#include "base/print.h"
#include "cli/command/roster.h"
#include "cli/question.h"
#include "event/canonical.h"
#include "output/format.h"
#include "output/moment.h"

namespace mailvigil::cli::command {

namespace {

/// The last word on each incident in it.
void tell_stories(const app::BundleReport& bundle) {
    std::map<std::uint64_t, std::string> stories;
    for (const app::BundleRecord& record : bundle.records) {
        EventBatch batch;
        if (!record.proved || !decode_canonical(record.bytes, batch)) {
            continue;
        }
        const Event& event = batch.events().front();
        if (event.event_class != EventClass::finding || !event.has(Field::finding_incident)) {
            continue;
        }
        std::string& story = stories[event.finding_incident()];
        story.clear();
        output::find_format("text")->render(event, standard_medium(), story);
    }
    for (const auto& [incident, story] : stories) {
        mailvigil::print(stdout, "{}", story);
    }
}

void tell(const app::BundleReport& bundle, bool key_given) {
    for (const std::string& damage : bundle.damages) {
        mailvigil::print(stdout, "damage       {}\n", escape_for_terminal(damage));
    }
    note("verdict",
         bundle.good()
             ? "good: every record that was sealed is as it was sealed"
             : fmt::format("damaged: {}", output::render_count(bundle.damages.size(), "damage")));
    note("origin", bundle.origin.empty() ? "unknown" : bundle.origin);
    note("records",
         fmt::format("{}, {} proved under a checkpoint of size {}",
                     bundle.records.size(),
                     bundle.proved,
                     bundle.size));
    if (!bundle.unsealed.empty()) {
        note("weakened by",
             fmt::format("{} not sealed yet when the bundle was made ({}): nothing proves what is "
                         "said there",
                         output::render_count(bundle.unsealed.size(), "record"),
                         output::render_ranges(bundle.unsealed)));
    }
    if (!bundle.page_agrees) {
        note(
            "weakened by",
            "report.html is not what this version makes of the records: it was altered, or another "
            "version made it; --report FILE makes it anew");
    }
    if (!key_given) {
        note("weakened by",
             "no --vkey was given: the bundle agrees with itself, no more; ask for the ledger's "
             "first epoch key in another way");
    }
    if (bundle.first_key) {
        note("epoch key", render(*bundle.first_key));
    }
}

/// The page, from the proved records alone.
Result<void> write_page(const app::BundleReport& bundle, const std::string& path) {
    std::vector<app::BundleRecord> proved;
    std::ranges::copy_if(bundle.records, std::back_inserter(proved), &app::BundleRecord::proved);
    if (evidence::posix_disk().exists(path)) {
        return fail(ErrorCode::unwritable, fmt::format("{} is there already", path));
    }
    const auto file = TRY(evidence::posix_disk().open_append(path));
    TRY(file->append(output::render_html(app::bundle_page(proved, bundle.origin, wall_clock()))));
    return file->sync();
}

Exit run(const Arguments& arguments) {
    const auto path = arguments.value("DIR");
    if (!path) {
        complain("name the folder of a case bundle");
        return Exit::usage;
    }
    std::optional<evidence::VerifierKey> key;
    if (const auto text = arguments.value("--vkey")) {
        const auto parsed = evidence::parse_vkey(*text);
        if (!parsed) {
            complain(fmt::format("--vkey: {}", parsed.error().message));
            return Exit::usage;
        }
        key = *parsed;
    }
    const auto bundle = app::import_bundle(evidence::posix_disk(), *path, key);
    if (!bundle) {
        return complain_of(bundle.error());
    }
    tell_stories(*bundle);
    tell(*bundle, key.has_value());
    if (const auto file = arguments.value("--report")) {
        if (const auto written = write_page(*bundle, *file); !written) {
            return complain_of(written.error());
        }
        note("report", fmt::format("{}, made anew from the proved records", *file));
    }
    return bundle->good() ? Exit::nothing_found : Exit::findings;
}

constexpr Option kOptions[] = {
    {"DIR", OptionKind::positional, "", "a case bundle that evidence export wrote"},
    {"--vkey", OptionKind::value, "VKEY", "the ledger's first epoch key, from elsewhere"},
    {"--report", OptionKind::value, "FILE", "write the report anew, from the proved records alone"},
};

}  // namespace

extern const Command evidence_import{
    .name = "evidence_import",
    .summary = "verify a case bundle offline and tell what it says; status 1 where it is damaged",
    .example = "mailvigil evidence import case-17",
    .options = kOptions,
    .run = run};

}  // namespace mailvigil::cli::command
