// Entry: what the index keeps of a leaf that is no access. Little, so in ordinary rows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "evidence/index.h"

namespace mailvigil::evidence::index {

/// First and last time of an event, in nanoseconds since 1970.
struct Extent {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

Extent extent_of(const Event& event);
bool touches(const Extent& extent, const TimeSpan& span);

struct Entry {
    std::uint64_t leaf = 0;
    Extent extent;
    EventClass event_class = EventClass::gap;
    std::string action;
    std::string host;
    std::string level;
    std::string verdict;
    std::string stage;
    std::string title;
    std::string who;
    std::optional<std::uint64_t> incident;
    std::string rule;
    std::string reason;
    std::vector<std::string> mailboxes;
    std::vector<std::string> paths;

    /// A hash that is asked after: of a log that was read, of a content's first part.
    enum class Digest : std::uint8_t { none, source, content };
    Digest digest = Digest::none;
    std::string sha256;
};

Entry entry_of(std::uint64_t leaf, const Event& event);

/// Valid as long as the entry.
EntryRow row_of(const Entry& entry);

/// A list of texts as bytes, and back. Error: damaged.
std::string join(const std::vector<std::string>& texts);
Result<std::vector<std::string>> split(std::string_view bytes);

/// Puts incidents together from their findings and closings, which come in the order of leaves.
class IncidentBook {
  public:
    void add(const Entry& entry);

    /// Those that touch the span, by number and host.
    [[nodiscard]] std::vector<IncidentRow> rows(const TimeSpan& span) const;

  private:
    std::map<std::pair<std::uint64_t, std::string>, IncidentRow> rows_;  ///< by number and host
};

}  // namespace mailvigil::evidence::index
