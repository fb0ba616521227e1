// The catalogues of profiles/ against testdata/store and testdata/configuration: one rendered line
// for each path. A path that ends in a slash is asked for as a directory. With
// MAILVIGIL_REWRITE_CASES set, expectations are rewritten for review.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "mail/configuration_map.h"
#include "mail/store/roster.h"
#include "mail/store_map.h"

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

void run_case(const fs::path& path, const std::function<std::string(std::string_view)>& answer) {
    const std::string text = read(path);
    const std::size_t paths = text.find(kPaths);
    const std::size_t expect = text.find(kExpect);
    ASSERT_TRUE(text.starts_with("# ")) << path << " must say in its first line what it shows";
    ASSERT_TRUE(paths != std::string::npos && expect != std::string::npos && paths < expect)
        << path;
    std::string actual;
    std::string_view lines(text);
    lines = lines.substr(paths + kPaths.size(), expect - paths - kPaths.size());
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!line.empty()) {
            actual += fmt::format("{} -> {}\n", line, answer(line));
        }
    }
    if (std::getenv("MAILVIGIL_REWRITE_CASES") != nullptr) {
        std::ofstream(path) << text.substr(0, expect + kExpect.size()) << actual;
        return;
    }
    EXPECT_EQ(actual, text.substr(expect + kExpect.size())) << path;
}

void run_folder(const fs::path& folder,
                const std::function<std::string(std::string_view)>& answer) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(MAILVIGIL_SOURCE_DIR) / "testdata" / folder)) {
        if (entry.path().extension() == ".case") {
            run_case(entry.path(), answer);
        }
    }
}

TEST(store_case, every_path_lies_where_its_case_says) {
    run_folder("store", locate_store);
}

TEST(store_case, every_format_has_a_case) {
    for (const StoreFormat* format : store::roster()) {
        const fs::path folder = fs::path(MAILVIGIL_SOURCE_DIR) / "testdata/store" / format->name;
        EXPECT_TRUE(fs::is_directory(folder)) << folder;
    }
}

TEST(configuration_case, every_path_is_what_its_case_says) {
    run_folder("configuration", locate_configuration);
}

}  // namespace

}  // namespace mailvigil::mail
