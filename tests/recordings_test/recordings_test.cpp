// Every recording (tests/recordings/NAME) through the whole belt: what scenario.yml expects must be
// found, and nothing honest may come above its level. A test each, by the folder's name.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "app/configuration.h"
#include "app/knowledge.h"
#include "app/replay.h"
#include "base/yaml_reader.h"
#include "event/vocabulary.h"
#include "output/format/roster.h"

namespace mailvigil {

namespace {

namespace fs = std::filesystem;

struct Expectation {
    std::string analytic;
    std::string stage;
    std::string verdict;
    Level level = Level::informational;
    std::vector<std::string> mailboxes;
};

struct Scenario {
    bool attack = false;
    std::string configuration;
    std::vector<Expectation> expectations;
};

/// What a test looks at of a finding; events die with their batch.
struct Seen {
    std::string rule;
    std::string title;
    std::string stage;
    std::string verdict;
    std::string action;
    Level level = Level::informational;
    std::vector<std::string> mailboxes;
};

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Expectation read_expectation(const yaml::Node& node, Diagnostics& diagnostics) {
    yaml::Reader reader(node, "expect", diagnostics);
    Expectation expectation;
    expectation.analytic = reader.text("analytic").value_or("");
    expectation.stage = reader.text("stage").value_or("");
    expectation.verdict = reader.text("verdict").value_or("");
    const auto level = parse_level(reader.text("level").value_or(""));
    EXPECT_TRUE(level) << "expect has no level";
    expectation.level = level.value_or(Level::informational);
    expectation.mailboxes = reader.texts("mailboxes");
    std::ranges::sort(expectation.mailboxes);
    return expectation;
}

Scenario read_scenario(const fs::path& folder) {
    Diagnostics diagnostics;
    const yaml::Node document =
        yaml::parse(read_text(folder / "scenario.yml"), "scenario.yml", diagnostics);
    yaml::Reader reader(document, "scenario.yml", diagnostics);
    Scenario scenario;
    const std::string kind = reader.text("kind").value_or("");
    EXPECT_TRUE(kind == "attack" || kind == "honest") << "kind: " << kind;
    scenario.attack = kind == "attack";
    scenario.configuration = reader.text("config").value_or("");
    const yaml::Node* expect = reader.node("expect");
    if (expect != nullptr && expect->kind == yaml::Kind::sequence) {
        for (const yaml::Node& item : expect->items) {
            scenario.expectations.push_back(read_expectation(item, diagnostics));
        }
    } else if (expect != nullptr) {
        scenario.expectations.push_back(read_expectation(*expect, diagnostics));
    }
    EXPECT_FALSE(scenario.expectations.empty()) << "scenario.yml expects nothing";
    return scenario;
}

detect::Knowledge knowledge_for(const Scenario& scenario, Diagnostics& diagnostics) {
    app::Configuration configuration;
    if (!scenario.configuration.empty()) {
        configuration = app::parse_configuration(scenario.configuration, "config", diagnostics);
    }
    configuration.data = "/nonexistent";
    return app::load_knowledge(configuration, diagnostics);
}

struct Outcome {
    std::vector<Seen> findings;
    std::string ndjson;
    app::ReplaySummary summary;
};

Outcome replay_files(const std::vector<std::string>& files,
                     const detect::Knowledge& knowledge,
                     bool explain) {
    Outcome outcome;
    app::ReplayOptions options;
    options.files = files;
    options.belt.explain = explain;
    options.belt.level = explain ? Level::informational : Level::low;
    options.belt.host = "mx1";
    const output::Format* ndjson = nullptr;
    for (const output::Format* format : output::format::roster()) {
        ndjson = format->name == "ndjson" ? format : ndjson;
    }
    app::ReplayHooks hooks;
    hooks.belt.finding = [&](const Event& event) {
        ndjson->render(event, {}, outcome.ndjson);
        if (event.finding_state() == "open") {
            return;
        }
        const bool access = event.event_class == EventClass::access;
        Seen seen;
        seen.rule = access ? "AN1310" : event.rule_id();
        seen.title = event.finding_title();
        seen.stage = event.finding_stage();
        seen.verdict = event.finding_verdict();
        seen.action = event.event_action();
        seen.level = parse_level(event.finding_level()).value_or(Level::informational);
        for (const std::string_view mailbox : event.finding_mailboxes()) {
            seen.mailboxes.emplace_back(mailbox);
        }
        if (access) {
            seen.mailboxes.emplace_back(event.access_mailbox());
        }
        outcome.findings.push_back(std::move(seen));
    };
    Diagnostics diagnostics;
    outcome.summary = app::replay(options, knowledge, hooks, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        ADD_FAILURE() << "the recording is not clean: " << render(diagnostic);
    }
    return outcome;
}

std::string describe(const std::vector<Seen>& findings) {
    std::string text;
    for (const Seen& seen : findings) {
        text += fmt::format("  {} {} stage={} verdict={} mailboxes=[{}]: {}\n",
                            seen.rule,
                            to_text(seen.level),
                            seen.stage,
                            seen.verdict,
                            fmt::join(seen.mailboxes, " "),
                            seen.title);
    }
    return text;
}

bool fulfils(const Seen& seen, const Expectation& expectation) {
    return seen.rule == expectation.analytic && seen.level == expectation.level &&
           seen.stage == expectation.stage && seen.verdict == expectation.verdict &&
           (expectation.analytic != "AN1310" || seen.mailboxes == expectation.mailboxes);
}

/// The mailboxes that accesses of this verdict touched.
std::vector<std::string> mailboxes_with(const std::vector<Seen>& findings,
                                        std::string_view verdict) {
    std::vector<std::string> mailboxes;
    for (const Seen& seen : findings) {
        if (seen.verdict == verdict) {
            mailboxes.insert(mailboxes.end(), seen.mailboxes.begin(), seen.mailboxes.end());
        }
    }
    std::ranges::sort(mailboxes);
    const auto repeated = std::ranges::unique(mailboxes);
    mailboxes.erase(repeated.begin(), repeated.end());
    return mailboxes;
}

void check_line(std::string_view line) {
    rapidjson::Document document;
    document.Parse(line.data(), line.size());
    ASSERT_FALSE(document.HasParseError()) << line;
    const auto has = [&](std::initializer_list<const char*> path) {
        const rapidjson::Value* at = &document;
        std::string name;
        for (const char* key : path) {
            name += name.empty() ? key : fmt::format(".{}", key);
            ASSERT_TRUE(at->IsObject() && at->HasMember(key)) << name << " is missing in " << line;
            at = &(*at)[key];
        }
    };
    has({"@timestamp"});
    has({"event", "kind"});
    has({"process", "entity_id"});
    has({"process", "executable"});
    has({"user", "id"});
    has({"host", "name"});
    if (document["mailvigil"].HasMember("access")) {
        has({"event", "id"});
        has({"event", "end"});
        has({"file", "path"});
        has({"mailvigil", "store", "format"});
        for (const char* field : {"mailbox", "accesses", "verdict", "reasons", "who"}) {
            has({"mailvigil", field});
        }
        return;
    }
    has({"event", "action"});
    has({"rule", "id"});
    has({"rule", "name"});
    has({"threat", "technique", "id"});
    has({"process", "command_line"});
    for (const char* field :
         {"level", "verdict", "stage", "mailboxes", "reasons", "evidence", "settings"}) {
        has({"mailvigil", field});
    }
    EXPECT_FALSE(document["mailvigil"]["evidence"].Empty()) << line;
    EXPECT_FALSE(document["mailvigil"]["settings"].Empty()) << line;
}

fs::path recordings_root() {
    return fs::path(MAILVIGIL_SOURCE_DIR) / "tests" / "recordings";
}

std::vector<std::string> recording_names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(recordings_root())) {
        if (fs::exists(entry.path() / "scenario.yml")) {
            names.push_back(entry.path().filename().string());
        }
    }
    std::ranges::sort(names);
    return names;
}

