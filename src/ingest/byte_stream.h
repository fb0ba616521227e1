// The ways in which a log's bytes are stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/fd.h"
#include "base/sha256.h"
#include "ingest/log_source.h"

namespace mailvigil::ingest {

/// A file as it is. Counts what it gave, and hashes it where that is asked for.
class FileBytes final : public ByteStream {
  public:
    FileBytes(Fd fd, Hashing hashing);

    Result<std::size_t> read(std::span<char> into) override;

    [[nodiscard]] std::uint64_t position() const { return position_; }

    [[nodiscard]] int number() const { return fd_.number(); }

    /// Of what it gave so far; absent: it was not asked for. Nothing is hashed afterwards.
    std::optional<Sha256> take_hash();

    /// Starts over at the first byte (the file was truncated).
    void rewind();
    /// Goes on with another file (the log was rotated).
    void replace(Fd fd);

  private:
    void rewind_hash();

    Fd fd_;
    Hashing hashing_;
    std::uint64_t position_ = 0;
    std::optional<Sha256Stream> hash_;
};

/// Content of a gzip file (RFC 1952, any number of members) or a zstd file (RFC 8878, any number of
/// frames). Borrows `from`.
std::unique_ptr<ByteStream> open_gzip(ByteStream& from);
std::unique_ptr<ByteStream> open_zstd(ByteStream& from);

}  // namespace mailvigil::ingest
