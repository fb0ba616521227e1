// Asks a witness for its cosignature over HTTP or HTTPS (c2sp.org/tlog-witness).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/merkle.h"
#include "evidence/note.h"

namespace mailvigil::app {

struct WitnessRequest {
    std::string url;  ///< submission prefix: http[s]://HOST[:PORT][/PATH]
    evidence::VerifierKey witness;
    evidence::Checkpoint checkpoint;
    std::uint64_t old_size = 0;  ///< what the witness cosigned last, as far as known
    std::chrono::seconds timeout{10};
};

/// The checkpoint with the witness's verified cosignature. If the witness remembers another size
/// than old_size, it is asked once more from there; `nodes` is the tree for the proofs. Errors:
/// malformed (url, response), unreadable (no connection), unknown (refused).
Result<evidence::Checkpoint> ask_witness(const WitnessRequest& request, evidence::TreeNodes& nodes);

}  // namespace mailvigil::app
