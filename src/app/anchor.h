// Anchors: checkpoints as they are kept outside the host, in files of notes or in a syslog.
#pragma once

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

/// All checkpoints of a text: lines that hold render_anchor()'s anywhere, or else signed notes one
/// after the other. Error: malformed, where there is none or one is broken; with which.
Result<std::vector<evidence::Checkpoint>> parse_anchors(std::string_view text);

}  // namespace mailvigil::app
