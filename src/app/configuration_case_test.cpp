// The configuration file by its cases, testdata/configuration_file/*.case: `mailvigil.yml` is read;
// `expect diagnostics` is what is said of it, `expect settings` what counts.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "app/configuration.h"
#include "app/knowledge.h"
#include "testing/case_file.h"

namespace mailvigil::app {
namespace {

using testing::check;

std::string times(const detect::Declaration& declaration) {
    return fmt::format("{}..{}",
                       declaration.from ? render_utc(*declaration.from) : "",
                       declaration.until ? render_utc(*declaration.until) : "");
}

std::string describe(const Configuration& configuration) {
    const detect::Settings& settings = configuration.settings;
    std::string out;
    const auto line = [&](std::string_view name, const std::string& value) {
        out += fmt::format("{}: {}\n", name, value);
    };
    const auto names = [&](std::string_view name, const auto& list) {
        line(name, fmt::format("+ {} - {}", fmt::join(list.add, " "), fmt::join(list.remove, " ")));
    };
    for (const mail::StoreEntry& entry : settings.watched_mail_dirs.add) {
        line("WatchedMailDirs",
             fmt::format("+ {} format={} software={} owner={} shared={} at {}:{}",
                         entry.path,
                         entry.format,
                         entry.software,
                         entry.owner,
                         entry.shared,
                         entry.written.line,
                         entry.written.column));
    }
    line("WatchedMailDirs", fmt::format("- {}", fmt::join(settings.watched_mail_dirs.remove, " ")));
    names("ProcessNameList", settings.process_name_list);
    line("TimeWindow", render_duration(settings.time_window));
    names("MailTransportScriptPath", settings.mail_transport_script_path);
    names("UserContext", settings.user_context);
    line("ExecFrequencyThreshold", fmt::format("{}", settings.exec_frequency_threshold));
    line("mailboxes_to_harvest", fmt::format("{}", settings.mailboxes_to_harvest));
    for (const detect::Declaration& declaration : settings.declarations) {
        line("declaration",
             fmt::format("{} by=[{}] mailboxes=[{}] paths=[{}] programs=[{}] {}",
                         declaration.reason,
                         fmt::join(declaration.by, " "),
                         fmt::join(declaration.mailboxes, " "),
                         fmt::join(declaration.paths, " "),
                         fmt::join(declaration.programs, " "),
                         times(declaration)));
    }
    for (const detect::ChangeWindow& window : settings.change_windows) {
        line("change window",
             fmt::format("days {:07b} {}-{}",
                         window.weekdays,
                         render_clock(Timestamp(window.from)),
                         render_clock(Timestamp(window.until))));
    }
    line("internal_networks", fmt::format("{}", settings.internal_networks.size()));
    line("internal_domains", fmt::format("{}", fmt::join(settings.internal_domains, " ")));
    line("host_name", settings.host_name);
    line("data", configuration.data);
    return out;
}

std::string describe(const Diagnostics& diagnostics) {
    std::string out;
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        out += render(diagnostic) + "\n";
    }
    return out;
}

CASE_TEST(ConfigurationCases, "testdata/configuration_file") {
    Diagnostics diagnostics;
    const Configuration configuration =
        parse_configuration(case_file.section("mailvigil.yml"), "mailvigil.yml", diagnostics);
    check(case_file, "expect diagnostics", describe(diagnostics));
    check(case_file, "expect settings", describe(configuration));
}

std::string complaints_about(const std::string& text) {
    Diagnostics diagnostics;
    parse_configuration(text, "c.yml", diagnostics);
    return describe(diagnostics);
}

TEST(ConfigurationTest, deep_huge_and_multiplying_documents_are_refused) {
    std::string indented;
    std::string aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 0; i < 200; ++i) {
        indented += std::string(static_cast<std::size_t>(i), ' ') + "data:\n";
    }
    for (int i = 1; i < 12; ++i) {
        std::string items;
        for (int n = 0; n < 10; ++n) {
            items += fmt::format("{}*a{}", n == 0 ? "" : ", ", i - 1);
        }
        aliases += fmt::format("a{}: &a{} [{}]\n", i, i, items);
    }
    for (const std::string& text : {"data: " + std::string(100'000, '['),
                                    std::string(100'000, '-') + " x",
                                    "data: " + std::string(9'000'000, 'x'),
                                    indented,
                                    aliases}) {
        EXPECT_TRUE(complaints_about(text).contains("too deep") ||
                    complaints_about(text).contains("larger than"))
            << complaints_about(text).substr(0, 200);
    }
}

TEST(ConfigurationTest, bytes_that_are_no_text_are_refused_without_reaching_a_terminal) {
    std::string bytes;
    for (int i = 0; i < 4096; ++i) {
        bytes += static_cast<char>((i * 37 + i / 256) & 0xff);
    }
    const std::string said = complaints_about(bytes);
    EXPECT_FALSE(said.empty());
    EXPECT_EQ(said.find('\x1b'), std::string::npos);
    EXPECT_FALSE(complaints_about("\x1b[2J: 1\n").empty());
    EXPECT_EQ(complaints_about("\"\\e[2J\": 1\n").find('\x1b'), std::string::npos);
}

TEST(ConfigurationTest, an_example_that_is_shipped_is_accepted) {
    Diagnostics diagnostics;
    const auto configuration =
        load_configuration(MAILVIGIL_SOURCE_DIR "/packaging/mailvigil.yml", diagnostics);
    ASSERT_TRUE(configuration);
    load_knowledge(*configuration, diagnostics);
    EXPECT_EQ(describe(diagnostics), "");
}

TEST(ConfigurationTest, a_file_that_cannot_be_read_is_an_error) {
    Diagnostics diagnostics;
    for (const std::string path : {"/nonexistent/mailvigil.yml", "/", "/dev/null"}) {
        EXPECT_FALSE(load_configuration(path, diagnostics)) << path;
    }
}

/// A folder with the site's own rules; gone with the test.
class SiteFolder {
  public:
    SiteFolder() : path_(std::filesystem::temp_directory_path() / "mailvigil-site-XXXXXX") {
        std::string name = path_.string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }

    ~SiteFolder() { std::filesystem::remove_all(path_); }

    SiteFolder(const SiteFolder&) = delete;
    SiteFolder& operator=(const SiteFolder&) = delete;

    void write(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
    }

    detect::Knowledge load(Diagnostics& diagnostics) const {
        Configuration configuration;
        configuration.data = path_.string();
        return load_knowledge(configuration, diagnostics);
    }

  private:
    std::filesystem::path path_;
};

bool knows_tool(const detect::Knowledge& knowledge, std::string_view name) {
    const auto names = knowledge.commands.names();
    return std::ranges::find(names, name) != names.end();
}

TEST(KnowledgeTest, shipped_rules_and_profiles_load_without_a_word) {
    Diagnostics diagnostics;
    Configuration configuration;
    configuration.data = "/nonexistent";
    const detect::Knowledge knowledge = load_knowledge(configuration, diagnostics);
    EXPECT_EQ(describe(diagnostics), "");
    EXPECT_TRUE(knows_tool(knowledge, "curl"));
    EXPECT_GT(knowledge.stores.size(), 0U);
    EXPECT_GT(knowledge.configuration.size(), 0U);
}

TEST(KnowledgeTest, a_site_adds_and_replaces_files) {
    const SiteFolder site;
    site.write("rules/tools/sendit.yml", "tool: sendit\nact: upload\noperands: [source...]\n");
    site.write("rules/tools/curl.yml", "tool: fetchit\nact: download\n");
    site.write("rules/tools/notes.txt", "no rule");
    Diagnostics diagnostics;
    const detect::Knowledge knowledge = site.load(diagnostics);
    EXPECT_EQ(describe(diagnostics), "");
    EXPECT_TRUE(knows_tool(knowledge, "sendit"));
    EXPECT_TRUE(knows_tool(knowledge, "fetchit"));
    EXPECT_FALSE(knows_tool(knowledge, "curl"));
}

TEST(KnowledgeTest, a_file_that_nothing_reads_is_named) {
    const SiteFolder site;
    site.write("rules/tool/sendit.yml", "tool: sendit\n");
    site.write("profiles/roles.yaml", "roles: []\n");
    site.write("rules/tools/broken.yml", "tool: [\n");
    Diagnostics diagnostics;
    site.load(diagnostics);
    const std::string said = describe(diagnostics);
    EXPECT_TRUE(said.contains("rules/tool/sendit.yml: no part of mailvigil reads")) << said;
    EXPECT_TRUE(said.contains("profiles/roles.yaml: is not read; name it .yml")) << said;
    EXPECT_TRUE(said.contains("rules/tools/broken.yml:")) << said;
    EXPECT_EQ(diagnostics.errors(), diagnostics.count());
}

}  // namespace
}  // namespace mailvigil::app
