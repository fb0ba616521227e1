// Adapter: one format of recorded telemetry, decoded into Events. One per file of ingest/adapter/
// (roster).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/time.h"
#include "event/event_batch.h"

namespace mailvigil::ingest {

/// Whole lines of one source, consumed from the front.
struct Chunk {
    std::string_view text;    ///< ends with a newline, except at the very end of the source
    std::string_view source;  ///< name for diagnostics
    std::uint64_t line = 1;   ///< number of the first line in `text`
};

/// What a decoder has counted so far.
struct DecoderCounts {
    std::uint64_t lines = 0;
    std::uint64_t records = 0;    ///< lines that were records of this format
    std::uint64_t events = 0;     ///< events given to the belt
    std::uint64_t unneeded = 0;   ///< events of the source that carry nothing for the belt
    std::uint64_t malformed = 0;  ///< lines, or records within lines, that could not be understood
    std::uint64_t duplicates = 0;
    std::uint64_t incomplete = 0;  ///< events that lacked records
};

/// Decodes one stream of telemetry. State (events whose records are still arriving) lives across
/// chunks and sources, so that a log cut in two reads as one. Single-threaded.
class Decoder {
  public:
    virtual ~Decoder() = default;

    /// Takes lines off the front of `chunk` until it is empty or `batch` is full. Events borrow
    /// from both: they are valid until the batch is cleared or the chunk's bytes go away, whichever
    /// is first.
    virtual void decode(Chunk& chunk, EventBatch& batch) = 0;

    /// The bytes of the chunks given so far are about to go away: what is still needed of them is
    /// copied.
    virtual void release_chunk() = 0;

    /// The input has ended. Gives the rest until `batch` is full; false when there is more to come.
    virtual bool finish(EventBatch& batch) = 0;

    [[nodiscard]] virtual const DecoderCounts& counts() const = 0;
};

struct Adapter {
    std::string_view name;     ///< the file's stem
    std::string_view summary;  ///< one line
    /// Whether the first lines of a source look like this format.
    bool (*sniff)(std::string_view head);
    /// Time of the first record in `head`: the order in which several files are read.
    std::optional<Timestamp> (*first_time)(std::string_view head);
    /// A decoder; `diagnostics` must outlive it.
    std::unique_ptr<Decoder> (*create)(Diagnostics& diagnostics);
};

}  // namespace mailvigil::ingest
