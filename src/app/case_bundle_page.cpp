// The report of a case bundle: the story, the people, accesses, lineage, timeline.
#include <fmt/format.h>

#include <map>

#include "app/case_bundle.h"
#include "app/person.h"
#include "event/canonical.h"
#include "output/moment.h"

namespace mailvigil::app {

namespace {

using output::ReportSection;

std::string joined(std::span<const std::string_view> texts) {
    return fmt::format("{}", fmt::join(texts, " · "));
}

std::string span_of(const Event& event) {
    const Timestamp first = event.has(Field::finding_start) ? event.finding_start() : event.time;
    const Timestamp last = event.has(Field::finding_end) ? event.finding_end() : first;
    const std::string start = output::render_day_and_clock(first);
    const std::string end = output::render_day_and_clock(last);
    return start == end ? start : fmt::format("{} to {}", start, end);
}

/// The newest word on an incident.
ReportSection story_of(const Event& event, std::uint64_t leaf) {
    ReportSection story;
    story.heading = fmt::format("Incident {}: {}", event.finding_incident(), event.finding_title());
    const auto fact = [&](std::string_view label, std::string text) {
        if (!text.empty()) {
            story.facts.emplace_back(label, std::move(text));
        }
    };
    fact("level", std::string(event.finding_level()));
    fact("when", span_of(event));
    fact("host", std::string(event.host_name()));
    fact("who", std::string(event.finding_who()));
    fact("mailboxes", joined(event.finding_mailboxes()));
    for (const std::string_view step : event.finding_did()) {
        const std::size_t colon = step.find(": ");
        colon == std::string_view::npos
            ? fact("did", std::string(step))
            : fact(step.substr(0, colon), std::string(step.substr(colon + 2)));
    }
    fact("because", joined(event.finding_reasons()));
    const auto against = event.finding_against();
    fact("against",
         against.empty() ? "nothing: no role, maintenance or declared reason covers this"
                         : joined(against));
    const auto weakened = event.finding_weakened_by();
    fact("weakened by", weakened.empty() ? "nothing lost in its span" : joined(weakened));
    fact("ATT&CK", joined(event.threat_technique_id()));
    fact("settings", joined(event.finding_settings()));
    fact("record", fmt::format("{}", leaf));
    return story;
}

/// What an event is about, for the timeline.
std::string what_of(const Event& event) {
    for (const Field field : {Field::finding_title,
                              Field::message,
                              Field::configuration_key,
                              Field::file_path,
                              Field::gap_reason,
                              Field::event_action}) {
        if (event.has(field)) {
            return std::string(event.text_of(field));
        }
    }
    return {};
}

struct Pages {
    ReportSection accesses{
        .heading = "Accesses",
        .paragraphs = {},
        .facts = {},
        .columns = {"record", "when (UTC)", "mailbox", "who", "with", "access", "verdict", "why"},
        .rows = {},
        .commands = {}};
    ReportSection lineage{.heading = "Processes",
                          .paragraphs = {},
                          .facts = {},
                          .columns = {"record", "when (UTC)", "pid", "parent", "who", "command"},
                          .rows = {},
                          .commands = {}};
    ReportSection timeline{.heading = "Timeline",
                           .paragraphs = {},
                           .facts = {},
                           .columns = {"record", "when (UTC)", "class", "what", "who"},
                           .rows = {},
                           .commands = {}};
    std::map<std::uint64_t, ReportSection> stories;  ///< by incident

    void take(const Event& event, std::uint64_t leaf) {
        const std::string number = fmt::format("{}", leaf);
        if (event.event_class == EventClass::access) {
            const std::string count =
                fmt::format("{} {}×", event.access_class(), event.finding_accesses());
            accesses.rows.push_back({number,
                                     span_of(event),
                                     std::string(event.access_mailbox()),
                                     who_of(event),
                                     std::string(event.process_executable()),
                                     count,
                                     std::string(event.finding_verdict()),
                                     joined(event.finding_reasons())});
        } else if (event.event_class == EventClass::process_start) {
            lineage.rows.push_back({number,
                                    output::render_day_and_clock(event.time),
                                    fmt::format("{}", event.process_pid()),
                                    event.has(Field::process_parent_pid)
                                        ? fmt::format("{}", event.process_parent_pid())
                                        : "",
                                    who_of(event),
                                    command_of(event)});
        } else {
            if (event.event_class == EventClass::finding && event.has(Field::finding_incident)) {
                stories[event.finding_incident()] = story_of(event, leaf);
            }
            timeline.rows.push_back({number,
                                     span_of(event),
                                     std::string(to_text(event.event_class)),
                                     what_of(event),
                                     who_of(event)});
        }
    }
};

ReportSection weakness(std::span<const std::uint64_t> unproved) {
    return {
        .heading = "What weakens this",
        .paragraphs = {"These records were not sealed yet when the bundle was made, and have no "
                       "proof: whatever is told below and rests on them, nothing proves it."},
        .facts = {{"records", output::render_ranges(unproved)}},
        .columns = {},
        .rows = {},
        .commands = {}};
}

ReportSection how_to_verify(std::string_view origin) {
    return {.heading = "How to verify this",
            .paragraphs = {"Every record above has its number in the sealed ledger, and a proof in "
                           "the folder proofs/ of this bundle. Ask for the first epoch key of the "
                           "ledger in another way than this bundle; then, without the host:"},
            .facts = {{"ledger", std::string(origin)}},
            .columns = {},
            .rows = {},
            .commands = {"sha256sum -c sha256sums",
                         "mailvigil evidence import . --vkey FIRST_EPOCH_KEY"}};
}

}  // namespace

output::Report bundle_page(const std::vector<BundleRecord>& records,
                           std::string_view origin,
                           Timestamp now) {
    Pages pages;
    std::vector<std::uint64_t> unproved;
    for (const BundleRecord& record : records) {
        if (!record.proved) {
            unproved.push_back(record.leaf);
        }
        EventBatch batch;
        if (decode_canonical(record.bytes, batch)) {
            pages.take(batch.events().front(), record.leaf);
        } else {
            pages.timeline.rows.push_back(
                {fmt::format("{}", record.leaf), "", "", "not understood by this version", ""});
        }
    }
    output::Report page;
    page.title = pages.stories.size() == 1
                     ? pages.stories.begin()->second.heading
                     : fmt::format("{} of a mail host",
                                   output::render_count(records.size(), "sealed record"));
    page.subtitle = fmt::format("{} · made {} · times are UTC{}",
                                origin,
                                output::render_day_and_clock(now),
                                unproved.empty()
                                    ? ""
                                    : fmt::format(" · {} not sealed yet, without proof",
                                                  output::render_count(unproved.size(), "record")));
    if (!unproved.empty()) {
        page.sections.push_back(weakness(unproved));
    }
    for (auto& [incident, story] : pages.stories) {
        page.sections.push_back(std::move(story));
    }
    for (ReportSection* section : {&pages.accesses, &pages.lineage, &pages.timeline}) {
        if (!section->rows.empty()) {
            page.sections.push_back(std::move(*section));
        }
    }
    page.sections.push_back(how_to_verify(origin));
    return page;
}

}  // namespace mailvigil::app
