// YAML documents as a tree of our own, with a place for every node. The only user of yaml-cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostics.h"

namespace mailvigil::yaml {

inline constexpr std::size_t kDepthMax = 64;
inline constexpr std::size_t kNodesMax = 200'000;
inline constexpr std::size_t kDocumentBytesMax = 8 * 1024 * 1024;

enum class Kind : std::uint8_t { null, scalar, sequence, mapping };

struct Entry;

/// One node. Mappings keep their order; a repeated key is a diagnostic of parse(), the first one
/// counts. Aliases are resolved by copying, within kNodesMax for the whole document.
struct Node {
    Kind kind = Kind::null;
    bool quoted = false;  ///< a scalar in quotes: never a number, boolean or null
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string scalar;
    std::vector<Node> items;     ///< of a sequence
    std::vector<Entry> entries;  ///< of a mapping
    std::vector<std::pair<std::uint32_t, std::uint32_t>>
        key_places;  ///< line and column of each entry's key

    /// The entry of that key; null when this is no mapping or has none. Valid as long as this node.
    [[nodiscard]] const Node* find(std::string_view key) const;
};

/// One line of a mapping. Not a std::pair: that may not be named while Node is incomplete.
struct Entry {
    std::string key;
    Node value;
};

/// The first document of `text`. Errors and limits go to `diagnostics` under the name `source`; the
/// node is then null.
Node parse(std::string_view text, std::string_view source, Diagnostics& diagnostics);

}  // namespace mailvigil::yaml
