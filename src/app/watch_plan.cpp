#include "app/watch_plan.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/pattern_walk.h"

namespace mailvigil::app {

namespace {

namespace fs = std::filesystem;

void raise(std::optional<WatchFor>& to, WatchFor what) {
    to = std::max(to.value_or(WatchFor::changes), what);
}

class Plan {
  public:
    void add(const WatchPattern& asked) {
        const auto& [pattern, what] = asked;
        walk_pattern(pattern, [&](const std::string& path, std::string_view rest) {
            std::error_code error;
            if (rest == "/**") {
                // Of a single file the folder is watched: it may be replaced by a rename.
                if (fs::is_directory(path, error)) {
                    raise(root(path).subtree, what);
                } else {
                    raise(root(fs::path(path).parent_path()).children, what);
                }
            } else if (rest.empty()) {
                raise(root(fs::path(path).parent_path()).children, what);
            } else {
                raise(root(path).children, WatchFor::changes);
            }
        });
    }

    WatchPlan finish() {
        WatchPlan plan{.roots = {}, .complete = complete_};
        std::vector<const WatchRoot*> above;
        for (auto& [path, root] : roots_) {
            while (!above.empty() && !encloses(above.back()->path, path)) {
                above.pop_back();
            }
            const std::optional<WatchFor> covered =
                above.empty() ? std::nullopt : above.back()->subtree;
            if (root.subtree <= covered) {
                root.subtree = covered;
            }
            if (root.children > covered || root.subtree > covered) {
                plan.roots.push_back(root);
                if (root.subtree == covered) {
                    plan.roots.back().subtree.reset();
                }
            }
            above.push_back(&root);
        }
        return plan;
    }

  private:
    /// So that a folder is followed at once by what lies in it.
    struct ByComponent {
        bool operator()(const std::string& a, const std::string& b) const {
            return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
        }

        static int rank(char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); }
    };

    static bool encloses(const std::string& folder, const std::string& path) {
        return folder == "/" ||
               (path.starts_with(folder) && (path == folder || path[folder.size()] == '/'));
    }

    WatchRoot& root(const std::string& path) {
        const auto found = roots_.find(path);
        if (found != roots_.end()) {
            return found->second;
        }
        if (roots_.size() == kWatchRootsMax) {
            complete_ = false;
            return none_;
        }
        WatchRoot& made = roots_[path];
        made.path = path;
        return made;
    }

    std::map<std::string, WatchRoot, ByComponent> roots_;
    WatchRoot none_;
    bool complete_ = true;
};

}  // namespace

WatchPlan watch_plan(const std::vector<WatchPattern>& patterns) {
    Plan plan;
    for (const WatchPattern& pattern : patterns) {
        plan.add(pattern);
    }
    return plan.finish();
}

std::vector<WatchPattern> watch_patterns(const mail::StoreMap& stores,
                                         const mail::ConfigurationMap& configuration) {
    std::vector<WatchPattern> patterns;
    stores.each_pattern(
        [&](std::string_view pattern) { patterns.emplace_back(pattern, WatchFor::reads); });
    configuration.each_pattern([&](std::string_view pattern, mail::ObjectRole /*role*/) {
        patterns.emplace_back(pattern, WatchFor::changes);
    });
    return patterns;
}

}  // namespace mailvigil::app
