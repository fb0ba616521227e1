// Source files: recorded logs go into a ledger once. Each is known by the hash of its bytes.
#pragma once

#include <string>
#include <vector>

#include "app/recorder.h"
#include "base/result.h"

namespace mailvigil::app {

enum class Repetition : std::uint8_t { refuse, allow };

/// Records which regular files are about to be read. Error, before anything was recorded: one of
/// them was read into this ledger before. What can't be read is left to whoever reads it next.
Result<void> record_sources(const std::vector<std::string>& files,
                            Repetition repetition,
                            Recorder& recorder);

}  // namespace mailvigil::app
