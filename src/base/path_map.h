// PathMap: path patterns to values, compiled into a trie over path components. Built once from profiles, asked for every
// file event, so a miss must cost a few comparisons.
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

/// Patterns are absolute paths. A component is a literal, a glob (`*.sbd`), a capture (`{owner}`: one whole non-empty
/// component) or a capture within literals (`user-{id}`); a trailing `/**` matches the path itself and everything below.
/// Of several matching patterns the one with the earlier literal wins (literal before glob before capture, component by
/// component), then the deeper one.
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
        std::array<Capture, kCapturesMax> captures;
        std::size_t capture_count = 0;
        std::string_view root;  ///< the part of the path that the pattern matched, without `/**`
        std::string_view rest;  ///< what lies below it, without the leading slash; empty for the root itself

        /// Value of the capture of that name; empty when there is none.
        [[nodiscard]] std::string_view capture(std::string_view name) const;
    };

    PathMap();
    ~PathMap();
    PathMap(PathMap&&) noexcept;
    PathMap& operator=(PathMap&&) noexcept;

    /// Adds a pattern; the same pattern again replaces its value. Fails on a pattern that is no absolute path, has too many
    /// captures or is too deep.
    Result<> add(std::string_view pattern, std::uint32_t value);

    /// The best match of an absolute, normalised path. No allocation.
    [[nodiscard]] std::optional<Match> find(std::string_view path) const;

  private:
    struct Node;
    std::unique_ptr<Node> root_;
};

/// `path` as an absolute path without `.`, `..`, double and trailing slashes, joined to `directory` when it is relative. Appends
/// to `out`. Purely textual: symbolic links are not followed.
void normalise_path(std::string_view directory, std::string_view path, std::string& out);

/// Whether normalise_path would leave the path as it is.
bool is_normal_path(std::string_view path);

}  // namespace mailvigil
