#include "cli/accesses.h"

#include <fmt/format.h>

#include <span>

#include "app/person.h"
#include "cli/question.h"
#include "output/moment.h"

namespace mailvigil::cli {

namespace {

using app::Access;
using output::Cell;

constexpr std::size_t kObjectsShownMax = 3;

/// In a column: an incident tells its reasons itself, and a role is known by its name.
std::string why(const Access& access) {
    std::string_view reason = access.reason;
    if (reason.starts_with("role ")) {
        reason = reason.substr(0, reason.find(": "));
    }
    if (!access.incident) {
        return std::string(reason);
    }
    const bool told = reason.empty() || tone_of(access.verdict) == output::Tone::alarming;
    return fmt::format("incident {}{}{}", *access.incident, told ? "" : ": ", told ? "" : reason);
}

std::vector<std::string> objects_of(const Event& finding) {
    for (const Field field : {Field::finding_mailboxes, Field::finding_objects}) {
        const auto texts = finding.texts_of(field);
        if (!texts.empty()) {
            return {texts.begin(), texts.end()};
        }
    }
    return {};
}

}  // namespace

output::Row access_row(const Access& access, Timestamp now) {
    const std::string when =
        access.folded > 1
            ? fmt::format("{}, {} times", output::render_day(access.first, now), access.folded)
            : output::render_moment(access.first, access.last, now);
    Cell touched = cell(access.access_class);
    touched.text = access_text(access.access_class, access.count, access.bytes);
    Cell reason = cell(access.reason);
    reason.text = why(access);
    return {cell(access.first, when),
            cell(access.last),
            cell(to_text(EventClass::access)),
            cell(access.who),
            cell(program_name(access.executable, access.script)),
            cell(access.mailbox),
            touched,
            cell(access.verdict, tone_of(access.verdict)),
            cell(access.session),
            cell(access.from),
            reason,
            cell(access.count),
            cell(access.bytes),
            cell(access.incident),
            cell(access.pid),
            cell(access.executable),
            cell(access.script),
            cell(access.store),
            cell(access.host),
            cell(access.leaf)};
}

output::Row finding_row(std::uint64_t leaf, const Event& finding, Timestamp now) {
    const Timestamp first =
        finding.has(Field::finding_start) ? finding.finding_start() : finding.time;
    const Timestamp last = finding.has(Field::finding_end) ? finding.finding_end() : finding.time;
    const auto number = [&](Field field) {
        return finding.has(field) ? std::optional(finding.number_of(field)) : std::nullopt;
    };
    const app::Person person = app::person_of(finding);
    Cell touched;
    const std::vector<std::string> objects = objects_of(finding);
    touched.value = objects;
    if (objects.size() > kObjectsShownMax) {
        touched.text = fmt::format("{} and {} more",
                                   fmt::join(std::span(objects).first(kObjectsShownMax), ", "),
                                   objects.size() - kObjectsShownMax);
    }
    Cell why = cell(finding.finding_title());
    const auto incident = number(Field::finding_incident);
    if (incident) {
        why.text = fmt::format("incident {}: {}", *incident, finding.finding_title());
    }
    return {cell(first, output::render_moment(first, last, now)),
            cell(last),
            cell(to_text(finding.event_class)),
            cell(person.who),
            cell(program_name(finding.process_executable(), finding.process_script())),
            touched,
            cell(finding.finding_stage()),
            cell(finding.finding_verdict(), tone_of(finding.finding_verdict())),
            cell(person.session),
            cell(person.from),
            why,
            cell(number(Field::finding_accesses)),
            cell(number(Field::file_size)),
            cell(incident),
            cell(number(Field::process_pid)),
            cell(finding.process_executable()),
            cell(finding.process_script()),
            cell(finding.file_path()),
            cell(finding.host_name()),
            cell(leaf)};
}

}  // namespace mailvigil::cli