class Recording : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        folder_ = recordings_root() / GetParam();
        log_ = (folder_ / "audit.log.zst").string();
        ASSERT_TRUE(fs::exists(log_))
            << "the scenario was never recorded: run tests/recordings/record " << GetParam();
        scenario_ = read_scenario(folder_);
        knowledge_ = knowledge_for(scenario_, diagnostics_);
        for (const Diagnostic& diagnostic : diagnostics_.kept()) {
            ADD_FAILURE() << render(diagnostic);
        }
    }

    fs::path folder_;
    std::string log_;
    Scenario scenario_;
    Diagnostics diagnostics_;
    detect::Knowledge knowledge_;
};

TEST_P(Recording, tells_what_the_scenario_expects) {
    const Outcome outcome = replay_files({log_}, knowledge_, false);
    if (scenario_.attack) {
        for (const Expectation& expectation : scenario_.expectations) {
            const bool found = std::ranges::any_of(
                outcome.findings, [&](const Seen& seen) { return fulfils(seen, expectation); });
            EXPECT_TRUE(found) << fmt::format(
                "expected {} {} stage={} verdict={} mailboxes=[{}]; found:\n{}",
                expectation.analytic,
                to_text(expectation.level),
                expectation.stage,
                expectation.verdict,
                fmt::join(expectation.mailboxes, " "),
                describe(outcome.findings));
        }
        return;
    }
    for (const Seen& seen : outcome.findings) {
        EXPECT_LE(seen.level, Level::low) << describe({seen});
        EXPECT_LE(seen.level, scenario_.expectations.front().level) << describe({seen});
    }
    const Expectation& expectation = scenario_.expectations.front();
    if (expectation.verdict.empty()) {
        return;  // nothing of mail was touched: silence is what is expected
    }
    const Outcome explained = replay_files({log_}, knowledge_, true);
    if (expectation.analytic == "AN1310") {
        const auto mailboxes = mailboxes_with(explained.findings, expectation.verdict);
        EXPECT_TRUE(std::ranges::includes(mailboxes, expectation.mailboxes))
            << fmt::format("expected verdict {} for [{}]; explained:\n{}",
                           expectation.verdict,
                           fmt::join(expectation.mailboxes, " "),
                           describe(explained.findings));
    } else {
        EXPECT_TRUE(std::ranges::any_of(explained.findings,
                                        [&](const Seen& seen) {
                                            return seen.rule == expectation.analytic &&
                                                   seen.verdict == expectation.verdict;
                                        }))
            << fmt::format("expected verdict {}; explained:\n{}",
                           expectation.verdict,
                           describe(explained.findings));
    }
}

