// The static part of the watch plan: which folders of this host sensors are to report, from the
// catalogues of mail stores and of mail configuration and what is there now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mail/configuration_map.h"
#include "mail/store_map.h"

namespace mailvigil::app {

/// What is reported of a place. Each includes the ones before.
enum class WatchFor : std::uint8_t {
    changes,  ///< written, created, renamed, linked, unlinked, attributes
    reads,    ///< also opened, listed, read, mapped
};

/// A folder to report.
struct WatchRoot {
    std::string path;
    std::optional<WatchFor> children;  ///< of what lies in it
    std::optional<WatchFor> subtree;   ///< of what lies in it or below

    bool operator==(const WatchRoot&) const = default;
};

/// A pattern of a catalogue, as PathMap has them, and what is asked of its matches.
using WatchPattern = std::pair<std::string, WatchFor>;

inline constexpr std::size_t kWatchRootsMax = 300'000;

struct WatchPlan {
    std::vector<WatchRoot> roots;  ///< sorted by path; none says what one above it says already
    bool complete = true;          ///< false: kWatchRootsMax was reached
};

/// Where a match may yet come into being (a home without a Maildir), its folder is watched for
/// changes, so that the plan can grow.
WatchPlan watch_plan(const std::vector<WatchPattern>& patterns);

/// Mail stores for reads, configuration for changes.
std::vector<WatchPattern> watch_patterns(const mail::StoreMap& stores,
                                         const mail::ConfigurationMap& configuration);

}  // namespace mailvigil::app
