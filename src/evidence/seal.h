// Seals: the ledger's own leaves that end every signed tree (docs/evidence-format.md, "Seals").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "evidence/merkle.h"

namespace mailvigil::evidence {

enum class SealAction : std::uint8_t { genesis, start, heartbeat, key, prune, stop };

std::string_view to_text(SealAction action);

/// A seal as a verifier needs it.
struct Seal {
    std::uint64_t leaf = 0;
    SealAction action = SealAction::heartbeat;
    std::optional<TreeHead> before;  ///< of the checkpoint before; genesis has none
    std::string vkey;                ///< genesis, key: the epoch key from here on
    std::string log_vkey;            ///< genesis
    std::string origin;              ///< genesis
    std::uint64_t first = 0;         ///< prune: the first leaf that stays
    Timestamp time{};
    std::string reason;  ///< prune
};

/// Absent: the leaf is of another kind. Error: it is a seal, but not as one must be.
Result<std::optional<Seal>> parse_seal(std::uint64_t leaf, std::string_view bytes);

/// Cheap: whether `bytes` may be a seal at all.
bool may_be_seal(std::string_view bytes);

}  // namespace mailvigil::evidence