/// A process life in an incident.
using Part = std::pair<std::uint64_t, std::string>;

TEST_P(Recording, keeps_what_its_findings_rest_on) {
    app::ReplayOptions options;
    options.files = {log_};
    options.belt.host = "mx1";
    options.belt.first_incident = 40;
    app::ReplayHooks hooks;
    hooks.belt.finding = [](const Event&) {};
    std::set<Part> lineage;
    std::uint64_t accesses = 0;
    hooks.belt.record = [&](const Event& event) {
        const Part part(event.finding_incident(), event.process_entity_id());
        if (event.event_class == EventClass::process_start) {
            EXPECT_GE(part.first, 40U);
            EXPECT_TRUE(lineage.insert(part).second) << "twice: " << part.second;
        } else if (event.event_class == EventClass::access) {
            accesses += event.finding_accesses();
            EXPECT_LE(event.time, event.finding_end());
            EXPECT_TRUE(part.first == 0 || lineage.contains(part)) << part.second;
        } else if (event.event_class == EventClass::finding && part.first != 0) {
            EXPECT_TRUE(lineage.contains(part)) << part.second;
        }
    };
    Diagnostics diagnostics;
    app::replay(options, knowledge_, hooks, diagnostics);

    std::uint64_t explained = 0;
    hooks.belt.record = {};
    options.belt.explain = true;
    hooks.belt.finding = [&](const Event& event) {
        explained += event.event_class == EventClass::access ? event.finding_accesses() : 0;
    };
    app::replay(options, knowledge_, hooks, diagnostics);
    EXPECT_EQ(accesses, explained);
}

TEST_P(Recording, gives_complete_json_lines) {
    const Outcome outcome = replay_files({log_}, knowledge_, true);
    EXPECT_FALSE(outcome.ndjson.empty());
    for (std::size_t at = 0; at < outcome.ndjson.size();) {
        const std::size_t end = outcome.ndjson.find('\n', at);
        ASSERT_NE(end, std::string::npos) << "the last line is not ended";
        check_line(std::string_view(outcome.ndjson).substr(at, end - at));
        at = end + 1;
    }
}

TEST_P(Recording, tells_the_same_twice_and_when_cut_in_two) {
    const std::string once = replay_files({log_}, knowledge_, true).ndjson;
    EXPECT_EQ(once, replay_files({log_}, knowledge_, true).ndjson);

    const fs::path folder =
        fs::temp_directory_path() / fmt::format("mailvigil-{}-{}", ::getpid(), GetParam());
    fs::create_directories(folder);
    const std::string plain = (folder / "whole").string();
    ASSERT_EQ(std::system(fmt::format("zstd -dcq '{}' > '{}'", log_, plain).c_str()), 0);
    const std::string text = read_text(plain);
    const std::size_t middle = text.find('\n', text.size() / 2) + 1;
    std::ofstream(folder / "first", std::ios::binary) << text.substr(0, middle);
    std::ofstream(folder / "second", std::ios::binary) << text.substr(middle);
    // Named in the wrong order on purpose.
    const std::string cut =
        replay_files({(folder / "second").string(), (folder / "first").string()}, knowledge_, true)
            .ndjson;
    EXPECT_EQ(once, cut);
    fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(all,
                         Recording,
                         ::testing::ValuesIn(recording_names()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace

}  // namespace mailvigil
