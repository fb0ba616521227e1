// The witness protocol of C2SP (c2sp.org/tlog-witness) without its transport: a witness cosigns a
// log's checkpoint only if it continues the last one that it cosigned, so that nobody can show two
// histories of one log. Bodies in, bodies out; HTTP is somebody else's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "evidence/checkpoint.h"
#include "evidence/disk.h"

namespace mailvigil::evidence {

/// A request or a response of the protocol is refused beyond this.
inline constexpr std::size_t kWitnessBodyBytesMax = 65'536;
/// Of a consistency proof; the protocol's own limit.
inline constexpr std::size_t kWitnessPathMax = 63;

/// Says that a size stands in the body of a 409.
inline constexpr std::string_view kTreeSizeType = "text/x.tlog.size";

/// What a log asks of a witness.
struct AddCheckpoint {
    std::uint64_t old_size = 0;  ///< of the checkpoint that the witness cosigned last
    std::vector<Hash> path;      ///< from old_size to the checkpoint
    Checkpoint checkpoint;
};

/// Error: malformed; limit beyond kWitnessBodyBytesMax.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);
std::string render(const AddCheckpoint& request);

struct WitnessResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};

/// The checkpoint with the cosignature of one witness, or what to try next.
struct WitnessAnswer {
    std::optional<std::uint64_t>
        retry_from;       ///< the witness saw this size last: send a proof from it
    Checkpoint cosigned;  ///< where there is nothing to retry
};

/// Judges a response to `checkpoint`. Lines of other keys are ignored; an older cosignature of the
/// same witness on `checkpoint` is replaced. Error: malformed where the response is not what it
/// should be, unknown where the witness refused.
Result<WitnessAnswer> accept_response(int status,
                                      std::string_view body,
                                      const Checkpoint& checkpoint,
                                      const VerifierKey& witness);

/// A witness and its memory: per log the newest checkpoint that it cosigned, in a folder of its
/// own. One thread at a time: comparing with what is recorded and recording must not be torn apart.
class Witness {
  public:
    /// `key` must be for cosignatures, `logs` of type ed25519 and named as the logs' origins; a log
    /// may have several. Takes the folder for itself. Errors: malformed (keys; a record that does
    /// not bear this witness's cosignature), unwritable (another witness has the folder).
    static Result<Witness> open(Disk& disk,
                                std::string folder,
                                SignerKey key,
                                const std::vector<VerifierKey>& logs);

    /// Answers one request. What a 200 cosigns is durable before this returns.
    WitnessResponse add_checkpoint(std::string_view body, Timestamp now);

    /// The newest checkpoint of a log with the cosignature, by the SHA-256 of its origin in lower
    /// case hexadecimal. Absent: not a log, or nothing cosigned yet.
    [[nodiscard]] std::optional<std::string> newest(std::string_view origin_hash) const;

    [[nodiscard]] const VerifierKey& verifier() const { return key_.verifier(); }

  private:
    struct Log {
        std::vector<VerifierKey> keys;
        std::optional<Checkpoint> newest;

        [[nodiscard]] TreeHead head() const;
    };

    Witness(Disk& disk, std::string folder, SignerKey key, std::unique_ptr<AppendFile> lock);
    Result<void> load_records();
    [[nodiscard]] std::string record_of(std::string_view origin) const;
    Result<std::string> cosign(Log& log, const Checkpoint& checkpoint, Timestamp now);

    Disk* disk_;
    std::string folder_;
    SignerKey key_;
    std::unique_ptr<AppendFile> lock_;
    std::map<std::string, Log, std::less<>> logs_;  ///< by origin
};

}  // namespace mailvigil::evidence
