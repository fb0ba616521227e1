#include "app/configuration_files.h"

#include <filesystem>
#include <set>

#include "app/pattern_walk.h"

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

class Files {
  public:
    explicit Files(const mail::ConfigurationMap& map) : map_(map) {}

    void expand(std::string_view pattern) {
        walk_pattern(pattern, [this](const std::string& path, std::string_view rest) {
            if (rest.empty()) {
                take(path);
            } else if (rest == "/**") {
                take_all(path);
            }
        });
    }

    [[nodiscard]] std::vector<std::string> files() const { return {files_.begin(), files_.end()}; }

  private:
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
    Files files(map);
    std::set<std::string, std::less<>> patterns;
    map.each_pattern([&](std::string_view pattern, ObjectRole role) {
        // Nobody but a user writes in a user's home, and walking all of them takes long.
        if (is_written_by_administrators(role) && !pattern.contains("{user}")) {
            patterns.emplace(pattern);
        }
    });
    for (const std::string& pattern : patterns) {
        files.expand(pattern);
    }
    return files.files();
}

}  // namespace mailvigil::app
