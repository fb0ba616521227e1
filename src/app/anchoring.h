// Anchoring: has what a ledger sealed remembered where whoever takes over the host cannot reach.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/ledger.h"
#include "evidence/note.h"

namespace mailvigil::app {

struct AnchorOptions {
    std::string url;  ///< the witness's submission prefix
    evidence::VerifierKey witness;
    std::chrono::seconds timeout{10};  ///< of connecting, writing and reading each
};

/// Has the newest checkpoint of `ledger`, whose folder is `folder`, cosigned by a witness, and
/// keeps the cosignature in the ledger. Returns the cosigned checkpoint. Blocks for at most two
/// requests.
Result<evidence::Checkpoint> anchor(evidence::Ledger& ledger,
                                    evidence::Disk& disk,
                                    const std::string& folder,
                                    const AnchorOptions& options);

/// Hands the checkpoint as one line (app/anchor.h) to syslog(3), facility authpriv; where syslog is
/// sent on, it leaves the host.
void write_to_syslog(const evidence::Checkpoint& checkpoint);

}  // namespace mailvigil::app
