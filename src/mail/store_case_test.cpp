// The catalogues of profiles/ against testdata/store and testdata/configuration: one rendered line
// for each path. A path that ends in a slash is asked for as a directory.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "mail/configuration_map.h"
#include "mail/store_map.h"
#include "testing/case_file.h"

namespace mailvigil::mail {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPaths = "-- paths --\n";
constexpr std::string_view kExpect = "-- expect --\n";

std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

yaml::Node profile(std::string_view name, Diagnostics& diagnostics) {
    const fs::path path = fs::path(MAILVIGIL_SOURCE_DIR) / "profiles" / name;
    return yaml::parse(read(path), name, diagnostics);
}

std::string all(const Diagnostics& diagnostics) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics.kept()) {
        text += render(diagnostic) + "\n";
    }
    return text;
}

const StoreMap& stores() {
    static const StoreMap map = [] {
        Diagnostics diagnostics;
        StoreMap loaded = StoreMap::load(
            profile("mail-stores.yml", diagnostics), "mail-stores.yml", {}, diagnostics);
        EXPECT_EQ(all(diagnostics), "");
        return loaded;
    }();
    return map;
}

const ConfigurationMap& configuration() {
    static const ConfigurationMap map = [] {
        Diagnostics diagnostics;
        ConfigurationMap loaded =
            ConfigurationMap::load(profile("mail-configuration.yml", diagnostics),
                                   "mail-configuration.yml",
                                   {},
                                   diagnostics);
        EXPECT_EQ(all(diagnostics), "");
        return loaded;
    }();
    return map;
}

std::string locate_store(std::string_view line) {
    const bool directory = line.size() > 1 && line.ends_with('/');
    const auto place =
        stores().locate(directory ? line.substr(0, line.size() - 1) : line, directory);
    if (!place) {
        return "none";
    }
    return fmt::format("{} | {} | {} | {}{}",
                       place->mailbox(),
                       place->format->name,
                       place->folder_name(),
                       to_text(place->kind),
                       place->shared ? " | shared" : "");
}

std::string locate_configuration(std::string_view path) {
    const auto place = configuration().locate(path);
    if (!place) {
        return "none";
    }
    return fmt::format("{} | {} | {} | {}{}{}",
                       place->software,
                       to_text(place->role),
                       place->severity,
                       place->activation,
                       place->user.empty() ? "" : fmt::format(" | of {}", place->user),
                       place->transient ? " | transient" : "");
}

/// One line for each line of the section: the path and what it is.
std::string answers(std::string_view lines, std::string (*answer)(std::string_view)) {
    std::string text;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!line.empty()) {
            text += fmt::format("{} -> {}\n", line, answer(line));
        }
    }
    return text;
}

CASE_TEST(StoreCases, "testdata/store") {
    check(case_file, "expect", answers(case_file.section("paths"), locate_store));
}

CASE_TEST(ConfigurationCases, "testdata/configuration") {
    check(case_file, "expect", answers(case_file.section("paths"), locate_configuration));
}

}  // namespace

}  // namespace mailvigil::mail
