#include "app/configuration_files.h"

#include <filesystem>
#include <set>

#include "base/glob.h"

namespace mailvigil::app {

namespace {

namespace fs = std::filesystem;
using mail::ObjectRole;

constexpr std::size_t kFilesMax = 20'000;
constexpr int kDepthMax = 8;  ///< below the folder of a `/**`

bool is_written_by_administrators(ObjectRole role) {
    switch (role) {
        case ObjectRole::binary:
        case ObjectRole::plugin:
        case ObjectRole::library_path:
        case ObjectRole::user_filter:
            return false;
        default:
            return true;
    }
}

/// Goes along a pattern component by component, so that only folders are listed that can hold a
/// match.
class Walk {
  public:
    explicit Walk(const mail::ConfigurationMap& map) : map_(map) {}

    void expand(const std::string& folder, std::string_view rest) {
        if (files_.size() >= kFilesMax) {
            return;
        }
        if (rest.empty()) {
            take(folder);
            return;
        }
        rest.remove_prefix(1);
        const std::string_view part = rest.substr(0, rest.find('/'));
        rest.remove_prefix(part.size());
        if (part == "**") {
            take_all(folder);
        } else if (part.find('{') == std::string_view::npos && !has_wildcard(part)) {
            expand(folder + "/" + std::string(part), rest);
        } else {
            // Captures are not matched here: the map itself says what a path is.
            const std::string glob(part.contains('{') ? "*" : part);
            each_entry(folder, [&](const fs::directory_entry& entry) {
                const std::string name = entry.path().filename().string();
                if (glob_match(glob, name)) {
                    expand(folder + "/" + name, rest);
                }
            });
        }
    }

    [[nodiscard]] std::vector<std::string> files() const { return {files_.begin(), files_.end()}; }

  private:
    template <class Visit>
    static void each_entry(const std::string& folder, const Visit& visit) {
        std::error_code error;
        fs::directory_iterator entries(folder.empty() ? "/" : folder, error);
        for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
            visit(*entries);
        }
    }

    void take(const std::string& path) {
        std::error_code error;
        if (files_.size() >= kFilesMax || !fs::is_regular_file(fs::symlink_status(path, error))) {
            return;
        }
        const auto place = map_.locate(path);
        if (place && !place->transient && is_written_by_administrators(place->role)) {
            files_.insert(path);
        }
    }

    void take_all(const std::string& folder) {
        take(folder);
        std::error_code error;
        fs::recursive_directory_iterator entries(
            folder, fs::directory_options::skip_permission_denied, error);
        for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
            if (entries.depth() >= kDepthMax) {
                entries.disable_recursion_pending();
            }
            take(entries->path().string());
        }
    }

    const mail::ConfigurationMap& map_;
    std::set<std::string> files_;
};

}  // namespace

std::vector<std::string> configuration_files(const mail::ConfigurationMap& map) {
    Walk walk(map);
    std::set<std::string, std::less<>> patterns;
    map.each_pattern([&](std::string_view pattern, ObjectRole role) {
        // Nobody but a user writes in a user's home, and walking all of them takes long.
        if (is_written_by_administrators(role) && !pattern.contains("{user}")) {
            patterns.emplace(pattern);
        }
    });
    for (const std::string& pattern : patterns) {
        walk.expand({}, pattern);
    }
    return walk.files();
}

}  // namespace mailvigil::app
