// Checkpoints (c2sp.org/tlog-checkpoint) and proofs of one leaf (c2sp.org/tlog-proof).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/merkle.h"
#include "evidence/note.h"

namespace mailvigil::evidence {

/// A tree head under its origin, with the note that it came in.
struct Checkpoint {
    std::string origin;
    TreeHead head;
    Note note;
};

/// The three lines of a checkpoint as a note without signatures.
Checkpoint make_checkpoint(std::string_view origin, const TreeHead& head);

/// Error: malformed (no note, fewer than three lines, a size with a leading zero, a root that is
/// not 32 bytes of base64). Extension lines after the third are allowed and kept in note.text.
Result<Checkpoint> parse_checkpoint(std::string_view text);
std::string render(const Checkpoint& checkpoint);

/// A leaf's proof: self-contained, to be checked offline.
struct LeafProof {
    std::string extra;  ///< the leaf itself; decoded
    std::uint64_t index = 0;
    std::vector<Hash> path;
    Checkpoint checkpoint;
};

Result<LeafProof> parse_proof(std::string_view text);
std::string render(const LeafProof& proof);

}  // namespace mailvigil::evidence
