// Source files: recorded logs go into a ledger once. Each is known by the hash of its bytes.
#pragma once

#include <string>
#include <vector>

#include "app/recorder.h"
#include "app/replay.h"
#include "base/result.h"

namespace mailvigil::app {

enum class Repetition : std::uint8_t { refuse, allow };

/// Records which regular files are about to be read. Error, before anything was recorded: one of
/// them was read into this ledger before. What can't be read is left to whoever reads it next.
/// Returns what an operator must know: of a file whose reading was broken off, a part is counted
/// twice.
Result<std::vector<std::string>> begin_sources(const std::vector<std::string>& files,
                                               Repetition repetition,
                                               Recorder& recorder);

/// Records what was read.
void finish_source(const SourceRead& read, Recorder& recorder);

}  // namespace mailvigil::app
