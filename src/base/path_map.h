// PathMap: path patterns to values, compiled into a trie over path components. Built once from
// profiles, asked for every file event, so a miss must cost a few comparisons.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mailvigil {

/// Patterns are absolute paths. A component is
///   - a literal (`mail`),
///   - a glob (`*.sbd`), see base/glob.h,
///   - a capture of the whole non-empty component (`{owner}`),
///   - a capture with text around it (`user-{id}`); what follows it may be a glob (`{user}-20*`),
///   - any of these captures with a glob that the captured text must match (`{domain:*.*}`).
/// A trailing `/**` matches the path itself and everything below it.
///
/// Of several matching patterns the one with the earlier literal wins (literal before glob before
/// capture, component by component; among globs and among captures the one with more fixed
/// characters, then the one added first), then the deeper one, then the one without `/**`.
///
/// add() is not thread-safe; find() is, when nothing is added meanwhile.
class PathMap {
  public:
    static constexpr std::size_t kCapturesMax = 4;
    static constexpr std::size_t kDepthMax = 64;

    struct Capture {
        std::string_view name;   ///< borrowed from the PathMap
        std::string_view value;  ///< borrowed from the path asked for
    };

    struct Match {
        std::uint32_t value = 0;
        std::array<Capture, kCapturesMax> captures;  ///< the first capture_count of them
        std::size_t capture_count = 0;
        std::string_view root;  ///< the part that the pattern matched, without `/**`
        std::string_view rest;  ///< what lies below, without leading slash; empty for the root

        /// Value of the capture of that name; empty when there is none.
        [[nodiscard]] std::string_view capture(std::string_view name) const;
    };

    PathMap();
    ~PathMap();
    PathMap(PathMap&&) noexcept;
    PathMap& operator=(PathMap&&) noexcept;

    /// Adds a pattern; the same pattern again replaces its value. Fails, and changes nothing, on a
    /// pattern that is no absolute normalised path, is misspelt, has too many captures or is too
    /// deep.
    Result<> add(std::string_view pattern, std::uint32_t value);

    /// The best match of an absolute, normalised path; a path of another shape matches nothing or
    /// only a `/**`. No allocation; visits each node of the trie at most once, whatever the path.
    [[nodiscard]] std::optional<Match> find(std::string_view path) const;

  private:
    struct Wild;
    struct Node;
    std::unique_ptr<Node> root_;
};

/// `path` as an absolute path without `.`, `..`, double and trailing slashes, joined to `directory`
/// when it is relative. Appends to `out`. A relative `directory` counts from the root. Purely
/// textual: symbolic links are not followed.
void normalise_path(std::string_view directory, std::string_view path, std::string& out);

/// What stands behind the last slash; the whole of a path without one.
constexpr std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// Whether normalise_path would leave the path as it is.
bool is_normal_path(std::string_view path);

}  // namespace mailvigil
