// testdata/analytic/*.case: a log told in a few lines, and what the engine concludes from it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "detect/engine.h"
#include "detect/event_script_test.h"
#include "testing/case_file.h"

namespace mailvigil::detect {

namespace {

std::vector<Finding> conclude(std::string_view log) {
    Engine engine(shipped_knowledge(), {.host = "mx1"});
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

void agree(testing::CaseFile& case_file) {
    shipped_knowledge().settings = read_settings(case_file.section_or("config", ""));
    const std::vector<Finding> findings = conclude(case_file.section("log"));
    check(case_file, "expect findings", describe(findings));
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
