#include "app/pattern_walk.h"

#include <filesystem>

#include "base/glob.h"

namespace mailvigil::app {

namespace {

namespace fs = std::filesystem;

using Reached = std::function<void(const std::string& path, std::string_view rest)>;

bool is_there(const std::string& path) {
    std::error_code error;
    return fs::exists(path, error);
}

void walk(const std::string& folder, std::string_view rest, const Reached& reached) {
    if (rest.empty() || rest == "/**") {
        reached(folder, rest);
        return;
    }
    const std::string_view after = rest.substr(1);
    const std::string_view part = after.substr(0, after.find('/'));
    const std::string_view below = after.substr(part.size());
    const bool literal = !part.contains('{') && !has_wildcard(part);
    if (literal) {
        const std::string next = folder + "/" + std::string(part);
        if (is_there(next)) {
            walk(next, below, reached);
            return;
        }
    }
    std::error_code error;
    if (!fs::is_directory(folder.empty() ? "/" : folder, error)) {
        return;
    }
    reached(folder.empty() ? "/" : folder, rest);
    if (literal) {
        return;
    }
    const std::string glob(part.contains('{') ? "*" : part);
    fs::directory_iterator entries(folder.empty() ? "/" : folder, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (glob_match(glob, name)) {
            walk(folder + "/" + name, below, reached);
        }
    }
}

}  // namespace

void walk_pattern(std::string_view pattern, const Reached& reached) {
    walk({}, pattern, reached);
}

}  // namespace mailvigil::app
