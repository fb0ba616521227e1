// testdata/analytic/*.case: a log told in a few lines, and what the engine concludes from it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "detect/engine.h"
#include "detect/event_script_test.h"
#include "testing/case_file.h"

namespace mailvigil::detect {

namespace {

std::vector<Finding> conclude(std::string_view log, const Record::Consumer& record) {
    IncidentCounter incidents;
    Engine engine(shipped_knowledge(), {.host = "mx1", .record = record}, incidents);
    EventScript script;
    while (!log.empty()) {
        const std::size_t end = log.find('\n');
        for (const Event& event : script.line(log.substr(0, end))) {
            engine.apply(event);
        }
        log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    }
    engine.finish();
    std::vector<Finding> findings = engine.take_findings();
    std::erase_if(findings, [](const Finding& finding) { return !finding.closed; });
    return findings;
}

/// One line a finding: its last word on the matter.
std::string describe(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text += fmt::format("{} {} {} {} [{}] {}\n",
                            to_text(finding.level),
                            finding.rule_id,
                            finding.stage,
                            finding.verdict,
                            fmt::join(finding.mailboxes, " "),
                            finding.title);
    }
    return text;
}

std::string reasons(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        for (const std::string& reason : finding.reasons) {
            text += reason + "\n";
        }
    }
    return text;
}

/// One line an access or a process of an incident's lineage.
std::string describe_kept(const Event& event) {
    const std::string of = event.has(Field::finding_incident)
                               ? fmt::format(" incident {}", event.finding_incident())
                               : std::string();
    if (event.event_class == EventClass::access) {
        return fmt::format("access {} {} {}x {} by {} {}{}\n",
                           event.access_class(),
                           event.access_mailbox(),
                           event.finding_accesses(),
                           event.finding_verdict(),
                           event.process_pid(),
                           event.process_executable(),
                           of);
    }
    return fmt::format("{} {} {} [{}] as {}, session {}{}\n",
                       event.event_action(),
                       event.process_pid(),
                       event.process_executable(),
                       fmt::join(event.process_args(), " "),
                       event.user_name(),
                       event.has(Field::session_id) ? std::to_string(event.session_id()) : "-",
                       of);
}

void agree(testing::CaseFile& case_file) {
    shipped_knowledge().settings = read_settings(case_file.section_or("config", ""));
    const std::vector<Finding> findings = conclude(case_file.section("log"), {});
    check(case_file, "expect findings", describe(findings));
    if (case_file.has("expect record")) {
        std::string kept;
        conclude(case_file.section("log"),
                 [&](const Event& event) { kept += describe_kept(event); });
        check(case_file, "expect record", kept);
    }
    if (case_file.has("expect reasons")) {
        check(case_file, "expect reasons", reasons(findings));
    }
}

CASE_TEST(MailCollectionCases, "testdata/analytic/mail_collection") {
    agree(case_file);
}

CASE_TEST(PathTamperingCases, "testdata/analytic/path_tampering") {
    agree(case_file);
}

}  // namespace

}  // namespace mailvigil::detect
