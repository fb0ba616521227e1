// The ways in which a log's bytes are stored.
#pragma once

#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "ingest/log_source.h"

namespace mailvigil::ingest {

/// A file as it is. Counts what it gave.
class FileBytes final : public ByteStream {
  public:
    explicit FileBytes(Fd fd) : fd_(std::move(fd)) {}

    Result<std::size_t> read(std::span<char> into) override;

    [[nodiscard]] std::uint64_t position() const { return position_; }

    [[nodiscard]] int number() const { return fd_.number(); }

    /// Starts over at the first byte (the file was truncated).
    void rewind();
    /// Goes on with another file (the log was rotated).
    void replace(Fd fd);

  private:
    Fd fd_;
    std::uint64_t position_ = 0;
};

/// Content of a gzip file (RFC 1952, any number of members) or a zstd file (RFC 8878, any number of
/// frames). Borrows `from`.
std::unique_ptr<ByteStream> open_gzip(ByteStream& from);
std::unique_ptr<ByteStream> open_zstd(ByteStream& from);

}  // namespace mailvigil::ingest
