// Anchors: checkpoints as they are kept outside the host, in files of notes or in a syslog.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/checkpoint.h"

namespace mailvigil::app {

/// What stands before a checkpoint in a line of a log: one base64 word, the signed note, follows.
inline constexpr std::string_view kAnchorMark = "mailvigil checkpoint ";

/// "mailvigil checkpoint <base64 of the signed note>", without a newline: one line for a syslog.
std::string render_anchor(const evidence::Checkpoint& checkpoint);

/// What a file of anchors holds. Anybody on a host may write to its syslog, so that a broken line
/// among others is no reason to give up.
struct Anchors {
    std::vector<evidence::Checkpoint> checkpoints;
    std::uint64_t broken = 0;  ///< what looks like a checkpoint and is none
};

/// All checkpoints of a text: lines that hold render_anchor()'s anywhere, or else signed notes one
/// after the other. Error: malformed, where there is none; with what is wrong with the first.
Result<Anchors> parse_anchors(std::string_view text);

/// Those that speak of one ledger.
struct OwnAnchors {
    std::vector<evidence::Checkpoint> checkpoints;  ///< signed by its log key
    std::uint64_t of_others = 0;                    ///< of other origins: another host's
    std::uint64_t not_signed = 0;                   ///< of its origin, without its log key's hand
};

OwnAnchors choose_own(std::vector<evidence::Checkpoint> anchors, const evidence::VerifierKey& log);

}  // namespace mailvigil::app
