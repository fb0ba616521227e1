// The chain of keys: from the first epoch key, which somebody outside knows, to the one that signed
// a checkpoint. Each link is a proof of a `genesis` or `key` seal under the checkpoint that it
// ends.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"
#include "evidence/layout.h"
#include "evidence/ledger_reader.h"

namespace mailvigil::evidence {

/// The links of all keys up to the newest, oldest first, from the segments or from kept/.
Result<std::vector<LeafProof>> key_chain(Disk& disk, const Layout& layout, LedgerReader& reader);

/// Whether the leaf of `proof` was sealed in the ledger that begins with `first`: its path leads to
/// its checkpoint, which the log key and the epoch key of its day signed, and `chain` leads there.
/// Error: malformed, with what does not hold.
Result<void> verify_proof(const LeafProof& proof,
                          std::span<const LeafProof> chain,
                          const VerifierKey& first);

}  // namespace mailvigil::evidence
