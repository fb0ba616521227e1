// Everything but accesses as rows: what `timeline` shows, and `who` of a configuration path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/evidence_folder.h"
#include "cli/question.h"

namespace mailvigil::cli {

struct EntryChoice {
    std::string path;         ///< only what is about it; empty: all
    bool everything = false;  ///< also seals, contents, process starts and superseded findings
    std::string event_class;  ///< only that class; empty: all
};

struct EntriesShown {
    std::uint64_t rows = 0;
    std::uint64_t hidden = 0;
    std::uint64_t last_leaf = 0;
    std::optional<std::uint64_t> incident;
};

/// The rows on standard output.
Result<EntriesShown> show_entries(app::EvidenceFolder& folder,
                                  const Question& question,
                                  const EntryChoice& choice);

/// For people: what weakens them, whether they are sealed, what to do next.
Exit tell_below_entries(app::EvidenceFolder& folder,
                        const Question& question,
                        const EntriesShown& shown);

}  // namespace mailvigil::cli
