// LogSource: the bytes of one log file as chunks of whole lines: plain, gzip or zstd by content,
// standard input, or a file that still grows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "base/sha256.h"
#include "ingest/adapter.h"

namespace mailvigil::ingest {

/// Bytes from somewhere, decompressed. read() fills the front of `into`; 0 at the end.
class ByteStream {
  public:
    virtual ~ByteStream() = default;
    virtual Result<std::size_t> read(std::span<char> into) = 0;
};

enum class Growth : std::uint8_t {
    finished,  ///< the end of the file is the end
    growing,   ///< the end of the file is where to wait; rotation and truncation are followed
};

/// Whether the bytes of a file are hashed as they are read, packed as they lie there.
enum class Hashing : std::uint8_t { none, stored_bytes };

class LogSource {
  public:
    static constexpr std::size_t kReadBytes = 256 * 1024;
    /// A line longer than this comes in pieces; decoders refuse such lines anyway.
    static constexpr std::size_t kLineBytesMax = 2 * 1024 * 1024;

    /// `path`: "-" is standard input. Growing applies to plain files only.
    static Result<LogSource> open(const std::string& path,
                                  Growth growth,
                                  Hashing hashing = Hashing::none);

    LogSource(LogSource&&) noexcept;
    LogSource& operator=(LogSource&&) noexcept;
    ~LogSource();

    enum class Next : std::uint8_t { chunk, end, wait };

    /// The next whole lines; they stay valid until the next call. `chunk` is the one of the call
    /// before, consumed: its line number goes on from there. `wait`: a growing file has nothing new
    /// now, or a signal came. What goes wrong on the way (a damaged archive, a truncated file) goes
    /// to `diagnostics`, with what was read before kept.
    Next next(Chunk& chunk, Diagnostics& diagnostics);

    /// The first bytes, without consuming them; for sniffing.
    [[nodiscard]] std::string_view head() const;

    [[nodiscard]] const std::string& name() const;

    /// Bytes of the file as stored that were read so far, and its size (0: not known), for a
    /// progress display.
    [[nodiscard]] std::uint64_t bytes_read() const;
    [[nodiscard]] std::uint64_t bytes_total() const;

    /// SHA-256 of the bytes_read() so far; absent: it was not asked for.
    std::optional<Sha256> take_hash();

    /// Reads what follows a damaged place of an archive, for the hash's sake.
    void skip_to_end();

  private:
    struct State;
    explicit LogSource(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace mailvigil::ingest
