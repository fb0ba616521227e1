// testdata/evidence/tlog-vectors.json: trees, checkpoints and proofs that another implementation
// made, and what the tests of this room build on them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "evidence/checkpoint.h"
#include "evidence/merkle.h"
#include "evidence/note.h"

namespace mailvigil::evidence {

struct TlogVectors {
    struct Inclusion {
        std::uint64_t index = 0;
        std::uint64_t size = 0;
        std::vector<Hash> path;
    };

    struct Consistency {
        std::uint64_t old_size = 0;
        std::uint64_t size = 0;
        std::vector<Hash> path;
    };

    std::vector<std::string> leaves;
    std::vector<Hash> roots;  ///< by size
    std::string origin;
    std::string log_seed;
    std::string log_vkey;
    std::string witness_name;
    std::string witness_seed;
    std::string witness_vkey;
    std::map<std::uint64_t, std::string> checkpoints;  ///< by size
    std::vector<Inclusion> inclusion;
    std::vector<Consistency> consistency;
    std::string proof_example;
    std::string request_example;
};

/// Read once; a missing or misshapen file ends the test program.
const TlogVectors& tlog_vectors();

/// The key of 32 bytes of seed.
SignerKey signer_of(std::string_view name, KeyType type, std::string_view seed);

/// A tree in memory, all of it.
class MemoryTree final : public TreeNodes {
  public:
    explicit MemoryTree(std::vector<Hash> leaves);
    Result<Hash> node(unsigned level, std::uint64_t index) override;

  private:
    std::vector<std::vector<Hash>> levels_;  ///< whole subtrees only
};

/// `count` leaves that differ from each other, and from those of another `salt`.
std::vector<Hash> made_leaves(std::size_t count, std::string_view salt = {});

/// MTH() of RFC 6962 section 2.1, as it is written there.
Hash naive_root(std::span<const Hash> leaves);

}  // namespace mailvigil::evidence
